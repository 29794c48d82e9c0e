"""What the pictures of a slide look like before anything is written.

Words and pixels can contradict each other: what a plan calls a label may be a level. So each picture that a
plan would change is looked at first. What was seen is remembered, so that the second account, drawn up on the
files as they would be, looks only at what changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from blankslide.verification.census import ifds
from blankslide.verification.census.account import Account
from blankslide.verification.census.data import Stream, joined, without
from blankslide.verification.census.roles import prove
from blankslide.verification.census.sight import Sight
from blankslide.verification.census.streams import beside
from blankslide.verification.census.tiff import Tiff

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.tiff_pages import Page

_FEW = 32
"""Segments of one picture that are walked: a picture that is drawn over changes in each of them."""
_TISSUE = ("level", "thumbnail", "channel")


class Endangered(NamedTuple):
    """A picture that shows the slide and would be changed."""

    file: int
    where: str
    width: int
    height: int
    proven: str


def look_before(files: Sequence[ByteSource], changes: Mapping[int, Sequence[Span]]) -> tuple[Sight, list[Endangered]]:
    """Look at the pictures of a slide as it is.

    Parameters
    ----------
    files
        As they are.
    changes
        For each file the spans that a plan would change, sorted and disjoint.

    Returns
    -------
    Sight, list of Endangered
        What was seen, and those pictures that look like the slide and would be changed.
    """
    sight = Sight(changes=changes)
    found: list[Endangered] = []
    for number, source in enumerate(files):
        if source.size > 8 and source.read(0, 4) in ifds.MAGIC:
            found += _tiff(sight, number, source)
    return sight, found


def _tiff(sight: Sight, number: int, source: ByteSource) -> list[Endangered]:
    from tifffile import TiffFile

    try:
        stock = Tiff(Account(), number, source)
        with TiffFile(cast("IO[bytes]", Stream(source))) as library:
            looks = stock.looks(library)
    except Exception:  # what no library reads is told of by the account
        return []
    found = []
    roles = prove(stock.candidates(looks))
    tissue = [page for page, role in zip(stock.pages, roles, strict=True) if role.proven in _TISSUE]
    slide = max(tissue, key=lambda page: page.width * page.height, default=None)
    for page, look, role in zip(stock.pages, looks, roles, strict=True):
        if look is not None:
            sight.looks[number, page.directory.at] = look
        touched = role.proven in _TISSUE and sight.is_touched(number, page)
        if touched and slide and _has_shape_of(page, slide) and _is_drawn_over(stock, page, sight.changes[number]):
            found.append(Endangered(number, page.directory.where, page.width, page.height, role.proven))
    return found


def _has_shape_of(page: Page, slide: Page) -> bool:
    """Whether a picture can be a smaller version of another one: a macro may look like the slide, but shows more."""
    across, down = page.width * slide.height, page.height * slide.width
    few = 2 * max(slide.width, slide.height)  # pixels that rounding takes from a small picture
    return abs(across - down) <= max(max(across, down) // 10, few)


def _is_drawn_over(stock: Tiff, page: Page, changes: Sequence[Span]) -> bool:
    """Whether a plan would change a picture's pixels, and not only what stands beside them in its segments."""
    import numpy as np

    count = min(page.needed, len(page.offsets))
    starts, ends = page.offsets[:count], page.offsets[:count] + page.lengths[:count]
    low, high = np.array([a for a, _ in changes]), np.array([b for _, b in changes])
    first, last = np.searchsorted(high, starts, side="right"), np.searchsorted(low, ends, side="left")
    touched = np.flatnonzero(last > first)
    step = max(1, len(touched) // _FEW)
    return any(
        _changes_pixels(stock, page, int(i), changes[int(first[i]) : int(last[i])]) for i in touched[::step].tolist()
    )


def _changes_pixels(stock: Tiff, page: Page, number: int, changes: Sequence[Span]) -> bool:
    """Whether changes reach coded data of one segment; of one that nobody can walk, whether they reach most of it."""
    start, length = int(page.offsets[number]), int(page.lengths[number])
    own = [(max(a - start, 0), min(b - start, length)) for a, b in changes]
    data = stock.coded(page, number)
    width, height = page.size_of(number)
    rest = None if data is None else beside(data, page.coding._replace(width=width, height=height))
    if data is None or rest is None:
        return 2 * sum(b - a for a, b in own) > length
    # the head of a JPEG holds no pixels: names and densities in it are nobody's tissue
    head = [(0, max(data.find(b"\xff\xda"), 0))] if data[:2] == b"\xff\xd8" else []
    return bool(without(own, joined((*head, *rest))))
