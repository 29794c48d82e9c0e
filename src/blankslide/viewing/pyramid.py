"""A slide as lazy arrays: levels of tissue and the pictures beside it.

Which page is a level and which the label is never guessed here: the roles come from our own
inspection. A TIFF is read through tifffile, anything else through OpenSlide; what they see
otherwise than we do becomes a hatched array. Opening costs what the structure costs; the file
stays open until `Pyramid.close`, which also forgets every decoded picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from blankslide.containers.tiff.directories import MAX_IFDS
from blankslide.errors import DamagedSlide, NotEditable
from blankslide.viewing.areas import tifffile
from blankslide.viewing.areas.openslide import OpenSlideAreas
from blankslide.viewing.areas.tifffile import TiffPages
from blankslide.viewing.arrays import LazyArray, LazyLevel, LazyPicture
from blankslide.viewing.coarse import CoarseLevels, needs_coarse

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from blankslide.model import AssociatedImage, Inspection, Level

_PICTURE_PIXELS = 64_000_000


class LevelSize(NamedTuple):
    """Pixels of a level, and micrometres per pixel (x, y) where the slide says so."""

    width: int
    height: int
    mpp: tuple[float, float] | None


class _Pages(Protocol):
    """A reader that has the slide open."""

    def level(self, level: Level) -> LazyLevel: ...

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture: ...

    def close(self) -> None: ...


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

    def __init__(self, path: Path, inspection: Inspection, pages: _Pages) -> None:
        self.path = path
        self.inspection = inspection
        self.mpp = inspection.mpp
        self._pages: _Pages | None = pages
        self.pictures = _pictures(inspection, pages)
        kept = _descending(inspection)
        own = tuple(map(pages.level, kept))
        self.sizes = tuple(_size(inspection, level.width, level.height) for level in kept)
        self.coarse: CoarseLevels | None = None
        if len(own) == 1 and needs_coarse(kept[0].width, kept[0].height):
            self.coarse = CoarseLevels(own[0], self.pictures.get("thumbnail"))
        self.levels: tuple[LazyLevel, ...] = own + (self.coarse.levels if self.coarse else ())

    @property
    def is_open(self) -> bool:
        """Whether the file is still held open."""
        return self._pages is not None

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the tissue area in micrometres; in pixels where mpp is unknown."""
        x, y = self.mpp or (1.0, 1.0)
        return self.sizes[0].width * x, self.sizes[0].height * y

    def close(self) -> None:
        """Close the file and forget every picture; safe to repeat."""
        pages, self._pages = self._pages, None
        if pages is None:
            return
        if self.coarse is not None:
            self.coarse.close()
        arrays: tuple[LazyArray, ...] = (*self.levels, *self.pictures.values())
        for array in arrays:
            array.close()
        pages.close()

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
    from blankslide import pipeline

    path = pipeline.main_file(path)
    found = pipeline.inspect(path) if inspection is None else inspection
    if not found.levels:
        raise DamagedSlide("there is no level to show")
    shown = path
    if len(found.files) > 1 and not tifffile.suits(path) and _is_tiff(path.with_name(found.files[1].name)):
        # an index of several images (NDPIS): the first stands for the set
        shown = path.with_name(found.files[1].name)
        found = pipeline.inspect(shown)
    if tifffile.suits(shown):  # asked first: the others import the judges that know their files
        return Pyramid(path, found, _WithSides(shown, found))
    from blankslide.viewing.areas import pyisyntax, pylibczirw, wsidicom

    if pyisyntax.suits(shown):
        return Pyramid(path, found, pyisyntax.IsyntaxAreas(shown))
    if pylibczirw.suits(shown):
        return Pyramid(path, found, pylibczirw.areas(shown))
    if wsidicom.suits(shown):
        return Pyramid(path, found, wsidicom.areas(shown, found))
    return Pyramid(path, found, OpenSlideAreas(shown))


def _is_tiff(path: Path) -> bool:
    return path.is_file() and tifffile.suits(path)


class _WithSides:
    """Pages of a TIFF; pictures that are no page (base64 in XML, side files) come through OpenSlide."""

    def __init__(self, path: Path, inspection: Inspection) -> None:
        self._path = path
        self._pages = TiffPages(path)
        self._levels = {level.page for level in inspection.levels}
        self._areas: OpenSlideAreas | None = None

    def level(self, level: Level) -> LazyLevel:
        return self._pages.level(level)

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        if image.page not in self._levels and image.page < MAX_IFDS:
            return self._pages.picture(image, words)
        try:
            self._areas = self._areas or OpenSlideAreas(self._path)
        except NotEditable:
            return LazyPicture((image.height, image.width, 3), "uint8", None, words)
        return self._areas.picture(image, words)

    def close(self) -> None:
        self._pages.close()
        if self._areas is not None:
            self._areas.close()


def _descending(inspection: Inspection) -> list[Level]:
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


def _pictures(inspection: Inspection, pages: _Pages) -> dict[str, LazyPicture]:
    found: dict[str, LazyPicture] = {}
    for image in inspection.associated:
        role, number = image.role, 1
        while role in found:
            number += 1
            role = f"{image.role} {number}"
        if image.width * image.height > _PICTURE_PIXELS:
            found[role] = LazyPicture((512, 512, 3), "uint8", None, f"{role}: too large to be shown")
        else:
            found[role] = pages.picture(image, f"{role}: cannot be decoded")
    return found
