"""Judging a slide: whether what stands in the files now is what was promised.

Nothing is taken over from the code that wrote: the slide is opened, inspected and planned anew, independent
readers look at it, and the census, which knows no format, takes stock of all that is in it. Right after a run, every
written byte is read again as well, and each removed value is searched for in all bytes that are not tissue. `verify`
does not know these values; it asks the ledger what the run had said. The word is "clean" only if nothing speaks
against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from blankslide.errors import SlideError
from blankslide.model import Action, Inspection, Outcome, Patch, Plan, Stage
from blankslide.pipeline.balancing import balance
from blankslide.pipeline.clock import Clock
from blankslide.pipeline.digests import NOT_KNOWN, Known, known
from blankslide.pipeline.job import Job
from blankslide.pipeline.ledger_entry import remembered
from blankslide.pipeline.looking import refuse_orphan
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import inspected, opened
from blankslide.pipeline.options import Options
from blankslide.pipeline.outcomes import removed_values
from blankslide.pipeline.own_words import markup_of
from blankslide.planner import make_plan
from blankslide.spans import merge

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.storage.slide_files import SlideFilesOnDisk
    from blankslide.verification.compare import Agreement
    from blankslide.verification.views import ReaderView

NOT_KEPT = "the medium did not keep what was written"
FEWER = "some of the slide's files no longer belong to it: it is seen in fewer files than were written"


def judge_written(job: Job, path: Path, names: Sequence[str] = ()) -> Known:
    """Hold the written slide against plan, policy and independent readers, all anew.

    Parameters
    ----------
    path
        The main file of what was written: the slide itself, or the copy.
    names
        What the files of the slide are called now, the main one first; as before unless told.

    Returns
    -------
    Known
        For `record`: how `verify` and certificates will know this slide again.
    """
    from blankslide.verification.observe import observe
    from blankslide.verification.views import Edit

    found = NOT_KNOWN
    # in a copy places may have moved
    who = frozenset(view.reader for view in job.before if view.opened)
    where = touched(job) if path == job.path and not names else None
    edit = Edit(touched=where, readers=who, masks=masked_parts(job.planned))
    after = observe(path, edit)
    readers, problems = _compared(job, after)
    with opened(path) as fresh:
        # patches count files in the order in which they were first opened
        for member in names[1:] or [file.name for file in job.inspection.files[1:]]:
            fresh.open(member)
        problems += unwritten(job.planned.patches, fresh)
        try:
            again = inspected(fresh, job.options.key, job.options.thorough)
            if len(again.files) < len(fresh.files):
                return _fewer(job, path, fresh, readers, problems)
            views, asked = fresh.views(), job.options
            wanted = asked.new_label, asked.new_mask
            second = make_plan(again, asked.resolved(), views, asked.key, label=wanted[0], mask=wanted[1])
        except SlideError as error:  # it is written: no longer "untouched", so no longer a refusal
            problems.append(f"cannot be inspected again: {error.message}")
        else:
            job.options.seen_after(again, second)
            problems += _todo(second)
            problems += second.left
            problems += _search(fresh, again, second, job)
            problems += balance(again, second, fresh.views(), job.options, path, job.memory, after).left
            found = known(fresh, again, job.options)
    conclude(job.outcome, readers, problems)
    return found


def _fewer(job: Job, path: Path, written: SlideFilesOnDisk, readers: Sequence[str], problems: Sequence[str]) -> Known:
    """Judge a slide that is seen in fewer files than were written: files are known by their numbers, so not anew.

    Returns
    -------
    Known
        As `judge_written`: of the files that are still seen.
    """
    # where places may have moved, the account from before says nothing of them
    left = _search(written, job.inspection, job.planned, job) if path == job.path else []
    conclude(job.outcome, readers, [*problems, FEWER, *left])
    with opened(path) as seen:
        return known(seen, inspected(seen, job.options.key, job.options.thorough), job.options)


def gone_roles(planned: Plan) -> frozenset[str]:
    """Name the roles of the pictures that are removed or made blank."""
    gone = (
        d.id.removeprefix("picture.")
        for d in planned.decisions
        if d.action is not Action.KEEP and d.id.startswith("picture.")
    )
    masked = {room.role for room, _ in planned.masks}
    return frozenset((*gone, *(room.role for room in planned.labels))) - masked


def masked_parts(planned: Plan) -> tuple[tuple[tuple[int, int], tuple[int, int, int, int]], ...]:
    """Return the sizes of the pictures of which a part is made blank, and the part."""
    return tuple(((room.width, room.height), box) for room, box in planned.masks)


def touched(job: Job) -> list[tuple[int, int]] | None:
    """Where a slide of one file is written over in place; None for a set, whose readers see several files."""
    if len(job.slide.files) > 1:
        return None
    return merge((p.offset, p.offset + p.length) for p in job.planned.patches)


def _compared(job: Job, after: Sequence[ReaderView]) -> Agreement:
    """Compare what readers see now with what they saw before: who agrees, and what speaks against it."""
    from blankslide.verification.compare import compare

    gone = gone_roles(job.planned)
    pictures = job.inspection.associated
    return compare(
        [view for view in job.before if not (view.reader == "tifffile" and _gave_up_tiff(job.planned))],
        after,
        gone=gone,
        gone_sizes=frozenset((a.width, a.height) for a in pictures if a.role in gone),
        kept_sizes=frozenset((a.width, a.height) for a in pictures if a.role not in gone),
        labels=frozenset((room.width, room.height) for room in job.planned.labels),
    )


def _gave_up_tiff(planned: Plan) -> bool:
    """Whether a person gave up the half of a file that is a TIFF; who reads nothing else has nothing to compare."""
    return any(d.id.endswith(".tiff-half") and d.action is not Action.KEEP for d in planned.decisions)


def _search(slide: SlideFilesOnDisk, again: Inspection, second: Plan, job: Job) -> list[str]:
    """Look for every removed value in all bytes that are not tissue.

    A hit inside a text that stays for its own sake is a coincidence.
    """
    from blankslide.verification.search import Spelled, search

    needles = Spelled(removed_values(job.inspection, job.planned.decisions))
    left: dict[str, None] = {}
    same: dict[str, None] = {}
    stays = {d.id for d in second.decisions if d.action is Action.KEEP}
    legal = [*again.kept, *(p for f in again.findings if f.id in stays for p in f.places)]
    for i, file in enumerate(slide.files):
        spans = [(p.start, p.end, p.where) for p in legal if p.file == i]
        tissue = again.maps[i].tissue() if i < len(again.maps) else []
        hits = search(file, tissue, needles, spans, markup_of(file))
        left.update(dict.fromkeys(f"left: {h.id}" for h in hits.residue))
        same.update(dict.fromkeys(h.id for h in hits.coincidences))
    job.outcome.coincidences = tuple(same)
    return list(left)


def _todo(planned: Plan) -> list[str]:
    return [f"left: {d.id}" for d in planned.decisions if planned.patches and d.action is not Action.KEEP]


def conclude(outcome: Outcome, readers: Sequence[str], problems: Sequence[str]) -> None:
    """Say the one word: clean only if nothing at all is left to say."""
    outcome.readers = tuple(readers)
    outcome.residue = tuple(dict.fromkeys((*outcome.residue, *problems)))
    outcome.content = "residue" if outcome.residue else "clean"


def judge_as_is(job: Job) -> None:
    """Inspect, plan and let independent readers look, without a "before" to compare with."""
    from blankslide.verification.intact import judge_once
    from blankslide.verification.observe import observe

    options = job.options
    inspection = inspected(job.slide, options.key, options.thorough)
    planned = make_plan(inspection, options.resolved(), job.slide.views(), options.planning_key)
    job.found(inspection, planned, options.key)
    job.look_at_pictures()
    views = observe(job.path)
    readers, problems = judge_once(views)
    left = balance(inspection, planned, job.slide.views(), options, job.path, views=views).left
    conclude(job.outcome, readers, [*_todo(planned), *problems, *left])


def unwritten(patches: Sequence[Patch], slide: SlideFilesOnDisk) -> list[str]:
    """Re-read every patched byte through a fresh descriptor."""
    from blankslide.storage.copies.shifts import Shift

    shifts = [Shift(p for p in patches if p.file == i) for i in range(len(slide.files))]
    for patch in patches:
        source, start = slide.files[patch.file], shifts[patch.file](patch.offset)
        total = patch.length if patch.data is None else len(patch.data)
        for pos in range(0, total, 1 << 20):
            size = min(1 << 20, total - pos)
            want = bytes([patch.byte]) * size if patch.data is None else patch.data[pos : pos + size]
            if source.read(start + pos, size) != want:
                return [NOT_KEPT]
    return []


def verify(path: str | Path, options: Options | None = None, judged: Callable[[Job], None] | None = None) -> Outcome:
    """Judge a slide as it is: pending, residue, or clean by independent readers.

    What a run has seen by comparing before and after, nobody can see afterwards; so the ledger is
    asked whether a run ended NOT clean on this very slide.

    Parameters
    ----------
    judged
        Called with the judged slide while its files are still open.
    """
    from blankslide.storage import journal

    options = options or Options()
    profile = options.resolved()
    path = main_file(path)
    clock = Clock(options, {Stage.VERIFY: 1.0})
    if journal.find(path) is not None:
        return Outcome(content="pending", profile=profile.name)
    refuse_orphan(path)
    with opened(path) as slide:
        job = Job(path, slide, options, clock)
        judge_as_is(job)
        if job.outcome.content == "clean":
            conclude(job.outcome, job.outcome.readers, remembered(job))
        if judged is not None:
            judged(job)
    clock.lap(Stage.VERIFY)
    return job.outcome
