"""What a writer of many like pages leaves: values of an earlier directory again, beside those of a later one.

tifffile writes the second page's directory and values as one block, and that block again for each further page with
other offsets in it. A value that all pages share (resolution, lengths of tiles) is pointed at in the second page, and
its copies in the blocks of the others belong to nobody. They say nothing that the second page does not say.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from blankslide.containers.tiff.directories import Ifd, Tiff

#: What pages share: bits, lengths of strips and tiles, resolution, sample formats. Else they are told of themselves.
_SHARED = frozenset((258, 279, 282, 283, 325, 339))
#: Pages whose blocks are looked for again: the second is the one that is repeated.
_FIRST = 3
_LONGEST = 1 << 20


def only_echoes(tiff: Tiff, spans: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of the spans that hold only what an early page has at the same distance from its directory.

    Parameters
    ----------
    spans
        Ranges of bytes that nobody owns.
    """
    pages = sorted(tiff.pages[:], key=lambda page: page.offset)
    offsets = [page.offset for page in pages]
    early = [_values(page) for page in tiff.pages[:_FIRST]]
    return {(start, end) for start, end in spans if _is_echo(tiff, start, end, offsets, early)}


_Values = tuple[int, list[tuple[int, bytes]]]


def _values(page: Ifd) -> _Values:
    """Return where a page's directory stands, and what its shared values are, by distance from there."""
    found = [
        (entry.start - page.offset, page.raw(entry))
        for entry in page.entries
        if entry.inline is None and entry.tag in _SHARED and entry.start > page.offset
    ]
    return page.offset, found


def _is_echo(tiff: Tiff, start: int, end: int, offsets: Sequence[int], early: Sequence[_Values]) -> bool:
    at = bisect_right(offsets, start) - 1
    if at < 0 or end - start > _LONGEST:
        return False
    base, data = offsets[at], tiff.source.read(start, end - start)
    return any(not _without(data, start - base, found).strip(b"\0") for offset, found in early if offset < base)


def _without(data: bytes, first: int, found: Sequence[tuple[int, bytes]]) -> bytes:
    """Zero what stands in the data as it does there; ``first`` is the distance of the data's beginning."""
    out = bytearray(data)
    for low, high in _same(data, first, found):
        out[low:high] = bytes(high - low)
    return bytes(out)


def _same(data: bytes, first: int, found: Sequence[tuple[int, bytes]]) -> Iterator[tuple[int, int]]:
    for distance, value in found:
        low = distance - first
        if low >= 0 and data[low : low + len(value)] == value:
            yield low, low + len(value)
