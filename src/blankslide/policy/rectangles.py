"""A rectangle of a picture as a person types it: ``X,Y,W,H`` in pixels, as readers show them."""

from __future__ import annotations

import re

from blankslide.errors import UsageError

__all__ = ["Box", "rectangle"]

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, right and bottom not in it."""
_MOST = 1 << 20
_NUMBERS = re.compile(r"\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*")


def rectangle(text: str, what: str, wrong: str, picture: str) -> Box:
    """Read what a person typed.

    Parameters
    ----------
    what, wrong
        What the rectangle is for, and what is said of a text that is none.
    picture
        What it lies on.

    Raises
    ------
    UsageError
        If it is no rectangle.
    """
    found = _NUMBERS.fullmatch(text)
    if found is None:
        raise UsageError(f"{what} is {wrong}", f"count in pixels of the {picture}: left, top, width, height")
    left, top, width, height = map(int, found.groups())
    if not (width and height) or max(left + width, top + height) > _MOST:
        raise UsageError(f"{what} has no area", "W and H are its width and height in pixels")
    return left, top, left + width, top + height
