"""What a tile of a CZI holds besides its pixels: text around coded data, and attachments.

Readers ignore it, so it can be overwritten without a change to any pixel: text in JPEG and JPEG XR
containers, skippable Zstandard frames, bytes behind the last raw pixel, and attachments that are
not a mask of valid pixels.

Promise: coded data are looked into only if the caller asks for it. Bytes behind raw pixels and
attachments, which can be found without that, are looked at in every tile; of a mask only its head
is read.

Source: libCZI's page on masks of valid pixels; two real files.
"""

from __future__ import annotations

from struct import unpack
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from blankslide.containers.streams import jpeg, jpegxr, zstd
from blankslide.formats.zeiss.pictures import PIXELS, behind_header
from blankslide.source import any_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blankslide.containers.czi import Tile
    from blankslide.source import ByteSource

__all__ = ["Beside", "beside"]

RAW, JPEG, JPEG_XR, ZSTD0, ZSTD1 = 0, 1, 4, 5, 6
_MASK = UUID("cbe3ea67-5bfc-492b-a16a-ece378031448").bytes_le
_CHUNK, _MASK_HEAD = 20, 16
_MOST_CHUNKS = 64


class Beside(NamedTuple):
    """Bytes ``[start, end)`` that are not pixels: ``has_data`` if any is not blank, ``text`` to search for."""

    id: str
    title: str
    start: int
    end: int
    has_data: bool
    text: bytes = b""


def beside(source: ByteSource, tile: Tile, look: bool) -> list[Beside]:
    """List, in order, what is not pixels in a tile.

    Parameters
    ----------
    look
        Whether to look into coded data.
    """
    return [*_coded(source, tile, look), *_attached(source, tile)]


def _coded(source: ByteSource, tile: Tile, look: bool) -> list[Beside]:
    codec, (start, end) = tile.entry.compression, tile.data
    if codec == RAW:
        return _behind_raw(source, tile)
    if not look:
        return []
    if codec == JPEG:
        found = [(a.start, a.end, a.text) for a in jpeg.asides(source, start, end - start)]
        return [Beside("jpeg.tile-text", "Text in a tile", low, high, bool(text), text) for low, high, text in found]
    if codec == JPEG_XR:
        spoken = jpegxr.asides(source, start, end - start)
        return [_unknown(source, "jpegxr.tile-text", "Text in a tile", a, b)._replace(text=t) for a, b, t in spoken]
    if codec == ZSTD1:
        start = behind_header(source.read(start, min(3, end - start)), start)
    if codec not in (ZSTD0, ZSTD1) or not start:
        return []
    return [_unknown(source, "zstd.tile-text", "Text in a tile", *span) for span in zstd.skippable(source, start, end)]


def _unknown(source: ByteSource, id: str, title: str, start: int, end: int) -> Beside:
    return Beside(id, title, start, end, any_data(source, start, end))


def _behind_raw(source: ByteSource, tile: Tile) -> list[Beside]:
    """Return the bytes behind the last raw pixel; none of a tile with several planes, whose order is not known."""
    entry, (start, end) = tile.entry, tile.data
    if entry.planes != 1 or entry.pixels not in PIXELS:
        return []
    bits, samples = PIXELS[entry.pixels]
    last = start + entry.stored[0] * entry.stored[1] * samples * bits // 8
    return [_unknown(source, "zeiss.tile.slack", "Bytes behind the pixels", last, end)] if last < end else []


def _attached(source: ByteSource, tile: Tile) -> Iterator[Beside]:
    """Return everything in a tile's attachment except masks and the lengths of its parts."""
    pos, end = tile.aside
    for _ in range(_MOST_CHUNKS):
        if pos + _CHUNK > end:
            break
        head = source.read(pos, min(_CHUNK + _MASK_HEAD, end - pos))
        size = int.from_bytes(head[16:20], "little")
        if pos + _CHUNK + size > end:
            break
        if not _is_mask(head, size):
            yield _attachment(source, pos, pos + 16)
            yield _attachment(source, pos + _CHUNK, pos + _CHUNK + size)
        pos += _CHUNK + size
    yield _attachment(source, pos, end)


def _attachment(source: ByteSource, start: int, end: int) -> Beside:
    return _unknown(source, "zeiss.tile.attachment", "Attachment of a tile", start, end)


def _is_mask(head: bytes, size: int) -> bool:
    if head[:16] != _MASK or len(head) < _CHUNK + _MASK_HEAD:
        return False
    width, height, kind, stride = unpack("<4I", head[_CHUNK:])
    return bool(kind == 0 and stride * 8 >= width and size == _MASK_HEAD + stride * height)
