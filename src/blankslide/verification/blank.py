"""Whether bytes that were to be filled hold nothing but the fill.

Read afresh from the file, in bounded chunks; the answer names places, never bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.source import ByteSource

CHUNK = 1 << 20


def not_blank(source: ByteSource, fills: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """Return the ranges that hold anything but their fill byte.

    Parameters
    ----------
    source
        The file after the edit.
    fills
        Start, end and byte value of each range.

    Raises
    ------
    DamagedSlide
        If a range is not inside the file.
    """
    return [(start, end) for start, end, byte in fills if not _is_filled(source, start, end, byte)]


def _is_filled(source: ByteSource, start: int, end: int, byte: int) -> bool:
    for pos in range(start, end, CHUNK):
        data = source.read(pos, min(CHUNK, end - pos))
        if data.count(byte) != len(data):
            return False
    return True
