"""The bytes of an SQLite database that no row explains: freed pages, free blocks, the middle and the end of pages.

SQLite shows rows and schema only, and forgets nothing: what was deleted or shortened stays in bytes that no query
reaches. So pages are walked from the roots that SQLite names, each once; a cell and its chain of overflow pages explain
their own bytes, and all else of the file is loose. A walk that meets nonsense explains less, never more.

Source: https://www.sqlite.org/fileformat2.html (public domain).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import error as Broken
from struct import unpack_from
from typing import TYPE_CHECKING

from blankslide.verification.census.data import joined, without

if TYPE_CHECKING:
    from blankslide.verification.census.data import Span

_TABLE_LEAF, _TABLE, _INDEX_LEAF, _INDEX = 13, 5, 10, 2
_HEADER = 100
_FRAGMENT = 3
"""Bytes between two cells that are too few for a free block."""
_RESERVED_FOR_LATER = (72, 92)
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)
"""Bytes of a number, by its type."""


def unexplained(raw: bytes, roots: Sequence[int]) -> list[Span]:
    """Return the ranges of a database that hold something and belong to no row and to no structure.

    Parameters
    ----------
    raw
        The whole file.
    roots
        Numbers of the root pages of all tables and indexes, without the schema's own.
    """
    try:
        pages = _Pages(raw)
    except Broken:
        return [(0, len(raw))]
    for root in dict.fromkeys((1, *roots)):
        pages.tree(root)
    pages.upkeep()
    known = joined([(0, _RESERVED_FOR_LATER[0]), (_RESERVED_FOR_LATER[1], _HEADER), *pages.known])
    rest = ((low, high) for low, high in without([(0, len(raw))], known))
    return [(low, high) for low, high in rest if len(raw[low:high].strip(b"\0")) > _FRAGMENT]


def numbers_of(raw: bytes, root: int) -> Iterator[list[Span]]:
    """Yield for each row of a table, in its order, where its numbers stand; (0, 0) for other values.

    It ends early where a page is no page of a table.
    """
    try:
        pages = _Pages(raw)
        for start, end in pages.rows(root):
            yield pages.numbers(start, end)
    except (Broken, IndexError):
        return


class _Pages:
    """The pages of one file, and which of their bytes are explained."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        size = unpack_from(">H", raw, 16)[0]
        self.size = 65536 if size == 1 else max(512, size)
        self.usable = self.size - raw[20]
        self.known: list[Span] = []
        self._seen: set[int] = set()

    def _enter(self, number: int) -> int | None:
        """Return where a page begins; None if there is none of that number, or it was met before."""
        start = (number - 1) * self.size
        if number < 1 or number in self._seen or start + self.size > len(self.raw):
            return None
        self._seen.add(number)
        return start

    def tree(self, root: int) -> None:
        """Explain all pages below a root."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            start = self._enter(number)
            if start is not None:
                try:
                    waiting += self._page(start, start + (_HEADER if number == 1 else 0))
                except (Broken, IndexError):  # what is cut off explains nothing more
                    continue

    def _page(self, start: int, at: int) -> Iterator[int]:
        """Explain the header, the list of cells and the cells of a page; return the pages below it."""
        kind, _, cells = unpack_from(">BHH", self.raw, at)
        if kind not in (_TABLE_LEAF, _TABLE, _INDEX_LEAF, _INDEX):
            return iter(())
        inner = kind in (_TABLE, _INDEX)
        head = at + (12 if inner else 8)
        self._free_blocks(start, unpack_from(">H", self.raw, at + 1)[0])
        pointers = unpack_from(f">{min(cells, self.size // 2)}H", self.raw, head)
        self.known.append((at, head + 2 * len(pointers)))
        below = [unpack_from(">I", self.raw, at + 8)[0]] if inner else []
        for pointer in pointers:
            if at < start + pointer < start + self.usable:
                below += self._cell(kind, start + pointer, start + self.usable)
        return iter(below)

    def _free_blocks(self, start: int, at: int) -> None:
        """Explain the four bytes at the head of each free block of a page, not what the block holds."""
        while 0 < at <= self.usable - 4:
            self.known.append((start + at, start + at + 4))
            following = unpack_from(">H", self.raw, start + at)[0]
            at = following if following > at else 0

    def upkeep(self) -> None:
        """Explain the lists of freed pages, and the maps of pointers that some databases keep."""
        number, largest_root = unpack_from(">I", self.raw, 32)[0], unpack_from(">I", self.raw, 52)[0]
        while (start := self._enter(number)) is not None:
            number, leaves = unpack_from(">II", self.raw, start)
            self.known.append((start, start + 8 + 4 * min(leaves, self.usable // 4 - 2)))
        if largest_root:
            for start in range(self.size, len(self.raw), self.size * (self.usable // 5 + 1)):
                self.known.append((start, min(start + self.usable // 5 * 5, len(self.raw))))

    def _cell(self, kind: int, start: int, limit: int) -> list[int]:
        """Explain a cell and its overflow pages; return the page below it, if any."""
        at, below = start, []
        if kind in (_TABLE, _INDEX):
            below = [unpack_from(">I", self.raw, at)[0]]
            at += 4
        if kind == _TABLE:
            self.known.append((start, self._varint(at)[1]))
            return below
        payload, at = self._varint(at)
        if kind == _TABLE_LEAF:
            at = self._varint(at)[1]
        local = self._local(payload, kind)
        end = at + local
        if local < payload:
            self._chain(unpack_from(">I", self.raw, end)[0], payload - local)
            end += 4
        self.known.append((start, min(max(end, start + 4), limit)))
        return below

    def rows(self, root: int) -> Iterator[Span]:
        """Yield where each record of a table stands, as far as it is in its page."""
        waiting = [root]
        while waiting:
            start = self._enter(waiting.pop())
            if start is None:
                continue
            kind, _, cells = unpack_from(">BHH", self.raw, start)
            if kind not in (_TABLE, _TABLE_LEAF):
                return
            head = start + (12 if kind == _TABLE else 8)
            pointers = unpack_from(f">{min(cells, self.size // 2)}H", self.raw, head)
            if kind == _TABLE:
                waiting.append(unpack_from(">I", self.raw, start + 8)[0])
                waiting += [unpack_from(">I", self.raw, start + pointer)[0] for pointer in reversed(pointers)]
                continue
            for pointer in pointers:
                payload, at = self._varint(start + pointer)
                at = self._varint(at)[1]
                yield at, at + self._local(payload, _TABLE_LEAF)

    def numbers(self, start: int, end: int) -> list[Span]:
        """Return where the numbers of a record stand, by the types in its head; (0, 0) for all else."""
        length, at = self._varint(start)
        place, head, out = length, min(start + length, end), []
        while at < head:
            kind, at = self._varint(at)
            size = (kind - 12) // 2 if kind >= 12 else _SIZES[kind]
            out.append(self._place(start, end, place, size) if size and kind < 12 else (0, 0))
            place += size
        return out

    def _place(self, start: int, end: int, place: int, size: int) -> Span:
        """Return where some bytes of a record stand that begins at ``start`` and goes on in other pages at ``end``."""
        if start + place + size <= end:
            return start + place, start + place + size
        pages, at = divmod(start + place - end, self.usable - 4)
        if start + place < end or at + size > self.usable - 4 or pages > len(self.raw) // self.size:
            return 0, 0
        number = unpack_from(">I", self.raw, end)[0]
        for _ in range(pages):
            number = unpack_from(">I", self.raw, (number - 1) * self.size)[0] if number else 0
        first = (number - 1) * self.size + 4 + at
        return (first, first + size) if number and first + size <= len(self.raw) else (0, 0)

    def _local(self, payload: int, kind: int) -> int:
        """Return how much of a record stands in its cell."""
        most = self.usable - 35 if kind == _TABLE_LEAF else (self.usable - 12) * 64 // 255 - 23
        if payload <= most:
            return payload
        least = (self.usable - 12) * 32 // 255 - 23
        local = least + (payload - least) % (self.usable - 4)
        return local if local <= most else least

    def _chain(self, number: int, left: int) -> None:
        while left > 0 and (start := self._enter(number)) is not None:
            used = min(left, self.usable - 4)
            self.known.append((start, start + 4 + used))
            left -= used
            number = unpack_from(">I", self.raw, start)[0]

    def _varint(self, at: int) -> tuple[int, int]:
        value = 0
        for i in range(8):
            byte = self.raw[at + i]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value, at + i + 1
        return value << 8 | self.raw[at + 8], at + 9
