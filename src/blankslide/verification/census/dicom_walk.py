"""Walk what only DICOM holds: its own run lengths (RLE), and JPEG-LS.

Source: DICOM PS3.5 G (run lengths), ISO/IEC 14495-1 (JPEG-LS).
"""

from __future__ import annotations

from itertools import pairwise

from blankslide.verification.census.coded import Coded, Ranges, fits, joined, speaking
from blankslide.verification.census.packed_walk import beside_packbits
from blankslide.verification.census.surplus import MOST_PIXELS, last_run, needed, readable

RLE, JPEG_LS = -1, -2
"""Numbers of these codecs, which TIFF has none for."""
_HEAD, _MOST_SEGMENTS = 64, 15
_START, _FRAME, _SCAN, _PRESETS, _END = 0xD8, 0xF7, 0xDA, 0xF8, 0xD9
_LEAST_MARK = 0x80
_PLAIN = b"\x01"  # thresholds: five numbers; the other kinds are tables


def beside_rle(data: bytes, coded: Coded) -> Ranges | None:
    """Return what a frame of run lengths does not need; None if it is none of this size."""
    numbers = [int.from_bytes(data[i : i + 4], "little") for i in range(0, min(len(data), _HEAD), 4)]
    count = coded.samples * (coded.bits // 8)
    if len(numbers) * 4 != _HEAD or numbers[0] != count or not 0 < count <= _MOST_SEGMENTS:
        return None
    starts = [*numbers[1 : count + 1], len(data)]
    if any(a >= b for a, b in pairwise([_HEAD - 1, *starts])):
        return None
    found = [*speaking(data, 4 * (count + 1), _HEAD), *speaking(data, _HEAD, starts[0])]
    plane = coded._replace(samples=1, bits=8)
    for begin, end in pairwise(starts):
        rest = beside_packbits(data[begin:end], plane)
        if rest is None:
            return None
        found += [(begin + low, begin + high) for low, high in rest]
    return joined(found)


def beside_jls(data: bytes, coded: Coded) -> Ranges | None:
    """Return what a JPEG-LS stream does not need; None if it is not one whole stream of this size."""
    if data[:2] != bytes((0xFF, _START)):
        return None
    at, is_sized, found = 2, False, list[tuple[int, int]]()
    while at + 4 <= len(data) and data[at] == 0xFF:
        mark, stop = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if mark == _SCAN:
            at = _scan_end(data, stop)
            found += _surplus(data, coded, stop, at)
        else:
            is_sized |= mark == _FRAME and _is_sized(data[at + 4 : stop], coded)
            if mark != _FRAME and not (mark == _PRESETS and data[at + 4 : at + 5] == _PLAIN and stop - at == 15):
                found += speaking(data, at + 4, stop)
            at = stop
        if data[at : at + 2] == bytes((0xFF, _END)):
            return joined([*found, *speaking(data, at + 2)]) if is_sized and mark == _SCAN else None
    return None


def _is_sized(frame: bytes, coded: Coded) -> bool:
    """Whether the header of a frame says the size that the picture must have."""
    if len(frame) < 6 or len(frame) != 6 + 3 * frame[5]:
        return False
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    return fits(width, coded.width) and fits(height, coded.height) and frame[5] == coded.samples


def _scan_end(data: bytes, at: int) -> int:
    """Return where the marker behind coded data stands: behind 0xFF comes a bit of zero, else it is a marker."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] >= _LEAST_MARK:
            return at
        at += 2
    return len(data)


def _surplus(data: bytes, coded: Coded, begin: int, end: int) -> Ranges:
    """Return text behind the coded data, but before the marker that ends it."""
    if not readable(data, begin, end):
        return []
    if coded.width * coded.height > MOST_PIXELS:
        return [(last_run(data, begin, end), end)]
    import imagecodecs

    return [(needed(imagecodecs.jpegls_decode, data, begin, end), end)]
