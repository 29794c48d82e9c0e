"""Directories that hold a picture: its size, its segments, and how they are coded."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census import tags
from blankslide.verification.census.streams import Coded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.source import ByteSource
    from blankslide.verification.census.ifds import Directory, Walk

_BLOCK = 1 << 20


class Page(NamedTuple):
    """A directory that holds a picture: its size, its segments and how they are coded."""

    directory: Directory
    width: int
    height: int
    across: int
    down: int
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    needed: int
    tiled: bool
    coding: Coded

    def coding_of(self, number: int) -> Coded:
        """Return what a segment must be."""
        width, height = self.size_of(number)
        same = width == self.coding.width and height == self.coding.height
        return self.coding if same else self.coding._replace(width=width, height=height)

    def size_of(self, number: int) -> tuple[int, int]:
        """Return width and height of a segment as stored, in pixels: the last strip is shorter, tiles are not."""
        if self.tiled:
            return self.across, self.down
        rows = -(-self.height // self.down)
        last = number % rows == rows - 1
        return self.width, (self.height - (rows - 1) * self.down if last else self.down)


def page_of(walk: Walk, directory: Directory) -> Page | None:
    """Return a directory as a picture, or None if it holds none."""
    width, height = _one(walk, directory, 256), _one(walk, directory, 257)
    found = [directory.first(code) for code in (324, 273, 513)]
    lead = next((entry for entry in found if entry is not None), None)
    if not width or not height or lead is None:
        return None
    offsets = walk.array(lead)
    lengths = walk.array(directory.first(tags.LEADING[lead.code]))
    some = min(len(offsets), len(lengths))
    samples = _one(walk, directory, 277) or 1
    parts = samples if _one(walk, directory, 284) == 2 else 1
    tiled = lead.code == 324
    across = _one(walk, directory, 322) if tiled else width
    down = _one(walk, directory, 323) if tiled else min(_one(walk, directory, 278) or height, height)
    if not across or not down:
        return None
    needed = -(-width // across) * -(-height // down) * parts if tiled else -(-height // down) * parts
    bits = directory.first(258)
    depth = int(walk.numbers(bits)[0]) if bits and bits.number else 1
    tables = directory.first(tags.TABLES)
    coding = Coded(
        _one(walk, directory, 259) or 1, across, down, samples // parts if parts > 1 else samples, depth,
        walk.bytes_of(tables) if tables else b"",
    )  # fmt: skip
    return Page(directory, width, height, across, down, offsets[:some], lengths[:some], needed, tiled, coding)


def _one(walk: Walk, directory: Directory, code: int) -> int:
    entry = directory.first(code)
    if entry is None or not entry.number or entry.kind in (2, 5, 7, 10, 129):
        return 0
    return int(walk.numbers(entry)[0]) if entry.number == 1 else 0


class Together:
    """Reads segments that lie one behind the other at once: one question to the file instead of many thousand.

    No byte is read that belongs to none of them, so that what is remembered of a page depends on the page alone.
    """

    def __init__(self, source: ByteSource, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self._source, self._low, self._block = source, 0, b""
        inside = (lengths > 0) & (lengths <= source.size) & (starts >= 0) & (starts <= source.size - lengths)
        self._runs = _runs(starts[inside], (starts + lengths)[inside])

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``."""
        at = offset - self._low
        if at < 0 or at + length > len(self._block):
            end = self._runs.get(offset, 0)
            if end < offset + length:
                return self._source.read(offset, length)
            self._low, self._block, at = offset, self._source.read(offset, end - offset), 0
        return self._block[at : at + length]


def _runs(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> dict[int, int]:
    """Return where runs of segments without gaps begin and end, none longer than a block or else a single one."""
    breaks = [0, *((starts[1:] != ends[:-1]).nonzero()[0] + 1).tolist(), len(starts)]
    found: dict[int, int] = {}
    for first, last in pairwise(breaks):
        while first < last:
            low = int(starts[first])
            some = int(ends[first:last].searchsorted(low + _BLOCK, "right")) or 1
            found[low] = int(ends[first + some - 1])
            first += some
    return found
