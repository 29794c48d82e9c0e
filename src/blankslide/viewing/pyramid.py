"""A slide as lazy arrays: levels of tissue and the pictures beside it.

Which page is a level and which the label is never guessed here: the roles come from our own
inspection, which a face that has looked already hands over. What a reader sees otherwise than
we do becomes a hatched array. Opening costs what the structure costs; the file
stays open until `Pyramid.close`, which also forgets every decoded picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import DamagedSlide
from blankslide.viewing.coarse import CoarseLevels, needs_coarse
from blankslide.viewing.colours import ToScreen
from blankslide.viewing.picture import SlidePictures
from blankslide.viewing.planes import Scene
from blankslide.viewing.readers import reader_of

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from blankslide.model import Inspection, Level
    from blankslide.viewing.areas.base import Levels
    from blankslide.viewing.arrays import LazyArray, LazyLevel


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
    channels
        What a slide has instead of colours, one after the other; empty for plain colour, and where one level is too
        large to be shown without coarser ones.
    scenes
        Further images of the slide, or all of them if it is made of several; usually none.
    coarse
        Levels that are still to be computed by ``coarse.build()``, or None.
    """

    def __init__(self, path: Path, inspection: Inspection, levels: Levels) -> None:
        self.path = path
        self.inspection = inspection
        self.mpp = inspection.mpp
        self._open: Levels | None = levels
        self._beside = SlidePictures(path, inspection, levels)
        self.pictures: dict[str, LazyArray] = dict(self._beside.pictures)
        kept = _descending(inspection)
        own = tuple(map(levels.level, kept))
        self.sizes = tuple(_size(inspection, level.width, level.height) for level in kept)
        self.coarse: CoarseLevels | None = None
        if len(own) == 1 and needs_coarse(kept[0].width, kept[0].height):
            self.coarse = CoarseLevels(own[0], self.pictures.get("thumbnail"))
        self.levels: tuple[LazyLevel, ...] = own + (self.coarse.levels if self.coarse else ())
        self.channels = levels.channels(inspection)
        if self.coarse is not None and any(len(channel.levels) == 1 for channel in self.channels):
            self.channels = ()
        self.scenes = levels.scenes(inspection)
        self._whole = Scene("", () if self.channels else self.levels, self.channels, (0, 0))

    @property
    def is_open(self) -> bool:
        """Whether the file is still held open."""
        return self._open is not None

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of the tissue area in micrometres; in pixels where mpp is unknown."""
        x, y = self.mpp or (1.0, 1.0)
        return self.sizes[0].width * x, self.sizes[0].height * y

    @property
    def images(self) -> tuple[Scene, ...]:
        """All that there is of tissue, one image or several: what a viewer shows."""
        if self.scenes and self.scenes[0].at is not None:
            return self.scenes
        return (self._whole, *self.scenes)

    @property
    def beside(self) -> dict[str, LazyArray]:
        """The pictures by role, without those that are shown as further images."""
        pages = frozenset[int]().union(*(scene.pages for scene in self.scenes))
        images = self._beside.images
        return {r: p for r, p in self.pictures.items() if images[r].role != "unknown" or images[r].page not in pages}

    def in_srgb(self, on: bool) -> bool:
        """Show the tissue's colours in sRGB by the slide's own profile, or as they are in the file.

        Returns
        -------
        bool
            Whether they can be: the slide has a usable profile, and none of its levels is still being computed.
        """
        levels = self._open
        profile = levels.profile() if levels is not None else None
        if profile is None or (self.coarse is not None and not self.coarse.finished):
            return False
        try:
            convert = ToScreen(profile) if on else None
        except ValueError:
            return False
        for level in self.levels:
            level.convert = convert
        return True

    def close(self) -> None:
        """Close the file and forget every picture; safe to repeat."""
        levels, self._open = self._open, None
        if levels is None:
            return
        if self.coarse is not None:
            self.coarse.close()
        for image in (self._whole, *self.scenes):
            for array in (*image.levels, *(level for channel in image.channels for level in channel.levels)):
                array.close()
        for level in self.levels:
            level.close()
        self._beside.close()
        levels.close()

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

    main = pipeline.main_file(path)
    found = pipeline.inspect(main) if inspection is None else inspection
    if not found.levels:
        raise DamagedSlide("there is no level to show")
    return Pyramid(main, found, reader_of(main, found).levels(main, found))


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
