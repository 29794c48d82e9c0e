"""Typed TIFF values: what stands in a directory entry or where it points to.

A `Value` is a type, its items, and the few liberties a file may take with it: stored once
for several entries, kept out of line although it would fit, or announced with another
count than it has. Small makers (`ascii`, `short`, ...) keep page descriptions readable.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

BYTE, ASCII, SHORT, LONG, RATIONAL, SBYTE, UNDEFINED, SSHORT, SLONG, SRATIONAL, FLOAT, DOUBLE, IFD = range(1, 14)
LONG8, SLONG8, IFD8 = 16, 17, 18

_CODE = {
    BYTE: "B", ASCII: "B", SHORT: "H", LONG: "L", RATIONAL: "LL", SBYTE: "b", UNDEFINED: "B", SSHORT: "h",
    SLONG: "l", SRATIONAL: "ll", FLOAT: "f", DOUBLE: "d", IFD: "L", LONG8: "Q", SLONG8: "q", IFD8: "Q",
}  # fmt: skip

WIDTH = {kind: struct.calcsize("<" + code) for kind, code in _CODE.items()}
"""Bytes of one item of each type."""


@dataclass(frozen=True, slots=True)
class Value:
    """The value of one tag.

    Parameters
    ----------
    type
        TIFF field type, 1 to 18.
    items
        Numbers, or the raw bytes of a byte-wide type. A rational takes two numbers.
    share
        Values with the same non-empty name are stored once.
    outline
        Store it out of line even where the entry has room.
    count
        Announce this number of items instead of the true one.
    """

    type: int
    items: bytes | tuple[int | float, ...]
    share: str = ""
    outline: bool = False
    count: int | None = None

    @property
    def length(self) -> int:
        """True number of items."""
        return len(self.items) // len(_CODE[self.type])


def pack(value: Value, order: str) -> bytes:
    """Encode the items in byte order ``<`` or ``>``."""
    if isinstance(value.items, bytes):
        return value.items
    return struct.pack(order + _CODE[value.type] * value.length, *value.items)


def ascii(text: str | bytes, share: str = "") -> Value:  # noqa: A001 - the type's own name in the standard
    """Text with its final NUL; characters beyond ASCII are written as Latin-1."""
    raw = text if isinstance(text, bytes) else text.encode("latin-1")
    return Value(ASCII, raw + b"\0", share)


def byte(data: bytes, share: str = "") -> Value:
    """Unsigned bytes, such as XMP."""
    return Value(BYTE, data, share)


def undefined(data: bytes, share: str = "") -> Value:
    """Opaque bytes, such as JPEG tables or an ICC profile."""
    return Value(UNDEFINED, data, share)


def short(*items: int) -> Value:
    """16-bit unsigned integers."""
    return Value(SHORT, items)


def long(*items: int) -> Value:
    """32-bit unsigned integers."""
    return Value(LONG, items)


def long8(*items: int) -> Value:
    """64-bit unsigned integers; BigTIFF only."""
    return Value(LONG8, items)


def slong(*items: int) -> Value:
    """32-bit signed integers."""
    return Value(SLONG, items)


def double(*items: float) -> Value:
    """64-bit floating point numbers."""
    return Value(DOUBLE, items)


def rational(*items: float | Fraction) -> Value:
    """Unsigned fractions with denominators up to 10000."""
    parts = [Fraction(item).limit_denominator(10000) for item in items]
    return Value(RATIONAL, tuple(n for part in parts for n in part.as_integer_ratio()))
