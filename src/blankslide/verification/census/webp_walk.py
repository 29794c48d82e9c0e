"""Walk a WebP file chunk by chunk, and say which of its bytes the picture does not need.

Needed are one coded picture, its alpha plane, the flags of the extended form and the background of an animation. Colour
profile, EXIF, XMP, further frames and unknown chunks are beside, and so is what exceeds the file's own length.
"""

from __future__ import annotations

from blankslide.verification.census.coded import Coded, Ranges, joined, speaking
from blankslide.verification.census.surplus import MOST_PIXELS, last_run, needed, readable

_FIXED = {b"VP8X": 10, b"ANIM": 6}


def beside_webp(data: bytes, coded: Coded) -> Ranges | None:
    """Return what the picture does not need, or None if `data` is not one whole WebP file of its size."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return None
    stop = 8 + int.from_bytes(data[4:8], "little")
    if stop > len(data):
        return None
    beside = speaking(data, stop)
    seen: set[bytes] = set()
    at, picture = 12, None
    while at + 8 <= stop:
        kind, end = data[at : at + 4], at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if end > stop:
            break
        if kind in (b"VP8 ", b"VP8L") and picture is None:
            picture = at + 8, end
        elif kind in _FIXED and kind not in seen:
            beside.append((at + 8 + _FIXED[kind], end))
        elif kind != b"ALPH" or kind in seen:
            beside.append((at, end))
        seen.add(kind)
        if end % 2 and end < stop:
            beside += speaking(data, end, end + 1)
        at = end + end % 2
    if picture is None or _size(data, *picture) != (coded.width, coded.height):
        return None
    return joined(beside + speaking(data, at, stop) + _surplus(data, coded, picture))


def _size(data: bytes, begin: int, end: int) -> tuple[int, int]:
    """Return width and height of a coded picture; none of it is 0 if it is one."""
    if data[begin - 8 : begin - 4] == b"VP8L":
        packed = int.from_bytes(data[begin + 1 : begin + 5], "little")
        sound = data[begin : begin + 1] == b"\x2f" and end - begin > 5
        return ((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1) if sound else (0, 0)
    if data[begin + 3 : begin + 6] != b"\x9d\x01\x2a" or end - begin < 10:
        return 0, 0
    packed = int.from_bytes(data[begin + 6 : begin + 10], "little")
    return packed & 0x3FFF, packed >> 16 & 0x3FFF


def _surplus(data: bytes, coded: Coded, picture: tuple[int, int]) -> Ranges:
    """Return text behind the coded picture, but within its chunk."""
    begin, end = picture
    if not readable(data, begin, end):
        return []
    if coded.width * coded.height > MOST_PIXELS:
        return [(last_run(data, begin, end), end)]
    import imagecodecs

    return [(needed(imagecodecs.webp_decode, data, begin, end), end)]
