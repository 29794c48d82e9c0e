"""What was found by looking at a slide's pictures: a box, and what kind of thing is in it; never what it says.

A box has whole pixels of the picture that it was found in. So a face can draw it as it is, and needs nothing else.
"""

# No `from __future__ import annotations`: each field of a tuple would be compiled again at every start.
from typing import Literal, NamedTuple

FoundKind = Literal["text", "barcode", "unread barcode", "ink"]
"""``unread barcode`` looks like one and no reader could read it; ``ink`` is writing that nothing could read."""


class Found(NamedTuple):
    """One thing in a picture.

    Attributes
    ----------
    picture
        Where: ``label``, ``macro``, ``thumbnail``, ``unknown``, ``unknown 2``, as `blankslide.viewing` calls them, or
        ``level 2``: the lowest level, counted from 0.
    kind
        ``text``, ``barcode``, ``unread barcode`` or ``ink``.
    x, y, w, h
        The box in pixels of that picture: its left upper corner and its size.
    confidence
        How sure it is, from 0 to 1.
    size
        Width and height of the picture in pixels.
    """

    picture: str
    kind: FoundKind
    x: int
    y: int
    w: int
    h: int
    confidence: float
    size: tuple[int, int]
