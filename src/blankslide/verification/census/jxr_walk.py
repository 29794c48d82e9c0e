"""Walk a JPEG XR file: a directory as in TIFF, and the coded image that it points at.

The directory may hold the tags that a picture needs, each in its own type and once. The value of any other tag, any
byte that nothing points at, and what stands between the parts are beside.
"""

from __future__ import annotations

from blankslide.verification.census.coded import Coded, Ranges, fits, joined, speaking
from blankslide.verification.census.surplus import MOST_PIXELS, last_run, needed, readable

_FORMAT, _PLACE, _SIZE, _ALPHA, _ALPHA_SIZE = 0xBC01, 0xBCC0, 0xBCC1, 0xBCC2, 0xBCC3
_NUMBERS = frozenset((*range(0xBC80, 0xBC84), *range(0xBCC0, 0xBCC6), 0xBC02, 0xBC04))
_WIDTHS = {1: 1, 2: 1, 6: 1, 7: 1, 3: 2, 8: 2, 4: 4, 9: 4, 11: 4}
_GUID = bytes.fromhex("24c3dd6f034efe4bb1853d77768dc9")  # each pixel format but its last byte
_BEGIN = b"WMPHOTO\0"


def beside_jxr(data: bytes, coded: Coded) -> Ranges | None:
    """Return what the picture does not need, or None if `data` is not one whole JPEG XR file of its size."""
    start = int.from_bytes(data[4:8], "little")
    if data[:3] != b"II\xbc" or not 8 <= start <= len(data) - 2:
        return None
    stop = start + 2 + 12 * int.from_bytes(data[start : start + 2], "little")
    if stop > len(data):
        return None
    values: dict[int, int] = {}
    needed_parts, beside = [(0, 8), (start, stop)], []
    for at in range(start + 2, stop, 12):
        taken = _entry(data, at, values, needed_parts)
        if not taken:
            beside.append((at, at + 12))
    images = _images(data, coded, values)
    if images is None:
        return None
    if data[stop : stop + 4] == b"\0\0\0\0":
        needed_parts.append((stop, stop + 4))
    gaps = _gaps(data, needed_parts + images)
    return joined(beside + gaps + _surplus(data, coded, images[0]))


def _entry(data: bytes, at: int, values: dict[int, int], parts: Ranges) -> bool:
    """Read one entry; tell whether the picture needs it."""
    tag, kind, count = (int.from_bytes(data[at + i : at + j], "little") for i, j in ((0, 2), (2, 4), (4, 8)))
    value = int.from_bytes(data[at + 8 : at + 12], "little")
    if tag in values:
        return False
    values[tag] = value
    if tag == _FORMAT:
        if count != 16 or data[value : value + 15] != _GUID or value + 16 > len(data):
            return False
        parts.append((value, value + 16))
        return True
    size = _WIDTHS.get(kind, 0)
    return tag in _NUMBERS and count == 1 and size > 0 and not any(data[at + 8 + size : at + 12])


def _images(data: bytes, coded: Coded, values: dict[int, int]) -> Ranges | None:
    """Return where the image and its alpha plane stand, the image first; None if it is not the one that should be."""
    begin, size = values.get(_PLACE, 0), values.get(_SIZE, 0)
    end = begin + size if size else len(data)
    if not begin or end > len(data) or data[begin : begin + 8] != _BEGIN or end - begin < 20:
        return None
    wide = 2 if data[begin + 10] & 0x80 else 4
    width, height = (int.from_bytes(data[begin + i : begin + i + wide], "big") + 1 for i in (12, 12 + wide))
    if not (fits(width, coded.width) and fits(height, coded.height)):
        return None
    images = [(begin, end)]
    alpha = values.get(_ALPHA, 0)
    if alpha and data[alpha : alpha + 8] == _BEGIN and alpha + values.get(_ALPHA_SIZE, 0) <= len(data):
        images.append((alpha, alpha + values.get(_ALPHA_SIZE, 0)))
    return images


def _gaps(data: bytes, parts: Ranges) -> Ranges:
    """Return what no part holds."""
    gaps, at = [], 0
    for begin, end in sorted(parts):
        gaps += speaking(data, at, begin)
        at = max(at, end)
    return gaps + speaking(data, at)


def _surplus(data: bytes, coded: Coded, image: tuple[int, int]) -> Ranges:
    """Return text behind the coded image, but within its length."""
    begin, end = image
    if not readable(data, begin, end):
        return []
    if coded.width * coded.height > MOST_PIXELS:
        return [(last_run(data, begin, end), end)]
    import imagecodecs

    return [(needed(imagecodecs.jpegxr_decode, data, begin, end), end)]
