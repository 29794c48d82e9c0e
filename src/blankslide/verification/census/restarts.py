"""Hamamatsu's table of restart intervals: numbers that lead into a page's only picture.

A level of an NDPI is one JPEG, and a tag says where each of its restart intervals begins. A large level has hundred
thousands of them. So they are not told as numbers: they are structure if they rise, if none leads outside, and if where
they lead an interval begins; of many, some are asked. Another tag has their upper halves, where one has any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.verification.census.ifds import Directory, Walk

LOW, HIGH = 65426, 65432
TABLES = frozenset((LOW, HIGH))
_LONG, _MOST, _ASKED = 4, 1 << 24, 128
_HEADER = 16
"""Bytes that the header of a scan has at most, with its marker."""


def lead_to_restarts(walk: Walk, page: Directory) -> bool:
    """Whether a page's tables say nothing but where the restart intervals of its picture begin."""
    places, lead, length = _places(walk, page), walk.array(page.first(273)), walk.array(page.first(279))
    if places is None or len(lead) != 1 or len(length) != 1:
        return False
    start, size = int(lead[0]), int(length[0])
    if places[0] < 2 or places[-1] >= size or (places[1:] <= places[:-1]).any() or start + size > walk.source.size:
        return False
    last, asked = len(places) - 1, min(len(places), _ASKED)
    chosen = {round(i * last / max(1, asked - 1)) for i in range(asked)}
    return all(_begins(walk, start, int(places[i]), i == 0) for i in chosen)


def intervals(walk: Walk, page: Directory) -> int:
    """Return in how many intervals a page's picture is cut that can be found by a table; 0 if there is none."""
    table = page.first(LOW)
    return table.number if table is not None and lead_to_restarts(walk, page) else 0


def _places(walk: Walk, page: Directory) -> NDArray[np.int64] | None:
    """Return the numbers with their upper halves; without these, they begin again at zero after each 4 GB."""
    import numpy as np

    low, high = page.first(LOW), page.first(HIGH)
    if not walk.ndpi or low is None or low.kind != _LONG or not 0 < low.number <= _MOST:
        return None
    words = walk.array(low)
    if high is None:
        return words + (np.cumsum(np.diff(words, prepend=words[:1]) < 0) << 32)
    if high.kind != _LONG or high.number != low.number:
        return None
    return words + (walk.array(high) << 32)


def _begins(walk: Walk, start: int, place: int, first: bool) -> bool:
    """Whether a restart marker stands before a place, or, before the first one, the header of the scan."""
    before = walk.source.read(start + max(0, place - _HEADER), min(place, _HEADER))
    if before[-2] == 0xFF and 0xD0 <= before[-1] <= 0xD7:
        return True
    return first and b"\xff\xda" in before
