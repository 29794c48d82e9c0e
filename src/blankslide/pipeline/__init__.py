"""The stages in their order; the only place where formats meet storage.

`stages` opens, inspects and plans; `in_place` edits, `recovering` finishes; `copying` makes copies;
`folders` finds the main file of what a person names, `walking` the slides of a directory,
`names` knows what the result is called;
`judge` verifies; `record` writes the ledger. "Clean" is said only after independent readers
agreed, the removed values were searched for in every byte that is not tissue, and a second
inspection found nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from blankslide.pipeline.claims import claimed_files, known_format
from blankslide.pipeline.looking import inspect, plan, refuse_pending
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.options import Options, Progress

if TYPE_CHECKING:
    from blankslide.pipeline.copying import anonymize_copy
    from blankslide.pipeline.in_place import anonymize_in_place
    from blankslide.pipeline.judging import verify
    from blankslide.pipeline.recovering import recover
    from blankslide.pipeline.result_names import worst_name
    from blankslide.pipeline.walking import Watch, slides_below

__all__ = [
    "Options",
    "Progress",
    "Watch",
    "anonymize_copy",
    "anonymize_in_place",
    "claimed_files",
    "inspect",
    "known_format",
    "main_file",
    "plan",
    "recover",
    "refuse_pending",
    "sidecars_of",
    "slides_below",
    "verify",
    "worst_name",
]

# looking at a slide is the commonest thing, and needs none of these
_LATER = {
    "Watch": "walking",
    "anonymize_copy": "copying",
    "anonymize_in_place": "in_place",
    "recover": "recovering",
    "sidecars_of": "sidecars",
    "slides_below": "walking",
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
