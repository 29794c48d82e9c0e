"""Streams of packed bytes, without a picture's header: raw, PackBits, LZW, Deflate, Zstandard, LZMA, LERC.

The picture's size says how much must come out. A stream may end later than it needs to only where real encoders do so:
LZW strips need not end with their end code, or hold up to three bytes more. No more is ever unpacked than the picture
has, whatever a stream promises.
"""

from __future__ import annotations

import lzma
import re
import zlib

from blankslide.verification.census.coded import Coded, Ranges, joined, speaking

_ORDINARY, _END_CODE = 3, 2  # bytes behind an LZW stream's last code
_MOST_FROM_LZW = 4096  # a code of nine bits or more stands for fewer bytes than that
_TEXT = re.compile(rb"[ -~]{4}").search
_MOST_MEMORY = 1 << 28


def beside_raw(data: bytes, coded: Coded) -> Ranges | None:
    """Return what exceeds the picture's bytes; None if they are fewer."""
    return speaking(data, coded.size) if len(data) >= coded.size else None


def beside_packbits(data: bytes, coded: Coded) -> Ranges | None:
    """Return what exceeds a PackBits stream."""
    at, left = 0, coded.size
    while left > 0 and at < len(data):
        head = data[at]
        if head < 128:
            run = min(head + 1, left)
            at, left = at + 1 + run, left - run
        else:
            at, left = (at + 2, left - 257 + head) if head > 128 else (at + 1, left)
    return speaking(data, at) if left <= 0 and at <= len(data) else None


def beside_lzw(data: bytes, coded: Coded) -> Ranges | None:
    """Return what exceeds an LZW stream, in either order of bits: all behind the shortest part that is the picture."""
    import imagecodecs

    size = coded.size
    if size > _MOST_FROM_LZW * len(data):
        return None

    def enough(length: int) -> bool:
        try:
            return len(imagecodecs.lzw_decode(data[:length], out=size)) >= size
        except Exception:  # a stream that is cut off anywhere, or is none
            return False

    if not enough(len(data)):
        return None
    if len(data) <= _ORDINARY or not enough(len(data) - _ORDINARY - 1):
        return []
    low, high = 0, len(data) - _ORDINARY - 1
    while high - low > 1:  # one decoding for each bit of the length, of a strip that is about to be told of
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    rest = speaking(data, high)
    short = not rest or (rest[0][1] - high <= _ORDINARY + _END_CODE and not _TEXT(data, high))
    return [] if short else rest


def beside_deflate(data: bytes, coded: Coded) -> Ranges | None:
    """Return what exceeds a zlib stream that gives exactly the picture."""
    inflater = zlib.decompressobj()
    try:
        out = len(inflater.decompress(data, coded.size + 1))
        if not inflater.eof and out == coded.size:
            out += len(inflater.decompress(inflater.unconsumed_tail, 1))
    except zlib.error:
        return None
    if out != coded.size or not inflater.eof:
        return None
    return speaking(data, len(data) - len(inflater.unused_data))


def beside_lzma(data: bytes, coded: Coded) -> Ranges | None:
    """Return what exceeds an LZMA stream that gives exactly the picture."""
    try:
        inflater = lzma.LZMADecompressor(memlimit=_MOST_MEMORY)
        out = len(inflater.decompress(data, coded.size + 1))
        if not inflater.eof and out == coded.size:
            out += len(inflater.decompress(b"", 1))
    except (lzma.LZMAError, EOFError, MemoryError):
        return None
    if out != coded.size or not inflater.eof:
        return None
    return speaking(data, len(data) - len(inflater.unused_data))


def beside_zstd(data: bytes, coded: Coded) -> Ranges | None:
    """Return skippable frames, and what exceeds Zstandard frames that together give exactly the picture."""
    import imagecodecs

    beside: Ranges = []
    at, left = 0, coded.size
    while at + 8 <= len(data):
        if data[at + 1 : at + 4] == b"\x2a\x4d\x18" and data[at] >> 4 == 5:
            end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
            if end > len(data):
                break
            beside.append((at, end))
        elif left > 0:
            end = _zstd_frame(data, at)
            try:
                left -= len(imagecodecs.zstd_decode(data[at:end], out=left)) if end else left + 1
            except Exception:  # more than the picture has, or no frame
                return None
        else:
            break
        at = end
    return joined(beside + speaking(data, at)) if left == 0 else None


def _zstd_frame(data: bytes, at: int) -> int:
    """Return where the frame at `at` ends, block by block; 0 if there is none or it is cut off."""
    if data[at : at + 4] != b"\x28\xb5\x2f\xfd":
        return 0
    flags = data[at + 4]
    single = flags >> 5 & 1
    at += 5 + (1 - single) + (0, 1, 2, 4)[flags & 3] + ((single, 2, 4, 8)[flags >> 6])
    last = 0
    while not last and at + 3 <= len(data):
        head = int.from_bytes(data[at : at + 3], "little")
        last, kind, size = head & 1, head >> 1 & 3, head >> 3
        if kind == 3:
            return 0
        at += 3 + (1 if kind == 1 else size)
    at += 4 * (flags >> 2 & 1)
    return at if last and at <= len(data) else 0


def beside_lerc(data: bytes, coded: Coded) -> Ranges | None:
    """Return what exceeds a LERC2 blob of the picture's size, which says its own length."""
    version = int.from_bytes(data[6:10], "little") if data[:6] == b"Lerc2 " else 0
    if not 2 <= version <= 6 or len(data) < 50:
        return None
    at = 10 if version < 3 else 14
    rows, columns = (int.from_bytes(data[i : i + 4], "little") for i in (at, at + 4))
    at += 8 if version < 4 else 12  # then the number of values in a pixel
    length = int.from_bytes(data[at + 8 : at + 12], "little")
    if (columns, rows) != (coded.width, coded.height) or not at + 12 <= length <= len(data):
        return None
    return speaking(data, length)
