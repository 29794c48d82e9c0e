"""Editing a slide where it stands.

    open -> lock -> inspect -> plan -> observe -> commit -> write -> verify -> record -> finish

Every check comes before the commit point, which is the moment when the journal gets its final name. Until then
nothing has changed, every failure says so, and a request to stop is obeyed. After it the run only goes forward, and an
interruption leaves the slide *pending* until `recover`, or any later run, finishes it. A slide that no independent
reader can judge is not written to at all.

A new name comes last, so the slide is found under its old name until then. Of a slide of several files the main
file is renamed last.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError, EnvironmentProblem, NotEditable, SlideLinked, SlidePending
from blankslide.model import FINISHED, LEFTOVER, Stage
from blankslide.pipeline.balancing import balance, look_closer_if_it_speaks, would_be_left
from blankslide.pipeline.clock import Clock
from blankslide.pipeline.job import Job
from blankslide.pipeline.judging import conclude, gone_roles, judge_written, masked_parts, touched
from blankslide.pipeline.ledger_entry import record, remembered
from blankslide.pipeline.ledger_facts import facts
from blankslide.pipeline.linking import choose_link, write_link
from blankslide.pipeline.looking import refuse_orphan, refuse_pending
from blankslide.pipeline.main_file import is_series_folder, main_file
from blankslide.pipeline.opening import opened
from blankslide.pipeline.options import Options
from blankslide.pipeline.outcomes import removed_values
from blankslide.pipeline.recovering import finish, pending_after, recover
from blankslide.pipeline.result_names import chosen_name, has_own_folder, moves, set_names, worst_name
from blankslide.pipeline.sealing import require_sealing, seal_originals
from blankslide.pipeline.series_folder import name_folder, new_home, require_free

if TYPE_CHECKING:
    from collections.abc import Callable

    from blankslide.model import Outcome
    from blankslide.pipeline.options import Asks
    from blankslide.storage.medium import Extents
    from blankslide.storage.transaction import Transaction

_PARTS = {
    Stage.OPEN: 0.05,
    Stage.INSPECT: 0.15,
    Stage.PLAN: 0.2,
    Stage.OBSERVE: 0.4,
    Stage.JOURNAL: 0.5,
    Stage.WRITE: 0.65,
    Stage.VERIFY: 0.9,
    Stage.RECORD: 1.0,
}


class _Asked(NamedTuple):
    """What a person asked for: the path as they named it, its main file, and a new name if any."""

    named: Path
    path: Path
    name: str | None
    dry_run: bool
    asks: Asks


def anonymize_in_place(
    path: str | Path,
    options: Options | None = None,
    *,
    name: str | None = None,
    dry_run: bool = False,
    asks: Asks = "nothing",
) -> Outcome:
    """De-identify one slide where it stands.

    Parameters
    ----------
    name
        Rename the slide as the journal's last record.
    asks
        What a dry run asks beside the plan, as in `Mode`.

    Raises
    ------
    BlankslideError
        Before the commit point everything but `SlidePending`, and the slide is untouched;
        after it only `SlidePending`.
    """
    from blankslide.storage import journal

    options = options or Options()
    options.resolved()  # a wrong profile is the first thing to say
    asked = _Asked(Path(path), main_file(path), name, dry_run, asks)
    if journal.find(asked.path) is None:
        refuse_orphan(asked.path)
    elif dry_run:
        refuse_pending(asked.path)
    else:
        return _after_recovery(asked, options, partial(_anonymized, asked, options))
    return _anonymized(asked, options)


def _after_recovery(asked: _Asked, options: Options, go_on: Callable[[], Outcome]) -> Outcome:
    """Finish the interrupted run, then do what is asked; what fails then does not say that nothing was changed."""
    finished = recover(asked.path, options)
    if finished.target:
        if asked.name is not None:
            name = chosen_name(asked.name, os.path.basename(asked.path), finished.format)
            home = new_home(asked.named, name, finished.format, bool(options.place))
            if home:
                name_folder(asked.named, home, finished)
        return finished
    try:
        outcome = go_on()
    except BlankslideError as error:
        if finished.writes and error.changed == "no":
            error.changed = "finished"
        raise
    return _with(finished, outcome) if finished.writes else outcome


def _with(finished: Outcome, outcome: Outcome) -> Outcome:
    """Say of a run also what it did first; if that was all, what speaks against it still does."""
    outcome.notes += (FINISHED,)
    if not outcome.writes:
        outcome.transaction, outcome.writes = finished.transaction, finished.writes
        outcome.bytes_written = finished.bytes_written
        conclude(outcome, outcome.readers, finished.residue)
    return outcome


def _anonymized(asked: _Asked, options: Options) -> Outcome:
    from blankslide.storage import lock
    from blankslide.storage.editable import check_editable

    clock = Clock(options, _PARTS)
    with opened(asked.path, write=not asked.dry_run) as slide, lock.hold(slide):
        if not asked.dry_run or asked.asks != "nothing":
            check_editable(slide)
        job = Job(asked.path, slide, options, clock)
        job.prepare(dry_run=asked.dry_run, name=asked.name)
        renames = _renames(job, asked)
        _refuse_torn(job)
        if asked.dry_run:
            if asked.asks == "everything":
                _ask(job)
            job.foretell([*renames.values(), *filter(None, [job.home])], job.planned.bytes_changed)
            return job.outcome
        if not job.planned.patches and look_closer_if_it_speaks(job):
            _refuse_torn(job)
        if job.planned.patches or renames:
            _apply(job, renames)
        else:
            if job.home:
                write_link(job, "")
            _judge_untouched(job)
            _tidy(job)
    if job.home:
        name_folder(asked.named, job.home, job.outcome)
    return job.outcome


def _judge_untouched(job: Job) -> None:
    """Let independent readers look at a slide that needs no change."""
    from blankslide.verification.intact import judge_once
    from blankslide.verification.observe import observe

    views = observe(job.path)
    readers, problems = judge_once(views)
    left = balance(job.inspection, job.planned, job.slide.views(), job.options, job.path, job.memory, views).left
    conclude(job.outcome, readers, [*problems, *left, *remembered(job)])
    job.clock.lap(Stage.VERIFY, last=True)


def _tidy(job: Job) -> None:
    """Remove what an earlier run has left of its journal; what cannot be removed means nothing and is a note."""
    from blankslide.storage.transaction import discard_leftover

    try:
        discard_leftover(job.path)
    except EnvironmentProblem:
        job.outcome.notes += (LEFTOVER,)


def _refuse_torn(job: Job) -> None:
    """Refuse to give the files of a series new UIDs while others that belong to it would keep the old ones."""
    torn = job.inspection.torn
    if torn and job.planned.patches:
        raise NotEditable(
            f"beside the slide {'stands a file' if torn == 1 else f'stand {torn} files'} of its "
            "series that cannot be changed with it (another class, a link, a folder of its own, or damaged)",
            "`inspect` names them: mend or remove them, or make a clean copy with --out DIR",
        )


def _apply(job: Job, renames: dict[str, str]) -> None:
    """Do all that can still be refused, pass the commit point, and go forward."""
    from blankslide.storage import journal
    from blankslide.storage.editable import check_editable

    _ask(job)
    if job.options.ledger is not None:
        job.options.ledger.ready()
    require_sealing(job)
    extents = _extents(job)
    transaction = _begin(job, renames)
    write_link(job, transaction.id)
    seal_originals(job, transaction.id)
    check_editable(job.slide)  # again, and last: readers took their time, and a slide can be replaced
    job.clock.safe_point()  # the last one: from here on nobody is asked
    try:
        transaction.commit()
        _forward(job, transaction, extents)
    except SlidePending:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if transaction.state in ("begun", "abandoned") and journal.find(job.path) is None:
            raise
        raise pending_after(error) from None  # whatever it was: past the commit point nothing is "untouched"


def _ask(job: Job) -> None:
    """Ask readers and census whether the slide can be edited; nothing is written."""
    from blankslide.verification.observe import observe
    from blankslide.verification.views import Edit

    def look() -> None:
        edit = Edit(gone_roles(job.planned), touched(job), masks=masked_parts(job.planned))
        job.before = observe(job.path, edit)

    look()
    job.clock.lap(Stage.OBSERVE)
    job.clock.safe_point()
    _require_judge(job)
    planned = job.planned
    _require_balance(job)
    if job.planned is not planned:  # it writes over more by now, and what is to be compared was seen with less in mind
        look()
        _require_judge(job)


def _begin(job: Job, renames: dict[str, str]) -> Transaction:
    from blankslide.storage.renames import Rename
    from blankslide.storage.transaction import Transaction

    return Transaction.begin(
        job.slide,
        job.planned.patches,
        profile=job.planned.profile,
        format=job.inspection.format,
        renames=[Rename(old, new) for old, new in renames.items()],
    )


def _require_judge(job: Job) -> None:
    """Refuse to overwrite what nobody could judge afterwards; a new name alone overwrites nothing.

    Raises
    ------
    NotEditable
        If no reader has decoded tissue.
    """
    from blankslide.verification.compare import unjudged

    reason = unjudged(job.before) if job.planned.patches else None
    if reason is not None:
        raise NotEditable(*reason)


def _require_balance(job: Job) -> None:
    """Hold what would be left against the census before anything is written.

    Raises
    ------
    ContradictorySlide
        If a picture that is to go shows the tissue.
    NotEditable
        If something would be left that nothing explains, and the profile is a strict one.
    """
    if not job.planned.patches:
        return
    left = would_be_left(job)
    if left and job.options.resolved().names:
        raise NotEditable(
            f"{left[0]}, and would still be there afterwards",
            "`inspect --readable` shows it; under the profile research it is left and the slide ends NOT clean",
        )


def _forward(job: Job, transaction: Transaction, extents: Sequence[Extents | None]) -> None:
    """Write, verify and record: everything behind the commit point."""
    from blankslide.storage import medium

    outcome = job.outcome
    job.clock.lap(Stage.JOURNAL)
    transaction.write()
    job.clock.lap(Stage.WRITE)
    after = _extents(job)
    if job.planned.patches:
        outcome.medium = medium.judge_all(extents, after, [medium.at_best(f.fd) for f in job.slide.files])
    outcome.transaction, outcome.writes = transaction.id, transaction.writes
    outcome.bytes_written = transaction.bytes_written
    known = judge_written(job, job.path)
    if not job.planned.patches:
        conclude(outcome, outcome.readers, remembered(job))
    job.clock.lap(Stage.VERIFY)
    record(outcome, job.slide.name, job.options, known, facts(job))
    finish(transaction, outcome)
    job.clock.lap(Stage.RECORD)


def _extents(job: Job) -> list[Extents | None]:
    """Say where on the medium the bytes are that are written over, file by file."""
    from blankslide.storage import medium

    spans: list[list[tuple[int, int]]] = [[] for _ in job.slide.files]
    for patch in job.planned.patches:
        spans[patch.file].append((patch.offset, patch.offset + patch.length))
    return [medium.snapshot(file.fd, sorted(own)) for file, own in zip(job.slide.files, spans, strict=True)]


def _renames(job: Job, asked: _Asked) -> dict[str, str]:
    """Take the new name into the outcome and say which names change; refuse it while nothing has changed."""
    slide, vendor = job.slide, job.inspection.format
    if asked.name is None:
        return {}
    name = chosen_name(asked.name, os.path.basename(slide.path), vendor)
    old = slide.relative_names()
    new = set_names(slide, name, vendor) if len(old) > 1 else [name]
    changes = moves(old, new)
    removed = removed_values(job.inspection, job.outcome.decisions)
    values = [value for each in removed.values() for value in each]
    job.home = new_home(asked.named, name, vendor, bool(job.options.place), values)
    if job.home:
        require_free(asked.named, job.home)
    if not changes and not job.home:
        return changes
    if asked.named.is_symlink():
        raise SlideLinked("the slide was named by a symbolic link, which would lead nowhere", "name the file itself")
    if any(os.path.lexists(os.path.join(slide.folder, to)) for to in changes.values()):
        raise EnvironmentProblem("another file already has the new name", "choose another --name")
    job.outcome.target = job.home or new[0]
    choose_link(job, asked.named.name, job.outcome.target)
    parts = [part for path in new for part in path.split("/")]
    if has_own_folder(vendor) and is_series_folder(Path(slide.folder)):
        parts.append(job.home or os.path.basename(slide.folder))
    job.outcome.name = worst_name(parts, removed, job.options.planning_key, vendor)
    return changes
