"""What the pictures of a slide look like before anything is written.

Words and pixels can contradict each other: what a plan calls a label may be a level. So each picture that a
plan would change is looked at first. What was seen is remembered, so that the second account, drawn up on the
files as they would be, looks only at what changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census import ifds
from blankslide.verification.census.account import Account
from blankslide.verification.census.roles import prove
from blankslide.verification.census.tiff import Tiff

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.memory import Memory
    from blankslide.verification.census.tiff_pages import Page

_TISSUE = ("level", "thumbnail", "channel")


class Endangered(NamedTuple):
    """A picture that shows the slide and would be changed."""

    file: int
    where: str
    width: int
    height: int
    proven: str


def look_before(files: Sequence[ByteSource], changes: Mapping[int, Sequence[Span]], memory: Memory) -> list[Endangered]:
    """Look at the pictures of a slide as it is.

    Parameters
    ----------
    files
        As they are.
    changes
        For each file the spans that a plan would change, sorted and disjoint.
    memory
        What is seen is remembered here.

    Returns
    -------
    list of Endangered
        Pictures that look like the slide and would be changed.
    """
    found: list[Endangered] = []
    for number, source in enumerate(files):
        if source.size > 8 and source.read(0, 4) in ifds.MAGIC:
            found += _tiff(number, source, changes.get(number, ()), memory)
    return found


def _tiff(number: int, source: ByteSource, changes: Sequence[Span], memory: Memory) -> list[Endangered]:
    try:
        stock = Tiff(Account(), number, source, memory=memory)
        looks = stock.looks()
    except Exception:  # what no library reads is told of by the account
        return []
    return [
        Endangered(number, page.directory.where, page.width, page.height, role.proven)
        for page, role in zip(stock.pages, prove(stock.candidates(looks), memory.pairs), strict=True)
        if role.proven in _TISSUE and _pixels_change(stock, page, changes)
    ]


def _pixels_change(stock: Tiff, page: Page, changes: Sequence[Span]) -> bool:
    """Whether a change lies in what a segment needs for its pixels, and not in a comment or behind its end."""
    if not changes:
        return False
    import numpy as np

    low, high = np.array([start for start, _ in changes]), np.array([end for _, end in changes])
    count = min(page.needed, len(page.offsets))
    starts, ends = page.offsets[:count], page.offsets[:count] + page.lengths[:count]
    first, last = np.searchsorted(high, starts, side="right"), np.searchsorted(low, ends, side="left")
    for number in np.flatnonzero(last > first).tolist():
        start, end = int(starts[number]), int(ends[number])
        touched = [(max(a, start) - start, min(b, end) - start) for a, b in changes[first[number] : last[number]]]
        if not stock.all_beside(page, number, touched):
            return True
    return False
