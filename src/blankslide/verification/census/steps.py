"""The last levels of a pyramid, each of them one frame: picked from the level above, point by point.

Some writers make a level of every second pixel of the one above, down to a single pixel. The last ones are so coarse
that they hardly look like the slide any more, but each pixel is still about one of those that it was made of: where
something was drawn over a level, many pixels next to each other are not. So a small single frame with the shape of a
level counts as one if it is such a step of a picture that is proven, and no block of it has more strange pixels than a
lossy codec makes. Pale print on a dark and sharp ground can pass for tissue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 96
"""Pixels each way of a picture that may be such a step; a larger one looks like the slide."""
_LOSSY = 16  # of 255: what a codec adds to a pixel
_BLOCK, _IN_BLOCK, _IN_ALL = 8, 0.1, 0.014  # shares of pixels that may be strange nevertheless


def is_half(small: tuple[int, int], large: tuple[int, int]) -> bool:
    """Whether one size is half the other, rounded in either way."""
    return all(0 <= b - 2 * a <= 1 or 2 * a - b == 1 for a, b in zip(small, large, strict=True))


def is_picked(small: NDArray[Any], large: NDArray[Any]) -> bool:
    """Whether each pixel lies between the darkest and the lightest of those around its place in the larger picture.

    Parameters
    ----------
    small, large
        Rows, columns, samples of 8 bits; the larger one has twice the size.
    """
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    if small.shape[2] != large.shape[2] or not is_half(small.shape[1::-1], large.shape[1::-1]):
        return False
    padded = np.pad(large.astype(int), ((2, 2), (2, 2), (0, 0)), mode="edge")
    around = sliding_window_view(padded, (5, 5), axis=(0, 1))
    rows, columns = (
        np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int)
        for n, m in zip(small.shape[:2], large.shape[:2], strict=True)
    )
    near = around[rows][:, columns]
    strange = (small < near.min(axis=(-1, -2)) - _LOSSY) | (small > near.max(axis=(-1, -2)) + _LOSSY)
    return _is_sprinkled(strange.any(axis=2))


def _is_sprinkled(strange: NDArray[Any]) -> bool:
    """Whether strange pixels are few, in all and in each block."""
    height, width = strange.shape
    blocks = (
        strange[y : y + _BLOCK, x : x + _BLOCK]
        for y in range(0, max(1, height - _BLOCK // 2), _BLOCK // 2)
        for x in range(0, max(1, width - _BLOCK // 2), _BLOCK // 2)
    )
    return bool(strange.mean() <= _IN_ALL) and all(block.mean() <= _IN_BLOCK for block in blocks)
