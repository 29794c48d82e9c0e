"""ICC profiles: where a profile says when, by whom and on which device it was made.

Only the header, the tag table and the text tags are read, never the curves, so a profile
of megabytes costs a few kilobytes. The profile stays valid after its date, check sum and
texts are zeroed: zero means "not stated" for the first two, and texts keep their counts.

Source: ICC.1:2022, sections 7.2, 7.3 and 10.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.source import ByteSource

_DATE = (24, 36)
_ID = (84, 100)
_TEXT_TAGS = (b"desc", b"cprt", b"dmnd", b"dmdd", b"vued", b"targ", b"meta", b"psid")
_MAX_TAGS = 256


class IccSpans(NamedTuple):
    """Absolute byte ranges inside the file: creation date, profile id, texts."""

    date: tuple[int, int]
    id: tuple[int, int]
    texts: tuple[tuple[int, int], ...]


def spans(source: ByteSource, start: int, end: int) -> IccSpans | None:
    """Locate what identifies inside the profile that stands in ``[start, end)``.

    Returns
    -------
    The ranges, or None if the bytes are no ICC profile.
    """
    if end - start < 132:
        return None
    head = source.read(start, 132)
    if head[36:40] != b"acsp":
        return None
    (count,) = struct.unpack_from(">I", head, 128)
    texts = []
    if 0 < count <= _MAX_TAGS and 132 + 12 * count <= end - start:
        table = source.read(start + 132, 12 * count)
        for name, offset, length in struct.iter_unpack(">4sII", table):
            if name in _TEXT_TAGS and offset >= 132 + 12 * count and offset + length <= end - start:
                texts.extend(_text_spans(source, start + offset, length))
    return IccSpans((start + _DATE[0], start + _DATE[1]), (start + _ID[0], start + _ID[1]), tuple(texts))


def _text_spans(source: ByteSource, pos: int, length: int) -> list[tuple[int, int]]:
    if length <= 12:
        return []
    head = source.read(pos, min(length, 4096))
    kind = head[:4]
    if kind == b"text":
        return [(pos + 8, pos + length)]
    if kind == b"desc":
        (size,) = struct.unpack_from(">I", head, 8)
        return [(pos + 12, pos + min(length, 12 + size))]
    if kind == b"mluc" and length >= 16:
        count, step = struct.unpack_from(">II", head, 8)
        out = []
        for i in range(min(count, _MAX_TAGS)):
            at = 16 + i * step
            if step != 12 or at + 12 > len(head):
                break
            size, offset = struct.unpack_from(">II", head, at + 4)
            if offset + size <= length:
                out.append((pos + offset, pos + offset + size))
        return out
    return [(pos + 8, pos + length)]
