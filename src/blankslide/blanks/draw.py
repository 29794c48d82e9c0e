"""Blank pictures for pages that must stay: valid, of the same codec and size, in the same room.

A page that others count on (by number, or as the only one of its kind) cannot be unlinked,
and junk in it makes readers give up the whole slide. So each of its strips or tiles gets a
picture of one colour, in its own codec, stretched to the old length by the codec's own rules:
the file does not grow, no count changes, and no old byte stays.

What is drawn follows from the page's tags and the stream's own headers alone, so drawing it
again gives the same bytes: that is how a later run knows a picture as ours (`is_drawn`).
White is tried first, for all slots of a page; where it does not fit, grey, else the edit is
refused before anything is written.

Sources: TIFF 6.0; ITU-T T.81 and T.800; which padding readers accept was tried on OpenSlide,
tifffile and Pillow.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from blankslide.blanks import jpeg, lzw, zstd
from blankslide.blanks.codes import (
    BLACK_IS_ZERO,
    DEFLATE,
    JP2K,
    JPEG,
    JPEG_XR,
    LZW,
    PACKBITS,
    PNG,
    RAW,
    RGB,
    RLE,
    XR_BGR,
    XR_FORMAT,
    XR_RGB,
    YCC,
    ZSTD,
)
from blankslide.containers.streams import jp2k, png
from blankslide.containers.streams.jpeg import segments
from blankslide.errors import NotEditable
from blankslide.model import Write

if TYPE_CHECKING:
    from blankslide.model import Blank, Coding, Slot
    from blankslide.source import ByteSource

__all__ = ["draw", "is_drawn"]

_MOST_BYTES = 1 << 28
#: No byte of a stream stands for more; a few bytes are allowed for its beginning.
_LZW_AT_MOST, _DEFLATE_AT_MOST, _ROOM = 1400, 1033, 64
Draw = Callable[["Slot", bytes], bytes | None]


def draw(blank: Blank, source: ByteSource) -> list[Write]:
    """Draw a blank picture into every slot of a page.

    Parameters
    ----------
    blank
        The page's slots and how they are coded.
    source
        The file: of pictures only headers are used.

    Returns
    -------
    One write for each slot, exactly as long as the slot.

    Raises
    ------
    NotEditable
        If the codec is not known, or no valid picture fits.
    """
    slots = list(dict.fromkeys(s for s in blank.slots if s.end > s.start))
    old = [source.read(s.start, s.end - s.start) for s in slots]
    for way in _ways(blank.coding, source):
        new = _all(way, slots, old)
        if new is not None:
            return [Write(blank.file, s.start, data) for s, data in zip(slots, new, strict=True)]
    raise NotEditable("a picture that must stay linked has no room for a valid blank one of its codec")


def is_drawn(blank: Blank, source: ByteSource) -> bool:
    """Whether a page already shows what `draw` would draw."""
    try:
        writes = draw(blank, source)
    except NotEditable:
        return False
    return all(source.read(w.start, len(w.data)) == w.data for w in writes)


def _all(way: Draw, slots: Sequence[Slot], old: Sequence[bytes]) -> list[bytes] | None:
    """Draw all slots one way, so that the page shows one colour; None if one does not fit."""
    out = []
    for slot, was in zip(slots, old, strict=True):
        new = way(slot, was)
        if new is None:
            return None
        out.append(new)
    return out


def _ways(coding: Coding, source: ByteSource) -> Iterable[Draw]:
    if coding.compression == JPEG:
        return _jpeg_ways(coding, b"" if coding.tables is None else _span(source, coding.tables))
    if coding.compression in JP2K:
        return (_jp2k,)
    if coding.compression == JPEG_XR:
        return (partial(_jpeg_xr, coding),)
    if coding.compression == PNG:
        return (lambda slot, _: png.blank(slot.width, slot.height, slot.end - slot.start),)
    if coding.compression == RLE:
        return tuple(_segmented(coding, fill) for fill in dict.fromkeys((_white(coding), 0)))
    coder = _CODERS.get(coding.compression)
    if coder is None:
        return ()
    return tuple(_plain(coding, coder, fill) for fill in dict.fromkeys((_white(coding), 0)))


def _span(source: ByteSource, span: tuple[int, int]) -> bytes:
    return source.read(span[0], span[1] - span[0])


# -- JPEG --------------------------------------------------------------------------------


def _jpeg_ways(coding: Coding, tables: bytes) -> Iterable[Draw]:
    if coding.bits != 8:
        return ()
    ycc = {RGB: False, YCC: True}.get(coding.photometric) if coding.samples == 3 else None

    def way(drawer: str) -> Draw:
        def one(slot: Slot, old: bytes) -> bytes | None:
            stream = _jpeg(_head(old), tables, ycc, drawer, slot.width, slot.height, coding.samples, coding.sampling)
            room = slot.end - slot.start
            return None if stream is None or len(stream) > room else jpeg.padded(stream, room)

        return one

    return tuple(map(way, ("own", "fresh", "grey")))


def _head(stream: bytes) -> bytes:
    """Cut a stream off behind its first scan's header: the same for all strips but the last."""
    end = 2
    for segment in segments(stream):
        end = segment.end
    return stream[: end + 2 + int.from_bytes(stream[end + 2 : end + 4], "big")]


@lru_cache(maxsize=256)
def _jpeg(
    head: bytes,
    tables: bytes,
    ycc: bool | None,
    way: str,
    width: int,
    height: int,
    samples: int,
    sampling: tuple[int, int],
) -> bytes | None:
    frame = jpeg.parse(head, tables)
    if frame is None or len(frame.components) != samples or frame.width < width or frame.height < height:
        if way != "fresh":
            return None
        frame = jpeg.plain_frame(width, height, samples, sampling if ycc else (1, 1))
        if frame is None:
            return None
    if way == "fresh":
        return jpeg.fresh(frame, ycc)
    return jpeg.blank(frame, ycc) if way == "own" else jpeg.grey(frame)


def _jp2k(slot: Slot, old: bytes) -> bytes | None:
    stream = jp2k.blank(old)
    return _zero_padded(stream, slot.end - slot.start)


def _jpeg_xr(coding: Coding, slot: Slot, old: bytes) -> bytes | None:
    """White; what follows the picture's container is passed over by all readers that were tried."""
    stream = _white_xr(slot.width, slot.height, coding.samples, coding.bits)
    at = old[:512].find(XR_FORMAT) + len(XR_FORMAT)
    if stream is not None and at >= len(XR_FORMAT) and old[at : at + 1] == XR_BGR:
        # readers of blue-green-red pictures refuse another order, though it is all one in white
        stream = stream.replace(XR_FORMAT + XR_RGB, XR_FORMAT + XR_BGR, 1)
    return _zero_padded(stream, slot.end - slot.start)


@lru_cache(maxsize=64)
def _white_xr(width: int, height: int, samples: int, bits: int) -> bytes | None:
    import imagecodecs
    import numpy as np

    if bits not in (8, 16) or width * height * samples * bits // 8 > _MOST_BYTES:
        return None
    shape = (height, width) if samples == 1 else (height, width, samples)
    pixels = np.full(shape, (1 << bits) - 1, f"uint{bits}")
    return bytes(imagecodecs.jpegxr_encode(pixels))


# -- codecs of plain samples -------------------------------------------------------------


def _white(coding: Coding) -> int:
    """Return the byte that all samples of a white picture consist of (grey for luma and chroma)."""
    known = {BLACK_IS_ZERO: 0xFF, RGB: 0xFF, YCC: 0x80}
    return known.get(coding.photometric, 0) if coding.bits % 8 == 0 or coding.predictor == 1 else 0


def _plain(coding: Coding, coder: Callable[[bytes, int, int], bytes | None], fill: int) -> Draw:
    def one(slot: Slot, old: bytes) -> bytes | None:
        row, rows = _rows(coding, slot.width, slot.height)
        if row * rows > _MOST_BYTES or (fill and coding.predictor not in (1, 2)):
            return None
        return _coded(coder, _row(coding, row, fill), rows, slot.end - slot.start)

    return one


def _rows(coding: Coding, width: int, height: int) -> tuple[int, int]:
    """Bytes of a row and number of rows; subsampled pixels come in units of several rows."""
    across, down = coding.sampling if coding.photometric == YCC and coding.samples == 3 else (1, 1)
    if (across, down) != (1, 1):
        return -(-width // across) * (across * down + 2) * coding.bits // 8, -(-height // down)
    return (width * coding.samples * coding.bits + 7) // 8, height


def _row(coding: Coding, length: int, fill: int) -> bytes:
    """One row before the codec: with the predictor only its first pixel differs from zero."""
    if coding.predictor == 1:
        return bytes([fill]) * length
    first = coding.samples * coding.bits // 8
    return (bytes([fill]) * first).ljust(length, b"\0")[:length]


@lru_cache(maxsize=64)
def _coded(coder: Callable[[bytes, int, int], bytes | None], row: bytes, rows: int, room: int) -> bytes | None:
    return coder(row, rows, room)


def _zero_padded(stream: bytes | None, room: int) -> bytes | None:
    return None if stream is None or len(stream) > room else stream.ljust(room, b"\0")


def _raw(row: bytes, rows: int, room: int) -> bytes | None:
    """Samples as they are; a slot that is too short was never a whole picture."""
    whole = min(rows, room // max(len(row), 1) + 1)
    return (row * whole)[:room].ljust(room, row[:1] or b"\0")


def _lzw(row: bytes, rows: int, room: int) -> bytes | None:
    if len(row) * rows > _LZW_AT_MOST * (room + _ROOM):  # what cannot fit is not coded: that takes a second for 16 MiB
        return None
    return _zero_padded(lzw.encode(row * rows), room)


def _deflate(row: bytes, rows: int, room: int) -> bytes | None:
    if len(row) * rows > _DEFLATE_AT_MOST * (room + _ROOM):
        return None
    return _zero_padded(zlib.compress(row * rows, 9), room)


def _packbits(row: bytes, rows: int, room: int) -> bytes | None:
    """Runs do not cross rows; what is left is filled with the byte that means nothing."""
    runs = b"".join(_run(row[i : i + 128]) for i in range(0, len(row), 128))
    stream = runs * rows
    return None if len(stream) > room else stream.ljust(room, b"\x80")


def _run(part: bytes) -> bytes:
    if len(set(part)) == 1:
        return bytes(((257 - len(part)) % 256, part[0]))
    return bytes((len(part) - 1,)) + part


def _segmented(coding: Coding, fill: int) -> Draw:
    """DICOM's RLE (PS3.5 annex G): a table of segments, one for each byte of a pixel, each run by run."""

    def one(slot: Slot, old: bytes) -> bytes | None:
        count, room = coding.samples * coding.bits // 8, slot.end - slot.start
        runs = b"".join(_run(bytes([fill]) * min(128, slot.width - x)) for x in range(0, slot.width, 128))
        length = len(runs) * slot.height
        if not 0 < count <= 15 or 64 + count * length > room:
            return None
        table = (count, *(64 + i * length for i in range(count)), *[0] * (15 - count))
        head = b"".join(n.to_bytes(4, "little") for n in table)
        return (head + runs * slot.height * count).ljust(room, b"\x80")

    return one


_CODERS: dict[int, Callable[[bytes, int, int], bytes | None]] = {
    RAW: _raw,
    LZW: _lzw,
    PACKBITS: _packbits,
    ZSTD: zstd.encode,
    **dict.fromkeys(DEFLATE, _deflate),
}
