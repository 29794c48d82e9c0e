"""Which part of a macro is to be made blank: ``auto``, or a rectangle ``X,Y,W,H`` in pixels as readers show them."""

from __future__ import annotations

from typing import NamedTuple

from blankslide.policy.rectangles import Box, rectangle

__all__ = ["AUTO", "NewMask", "parse"]

AUTO = "auto"


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
    return rectangle(text, "the mask of the macro", "neither auto nor four whole numbers X,Y,W,H", "macro")
