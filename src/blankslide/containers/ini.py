"""Key files (``[section]``, ``key=value``) with the byte span of everything.

Scanners write them with or without a byte order mark, with either line ending, and with any
character in a value, ``=`` and brackets included. An in-place editor must know where each
value stands and must see lines that are no pair at all, since anything can stand in them.
Nothing is normalised: spans are offsets into the bytes given, values are without the white
space around them, text is UTF-8 where it is valid, else Latin-1.

Promise: total and linear; any bytes give an `Ini` or, where they are no text of one-byte
units or too long, a `DamagedSlide`. Each byte that is neither white space nor an end of line
belongs to a section's name, a pair or a stray line.
"""

from __future__ import annotations

from typing import NamedTuple

from blankslide.errors import DamagedSlide
from blankslide.model.patterns import pattern

MAX_BYTES = 4 << 20
BOM = b"\xef\xbb\xbf"

_LINE = pattern(rb"[^\r\n]+")
_SECTION = pattern(rb"\s*\[([^\]]*)\]\s*")
_BLANK = b" \t\0\x0b\x0c"


class Pair(NamedTuple):
    """One ``key=value``; ``[start, end)`` is its line without the line ending."""

    section: str
    key: str
    value: str
    start: int
    end: int
    value_start: int
    value_end: int


class Stray(NamedTuple):
    """A line, or the rest of one, that is neither a section nor a pair: a comment, mostly."""

    text: str
    start: int
    end: int


class Section(NamedTuple):
    """A section's heading; ``[start, end)`` is its line."""

    name: str
    start: int
    end: int


class Ini(NamedTuple):
    """A parsed key file: everything in the order of the file, repetitions included."""

    sections: tuple[Section, ...]
    pairs: tuple[Pair, ...]
    strays: tuple[Stray, ...]

    def find(self, section: str, key: str) -> Pair | None:
        """Return the last pair of that name, which is the one that counts for readers; case does not matter."""
        low = (section.lower(), key.lower())
        return next((p for p in reversed(self.pairs) if (p.section.lower(), p.key.lower()) == low), None)


def decode(data: bytes) -> str:
    """Decode a piece of text: UTF-8 where it is valid, else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse(data: bytes) -> Ini:
    """Parse a key file.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    DamagedSlide
        If it is longer than any key file, or in UTF-16.
    """
    if len(data) > MAX_BYTES:
        raise DamagedSlide("the key file is longer than any scanner's")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DamagedSlide("the key file is in UTF-16, which no scanner writes")
    sections: list[Section] = []
    pairs: list[Pair] = []
    strays: list[Stray] = []
    for match in _LINE.finditer(data, len(BOM) if data.startswith(BOM) else 0):
        line, start = match[0], match.start()
        heading = _SECTION.fullmatch(line)
        comment = line.lstrip(_BLANK)[:1] in (b"#", b";")
        if heading:
            sections.append(Section(decode(heading[1]), start, match.end()))
        elif b"=" in line and not comment:
            pairs.append(_pair(sections[-1].name if sections else "", line, start))
        elif line.strip(_BLANK):
            strays.append(Stray(decode(line.strip(_BLANK)), start, match.end()))
    return Ini(tuple(sections), tuple(pairs), tuple(strays))


def _pair(section: str, line: bytes, start: int) -> Pair:
    key, _, raw = line.partition(b"=")
    value = raw.strip(_BLANK)
    at = start + len(key) + 1 + (raw.index(value) if value else 0)
    return Pair(section, decode(key.strip(_BLANK)), decode(value), start, start + len(line), at, at + len(value))
