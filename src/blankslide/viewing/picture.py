"""The pictures beside the tissue, for every face: by role, decoded when looked at, and made small.

Roles and places come from our own inspection, never from another reader's guess. `open_pictures` opens
no level, so it needs no library for pyramids; a `Pyramid` has the same pictures. What is too large for a
label or macro is announced, not decoded. Nothing is kept on disk or logged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from blankslide.viewing.arrays import LazyArray, LazyPicture
from blankslide.viewing.readers import reader_of

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import numpy as np

    from blankslide.model import AssociatedImage, Inspection
    from blankslide.viewing.areas.base import Levels

    Pixels = np.ndarray[Any, np.dtype[Any]]

MOST_PIXELS = 64_000_000
"""Pictures of more pixels are not decoded."""
_FIRST = ("label", "macro", "thumbnail")


class SlidePictures:
    """The pictures of one slide.

    Attributes
    ----------
    images
        What inspection found, by role: ``label``, ``macro``, ``thumbnail``, ``unknown``, ``unknown 2``.
    pictures
        Lazy arrays by the same roles: (rows, columns[, samples]).

    Raises
    ------
    BlankslideError
        If the slide's file cannot be opened.
    """

    def __init__(self, path: Path, found: Inspection, opened: Levels | None = None) -> None:
        self._reader = reader_of(path, found).pictures(path, found, opened)
        self.images = _by_role(found.associated)
        self.pictures = {role: self._picture(role, image) for role, image in self.images.items()}

    def _picture(self, role: str, image: AssociatedImage) -> LazyPicture:
        if not 0 < image.width * image.height <= MOST_PIXELS:
            return LazyPicture((512, 512, 3), "uint8", None, f"{role}: too large to be shown")
        return self._reader.picture(image, f"{role}: cannot be decoded")

    def close(self) -> None:
        """Close the file and forget every pixel; safe to repeat."""
        for picture in self.pictures.values():
            picture.close()
        self._reader.close()

    def __enter__(self) -> SlidePictures:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_pictures(path: Path, found: Inspection) -> SlidePictures:
    """Open the pictures of a slide and nothing else of it.

    Parameters
    ----------
    path
        The slide's main file.
    found
        What is in it.

    Raises
    ------
    BlankslideError
        If the slide's file cannot be opened.
    """
    return SlidePictures(path, found)


def _by_role(images: Iterable[AssociatedImage]) -> dict[str, AssociatedImage]:
    """Give every picture a name of its own: its role, with a number from the second on."""
    found: dict[str, AssociatedImage] = {}
    for image in images:
        role, number = image.role, 1
        while role in found:
            number += 1
            role = f"{image.role} {number}"
        found[role] = image
    return found


def in_order(roles: Iterable[str]) -> list[str]:
    """Sort roles as every face shows them: labels, macros, thumbnails, then others as they come."""
    ranks = {role: i for i, role in enumerate(_FIRST)}
    return sorted(roles, key=lambda role: ranks.get(role.partition(" ")[0], len(ranks)))


def small(picture: LazyArray | Pixels, width: int, height: int) -> Pixels:
    """Return a picture as it is shown beside others: rows, columns and red, green, blue of 8 bits.

    Parameters
    ----------
    width, height
        Pixels that it must fit into; a smaller picture stays as it is.
    """
    import numpy as np
    from PIL import Image

    pixels = np.asarray(picture[...])
    if pixels.dtype != np.uint8:
        top = np.iinfo(pixels.dtype).max if pixels.dtype.kind in "ui" else 1
        pixels = (pixels * (255 / top)).astype(np.uint8)
    image = Image.fromarray(pixels).convert("RGB")
    image.thumbnail((width, height))
    return np.array(image)
