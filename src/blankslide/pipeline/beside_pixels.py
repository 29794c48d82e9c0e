"""Whether bytes of tiles that were emptied were text beside the pixels, asked when nobody remembers what stood there.

After a run, a comment in a tile is blank, and no format tells of it any more: to the byte map it is tissue like the
rest of the tile. So words are laid over it, in memory, and the slide is inspected again. If the plan would now
overwrite just these bytes, they are room for text; of coded pixels no format says so, whatever stands in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.errors import SlideError
from blankslide.model import Patch
from blankslide.pipeline.balancing import AsPlanned
from blankslide.pipeline.opening import inspected_as
from blankslide.planner import make_plan
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.pipeline.job import Job

_WORDS = b"Somebody was here "


def are_beside_pixels(job: Job, spans: Mapping[int, Sequence[tuple[int, int]]]) -> bool:
    """Whether a slide's plan would remove words that stood in these bytes, all of them.

    Parameters
    ----------
    spans
        For each of the slide's files, by its number, byte ranges ``[start, end)``.
    """
    words = [Patch(file, a, b - a, _said(b - a)) for file, own in spans.items() for a, b in own]
    spoken = AsPlanned(job.slide, words)
    key = job.options.planning_key
    try:
        found = inspected_as(job.inspection.format, spoken, spoken.files, key, thorough=True)
        patches = make_plan(found, job.options.resolved(), spoken.files, key).patches
    except SlideError:
        return False
    return all(not subtract(own, _written(patches, file)) for file, own in spans.items())


def _said(length: int) -> bytes:
    return (_WORDS * (length // len(_WORDS) + 1))[:length]


def _written(patches: Sequence[Patch], file: int) -> list[tuple[int, int]]:
    return merge([(patch.offset, patch.offset + patch.length) for patch in patches if patch.file == file])
