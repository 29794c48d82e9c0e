"""How a drawing and its mark are coded in all codecs but JPEG, and read again.

Each codec leaves another room for the mark: behind the end of LZW, Deflate and JPEG XR, a comment in JPEG 2000, a
private chunk in PNG, empty blocks in Zstandard; and where samples stand as they are, or run by run, the lowest bits of
the white margin. Coders of Deflate and Zstandard differ, so of these what streams unpack to is held against the
drawing, and all else in the slot byte by byte.

Sources: TIFF 6.0; RFC 8878; PNG specification, third edition; DICOM PS3.5 annex G. Which streams readers accept was
tried.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

from blankslide.blanks import label_jp2k, lzw, runs, zstd
from blankslide.blanks.bits import from_bits, mark_behind, mark_tail, with_bits
from blankslide.blanks.codes import (
    BLACK_IS_ZERO,
    DEFLATE,
    JP2K,
    JPEG_XR,
    LZW,
    PACKBITS,
    PNG,
    RAW,
    RGB,
    RLE,
    WHITE_IS_ZERO,
    XR_BGR,
    XR_FORMAT,
    XR_RGB,
    YCC,
    ZSTD,
)
from blankslide.containers.streams import png

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from blankslide.model import Coding

    Read = Callable[[int, int], bytes]

__all__ = ["SOFT", "coded", "least", "mark_in", "stands"]

_BITWISE = (PACKBITS, RLE)
SOFT = {JPEG_XR: (1.0, 0.85, 0.7)}
"""Quality of a codec that may lose something, by how soft edges are."""
_TAIL, _HEAD = 2048, 8192


def coded(coding: Coding, grey: NDArray[np.uint8], note: bytes, soft: int, length: int, old: bytes) -> bytes | None:
    """Code a drawing as exactly so many bytes.

    Parameters
    ----------
    grey
        What is drawn in the slot.
    note
        The mark, or nothing.
    soft
        A number of `SOFT`; 0 where that has no meaning.
    length
        Of the slot.
    old
        How the slot begins now: some headers are used again.

    Returns
    -------
    bytes or None
        None if the codec is not known, or it does not fit.
    """
    kind = coding.compression
    if kind in JP2K:
        return None if coding.samples not in (1, 3) else _jp2k(coding, grey, note, length, old)
    if kind == PNG:
        return _png(grey, note, length)
    if kind == JPEG_XR:
        return _padded(
            _xr(grey.tobytes(), grey.shape[1], coding.samples, coding.bits, soft, _is_bgr(old)), note, length
        )
    plain = _samples(coding, grey)
    if plain is None:
        return None
    if kind == RAW:
        marked = with_bits(plain, note)
        return None if marked is None or len(plain) not in (length, length - 1) else marked.ljust(length, b"\0")
    if kind == PACKBITS:
        head = with_bits(plain, note, first=True)
        return None if head is None else runs.packed(head, len(head) // len(grey), length)
    if kind == RLE:
        return _segments(coding, plain, note, grey.shape[1], length)
    if kind == ZSTD:
        return zstd.holding(plain, note, length)
    return _padded(_packed(kind, plain), note, length)


def stands(coding: Coding, grey: NDArray[np.uint8], note: bytes, soft: int, held: bytes) -> bool:
    """Whether a slot holds what `coded` could have written."""
    kind = coding.compression
    if kind == PNG:
        return _is_png(grey, note, held)
    if kind == ZSTD:
        plain = _samples(coding, grey)
        return plain is not None and zstd.holds(held, plain, note)
    if kind not in DEFLATE:
        return coded(coding, grey, note, soft, len(held), held) == held
    plain, tail = _samples(coding, grey), _tail(note)
    found, rest = _unpacked(held, 1 + len(plain or b""))
    return found == plain and rest is not None and rest == tail.rjust(len(rest), b"\0")


def least(coding: Coding, grey: NDArray[np.uint8], note: bytes) -> int | None:
    """Return how many bytes a drawing needs in a strip; None if strips of this codec cannot be laid anew."""
    kind, plain = coding.compression, _samples(coding, grey)
    if plain is None:
        return None
    if kind == PACKBITS:
        head = with_bits(plain, note, first=True)
        return None if head is None else len(runs.coded(head, len(head) // len(grey)))
    if kind == ZSTD:
        return zstd.least(plain, note)
    stream = _packed(kind, plain)
    return None if stream is None else len(stream) + len(_tail(note))


def mark_in(coding: Coding, read: Read, length: int) -> bytes:
    """Return what stands where the mark belongs; one end of the slot is read, not the slot.

    Parameters
    ----------
    read
        Returns the bytes of the slot from one place to another.
    """
    kind = coding.compression
    if kind in (LZW, *DEFLATE, JPEG_XR):
        return mark_behind(read(max(0, length - 256), length))
    if kind == RAW:
        tail = read(max(0, length - _TAIL), length)
        return from_bits(tail) or from_bits(tail[:-1])  # DICOM fills up to an even length
    if kind in _BITWISE:
        skipped = 64 if kind == RLE else 0
        return from_bits(runs.beginning(read(skipped, min(length, skipped + _HEAD)), _TAIL), first=True)
    head = read(0, min(length, _HEAD))
    if kind in JP2K:
        return label_jp2k.comment(head)
    if kind == PNG:
        return next((head[c.start + 8 : c.end - 4] for c in png.chunks(head) if c.kind == png.PRIVATE), b"")
    return zstd.note(head) if kind == ZSTD else b""


# -- samples -----------------------------------------------------------------------------------


def _samples(coding: Coding, grey: NDArray[np.uint8]) -> bytes | None:
    """Return what a codec of plain samples is given; None where samples are not plain."""
    import numpy as np

    known = coding.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and coding.bits in (8, 16)
    counts = (1, 3, 4) if coding.photometric == RGB else (1,)
    if not known or coding.samples not in counts or coding.predictor not in (1, 2):
        return None
    pixels = (255 - grey if coding.photometric == WHITE_IS_ZERO else grey)[..., None].repeat(coding.samples, 2)
    if coding.samples == 4:
        pixels[..., 3] = 255
    if coding.bits == 16:
        pixels = pixels.astype(f"{'>' if coding.order == 'big' else '<'}u2") * 257
    if coding.predictor == 2 and coding.compression not in (RAW, PACKBITS, RLE):
        pixels = np.diff(pixels, axis=1, prepend=np.zeros_like(pixels[:, :1]))
        pixels = pixels.astype(f"{'>' if coding.order == 'big' else '<'}u{coding.bits // 8}")
    return pixels.tobytes()


# -- streams -----------------------------------------------------------------------------------


def _tail(note: bytes) -> bytes:
    return mark_tail(note) if note else b""


def _padded(stream: bytes | None, note: bytes, length: int) -> bytes | None:
    tail = _tail(note)
    if stream is None or len(stream) + len(tail) > length:
        return None
    return stream.ljust(length - len(tail), b"\0") + tail


@lru_cache(maxsize=256)
def _packed(compression: int, plain: bytes) -> bytes | None:
    if compression == LZW:
        return lzw.encode(plain)
    return zlib.compress(plain, 9) if compression in DEFLATE else None


def _unpacked(data: bytes, most: int) -> tuple[bytes, bytes | None]:
    """Unpack one zlib stream; also return what follows it, or None if it has no end."""
    unpack = zlib.decompressobj()
    try:
        found = unpack.decompress(data, most)
    except zlib.error:
        return b"", None
    return found, unpack.unused_data if unpack.eof else None


def _jp2k(coding: Coding, grey: NDArray[np.uint8], note: bytes, length: int, old: bytes) -> bytes | None:
    ycc = coding.photometric == YCC or coding.compression in (33003, 33004)
    return label_jp2k.draw(old, grey, ycc, note, length)


def _segments(coding: Coding, plain: bytes, note: bytes, width: int, length: int) -> bytes | None:
    """DICOM's RLE: a table of segments, one for each byte of a pixel, the most significant first."""
    count = coding.samples * coding.bits // 8
    planes = [plain[i::count] for i in range(count)]  # all bytes of a sample are alike
    first = with_bits(planes[0], note, first=True)
    if first is None or count > 15:
        return None
    coded_planes = [runs.coded(plane, width) for plane in (first, *planes[1:])]
    coded_planes = [part + b"\x80" * (len(part) % 2) for part in coded_planes]
    starts = [64 + sum(map(len, coded_planes[:i])) for i in range(count)]
    out = struct.pack("<16I", count, *starts, *[0] * (15 - count)) + b"".join(coded_planes)
    return out.ljust(length, b"\x80") if len(out) <= length else None


def _is_bgr(old: bytes) -> bool:
    at = old[:512].find(XR_FORMAT)
    return at >= 0 and old[at + len(XR_FORMAT) : at + len(XR_FORMAT) + 1] == XR_BGR


@lru_cache(maxsize=64)
def _xr(grey: bytes, width: int, samples: int, bits: int, soft: int, bgr: bool) -> bytes | None:
    import imagecodecs
    import numpy as np

    if bits not in (8, 16) or samples not in (1, 3):
        return None
    pixels = np.frombuffer(grey, np.uint8).reshape(-1, width).astype(f"uint{bits}") * (257 if bits == 16 else 1)
    if samples == 3:
        pixels = pixels[..., None].repeat(3, 2)
    stream = bytes(imagecodecs.jpegxr_encode(np.ascontiguousarray(pixels), level=SOFT[JPEG_XR][soft]))
    return stream.replace(XR_FORMAT + XR_RGB, XR_FORMAT + XR_BGR, 1) if bgr else stream


# -- PNG ---------------------------------------------------------------------------------------


def _png(grey: NDArray[np.uint8], note: bytes, length: int) -> bytes | None:
    parts = _png_parts(grey, note, zlib.compress(_rows(grey), 9))
    return png.filled(parts, length)


def _png_parts(grey: NDArray[np.uint8], note: bytes, coded: bytes) -> bytes:
    head = png.as_chunk(b"IHDR", struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 1, 0, 0, 0, 0))
    return png.MAGIC + head + png.as_chunk(png.PRIVATE, note) + png.as_chunk(b"IDAT", coded)


def _rows(grey: NDArray[np.uint8]) -> bytes:
    """Return the rows of a picture of one bit a pixel, each behind the number of its filter."""
    import numpy as np

    bits = np.packbits(grey > 127, axis=1)
    return np.pad(bits, ((0, 0), (1, 0))).tobytes()


def _is_png(grey: NDArray[np.uint8], note: bytes, held: bytes) -> bool:
    coded = next((held[c.start + 8 : c.end - 4] for c in png.chunks(held) if c.kind == b"IDAT"), b"")
    rows = _rows(grey)
    found, rest = _unpacked(coded, 1 + len(rows))
    return found == rows and rest == b"" and png.filled(_png_parts(grey, note, coded), len(held)) == held
