"""DICOM slides: OpenSlide where it can, else wsidicom, of the extra ``readers``.

OpenSlide refuses data sets without value representations (implicit VR). wsidicom shows them, and
of a series it takes the files itself, as long as they stand in one folder. Levels are found by
their size. Pictures are decoded from their own files by pydicom: wsidicom takes a thumbnail for a
level, and knows one label and one overview only.
"""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any

from blankslide.errors import NotEditable
from blankslide.viewing.areas.openslide import OpenSlideAreas
from blankslide.viewing.arrays import LazyLevel, LazyPicture, box_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.model import AssociatedImage, Inspection, Level

    Pixels = np.ndarray[Any, np.dtype[Any]]

__all__ = ["areas", "suits"]

_TILE = 512


def suits(path: Path) -> bool:
    """Whether a file is a DICOM Part 10 file."""
    from blankslide.verification.judges import pydicom

    return pydicom.suits(path)


def areas(path: Path, inspection: Inspection) -> OpenSlideAreas | DicomAreas:
    """Open a slide with the first reader that can.

    Raises
    ------
    NotEditable
        If none can.
    """
    try:
        return OpenSlideAreas(path)
    except NotEditable:
        return DicomAreas(path, inspection)


class DicomAreas:
    """A slide that is open in wsidicom.

    Parameters
    ----------
    inspection
        Says which files of the folder are the slide.

    Raises
    ------
    NotEditable
        If wsidicom is not there or refuses the files.
    """

    def __init__(self, path: Path, inspection: Inspection) -> None:
        self._files = [path, *(path.with_name(file.name) for file in inspection.files[1:])]
        self._lock = threading.Lock()
        try:
            self._slide: Any = self._opened()
        except Exception:  # wsidicom's words may hold a value
            raise NotEditable("no reader here can show this kind of slide") from None
        self._sizes = {(level.size.width, level.size.height): level.level for level in self._slide.levels}

    def _opened(self) -> Any:
        from wsidicom import WsiDicom

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return WsiDicom.open(self._files)

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution."""
        shape, number = (level.height, level.width, 3), self._sizes.get((level.width, level.height))
        if number is None:
            return LazyLevel(shape, "uint8")
        return LazyLevel(shape, "uint8", _Region(self, number, shape))

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        shape, file = (image.height, image.width, 3), self._files[image.page]
        return LazyPicture(shape, "uint8", lambda: _decoded(file), words)

    def read(self, level: int, x: slice, y: slice) -> Pixels:
        """Decode an area of a level, given in that level's own pixels."""
        size = (x.stop - x.start, y.stop - y.start)
        with self._lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._slide is None:
                raise ValueError("the slide is closed")
            area: Any = self._slide.read_region((x.start, y.start), level, size)
        return _shown(area)

    def close(self) -> None:
        """Close the slide."""
        with self._lock:
            slide, self._slide = self._slide, None
            if slide is not None:
                slide.close()


class _Region:
    """One level as something that can be indexed by rows and columns."""

    chunks = (_TILE, _TILE, 3)

    def __init__(self, areas: DicomAreas, level: int, shape: tuple[int, ...]) -> None:
        self._areas, self._level, self._shape = areas, level, shape

    def __getitem__(self, key: Any) -> Pixels:
        rows, columns, inside = box_of(key, self._shape)
        pixels: Pixels = self._areas.read(self._level, columns, rows)[inside]
        return pixels


def _shown(area: Any) -> Pixels:
    import numpy as np

    pixels: Pixels = np.asarray(area.convert("RGB"))
    return pixels


def _decoded(file: Path) -> Pixels:
    """Decode the first frame of a file; whatever pydicom raises, it raises."""
    import numpy as np
    from pydicom.pixels.utils import pixel_array

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixels: Pixels = pixel_array(file, index=0)
    return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels
