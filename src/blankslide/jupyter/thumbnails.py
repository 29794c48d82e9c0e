"""The pictures beside the pyramid, as small PNGs in memory.

`viewing.picture` decodes them, for this face as for the others. The slide is closed before `pictures`
returns: nothing of ours is open while a slide is written. Nothing is kept on disk or logged.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import BlankslideError
from blankslide.viewing.hints import why_not
from blankslide.viewing.picture import in_order, open_pictures, small

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection
    from blankslide.viewing.arrays import LazyPicture

SHOWN = (520, 320)
"""Width and height, in pixels, that a shown picture fits into."""
MOST = 6
"""Pictures shown at most."""


class Picture(NamedTuple):
    """One associated image: role, full size in pixels, and a PNG, or why it cannot be shown."""

    role: str
    width: int
    height: int
    png: bytes
    why: str = ""

    def __repr__(self) -> str:
        return f"<Picture {self.role} {self.width}x{self.height}>"


def pictures(path: Path, inspection: Inspection) -> tuple[Picture, ...]:
    """Decode what stands beside the pyramid; label and macro first. A slide that cannot be opened shows nothing.

    Parameters
    ----------
    path
        The slide's main file.
    inspection
        What was found in it.
    """
    try:
        with open_pictures(path, inspection) as opened:
            shown = in_order(opened.images)[:MOST]
            sizes = {role: opened.images[role][1:3] for role in shown}
            pngs = {role: _png(opened.pictures[role]) for role in shown}
    except BlankslideError:
        return ()
    return tuple(
        Picture(role, *sizes[role], png, "" if png else why_not(path, inspection, sizes[role][0] * sizes[role][1]))
        for role, png in pngs.items()
    )


def _png(picture: LazyPicture) -> bytes:
    """Return a picture as a small PNG and forget its pixels; nothing if it cannot be decoded."""
    if not picture.decodes:
        return b""
    made = png_of(small(picture, *SHOWN))
    picture.close()
    return made


def png_of(pixels: Any) -> bytes:
    """Return rows, columns and red, green, blue as a PNG."""
    from PIL import Image

    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=1)
    return out.getvalue()
