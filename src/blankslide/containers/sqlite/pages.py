"""SQLite 3 database files as pages, cells and the bytes in between; no SQL, no vendor, no write.

A database forgets nothing by itself: deleted rows stay in freed pages, in free blocks and in
the unused middle of pages, and the last page of a long value keeps what stood there before. So
this walker gives each page one owner and each byte of a page a use. What no structure needs
and is not zero is collected in `slack`; what structures need is collected in `used`.

Promise: every page has at most one owner, so no loop goes twice round; every number is checked
against the file before it is believed; cells and free blocks never overlap, else the file is
refused. Only pages that are asked for are read, long values not at all.

Refused with the reason: write-ahead logging, reserved bytes (check sums, encryption), unknown
versions. Pointer maps, any page size, all three text encodings and the lock page are known.

Source: https://www.sqlite.org/fileformat2.html (public domain).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from struct import error as StructError
from struct import iter_unpack, unpack, unpack_from
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.sqlite.records import varint
from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable

if TYPE_CHECKING:
    from blankslide.source import ByteSource

__all__ = ["MAGIC", "Cell", "Database", "Payload"]

MAGIC = b"SQLite format 3\0"
_ENCODINGS = {0: "utf-8", 1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_DEEPEST = 20
_LOOSE = 3  # bytes of a page that may be nobody's without a word about them: SQLite leaves none
_LOCK_BYTE = 0x40000000
_HEADER = 100
_KINDS_OF_PAGES = 5
#: Numbers of the header that no reader needs: where, and what they can be at the most.
#: Count of the schema's changes, size of a cache, a program's version, a program's sign, SQLite's version.
_FREE_NUMBERS = ((40, 9999), (48, 999_999), (60, 9999), (68, 9999), (96, 9_999_999))
_INTERIOR_INDEX, _INTERIOR_TABLE, _LEAF_INDEX, _LEAF_TABLE = 2, 5, 10, 13


class Payload(NamedTuple):
    """A record's bytes: ``size`` in all, ``local`` of them at ``start``, the rest from page ``overflow`` on."""

    size: int
    start: int
    local: int
    overflow: int


class Cell(NamedTuple):
    """A row or an index entry.

    Attributes
    ----------
    page
        Number of its page; the first is 1.
    pointer
        Offset in the file of the two bytes that lead to it.
    start, end
        Its bytes in the file.
    rowid
        Number of the row; 0 in an index.
    head
        The part of the record that stands in the page itself.
    """

    page: int
    pointer: int
    start: int
    end: int
    rowid: int
    payload: Payload
    head: bytes


class Database:
    """One database file.

    Parameters
    ----------
    source
        The file.

    Attributes
    ----------
    page_size, pages
        Bytes of a page, and how many pages the database has.
    encoding
        Python's name of the encoding of texts.
    owned
        For each page number, whether it has an owner.
    used, slack
        Ranges of the file: what structures need, and bytes other than zero that nothing needs.
    odd
        Numbers of the header that are free for any use and larger than their use explains.

    Raises
    ------
    DamagedSlide
        If the header contradicts the file.
    NotEditable
        If it is a kind of database in which bytes cannot be changed in place.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        if source.size < 512 or source.read(0, 16) != MAGIC:
            raise DamagedSlide("the file is no SQLite database")
        head = source.read(0, _HEADER)
        size, write, read, reserved, *fractions = unpack_from(">HBBBBBB", head, 16)
        self.page_size = 65536 if size == 1 else size
        if self.page_size & (self.page_size - 1) or self.page_size < 512 or fractions != [64, 32, 32]:
            raise DamagedSlide("the database's header is broken")
        _refuse_kinds(write, read, reserved)
        self.usable = self.page_size
        counter, self.pages, self._free, self._free_count = unpack_from(">IIII", head, 24)
        valid_for = unpack_from(">I", head, 92)[0]
        if not self.pages or counter != valid_for:
            self.pages = source.size // self.page_size
        if not self.pages or self.pages * self.page_size > source.size:
            raise DamagedSlide("the database is shorter than its header says")
        form, self._largest_root, encoding = *unpack_from(">I", head, 44), *unpack_from(">II", head, 52)
        if encoding not in _ENCODINGS or form > 4:
            raise DamagedSlide("the database's header is broken")
        self.encoding = _ENCODINGS[encoding]
        self.owned = bytearray(self.pages + 1)
        self.used: list[tuple[int, int]] = []
        self.slack: list[tuple[int, int]] = []
        if self._largest_root > self.pages or unpack_from(">I", head, 64)[0] > 1:
            raise DamagedSlide("the database's header is broken")
        self._note_slack(head, 72, 92, 0)
        self.odd = list(_odd_numbers(head))

    # -- pages ---------------------------------------------------------------------------

    def offset(self, page: int) -> int:
        """Return where a page begins."""
        return (page - 1) * self.page_size

    def read(self, page: int) -> bytes:
        """Return a whole page."""
        return self.source.read((page - 1) * self.page_size, self.page_size)

    def take(self, page: int) -> None:
        """Give a page its one owner.

        Raises
        ------
        DamagedSlide, ContradictorySlide
            If there is no such page, or it has an owner already.
        """
        if not 1 <= page <= self.pages:
            raise DamagedSlide("the database points to a page that does not exist")
        if self.owned[page]:
            raise ContradictorySlide("two structures of the database share a page")
        self.owned[page] = 1

    def _note_slack(self, data: bytes, start: int, end: int, base: int) -> None:
        if end - start != data.count(0, start, end):
            self.slack.append((base + start, base + end))

    def _use(self, page: int, data: bytes, end: int) -> None:
        """Note that the first ``end`` bytes of a page are needed and the rest is not."""
        base = self.offset(page)
        self.used.append((base, base + end))
        self._note_slack(data, end, self.page_size, base)

    def empty(self, page: int) -> None:
        """Note a page of which nothing is needed."""
        self._note_slack(self.read(page), 0, self.page_size, self.offset(page))

    def read_upkeep(self) -> None:
        """Own the pages that belong to no table: free ones, pointer maps, the lock page, what is behind the end."""
        lock = _LOCK_BYTE // self.page_size + 1
        if lock <= self.pages:
            self.take(lock)
            self.empty(lock)
        if self._largest_root:
            self._read_maps(lock)
        self._read_free()
        pos, step = self.pages * self.page_size, 1 << 20
        while pos < self.source.size:
            data = self.source.read(pos, min(step, self.source.size - pos))
            self._note_slack(data, 0, len(data), pos)
            pos += step

    def _read_maps(self, lock: int) -> None:
        """Own the pointer maps of a database that can shrink by itself."""
        each = self.usable // 5
        for number in range(2, self.pages + 1, each + 1):
            page = number + (number == lock)
            if page <= self.pages:
                data = self.read(page)
                self.take(page)
                self._use(page, data, 5 * min(each, self.pages - page))
                self._check_map(data, min(each, self.pages - page))

    def _check_map(self, data: bytes, count: int) -> None:
        """Refuse a map with anything else in it than kinds of pages and their numbers."""
        for kind, parent in iter_unpack(">BI", data[: 5 * count]):
            if kind > _KINDS_OF_PAGES or parent > self.pages:
                raise DamagedSlide("the database's map of its pages is broken")

    def _read_free(self) -> None:
        page, count = self._free, 0
        while page:
            self.take(page)
            data = self.read(page)
            following, leaves = unpack_from(">II", data)
            if leaves > self.usable // 4 - 2:
                raise DamagedSlide("the database's list of free pages is broken")
            self._use(page, data, 8 + 4 * leaves)
            for leaf in unpack_from(f">{leaves}I", data, 8):
                self.take(leaf)
                self.empty(leaf)
            page, count = following, count + 1 + leaves
        if count != self._free_count:
            raise DamagedSlide("the database's list of free pages is broken")

    # -- trees ---------------------------------------------------------------------------

    def walk(self, root: int, *, index: bool = False, bulk: bool = False) -> Iterator[Cell]:
        """Yield the cells of a tree in the order of their keys, and own its pages.

        Parameters
        ----------
        root
            Number of its first page.
        index
            Whether it is an index; else a table.
        bulk
            Do not note the cells themselves as used: the caller divides them.

        Raises
        ------
        DamagedSlide, ContradictorySlide
            If the tree is not sound.
        """
        stack = [self._items(root, index, bulk)]
        while stack:
            item = next(stack[-1], None)
            if item is None:
                stack.pop()
            elif isinstance(item, Cell):
                yield item
            elif len(stack) >= _DEEPEST:
                raise DamagedSlide("a tree of the database is deeper than any can be")
            else:
                stack.append(self._items(item, index, bulk, below=True))

    def _items(self, page: int, index: bool, bulk: bool, *, below: bool = False) -> Iterator[Cell | int]:
        """Yield what a page holds, in order: numbers of its children, and its cells."""
        self.take(page)
        data = self.read(page)
        base, head = self.offset(page), _HEADER if page == 1 else 0
        kind, block, count, _ = unpack_from(">BHHH", data, head)
        leaf = kind in (_LEAF_INDEX, _LEAF_TABLE)
        if below and leaf and not count:
            raise DamagedSlide("a page of the database is empty, which only the root of a tree may be")
        if kind not in ((_INTERIOR_INDEX, _LEAF_INDEX) if index else (_INTERIOR_TABLE, _LEAF_TABLE)):
            raise DamagedSlide("a page of the database is not of the kind that was expected")
        first = head + (8 if leaf else 12)
        stop = first + 2 * count
        if stop > self.usable:
            raise DamagedSlide("a page of the database announces more cells than it can hold")
        places = unpack_from(f">{count}H", data, first)
        found = [self._cell(page, data, base, kind, first + 2 * i, at) for i, at in enumerate(places)]
        cells = [cell for cell, _ in found]
        self._lay_out(data, base, head, stop, cells, block, bulk)
        for cell, child in found:
            if child:
                yield child
            if index or leaf:
                yield cell
        if not leaf:
            yield unpack_from(">I", data, head + 8)[0]

    def _cell(self, page: int, data: bytes, base: int, kind: int, pointer: int, at: int) -> tuple[Cell, int]:
        """Read one cell and, of an interior page, the number of the child before it."""
        child, pos, rowid, size = 0, at, 0, 0
        try:
            if kind < _LEAF_INDEX:
                child, pos = unpack_from(">I", data, at)[0], at + 4
                if not child:
                    raise DamagedSlide("the database points to a page that does not exist")
            if kind != _INTERIOR_TABLE:
                size, pos = varint(data, pos)
            if kind in (_LEAF_TABLE, _INTERIOR_TABLE):
                rowid, pos = varint(data, pos)
                rowid -= (rowid >> 63) << 64
        except (IndexError, StructError):
            raise DamagedSlide("a cell of the database leaves its page") from None
        local = self._local(size, kind == _LEAF_TABLE)
        end, overflow = pos + local, 0
        if local < size:
            end += 4
            overflow = int.from_bytes(data[end - 4 : end], "big")
        if end > self.usable or size > self.source.size:
            raise DamagedSlide("a cell of the database leaves its page")
        payload = Payload(size, base + pos, local, overflow)
        return Cell(page, base + pointer, base + at, base + end, rowid, payload, data[pos : pos + local]), child

    def _local(self, size: int, table: bool) -> int:
        """Return how many bytes of a payload stand in its own page."""
        usable = self.usable
        most = usable - 35 if table else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return size
        least = (usable - 12) * 32 // 255 - 23
        fitting = least + (size - least) % (usable - 4)
        return fitting if fitting <= most else least

    def _require_accounted(self, data: bytes, head: int, stop: int, known: int) -> None:
        """Refuse a page that holds more than its cells, free blocks and fragments: a cell may be cut off."""
        content = unpack_from(">H", data, head + 5)[0] or 1 << 16
        if content < stop or content > max(self.usable, stop):
            raise DamagedSlide("a page of the database says that its cells begin where none can be")
        if self.usable - content - known - data[head + 7] > _LOOSE:
            raise DamagedSlide("a page of the database holds bytes that belong to no record")

    def _lay_out(self, data: bytes, base: int, head: int, stop: int, cells: list[Cell], block: int, bulk: bool) -> None:
        """Note which bytes of a page are needed; refuse cells and free blocks that overlap."""
        self.used.append((base, base + stop))
        taken = sorted((c.start - base, c.end - base) for c in cells)
        # a cell takes at least four bytes; what is not its own is nobody's
        rooms = [(start, max(end, start + 4)) for start, end in taken]
        heads = list(self._free_blocks(data, stop, block))
        blocks = [(start, start + size) for start, size in heads]
        edges = [(0, stop), *sorted(rooms + blocks), (self.usable, self.usable)]
        if any(a[1] > b[0] for a, b in pairwise(edges)):
            raise ContradictorySlide("two cells of the database share bytes")
        self._require_accounted(data, head, stop, sum(end - start for start, end in rooms + blocks))
        needed = sorted(taken + [(start, start + 4) for start, _ in heads])
        for (_, end), (start, _) in pairwise([(0, stop), *needed, (self.usable, self.usable)]):
            if start > end:
                self._note_slack(data, end, start, base)
        self.used.extend((base + start, base + start + 4) for start, _ in heads)
        if not bulk:
            self.used.extend((base + start, base + end) for start, end in taken)

    def _free_blocks(self, data: bytes, stop: int, block: int) -> Iterator[tuple[int, int]]:
        """Yield start and size of the chained free blocks of a page."""
        last = stop
        while block:
            if not last <= block <= self.usable - 4:
                raise DamagedSlide("a free block of the database leaves its page")
            following, size = unpack(">HH", data[block : block + 4])
            if size < 4 or block + size > self.usable:
                raise DamagedSlide("a free block of the database leaves its page")
            yield block, size
            block, last = following, block + size

    # -- long values ---------------------------------------------------------------------

    def overflow_pages(self, payload: Payload) -> tuple[int, int]:
        """Return how many further pages a payload has, and how many bytes the last of them holds."""
        rest = payload.size - payload.local
        if not rest:
            return 0, 0
        full = self.usable - 4
        count = -(-rest // full)
        return count, rest - (count - 1) * full

    def spans(self, payload: Payload) -> list[tuple[int, int]]:
        """Follow a payload through its pages, own them, and return where its bytes stand, in order.

        Raises
        ------
        DamagedSlide, ContradictorySlide
            If the chain is shorter or longer than the payload, or shared.
        """
        out = [(payload.start, payload.start + payload.local)] if payload.local else []
        count, last = self.overflow_pages(payload)
        if count > self.pages:
            raise DamagedSlide("a value of the database is longer than the file")
        page = payload.overflow
        for left in range(count - 1, -1, -1):
            self.take(page)
            base = self.offset(page)
            following = int.from_bytes(self.source.read(base, 4), "big")
            size = self.usable - 4 if left else last
            out.append((base + 4, base + 4 + size))
            self.used.append((base, base + 4))
            if not left:
                self.end_page(page, last)
            page = following
        if count and page:
            raise DamagedSlide("a value of the database is longer than it says")
        return out

    def end_page(self, page: int, last: int) -> None:
        """Note what stands behind the ``last`` bytes that the last page of a payload holds."""
        base, start = self.offset(page), 4 + last
        rest = self.source.read(base + start, self.usable - start)
        if rest.count(0) != len(rest):
            self.slack.append((base + start, base + self.usable))


def _odd_numbers(head: bytes) -> Iterator[tuple[int, int]]:
    for at, most in _FREE_NUMBERS:
        if abs(unpack_from(">i", head, at)[0]) > most:
            yield at, at + 4


def _refuse_kinds(write: int, read: int, reserved: int) -> None:
    if 2 in (write, read):
        raise NotEditable(
            "the database uses a write-ahead log, in which rows may stand that the file does not show",
            "switch it to journal_mode=DELETE with SQLite first",
        )
    if (write, read) != (1, 1):
        raise NotEditable("the database is of a version that nobody knows")
    if reserved:
        raise NotEditable("the database keeps check sums or keys in its pages, which an edit would break")
