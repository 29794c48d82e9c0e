"""Walk blocks of wavelet coefficients, as iSyntax codes them, from head to last bit.

A block says how many bytes come out (or, in the second version, which bit planes there are), which symbol begins a run
of zeros, and how many bits the run's length has; then its Huffman tree, depth first, and the symbols, all from the
lowest bit of each byte on. Out come one or three sets of bit planes of 2048 bytes, and in the first version a mask for
each set. A stream that yields exactly that is whole, and what stands behind it says something.

Blocks stand behind the head of a DICOM item, which has their length; some files list only rows of such items. A block
takes milliseconds, so that few of a row are walked. Behind the header stands a table of places: numbers, in which no
more than three letters can stand in a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from blankslide.verification.census.coded import Ranges, joined, speaking

_PLANE, _MASK = 2048, 2
_ITEM, _TABLE = b"\xfe\xff\x00\xe0", b"\x1d\x30\x15\x20"
_LEAST, _LEAVES, _DEPTH, _WIDE = 2, 256, 32, 12
_MOST = 3 * (16 * _PLANE + _MASK)
_FEW = 16
"""Blocks of a row that are walked."""
_LETTER = bytes(33 <= byte < 127 for byte in range(256))


def is_row(data: bytes) -> bool:
    """Whether bytes begin like a block behind its head, or like a table of places."""
    return data[:4] in (_ITEM, _TABLE) and len(data) >= 8


def beside(data: bytes, thorough: bool = False) -> Ranges | None:
    """Return what a row of blocks, or a table of their places, holds beside them; None if it is neither.

    Parameters
    ----------
    data
        One item or several, or a table.
    thorough
        Walk each block of a row.
    """
    if data[:4] == _TABLE:
        return [] if int.from_bytes(data[4:8], "little") == len(data) - 8 and are_numbers(data) else None
    blocks = list(_blocks(data))
    if not blocks:
        return None
    last, few = len(blocks) - 1, len(blocks) if thorough else min(_FEW, len(blocks))
    rest = speaking(data, blocks[-1][1])
    for number in {round(i * last / max(1, few - 1)) for i in range(few)}:
        begin, end = blocks[number]
        rest += _behind(data[begin:end], begin)
    return joined(rest)


def are_numbers(data: bytes) -> bool:
    """Whether bytes are numbers of 32 bits: the last byte of each is no letter, and no text in UTF-16 is among them."""
    return len(data) % 4 == 0 and not any(data[3::4].translate(_LETTER)) and _wide().search(data) is None


@cache
def _wide() -> re.Pattern[bytes]:
    return re.compile(rb"(?:[ -~]\0){6}")


def _blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each block behind the head of an item, one directly behind the other."""
    at = 0
    while data[at : at + 4] == _ITEM:
        begin = at + 8
        at = begin + int.from_bytes(data[at + 4 : begin], "little")
        if at > len(data):
            return
        yield begin, at


def _behind(block: bytes, base: int) -> Ranges:
    """Return what a block holds behind its last symbol: all of it, if it cannot be walked."""
    if not any(block):
        return []
    for length, begin in _heads(block):
        try:
            end = _Symbols(block, begin).pass_over(length)
        except _Broken:
            continue
        return [(low + base, high + base) for low, high in speaking(block, (end + 7) // 8)]
    return [(base, base + len(block))]


def _heads(block: bytes) -> Iterator[tuple[int, int]]:
    """Yield how many bytes come out, and where the word about runs stands, in the first version and in the second."""
    length = int.from_bytes(block[:4], "little")
    whole = any(length in range(n * _MASK, n * (16 * _PLANE + _MASK) + 1, _PLANE) for n in (1, 3))
    if 0 < length <= _MOST and (whole or length in (16 * _PLANE, 48 * _PLANE)):
        yield length, 4
        return
    for sets in (1, 3):
        planes = int.from_bytes(block[: sets * _MASK], "little").bit_count()
        if planes:
            yield planes * _PLANE, sets * _MASK


class _Broken(Exception):
    """It is no such block."""


class _Symbols:
    """The symbols of one block; all places are counted in bits."""

    def __init__(self, data: bytes, begin: int) -> None:
        self.data = data
        self.last = 8 * len(data)
        if len(data) < begin + 3:
            raise _Broken
        self.zero, self.size = data[begin], data[begin + 1]
        self.short: list[int] = [0] * (1 << _WIDE)
        self.long: dict[tuple[int, int], int] = {}
        self.deepest = 0
        if not 0 < self.size <= 32:
            raise _Broken
        self.at = self._tree(8 * (begin + 2))

    def _bits(self, at: int, count: int) -> int:
        if at + count > self.last:
            raise _Broken
        return int.from_bytes(self.data[at >> 3 : (at + count + 7) >> 3], "little") >> (at & 7) & ((1 << count) - 1)

    def _tree(self, at: int) -> int:
        """Read the tree: a 0 is a fork, a 1 and eight bits are a leaf; return where the symbols begin."""
        waiting, leaves = [(0, 0)], 0  # depth and code of what is still to be read
        while waiting:
            depth, code = waiting.pop()
            if self._bits(at, 1):
                self._leaf(depth, code, self._bits(at + 1, 8))
                at, leaves = at + 9, leaves + 1
            else:
                at += 1
                waiting += [(depth + 1, code | 1 << depth), (depth + 1, code)]
            if depth >= _DEPTH or leaves > _LEAVES or (not waiting and leaves < _LEAST):
                raise _Broken
        return at

    def _leaf(self, depth: int, code: int, symbol: int) -> None:
        self.deepest = max(self.deepest, depth)
        if depth <= _WIDE:
            count = 1 << _WIDE - depth
            self.short[code :: 1 << depth] = [depth << 8 | symbol | 1 << 16] * count
        else:
            self.long[depth, code] = symbol

    def _next(self, at: int) -> tuple[int, int]:
        """Return the symbol at a place, and the place behind it."""
        word = int.from_bytes(self.data[at >> 3 : (at >> 3) + 3], "little") >> (at & 7) & ((1 << _WIDE) - 1)
        known = self.short[word]
        if known:
            return known & 0xFF, at + (known >> 8 & 0xFF)
        for depth in range(_WIDE + 1, self.deepest + 1):
            symbol = self.long.get((depth, self._bits(at, depth)))
            if symbol is not None:
                return symbol, at + depth
        raise _Broken

    def pass_over(self, length: int) -> int:
        """Go through symbols until so many bytes have come out; return where the last of them ends."""
        at, made = self.at, 0
        while made < length:
            symbol, behind = self._next(at)
            if symbol != self.zero:
                at, made = behind, made + 1
                continue
            zeros, at = self._run(behind, length - made)
            made += zeros or 1  # of no length, it is the symbol itself
        if made != length or at > self.last:
            raise _Broken
        return at

    def _run(self, at: int, most: int) -> tuple[int, int]:
        """Return the length of a run, of which each further symbol of runs gives more bits, and the place behind it."""
        zeros, at = self._bits(at, self.size), at + self.size
        while 0 < zeros < most:
            symbol, behind = self._next(at)
            if symbol != self.zero:
                break
            zeros, at = zeros << self.size | self._bits(behind, self.size), behind + self.size
        return zeros, at
