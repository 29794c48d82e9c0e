"""Pictures as they are, whole, for those who seal them before they go."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.viewing.picture import open_pictures, small

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from blankslide.model import Inspection
    from blankslide.viewing.arrays import LazyPicture


def pictures_of(path: Path, found: Inspection, roles: Collection[str]) -> dict[str, bytes]:
    """Return pictures of some roles as PNG files of full size; empty where one cannot be decoded.

    Parameters
    ----------
    path
        The slide's main file.
    found
        What is in it.
    roles
        As the plan calls them; a second picture of a role goes with the first.
    """
    try:
        with open_pictures(path, found) as opened:
            wanted = [name for name, image in opened.images.items() if image.role in roles]
            return {name: _png(opened.pictures[name]) for name in wanted}
    except BlankslideError:
        return dict.fromkeys(sorted(roles), b"")


def _png(picture: LazyPicture) -> bytes:
    from PIL import Image

    if not picture.decodes:
        return b""
    out = BytesIO()
    height, width = picture.shape[:2]
    Image.fromarray(small(picture, width, height)).save(out, "PNG")
    picture.close()
    return out.getvalue()
