"""Which part of a macro is to be made blank: ``auto``, or a rectangle ``X,Y,W,H`` in pixels as readers show them."""

from __future__ import annotations

import re
from typing import NamedTuple

from blankslide.errors import UsageError

__all__ = ["AUTO", "NewMask", "parse"]

AUTO = "auto"
_MOST = 1 << 20
_NUMBERS = re.compile(r"\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*")
Box = tuple[int, int, int, int]


class NewMask(NamedTuple):
    """A mask for the macro of one slide.

    Attributes
    ----------
    box
        Left, top, right and bottom in pixels, right and bottom not in it.
    width, height
        Size of the picture that it is counted in: where the macro is stored in several sizes, the largest.
    """

    box: Box
    width: int
    height: int

    def scaled(self, width: int, height: int) -> Box:
        """Return the rectangle in a picture that shows the same at another size, rounded outward."""
        left, top, right, bottom = self.box
        return (
            left * width // self.width,
            top * height // self.height,
            min(width, -(-right * width // self.width)),
            min(height, -(-bottom * height // self.height)),
        )


def parse(text: str) -> Box | None:
    """Read what a person typed.

    Returns
    -------
    Box or None
        The rectangle; None for ``auto``.

    Raises
    ------
    UsageError
        If it is neither.
    """
    if text.strip().lower() == AUTO:
        return None
    found = _NUMBERS.fullmatch(text)
    if found is None:
        raise UsageError(
            "the mask of the macro is neither auto nor four whole numbers X,Y,W,H",
            "count in pixels of the macro: left, top, width, height",
        )
    left, top, width, height = map(int, found.groups())
    if not (width and height) or max(left + width, top + height) > _MOST:
        raise UsageError("the mask of the macro has no area", "W and H are its width and height in pixels")
    return left, top, left + width, top + height
