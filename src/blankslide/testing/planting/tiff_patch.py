"""Change a finished TIFF for planting: classic, BigTIFF and NDPI, of little-endian bytes.

Nothing is moved. A directory that changes is written anew at the file's end, as libtiff does it; values that stay are
pointed at where they stand. What nothing points at any more is zeroed, unless the rest of an edit is what is wanted.
Places come from the bytes alone: neither the product's parsers nor its editors have a part in this.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, DOUBLE, IFD, LONG8, UTF8 = 1, 2, 3, 4, 5, 7, 12, 13, 16, 129
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1}
STRIPS, TILES = (273, 279), (324, 325)


@dataclass(frozen=True)
class Entry:
    """An entry of a directory: its value, and for one that stands already the bytes that hold or point at it."""

    tag: int
    kind: int
    count: int
    raw: bytes
    field: bytes = b""
    place: int = 0

    @property
    def numbers(self) -> list[int]:
        """The value as whole numbers."""
        size = SIZES.get(self.kind, 1)
        return [int.from_bytes(self.raw[i : i + size], "little") for i in range(0, len(self.raw), size)]


def entry(tag: int, kind: int, raw: bytes) -> Entry:
    """Make an entry that does not stand yet."""
    return Entry(tag, kind, len(raw) // SIZES[kind], raw)


def longs(tag: int, *numbers: int) -> Entry:
    """Make an entry of whole numbers."""
    return entry(tag, LONG, struct.pack(f"<{len(numbers)}L", *numbers))


class Tiff:
    """A TIFF under alteration; pages are named by their place in the chain."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.big = data[2] == 43
        self.ndpi, self.wide = False, 8 if self.big else 4
        self.step, self.room, self.head = (20, 8, 8) if self.big else (12, 4, 2)
        first = self.number(4, 8)
        if not self.big and first + 2 < len(data):
            tags = [self.number(first + 2 + 12 * i, 2) for i in range(self.number(first, 2)) if first + 14 < len(data)]
            self.ndpi = 65420 in tags
            self.wide = 8 if self.ndpi else 4

    @classmethod
    def read(cls, path: Path) -> Tiff:
        """Read a file."""
        return cls(path.read_bytes())

    # -- looking -------------------------------------------------------------------------------

    def number(self, at: int, size: int) -> int:
        """Read a number."""
        return int.from_bytes(self.data[at : at + size], "little")

    def pointers(self) -> list[int]:
        """Where the pointer to each page stands, and the last one, that points nowhere."""
        found = [8 if self.big else 4]
        while at := self.number(found[-1], self.wide):
            found.append(at + self.head + self.step * self.number(at, self.head))
        return found

    def __len__(self) -> int:
        return len(self.pointers()) - 1

    def at(self, page: int) -> int:
        """Offset of a page's directory."""
        return self.number(self.pointers()[page], self.wide)

    def entries(self, page: int) -> list[Entry]:
        """Entries of a page."""
        return list(self.below(self.at(page)))

    def below(self, at: int) -> Iterator[Entry]:
        """Yield the entries of a directory at an offset."""
        for pos in range(at + self.head, at + self.head + self.step * self.number(at, self.head), self.step):
            tag, kind = struct.unpack_from("<HH", self.data, pos)
            count, field = self.number(pos + 4, self.room), pos + self.step - self.room
            size = SIZES.get(kind, 1) * count
            place = self.number(field, self.room) if self.outside(kind, size) else field
            raw, kept = bytes(self.data[place : place + size]), bytes(self.data[field : field + self.room])
            yield Entry(tag, kind, count, raw, kept, place)

    def outside(self, kind: int, size: int) -> bool:
        """Whether a value stands outside of its entry."""
        return size > self.room or (self.ndpi and kind == ASCII)

    def find(self, page: int, tag: int) -> Entry | None:
        """Return a page's first entry of a tag."""
        return next((e for e in self.entries(page) if e.tag == tag), None)

    def value(self, page: int, tag: int, default: int = 0) -> int:
        """Return the first number of a tag."""
        found = self.find(page, tag)
        return found.numbers[0] if found and found.raw else default

    def text(self, page: int, tag: int = 270) -> bytes | None:
        """Return a text without the zeros at its end; None if there is none."""
        found = self.find(page, tag)
        return found.raw.rstrip(b"\0") if found else None

    def tags(self, page: int) -> tuple[int, int]:
        """Return the tags of the places and lengths of a page's pixels."""
        return TILES if self.find(page, TILES[0]) else STRIPS

    def pieces(self, page: int) -> list[tuple[int, int]]:
        """Return where each strip or tile of a page stands and how long it is."""
        places, lengths = (self.find(page, tag) for tag in self.tags(page))
        return list(zip(places.numbers, lengths.numbers, strict=False)) if places and lengths else []

    # -- changing ------------------------------------------------------------------------------

    def append(self, data: bytes) -> int:
        """Put bytes at the end; return their offset."""
        self.data += bytes(-len(self.data) % 8 if self.big else len(self.data) % 2)
        self.data += data
        return len(self.data) - len(data)

    def directory(self, entries: Iterable[Entry], following: int = 0) -> int:
        """Append a directory, with those values that do not stand yet; return its offset."""
        entries = sorted(entries, key=lambda e: e.tag)
        body = len(entries).to_bytes(self.head, "little")
        for one in entries:
            field = one.field
            if not field:
                away = self.outside(one.kind, len(one.raw))
                field = self.append(one.raw).to_bytes(self.room, "little") if away else one.raw.ljust(self.room, b"\0")
            body += struct.pack("<HH", one.tag, one.kind) + one.count.to_bytes(self.room, "little") + field
        body += following.to_bytes(self.wide, "little") + (bytes(4 * len(entries)) if self.ndpi else b"")
        return self.append(body)

    def rewrite(self, page: int, entries: Iterable[Entry], *, clean: bool = True) -> None:
        """Give a page other entries; unless ``clean``, the old directory and values are left lying about."""
        pointer, old, entries = self.pointers()[page], self.at(page), list(entries)
        count = self.number(old, self.head)
        end = old + self.head + self.step * count
        gone = [e for e in self.below(old) if self.outside(e.kind, len(e.raw))]
        new = self.directory(entries, self.number(end, self.wide))
        self.data[pointer : pointer + self.wide] = new.to_bytes(self.wide, "little")
        if clean:
            self.data[old : end + self.wide + 4 * count * self.ndpi] = bytes(
                end + self.wide + 4 * count * self.ndpi - old
            )
            used = {e.place for n in range(len(self)) for e in self.entries(n)}
            for e in gone:
                if e.place not in used:
                    self.data[e.place : e.place + len(e.raw)] = bytes(len(e.raw))

    def put(self, page: int, *new: Entry, twice: bool = False, clean: bool = True) -> None:
        """Give a page entries, in place of those of the same tags unless ``twice``."""
        tags = () if twice else {e.tag for e in new}
        self.rewrite(page, [*(e for e in self.entries(page) if e.tag not in tags), *new], clean=clean)

    def describe(self, page: int, text: bytes, tag: int = 270) -> None:
        """Give a page a text."""
        self.put(page, entry(tag, ASCII, text + b"\0"))

    def add_page(self, entries: Iterable[Entry]) -> None:
        """Append a page to the chain."""
        at, pointer = self.directory(entries), self.pointers()[-1]
        self.data[pointer : pointer + self.wide] = at.to_bytes(self.wide, "little")

    def recode(self, page: int, change: Callable[[bytes], bytes], which: Iterable[int] = (0,)) -> None:
        """Give strips or tiles of a page other bytes, at the file's end if there are more; the old ones are zeroed."""
        places, lengths = (self.find(page, tag) for tag in self.tags(page))
        assert places is not None
        assert lengths is not None
        starts, sizes, done = places.numbers, lengths.numbers, dict[tuple[int, int], tuple[int, int]]()
        for i in which:
            here = starts[i], sizes[i]
            if here not in done:
                new = change(bytes(self.data[here[0] : sum(here)]))
                self.data[here[0] : sum(here)] = bytes(here[1])
                done[here] = self.append(new), len(new)
            starts[i], sizes[i] = done[here]
        self.put(page, self._array(places, starts), self._array(lengths, sizes))

    def _array(self, old: Entry, numbers: list[int]) -> Entry:
        kind = LONG8 if old.kind == LONG8 else LONG
        size = SIZES[kind]
        return entry(old.tag, kind, b"".join(n.to_bytes(size, "little") for n in numbers))

    def retype(self, page: int, tag: int, kind: int) -> None:
        """Say that a value is of another type with as many bytes in all."""
        changed = [
            replace(e, kind=kind, count=len(e.raw) // SIZES[kind]) if e.tag == tag else e for e in self.entries(page)
        ]
        self.rewrite(page, changed, clean=False)
