"""DICOM slides: OpenSlide where it can, else wsidicom, of the extra ``readers``.

OpenSlide refuses data sets without value representations (implicit VR). wsidicom shows them, and
of a series it takes the files itself, as long as they stand in one folder. Levels are found by
their size. Pictures are decoded from their own files by pydicom, which is always there: wsidicom
takes a thumbnail for a level, and knows one label and one overview only.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from blankslide.errors import NotEditable
from blankslide.viewing.areas.base import Areas, DecodedPictures, rgb
from blankslide.viewing.areas.openslide import OpenSlideAreas
from blankslide.viewing.areas.pydicom_planes import channels_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.model import AssociatedImage, Inspection, Level
    from blankslide.viewing.areas.base import Levels, Pictures
    from blankslide.viewing.planes import Channel

    Pixels = np.ndarray[Any, np.dtype[Any]]


def can_read(path: Path) -> bool:
    """Whether a file is a DICOM Part 10 file."""
    from blankslide.verification.judges import pydicom

    return pydicom.can_read(path)


def levels(path: Path, found: Inspection) -> Levels:
    """Open a slide with the first reader that can.

    Parameters
    ----------
    found
        Says which files of the folder are the slide.

    Raises
    ------
    NotEditable
        If none can.
    """
    files = _files(path, found)
    try:
        return _Through(path, files)
    except NotEditable:
        return DicomAreas(files)


def pictures(path: Path, found: Inspection, opened: Levels | None) -> Pictures:
    """Return the pictures of a slide."""
    return DicomPictures(_files(path, found))


def _files(path: Path, found: Inspection) -> list[Path]:
    return [path, *(path.with_name(file.name) for file in found.files[1:])]


class _Through(OpenSlideAreas):
    """A slide that is open in OpenSlide, which shows one optical path in colours; the channels are pydicom's."""

    def __init__(self, path: Path, files: list[Path]) -> None:
        super().__init__(path)
        self._files = files

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return the optical paths and focal planes."""
        return channels_of(self._files, found)


class DicomAreas(Areas):
    """A slide that is open in wsidicom."""

    needs = "wsidicom"

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        super().__init__()
        self._sizes = {(level.size.width, level.size.height): level.level for level in self._slide.levels}

    def _opened(self) -> Any:
        from wsidicom import WsiDicom

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return WsiDicom.open(self._files)

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return the optical paths and focal planes."""
        return channels_of(self._files, found)

    def _number(self, level: Level) -> int | None:
        return self._sizes.get((level.width, level.height))

    def _decoded(self, number: int, x: slice, y: slice) -> Pixels:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return rgb(self._slide.read_region((x.start, y.start), number, (x.stop - x.start, y.stop - y.start)))


class DicomPictures(DecodedPictures):
    """Pictures that have a file each."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files

    def decode(self, image: AssociatedImage) -> Pixels:
        """Return the first frame of a picture's file; may raise anything."""
        import numpy as np
        from pydicom.pixels.utils import pixel_array

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels: Pixels = pixel_array(self._files[image.page], index=0)
        return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels
