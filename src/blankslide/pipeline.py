"""The stages in their order; the only place where formats meet storage.

    open -> lock -> detect -> inspect -> plan -> observe -> commit -> write -> verify -> record

Every check stands before the commit point, which is the journal at its final name. Up to
there nothing has changed and every failure says so; after it the only way is forward, and
an interruption leaves the slide *pending* until `recover` (or any later run) finishes it.
"Clean" is said only after independent readers agreed, the removed values were searched for
in every byte that is not tissue, and a second inspection found nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from blankslide.errors import Cancelled, NotASlide, SlidePending
from blankslide.formats import detect
from blankslide.formats._spi import Probe
from blankslide.model import Action, Decision, Finding, Inspection, Outcome, Patch, PhiClass, Plan
from blankslide.naming import name_verdict
from blankslide.planner import make_plan
from blankslide.policy import PROFILES, Profile, load
from blankslide.pseudonyms import is_ours

if TYPE_CHECKING:
    from blankslide.ledger import Ledger
    from blankslide.storage.files import OpenSlide
    from blankslide.storage.transaction import Transaction
    from blankslide.verify import ReaderView

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
        Roles of pictures to keep (``macro``) or ids of findings.
    remove
        Ids of findings to remove although the profile keeps them.
    key
        The site's key, or None for zeros in place of links.
    ledger
        Where to record, or None.
    progress, cancelled
        Called with (stage, fraction done); asked at safe points before the commit point.
    """

    profile: str | Profile = "research"
    keep: Sequence[str] = ()
    remove: Sequence[str] = ()
    key: bytes | None = None
    ledger: Ledger | None = None
    progress: Progress = _quiet
    cancelled: Callable[[], bool] = bool

    def resolved(self) -> Profile:
        """Return the profile with the person's exceptions on top."""
        profile = self.profile if isinstance(self.profile, Profile) else load(self.profile)
        kept = [k if "." in k else f"picture.{k}" for k in self.keep]
        return profile.keeping(*kept).removing(*self.remove)


class _Clock:
    """Seconds spent in each stage, and the safe points between them."""

    def __init__(self, options: Options) -> None:
        self.seconds: dict[str, float] = {}
        self._options = options
        self._last = perf_counter()

    def lap(self, stage: str, part: float) -> None:
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
        self._options.progress(stage, part)

    def safe_point(self) -> None:
        if self._options.cancelled():
            raise Cancelled("cancelled before anything was written")


def inspect(path: str | Path, *, key: bytes | None = None) -> Inspection:
    """Say what is in a slide; reads structure only, never coded tissue.

    Parameters
    ----------
    path
        The slide.
    key
        The site's key, to recognise replaced ids as ours.

    Raises
    ------
    SlideError, EnvironmentProblem, SlidePending
        As the error tree says; the slide is never touched.
    """
    refuse_pending(path)
    with _opened(path) as slide:
        return _inspect(slide, key)


def plan(path: str | Path, options: Options | None = None) -> tuple[Inspection, Plan]:
    """Inspect a slide and plan what the profile demands; nothing is written."""
    options = options or Options()
    refuse_pending(path)
    with _opened(path) as slide:
        inspection = _inspect(slide, options.key)
        return inspection, make_plan(inspection, options.resolved(), slide.files, options.key)


def refuse_pending(path: str | Path) -> None:
    """Raise `SlidePending` if a journal waits beside the slide."""
    from blankslide.storage import journal

    if journal.find(Path(path)) is not None:
        raise SlidePending("an earlier run was interrupted", "run: blankslide recover")


@contextmanager
def _opened(path: str | Path, write: bool = False) -> Iterator[OpenSlide]:
    from blankslide.storage.files import open_slide

    with open_slide(Path(path), write=write) as slide:
        yield slide


def _inspect(slide: OpenSlide, key: bytes | None) -> Inspection:
    probe = Probe(slide)
    inspection = detect(probe).inspect(probe)
    ours = [f for f in inspection.findings if f.cls is PhiClass.LINK and _is_ours(f, key)]
    if ours:
        inspection.findings = tuple(f for f in inspection.findings if f not in ours)
    return inspection


def _is_ours(finding: Finding, key: bytes | None) -> bool:
    return finding.value is not None and all(is_ours(v.reveal(), key) for v in (finding.value, *finding.values))


# -- in place ------------------------------------------------------------------------------


def anonymize_in_place(path: str | Path, options: Options | None = None, *, dry_run: bool = False) -> Outcome:
    """De-identify one slide where it stands.

    Raises
    ------
    BlankslideError
        Before the commit point everything but `SlidePending`, and the slide is untouched;
        after it only `SlidePending`.
    """
    from blankslide.storage import journal, lock
    from blankslide.storage.files import check_editable
    from blankslide.verify import observe, sound

    options = options or Options()
    profile = options.resolved()
    path = Path(path)
    if journal.find(path) is not None:
        if dry_run:
            refuse_pending(path)
        recover(path, options)
    clock = _Clock(options)
    with _opened(path, write=not dry_run) as slide, lock.hold(slide):
        if not dry_run:
            check_editable(slide)
        clock.lap("open", 0.05)
        inspection = _inspect(slide, options.key)
        clock.lap("inspect", 0.15)
        planned = make_plan(inspection, profile, slide.files, options.key)
        clock.lap("plan", 0.2)
        clock.safe_point()
        outcome = _outcome(inspection, planned, profile, slide.name)
        if dry_run:
            outcome.seconds = clock.seconds
            return outcome
        if not planned.patches:
            readers, problems = sound(observe(path))
            _conclude(outcome, readers, problems)
            clock.lap("verify", 1.0)
            outcome.seconds = clock.seconds
            return outcome
        return _apply(path, slide, inspection, planned, outcome, options, clock)


def _apply(
    path: Path,
    slide: OpenSlide,
    inspection: Inspection,
    planned: Plan,
    outcome: Outcome,
    options: Options,
    clock: _Clock,
) -> Outcome:
    from blankslide.storage import medium
    from blankslide.storage.transaction import Transaction
    from blankslide.verify import observe

    before = observe(path)
    clock.lap("read with other readers", 0.4)
    if options.ledger is not None:
        options.ledger.ready()
    extents = [medium.snapshot(f.fd, _spans(planned.patches, i)) for i, f in enumerate(slide.files)]
    transaction = Transaction.begin(slide, planned.patches, profile=planned.profile, format=inspection.format)
    clock.safe_point()
    transaction.commit()
    clock.lap("journal", 0.5)
    transaction.write()
    clock.lap("write", 0.65)
    after = [medium.snapshot(f.fd, _spans(planned.patches, i)) for i, f in enumerate(slide.files)]
    outcome.medium = medium.judge_all(extents, after)
    outcome.transaction, outcome.writes = transaction.id, transaction.writes
    outcome.bytes_written = transaction.bytes_written
    _judge_written(path, inspection, planned, before, outcome, options)
    clock.lap("verify", 0.9)
    _record(outcome, slide.name, options)
    transaction.finish()
    clock.lap("record", 1.0)
    outcome.seconds = clock.seconds
    return outcome


def _spans(patches: Sequence[Patch], file: int) -> list[tuple[int, int]]:
    return sorted((p.offset, p.offset + p.length) for p in patches if p.file == file)


def _outcome(inspection: Inspection, planned: Plan, profile: Profile, name: str) -> Outcome:
    removed = _removed(inspection, planned.decisions)
    return Outcome(
        content="untouched",
        format=inspection.format,
        title=inspection.title,
        profile=profile.name,
        decisions=planned.decisions,
        name=name_verdict(name, [v for values in removed.values() for v in values]),
        residue=planned.left,
        notes=inspection.notes,
        strict_name=profile.names,
    )


def _removed(inspection: Inspection, decisions: Sequence[Decision]) -> dict[str, list[str]]:
    gone = {d.id for d in decisions if d.action is not Action.KEEP}
    return {
        f.id: [v.reveal() for v in (f.value, *f.values)]
        for f in inspection.findings
        if f.id in gone and f.value is not None
    }


# -- judging -------------------------------------------------------------------------------


def _judge_written(
    path: Path,
    inspection: Inspection,
    planned: Plan,
    before: Sequence[ReaderView],
    outcome: Outcome,
    options: Options,
) -> None:
    """Hold the written file against plan, policy and independent readers, all anew."""
    from blankslide.verify import compare, observe

    gone = frozenset(
        d.id.removeprefix("picture.")
        for d in planned.decisions
        if d.action is not Action.KEEP and d.id.startswith("picture.")
    )
    readers, problems = compare(before, observe(path), gone=gone)
    with _opened(path) as fresh:
        again = _inspect(fresh, options.key)
        second = make_plan(again, options.resolved(), fresh.files, options.key)
        problems += _todo(second) + _unwritten(planned.patches, fresh)
        problems += _search(fresh, again, _removed(inspection, planned.decisions), outcome)
    _conclude(outcome, readers, problems)


def _search(slide: OpenSlide, again: Inspection, needles: Mapping[str, Sequence[str]], outcome: Outcome) -> list[str]:
    """Look for every removed value in all bytes that are not tissue."""
    from blankslide.verify import search

    left: dict[str, None] = {}
    same: dict[str, None] = {}
    for i, file in enumerate(slide.files):
        spans = [(p.start, p.end, p.where) for p in again.kept if p.file == i]
        hits = search(file, again.maps[i].tissue(), needles, spans)
        left.update(dict.fromkeys(f"left: {h.id}" for h in hits.residue))
        same.update(dict.fromkeys(h.id for h in hits.coincidences))
    outcome.coincidences = tuple(same)
    return list(left)


def _todo(planned: Plan) -> list[str]:
    return [f"left: {d.id}" for d in planned.decisions if planned.patches and d.action is not Action.KEEP]


def _conclude(outcome: Outcome, readers: Sequence[str], problems: Sequence[str]) -> None:
    outcome.readers = tuple(readers)
    outcome.residue = tuple(dict.fromkeys((*outcome.residue, *problems)))
    outcome.content = "residue" if outcome.residue else "clean"


def _judge_as_is(path: Path, slide: OpenSlide, profile: Profile, key: bytes | None) -> Outcome:
    """Inspect, plan and let independent readers look, without a "before" to compare with."""
    from blankslide.verify import observe, sound

    inspection = _inspect(slide, key)
    planned = make_plan(inspection, profile, slide.files, key)
    outcome = _outcome(inspection, planned, profile, slide.name)
    readers, problems = sound(observe(path))
    _conclude(outcome, readers, [*_todo(planned), *problems])
    return outcome


def _unwritten(patches: Sequence[Patch], slide: OpenSlide) -> list[str]:
    """Re-read every patched byte through a fresh descriptor."""
    for patch in patches:
        source = slide.files[patch.file]
        for pos in range(patch.offset, patch.offset + patch.length, 1 << 20):
            size = min(1 << 20, patch.offset + patch.length - pos)
            want = bytes([patch.byte]) * size if patch.data is None else patch.data[pos - patch.offset :][:size]
            if source.read(pos, size) != want:
                return ["the medium did not keep what was written"]
    return []


def verify(path: str | Path, options: Options | None = None) -> Outcome:
    """Judge a slide as it is: pending, residue, or clean by independent readers."""
    from blankslide.storage import journal

    options = options or Options()
    profile = options.resolved()
    path = Path(path)
    clock = _Clock(options)
    if journal.find(path) is not None:
        return Outcome(content="pending", profile=profile.name)
    with _opened(path) as slide:
        outcome = _judge_as_is(path, slide, profile, options.key)
    clock.lap("verify", 1.0)
    outcome.seconds = clock.seconds
    return outcome


# -- recovery ------------------------------------------------------------------------------


def recover(path: str | Path, options: Options | None = None) -> Outcome:
    """Finish what an interrupted run began; safe to repeat.

    Returns
    -------
    The outcome: ``untouched`` if no journal waits (a half-made one is removed), else what
    verification says of the finished slide.
    """
    from blankslide.storage import journal, lock
    from blankslide.storage.transaction import remove_leftover, resume

    options = options or Options()
    path = Path(path)
    clock = _Clock(options)
    with _opened(path, write=True) as slide, lock.hold(slide):
        waiting = journal.find(path)
        if waiting is None:
            remove_leftover(slide)
            return Outcome(content="untouched", seconds=clock.seconds)
        if options.ledger is not None:
            options.ledger.ready()
        transaction = resume(slide, waiting)
        transaction.write()
        clock.lap("write", 0.5)
        outcome = _judge_as_is(path, slide, _profile_of(transaction, options), options.key)
        outcome.transaction, outcome.writes = transaction.id, transaction.writes
        outcome.bytes_written = transaction.bytes_written
        clock.lap("verify", 0.9)
        _record(outcome, slide.name, options)
        transaction.finish()
        clock.lap("record", 1.0)
        outcome.seconds = clock.seconds
        return outcome


def _profile_of(transaction: Transaction, options: Options) -> Profile:
    """Judge a finished run by the profile it was begun under, where that is a built-in one."""
    return PROFILES.get(transaction.journal.profile) or options.resolved()


# -- record --------------------------------------------------------------------------------


def _record(outcome: Outcome, name: str, options: Options) -> None:
    """Append the outcome to the ledger, once for each transaction, without any value."""
    ledger = options.ledger
    if ledger is None or ledger.contains(outcome.transaction):
        return
    outcome.ledger_sequence = ledger.append(_entry(outcome, name, options))


def _entry(outcome: Outcome, name: str, options: Options) -> Mapping[str, object]:
    from blankslide import __version__
    from blankslide.pseudonyms import slide_name

    return {
        "transaction": outcome.transaction,
        "slide": slide_name(name, options.key) if options.key else "",
        "tool": __version__,
        "format": outcome.format,
        "profile": outcome.profile,
        "content": outcome.content,
        "medium": outcome.medium,
        "name": outcome.name,
        "readers": list(outcome.readers),
        "findings": [
            {"id": _public_id(d), "class": d.cls.value, "action": d.action.value, "count": d.number}
            for d in outcome.decisions
        ],
        "residue": len(outcome.residue),
        "bytes": outcome.bytes_written,
    }


def _public_id(decision: Decision) -> str:
    """An unknown field's key may itself be somebody's name: the ledger gets its store only."""
    if decision.cls is PhiClass.UNKNOWN:
        return decision.id.rpartition(".")[0] + ".unknown"
    return decision.id


def known_format(path: str | Path) -> str | None:
    """Return the name of the format that claims a file, or None; damaged slides are claimed."""
    from blankslide.errors import SlideError

    try:
        with _opened(path) as slide:
            return detect(Probe(slide)).name
    except NotASlide:
        return None
    except SlideError:
        return "damaged"
