"""A pyramid of coded tiles, small or as large as a viewer needs.

One field of tissue is drawn and scaled to each level. Where the slide is larger than the
field, the field repeats; then only the tiles of one period are coded and the grid refers to
them again and again, so that a slide of 300 megapixels takes about as long as its writing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

FIELD = (2048, 1536)


@dataclass(slots=True)
class TileLevel:
    """One level: its size in pixels, and its coded tiles row by row."""

    width: int
    height: int
    tile: int
    tiles: list[bytes]


def build_levels(
    field: Image, size: tuple[int, int], factors: Sequence[int], tile: int, code: Callable[[Image], bytes]
) -> list[TileLevel]:
    """Code every level of a slide.

    Parameters
    ----------
    field
        The tissue that fills the slide, repeated if the slide is larger.
    size
        Width and height of level 0 in pixels.
    factors
        Downsampling of each level, the first 1.
    tile
        Edge of the square tiles in pixels.
    code
        Codes one tile.
    """
    out = []
    for factor in factors:
        width, height = max(1, size[0] // factor), max(1, size[1] // factor)
        out.append(TileLevel(width, height, tile, _grid(field.reduce(factor), width, height, tile, code)))
    return out


def _grid(picture: Image, width: int, height: int, tile: int, code: Callable[[Image], bytes]) -> list[bytes]:
    columns, rows = -(-width // tile), -(-height // tile)
    across = _period(picture.width, width, tile, columns)
    down = _period(picture.height, height, tile, rows)
    scene = _spread(picture, across * tile, down * tile, picture.width < width, picture.height < height)
    coded = [
        [code(scene.crop((x, y, x + tile, y + tile))) for x in range(0, across * tile, tile)]
        for y in range(0, down * tile, tile)
    ]
    return [coded[r % down][c % across] for r in range(rows) for c in range(columns)]


def _period(have: int, want: int, tile: int, count: int) -> int:
    """Tiles after which the picture repeats, or all of them."""
    return min(count, lcm(have, tile) // tile) if have < want else count


def _spread(picture: Image, width: int, height: int, wrap_x: bool, wrap_y: bool) -> Image:
    """Extend a picture by repeating it, or only its edge, and cut it to size."""
    import numpy as np
    from PIL import Image

    data = np.asarray(picture)
    for axis, (length, wrap) in enumerate(((height, wrap_y), (width, wrap_x))):
        missing = length - data.shape[axis]
        if missing > 0:
            more = [data] * -(-missing // data.shape[axis]) if wrap else [data.take([-1] * missing, axis)]
            data = np.concatenate([data, *more], axis)
        data = data[:length] if axis == 0 else data[:, :length]
    return Image.fromarray(data)


def overview(field: Image, size: tuple[int, int], longest: int) -> Image:
    """Return the whole slide with its longer edge at most ``longest`` pixels."""
    scale = max(1.0, max(size) / longest)
    width, height = max(1, round(size[0] / scale)), max(1, round(size[1] / scale))
    part = field.resize((max(1, round(field.width / scale)), max(1, round(field.height / scale))))
    return _spread(part, width, height, True, True)
