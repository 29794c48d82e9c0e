"""Which part of a label is kept: a rectangle ``X,Y,W,H`` in pixels, where stain and block stand.

It is asked for in a run, or by a profile's file. All other pixels of the label go. What is kept may identify, so the
slide is not clean.
"""

from __future__ import annotations

import re

from blankslide.errors import UsageError

__all__ = ["Box", "parse"]

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, right and bottom not in it."""
_MOST = 1 << 20
_NUMBERS = re.compile(r"\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*,\s*(\d{1,7})\s*")


def parse(text: str) -> Box:
    """Read what a person typed.

    Raises
    ------
    UsageError
        If it is no rectangle.
    """
    found = _NUMBERS.fullmatch(text)
    if found is None:
        raise UsageError(
            "the part of the label to be kept is not four whole numbers X,Y,W,H",
            "count in pixels of the label: left, top, width, height",
        )
    left, top, width, height = map(int, found.groups())
    if not (width and height) or max(left + width, top + height) > _MOST:
        raise UsageError("the part of the label to be kept has no area", "W and H are its width and height in pixels")
    return left, top, left + width, top + height
