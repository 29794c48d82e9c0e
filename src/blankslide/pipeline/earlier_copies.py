"""A copy that is there already, and whether it is just the one that would be made now.

A run over many slides that was killed is begun again, and must not make a second copy of what it has copied, nor take
another slide's copy for it. A copy gets its name only when it is whole, so it is enough to ask whether it is this
slide's: every planned byte stands in it, its other bytes that are not tissue are the slide's, and so are the first and
last of the tissue. Then it is judged as `verify` judges. Nothing is written here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.pipeline.judging import unwritten, verify
from blankslide.pipeline.opening import opened
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
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
