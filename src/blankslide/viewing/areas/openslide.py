"""Levels and pictures through OpenSlide, for slides that no other reader here is made for (VMS, MIRAX, …).

An error makes an OpenSlide handle useless for good, so a failure is followed by a fresh
handle: one broken tile must not take the rest of the slide from the screen. Levels are found
by their size. A picture that says where it stands is decoded there, others by their role.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blankslide.viewing.areas.base import Areas, DecodedPictures, decoded, rgb, stored

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

    from blankslide.model import AssociatedImage, Inspection, Level
    from blankslide.viewing.areas.base import Levels, Pictures
    from blankslide.viewing.arrays import LazyPicture
    from blankslide.viewing.planes import Channel

    Pixels = np.ndarray[Any, np.dtype[Any]]


def levels(path: Path, found: Inspection) -> Levels:
    """Open a slide.

    Raises
    ------
    NotEditable
        If OpenSlide does not know it.
    """
    return OpenSlideAreas(path)


def pictures(path: Path, found: Inspection, opened: Levels | None) -> Pictures:
    """Return the pictures of a slide; one that is ``opened`` already is used again."""
    return SidePictures(path, opened if isinstance(opened, OpenSlideAreas) else None)


class OpenSlideAreas(Areas):
    """An open slide."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__()
        self._sizes = list(self._slide.level_dimensions)
        self._background = _colour(self._slide.properties.get("openslide.background-color"))

    def _opened(self) -> Any:
        import openslide

        from blankslide.verification.judges.openslide import can_read

        if not can_read(self._path):  # some slides end the process that opens them
            raise openslide.OpenSlideUnsupportedFormatError("OpenSlide is not asked")
        return openslide.OpenSlide(self._path)

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return the colours of an uncompressed set, which have more bits than OpenSlide shows; else nothing."""
        from blankslide.viewing.areas import ngr

        return ngr.channels_of(self._path, found) if self._path.suffix.lower() == ".vmu" else ()

    def profile(self) -> bytes | None:
        """Return the slide's colour profile, if it has one."""
        with self._lock, suppress(Exception):  # OpenSlide raises what it likes
            found = self._slide.color_profile
            return None if found is None else bytes(found.tobytes())
        return None

    def _number(self, level: Level) -> int | None:
        size = (level.width, level.height)
        return self._sizes.index(size) if size in self._sizes else None

    def _decoded(self, number: int, x: slice, y: slice) -> Pixels:
        factor = self._slide.level_downsamples[number]
        corner, size = (round(x.start * factor), round(y.start * factor)), (x.stop - x.start, y.stop - y.start)
        return self._asked(lambda slide: slide.read_region(corner, number, size))

    def _asked(self, ask: Callable[[Any], Any]) -> Pixels:
        """Return what OpenSlide decodes; after an error the next one asks a fresh handle.

        What was not scanned is transparent there: it gets the background that the slide names, or white like glass.
        """
        try:
            return rgb(ask(self._slide), self._background)
        except KeyError:  # it only does not have it
            raise
        except Exception:
            self._slide.close()
            self._slide = self._opened()
            raise

    def associated(self, role: str) -> Pixels:
        """Return a picture by its role.

        Raises
        ------
        Exception
            Whatever OpenSlide raises, `KeyError` if it has none, and `ValueError` after `close`.
        """
        with self._lock:
            if self._slide is None:
                raise ValueError("the slide is closed")
            return self._asked(lambda slide: slide.associated_images[role])


def _colour(said: str | None) -> tuple[int, int, int]:
    """Return a colour of six hexadecimal digits; white if it is none."""
    try:
        red, green, blue = bytes.fromhex(said or "")
    except ValueError:
        return 255, 255, 255
    return red, green, blue


class SidePictures(DecodedPictures):
    """Pictures that are no page of a TIFF.

    Parameters
    ----------
    path
        The slide.
    areas
        The slide, if it is open in OpenSlide already; else it is opened for the first picture that needs it.
    """

    def __init__(self, path: Path, areas: OpenSlideAreas | None = None) -> None:
        self._path, self._areas = path, areas
        self._by_role: dict[str, AssociatedImage] = {}

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; of several of a role OpenSlide knows the first."""
        self._by_role.setdefault(image.role, image)
        return super().picture(image, words)

    def decode(self, image: AssociatedImage) -> Pixels:
        """Return the pixels of a picture; may raise anything."""
        if image.at is not None:
            return decoded(stored(self._path, image))
        if self._by_role.get(image.role) is not image:
            raise ValueError("another picture has this role")
        if self._areas is None:
            self._areas = OpenSlideAreas(self._path)
        return self._areas.associated(image.role)

    def close(self) -> None:
        """Close the slide."""
        if self._areas is not None:
            self._areas.close()
