"""What the new label would look like, drawn as it will be drawn, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError

if TYPE_CHECKING:
    from qtpy.QtGui import QPixmap

    from blankslide.session import Session

_WIDTH, _HEIGHT = 300, 110
NO_ROOM = "the new label has no room in this picture, which would stay blank"


def preview(session: Session) -> tuple[QPixmap | None, str]:
    """Return the picture and its text; or no picture, and why; both empty where no label is asked for.

    Returns
    -------
    pixmap or None, str
        The label of this very slide; the pseudonym in it is an example as long as the site has no key.
    """
    if not session.wish.label or session.wrong is not None or session.inspection is None:
        return None, ""
    place = next((a for role in ("label", "macro") for a in session.inspection.associated if a.role == role), None)
    if place is None:
        return None, "the slide has no picture in whose place a label could be drawn"
    from blankslide._napari.thumbnails import pixmap
    from blankslide.blanks.label_art import art

    try:
        text = session.label_text
        drawn = art(text, place.width, place.height, place.role != "label")
    except BlankslideError as error:
        return None, error.sentence()
    if drawn is None:
        return None, NO_ROOM
    return pixmap(drawn[..., None].repeat(3, 2), _WIDTH, _HEIGHT), text
