"""What the readers share: a slide that is open in a library, its levels, and pictures in plain RGB.

A library's slide is used by one thread at a time and not at all after `Areas.close`. A reader only says
how the slide is opened, which level is meant, and how an area of it is decoded.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from blankslide.errors import NotEditable
from blankslide.viewing.arrays import LazyLevel, LazyPicture, box_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.model import AssociatedImage, Inspection, Level
    from blankslide.viewing.planes import Channel, Scene

    Pixels = np.ndarray[Any, np.dtype[Any]]

_TILE = 512
_NOBODY = "no reader here can show this kind of slide"
_EXTRA = "pip install 'blankslide[readers]'"


class Levels(Protocol):
    """The levels of a slide that is open."""

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution; a placeholder where the reader does not have it."""
        ...

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return the channels of the tissue; none if it is plain colour or one grey plane."""
        ...

    def scenes(self, found: Inspection) -> tuple[Scene, ...]:
        """Return further images of the slide, or all of them where they have their places; usually none."""
        ...

    def profile(self) -> bytes | None:
        """Return the tissue's colour profile, if it has one."""
        ...

    def close(self) -> None:
        """Close the slide; safe to repeat."""
        ...


class Pictures(Protocol):
    """The pictures beside the tissue."""

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        ...

    def close(self) -> None:
        """Let go of whatever is open; safe to repeat."""
        ...


class Areas:
    """A slide that is open in a library which decodes any area of a level.

    Raises
    ------
    NotEditable
        If the library is not there or refuses the slide: such a slide is reviewed without being shown.
    """

    needs = ""
    """The library's name, if an extra installs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        try:
            self._slide: Any = self._opened()
        except ImportError:
            if not self.needs:
                raise NotEditable(_NOBODY) from None
            raise NotEditable(f"{self.needs} would show this slide, and is not installed", _EXTRA) from None
        except Exception:  # a library raises what it likes, and its words may hold a value
            raise NotEditable(_NOBODY, "it can be anonymized all the same") from None

    def _opened(self) -> Any:
        """Open the slide; may raise anything."""
        raise NotImplementedError

    def _number(self, level: Level) -> int | None:
        """Return what the library calls a level; None if it does not have it."""
        raise NotImplementedError

    def _decoded(self, number: int, x: slice, y: slice) -> Pixels:
        """Return rows, columns and red, green, blue of an area; called under the lock, while the slide is open."""
        raise NotImplementedError

    def _close(self, slide: Any) -> None:
        slide.close()

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution; a placeholder where the library does not have it."""
        shape, number = (level.height, level.width, 3), self._number(level)
        if number is None:
            return LazyLevel(shape, "uint8")
        return LazyLevel(shape, "uint8", Region(self, number, shape, self._tile(level)))

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return nothing: the library shows the tissue in colours."""
        return ()

    def scenes(self, found: Inspection) -> tuple[Scene, ...]:
        """Return nothing: the library shows the tissue as one image."""
        return ()

    def profile(self) -> bytes | None:
        """Return nothing: the library does not say."""
        return None

    def _tile(self, level: Level) -> int:
        return _TILE

    def read(self, number: int, x: slice, y: slice) -> Pixels:
        """Decode an area of a level, given in that level's own pixels.

        Returns
        -------
        numpy.ndarray
            Rows, columns and red, green, blue; 8 bits each.

        Raises
        ------
        Exception
            Whatever the library raises, and `ValueError` after `close`.
        """
        with self._lock:
            if self._slide is None:
                raise ValueError("the slide is closed")
            return self._decoded(number, x, y)

    def close(self) -> None:
        """Close the slide; safe to repeat."""
        with self._lock:
            slide, self._slide = self._slide, None
            if slide is not None:
                self._close(slide)


class Region:
    """One level as something that can be indexed by rows and columns."""

    def __init__(self, areas: Areas, number: int, shape: tuple[int, ...], tile: int) -> None:
        self._areas, self._number, self._shape = areas, number, shape
        self.chunks = (tile, tile, 3)

    def __getitem__(self, key: Any) -> Pixels:
        rows, columns, inside = box_of(key, self._shape)
        pixels: Pixels = self._areas.read(self._number, columns, rows)[inside]
        return pixels


class DecodedPictures:
    """Pictures that are decoded as a whole into red, green and blue of 8 bits."""

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        return LazyPicture((image.height, image.width, 3), "uint8", partial(self.decode, image), words)

    def decode(self, image: AssociatedImage) -> Pixels:
        """Return the pixels of a picture; may raise anything."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of whatever is open; safe to repeat."""


def rgb(image: Any, background: tuple[int, int, int] | None = None) -> Pixels:
    """Return a Pillow image as rows, columns and red, green, blue.

    Parameters
    ----------
    background
        What shines through where the image is transparent; None leaves whatever colour stands there.
    """
    import numpy as np

    if background is not None and image.mode == "RGBA" and image.getextrema()[3][0] < 255:
        from PIL import Image

        image = Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image)
    pixels: Pixels = np.array(image.convert("RGB"))
    return pixels


def decoded(data: bytes) -> Pixels:
    """Return a coded picture (JPEG, PNG, …) as rows, columns and red, green, blue.

    Raises
    ------
    Exception
        Whatever Pillow raises for data that it cannot decode.
    """
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(data)) as image:
        return rgb(image)


def stored(path: Path, image: AssociatedImage) -> bytes:
    """Return the coded bytes of a picture that says where it stands, in the slide's file or in another of the set.

    Raises
    ------
    ValueError, OSError
        If it does not say so, or the file cannot be read.
    """
    if image.at is None:
        raise ValueError("the picture does not say where it stands")
    name, start, end = image.at
    own = path.with_suffix("") / name
    member = path if not name else own if own.is_file() else path.with_name(name)
    with member.open("rb") as file:
        file.seek(start)
        return file.read(end - start)
