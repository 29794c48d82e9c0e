"""Which part of a label is kept: a rectangle ``X,Y,W,H`` in pixels, where stain and block stand.

It is asked for in a run, or by a profile's file. All other pixels of the label go. What is kept may identify, so the
slide is not clean.
"""

from __future__ import annotations

from blankslide.policy.rectangles import Box, rectangle

__all__ = ["Box", "parse"]


def parse(text: str) -> Box:
    """Read what a person typed.

    Raises
    ------
    UsageError
        If it is no rectangle.
    """
    return rectangle(text, "the part of the label to be kept", "not four whole numbers X,Y,W,H", "label")
