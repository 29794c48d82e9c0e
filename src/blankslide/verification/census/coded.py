"""What a coded picture must be, and the small tools that every walker of streams needs.

A range is a pair of offsets in the stream, the second behind its last byte. Zeros say nothing, so that ranges begin
and end at bytes that do; long fillings with zeros are ordinary in slides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

Ranges = list[tuple[int, int]]

#: A coded tile or strip that would be larger when unpacked is not looked at.
MOST_BYTES = 1 << 31

_SAYS = re.compile(rb"[^\0]")


class Coded(NamedTuple):
    """What a coded picture must be.

    Attributes
    ----------
    compression
        The number that TIFF gives the codec.
    width, height
        Of this tile or strip, in pixels as stored; zeros where nobody announces them, and any size will do.
    samples
        How many there are in each pixel of this segment.
    bits
        How many each sample has.
    tables
        `JPEGTables` of the page, if it has them.
    """

    compression: int
    width: int
    height: int
    samples: int
    bits: int
    tables: bytes = b""

    @property
    def size(self) -> int:
        """Bytes of the picture when it is not coded; each row begins at a byte."""
        return self.height * ((self.width * self.samples * self.bits + 7) // 8)

    @property
    def possible(self) -> bool:
        """Whether it can be a tile or strip at all: none of its numbers is 0, and it can be held in memory."""
        return min(self.width, self.height, self.samples, self.bits) > 0 and self.size <= MOST_BYTES


def speaking(data: bytes, begin: int, end: int | None = None) -> Ranges:
    """Return what stands in `data[begin:end]` without the zeros around it, as one range or none."""
    end = len(data) if end is None else min(end, len(data))
    if begin >= end:
        return []
    first = _SAYS.search(data, begin, end)
    return [(first.start(), begin + len(data[begin:end].rstrip(b"\0")))] if first else []


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the ranges sorted and disjoint, without empty ones; touching ones become one."""
    found: Ranges = []
    for begin, end in sorted(ranges):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif begin < end:
            found.append((begin, end))
    return found


def fits(is_: int, must: int) -> bool:
    """Tell whether a side of a stream fits: whole blocks and padded last strips may be a little longer than seen."""
    return not must or must <= is_ < must + 64
