"""Whether a slide is whole: asked before a slide is taken that somebody may still be copying.

A copier may give a file its size at once and fill it later, in any order. So it is not enough that the structure can be
read: no tile may lie beyond the end, none may be a hole or begin with zeros where others of its kind are coded, and
nobody may have a file open for writing, as far as the system tells. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import SlideError, SlidePending
from blankslide.pipeline.looking import refuse_pending
from blankslide.pipeline.main_file import main_file
from blankslide.pipeline.opening import inspected, opened

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.spans import ByteMap
    from blankslide.storage.open_file import OpenFile

_LOOKED_AT = 2048
_START = 16
_RAW = 0.5
WRITTEN = "somebody is still writing to it"
ZEROS = "parts of it are still zeros, as if it were not copied to the end"


class Missing(NamedTuple):
    """Why a slide is not whole yet.

    Attributes
    ----------
    reason
        A sentence without values.
    certain
        False if it may be whole after all: uncompressed pixels may well be zeros.
    waits
        Whether somebody is at it, so that nothing can be said yet.
    """

    reason: str
    certain: bool = True
    waits: bool = False


def missing(path: Path) -> Missing | None:
    """Return what a slide lacks; None if it is whole, or waits to be recovered.

    Raises
    ------
    EnvironmentProblem, UsageError
        If it cannot be looked at now, or is gone; that says nothing about the slide.
    """
    path = main_file(path)
    try:
        refuse_pending(path)
        with opened(path) as slide:
            problem: SlideError | None = None
            try:
                maps = inspected(slide, None).maps
            except SlideError as error:
                problem, maps = error, ()
            from blankslide.storage.lock import is_written

            if is_written(slide):
                return Missing(WRITTEN, waits=True)
            if problem is not None:
                return Missing(problem.message)
            found = [_zeros(file, bytemap) for file, bytemap in zip(slide.files, maps, strict=False)]
    except SlidePending:
        return None
    except SlideError as error:
        return Missing(error.message)
    return max((each for each in found if each is not None), key=lambda each: each.certain, default=None)


def _zeros(file: OpenFile, bytemap: ByteMap) -> Missing | None:
    """Look for tissue that is not there yet."""
    parts = bytemap.tissue_parts()
    if not parts:
        return None
    lengths = [end - start for start, end in parts]
    empty = [part for part in _chosen(file, parts) if not any(file.read(part[0], min(_START, part[1] - part[0])))]
    if not empty:
        return None
    usual = max(set(lengths), key=lengths.count)
    raw = lengths.count(usual) > _RAW * len(lengths) and all(end - start == usual for start, end in empty)
    return Missing(ZEROS, certain=not raw)


def _chosen(file: OpenFile, parts: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield tiles that begin in a hole, and a spread of all: the first and the last are among them."""
    step = max(1, len(parts) // _LOOKED_AT)
    yield from parts[::step]
    yield parts[-1]
    if step == 1:
        return
    holes = iter(_holes(file, parts[0][0], parts[-1][1]))
    hole = next(holes, None)
    for part in parts:
        while hole is not None and hole[1] <= part[0]:
            hole = next(holes, None)
        if hole is None:
            return
        if hole[0] <= part[0]:
            yield part
            hole = next(holes, None)


def _holes(file: OpenFile, start: int, end: int) -> Iterator[tuple[int, int]]:
    for low, high in file.data_ranges(start, end):
        if start < low:
            yield start, low
        start = high
    if start < end:
        yield start, end
