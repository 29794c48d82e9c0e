"""What stands behind a DICOM header: the pixels' element, its fragments, and what follows.

Strategy: only heads are read. Encapsulated pixels are items whose lengths lead from one to the
next; where an offset table tells where the last frame begins, the walk of a pyramid level starts
there, so that its cost does not follow the number of tiles. What stands behind the pixels is
told apart from padding, so that the format can decide about it.

Promise: never reads coded data; a fragment outside of the file is a `DamagedSlide`.

Source: DICOM PS3.5, A.4 and 7.2.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.dicom.header import EXTENDED_TABLE, ITEM, PADDING, PIXEL_DATA, SEQUENCE_END, UNDEFINED
from blankslide.errors import DamagedSlide

if TYPE_CHECKING:
    from blankslide.source import ByteSource

_EXTENDED_TOTAL = 0x7FE00003
_MOST_FRAGMENTS = 1 << 22
_MOST_TABLE = 64 << 20


class Pixels(NamedTuple):
    """The pixels' element.

    Attributes
    ----------
    at, body, end
        Where its head begins, where the coded frames (behind the basic offset table) begin, and
        where the element ends.
    encapsulated
        Whether the frames are fragments.
    table
        Span of the basic offset table's value.
    offsets
        Its values; empty if it is.
    fragments
        Spans of the fragments' contents; for a long pyramid level only the first and the last ones.
    extended
        Whether an extended offset table stands in front.
    """

    at: int
    body: int
    end: int
    encapsulated: bool
    table: tuple[int, int] = (0, 0)
    offsets: tuple[int, ...] = ()
    fragments: tuple[tuple[int, int], ...] = ()
    extended: bool = False


def read_pixels(source: ByteSource, start: int, implicit: bool, every: bool) -> Pixels:
    """Find the pixels' element and its fragments.

    Parameters
    ----------
    start
        Where the header ends.
    every
        Whether all fragments are wanted.

    Raises
    ------
    DamagedSlide
        If there are no pixels, or they leave the file.
    """
    pos, extended = start, False
    while True:
        tag, length, body = _head(source, pos, implicit)
        if tag == PIXEL_DATA:
            break
        if not start <= pos < body or tag > PIXEL_DATA or length == UNDEFINED:
            raise DamagedSlide("the file has no pixels")
        _check_table(source, tag, body, length)
        extended = extended or (tag == EXTENDED_TABLE and length > 0)
        pos = body + length
    if length != UNDEFINED:
        if body + length > source.size:
            raise DamagedSlide("the file ends before its pixels do")
        return Pixels(pos, body, body + length, False, extended=extended)
    return _encapsulated(source, pos, body, extended, every)


def _check_table(source: ByteSource, tag: int, body: int, length: int) -> None:
    """Refuse what is no extended offset table: nobody reads it, so it could say anything."""
    if not EXTENDED_TABLE <= tag <= _EXTENDED_TOTAL or length % 8 or length > 2 * _MOST_TABLE:
        raise DamagedSlide("in front of the pixels stands an element that no slide has")
    values = struct.unpack(f"<{length // 8}Q", source.read(body, length))
    rising = tag != EXTENDED_TABLE or all(a < b for a, b in pairwise(values))
    if not rising or any(value > source.size for value in values):
        raise DamagedSlide("the extended offset table does not lead to fragments")


def _head(source: ByteSource, pos: int, implicit: bool) -> tuple[int, int, int]:
    """Return tag, length, and where the value begins, of an element of the pixels' group."""
    if pos + 12 > source.size:
        raise DamagedSlide("the file has no pixels")
    raw = source.read(pos, 12)
    tag = int.from_bytes(raw[:2], "little") << 16 | int.from_bytes(raw[2:4], "little")
    if implicit:
        return tag, int.from_bytes(raw[4:8], "little"), pos + 8
    if raw[4:6] in (b"OB", b"OW", b"OV", b"OF", b"OD", b"OL", b"UV"):
        return tag, int.from_bytes(raw[8:12], "little"), pos + 12
    return tag, int.from_bytes(raw[6:8], "little"), pos + 8


def _encapsulated(source: ByteSource, at: int, body: int, extended: bool, every: bool) -> Pixels:
    tag, length = _item(source, body)
    if tag != ITEM or length > _MOST_TABLE or length % 4:
        raise DamagedSlide("encapsulated pixels do not begin with an offset table")
    first = body + 8 + length
    raw = source.read(body + 8, length)
    offsets = struct.unpack(f"<{length // 4}I", raw)
    if not any(offsets):  # some writers announce a table and leave it empty
        offsets = ()
    elif source.size <= UNDEFINED:  # offsets of larger files may have run over
        _check_offsets(offsets, source.size - first)
    fragments = [] if every else _skipped(source, first, offsets)
    pos = fragments[-1][1] if fragments else first
    while True:
        tag, length = _item(source, pos)
        if tag == SEQUENCE_END and not length:
            break
        if tag != ITEM or pos + 8 + length > source.size:
            raise DamagedSlide("a fragment of the pixels leads outside of the file")
        fragments.append((pos + 8, pos + 8 + length))
        pos += 8 + length
        if len(fragments) > _MOST_FRAGMENTS:
            raise DamagedSlide("there are more fragments than in any slide")
    if every and source.size <= UNDEFINED and not {first + o + 8 for o in offsets} <= {f[0] for f in fragments}:
        raise DamagedSlide("the offset table does not lead to fragments")
    return Pixels(at, first, pos + 8, True, (body + 8, first), offsets, tuple(fragments), extended)


def _check_offsets(offsets: tuple[int, ...], room: int) -> None:
    """Refuse a table that leads nowhere: its numbers could be letters."""
    if offsets[0] or offsets[-1] >= room or any(a >= b for a, b in pairwise(offsets)):
        raise DamagedSlide("the offset table does not lead to fragments")


def _skipped(source: ByteSource, first: int, offsets: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the first fragment and the one at which the table says the last frame begins."""
    if len(offsets) < 2 or offsets[-1] <= offsets[0] or source.size > UNDEFINED:
        return []
    out = []
    for pos in (first, first + offsets[-1]):
        if pos + 8 > source.size:
            raise DamagedSlide("the offset table leads outside of the file")
        tag, length = _item(source, pos)
        if tag != ITEM or pos + 8 + length > source.size:
            raise DamagedSlide("the offset table does not lead to a fragment")
        out.append((pos + 8, pos + 8 + length))
    return out


def _item(source: ByteSource, pos: int) -> tuple[int, int]:
    if pos + 8 > source.size:
        raise DamagedSlide("the pixels are not closed")
    raw = source.read(pos, 8)
    tag = int.from_bytes(raw[:2], "little") << 16 | int.from_bytes(raw[2:4], "little")
    return tag, int.from_bytes(raw[4:8], "little")


def frames_of(pixels: Pixels, count: int) -> list[tuple[tuple[int, int], ...]]:
    """Group all fragments by frame.

    Parameters
    ----------
    count
        How many frames the header announces.

    Raises
    ------
    DamagedSlide
        If fragments and frames cannot be told apart.
    """
    fragments = pixels.fragments
    if len(fragments) == count:
        return [(f,) for f in fragments]
    if count == 1 and fragments:
        return [fragments]
    if len(pixels.offsets) != count or not fragments:
        raise DamagedSlide("fragments and frames of a picture do not match")
    starts = {pixels.body + offset for offset in pixels.offsets}
    out: list[tuple[tuple[int, int], ...]] = []
    for fragment in fragments:
        if fragment[0] - 8 in starts:
            out.append((fragment,))
        elif out:
            out[-1] += (fragment,)
    if len(out) != count or out[0][0] != fragments[0]:
        raise DamagedSlide("fragments and frames of a picture do not match")
    return out


def are_all(pixels: Pixels) -> bool:
    """Whether all fragments are listed, and not only the first one and those from the last frame on."""
    listed = pixels.fragments
    return len(listed) < 2 or listed[0][1] + 8 == listed[1][0]


def surplus(pixels: Pixels, count: int) -> tuple[tuple[int, int], ...]:
    """Return fragments behind the last frame, where each frame is known to be one fragment.

    Parameters
    ----------
    count
        How many frames the header announces.
    """
    found, offsets = pixels.fragments, pixels.offsets
    if len(offsets) != count or len(offsets) < 2 or pixels.body + offsets[1] != found[0][1]:
        return ()
    last = pixels.body + offsets[-1] + 8
    return tuple(f for f in found if f[0] > last)


def native_size(width: int, height: int, samples: int, bits: int, frames: int, photometric: str) -> int:
    """Return how many bytes native frames take."""
    if photometric in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        samples = 2
    return (width * height * samples * bits * frames + 7) // 8


def padding(length: int, implicit: bool) -> bytes | None:
    """Return trailing padding of exactly ``length`` bytes, or None if no such element exists."""
    head = 8 if implicit else 12
    if length < head or length % 2:
        return None
    mark = (PADDING >> 16).to_bytes(2, "little") + (PADDING & 0xFFFF).to_bytes(2, "little")
    return mark + (b"" if implicit else b"OB\0\0") + (length - head).to_bytes(4, "little") + bytes(length - head)


def white(photometric: str) -> int:
    """Return the byte of which all samples of a white native picture consist (grey for luma and chroma)."""
    if photometric.startswith("YBR"):
        return 0x80
    return 0xFF if photometric in ("MONOCHROME2", "RGB") else 0
