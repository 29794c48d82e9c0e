"""Editing a slide where it stands.

    open -> lock -> inspect -> plan -> observe -> commit -> write -> verify -> record -> finish

Every check stands before the commit point, which is the journal at its final name. Up to
there nothing has changed and every failure says so; after it the only way is forward, and
an interruption leaves the slide *pending* until `recover` (or any later run) finishes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.model import Inspection, Outcome, Patch, Plan
from blankslide.pipeline.judge import conclude, judge_as_is, judge_written
from blankslide.pipeline.record import record
from blankslide.pipeline.stages import Clock, Options, inspected, opened, refuse_pending, starting_outcome
from blankslide.planner import make_plan
from blankslide.policy import PROFILES, Profile

if TYPE_CHECKING:
    from blankslide.storage.files import OpenSlide
    from blankslide.storage.transaction import Transaction


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
    clock = Clock(options)
    with opened(path, write=not dry_run) as slide, lock.hold(slide):
        if not dry_run:
            check_editable(slide)
        clock.lap("open", 0.05)
        inspection = inspected(slide, options.key)
        clock.lap("inspect", 0.15)
        planned = make_plan(inspection, profile, slide.files, options.key)
        clock.lap("plan", 0.2)
        clock.safe_point()
        outcome = starting_outcome(inspection, planned, profile, slide.name)
        if dry_run:
            outcome.seconds = clock.seconds
            return outcome
        if not planned.patches:
            readers, problems = sound(observe(path))
            conclude(outcome, readers, problems)
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
    clock: Clock,
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
    judge_written(path, inspection, planned, before, outcome, options)
    clock.lap("verify", 0.9)
    record(outcome, slide.name, options)
    transaction.finish()
    clock.lap("record", 1.0)
    outcome.seconds = clock.seconds
    return outcome


def _spans(patches: Sequence[Patch], file: int) -> list[tuple[int, int]]:
    return sorted((p.offset, p.offset + p.length) for p in patches if p.file == file)


def recover(path: str | Path, options: Options | None = None) -> Outcome:
    """Finish what an interrupted run began; safe to repeat.

    Returns
    -------
    The outcome: ``untouched`` if no journal waits (a half-made one is removed), else what
    verification says of the finished slide.
    """
    from blankslide.storage import journal, lock
    from blankslide.storage.transaction import discard_leftover, resume

    options = options or Options()
    path = Path(path)
    clock = Clock(options)
    with opened(path, write=True) as slide, lock.hold(slide):
        waiting = journal.find(path)
        if waiting is None:
            discard_leftover(path)
            return Outcome(content="untouched", seconds=clock.seconds)
        if options.ledger is not None:
            options.ledger.ready()
        transaction = resume(slide, waiting)
        transaction.write()
        clock.lap("write", 0.5)
        outcome = judge_as_is(path, slide, _profile_of(transaction, options), options.key)
        outcome.transaction, outcome.writes = transaction.id, transaction.writes
        outcome.bytes_written = transaction.bytes_written
        clock.lap("verify", 0.9)
        record(outcome, slide.name, options)
        transaction.finish()
        clock.lap("record", 1.0)
        outcome.seconds = clock.seconds
        return outcome


def _profile_of(transaction: Transaction, options: Options) -> Profile:
    """Judge a finished run by the profile it was begun under, where that is a built-in one."""
    return PROFILES.get(transaction.journal.profile) or options.resolved()
