"""Hamamatsu's 64-bit variety of classic TIFF, with the position of everything.

The header is that of a little-endian classic TIFF, but all offsets have 64 bits. A directory
is a count (16 bits), entries of 12 bytes, the next pointer (64 bits), and then one high word
(32 bits) for each entry, in the same order. The high word extends the entry's offset, or
turns an inline integer into one of 64 bits. Text never stands inline, however short; but some scanners
write it as TIFF says, inline up to four bytes.

Strategy: `Ndpi` is `Tiff` with another way of reading entries; whoever walks directories
need not know which of the two it is. Offsets are Python integers, so nothing wraps.

Promise: as `Tiff`; any bytes give an `Ndpi`, a `NotASlide` or a `DamagedSlide`.

Short text that could be read both ways is read as the file's other short texts are: the first of which only one
reading makes sense decides. An offset to text never leads into a picture.

Source: OpenSlide's description of the format, and its issue 774 about scanners that write text inline.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from blankslide.containers.tiff.directories import (
    MAX_ENTRIES,
    STRIP_BYTE_COUNTS,
    STRIP_OFFSETS,
    TYPE_SIZE,
    Entry,
    Tiff,
)
from blankslide.errors import DamagedSlide, NotASlide

if TYPE_CHECKING:
    from blankslide.source import ByteSource

MARK = 65420
"""The tag that tells such a file from a classic TIFF."""

_MARK = MARK.to_bytes(2, "little")
_HEADER = 12
_ASCII = 2
_ENTRY = 12
_WIDE = {4: 16, 9: 17, 13: 18}
"""Types of which a single inline value has 64 bits if its high word is not zero."""


def is_ndpi(source: ByteSource) -> bool:
    """Whether the first directory, read by the rules of this format, holds its mark.

    Parameters
    ----------
    source
        Any file.
    """
    if source.size < _HEADER or source.read(0, 4) != b"II*\0":
        return False
    first = int.from_bytes(source.read(4, 8), "little")
    if not _HEADER <= first <= source.size - 2:
        return False
    count = int.from_bytes(source.read(first, 2), "little")
    if not 0 < count <= MAX_ENTRIES or first + 2 + count * (_ENTRY + 4) + 8 > source.size:
        return False
    table = source.read(first + 2, count * _ENTRY)
    return _MARK in table and any(tag == MARK for (tag,) in struct.iter_unpack("<H10x", table))


class Ndpi(Tiff):
    """A parsed file; directories are read on first use of `pages`.

    Parameters
    ----------
    source
        The file.

    Raises
    ------
    NotASlide
        If the header is not that of a little-endian classic TIFF.
    """

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        if self.big or self.order != "<" or self.size < _HEADER:
            raise NotASlide("not an NDPI file")
        self.width = 8
        self.header_size = _HEADER
        self._pointer = struct.Struct("<Q")
        (self._first_offset,) = self._pointer.unpack(source.read(self.first_pos, 8))
        self._strips: list[range] = []
        self._is_inline: bool | None = None  # whether short texts are, as far as is known

    def read_directory(self, offset: int, name: str) -> tuple[list[Entry], int, int, int]:
        """Parse the directory at ``offset``; its end is that of the high words."""
        entries, end, next_pos, following = super().read_directory(offset, name)
        return entries, end + 4 * len(entries), next_pos, following

    def _entries(self, table: bytes, pos: int, step: int, name: str) -> list[Entry]:
        count = len(table) // step
        high = struct.unpack(f"<{count}I", self.source.read(pos + len(table) + self.width, 4 * count))
        rows = list(zip(self._entry.iter_unpack(table), high, strict=True))
        self._strips.append(_strip(rows))
        if self._is_inline is None:
            self._is_inline = self._decided(rows)
        return [self._wide(row, word, pos + i * step, name) for i, (row, word) in enumerate(rows)]

    def _decided(self, rows: list[tuple[tuple[Any, ...], int]]) -> bool | None:
        """Say how short texts of a directory are stored, if there is one that makes sense in one way only."""
        for (_, kind, count, raw), high in rows:
            if kind == _ASCII and 0 < count <= len(raw):
                inline = not high and _is_text(raw[:count]) and not any(raw[count:])
                if inline is not self._is_text_at(high << 32 | int.from_bytes(raw, "little"), count):
                    return inline
        return None

    def _wide(self, row: tuple[Any, ...], high: int, pos: int, name: str) -> Entry:
        """Read one entry with its high word."""
        tag, kind, count, raw = row
        unit = TYPE_SIZE.get(kind)
        if unit is None:
            raise DamagedSlide(f"{name} has tag {tag} of unknown type {kind}")
        length, at = unit * count, pos + 8
        start = high << 32 | int.from_bytes(raw, "little")
        if kind == _ASCII:
            if length <= 4 and (self._is_inline_text(raw, length, high) or not self._is_text_at(start, length)):
                entry = _inline_text(tag, count, raw, high, pos, name)
                self._note_slack(raw, length, at, name)
                return entry
        elif length <= 4:
            if high and (kind not in _WIDE or count != 1):
                raise DamagedSlide(f"{name} has tag {tag} with a high word that its type has no room for")
            whole = raw + high.to_bytes(4, "little") if high else raw[:length]
            self._note_slack(raw, length, at, name)
            return Entry(tag, _WIDE[kind] if high else kind, count, pos, at, at + length, whole)
        if start + length > self.size:
            raise DamagedSlide(f"{name} has tag {tag} with a value outside the file")
        return Entry(tag, kind, count, pos, start, start + length, None)

    def _note_slack(self, raw: bytes, length: int, at: int, name: str) -> None:
        if any(raw[length:]):
            self.slack.append((name, at + length, at + 4))

    def _is_text_at(self, start: int, length: int) -> bool:
        """Whether short text, or what is left of it, stands at an offset."""
        if not length or start < _HEADER or start + length > self.size or any(start in strip for strip in self._strips):
            return False
        return _is_text(self.source.read(start, length))

    def _is_inline_text(self, raw: bytes, length: int, high: int) -> bool:
        """Whether an entry can hold its short text, in a file that is known to store such texts so."""
        return self._is_inline is True and not high and _is_text(raw[:length]) and not any(raw[length:])


def _strip(rows: list[tuple[tuple[Any, ...], int]]) -> range:
    """Bytes of the one strip that a directory has; none if it has several."""
    found = {tag: high << 32 | int.from_bytes(raw, "little") for (tag, _, count, raw), high in rows if count == 1}
    start = found.get(STRIP_OFFSETS, 0)
    return range(start, start + found.get(STRIP_BYTE_COUNTS, 0))


def _is_text(data: bytes) -> bool:
    return all(byte == 0 or 32 <= byte < 127 for byte in data)


def _inline_text(tag: int, count: int, raw: bytes, high: int, pos: int, name: str) -> Entry:
    """Take short text from the entry itself, where it is no offset to any."""
    if high or not _is_text(raw):
        raise DamagedSlide(f"{name} has tag {tag} with text that is neither here nor there")
    return Entry(tag, _ASCII, count, pos, pos + 8, pos + 8 + count, raw[:count])


def high_word(tiff: Tiff, entries: list[Entry], entry: Entry) -> tuple[int, int] | None:
    """Where the high word of an inline integer stands, if it is part of the value.

    Parameters
    ----------
    tiff
        The file.
    entries
        All entries of the directory, in file order.
    entry
        One of them.
    """
    if entry.inline is None or entry.type not in _WIDE.values():
        return None
    first = entries[0].pos
    number = (entry.pos - first) // _ENTRY
    at = first + len(entries) * _ENTRY + tiff.width + 4 * number
    return at, at + 4
