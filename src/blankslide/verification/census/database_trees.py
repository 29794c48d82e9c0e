"""The trees of an SQLite database of any size, page by page; the pixels that its rows hold are left where they are.

A slide of gigabytes cannot be handed to SQLite in memory, and as it would be written it stands in no file. So pages of
trees are read here, each once, and the pages that a long value goes on in are counted: a chain of them is taken to be
straight, and if the pages do not add up, because one is owned twice or by nobody, all chains are followed.

Source: https://www.sqlite.org/fileformat2.html (public domain).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from struct import error as Broken
from struct import unpack_from
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.data import Span, joined, pieces

if TYPE_CHECKING:
    from blankslide.source import ByteSource

_TABLE_LEAF, _TABLE, _INDEX_LEAF, _INDEX = 13, 5, 10, 2
_HEADER, _LATER = 100, (72, 92)
_FRAGMENT = 3
_LOCK = 1 << 30
"""The page with this byte belongs to nobody: programs lock it."""
MANY, SOME = 4096, 512
"""Chains up to which the rest of each last page is looked at, and how many else."""
_ENCODINGS = {2: "utf-16-le", 3: "utf-16-be"}


class Row(NamedTuple):
    """One row: its id, the length of its record, where that begins, how much stands there, and where it goes on."""

    id: int
    size: int
    start: int
    local: int
    onward: int


class Trees:
    """The pages of one database.

    Attributes
    ----------
    broken
        Whether something was met that SQLite would not read.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        head = source.read(0, _HEADER)
        size = unpack_from(">H", head, 16)[0]
        self.size = 65536 if size == 1 else max(512, size)
        self.usable = self.size - head[20]
        self.encoding = _ENCODINGS.get(unpack_from(">I", head, 56)[0], "utf-8")
        self.pages = source.size // self.size
        self.broken = False
        self._freed, self._largest_root = unpack_from(">I", head, 32)[0], unpack_from(">I", head, 52)[0]
        self._owned = bytearray(self.pages + 1)
        self._owned[0] = 1
        self._loose: list[Span] = []
        self._chains: list[Row] = []
        self._lock = _LOCK // self.size + 1
        self._upkeep()

    # -- pages ---------------------------------------------------------------------------

    def _enter(self, number: int) -> int | None:
        """Own a page, and return where it begins; None if there is none of that number, or it was met before."""
        if not 0 < number <= self.pages or self._owned[number]:
            self.broken = True
            return None
        self._owned[number] = 1
        return (number - 1) * self.size

    def _upkeep(self) -> None:
        """Own the lists of freed pages, and the maps of pointers that some databases keep; not the freed pages."""
        if self._largest_root:
            step, used = self.usable // 5 + 1, self.usable // 5 * 5
            for number in range(2, self.pages + 1, step):
                at = self._enter(number + (number == self._lock))
                if at is not None:
                    self._gap(at + used, self.source.read(at + used, self.size - used))
        number = self._freed
        while number and (start := self._enter(number)) is not None:
            data = self.source.read(start, self.size)
            number, leaves = unpack_from(">II", data)
            used = 8 + 4 * min(leaves, self.usable // 4 - 2)
            self._gap(start + used, data[used:])

    def _gap(self, start: int, data: bytes) -> None:
        if data.count(0) != len(data) and len(data.strip(b"\0")) > _FRAGMENT:
            self._loose.append((start, start + len(data)))

    def is_index(self, root: int) -> bool:
        """Whether a tree is that of an index, or of a table whose rows have no ids."""
        return 0 < root <= self.pages and self.source.read((root - 1) * self.size, 1)[0] in (_INDEX, _INDEX_LEAF)

    def rows(self, root: int) -> Iterator[tuple[Row, bytes]]:
        """Yield the rows of a tree, and what of each record stands in its page; those of a table in their order."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            start = self._enter(number)
            if start is None:
                continue
            data = self.source.read(start, self.size)
            try:
                found, below = self._page(start, data, _HEADER if number == 1 else 0)
            except (Broken, IndexError):
                self.broken = True
                self._loose.append((start, start + self.size))
                continue
            waiting += reversed(below)
            yield from found

    def _page(self, start: int, data: bytes, at: int) -> tuple[list[tuple[Row, bytes]], list[int]]:
        """Take a page apart: its rows, and the pages below it."""
        kind, free, cells = unpack_from(">BHH", data, at)
        if kind not in (_TABLE_LEAF, _TABLE, _INDEX_LEAF, _INDEX):
            raise IndexError
        inner = kind in (_TABLE, _INDEX)
        head = at + (12 if inner else 8)
        pointers = unpack_from(f">{min(cells, self.size // 2)}H", data, head)
        used = [(at, head + 2 * len(pointers)), *([(0, _LATER[0]), (_LATER[1], at)] if at else [])]
        while 0 < free <= self.usable - 4:
            used.append((free, free + 4))
            following = unpack_from(">H", data, free)[0]
            free = following if following > free else 0
        found, below = list[tuple[Row, bytes]](), list[int]()
        for pointer in pointers:
            first, row = self._cell(kind, start, data, pointer)
            if inner:
                below.append(unpack_from(">I", data, pointer)[0])
            if row is None:
                used.append((pointer, first))
                continue
            end = first + row.local
            found.append((row, data[first:end]))
            if row.onward:
                self._chains.append(row)
                end += 4
            used.append((pointer, min(max(end, pointer + 4), self.usable)))
        if inner:
            below.append(unpack_from(">I", data, at + 8)[0])
        self._gaps(start, data, used)
        return found, below

    def _gaps(self, start: int, data: bytes, used: list[Span]) -> None:
        done = 0
        for low, high in sorted(used):
            if low > done:
                self._gap(start + done, data[done:low])
            done = max(done, high)
        self._gap(start + done, data[done:])

    def _cell(self, kind: int, start: int, data: bytes, at: int) -> tuple[int, Row | None]:
        """Return where the record of a cell begins in its page, and its row, if it has one."""
        at += 4 if kind in (_TABLE, _INDEX) else 0
        id_ = 0
        if kind == _TABLE:
            return varint(data, at)[1], None
        size, at = varint(data, at)
        if kind == _TABLE_LEAF:
            id_, at = varint(data, at)
            id_ -= (id_ >> 63) << 64
        local = self._local(size, kind)
        if at + local + 4 * (local < size) > self.usable:
            raise IndexError
        onward = unpack_from(">I", data, at + local)[0] if local < size else 0
        self.broken = self.broken or (local < size and not onward)
        return at, Row(id_, size, start + at, local, onward)

    def _local(self, payload: int, kind: int) -> int:
        """Return how much of a record stands in its cell."""
        most = self.usable - 35 if kind == _TABLE_LEAF else (self.usable - 12) * 64 // 255 - 23
        if payload <= most:
            return payload
        least = (self.usable - 12) * 32 // 255 - 23
        local = least + (payload - least) % (self.usable - 4)
        return local if local <= most else least

    # -- long records --------------------------------------------------------------------

    def record(self, row: Row) -> bytes:
        """Return the whole record of a row; what cannot be followed is missing."""
        return self.part(row, 0, row.size)

    def part(self, row: Row, low: int, high: int) -> bytes:
        """Return some bytes of a record, without reading what stands before them in other pages."""
        out = [self.source.read(row.start + low, max(0, min(high, row.local) - low))] if low < row.local else []
        at, full = row.local, self.usable - 4
        for page in self._followed(row) if high > row.local else ():
            first, last = max(low, at), min(high, at + full)
            if first < last:
                out.append(self.source.read(page + 4 + first - at, last - first))
            at += full
            if at >= high:
                break
        return b"".join(out)

    def place(self, row: Row, low: int, high: int) -> Span:
        """Return where a part of a record stands in the file; (0, 0) if it is divided between two pages."""
        if high <= row.local:
            return row.start + low, row.start + high
        number, at = divmod(low - row.local, self.usable - 4)
        if low < row.local or at + high - low > self.usable - 4:
            return 0, 0
        page = next(islice(self._followed(row), number, None), 0)
        return (page + 4 + at, page + 4 + at + high - low) if page else (0, 0)

    def _followed(self, row: Row) -> Iterator[int]:
        """Yield where each page begins that a record goes on in, as they are linked."""
        number = row.onward
        for _ in range(self._count(row)):
            if not 0 < number <= self.pages:
                self.broken = True
                return
            at = (number - 1) * self.size
            yield at
            number = unpack_from(">I", self.source.read(at, 4))[0]

    def _count(self, row: Row) -> int:
        return min(-(-(row.size - row.local) // (self.usable - 4)), self.pages)

    def loose(self, thorough: bool) -> list[Span]:
        """Return what holds something and belongs to no row and to no structure; call it when all trees were walked."""
        before, end = bytes(self._owned), self.pages * self.size
        straight = not thorough and all(map(self._own_straight, self._chains))
        spans = self._ownerless() if straight else []
        if not straight or spans:
            self._owned[:] = before
            for row in self._chains:
                for at in self._followed(row):
                    self._enter(at // self.size + 1)
            spans = self._ownerless()
        if end < self.source.size and any(True for _ in pieces(self.source, [(end, self.source.size)])):
            spans.append((end, self.source.size))
        few = self._chains if thorough or len(self._chains) <= MANY else spread(self._chains, SOME)
        if self._ends(few, straight) and len(few) < len(self._chains):
            self._ends(self._chains, straight)
        return joined([*self._loose, *spans])

    def _own_straight(self, row: Row) -> bool:
        """Own the pages of a chain as if it were straight; return whether all of them are there and were free."""
        first, last = row.onward, row.onward + self._count(row) - 1
        if first <= self._lock <= last or self._largest_root:
            return self._own_one_by_one(row)
        if not 0 < first <= last <= self.pages or self._owned.find(1, first, last + 1) >= 0:
            return False
        self._owned[first : last + 1] = b"\1" * (last + 1 - first)
        return True

    def _own_one_by_one(self, row: Row) -> bool:
        """Do the same where a page for locks or a map of pointers may stand among the pages."""
        number = row.onward
        for _ in range(self._count(row)):
            while number == self._lock or (self._largest_root and (number - 2) % (self.usable // 5 + 1) == 0):
                number += 1
            if not 0 < number <= self.pages or self._owned[number]:
                return False
            self._owned[number] = 1
            number += 1
        return True

    def _ownerless(self) -> list[Span]:
        """Return the stretches of pages that nobody owns and that hold anything."""
        out, number = list[Span](), self._owned.find(0)
        while number >= 0:
            end = self._owned.find(1, number)
            end = end if end >= 0 else self.pages + 1
            span = ((number - 1) * self.size, (end - 1) * self.size)
            if any(True for _ in pieces(self.source, [span])):
                out.append(span)
            number = self._owned.find(0, end) if end <= self.pages else -1
        return out

    def _ends(self, rows: Sequence[Row], straight: bool) -> bool:
        """Look behind the ends of long records, in their last pages; return whether anything stands there."""
        before = len(self._loose)
        for row in rows:
            last = row.onward + self._count(row) - 1
            at = (last - 1) * self.size
            if not straight or self._largest_root or row.onward <= self._lock <= last:
                at = [0, *self._followed(row)][-1]
            used = 4 + (row.size - row.local - 1) % (self.usable - 4) + 1
            if at:
                self._gap(at + used, self.source.read(at + used, self.size - used))
        return len(self._loose) > before


def spread(rows: Sequence[Row], count: int) -> list[Row]:
    """Choose first, last, and a spread between."""
    last = len(rows) - 1
    return [rows[i] for i in sorted({round(k * last / (count - 1)) for k in range(count)})]


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of one to nine bytes, and where it ends."""
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    value = byte & 0x7F
    for i in range(at + 1, at + 8):
        byte = data[i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, i + 1
    return value << 8 | data[at + 8], at + 9


_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)


def fields(record: bytes) -> list[tuple[int, int, int]]:
    """Return the type of each value of a record, and where it begins and ends; no value may be there yet.

    Raises
    ------
    IndexError
        If its head is cut off.
    """
    place, at = varint(record, 0)
    head, out = place, list[tuple[int, int, int]]()
    while at < head:
        kind, at = varint(record, at)
        size = (kind - 12) // 2 if kind >= 12 else _SIZES[kind]
        out.append((kind, place, place + size))
        place += size
    return out
