"""The stages of a run in their order; the only place where formats meet storage.

- From a path to a slide: `walking` finds the slides below a folder, `main_file` the main file of what a person
  names, `claims` the format and all files of a slide, `opening` opens and inspects it.
- What is asked for: `options`, `mode` (in place, copy or dry run), `choices` and `run_choices` (names that a person
  wants kept must exist); `attempts` turns what the system refuses into our own errors.
- Looking: `looking` inspects and plans; `companions` and `sidecars` find what is left beside a slide.
- Editing: `in_place` and `copying`, one `job` a slide, with a `clock`; `recovering` finishes what was interrupted.
- Before the first write and after the last: `balancing` holds the census, which knows no format, against the plan;
  `strings` lists what the census can read, for a person's eyes.
- Afterwards: `judging` says whether the slide is clean, `outcomes` and `result_names` hold what is told about it,
  `ledger_entry` records it, `certifying` gathers what a certificate says.

Looking never makes anything: no key, no folder, no ledger. "Clean" is said only if independent readers agree, if no
removed value is found in any byte that is not tissue, and if a second inspection finds nothing to do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from blankslide.model import Stage
from blankslide.pipeline.claims import claimed_files, known_format
from blankslide.pipeline.looking import inspect, plan, refuse_pending
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.mode import Spelling, anonymize, mode_of
from blankslide.pipeline.options import Foreseen, Mode, Options, Progress

if TYPE_CHECKING:
    from blankslide.pipeline.attempts import problem_of
    from blankslide.pipeline.certifying import certify, evidence_of
    from blankslide.pipeline.copying import anonymize_copy
    from blankslide.pipeline.in_place import anonymize_in_place
    from blankslide.pipeline.judging import verify
    from blankslide.pipeline.recovering import recover
    from blankslide.pipeline.result_names import worst_name
    from blankslide.pipeline.sidecars import sidecars_of
    from blankslide.pipeline.strings import Readable, readable
    from blankslide.pipeline.walking import Watch, slides_below, slides_in

__all__ = [
    "Foreseen",
    "Mode",
    "Options",
    "Progress",
    "Readable",
    "Spelling",
    "Stage",
    "Watch",
    "anonymize",
    "anonymize_copy",
    "anonymize_in_place",
    "certify",
    "claimed_files",
    "evidence_of",
    "inspect",
    "known_format",
    "main_file",
    "mode_of",
    "plan",
    "problem_of",
    "readable",
    "recover",
    "refuse_pending",
    "sidecars_of",
    "slides_below",
    "slides_in",
    "verify",
    "worst_name",
]

# Looking at a slide is the commonest thing, and needs none of these. None may be called like a module of this
# package: importing the module would then put it in the place of the function.
_LATER = {
    "Readable": "strings",
    "Watch": "walking",
    "anonymize_copy": "copying",
    "anonymize_in_place": "in_place",
    "certify": "certifying",
    "evidence_of": "certifying",
    "problem_of": "attempts",
    "readable": "strings",
    "recover": "recovering",
    "sidecars_of": "sidecars",
    "slides_below": "walking",
    "slides_in": "walking",
    "verify": "judging",
    "worst_name": "result_names",
}


def __getattr__(name: str) -> Any:
    """Load what edits and judges on first use."""
    if name in _LATER:
        found = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
