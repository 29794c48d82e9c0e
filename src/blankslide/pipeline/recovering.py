"""Finishing what an interrupted run began.

A journal that waits means that the slide was, or may have been, written to. So from the first look
on nothing that fails here may say "nothing was changed": it is `SlidePending`, until the journal
is gone. Only a slide that another run holds right now is that run's to speak of.

That the tissue is unchanged is not taken from the interrupted run: every block of the journal is read
again, kept bytes and all, and what was written must not meet the tissue of the finished slide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, SlideLocked, SlidePending
from blankslide.model import Inspection, Outcome
from blankslide.pipeline.judging import NOT_KEPT, conclude, judge_as_is
from blankslide.pipeline.ledger_entry import record, state_of
from blankslide.pipeline.looking import refuse_orphan
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import opened
from blankslide.pipeline.options import Clock, Options
from blankslide.policy.profiles import PROFILES, Profile

if TYPE_CHECKING:
    from blankslide.storage.slide_files import OpenSlide
    from blankslide.storage.transaction import Transaction


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
    clock = Clock(options)
    with pending_if(journal.find(path) is not None), opened(path, write=True) as slide, lock.hold(slide):
        waiting = journal.find(path)
        if waiting is not None:
            with pending_if(True):
                return _finished(path, slide, waiting, options, clock)
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


def _finished(path: Path, slide: OpenSlide, waiting: Path, options: Options, clock: Clock) -> Outcome:
    from blankslide.storage.transaction import resume

    if options.ledger is not None:
        options.ledger.ready()
    transaction = resume(slide, waiting)
    transaction.write()
    clock.lap("write", 0.5)
    # with half of its new names nobody can read a set
    transaction.give_names()
    inode = slide.files[0].opened_as.inode
    renamed = next((r.to for r in transaction.journal.renames if r.inode == inode and r.to), "")
    present = Path(slide.folder, renamed) if renamed else path
    with opened(present) as fresh:
        outcome, found = judge_as_is(present, fresh, _profile_of(transaction, options), options)
        conclude(outcome, outcome.readers, _broken(transaction, fresh, found))
        state = state_of(fresh, found, options) if outcome.content == "residue" else ""
    outcome.transaction, outcome.writes = transaction.id, transaction.writes
    outcome.bytes_written, outcome.target = transaction.bytes_written, renamed
    clock.lap("verify", 0.9)
    record(outcome, slide.name, options, state)
    transaction.finish()
    clock.lap("record", 1.0)
    outcome.seconds = clock.seconds
    return outcome


def _profile_of(transaction: Transaction, options: Options) -> Profile:
    """Judge a finished run by the profile it was begun under, where that is a built-in one."""
    return PROFILES.get(transaction.journal.profile) or options.resolved()


def _broken(transaction: Transaction, fresh: OpenSlide, inspection: Inspection) -> list[str]:
    """Say what speaks against "tissue unchanged": a block that did not stay, or one that lies in the tissue."""
    from blankslide.spans import merge, subtract

    problems = [] if transaction.kept_its_word(fresh.files) else [NOT_KEPT]
    written = {m.inode: r for m, r in zip(transaction.journal.files, transaction.journal.ranges, strict=True)}
    for file, bytemap in zip(fresh.files, inspection.maps, strict=False):
        ranges = merge(written.get(file.opened_as.inode, ()))
        if subtract(ranges, bytemap.tissue()) != ranges:
            problems.append("what was written lies in the tissue")
    return problems
