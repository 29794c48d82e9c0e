"""What a coded picture says of itself at its beginning, and whether it ends: enough to tell tissue by its looks.

All tiles of a level are coded alike. So a stream that nobody refers to, but that begins as the tiles do, may be one of
them; and a tile that does not end where it is said to end has been cut off. That can be told where streams have a mark
at both ends: JPEG, JPEG 2000 and PNG. Bitmaps and JPEG XR are known by their beginnings only.

Promise: bounded; only the bytes given are looked at. Whatever is not known has no frame and is not cut.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from blankslide.containers.streams import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["BEGINNINGS", "MAGIC", "frame_of", "is_begun", "is_coded", "is_cut", "lacks_tables"]

_JPEG, _JP2K, _PNG = b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x89PNG\r\n\x1a\n"
_BITMAP, _JPEG_XR = b"BM", b"II\xbc"
MAGIC = (_JPEG, _JP2K, _PNG)
"""How streams begin that have a mark at their end."""
BEGINNINGS = (*MAGIC, _BITMAP, _JPEG_XR)
"""How streams begin of which a frame is known."""

_END = b"\xff\xd9"
_DQT, _DHT = 0xDB, 0xC4
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_NEEDED, _TABLES = frozenset((_DQT, _DHT)), (bytes((0xFF, _DQT)), bytes((0xFF, _DHT)))
_HUFFMAN = frozenset((0xC0, 0xC1, 0xC2))
_USUAL = frozenset((*range(0xC0, 0xD0), _DQT, 0xDD, *range(0xE0, 0xF0), 0xFE))
_LEAST, _DENSE = 512, 0.9
_HEADER = bytes((0, 0, 0, 0, 40, 0, 0, 0))  # nothing, and the length of what a bitmap says of itself
_SIZES = 34  # eight numbers of four bytes, and how many components there are


def frame_of(head: bytes) -> tuple[str, bytes] | None:
    """Return the codec and what the picture says of its size and samples; None if that is not known.

    Parameters
    ----------
    head
        The beginning of a stream.
    """
    if head.startswith(_JPEG):
        return next((("jpeg", head[s.start : s.end]) for s in jpeg.segments(head) if s.marker in _FRAMES), None)
    if head.startswith(_JP2K) and len(head) >= 8 + _SIZES:
        return "jp2k", head[8 : 8 + _SIZES]
    if head.startswith(_BITMAP):
        return ("bmp", head[18:30]) if len(head) >= 30 and head[6:10] + head[14:18] == _HEADER else None
    if head.startswith(_JPEG_XR):
        return "jxr", head[3:4]  # its size stands anywhere
    return ("png", head[16:26]) if head.startswith(_PNG) and len(head) >= 26 else None


def is_begun(data: bytes) -> bool:
    """Whether a picture begins here, or one that is cut off before it says what it is.

    A JPEG's mark alone does not tell: raw pixels of a light pink have it too.

    Parameters
    ----------
    data
        The beginning of what may be a stream, or all of it.
    """
    if not data.startswith(_JPEG):
        return data.startswith(MAGIC)
    end = 2
    for segment in jpeg.segments(data):
        end = segment.end
        if segment.marker in _FRAMES:
            said = data[segment.start : end]
            return len(said) > 6 and 2 <= said[0] <= 16 and len(said) == 6 + 3 * said[5]
    rest = data[end:].lstrip(b"\xff")
    if len(rest) < 3 or data[end] != 0xFF:
        return len(rest) < 3
    return rest[0] in _USUAL and 1 + int.from_bytes(rest[1:3], "big") > len(rest)


def is_cut(data: bytes) -> bool:
    """Whether a whole stream has no end.

    Parameters
    ----------
    data
        All that stands in a slot.
    """
    if data.startswith((_JPEG, _JP2K)):
        return _END not in data[-(1 << 16) :]
    return data.startswith(_PNG) and b"IEND" not in data[-(1 << 16) :]


def lacks_tables(heads: Iterable[bytes], tables: bytes) -> bool:
    """Whether one of some JPEG streams has no tables to decode it by, neither its own nor those that are shared.

    Parameters
    ----------
    heads
        The streams, or their beginnings.
    tables
        The shared tables, if there are any.
    """
    end, shared = 2, set[int]()
    for segment in jpeg.segments(tables):
        end = segment.end
        shared.add(segment.marker)
    is_cut_off = tables[end : end + 2] in _TABLES
    for head in heads:
        own = {segment.marker for segment in jpeg.segments(head)}
        if own.isdisjoint(_HUFFMAN) or own >= _NEEDED:
            continue  # a frame of another kind is the readers' business
        if is_cut_off or not own | shared >= _NEEDED:
            return True
    return False


def is_coded(data: bytes) -> bool:
    """Whether most of some bytes cannot be packed any further, as coded pixels: texts and tables can.

    Parameters
    ----------
    data
        Any bytes. Of fewer than 512 nobody can say it.
    """
    part = data[len(data) // 4 :][: 1 << 16]
    return len(data) >= _LEAST and len(zlib.compress(part, 1)) > _DENSE * len(part)
