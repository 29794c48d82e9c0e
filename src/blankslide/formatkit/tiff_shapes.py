"""Shapes of pages: whether one can be a smaller version of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.streams.frames import frame_of
from blankslide.containers.tiff import directories as T
from blankslide.errors import DamagedSlide

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd

__all__ = ["has_tiles_of", "is_alike", "is_coded_alike", "is_marked", "padded_shape", "same_shape", "same_size"]

_HEAD = 1 << 12

_CODING = (T.COMPRESSION, T.PHOTOMETRIC, T.TILE_WIDTH, T.TILE_LENGTH)
_SAMPLES = (T.BITS_PER_SAMPLE, T.SAMPLES_PER_PIXEL)


def same_shape(page: Ifd, base: Ifd) -> bool:
    """Whether a page has the base's aspect ratio; the tolerance allows for rounding in small levels.

    Raises
    ------
    DamagedSlide
        If one of them has no size.
    """
    w, h = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    bw, bh = base.number(T.IMAGE_WIDTH), base.number(T.IMAGE_LENGTH)
    if not (w and h and bw and bh):
        raise DamagedSlide("a page has no size")
    return abs(w * bh - h * bw) <= max(0.05 * max(w * bh, h * bw), 2 * max(bw, bh))


def padded_shape(page: Ifd, base: Ifd) -> bool:
    """Whether a page, whole tiles in size, has the base's aspect ratio but for what fills the last tiles."""
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    across, down = page.number(T.TILE_WIDTH), page.number(T.TILE_LENGTH)
    bw, bh = base.number(T.IMAGE_WIDTH), base.number(T.IMAGE_LENGTH)
    if not (across and down and width and height) or width % across or height % down:
        return False
    factor = 1
    while factor < 1 << 16:  # halved again and again, and then filled up
        if -(-bw // factor // across) * across == width and -(-bh // factor // down) * down == height:
            return True
        factor *= 2
    return False


def same_size(page: Ifd, base: Ifd) -> bool:
    """Whether a page has as many pixels across and down as the base: a channel or a focal plane."""
    return all(page.number(tag) == base.number(tag) for tag in (T.IMAGE_WIDTH, T.IMAGE_LENGTH))


def is_alike(page: Ifd, base: Ifd) -> bool:
    """Whether a page has the samples of the base."""
    return all(tuple(page.ints(tag)) == tuple(base.ints(tag)) for tag in _SAMPLES)


def is_coded_alike(page: Ifd, base: Ifd) -> bool:
    """Whether a page is a whole number of times smaller than the base, and coded and cut into tiles as it is."""
    if not is_alike(page, base) or any(page.number(tag) != base.number(tag) for tag in _CODING):
        return False
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    wide, high = base.number(T.IMAGE_WIDTH), base.number(T.IMAGE_LENGTH)
    factor = round(wide / width) if width else 0
    return factor > 1 and abs(width * factor - wide) < 2 * factor and abs(height * factor - high) < 2 * factor


def is_marked(page: Ifd) -> bool:
    """Whether NewSubfileType calls a page a reduced version of another."""
    return page.number(T.NEW_SUBFILE_TYPE) & 9 == 1


def has_tiles_of(page: Ifd, base: Ifd) -> bool:
    """Whether a page is tiled, and its first tile is coded as the base's: then its size may be what is wrong."""
    frames = {_first_frame(page), _first_frame(base)} if page.is_tiled else {None}
    return None not in frames and len(frames) == 1


def _first_frame(ifd: Ifd) -> tuple[str, bytes] | None:
    """What the first strip or tile that is not empty says of its picture."""
    source = ifd.tiff.source
    slots = ((int(start), int(length)) for start, length in zip(*ifd.segments(), strict=False) if length)
    start, length = next(slots, (0, 0))
    return frame_of(source.read(start, min(length, _HEAD))) if start + length <= source.size else None
