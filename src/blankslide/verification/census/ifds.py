"""Every directory of a TIFF, with the place of each entry and each value.

Libraries read values; none says where an entry's unused bytes are, which of two equal tags it took, or
what no tag points at. So the walk is the census's own, a second one beside that of the formats, and
written apart from it. Directories are found through the chain, as SubIFDs, as EXIF, GPS and
interoperability children, and to any depth; each is visited once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span

MAGIC = {b"II*\0": ("<", False), b"MM\0*": (">", False), b"II+\0": ("<", True), b"MM\0+": (">", True)}
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1}
CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
CHILDREN = {330: "SubIFD", 34665: "EXIF", 34853: "GPS", 40965: "interoperability", 400: "global parameters"}
_NDPI, _ASCII = 65420, 2
MOST = 65536


class Entry(NamedTuple):
    """One entry: tag number, type, number of values, its own offset, and where its value stands.

    ``more`` are the upper 32 bits of an offset that Hamamatsu keeps behind the directory.
    """

    code: int
    kind: int
    number: int
    at: int
    start: int
    end: int
    inline: bool
    more: int = 0


class Directory(NamedTuple):
    """One directory: offset, how it was reached ("page 3", "page 0, SubIFD 1"), its entries, its own bytes."""

    at: int
    where: str
    entries: tuple[Entry, ...]
    span: Span
    words: tuple[Span, ...]

    def first(self, code: int) -> Entry | None:
        """Return the first entry of a tag."""
        return next((e for e in self.entries if e.code == code), None)


class Broken(Exception):
    """A directory or a value leads outside the file; the message holds no value."""


class Walk:
    """The directories of one TIFF.

    Raises
    ------
    Broken
        If one of them, or a value, is not inside the file.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.order, self.big = MAGIC[source.read(0, 4)]
        self.ndpi = False
        self.directories: list[Directory] = []
        head = 16 if self.big else 8
        at = self._number(8, 8) if self.big else self._number(4, 4)
        if not self.big and self._is_ndpi(at):
            self.ndpi, head, at = True, 12, self._number(4, 8)
        self.head: Span = (0, head)
        self._seen: set[int] = set()
        self._texts_inline: bool | None = None
        self._pictures: list[Span] = []
        self._follow(at)

    def _is_ndpi(self, at: int) -> bool:
        """Whether the first directory is Hamamatsu's, whose offsets have 64 bits."""
        long = self._number(4, 8) if self.source.size >= 12 else 0
        for start in (at, long):
            if 8 <= start <= self.source.size - 6:
                count = self._number(start, 2)
                if count and start + 2 + 12 * count <= self.source.size:
                    raw = self.source.read(start + 2, 12 * count)
                    if any(code == _NDPI for code, *_ in struct.iter_unpack(self.order + "HHII", raw)):
                        return True
        return False

    def _number(self, at: int, width: int) -> int:
        if at < 0 or at + width > self.source.size:
            raise Broken("a pointer leads outside the file")
        return int.from_bytes(self.source.read(at, width), "little" if self.order == "<" else "big")

    def _follow(self, at: int) -> None:
        number = 0
        while at:
            if at in self._seen:
                return
            at = self._directory(at, f"page {number}")
            number += 1

    def _directory(self, at: int, where: str) -> int:
        """Read one directory and its children; return where the next one is."""
        if len(self._seen) >= MOST:
            raise Broken("the file has too many directories")
        self._seen.add(at)
        width, size = (8, 20) if self.big else (2, 12)
        count = self._number(at, width)
        begin, end = at + width, at + width + size * count
        after = end + (8 if self.big or self.ndpi else 4)
        if after > self.source.size:
            raise Broken("a directory does not end inside the file")
        high = (after, after + 4 * count) if self.ndpi and after + 4 * count <= self.source.size else None
        entries = tuple(self._entries(begin, count, high))
        words = (high,) if high else ()
        self.directories.append(Directory(at, where, entries, (at, after), words))
        following = self._number(end, after - end)
        for entry in entries:
            if entry.code in CHILDREN and entry.number and SIZES.get(entry.kind) in (4, 8):
                self._children(entry, where)
        return following

    def _children(self, entry: Entry, where: str) -> None:
        for i, child in enumerate(self.numbers(entry)[:4096]):
            target = int(child)
            if target and target not in self._seen:
                word = CHILDREN[entry.code]
                self._directory(target, f"{where}, {word} {i}" if entry.code == 330 else f"{where}, {word}")

    def _entries(self, begin: int, count: int, words: Span | None) -> Iterator[Entry]:
        size, room = (20, 8) if self.big else (12, 4)
        raw = self.source.read(begin, size * count)
        more = struct.unpack(f"{self.order}{count}I", self.source.read(*_length(words))) if words else (0,) * count
        rows = list(struct.iter_unpack(self.order + ("HHQ8s" if self.big else "HHI4s"), raw))
        if self.ndpi:
            self._learn(rows, more)
        for i, (code, kind, number, value) in enumerate(rows):
            at, high = begin + size * i, more[i]
            length = SIZES.get(kind, 1) * number
            start = int.from_bytes(value, "little" if self.order == "<" else "big") + (high << 32)
            if length <= room and not (self.ndpi and kind == _ASCII and self._is_elsewhere(value, start, length)):
                yield Entry(code, kind, number, at, at + size - room, at + size - room + length, True, high)
                continue
            if start + length > self.source.size:
                raise Broken("a value does not end inside the file")
            yield Entry(code, kind, number, at, start, start + length, False)

    def _learn(self, rows: list[tuple[int, int, int, bytes]], more: tuple[int, ...]) -> None:
        """Learn from Hamamatsu's entries where a picture is, and once whether short texts stand in them."""
        plain = [
            (code, kind, number, value, int.from_bytes(value, "little") + (high << 32))
            for (code, kind, number, value), high in zip(rows, more, strict=True)
        ]
        starts, lengths = (next((at for tag, _, n, _, at in plain if tag == c and n == 1), 0) for c in (273, 279))
        self._pictures.append((starts, starts + lengths))
        for _, kind, number, value, at in plain:
            if self._texts_inline is None and kind == _ASCII and 1 <= number <= 4:
                here, there = _holds_text(value, number, at), self._is_text(at, number)
                if here != there:
                    self._texts_inline = here

    def _is_elsewhere(self, value: bytes, start: int, length: int) -> bool:
        """Whether Hamamatsu's short text stands elsewhere: it mostly does, but for files in which no text does."""
        return not (self._texts_inline and _holds_text(value, length, start)) and self._is_text(start, length)

    def _is_text(self, start: int, length: int) -> bool:
        """Whether text stands at a place beside header and pictures, or what is left of one."""
        if not length or start < self.head[1] or start + length > self.source.size:
            return False
        if any(low <= start < high for low, high in self._pictures):
            return False
        return all(byte == 0 or 32 <= byte < 127 for byte in self.source.read(start, length))

    def bytes_of(self, entry: Entry) -> bytes:
        """Return an entry's value as it stands."""
        return self.source.read(entry.start, entry.end - entry.start)

    def numbers(self, entry: Entry) -> tuple[float, ...]:
        """Return an entry's value as numbers, rationals as quotients; empty if it is text."""
        return self.parsed(entry, self.bytes_of(entry))

    def parsed(self, entry: Entry, raw: bytes) -> tuple[float, ...]:
        """Return the numbers in ``raw``, the bytes of an entry's value; empty if it is text.

        A quotient of two zeros is what is left of one that was emptied: nothing, and not something unknown.
        """
        if entry.kind in (5, 10):
            whole = struct.unpack(f"{self.order}{entry.number * 2}{'I' if entry.kind == 5 else 'i'}", raw)
            return tuple(a / b if b else float("nan" if a else 0) for a, b in zip(whole[::2], whole[1::2], strict=True))
        if entry.kind not in CODES:
            return ()
        return struct.unpack(f"{self.order}{entry.number}{CODES[entry.kind]}", raw)

    def array(self, entry: Entry | None) -> NDArray[np.int64]:
        """Return an entry's whole numbers as a numpy array of signed 64-bit integers; offsets can be many."""
        import numpy as np

        if entry is None or entry.kind not in (1, 3, 4, 13, 16, 18):
            return np.zeros(0, dtype=np.int64)
        raw = np.frombuffer(self.bytes_of(entry), dtype=self.order + CODES[entry.kind]).astype(np.int64)
        return raw + (entry.more << 32) if entry.inline and entry.number == 1 else raw


def _holds_text(value: bytes, length: int, start: int) -> bool:
    """Whether four bytes may be a short text, filled up with zeros, rather than an offset, which may have more bits."""
    shown = value[:length].rstrip(b"\0")
    return start < 1 << 32 and not any(value[length:]) and all(32 <= byte < 127 for byte in shown.replace(b"\0", b" "))


def _length(span: Span) -> Span:
    return span[0], span[1] - span[0]
