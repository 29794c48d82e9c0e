"""Levels and pictures through OpenSlide, for slides that are no TIFF (VMS, MIRAX, …).

An error makes an OpenSlide handle useless for good, so a failure is followed by a fresh
handle: one broken tile must not take the rest of the slide from the screen. Levels are found
by their size and pictures by their role; what OpenSlide does not have is a placeholder.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from blankslide.errors import NotEditable
from blankslide.viewing.arrays import LazyLevel, LazyPicture

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.model import AssociatedImage, Level

    Pixels = np.ndarray[Any, np.dtype[Any]]

_TILE = 512


class OpenSlideAreas:
    """An open slide.

    Raises
    ------
    NotEditable
        If OpenSlide does not know it: such a slide is reviewed without being shown.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._slide = self._opened()
        except Exception:  # OpenSlide's words may hold a value
            raise NotEditable("no reader here can show this kind of slide") from None
        self._sizes = list(self._slide.level_dimensions)

    def _opened(self) -> Any:
        import openslide

        return openslide.OpenSlide(self._path)

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution."""
        size = (level.width, level.height)
        shape = (level.height, level.width, 3)
        if size not in self._sizes:
            return LazyLevel(shape, "uint8")
        return LazyLevel(shape, "uint8", _Region(self, self._sizes.index(size), shape))

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        shape = (image.height, image.width, 3)
        return LazyPicture(shape, "uint8", lambda: self._shown(image), words)

    def _shown(self, image: AssociatedImage) -> Pixels:
        """Let OpenSlide decode a picture that it lists; others are decoded where they stand."""
        if image.at is None or image.role in self._slide.associated_images:
            return self._associated(image.role)
        from io import BytesIO

        import numpy as np
        from PIL import Image

        name, start, end = image.at
        own = self._path.with_suffix("") / name
        path = self._path if not name else own if own.is_file() else self._path.with_name(name)
        with path.open("rb") as file:
            file.seek(start)
            picture: Pixels = np.array(Image.open(BytesIO(file.read(end - start))).convert("RGB"))
        return picture

    def _associated(self, role: str) -> Pixels:
        import numpy as np

        with self._lock:
            picture: Pixels = np.array(self._slide.associated_images[role].convert("RGB"))
        return picture

    def read(self, level: int, x: slice, y: slice) -> Pixels:
        """Decode an area of a level, given in that level's own pixels.

        Raises
        ------
        Exception
            Whatever OpenSlide raises; the next area is read through a fresh handle.
        """
        import numpy as np

        size = (x.stop - x.start, y.stop - y.start)
        with self._lock:
            factor = self._slide.level_downsamples[level]
            corner = (round(x.start * factor), round(y.start * factor))
            try:
                area = self._slide.read_region(corner, level, size)
            except Exception:
                self._slide.close()
                self._slide = self._opened()
                raise
        pixels: Pixels = np.array(area.convert("RGB"))
        return pixels

    def close(self) -> None:
        """Close the slide."""
        with self._lock:
            self._slide.close()


class _Region:
    """One level as something that can be indexed by rows and columns."""

    chunks = (_TILE, _TILE, 3)

    def __init__(self, areas: OpenSlideAreas, level: int, shape: tuple[int, ...]) -> None:
        self._areas, self._level, self._shape = areas, level, shape

    def __getitem__(self, key: Any) -> Pixels:
        from blankslide.viewing.arrays import box_of

        rows, columns, inside = box_of(key, self._shape)
        pixels: Pixels = self._areas.read(self._level, columns, rows)[inside]
        return pixels
