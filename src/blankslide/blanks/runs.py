"""Run-length codes of bytes, as TIFF's PackBits and DICOM's RLE have them.

Runs do not cross rows. What is left of the room is filled with the byte that means nothing. Sources: TIFF 6.0,
section 9; DICOM PS3.5 annex G.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["beginning", "coded", "packed"]

_NOTHING = 0x80
_MOST = 128


def packed(data: bytes, row: int, room: int) -> bytes | None:
    """Code rows of so many bytes into a room; None if they do not fit."""
    out = coded(data, row)
    return out.ljust(room, bytes([_NOTHING])) if len(out) <= room else None


def coded(data: bytes, row: int) -> bytes:
    """Code rows of so many bytes."""
    return b"".join(_row(data[i : i + row]) for i in range(0, len(data), row))


@lru_cache(maxsize=1 << 10)
def _row(data: bytes) -> bytes:
    out, at, plain = bytearray(), 0, bytearray()
    while at < len(data):
        count = 1
        while count < _MOST and at + count < len(data) and data[at + count] == data[at]:
            count += 1
        if count < 3:
            plain += data[at : at + count]
        else:
            out += _literal(plain) + bytes((257 - count, data[at]))
            plain.clear()
        at += count
    return bytes(out + _literal(plain))


def _literal(data: bytes | bytearray) -> bytes:
    parts = (data[i : i + _MOST] for i in range(0, len(data), _MOST))
    return b"".join(bytes((len(part) - 1,)) + part for part in parts)


def beginning(stream: bytes, most: int) -> bytes:
    """Decode the first bytes of a stream, or all that there are."""
    out, at = bytearray(), 0
    while len(out) < most and at + 1 < len(stream):
        head = stream[at]
        if head < _NOTHING:
            out += stream[at + 1 : at + 2 + head]
            at += 2 + head
        elif head == _NOTHING:
            at += 1
        else:
            out += stream[at + 1 : at + 2] * (257 - head)
            at += 2
    return bytes(out[:most])
