"""CZI slides: OpenSlide where it can, else the maker's library, pylibCZIrw.

OpenSlide refuses JPEG XR, which most slide scanners of the maker write, and fluorescence. The
library shows all of them, area by area at any zoom, with channels, depths, times and scenes, and all
their bits (`pylibczirw_planes`). It says nothing of attachments, so their pictures are decoded here, each
in its own place, and need neither library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blankslide.errors import NotEditable
from blankslide.viewing.areas.base import Areas, DecodedPictures, decoded, stored
from blankslide.viewing.areas.openslide import OpenSlideAreas
from blankslide.viewing.areas.pylibczirw_planes import CziPlanes

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from blankslide.containers.czi import Entry
    from blankslide.model import AssociatedImage, Inspection, Level
    from blankslide.viewing.areas.base import Levels, Pictures
    from blankslide.viewing.planes import Channel, Scene

    Pixels = np.ndarray[Any, np.dtype[Any]]

#: By CZI's numbers of pixel types: grey, grey of 16 bits, colour, colour of 16 bits, colour and opacity.
_SAMPLES = {0: 1, 1: 1, 3: 3, 4: 3, 9: 4}
_WIDE = (1, 4)


def can_read(path: Path) -> bool:
    """Whether a file begins like a CZI."""
    from blankslide.verification.judges import pylibczirw

    return pylibczirw.can_read(path)


def levels(path: Path, found: Inspection) -> Levels:
    """Open a slide with the first reader that can.

    Raises
    ------
    NotEditable
        If none can.
    """
    own: CziAreas | None = None
    try:
        own = CziAreas(path)
        if own.planes.has_more:
            return own
    except NotEditable as error:
        refusal = error
    try:
        shown = OpenSlideAreas(path)
    except NotEditable:
        if own is None:
            raise refusal from None
        return own
    if own is not None:
        own.close()
    return shown


def pictures(path: Path, found: Inspection, opened: Levels | None) -> Pictures:
    """Return the pictures of a slide."""
    return CziPictures(path)


class CziAreas(Areas):
    """A slide that is open in the maker's library."""

    needs = "pylibCZIrw"

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__()
        box = self._slide.total_bounding_rectangle
        self._corner: tuple[int, int] = (box.x, box.y)
        self._width: int = box.w
        self.planes = CziPlanes(self._slide, self._lock, self._white)

    def _opened(self) -> Any:
        from pylibCZIrw import czi

        self._context: Any = czi.open_czi(str(self._path))
        return self._context.__enter__()

    @property
    def _white(self) -> tuple[float, float, float]:
        """What was not scanned: of a slide in colours white, like glass; of fluorescence dark."""
        in_colours = str(self._slide.get_channel_pixel_type(0)).startswith("Bgr")
        return (1.0, 1.0, 1.0) if in_colours else (0.0, 0.0, 0.0)

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return the channels of the tissue, with all their bits."""
        return self.planes.channels(found, None)

    def scenes(self, found: Inspection) -> tuple[Scene, ...]:
        """Return the scenes, if there are several."""
        return self.planes.scenes(found)

    def _number(self, level: Level) -> int:
        """Return how many times smaller the level is than the largest."""
        return max(1, round(self._width / level.width))

    def _decoded(self, number: int, x: slice, y: slice) -> Pixels:
        import numpy as np

        width, height = x.stop - x.start, y.stop - y.start
        corner = (self._corner[0] + x.start * number, self._corner[1] + y.start * number)
        roi = (*corner, width * number, height * number)
        area: Pixels = self._slide.read(roi=roi, plane={"C": 0}, zoom=1 / number, background_pixel=self._white)
        whole = np.zeros((height, width, 3), "uint8")  # rounding may leave out a row
        part = _shown(area)[:height, :width]
        whole[: part.shape[0], : part.shape[1]] = part
        return whole

    def _close(self, slide: Any) -> None:
        self.planes.close()
        self._context.__exit__(None, None, None)


class CziPictures(DecodedPictures):
    """The attachments of a file: JPEGs, or small CZIs of one tile."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def decode(self, image: AssociatedImage) -> Pixels:
        """Return the pixels of a picture; may raise anything."""
        from blankslide.containers.czi import Czi, is_czi
        from blankslide.source import MemorySource

        data = stored(self._path, image)
        if not is_czi(data):
            return decoded(data)
        tile = next(Czi(MemorySource(data)).tiles())
        return _tile(data[slice(*tile.data)], tile.entry)


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


def _tile(data: bytes, entry: Entry) -> Pixels:
    """Decode one coded picture into red, green and blue."""
    import imagecodecs
    import numpy as np

    compression, size = entry.compression, entry.stored
    if compression == 1:
        return decoded(data)
    if compression == 4:
        area: Pixels = imagecodecs.jpegxr_decode(data)
        return _shown(area[:, :, ::-1] if area.ndim == 3 else area)  # it gives red first, whatever the file says
    if compression in (5, 6):
        data = bytes(imagecodecs.zstd_decode(data[data[0] :] if compression == 6 else data))
    kind = "uint16" if entry.pixels in _WIDE else "uint8"
    count = size[0] * size[1] * _SAMPLES.get(entry.pixels, 3)
    return _shown(np.frombuffer(data, kind, count).reshape(size[1], size[0], -1))
