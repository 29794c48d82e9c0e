"""Levels of an iSyntax file through libisyntax (as pyisyntax), and its pictures through Pillow.

The library ends the process where a file is not as it expects, so a process of its own has to
open and sample the slide first; a slide that it cannot open is reviewed without being shown.
Tiles are decoded when asked for, one at a time: the library's cache is not made for threads.

Pictures come out of the header by their number there, because the library knows only one label
and one macro and a file may have several.
"""

from __future__ import annotations

import io
import threading
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from blankslide.blanks import jpeg
from blankslide.errors import NotEditable
from blankslide.viewing.arrays import LazyLevel, LazyPicture

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.containers.xml import Element
    from blankslide.model import AssociatedImage, Level

    Pixels = np.ndarray[Any, np.dtype[Any]]

__all__ = ["IsyntaxAreas", "suits"]

_CACHE = 512


def suits(path: Path) -> bool:
    """Whether a file begins like an iSyntax file."""
    from blankslide.verification.judges import pyisyntax

    return pyisyntax.suits(path)


_PICTURE = "PIM_DP_IMAGE_DATA"


class IsyntaxAreas:
    """An open slide.

    Raises
    ------
    NotEditable
        If the library is not there or does not know the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._jpegs: list[bytes] | None = None
        try:
            self._slide: Any = self._opened()
        except Exception:  # the library's words may hold a value
            raise NotEditable("no reader here can show this kind of slide") from None
        self._sizes: list[tuple[int, int]] = list(self._slide.level_dimensions)

    def _opened(self) -> Any:
        from blankslide.verification.judges import pyisyntax

        pyisyntax.look(self._path)
        from isyntax import ISyntax

        return ISyntax.open(self._path, _CACHE)

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution."""
        size = (level.width, level.height)
        shape = (level.height, level.width, 3)
        if size not in self._sizes:
            return LazyLevel(shape, "uint8")
        return LazyLevel(shape, "uint8", _Region(self, self._sizes.index(size), level.tile_width, shape))

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        shape = (image.height, image.width, 3)
        return LazyPicture(shape, "uint8", lambda: self._associated(image.page), words)

    def _associated(self, number: int) -> Pixels:
        import numpy as np
        from PIL import Image

        with Image.open(io.BytesIO(self._pictures()[number])) as picture:
            return np.asarray(picture.convert("RGB"))

    def _pictures(self) -> list[bytes]:
        """All JPEGs of the header, in its order, as inspection counts them."""
        from blankslide.containers import isyntax, xml
        from blankslide.source import MemorySource

        with self._lock:
            if self._jpegs is None:
                with self._path.open("rb") as file:
                    head = isyntax.header(MemorySource(file.read(xml.MAX_BYTES))).partition(b"\0")[0]
                texts = (_decoded(e, head) for e in xml.parse(head).walk() if e.value("Name") == _PICTURE)
                self._jpegs = [data for data in texts if data and jpeg.parse(data) is not None]
            return self._jpegs

    def read(self, level: int, x: slice, y: slice) -> Pixels:
        """Decode an area of a level, given in that level's own pixels."""
        with self._lock:
            if self._slide is None:
                raise ValueError("the slide is closed")
            area: Pixels = self._slide.read_region(x.start, y.start, x.stop - x.start, y.stop - y.start, level)
        return area[..., :3]

    def close(self) -> None:
        """Close the slide and forget its pictures."""
        with self._lock:
            slide, self._slide, self._jpegs = self._slide, None, []
            if slide is not None:
                slide.close()


def _decoded(element: Element, head: bytes) -> bytes:
    """Return what the base64 text of an element says; nothing if it is no whole base64."""
    text = b"".join(b"".join(head[t.start : t.end].split()) for t in element.texts)
    try:
        return b64decode(text[: len(text) // 4 * 4], validate=True)
    except ValueError:
        return b""


class _Region:
    """One level as something that can be indexed by rows and columns."""

    def __init__(self, areas: IsyntaxAreas, level: int, tile: int, shape: tuple[int, ...]) -> None:
        self._areas, self._level, self._shape = areas, level, shape
        self.chunks = (tile, tile, 3)

    def __getitem__(self, key: Any) -> Pixels:
        from blankslide.viewing.arrays import box_of

        rows, columns, inside = box_of(key, self._shape)
        pixels: Pixels = self._areas.read(self._level, columns, rows)[inside]
        return pixels
