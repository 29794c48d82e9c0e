"""An index of two tables: records in a product of layers, and single records.

Layout, all numbers signed 32-bit little-endian and unaligned: a version of five characters,
an id, pointers to the two tables. A table is one pointer for each slot, null where it is
empty. A pointer leads to ``0, page``, and a page is ``count, next page`` and its entries:
``image, offset, length, file`` in the first table, ``x, y, offset, length, file`` in the second.

Promise: each page is read once, so loops, shared pages and counts of 2^31 end in `DamagedSlide`
and never in memory; whatever is not in `Index.structure` belongs to nobody. Linear in the file.

Source: the project's format map, section 4; a real index.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import DamagedSlide
from blankslide.spans import LARGE

if TYPE_CHECKING:
    from blankslide.source import ByteSource

MAX_BYTES = 1 << 28
MAX_PAGES = 1 << 20
MAX_SINGLES = 1 << 18
"""More pages, and more single records, than any index has; each costs memory."""

VERSION = 5
_LAYERED, _SINGLE = 16, 20


class Entry(NamedTuple):
    """Where one single record stands: file number, bytes ``[start, end)``."""

    file: int
    start: int
    end: int


class Index(NamedTuple):
    """A parsed index.

    Attributes
    ----------
    id
        Bytes ``[start, end)`` of the id.
    structure
        Ranges of the version, tables, records and pages.
    layered
        Slot of the first table -> its entries as they stand, 16 bytes each.
    single
        Slot of the second table -> its entries.
    """

    id: tuple[int, int]
    structure: tuple[tuple[int, int], ...]
    layered: dict[int, bytes]
    single: dict[int, tuple[Entry, ...]]


def parse(source: ByteSource, id_length: int, layered: int, single: int) -> Index:
    """Parse an index.

    Parameters
    ----------
    source
        The file.
    id_length
        Length of the id in bytes.
    layered, single
        Number of slots of each table.

    Raises
    ------
    DamagedSlide
        If it is too short or long, or a pointer leads out of it or in a circle.
    """
    if source.size > MAX_BYTES:
        raise DamagedSlide("the index is longer than any slide's")
    walk = _Walk(source.read(0, source.size))
    end = VERSION + id_length
    first, second = walk.numbers(end, 2)
    walk.claim(0, VERSION)
    walk.claim(end, end + 8)
    slots = {slot: b"".join(walk.pages(at, _LAYERED)) for slot, at in walk.table(first, layered)}
    ones = {slot: tuple(_entries(walk.pages(at, _SINGLE))) for slot, at in walk.table(second, single)}
    return Index((VERSION, end), tuple(walk.claims), slots, ones)


def grouped(entries: bytes) -> dict[int, tuple[Any, Any]]:
    """Sort entries of the first table by file.

    Returns
    -------
    dict
        File number -> offsets and lengths in bytes: tuples, or numpy arrays if there are many.

    Raises
    ------
    DamagedSlide
        If an offset or a length is negative, or an entry is cut off.
    """
    if len(entries) % _LAYERED:
        raise DamagedSlide("the index ends inside an entry")
    if len(entries) > LARGE * _LAYERED:
        return _grouped_arrays(entries)
    out: dict[int, tuple[list[int], list[int]]] = {}
    for _, offset, length, file in struct.iter_unpack("<iiii", entries):
        _require(offset, length)
        starts, lengths = out.setdefault(file, ([], []))
        starts.append(offset)
        lengths.append(length)
    return {file: (tuple(starts), tuple(lengths)) for file, (starts, lengths) in out.items()}


def _grouped_arrays(entries: bytes) -> dict[int, tuple[Any, Any]]:
    import numpy as np

    table = np.frombuffer(entries, "<i4").reshape(-1, 4)
    _require(int(table[:, 1].min()), int(table[:, 2].min()))
    out = {}
    for file in np.unique(table[:, 3]).tolist():
        rows = table[table[:, 3] == file]
        out[int(file)] = (rows[:, 1].astype(np.uint64), rows[:, 2].astype(np.uint64))
    return out


def _require(offset: int, length: int) -> None:
    if offset < 0 or length < 0:
        raise DamagedSlide("the index holds a negative offset or length")


def _entries(pages: Iterator[bytes]) -> Iterator[Entry]:
    for page in pages:
        for _, _, offset, length, file in struct.iter_unpack("<iiiii", page):
            _require(offset, length)
            yield Entry(file, offset, offset + length)


class _Walk:
    """Reads numbers and pages, and keeps account of what was read."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.claims: list[tuple[int, int]] = []
        self._known: set[int] = set()
        self._room = len(data)
        self._left = MAX_SINGLES

    def numbers(self, at: int, count: int) -> Sequence[int]:
        if at < 0 or count < 0 or at + 4 * count > len(self.data):
            raise DamagedSlide("the index points outside itself")
        return struct.unpack_from(f"<{count}i", self.data, at)

    def claim(self, start: int, end: int) -> None:
        self.claims.append((start, end))

    def table(self, at: int, slots: int) -> Iterator[tuple[int, int]]:
        """Yield number and pointer of each slot that is not empty."""
        if not slots:
            return
        pointers = self.numbers(at, slots)
        self.claim(at, at + 4 * slots)
        yield from ((slot, pointer) for slot, pointer in enumerate(pointers) if pointer)

    def pages(self, at: int, size: int) -> Iterator[bytes]:
        """Yield the entries of each page of the record at ``at``."""
        zero, page = self.numbers(at, 2)
        if zero:
            raise DamagedSlide("a record of the index does not begin as it must")
        self.claim(at, at + 8)
        while page:
            if page in self._known:
                raise DamagedSlide("a page of the index is used twice")
            if len(self._known) >= MAX_PAGES:
                raise DamagedSlide("the index has more pages than any slide's")
            self._known.add(page)
            count, after = self.numbers(page, 2)
            end = page + 8 + count * size
            self._room -= end - page
            self._left -= count if size == _SINGLE else 0
            if count < 0 or end > len(self.data) or self._room < 0:
                raise DamagedSlide("a page of the index is longer than the file")
            if self._left < 0:
                raise DamagedSlide("the index has more single records than any slide's")
            self.claim(page, end)
            yield self.data[page + 8 : end]
            page = after
