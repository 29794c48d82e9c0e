"""The pictures beside the pyramid, as small PNGs in memory.

`viewing.picture` decodes them, for this face as for the others. The slide is closed before `pictures`
returns: nothing of ours is open while a slide is written. Nothing is kept on disk or logged.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import BlankslideError
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
    """One associated image: role, full size in pixels, and a PNG, empty if it cannot be shown."""

    role: str
    width: int
    height: int
    png: bytes

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
            return tuple(Picture(r, *opened.images[r][1:3], _png(opened.pictures[r])) for r in shown)
    except BlankslideError:
        return ()


def _png(picture: LazyPicture) -> bytes:
    """Return a picture as a small PNG and forget its pixels; nothing if it cannot be decoded."""
    from PIL import Image

    if not picture.decodes:
        return b""
    out = BytesIO()
    Image.fromarray(small(picture, *SHOWN)).save(out, "PNG")
    picture.close()
    return out.getvalue()
