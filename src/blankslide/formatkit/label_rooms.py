"""Where a new label may be drawn: rooms for pictures that are one coded stream, whole in the file or held by a text.

A page of a TIFF has its own (`tiff_pictures.label_rooms`). The planner draws; a format only says where, and which of
its edits the drawing takes the place of.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from blankslide.blanks.codes import PNG
from blankslide.model import Blank, Coding, Room, Slot

if TYPE_CHECKING:
    from blankslide.formatkit.jpeg_blanks import Frame
    from blankslide.model import Edit, Held

__all__ = ["BEARERS", "PNG", "held_room", "stream_rooms"]

#: Roles of pictures that a new label may be drawn in.
BEARERS = ("label", "macro")


def stream_rooms(blank: Blank, role: str, also: Iterable[Edit] = (), at: int | None = None) -> tuple[Room, ...]:
    """Return the room of a picture that is one coded stream, or none if the picture bears no label.

    Parameters
    ----------
    blank
        The edit that would blank it.
    also
        Further edits of the same finding, which are done with a new label as well.
    at
        Where in the file it is told of; at its first byte by default.
    """
    if role not in BEARERS or len(blank.slots) != 1:
        return ()
    (slot,) = blank.slots
    return (Room(blank, role, slot.width, slot.height, slot.start if at is None else at, (blank,), tuple(also)),)


def held_room(held: Held, frame: Frame | None, role: str, at: int, instead: Iterable[Edit]) -> tuple[Room, ...]:
    """Return the room of a JPEG that does not stand in the file as it is, or none if the picture bears no label.

    Parameters
    ----------
    held
        Its bytes, and how others are written in their place.
    frame
        Its headers; None if it is no JPEG.
    at
        Where in the file it is told of.
    instead
        The edits that remove it.
    """
    if frame is None or role not in BEARERS or not (frame.width and frame.height):
        return ()
    first, samples = frame.components[0], len(frame.components)
    coding = Coding(7, 6 if samples == 3 else 1, 8, samples, 1, (first.across, first.down))
    blank = Blank(0, role, coding, (Slot(0, len(held.data), frame.width, frame.height),))
    return (Room(blank, role, frame.width, frame.height, at, tuple(instead), (), held),)
