"""The end of a large JPEG: what stands between its last scan and the end of its room in the file.

A level of many gigabytes is one stream, and only its end can be looked at. Coded data hold a byte 0xFF only
before a zero or as part of a restart marker, and never long rows of letters. So the first other marker ends the
data; if it is not the end of the picture or a segment with a length, or if a row of letters stands before it,
then the look began behind the picture, and the place where it begins is moved back, at most `_MOST` bytes.

Promise: a stream whose end is in order costs one read of 64 kB.

Source: ITU-T T.81, annex B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.source import ByteSource

__all__ = ["Tail", "tail"]

_LOOK, _MOST = 1 << 16, 1 << 24
_MARKER = pattern(rb"\xff[^\0\xff\xd0-\xd7]")
_LETTERS = pattern(rb"[\x20-\x7e\r\n\t]{32,}|(?:[\x20-\x7e]\0){16,}|(?:\0[\x20-\x7e]){16,}")
_EOI, _SOS = 0xD9, 0xDA
#: Segments that may stand between scans: tables, intervals, number of lines.
_TABLES = frozenset((0xC4, 0xDB, 0xDC, 0xDD, _SOS))
#: Segments that hold text wherever they stand.
_WORDY = frozenset((0xFE, *range(0xE0, 0xF0)))


class Tail(NamedTuple):
    """Text in the end of a stream, ``[start, end)`` from the stream's beginning; ``behind`` its end, or before it."""

    start: int
    end: int
    behind: bool


def tail(source: ByteSource, start: int, length: int, scan: int, last: int = 0) -> list[Tail]:
    """Find what stands behind the coded data of the last scan.

    Parameters
    ----------
    source
        The file.
    start, length
        Where the stream stands in it.
    scan
        A place in the stream that is before all coded data.
    last
        Where the last restart interval begins, if that is known; 0 if not.
    """
    at = last if scan < last < length else max(scan, length - _LOOK)
    while True:
        data = source.read(start + at, length - at)
        found = _walk(data)
        if found is not None:
            return [Tail(at + a, at + b, behind) for a, b, behind in found]
        if at <= scan or length - at >= _MOST:
            return []
        at = max(scan, length - 4 * max(length - at, _LOOK))


def _walk(data: bytes) -> list[tuple[int, int, bool]] | None:
    """Walk from coded data to the picture's end; None if this does not begin in coded data."""
    out: list[tuple[int, int, bool]] = []
    pos = 0
    while (found := _MARKER.search(data, pos)) is not None:
        if _LETTERS.search(data, pos, found.start()):
            return None
        marker, pos = data[found.start() + 1], found.end()
        if marker == _EOI:
            # a second mark of the end, and padding, are nothing
            return [*out, (pos, len(data), True)] if data[pos:].strip(b"\0\xff\xd9") else out
        end = pos + int.from_bytes(data[pos : pos + 2], "big")
        if marker not in _TABLES | _WORDY or end < pos + 2 or end > len(data):
            return None
        if marker in _WORDY and end > pos + 2:  # also if it is blank by now
            out.append((pos + 2, end, False))
        pos = end
    return None
