"""Editing a slide where it stands.

    open -> lock -> inspect -> plan -> observe -> commit -> write -> verify -> record -> finish

Every check stands before the commit point, which is the journal at its final name. Up to
there nothing has changed and every failure says so; after it the only way is forward, and
an interruption leaves the slide *pending* until `recover` (or any later run) finishes it. Whoever
asks to stop is obeyed up to the commit point and not heard behind it: that slide is finished.
What no independent reader can judge is not written to at all.
A new name is the last thing that happens, so until then the slide is found where it was; of a
slide of several files the main one gets it last.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, EnvironmentProblem, NotEditable, SlideLinked, SlidePending
from blankslide.pipeline.judging import conclude, judge_written
from blankslide.pipeline.ledger_entry import record, remembered
from blankslide.pipeline.looking import planned_for, refuse_orphan, refuse_pending
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import inspected, opened
from blankslide.pipeline.options import Clock, Options
from blankslide.pipeline.outcomes import removed_values, starting_outcome
from blankslide.pipeline.recovering import pending_after, recover
from blankslide.pipeline.result_names import chosen_name, moves, set_names, worst_name

if TYPE_CHECKING:
    from blankslide.model import Inspection, Outcome, Patch, Plan
    from blankslide.storage.medium import Extents
    from blankslide.storage.slide_files import OpenSlide
    from blankslide.storage.transaction import Transaction
    from blankslide.verification import ReaderView


def anonymize_in_place(
    path: str | Path, options: Options | None = None, *, name: str | None = None, dry_run: bool = False
) -> Outcome:
    """De-identify one slide where it stands.

    Parameters
    ----------
    name
        Rename the slide as the journal's last record.

    Raises
    ------
    BlankslideError
        Before the commit point everything but `SlidePending`, and the slide is untouched;
        after it only `SlidePending`.
    """
    from blankslide.storage import journal

    options = options or Options()
    options.resolved()  # a wrong profile is the first thing to say
    named, path = path, main_file(path)
    if journal.find(path) is None:
        refuse_orphan(path)
    elif dry_run:
        refuse_pending(path)
    else:
        return _after_recovery(named, path, options, name)
    return _anonymized(named, path, options, name, dry_run)


def _after_recovery(named: str | Path, path: Path, options: Options, name: str | None) -> Outcome:
    """Finish the interrupted run, then do what is asked; what fails then does not say that nothing was changed."""
    finished = recover(path, options)
    if finished.target:
        return finished
    try:
        return _anonymized(named, path, options, name, dry_run=False)
    except BlankslideError as error:
        if finished.writes and error.changed == "no":
            error.changed = "finished"
        raise


def _anonymized(named: str | Path, path: Path, options: Options, name: str | None, dry_run: bool) -> Outcome:
    from blankslide.storage import lock
    from blankslide.storage.editable import check_editable
    from blankslide.verification.intact import judge_once
    from blankslide.verification.observe import observe

    profile = options.resolved()
    clock = Clock(options)
    with opened(path, write=not dry_run) as slide, lock.hold(slide):
        if not dry_run:
            check_editable(slide)
        clock.lap("open", 0.05)
        inspection = inspected(slide, options.key, options.thorough)
        clock.lap("inspect", 0.15)
        planned = planned_for(slide, inspection, profile, options.key)
        clock.lap("plan", 0.2)
        clock.safe_point()
        outcome = starting_outcome(inspection, planned, profile, slide, options.key)
        renames = _renames(Path(named), slide, name, inspection, outcome, options) if name is not None else {}
        _refuse_torn(inspection, planned)
        if dry_run:
            outcome.seconds = clock.seconds
            return outcome
        if not planned.patches and not renames:
            readers, problems = judge_once(observe(path))
            conclude(outcome, readers, [*problems, *remembered(slide, inspection, options)])
            clock.lap("verify", 1.0)
            outcome.seconds = clock.seconds
            return outcome
        return _apply(path, slide, inspection, planned, renames, outcome, options, clock)


def _refuse_torn(inspection: Inspection, planned: Plan) -> None:
    """Refuse to give the files of a series new UIDs while others that belong to it would keep the old ones."""
    if inspection.torn and planned.patches:
        raise NotEditable(
            f"beside the slide {'stands a file' if inspection.torn == 1 else f'stand {inspection.torn} files'} of its "
            "series that cannot be changed with it (another class, a link, a folder of its own, or damaged)",
            "`inspect` names them: mend or remove them, or make a clean copy with --out DIR",
        )


def _apply(
    path: Path,
    slide: OpenSlide,
    inspection: Inspection,
    planned: Plan,
    renames: Mapping[str, str],
    outcome: Outcome,
    options: Options,
    clock: Clock,
) -> Outcome:
    from blankslide.storage import journal, medium
    from blankslide.storage.editable import check_editable
    from blankslide.storage.renames import Rename
    from blankslide.storage.transaction import Transaction
    from blankslide.verification.observe import observe

    before = observe(path)
    clock.lap("read with other readers", 0.4)
    clock.safe_point()
    _require_judge(planned, before)
    if options.ledger is not None:
        options.ledger.ready()
    extents = [medium.snapshot(f.fd, _spans(planned.patches, i)) for i, f in enumerate(slide.files)]
    transaction = Transaction.begin(
        slide,
        planned.patches,
        profile=planned.profile,
        format=inspection.format,
        renames=[Rename(old, new) for old, new in renames.items()],
    )
    check_editable(slide)  # again, and last: readers took their time, and a slide can be replaced
    clock.safe_point()  # the last one: from here on nobody is asked
    try:
        transaction.commit()
        _forward(path, slide, inspection, planned, before, extents, transaction, outcome, options, clock)
    except SlidePending:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if transaction.state in ("begun", "abandoned") and journal.find(path) is None:
            raise
        raise pending_after(error) from None  # whatever it was: past the commit point nothing is "untouched"
    outcome.seconds = clock.seconds
    return outcome


def _require_judge(planned: Plan, before: Sequence[ReaderView]) -> None:
    """Refuse to overwrite what nobody could judge afterwards; a new name alone overwrites nothing.

    Raises
    ------
    NotEditable
        If no reader has decoded tissue.
    """
    from blankslide.verification import unjudged

    reason = unjudged(before) if planned.patches else None
    if reason is not None:
        raise NotEditable(*reason)


def _forward(
    path: Path,
    slide: OpenSlide,
    inspection: Inspection,
    planned: Plan,
    before: Sequence[ReaderView],
    extents: Sequence[Extents | None],
    transaction: Transaction,
    outcome: Outcome,
    options: Options,
    clock: Clock,
) -> None:
    """Write, verify and record: everything behind the commit point."""
    from blankslide.storage import medium

    clock.lap("journal", 0.5)
    transaction.write()
    clock.lap("write", 0.65)
    after = [medium.snapshot(f.fd, _spans(planned.patches, i)) for i, f in enumerate(slide.files)]
    if planned.patches:
        outcome.medium = medium.judge_all(extents, after, [medium.at_best(f.fd) for f in slide.files])
    outcome.transaction, outcome.writes = transaction.id, transaction.writes
    outcome.bytes_written = transaction.bytes_written
    state = judge_written(path, inspection, planned, before, outcome, options)
    if not planned.patches:
        conclude(outcome, outcome.readers, remembered(slide, inspection, options))
    clock.lap("verify", 0.9)
    record(outcome, slide.name, options, state)
    transaction.finish()
    clock.lap("record", 1.0)


def _renames(
    named: Path, slide: OpenSlide, name: str, inspection: Inspection, outcome: Outcome, options: Options
) -> dict[str, str]:
    """Take the new name into the outcome and say which names change; refuse it while nothing has changed."""
    present = os.path.basename(slide.path)
    name = chosen_name(name, present, inspection.format)
    old = slide.relative_names()
    new = set_names(slide, name, inspection.format) if len(old) > 1 else [name]
    changes = moves(old, new)
    if not changes:
        return changes
    if named.is_symlink():
        raise SlideLinked("the slide was named by a symbolic link, which would lead nowhere", "name the file itself")
    if any(os.path.lexists(os.path.join(slide.folder, to)) for to in changes.values()):
        raise EnvironmentProblem("another file already has the new name", "choose another --name")
    removed = removed_values(inspection, outcome.decisions)
    outcome.target = new[0]
    outcome.name = worst_name([p for n in new for p in n.split("/")], removed, options.key, inspection.format)
    return changes


def _spans(patches: Sequence[Patch], file: int) -> list[tuple[int, int]]:
    return sorted((p.offset, p.offset + p.length) for p in patches if p.file == file)
