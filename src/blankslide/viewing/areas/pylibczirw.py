"""CZI slides: OpenSlide where it can, else the maker's library, pylibCZIrw.

OpenSlide refuses JPEG XR, which most slide scanners of the maker write, and fluorescence. The
library shows all of them, area by area at any zoom; of several channels the first is shown, in
grey. It says nothing of attachments, so their pictures are decoded here, each in its own place.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from blankslide.errors import NotEditable
from blankslide.viewing.areas.openslide import OpenSlideAreas
from blankslide.viewing.arrays import LazyLevel, LazyPicture, box_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.containers.czi import Entry
    from blankslide.model import AssociatedImage, Level

    Pixels = np.ndarray[Any, np.dtype[Any]]

__all__ = ["areas", "suits"]

_TILE = 512
#: By CZI's numbers of pixel types: grey, grey of 16 bits, colour, colour of 16 bits, colour and opacity.
_SAMPLES = {0: 1, 1: 1, 3: 3, 4: 3, 9: 4}
_WIDE = (1, 4)


def suits(path: Path) -> bool:
    """Whether a file begins like a CZI."""
    from blankslide.verification.judges import pylibczirw

    return pylibczirw.suits(path)


def areas(path: Path) -> OpenSlideAreas | CziAreas:
    """Open a slide with the first reader that can.

    Raises
    ------
    NotEditable
        If none can.
    """
    try:
        return OpenSlideAreas(path)
    except NotEditable:
        return CziAreas(path)


class CziAreas:
    """A slide that is open in the maker's library.

    Raises
    ------
    NotEditable
        If the library is not there or refuses the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            from pylibCZIrw import czi

            self._context: Any = czi.open_czi(str(path))
            self._slide: Any = self._context.__enter__()
        except Exception:  # the library's words may hold a value
            raise NotEditable("no reader here can show this kind of slide") from None
        self._box = self._slide.total_bounding_rectangle

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution."""
        shape = (level.height, level.width, 3)
        return LazyLevel(shape, "uint8", _Region(self, max(1, round(self._box.w / level.width)), shape))

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        shape = (image.height, image.width, 3)
        return LazyPicture(shape, "uint8", lambda: _decoded(self._path, image), words)

    def read(self, factor: int, x: slice, y: slice) -> Pixels:
        """Decode an area of the level that is ``factor`` times smaller than the largest."""
        import numpy as np

        width, height = x.stop - x.start, y.stop - y.start
        roi = (self._box.x + x.start * factor, self._box.y + y.start * factor, width * factor, height * factor)
        with self._lock:
            if self._slide is None:
                raise ValueError("the slide is closed")
            area: Pixels = self._slide.read(roi=roi, plane={"C": 0}, zoom=1 / factor)
        whole = np.zeros((height, width, 3), "uint8")  # rounding may leave out a row
        part = _shown(area)[:height, :width]
        whole[: part.shape[0], : part.shape[1]] = part
        return whole

    def close(self) -> None:
        """Close the slide."""
        with self._lock:
            if self._slide is not None:
                self._slide = None
                self._context.__exit__(None, None, None)


class _Region:
    """One level as something that can be indexed by rows and columns."""

    chunks = (_TILE, _TILE, 3)

    def __init__(self, areas: CziAreas, factor: int, shape: tuple[int, ...]) -> None:
        self._areas, self._factor, self._shape = areas, factor, shape

    def __getitem__(self, key: Any) -> Pixels:
        rows, columns, inside = box_of(key, self._shape)
        pixels: Pixels = self._areas.read(self._factor, columns, rows)[inside]
        return pixels


def _shown(area: Pixels) -> Pixels:
    """Bring pixels of any kind into red, green and blue of eight bits."""
    import numpy as np

    if area.ndim == 2:
        area = area[:, :, None]
    if area.dtype == np.uint16:
        area = area >> 8
    elif area.dtype.kind == "f":
        area = np.nan_to_num(area).clip(0, 1) * 255
    pixels: Pixels = area.astype("uint8")
    return np.repeat(pixels[:, :, :1], 3, axis=2) if pixels.shape[2] < 3 else pixels[:, :, 2::-1]


def _decoded(path: Path, image: AssociatedImage) -> Pixels:
    """Decode the attachment of a role; what cannot be read raises."""
    import io

    import numpy as np
    from PIL import Image

    from blankslide.containers.czi import Czi, is_czi
    from blankslide.source import MemorySource

    if image.at is None:
        raise NotEditable("the picture is not in the file")
    _, start, end = image.at
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(end - start)
    if not is_czi(data):
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    tile = next(Czi(MemorySource(data)).tiles())
    return _tile(data[slice(*tile.data)], tile.entry)


def _tile(data: bytes, entry: Entry) -> Pixels:
    """Decode one coded picture into red, green and blue."""
    import io

    import imagecodecs
    import numpy as np
    from PIL import Image

    compression, size = entry.compression, entry.stored
    if compression == 1:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    if compression == 4:
        area: Pixels = imagecodecs.jpegxr_decode(data)
        return _shown(area[:, :, ::-1] if area.ndim == 3 else area)  # it gives red first, whatever the file says
    if compression in (5, 6):
        data = bytes(imagecodecs.zstd_decode(data[data[0] :] if compression == 6 else data))
    kind = "uint16" if entry.pixels in _WIDE else "uint8"
    count = size[0] * size[1] * _SAMPLES.get(entry.pixels, 3)
    return _shown(np.frombuffer(data, kind, count).reshape(size[1], size[0], -1))
