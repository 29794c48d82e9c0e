"""Few tiles of a picture, decoded small: what `pixels` compares.

Decoding is the price of the second account, so little of it is done: of a large picture the first and the last
segment, three at fixed places and three of the heaviest (tissue weighs more than glass); of a small one, or one of few
segments, all. The places are fractions of the picture, so that two levels are seen where they lie over each other.
JPEG and JPEG 2000 are decoded at an eighth of their size, which is what most of the saving comes from; a picture that
seems to be of one colour there is decoded again at full size before that is believed.

Sizes come from the file, so nothing is decoded before its size was judged: no picture above `PIXEL_LIMIT` in all, no
segment whose stream is larger than its place. Codecs raise what they like; a segment that does not decode is unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.overlay import SIDE, WHOLE, cut
from blankslide.verification.census.pixels import Look, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]
    Grey = NDArray[np.float32]

PIXEL_LIMIT = 64 << 20
CODED_LIMIT = 64 << 20
SMALL = 300_000  # pixels: a picture up to this size is decoded whole, if it has not too many segments
TINY = 100_000  # the same, whatever it is cut into
STRIPS = 32
PIECES = 1024  # segments of a picture that is decoded whole because it is tiny
MOST = 1 << 14  # segments that are ever decoded of one picture
WHOLE_LIMIT = 16 << 20  # pixels of a picture that is decoded whole because it has few segments, or was asked for
ALL = 1 << 30  # as `few`: look at everything
FLAT = 2
_FIXED = ((0.5, 0.5), (0.31, 0.38), (0.69, 0.62))
_PLACES = tuple(((0.5 + i * 0.618) % 1, (i + 0.5) / 24) for i in range(24))  # spread evenly, in no line
_LUMA = (0.299, 0.587, 0.114)


class Pixels(NamedTuple):
    """A decoded segment: (rows, columns, channels), and by how much it is smaller than what was coded."""

    array: Array
    scale: int = 1
    grey: int = -1  # the channel that is the grey; -1: made of all


class Grid(NamedTuple):
    """The segments of a picture: the size of one, how many in a row and a column, and where they are."""

    wide: int
    high: int
    columns: int
    rows: int
    offsets: Sequence[int]
    counts: Sequence[int]


Decode = Callable[[bytes, int, bool], "Pixels | None"]
Read = Callable[[int, int], bytes]


def look_at(width: int, height: int, segments: Grid, read: Read, decode_segment: Decode, *, few: int = 8) -> Look:
    """Look at few segments of a picture.

    Parameters
    ----------
    width, height
        The picture's size.
    segments
        Its segments, row by row.
    read
        Returns bytes by offset and length.
    decode_segment
        Decodes the bytes of one segment, given its number and whether it must be at full size; None if it cannot.
    few
        How many segments to look at. A picture of at most as many, or a small one, is seen whole.

    Returns
    -------
    Look
        Without samples where nothing could be decoded, or sizes are beyond all reason.
    """
    nothing = Look(width, height, (), None, False)
    if min(width, height, *segments[:4]) < 1:
        return nothing
    total = min(segments.columns * segments.rows, len(segments.offsets), len(segments.counts))
    pixels = width * height
    small = (pixels <= TINY and total <= PIECES) or (pixels <= SMALL and total <= STRIPS)
    all_of_it = pixels <= WHOLE_LIMIT and (small or total <= min(few, MOST))
    eye = _Eye(width, height, segments, read, decode_segment)
    for index in range(total) if all_of_it else chosen(segments, total, few):
        eye.see(index)
    if not eye.tiles:
        return nothing
    whole = eye.mosaic(total) if all_of_it else None
    samples = eye.samples() if whole is None else (Sample(WHOLE, _small(whole, 4 * SIDE)),)
    return Look(width, height, samples, None if whole is None else cut(whole, WHOLE, SIDE, SIDE), eye.flat())


def chosen(grid: Grid, total: int, few: int) -> list[int]:
    """Return which segments to look at: first, last, at fixed places, and the heaviest of a spread."""

    def at(place: tuple[float, float]) -> int:
        return min(total - 1, int(place[1] * grid.rows) * grid.columns + int(place[0] * grid.columns))

    if few >= MOST:
        return list(islice((i for i in range(total) if grid.counts[i] > 0), MOST))
    heavy = sorted({at(p) for p in _PLACES}, key=lambda i: -grid.counts[i])
    order = dict.fromkeys((0, total - 1, *(at(p) for p in _FIXED), *heavy))
    filled = [index for index in order if grid.counts[index] > 0]
    if len(filled) < few:
        step = max(1, total // few)
        filled += [i for i in range(step // 2, total, step) if grid.counts[i] > 0 and i not in order]
    return filled[:few]


class _Tile(NamedTuple):
    number: int
    x: int
    y: int
    grey: Grey
    scale: int


class _Eye:
    """Collects what was seen of one picture."""

    def __init__(self, width: int, height: int, grid: Grid, read: Read, decode: Decode) -> None:
        self.width, self.height, self.grid = width, height, grid
        self._read, self._decode = read, decode
        self.tiles: list[_Tile] = []
        self._left = PIXEL_LIMIT
        self._low: Array | None = None
        self._high: Array | None = None
        self._deep = self._varied = False

    def see(self, index: int) -> None:
        """Decode a segment and keep its grey; nothing is kept of one that does not decode."""
        pixels = self._pixels(index, exact=False)
        if pixels is None:
            return
        x, y = index % self.grid.columns * self.grid.wide, index // self.grid.columns * self.grid.high
        array = self._valid(pixels, x, y)
        if array.size == 0:
            return
        self._note(array)
        self.tiles.append(_Tile(index, x, y, _grey(array, pixels.grey), pixels.scale))

    def _pixels(self, index: int, *, exact: bool) -> Pixels | None:
        offset, count = int(self.grid.offsets[index]), int(self.grid.counts[index])
        self._left -= self.grid.wide * self.grid.high
        if not 0 < count <= CODED_LIMIT or offset < 0 or self._left < 0:
            return None
        try:
            return self._decode(self._read(offset, count), index, exact)
        except Exception:  # codecs raise what they like; what cannot be decoded is unseen
            return None

    def _valid(self, pixels: Pixels, x: int, y: int) -> Array:
        """Return a segment without the padding beyond the picture's edge."""
        rows = min(self.grid.high, self.height - y) / pixels.scale
        columns = min(self.grid.wide, self.width - x) / pixels.scale
        return pixels.array[: max(1, int(rows)), : max(1, int(columns))] if min(rows, columns) > 0 else pixels.array[:0]

    def _note(self, array: Array) -> None:
        """Remember the least and the greatest value of each channel, until they differ."""
        import numpy as np

        self._deep = self._deep or array.dtype.itemsize > 1
        if self._varied:
            return
        # A few values are enough for nearly all: who differs there is not of one colour.
        for part in (array[::8, ::8], array):
            low, high = extremes(part)
            if self._low is not None and self._high is not None and low.shape == self._low.shape:
                low, high = np.minimum(self._low, low), np.maximum(self._high, high)
            if not (high.astype("f8") - low.astype("f8") <= FLAT).all():
                self._varied = True
                return
        self._low, self._high = low, high

    def flat(self) -> bool:
        """Whether all that was seen is of one colour, at full size."""
        for tile in self.tiles:
            if self._varied:
                return False
            if tile.scale > 1:
                pixels = self._pixels(tile.number, exact=True)
                if pixels is None:
                    return False
                self._note(self._valid(pixels, tile.x, tile.y))
        return not self._varied

    def _unit(self) -> float:
        """Return what makes greys 0 to 255: deep ones by the next power of two, so that 12 bits in 16 are seen."""
        import math

        top = max(float(tile.grey.max()) for tile in self.tiles)
        bits = max(8, math.ceil(math.log2(top + 1))) if self._deep and 1 < top < 2**40 else 8
        return 255 / (2**bits - 1) if self._deep else 1.0

    def samples(self) -> tuple[Sample, ...]:
        """Return the segments that were seen as parts of the picture."""
        unit, found = self._unit(), []
        for tile in self.tiles:
            rows, columns = tile.grey.shape
            right, bottom = tile.x + columns * tile.scale, tile.y + rows * tile.scale
            box = (tile.x / self.width, tile.y / self.height, right / self.width, bottom / self.height)
            found.append(Sample(box, _small(tile.grey * unit, SIDE)))
        return tuple(found)

    def mosaic(self, total: int) -> Grey | None:
        """Return the whole picture, as small as its segments; None if one was not seen, or is left out of the file."""
        import numpy as np

        scale = max(tile.scale for tile in self.tiles)
        if len(self.tiles) < total or (total > 1 and (self.grid.wide % scale or self.grid.high % scale)):
            return None
        rows, columns = max(1, self.height // scale), max(1, self.width // scale)
        canvas = np.full((rows, columns), 255, np.float32)
        unit = self._unit()
        for tile in self.tiles:
            grey = tile.grey[:: scale // tile.scale, :: scale // tile.scale]
            y, x = tile.y // scale, tile.x // scale
            place = canvas[y : y + grey.shape[0], x : x + grey.shape[1]]
            place[:] = grey[: place.shape[0], : place.shape[1]] * unit
        return canvas


def extremes(array: Array) -> tuple[Array, Array]:
    """Return the least and the greatest value of each channel, which is the last axis.

    Row on row first: over rows of three values each numpy would take seventy times as long.
    """
    channels = array.shape[-1]
    rows = array.reshape(-1, array.shape[-2] * channels)
    return rows.min(0).reshape(-1, channels).min(0), rows.max(0).reshape(-1, channels).max(0)


def _grey(array: Array, channel: int) -> Grey:
    """Return the luminance of three channels or more than three with alpha, the mean of two or very many."""
    import numpy as np
    from PIL import Image

    count = array.shape[2]
    if channel >= 0 or count == 1:
        return array[..., max(channel, 0)].astype(np.float32)
    if count in (3, 4) and array.dtype == np.uint8 and array.size > 30000:
        return np.asarray(Image.fromarray(array[..., :3]).convert("L")).astype(np.float32)
    if count in (3, 4):
        luminance: Grey = array[..., :3].astype(np.float32) @ np.array(_LUMA, np.float32)
        return luminance
    mean: Grey = array.astype(np.float32).mean(2)
    return mean


def _small(grey: Grey, side: int) -> Grey:
    rows, columns = grey.shape
    return grey if max(rows, columns) <= 2 * side else cut(grey, WHOLE, min(columns, side), min(rows, side))
