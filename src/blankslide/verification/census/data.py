"""Where the census reads: files as they are, or as a plan would leave them.

`Overlay` lays planned bytes over a file without writing any, so that the account can be drawn up before
the first write by the same code that draws it up afterwards.
"""

from __future__ import annotations

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from blankslide.source import ByteSource

Span = tuple[int, int]
CHUNK = 1 << 20


class Change(NamedTuple):
    """New bytes for ``[start, end)``; ``data`` is None for a fill with ``byte``."""

    start: int
    end: int
    data: bytes | None
    byte: int = 0


class Overlay:
    """A file with changes of equal length laid over it.

    Parameters
    ----------
    source
        The file as it is.
    changes
        Disjoint, in any order.
    """

    def __init__(self, source: ByteSource, changes: Iterable[Change]) -> None:
        self.source = source
        self.changes = sorted(changes)
        self.starts = [change.start for change in self.changes]
        self.ends = [change.end for change in self.changes]

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.source.size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``, as they would be.

        Raises
        ------
        DamagedSlide
            If the range is not wholly inside the file.
        """
        first, last = bisect_right(self.ends, offset), bisect_left(self.starts, offset + length)
        if first >= last:
            return self.source.read(offset, length)
        only = self.changes[first]
        if last == first + 1 and only.start <= offset and offset + length <= only.end:
            return _part(only, offset, offset + length)
        out = bytearray(self.source.read(offset, length))
        for change in self.changes[first:last]:
            low, high = max(change.start, offset), min(change.end, offset + length)
            out[low - offset : high - offset] = _part(change, low, high)
        return bytes(out)

    def data_ranges(self, start: int, end: int) -> Iterator[Span]:
        """Yield the parts of ``[start, end)`` that are not holes, in order."""
        return self.source.data_ranges(start, end)


def _part(change: Change, start: int, end: int) -> bytes:
    if change.data is None:
        return bytes((change.byte,)) * (end - start)
    return change.data[start - change.start : end - change.start]


class Stream(io.RawIOBase):
    """A `ByteSource` as the file object that libraries want; read only."""

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position and return it."""
        base = (0, self.position, self.source.size)[whence]
        self.position = max(0, base + offset)
        return self.position

    def read(self, size: int | None = -1) -> bytes:
        """Return up to ``size`` bytes; all that are left if it is negative or None."""
        left = max(0, self.source.size - self.position)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self.source.read(self.position, wanted) if wanted else b""
        self.position += len(data)
        return data

    def readall(self) -> bytes:
        """Return all bytes that are left."""
        return self.read()

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return how many bytes were read."""
        room = memoryview(buffer).cast("B")  # of whatever type: numpy's arrays are buffers, too
        data = self.read(len(room))
        room[: len(data)] = data
        return len(data)


def without(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    """Return the parts of ``spans`` outside ``holes``; both sorted, and neither overlaps itself."""
    out: list[Span] = []
    i = 0
    for start, end in spans:
        while i < len(holes) and holes[i][1] <= start:
            i += 1
        j, pos = i, start
        while j < len(holes) and holes[j][0] < end:
            if holes[j][0] > pos:
                out.append((pos, holes[j][0]))
            pos = max(pos, holes[j][1])
            j += 1
        if pos < end:
            out.append((pos, end))
    return out


def joined(spans: Iterable[Span]) -> list[Span]:
    """Sort spans, and join those that touch or overlap."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        elif start < end:
            out.append((start, end))
    return out


def pieces(source: ByteSource, spans: Sequence[Span]) -> Iterator[tuple[int, bytes]]:
    """Yield offset and bytes of all that is neither hole nor nothing but zeros, a megabyte at a time.

    Pieces of one span overlap by 4 kB, so that nothing is cut in two.
    """
    for low, high in spans:
        for start, end in source.data_ranges(low, high):
            for pos in range(start, end, CHUNK):
                data = source.read(pos, min(CHUNK + 4096, end - pos))
                if data.count(0) != len(data):
                    yield pos, data
