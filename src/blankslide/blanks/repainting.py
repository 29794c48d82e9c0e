"""Blanking a part of a picture whose codec loses nothing: what is decoded is painted over and coded again.

For Zstandard and PackBits; JPEG, LZW, Deflate and raw samples are `mask`'s. Every sample outside stays what it was.
Doing it again with the same libraries changes no byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.blanks import runs, zstd
from blankslide.blanks.codes import BLACK_IS_ZERO, PACKBITS, RGB, WHITE_IS_ZERO, ZSTD
from blankslide.model import Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.model import Coding, Room, Slot
    from blankslide.source import ByteSource

__all__ = ["KNOWN", "draw"]

KNOWN = (ZSTD, PACKBITS)
_MOST_SLOTS, _MOST_BYTES = 4096, 1 << 28
Box = tuple[int, int, int, int]


def draw(room: Room, box: Box, source: ByteSource) -> Sequence[Write] | None:
    """Blank a part of a picture; None if its samples are not plain ones of one byte, or it does not fit."""
    coding, slots = room.blank.coding, room.blank.slots
    colours = coding.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and coding.samples in (1, 3)
    if coding.bits != 8 or coding.predictor != 1 or not colours or not 0 < len(slots) <= _MOST_SLOTS:
        return None
    if any(s.end <= s.start or s.width * s.height * coding.samples > _MOST_BYTES for s in slots):
        return None
    across, down = slots[0].width, slots[0].height
    columns, rows = -(-room.width // across), -(-room.height // down)
    out = []
    for number, slot in enumerate(slots):
        x, y = number % columns * across, number // columns % rows * down
        own = max(box[0] - x, 0), max(box[1] - y, 0), min(box[2] - x, slot.width), min(box[3] - y, slot.height)
        data = _painted(coding, slot, source.read(slot.start, slot.end - slot.start), own)
        if data is None:
            return None
        out.append(Write(room.blank.file, slot.start, data))
    return out


def _painted(coding: Coding, slot: Slot, data: bytes, box: Box) -> bytes | None:
    import numpy as np

    row = slot.width * coding.samples
    plain = _unpacked(coding, data, row * slot.height)
    if plain is None:
        return None
    pixels = np.frombuffer(plain, np.uint8).reshape(slot.height, slot.width, coding.samples).copy()
    left, top, right, bottom = box
    if left < right and top < bottom:
        pixels[top:bottom, left:right] = 0 if coding.photometric == WHITE_IS_ZERO else 255
    if coding.compression == ZSTD:
        return zstd.holding(pixels.tobytes(), b"", len(data))
    return runs.packed(pixels.tobytes(), row, len(data))


def _unpacked(coding: Coding, data: bytes, size: int) -> bytes | None:
    """Decode a slot; None if it does not hold as many samples as it should."""
    if coding.compression == PACKBITS:
        plain = runs.beginning(data, size)
        return plain if len(plain) == size else None
    import imagecodecs

    try:
        return bytes(imagecodecs.zstd_decode(data, out=size))
    except (RuntimeError, ValueError):
        return None
