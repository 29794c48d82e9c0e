"""A copy that is there already, and whether it is just the one that would be made now.

A run over many slides that was killed is begun again, and must not make a second copy of what it has copied, nor take
another slide's copy for it. A copy gets its name only when it is whole, so it is enough to ask whether it is this
slide's: every planned byte stands in it, its other bytes that are not tissue are the slide's, and so are the first and
last of the tissue. Then it is judged as `verify` judges. Nothing is written here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.pipeline.judging import unwritten, verify
from blankslide.pipeline.opening import inspected, opened
from blankslide.pipeline.result_names import suffixes
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.pipeline.digests import Known
    from blankslide.pipeline.job import Job
    from blankslide.storage.slide_files import SlideFilesOnDisk

_SAMPLE = 1 << 16


def is_copied(job: Job) -> bool:
    """Whether the copy stands under its name; what cannot be read is none."""
    if not os.path.lexists(_target(job)):
        return False
    try:
        with opened(_target(job)) as copy:
            for name in job.names[1:]:
                copy.open(name.rpartition("/")[2])
            return len(copy.files) == len(job.slide.files) and _is_same(job, copy)
    except (BlankslideError, OSError):
        return False


def judge_copy(job: Job) -> None:
    """Let the copy be judged as it stands; the outcome is then about it."""
    chosen = job.outcome
    job.outcome = verify(_target(job), job.options)
    job.outcome.copied, job.outcome.target, job.outcome.name = True, chosen.target, chosen.name
    job.outcome.strict_name = chosen.strict_name


def known_copy(job: Job) -> Known:
    """Return how the copy will be known again, as the run that made it would have recorded it."""
    from blankslide.pipeline.digests import known

    with opened(_target(job)) as copy:
        return known(copy, inspected(copy, job.options.key, job.options.thorough), job.options)


def look_for_dead(job: Job) -> None:
    """Take note of an unfinished copy of this slide, before it is swept away; a living run's does no harm."""
    from blankslide.storage.copies.slide_set import temp_folder

    if job.is_set:
        temp = Path(job.folder, temp_folder(job.slide), *job.names[0].split("/"))
    else:
        temp = Path(job.folder, dot_name(job))
    with suppress(OSError):
        job.dead = _told_by(temp)


def dot_name(job: Job) -> str:
    """Return what the copy of a slide of one file is called until it is named; readers go by its end."""
    from blankslide.storage.copies.file import temp_name

    return temp_name(job.slide.files[0], suffix_of(job))


def suffix_of(job: Job) -> str:
    """Return the end of the copy's name, if it is one of its format's."""
    end = os.path.splitext(job.names[0])[1].lower()
    return end if end in suffixes(job.inspection.format) else ""


def transaction_of(job: Job, path: str) -> str:
    """Return the transaction that has written a copy: the dead run's, if the ledger knows that it did the same."""
    ledger = job.options.ledger
    earlier = _named_by(job, job.dead) if job.dead else ""
    if earlier and ledger is not None and ledger.contains(earlier):
        return earlier
    return _named_by(job, _told_by(path))


def _told_by(path: str | Path) -> tuple[int, ...]:
    state = os.stat(path)
    return state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size


def _named_by(job: Job, told: tuple[int, ...]) -> str:
    from hashlib import blake2b

    did = [(d.public_id, d.action.value, d.place_count) for d in job.planned.decisions]
    return blake2b(repr((told, job.planned.profile, did)).encode(), digest_size=16).hexdigest()


def _target(job: Job) -> Path:
    return Path(job.folder, *job.names[0].split("/"))


def _is_same(job: Job, copy: SlideFilesOnDisk) -> bool:
    from blankslide.storage.copies.file import digest
    from blankslide.storage.copies.shifts import Shift

    if unwritten(job.planned.patches, copy):
        return False
    for i, (source, made) in enumerate(zip(job.slide.files, copy.files, strict=True)):
        patches = [p for p in job.planned.patches if p.file == i]
        shift = Shift(patches)
        if made.size != source.size + shift.total:
            return False
        patched = merge((p.offset, p.offset + p.length) for p in patches)
        stays = subtract(_looked_at(job.inspection.maps[i].tissue(), source.size), patched)
        if digest([(source, stays)]) != digest([(made, shift.spans(stays))]):
            return False
    return True


def _looked_at(tissue: Sequence[tuple[int, int]], size: int) -> Sequence[tuple[int, int]]:
    """Return all that is not tissue, and its two ends."""
    spans = subtract([(0, size)], tissue)
    if tissue:
        first, last = tissue[0], tissue[-1]
        spans = [*spans, (first[0], min(first[1], first[0] + _SAMPLE)), (max(last[0], last[1] - _SAMPLE), last[1])]
    return merge(spans)
