"""The binary half of a MIRAX slide: data files and the index that leads into them.

A data file begins with a version, the slide's id and the file's number, and a padding of
zeros; records follow each other. The index holds two tables of pointers; pages of the first
are kept short here, so that they form chains. An older table and the page of a record that
was replaced stay in it, as they do in real ones.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

Place = tuple[int, int, int]
"""Offset, length and number of the data file."""

_PAGE = 5


class Folder:
    """Data files that grow record by record.

    Parameters
    ----------
    slide_id
        Goes into each header.
    wide
        Files that carry it in UTF-16, and then only half of it.
    """

    def __init__(self, slide_id: str, wide: frozenset[int]) -> None:
        self.data: list[bytearray] = []
        self._id, self._wide = slide_id, wide

    def add(self, number: int, record: bytes) -> Place:
        """Append a record to a file, which is made if needed; return where it stands."""
        while len(self.data) <= number:
            self.data.append(bytearray(self._header(len(self.data))))
        at = len(self.data[number])
        self.data[number] += record
        return at, len(record), number

    def replaced(self, record: Place) -> Place:
        """Leave an older copy of a record behind the newest one, with no table leading to it."""
        at, length, number = record
        return self.add(number, bytes(self.data[number][at : at + length][:-2]) + b"\0\0\xff\xd9")

    def files(self) -> dict[str, bytes]:
        """Return names and contents."""
        return {f"Data{i:04}.dat": bytes(data) for i, data in enumerate(self.data)}

    def _header(self, number: int) -> bytes:
        own = self._id.encode()
        if number in self._wide:
            own = self._id.encode("utf-16-le")[: len(own)]
        return b"01.02" + own + b"%03d" % number + b"0" * 256


def index_bytes(
    slide_id: str,
    slots: int,
    layered: Mapping[int, Sequence[tuple[int, int, int, int]]],
    singles: Sequence[Place | None],
    stale: tuple[int, Place] | None,
) -> bytes:
    """Write an index.

    Parameters
    ----------
    slots, layered
        Number of slots of the first table, and image, offset, length and file of each record by slot.
    singles
        Records of the second table.
    stale
        Slot and place of a record that only an older second table leads to.
    """
    head = b"01.02" + slide_id.encode()
    first = len(head) + 8
    out = bytearray(head + bytes(8) + bytes(4 * slots))
    if stale is not None:
        old = len(out)
        out += bytes(4 * len(singles))
        struct.pack_into("<i", out, old + 4 * stale[0], _single(out, stale[1]))
    pointers = [_layered(out, layered[slot]) if layered.get(slot) else 0 for slot in range(slots)]
    struct.pack_into(f"<{slots}i", out, first, *pointers)
    live = [0 if place is None else _single(out, place) for place in singles]
    struct.pack_into("<ii", out, len(head), first, len(out))
    return bytes(out) + struct.pack(f"<{len(live)}i", *live)


def _single(out: bytearray, place: Place) -> int:
    at = len(out)
    out += struct.pack("<9i", 0, at + 8, 1, 0, 0, 0, *place)
    return at


def _layered(out: bytearray, records: Sequence[tuple[int, int, int, int]]) -> int:
    at = len(out)
    out += struct.pack("<ii", 0, at + 8)
    for first in range(0, len(records), _PAGE):
        page = records[first : first + _PAGE]
        after = len(out) + 8 + 16 * len(page) if first + _PAGE < len(records) else 0
        out += struct.pack("<ii", len(page), after)
        out += b"".join(struct.pack("<4i", *record) for record in page)
    return at
