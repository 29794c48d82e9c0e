"""Where the numbers of a TIFF stand: found by a walk of its own, which believes a sound file.

It is for samples that are about to be broken, so nothing is checked; Blankslide's parser is not asked.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_CHILDREN = {330, 34665, 34853, 40965}
_MOST = 64


class Field(NamedTuple):
    """Where one entry of a directory stands, and its value."""

    tag: int
    at: int
    value: int
    size: int


class Directory(NamedTuple):
    """A directory: its first byte, its entries by tag, where the pointer to the next stands, where it is pointed at."""

    at: int
    fields: dict[int, Field]
    next: int
    pointer: int


class TiffPlaces:
    """Places in a classic or big TIFF of either byte order.

    Attributes
    ----------
    pages, children
        Directories of the chain, and those that pages point at.
    wide
        Bytes of an offset: 4, or 8 in a big one. A count is as wide; an entry is ``4 + 2 * wide`` long.
    order
        The byte order.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
        self.wide = 8 if self.number(2, 2) == 43 else 4
        self.pages: list[Directory] = []
        self.children: list[Directory] = []
        pointer = 8 if self.wide == 8 else 4
        while (at := self.number(pointer, self.wide)) and len(self.pages) < _MOST and at < len(data):
            self.pages.append(self._directory(at, pointer))
            pointer = self.pages[-1].next
        for page in self.pages:
            for tag in _CHILDREN & page.fields.keys():
                field = page.fields[tag]
                for at in range(field.value, field.value + field.size, self.wide):
                    self.children.append(self._directory(self.number(at, self.wide), at))

    def number(self, at: int, size: int) -> int:
        """Return the unsigned number of ``size`` bytes at ``at``."""
        return int.from_bytes(self._data[at : at + size], self.order)

    def bytes_of(self, number: int, size: int) -> bytes:
        """Return how a number is written, cut to ``size`` bytes."""
        return (number % (1 << 8 * size)).to_bytes(size, self.order)

    def _directory(self, at: int, pointer: int) -> Directory:
        head, entry = (8, 20) if self.wide == 8 else (2, 12)
        count = min(self.number(at, head), 1024)
        fields: dict[int, Field] = {}
        for pos in range(at + head, at + head + count * entry, entry):
            size = _SIZE.get(self.number(pos + 2, 2), 1) * self.number(pos + 4, self.wide)
            inside = pos + 4 + self.wide
            value = inside if size <= self.wide else self.number(inside, self.wide)
            tag = self.number(pos, 2)
            fields[tag] = Field(tag, pos, value, size)
        return Directory(at, fields, at + head + count * entry, pointer)
