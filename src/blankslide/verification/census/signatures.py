"""Places in bytes where a picture begins, by its signature and by what has to follow it.

Three letters alone are found by chance in each megabyte, so that the next fields must be possible too: a length that
ends where a marker stands, a size, a directory within reach. Each look at one place takes a bounded time.
"""

from __future__ import annotations

import re
from itertools import pairwise

_JPEG = re.compile(rb"\xff\xd8\xff++([\xc0-\xc4\xc9-\xcf\xdb\xdd\xe0-\xef\xfe])(..)", re.DOTALL).match
_BMP_HEADERS = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_BMP_BITS = frozenset((1, 2, 4, 8, 16, 24, 32))
_MOST_SIDE = 1 << 20

_START = re.compile(
    rb"\xff\xd8\xff|\xff\x4f\xff\x51|\x89PNG|BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0|GIF8|WEBPVP8|II\*\0|II\+\0"
    rb"|II\xbc|MM\0[*+]|jP  \r",
    re.DOTALL,
).search
_BEFORE = {b"W": 8, b"j": 4}  # where the signature is not the picture's beginning


def sniff(data: bytes, at: int = 0) -> str | None:
    """Return what kind of picture begins at `at`; None if none does.

    Parameters
    ----------
    data
        Any bytes.
    at
        Where the picture would begin.

    Returns
    -------
    str or None
        `jpeg`, `png`, `bmp`, `gif`, `webp`, `tiff`, `jp2`, `j2k` or `jxr`.
    """
    head = data[at : at + 2]
    if head == b"\xff\xd8":
        return "jpeg" if _jpeg(data, at) else None
    if head in (b"II", b"MM"):
        return _directory(data, at)
    if head == b"BM":
        return "bmp" if _bmp(data[at : at + 40]) else None
    if head == b"\x89P":
        return "png" if data[at : at + 16] == b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" else None
    if head == b"GI":
        return "gif" if data[at + 2 : at + 6] in (b"F87a", b"F89a") and len(data) >= at + 13 else None
    if head == b"RI":
        sound = data[at + 2 : at + 4] == b"FF" and data[at + 8 : at + 16] in (b"WEBPVP8 ", b"WEBPVP8L", b"WEBPVP8X")
        return "webp" if sound and len(data) > at + 20 else None
    if head == b"\0\0":
        return "jp2" if data[at : at + 12] == b"\0\0\0\x0cjP  \r\n\x87\n" else None
    if head == b"\xff\x4f":
        samples = int.from_bytes(data[at + 40 : at + 42], "big")
        size = int.from_bytes(data[at + 4 : at + 6], "big")
        return "j2k" if data[at + 2 : at + 4] == b"\xff\x51" and samples and size == 38 + 3 * samples else None
    return None


def picture_starts(data: bytes) -> list[tuple[int, str]]:
    """Return every place where `sniff` says that a picture begins, and its kind, in order."""
    found = []
    start = _START(data)
    while start is not None:  # each search begins one byte later: no signature hides behind another
        at = start.start() - _BEFORE.get(start[0][:1], 0)
        kind = sniff(data, at) if at >= 0 else None
        if kind is not None:
            found.append((at, kind))
        start = _START(data, start.start() + 1)
    return found


def _jpeg(data: bytes, at: int) -> bool:
    """Tell whether a segment follows that has a length, and a marker behind it."""
    found = _JPEG(data, at, at + 64)
    if found is None:
        return False
    end = found.start(2) + int.from_bytes(found[2], "big")
    return end >= found.end() and data[end : end + 1] == b"\xff" and data[end + 1 : end + 2] not in (b"", b"\0")


def _bmp(head: bytes) -> bool:
    """Tell whether the fields behind BM can be those of a bitmap."""
    place, size = int.from_bytes(head[10:14], "little"), int.from_bytes(head[14:18], "little")
    if len(head) < 26 or size not in _BMP_HEADERS or not 14 + size <= place < 1 << 16:
        return False
    wide = 2 if size == 12 else 4
    ends = 18, 18 + wide, 18 + 2 * wide, 20 + 2 * wide, 22 + 2 * wide
    width, height, planes, bits = (int.from_bytes(head[i:j], "little", signed=True) for i, j in pairwise(ends))
    return planes == 1 and bits in _BMP_BITS and 0 < width < _MOST_SIDE and 0 < abs(height) < _MOST_SIDE


def _directory(data: bytes, at: int) -> str | None:
    """Tell whether a TIFF or JPEG XR directory can be reached, and its first entry can be one."""
    order = "little" if data[at : at + 1] == b"I" else "big"

    def number(begin: int, size: int) -> int:
        return int.from_bytes(data[begin : begin + size], order)  # type: ignore[arg-type]

    version = number(at + 2, 2)
    if version & 0xFF == 0xBC and order == "little" and version >> 8 < 3:
        kind, place, counter, entry = "jxr", number(at + 4, 4), 2, 12
    elif version == 42:
        kind, place, counter, entry = "tiff", number(at + 4, 4), 2, 12
    elif version == 43 and number(at + 4, 4) in (8, 8 << 16):
        kind, place, counter, entry = "tiff", number(at + 8, 8), 8, 20
    else:
        return None
    first = at + place + counter
    count = number(at + place, counter)
    if place < 8 or first + entry > len(data) or not 0 < count < 4096:
        return None
    return kind if 0 < number(first + 2, 2) <= 18 and number(first, 2) > 0 else None
