"""The segments of a JPEG stream: how long each may be, and what in it no decoder needs.

Tables are looked into: a Huffman table names each symbol once, and only symbols that exist; a quantization table that
no component uses, or that another one replaces before it was used, is not part of the picture. A table that is used
may spell something, for a picture that was drawn blank looks alike under any: words with a space between them, a word
longer than encoders' tables happen to hold (nine letters of one case, over all qualities), or a long number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.verification.census.coded import Coded


def quantization(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Give each table of a DQT segment: its number, where it begins and ends. What is behind the last is surplus."""
    while begin < end:
        size = 129 if data[begin] >> 4 == 1 else 65
        if data[begin] & 0xEF > 3 or begin + size > end:
            return
        yield data[begin], begin, begin + size
        begin += size


_SPELLED = re.compile(
    rb"[A-Za-z]{2,}[,.;:]? [A-Za-z]{2,}|[A-Z]?[a-z]{10,}|[A-Z]{10,}|[A-Z]?[0-9]{2,}(?:[/.:-][0-9]{2,}){2,}|[0-9]{9,}"
)
_DIFFERENT = 5


def spells(table: bytes) -> bool:
    """Tell whether a quantization table that is used holds words or a long number; one value repeated is neither."""
    return any(len(set(found[0])) >= _DIFFERENT for found in _SPELLED.finditer(table))


def huffman(data: bytes, begin: int, end: int, largest: int = 14) -> Iterator[tuple[int, int, int]]:
    """Give each table of a DHT segment that is possible: its number, where it begins and ends."""
    while begin + 17 <= end:
        size = 17 + sum(data[begin + 1 : begin + 17])
        if begin + size > end or not _possible(data[begin : begin + size], largest):
            return
        yield data[begin], begin, begin + size
        begin += size


@lru_cache(maxsize=64)
def _possible(table: bytes, largest: int) -> bool:
    """Tell whether a Huffman table can be one: codes that fit, symbols that exist, each of them once."""
    symbols = table[17:]
    left = 1
    for count in table[1:17]:
        left = 2 * left - count
        if left < 0:
            return False
    if table[0] & 0xEF > 3 or len(set(symbols)) != len(symbols):
        return False
    return all(s & 15 <= largest for s in symbols) if table[0] >> 4 else all(s <= largest + 2 for s in symbols)


class Frame:
    """What a SOF segment says.

    Parameters
    ----------
    data
        The stream.
    begin
        Where the segment's body begins, behind its length.
    """

    def __init__(self, data: bytes, begin: int) -> None:
        self.begin = begin
        self.precision = data[begin]
        self.height = data[begin + 1] << 8 | data[begin + 2]
        self.width = data[begin + 3] << 8 | data[begin + 4]
        self.samples = data[begin + 5]
        self.end = begin + 6 + 3 * self.samples
        body = data[begin + 6 : self.end]
        self.factors = {name: (f >> 4 or 1, f & 15 or 1) for name, f in zip(body[::3], body[1::3], strict=False)}
        self.quantizers = set(body[2::3])

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height of the blocks that are coded together."""
        if self.samples == 1:
            return 8, 8
        return 8 * max(w for w, _ in self.factors.values()), 8 * max(h for _, h in self.factors.values())

    def parts(self, names: bytes, coded: Coded) -> int:
        """Return how many units a scan has that holds the named components."""
        width, height = self.width or coded.width, self.height or coded.height
        across, down = self.unit
        if len(names) == 1 and self.samples > 1:  # a component alone is coded block by block
            own = self.factors.get(names[0], (1, 1))
            width, height = -(-width * own[0] * 8 // across), -(-height * own[1] * 8 // down)
            across = down = 8
        return -(-width // across) * -(-height // down)


def application(data: bytes, code: int, begin: int, end: int) -> int:
    """Return how much of an APPn segment belongs to the picture: JFIF's 14 bytes, Adobe's 12, of any other nothing."""
    if code == 0xE0 and data.startswith(b"JFIF\0", begin) and end - begin >= 14:
        return begin + 14 if data[begin + 12 : begin + 14] == b"\0\0" else 0  # else a thumbnail follows
    if code == 0xEE and data.startswith(b"Adobe", begin) and end - begin >= 12:
        return begin + 12
    return 0
