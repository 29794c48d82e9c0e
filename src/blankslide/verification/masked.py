"""A macro of which a part is blank, looked at pixel by pixel: decoded anew, by libraries that code nothing of ours.

Three things are asked. Is every pixel inside the mask of one colour? Is what is outside the slide, as a reader shows
it? And is the rest quiet, so that nothing can be read there?
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.decode import told_jpeg
from blankslide.verification.census.tissue_end import FITS, find, is_quiet

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Coded", "Strip", "decoded", "grey_of", "is_blank", "label_end", "unproven"]

Box = tuple[int, int, int, int]
_RAW, _LZW, _JPEG, _DEFLATE, _ZSTD = 1, 5, 7, (8, 32946), 50000
_WHITE_IS_ZERO = 0
_LEAST_END, _MOST_END, _MARGIN = 0.2, 0.4, 0.01
"""Parts of the glass's length that a label takes at least, and that are taken at most, and the distance from tissue."""
_MOST_PIXELS = 1 << 26


class Strip(NamedTuple):
    """One strip or tile, or all of a picture: its bytes, and where its pixels are."""

    data: bytes
    x: int
    y: int
    width: int
    height: int


class Coded(NamedTuple):
    """How a picture is coded, in TIFF's numbers, and its strips."""

    width: int
    height: int
    compression: int
    photometric: int
    bits: int
    samples: int
    predictor: int
    tables: bytes
    strips: Sequence[Strip]


def decoded(coded: Coded) -> NDArray[np.uint8] | None:
    """Decode a picture into rows, columns and colours; None if a strip cannot be decoded."""
    import numpy as np

    if coded.bits != 8 or coded.width * coded.height > _MOST_PIXELS:
        return None
    out = np.zeros((coded.height, coded.width, 3), np.uint8)
    for strip in coded.strips:
        try:
            pixels = _strip(coded, strip)
        except Exception:  # libraries raise what they like; who cannot decode has no say
            return None
        part = out[strip.y : strip.y + strip.height, strip.x : strip.x + strip.width]
        if pixels.shape[0] < part.shape[0] or pixels.shape[1] < part.shape[1]:
            return None
        part[...] = pixels[: part.shape[0], : part.shape[1]]
    return out


def _strip(coded: Coded, strip: Strip) -> Any:
    import numpy as np

    if coded.compression == _JPEG:
        from PIL import Image

        stream = told_jpeg(strip.data, coded.tables, coded.photometric)
        with Image.open(io.BytesIO(stream), formats=("JPEG",)) as image:
            return np.asarray(image.convert("RGB"))
    plain = _unpacked(coded.compression, strip.data)
    count = strip.width * strip.height * coded.samples
    pixels = np.frombuffer(plain, np.uint8, count).reshape(strip.height, strip.width, coded.samples)
    if coded.predictor == 2 and coded.compression != _RAW:
        pixels = np.add.accumulate(pixels, axis=1, dtype=np.uint8)
    if coded.photometric == _WHITE_IS_ZERO:
        pixels = 255 - pixels
    return np.broadcast_to(pixels, (*pixels.shape[:2], 3)) if coded.samples == 1 else pixels[..., :3]


def _unpacked(compression: int, data: bytes) -> bytes:
    if compression in (_LZW, _ZSTD):
        import imagecodecs

        return bytes(imagecodecs.lzw_decode(data) if compression == _LZW else imagecodecs.zstd_decode(data))
    return zlib.decompressobj().decompress(data, _MOST_PIXELS) if compression in _DEFLATE else data


def grey_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the grey values of a picture."""
    import numpy as np

    return np.asarray(pixels.mean(axis=2).round(), np.uint8)


def is_blank(pixels: NDArray[np.uint8], box: Box) -> bool:
    """Whether every pixel of a rectangle has one colour; a mark in lowest bits may change it by one."""
    left, top, right, bottom = box
    part = pixels[top:bottom, left:right]
    if not part.size:
        return False
    first = part[0, 0].astype(int)
    return bool(abs(part.astype(int) - first).max() <= 1)


def unproven(pixels: NDArray[np.uint8], box: Box, slide: NDArray[np.uint8] | None) -> str:
    """Say what is not proven of a masked macro; nothing if what is left of it is the slide, and quiet.

    Parameters
    ----------
    box
        What is blank.
    slide
        Grey values of the lowest level, as a reader shows it; None if none does.
    """
    if not is_blank(pixels, box):
        return "the mask of the macro is not blank"
    return _rest(pixels, box, slide)


def _rest(pixels: NDArray[np.uint8], box: Box, slide: NDArray[np.uint8] | None) -> str:
    grey = grey_of(pixels)
    found = None if slide is None else find(grey, box, slide)
    if found is None or slide is None or found.fits < FITS:
        return "what is left of the macro beside its mask is not proven to be the slide, and may show text"
    if not is_quiet(grey, box, found, slide):
        return "what is left of the macro around the tissue may show text"
    return ""


def label_end(pixels: NDArray[np.uint8], slide: NDArray[np.uint8] | None, first: bool) -> Box | None:
    """Propose what of a macro is its label end, if pixels confirm it.

    Parameters
    ----------
    pixels
        The macro.
    slide
        As for `unproven`.
    first
        Whether the label is at the left or upper end in this vendor's macros, and not at the other one.

    Returns
    -------
    Box or None
        The end up to the tissue, at most two fifths of the length; None if the slide is not found in the rest, if
        tissue lies where a label would, or if more than glass is around it.
    """
    found = None if slide is None else find(grey_of(pixels), None, slide)
    if found is None or found.fits < FITS:
        return None
    high, wide = pixels.shape[:2]
    lying = wide >= high
    length = wide if lying else high
    low, top = (found.box[0], found.box[2]) if lying else (found.box[1], found.box[3])
    room = low if first else length - top
    cut = min(int(room - _MARGIN * length), int(_MOST_END * length))
    if cut < _LEAST_END * length:
        return None
    near, far = (0, cut) if first else (length - cut, length)
    box = (near, 0, far, high) if lying else (0, near, wide, far)
    return None if _rest(pixels, box, slide) else box
