"""Finishing what an interrupted run began.

If a journal waits, the slide was written to, or may have been. So no failure here may say "nothing was changed": each
becomes `SlidePending`, until the journal is gone. The one exception is a slide that another run holds at this moment.

The interrupted run is not believed when it comes to tissue. Every block that the journal lists is read again, with
the bytes that were to stay, and what was written must not lie in the tissue of the finished slide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, SlideLocked, SlidePending
from blankslide.model import LEFTOVER, Outcome, Stage
from blankslide.model.changed import changed
from blankslide.pipeline.clock import Clock
from blankslide.pipeline.digests import known
from blankslide.pipeline.job import Job
from blankslide.pipeline.judging import NOT_KEPT, conclude, judge_as_is
from blankslide.pipeline.ledger_entry import record
from blankslide.pipeline.ledger_facts import facts
from blankslide.pipeline.looking import refuse_orphan
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import opened
from blankslide.pipeline.options import Options
from blankslide.policy.profiles import PROFILES

if TYPE_CHECKING:
    from blankslide.storage.transaction import Transaction


_PARTS = {Stage.WRITE: 0.5, Stage.VERIFY: 0.9, Stage.RECORD: 1.0}


def recover(path: str | Path, options: Options | None = None) -> Outcome:
    """Finish what an interrupted run began; safe to repeat.

    Nobody can cancel it: it only goes forward.

    Returns
    -------
    The outcome: ``untouched`` if no journal waits (a half-made one is removed), else what
    verification says of the finished slide.

    Raises
    ------
    SlidePending
        If a journal waits and could not be finished, or waits for a file that this may be a copy of.
    BlankslideError
        If none waits and the slide cannot be looked at; nothing was changed.
    """
    from blankslide.storage import journal, lock
    from blankslide.storage.editable import check_mount
    from blankslide.storage.transaction import discard_leftover

    options = options or Options()
    path = main_file(path)
    clock = Clock(options, _PARTS)
    with pending_if(journal.find(path) is not None), opened(path, write=True) as slide, lock.hold(slide):
        waiting = journal.find(path)
        if waiting is not None:
            with pending_if(True):
                return _finished(Job(path, slide, options, clock), waiting)
        check_mount(slide)
        refuse_orphan(path)
        discard_leftover(path)
    return Outcome(content="untouched", seconds=clock.seconds)


@contextmanager
def pending_if(waits: bool) -> Iterator[None]:
    """Turn every failure of the block into `SlidePending` if a journal waits."""
    try:
        yield
    except (SlidePending, SlideLocked):
        raise
    except (Exception, KeyboardInterrupt) as error:  # readers are foreign code and may raise anything
        if not waits:
            raise
        raise pending_after(error) from None


def pending_after(error: BaseException) -> SlidePending:
    """Say that a failure behind the commit point leaves the slide to `recover`; only our own messages are shown."""
    known = isinstance(error, BlankslideError)
    cause = error.message if isinstance(error, BlankslideError) else type(error).__name__
    words = f"the run was interrupted: {cause}" if known else f"the run was interrupted by {cause}"
    return SlidePending(words, "run: blankslide recover")


def _finished(job: Job, waiting: Path) -> Outcome:
    from blankslide.storage.transaction import resume

    slide, options, clock = job.slide, job.options, job.clock
    if options.ledger is not None:
        options.ledger.ready()
    transaction = resume(slide, waiting)
    transaction.write()
    clock.lap(Stage.WRITE)
    # with half of its new names nobody can read a set
    transaction.give_names()
    inode = slide.files[0].opened_as.inode
    renamed = next((r.to for r in transaction.journal.renames if r.inode == inode and r.to), "")
    present = Path(slide.folder, renamed) if renamed else job.path
    with opened(present) as fresh:
        judged = Job(present, fresh, _as_begun(transaction, options), clock)
        judge_as_is(judged)
        outcome = judged.outcome
        conclude(outcome, outcome.readers, _broken(transaction, judged))
        found = known(fresh, judged.inspection, options)
    outcome.transaction, outcome.writes = transaction.id, transaction.writes
    outcome.bytes_written, outcome.target = transaction.bytes_written, renamed
    clock.lap(Stage.VERIFY)
    record(outcome, slide.name, options, found, facts(judged, known=False))
    finish(transaction, outcome)
    clock.lap(Stage.RECORD)
    return outcome


def finish(transaction: Transaction, outcome: Outcome) -> None:
    """End the transaction of a slide that is judged and recorded; what cannot be wiped is a note, and no failure.

    Raises
    ------
    SlidePending
        If the journal still counts.
    """
    transaction.finish()
    if transaction.leftover:
        outcome.notes += (LEFTOVER,)


def _as_begun(transaction: Transaction, options: Options) -> Options:
    """Judge a finished run by the profile it was begun under, where that is a built-in one."""
    profile = PROFILES.get(transaction.journal.profile)
    return options if profile is None else changed(options, profile=profile, keep=(), remove=())


def _broken(transaction: Transaction, job: Job) -> list[str]:
    """Say what speaks against "tissue unchanged": a block that did not stay, or one that lies in the tissue."""
    problems = [] if transaction.kept_its_word(job.slide.files) else [NOT_KEPT]
    inside = _inside_tissue(transaction, job)
    if inside:
        from blankslide.pipeline.beside_pixels import are_beside_pixels

        if not are_beside_pixels(job, inside):
            problems.append("what was written lies in the tissue")
    return problems


def _inside_tissue(transaction: Transaction, job: Job) -> dict[int, list[tuple[int, int]]]:
    """Return, by the number of the file, what was written where the map of the finished slide has tissue."""
    from blankslide.spans import merge, subtract

    written = {m.inode: r for m, r in zip(transaction.journal.files, transaction.journal.ranges, strict=True)}
    inside = {}
    for number, (file, bytemap) in enumerate(zip(job.slide.files, job.inspection.maps, strict=False)):
        ranges = merge(written.get(file.opened_as.inode, ()))
        if both := subtract(ranges, subtract(ranges, bytemap.tissue())):
            inside[number] = both
    return inside
