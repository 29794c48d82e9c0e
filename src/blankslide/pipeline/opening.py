"""What every stage shares: options, the clock with its safe points, opening and inspecting."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from blankslide.errors import Cancelled, NotASlide, SlideError, SlidePending
from blankslide.formatkit.protocol import Probe
from blankslide.formats import detect
from blankslide.model import Action, Blank, Decision, Finding, Inspection, Outcome, Part, PhiClass, Plan
from blankslide.pipeline.main_file import main_file
from blankslide.planner import make_plan
from blankslide.policy.profiles import Profile, ids_of, load
from blankslide.policy.pseudonyms import is_ours

if TYPE_CHECKING:
    from blankslide.records.ledger import Ledger
    from blankslide.storage.slide_files import OpenSlide

Progress = Callable[[str, float], None]


def _quiet(stage: str, part: float) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class Options:
    """How a slide is to be treated.

    Attributes
    ----------
    profile
        Built-in name, TOML file, or a `Profile`.
    keep
        Roles of pictures to keep (``macro``, in any case) or ids of findings; a plain text is one name.
    remove
        The same, to be removed although the profile keeps them.
    key
        The site's key, or None for zeros in place of links.
    ledger
        Where to record, or None.
    progress, cancelled
        Called with (stage, fraction done); asked at safe points before the commit point.
    thorough
        Look into every tile for text, not only the first of each level.
    """

    profile: str | Profile = "research"
    keep: str | Sequence[str] = ()
    remove: str | Sequence[str] = ()
    key: bytes | None = field(default=None, repr=False)
    ledger: Ledger | None = None
    progress: Progress = _quiet
    cancelled: Callable[[], bool] = bool
    thorough: bool = False

    def resolved(self) -> Profile:
        """Return the profile with the person's exceptions on top.

        Raises
        ------
        UsageError
            If there is no such profile, or a name is nobody's.
        """
        profile = self.profile if isinstance(self.profile, Profile) else load(self.profile)
        if not (self.keep or self.remove or profile.ids):
            return profile
        from blankslide.pipeline.choices import require_known

        profile = profile.keeping(*ids_of(self.keep)).removing(*ids_of(self.remove))
        require_known(profile)
        return profile


class Clock:
    """Seconds spent in each stage, and the safe points between them."""

    def __init__(self, options: Options) -> None:
        self.seconds: dict[str, float] = {}
        self._options = options
        self._last = perf_counter()

    def lap(self, stage: str, part: float) -> None:
        """End a stage and report progress."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
        self._options.progress(stage, part)

    def safe_point(self) -> None:
        """Stop here if the person asked for it."""
        if self._options.cancelled():
            raise Cancelled("cancelled before anything was written")


def inspect(path: str | Path, *, key: bytes | None = None) -> Inspection:
    """Say what is in a slide; reads structure only, never coded tissue.

    Parameters
    ----------
    path
        The slide, or the folder that is one.
    key
        The site's key, to recognise replaced ids as ours.

    Raises
    ------
    SlideError, EnvironmentProblem, SlidePending
        As the error tree says; the slide is never touched.
    """
    path = main_file(path)
    refuse_pending(path)
    with opened(path) as slide:
        return inspected(slide, key)


def plan(path: str | Path, options: Options | None = None) -> tuple[Inspection, Plan]:
    """Inspect a slide and plan what the profile demands; nothing is written."""
    options = options or Options()
    path = main_file(path)
    refuse_pending(path)
    with opened(path) as slide:
        inspection = inspected(slide, options.key, options.thorough)
        return inspection, planned_for(slide, inspection, options.resolved(), options.key)


def planned_for(
    slide: OpenSlide, inspection: Inspection, profile: Profile, key: bytes | None, *, grows: bool = False
) -> Plan:
    """Plan what is to be written; a name to be kept that the slide does not have is refused here.

    Raises
    ------
    UsageError
        If so.
    """
    if profile.ids:
        from blankslide.pipeline.choices import require_found

        require_found(profile, inspection)
    return make_plan(inspection, profile, slide.views(), key, grows=grows)


def refuse_pending(path: str | Path) -> None:
    """Raise `SlidePending` if a journal waits for the slide's main file, or for what it is a copy of."""
    from blankslide.storage import journal

    if journal.find(path) is not None:
        raise SlidePending("an earlier run was interrupted", "run: blankslide recover")
    refuse_orphan(path)


def refuse_orphan(path: str | Path) -> None:
    """Raise `SlidePending` if a journal beside the slide has lost its file, and this may be a copy of that.

    An interrupted run may then have left the slide half-written, and nothing here can finish it.
    """
    from blankslide.storage.pending import could_be_of, orphans

    try:
        lost = orphans(os.path.dirname(os.path.realpath(path)))
    except OSError:  # a folder may allow opening without listing
        return
    if not lost:
        return
    with opened(path) as slide:
        for journal in lost:
            if could_be_of(journal, slide.files[0]):
                raise SlidePending(
                    f"the journal {journal.name} beside it waits for a file that is not here any more,"
                    " and this looks like a copy of that file, perhaps half-written",
                    "bring back the file itself and run: blankslide recover; or take the original again, untouched,"
                    " and remove the journal",
                )


@contextmanager
def opened(path: str | Path, write: bool = False) -> Iterator[OpenSlide]:
    """Open a slide's files, by its main file, for the length of a ``with`` block."""
    from blankslide.storage.slide_files import open_slide

    with open_slide(Path(path), write=write) as slide:
        yield slide


def inspected(slide: OpenSlide, key: bytes | None, thorough: bool = False) -> Inspection:
    """Detect and inspect an open slide; ids and pictures that are ours already are no findings."""
    probe = Probe(slide, thorough, slide.views()[0])
    accepted = detect(probe)
    inspection = accepted.inspect(probe)
    probe.forget()
    if getattr(accepted, "has_companions", False):
        from blankslide.pipeline.companions import companions

        found = companions(slide, key)
        inspection.beside, inspection.torn, inspection.left = found.names, len(found.torn), found.left()
    ours = [f for f in inspection.findings if f.cls is PhiClass.LINK and _is_ours(f, key)]
    ours += [f for f in inspection.findings if f.cls is PhiClass.IMAGE and _is_blank(f, slide)]
    if ours:
        inspection.kept += tuple(p for f in ours for p in f.places)
        inspection.findings = tuple(f for f in inspection.findings if f not in ours)
    return inspection


def _is_ours(finding: Finding, key: bytes | None) -> bool:
    return finding.value is not None and all(is_ours(v.reveal(), key) for v in (finding.value, *finding.values))


def _is_blank(finding: Finding, slide: OpenSlide) -> bool:
    """Whether a picture that stays linked shows already what we would draw."""
    blanks = [e for e in finding.edits if isinstance(e, Blank)]
    if not blanks or not all(isinstance(e, Blank | Part) for e in finding.edits):
        return False
    from blankslide.blanks.draw import is_drawn

    return all(is_drawn(b, slide.files[b.file]) for b in blanks)


def starting_outcome(
    inspection: Inspection, planned: Plan, profile: Profile, slide: OpenSlide, key: bytes | None = None
) -> Outcome:
    """Return the outcome as it stands before anything happened."""
    from blankslide.pipeline.result_names import beside, verdict

    removed = removed_values(inspection, planned.decisions)
    return Outcome(
        content="untouched",
        format=inspection.format,
        title=inspection.title,
        profile=profile.name,
        decisions=planned.decisions,
        name=verdict(slide, inspection, removed, key),
        residue=planned.left,
        notes=inspection.notes,
        strict_name=profile.names,
        sidecars=beside(slide, inspection),
    )


def removed_values(inspection: Inspection, decisions: Sequence[Decision]) -> dict[str, list[str]]:
    """Return the values that have to go, in clear, by finding id: for the search only."""
    gone = {d.id for d in decisions if d.action is not Action.KEEP}
    return {
        f.id: [piece for v in (f.value, *f.values) for piece in _pieces(v.reveal())]
        for f in inspection.findings
        if f.id in gone and f.value is not None
    }


_PIECE, _MOST = 256, 64


def _pieces(value: str) -> list[str]:
    """A very long value is looked for in pieces: what is left of it shows in one of them."""
    if len(value) <= 2 * _PIECE:
        return [value]
    step = max(_PIECE, len(value) // _MOST)
    return [value[i : i + _PIECE] for i in range(0, len(value), step) if len(value) - i >= 5]


def known_format(path: str | Path) -> str | None:
    """Return the name of the format that claims a file, or None; damaged slides are claimed."""
    try:
        with opened(main_file(path)) as slide:
            return detect(Probe(slide)).name
    except NotASlide:
        return None
    except SlideError:
        return "damaged"


def claimed_files(path: str | Path) -> tuple[str, ...] | None:
    """Return the resolved paths of all files of the slide that ``path`` names, or None if it names none.

    The main file comes first. A damaged slide is claimed too, and so is one that waits to be recovered,
    whatever state it is in: its own line will say what is wrong with it.
    """
    from blankslide.storage import journal

    path = main_file(path)
    try:
        with opened(path) as slide:
            probe = Probe(slide)
            accepted = detect(probe)
            if not getattr(accepted, "one_file", False):
                with suppress(SlideError):
                    accepted.inspect(probe)  # opens the set's other files
            return tuple(f.path for f in slide.files)
    except NotASlide:
        return None if journal.find(path) is None else (os.path.realpath(path),)
    except SlideError:
        return (os.path.realpath(path),)
