"""Whether a blank picture fits where a picture stands, for formats that can write one elsewhere in a copy.

The planner draws blank pictures in the room that a format names, and refuses the slide if there is too little. A format
that knows another way asks here first; it costs as much as drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import NotEditable

if TYPE_CHECKING:
    from blankslide.model import Blank
    from blankslide.source import ByteSource

__all__ = ["has_room"]


def has_room(blank: Blank, source: ByteSource) -> bool:
    """Whether the planner can draw this blank picture."""
    from blankslide.blanks.draw import draw

    try:
        draw(blank, source)
    except NotEditable:
        return False
    return True
