"""Pictures that were made blank say so: white could be a label that nobody wrote on, or one that cannot be seen.

A format that lets a picture go has none afterwards, and its layer says "removed". Others keep a picture in which every
sample is the same. Both shall look alike, in every format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from blankslide.viewing.arrays import LazyArray
from blankslide.viewing.placeholder import labelled

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]

_LEAST = 64


class ShownPicture(LazyArray):
    """A picture as it is, or the word that it was removed if nothing is on it. Keeps no pixel itself.

    Parameters
    ----------
    picture
        The picture in the file.
    role
        What it is.
    """

    def __init__(self, picture: LazyArray, role: str) -> None:
        super().__init__(picture.shape, picture.dtype)
        self._picture, self._role = picture, role

    def __getitem__(self, key: Any) -> Pixels:
        pixels = self._picture[...]
        if is_blank(pixels):
            pixels = labelled(self.shape, f"{self._role}: removed", self.dtype)
        part: Pixels = pixels[key]
        return part

    def close(self) -> None:
        """Let go of the file and of every pixel."""
        self._picture.close()


def is_blank(pixels: Pixels) -> bool:
    """Whether every sample of a picture is the same."""
    return bool(pixels.size >= _LEAST and pixels.min() == pixels.max())


def telling(pictures: Mapping[str, LazyArray]) -> dict[str, LazyArray]:
    """Return pictures that say it where they were made blank."""
    return {
        role: picture if isinstance(picture, ShownPicture) else ShownPicture(picture, role)
        for role, picture in pictures.items()
    }
