"""Walk a PNG file chunk by chunk, and say which of its bytes the picture does not need.

Needed are the chunks that pixels and their colours need, in their legal lengths, and one Deflate stream over all IDAT
chunks that gives exactly the picture. Any other chunk, an ICC profile too, is beside; so is a check sum that is none.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from blankslide.verification.census.coded import Coded, Ranges, joined, speaking

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_MOST = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"gAMA": 4, b"cHRM": 32}
_MOST |= {b"sRGB": 1, b"sBIT": 4, b"bKGD": 6, b"pHYs": 9}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def beside_png(data: bytes, coded: Coded) -> Ranges | None:
    """Return what the picture does not need, or None if `data` is not one whole PNG file of its size."""
    size = _size(data, coded)
    if not data.startswith(SIGNATURE) or size is None:
        return None
    beside: Ranges = []
    streams: Ranges = []
    seen: set[bytes] = set()
    kind, at = b"", 8
    for kind, begin, end in _chunks(data):
        at = end + 4
        if zlib.crc32(data[begin - 4 : end]) != int.from_bytes(data[end:at], "big"):
            beside.append((end, at))
        if kind == b"IDAT":
            streams.append((begin, end))
        elif kind in _MOST and kind not in seen and _sound(kind, data[begin:end], data[25]):
            beside.append((begin + _MOST[kind], end))
        elif kind == b"IEND":
            beside.append((begin, end))
            break
        else:
            beside.append((begin - 8, at))
        seen.add(kind)
    if kind != b"IEND" or b"IHDR" not in seen:
        return None
    rest = _inflate(data, streams, size)
    return None if rest is None else joined(beside + rest + speaking(data, at))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Give kind, begin and end of the content of each chunk that is whole."""
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            return
        yield data[at + 4 : at + 8], at + 8, end
        at = end + 4


def _size(data: bytes, coded: Coded) -> int | None:
    """Return how many bytes all rows have with their filters; None if the header has another picture."""
    if data[8:16] != b"\0\0\0\x0dIHDR" or len(data) < 33:
        return None
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    bits, colour, interlaced = data[24], data[25], data[28]
    samples = _SAMPLES.get(colour, 0)
    palette = colour == 3 and coded.samples == 3 and coded.bits == 8
    same = palette or (samples == coded.samples and bits == coded.bits)
    if not same or (width, height) != (coded.width, coded.height) or interlaced > 1:
        return None
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for x, y, right, down in passes:
        across, rows = (width - x + right - 1) // right, (height - y + down - 1) // down
        total += rows * (1 + (across * samples * bits + 7) // 8) if across > 0 and rows > 0 else 0
    return total


def _sound(kind: bytes, body: bytes, colour: int) -> bool:
    """Tell whether a chunk can be what it says: colours as numbers below one, palettes where colours need them."""
    if kind == b"cHRM":
        return all(int.from_bytes(body[i : i + 4], "big") <= 200_000 for i in range(0, min(len(body), 32), 4))
    if kind == b"tRNS":
        return colour == 3 or len(body) <= 6
    return kind != b"PLTE" or colour == 3


def _inflate(data: bytes, streams: Ranges, size: int) -> Ranges | None:
    """Return what follows the Deflate stream inside of the IDAT chunks; None if it does not give `size` bytes."""
    inflater = zlib.decompressobj()
    total = 0
    rest: Ranges = []
    for begin, end in streams:
        if inflater.eof:
            rest.append((begin, end))
            continue
        try:
            total += len(inflater.decompress(data[begin:end], max(1, size + 1 - total)))
        except zlib.error:
            return None
        if inflater.unconsumed_tail or total > size:
            return None
        rest.append((end - len(inflater.unused_data), end))
    return rest if inflater.eof and total == size else None
