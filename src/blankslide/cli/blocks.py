"""Pictures on a terminal: two pixels in each character, an upper half block in the colours of both."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def can_show() -> bool:
    """Whether standard output is a terminal that says it has all colours, and wants colours."""
    colours = os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    return sys.stdout.isatty() and colours and not os.environ.get("NO_COLOR")


def lines_of(pixels: Pixels, width: int, height: int) -> list[str]:
    """Return a picture as lines of coloured half blocks.

    Parameters
    ----------
    pixels
        Rows, columns and red, green, blue of 8 bits.
    width, height
        Characters that it must fit into.
    """
    import numpy as np
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((width, 2 * height))
    small = np.asarray(image)
    if len(small) % 2:
        small = np.vstack([small, small[-1:]])
    return [
        "".join(map(_half, upper.tolist(), lower.tolist())) + "\x1b[0m"
        for upper, lower in zip(small[::2], small[1::2], strict=True)
    ]


def _half(upper: list[int], lower: list[int]) -> str:
    return "\x1b[38;2;{};{};{}m\x1b[48;2;{};{};{}m▀".format(*upper, *lower)
