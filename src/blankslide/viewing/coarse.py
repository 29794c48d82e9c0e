"""Coarse levels for a slide that has none, so that a viewer never reads all of level 0.

A flat slide of 20 000 × 15 000 pixels shown as it is costs gigabytes and many seconds. So
levels are computed in memory: the first at a factor that keeps it under `ROOM` bytes, the
others from it. They begin as the slide's own thumbnail, stretched, or hatched; `build` (run
it in a worker) fills them band by band, never holding more than one band of level 0.
"""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from blankslide.viewing.arrays import LazyArray, LazyLevel
from blankslide.viewing.placeholder import hatched

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]

FLAT_PIXELS = 8_000_000
ROOM = 64 << 20
_STEP = 4
_SMALL = 1024


def needs_coarse(width: int, height: int) -> bool:
    """Whether one level of this size is too large to be shown without coarser ones."""
    return width * height > FLAT_PIXELS


class CoarseLevels:
    """Smaller copies of one level.

    Parameters
    ----------
    base
        Level 0.
    preview
        The slide's thumbnail, shown until `build` has finished, or None.
    """

    def __init__(self, base: LazyLevel, preview: LazyArray | None = None) -> None:
        self._base = base
        self._stop = threading.Event()
        self.finished = False
        self.factors = tuple(_factors(base.shape, base.dtype.itemsize))
        self._pixels = [_first_look(base, factor, preview) for factor in self.factors]
        self.levels = tuple(LazyLevel(p.shape, p.dtype, p) for p in self._pixels)

    def build(self) -> bool:
        """Compute all levels; blocks. Returns False if `close` came first."""
        factor = self.factors[0]
        base, target = self._base, self._pixels[0]
        band = max(factor, base.chunks[0] // factor * factor)
        for top in range(0, base.shape[0], band):
            if self._stop.is_set():
                return False
            rows = base[top : top + band]
            small = shrunk(rows, factor)
            target[top // factor :][: small.shape[0], : small.shape[1]] = small
        for fine, coarse in pairwise(self._pixels):
            coarse[...] = shrunk(fine, _STEP)[: coarse.shape[0], : coarse.shape[1]]
        self.finished = not self._stop.is_set()
        return self.finished

    def close(self) -> None:
        """Stop building."""
        self._stop.set()


def _factors(shape: tuple[int, ...], itemsize: int) -> list[int]:
    from math import prod

    factor = _STEP
    while prod(shape) * itemsize // factor**2 > ROOM:
        factor *= 2
    factors = [factor]
    while max(shape[:2]) // factors[-1] > _SMALL:
        factors.append(factors[-1] * _STEP)
    return factors


def _first_look(base: LazyLevel, factor: int, preview: LazyArray | None) -> Pixels:
    rows, columns = (-(-n // factor) for n in base.shape[:2])
    shape = (rows, columns, *base.shape[2:])
    if preview is None or preview.shape[2:] != base.shape[2:] or preview.dtype != base.dtype:
        return hatched(shape, base.dtype)
    import numpy as np

    y = np.arange(rows) * preview.shape[0] // rows
    x = np.arange(columns) * preview.shape[1] // columns
    pixels: Pixels = preview[...][y][:, x]
    return pixels


def shrunk(pixels: Pixels, factor: int) -> Pixels:
    """Average blocks of ``factor`` × ``factor``; ragged edges are averaged over what is there."""
    import numpy as np

    rows, columns = (-(-n // factor) for n in pixels.shape[:2])
    pad = [(0, rows * factor - pixels.shape[0]), (0, columns * factor - pixels.shape[1])]
    pad += [(0, 0)] * (pixels.ndim - 2)
    whole = np.pad(pixels, pad, mode="edge") if any(p != (0, 0) for p in pad) else pixels
    blocks = whole.reshape(rows, factor, columns, factor, *pixels.shape[2:])
    wide = np.uint32 if pixels.dtype.kind in "ub" else np.float64
    total: Pixels = blocks.sum(axis=(1, 3), dtype=wide)
    mean = total // factor**2 if pixels.dtype.kind in "ub" else total / factor**2
    small: Pixels = mean.astype(pixels.dtype)
    return small
