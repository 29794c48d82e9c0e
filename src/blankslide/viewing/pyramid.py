"""A slide as lazy arrays: levels of tissue and the pictures beside it.

Which page is a level and which the label is never guessed here: the roles come from our own
inspection, and page numbers lead to tifffile's pages. A page that tifffile sees otherwise
than we do becomes a hatched array. Opening costs what the structure costs; the file stays
open until `Pyramid.close`, which also forgets every decoded picture.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import DamagedSlide, EnvironmentProblem
from blankslide.viewing.arrays import LazyArray, LazyLevel, LazyPicture
from blankslide.viewing.coarse import CoarseLevels, needs_coarse
from blankslide.viewing.silence import quiet

if TYPE_CHECKING:
    from types import TracebackType

    from tifffile import TiffFile

    from blankslide.model import Inspection

_PICTURE_PIXELS = 64_000_000


class LevelSize(NamedTuple):
    """Pixels of a level, and micrometres per pixel (x, y) where the slide says so."""

    width: int
    height: int
    mpp: tuple[float, float] | None


class Pyramid:
    """An open slide; made by `open_pyramid`.

    Attributes
    ----------
    levels
        Lazy arrays (rows, columns[, samples]), largest first; computed coarse ones included.
    sizes
        Size and resolution of each level that is in the file.
    pictures
        Lazy arrays by role: ``label``, ``macro``, ``thumbnail``, ``unknown``, ``unknown 2``.
    mpp
        Micrometres per pixel (x, y) of level 0, or None.
    coarse
        Levels that are still to be computed by ``coarse.build()``, or None.
    """

    def __init__(self, path: Path, inspection: Inspection, tiff: TiffFile) -> None:
        self.path = path
        self.inspection = inspection
        self.mpp = inspection.mpp
        self._tiff: TiffFile | None = tiff
        self.pictures = _pictures(inspection, tiff)
        kept = _descending(inspection)
        own = tuple(_level(tiff, level.page, (level.height, level.width), level.child) for level in kept)
        self.sizes = tuple(_size(inspection, level.width, level.height) for level in kept)
        self.coarse: CoarseLevels | None = None
        if len(own) == 1 and needs_coarse(kept[0].width, kept[0].height):
            self.coarse = CoarseLevels(own[0], self.pictures.get("thumbnail"))
        self.levels: tuple[LazyLevel, ...] = own + (self.coarse.levels if self.coarse else ())

    @property
    def is_open(self) -> bool:
        """Whether the file is still held open."""
        return self._tiff is not None

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the tissue area in micrometres; in pixels where mpp is unknown."""
        x, y = self.mpp or (1.0, 1.0)
        return self.sizes[0].width * x, self.sizes[0].height * y

    def close(self) -> None:
        """Close the file and forget every picture; safe to repeat."""
        tiff, self._tiff = self._tiff, None
        if tiff is None:
            return
        if self.coarse is not None:
            self.coarse.close()
        arrays: tuple[LazyArray, ...] = (*self.levels, *self.pictures.values())
        for array in arrays:
            array.close()
        with suppress(OSError):
            tiff.close()

    def __enter__(self) -> Pyramid:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_pyramid(path: str | Path, inspection: Inspection | None = None) -> Pyramid:
    """Open a slide for looking.

    Parameters
    ----------
    path
        The slide.
    inspection
        What is in it, if that is known already.

    Raises
    ------
    BlankslideError
        If the slide cannot be inspected, or its file cannot be opened.
    """
    from tifffile import TiffFile

    from blankslide import pipeline

    found = pipeline.inspect(path) if inspection is None else inspection
    if not found.levels:
        raise DamagedSlide("there is no level to show")
    try:
        with quiet():
            tiff = TiffFile(path)
    except OSError:
        raise EnvironmentProblem("the file cannot be opened for looking") from None
    except Exception:  # tifffile raises what it likes, and its words may hold a value
        raise DamagedSlide("tifffile cannot read the file's structure") from None
    return Pyramid(Path(path), found, tiff)


def _descending(inspection: Inspection) -> list[Any]:
    """Levels that get smaller; a viewer cannot use others."""
    kept = [inspection.levels[0]]
    for level in inspection.levels[1:]:
        if level.width < kept[-1].width and level.height < kept[-1].height:
            kept.append(level)
    return kept


def _size(inspection: Inspection, width: int, height: int) -> LevelSize:
    if inspection.mpp is None:
        return LevelSize(width, height, None)
    top = inspection.levels[0]
    x, y = inspection.mpp
    return LevelSize(width, height, (x * (top.width / width), y * (top.height / height)))


def _page(tiff: TiffFile, index: int, size: tuple[int, int], child: int | None = None) -> Any:
    """Return tifffile's page, or None if it is missing, of another size, or no picture."""
    try:
        page: Any = tiff.pages[index]
        page = page if child is None else page.aspage().pages[child].aspage()
        shape = page.shape
    except Exception:  # tifffile raises what it likes for a page that it cannot parse
        return None
    usable = page.dtype is not None and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4)))
    return page if usable and shape[:2] == size else None


def _level(tiff: TiffFile, index: int, size: tuple[int, int], child: int | None) -> LazyLevel:
    with quiet():
        page = _page(tiff, index, size, child)
        if page is None:
            return LazyLevel((*size, 3), "uint8")
        import zarr

        return LazyLevel(page.shape, page.dtype, zarr.open(page.aszarr(), mode="r"))


def _pictures(inspection: Inspection, tiff: TiffFile) -> dict[str, LazyPicture]:
    found: dict[str, LazyPicture] = {}
    for image in inspection.associated:
        role, number = image.role, 1
        while role in found:
            number += 1
            role = f"{image.role} {number}"
        found[role] = _picture(tiff, image.page, (image.height, image.width), role)
    return found


def _picture(tiff: TiffFile, index: int, size: tuple[int, int], role: str) -> LazyPicture:
    with quiet():
        page = _page(tiff, index, size)
    words = f"{role}: cannot be decoded"
    if size[0] * size[1] > _PICTURE_PIXELS:
        return LazyPicture((512, 512, 3), "uint8", None, f"{role}: too large to be shown")
    if page is None:
        return LazyPicture((*size, 3), "uint8", None, words)
    return LazyPicture(page.shape, page.dtype, page.asarray, words)
