"""Levels and pictures through tifffile, each page by itself, decoded tile by tile.

tifffile's own series are not used: they name pages by their position, and our inspection
knows better. A page that tifffile sees otherwise than the inspection becomes a placeholder.
Pictures that are no page (base64 in XML, files beside the slide) come through OpenSlide. An index
of several TIFFs (NDPIS) shows the levels of the first, and the pictures of all.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blankslide.containers.tiff.directories import MAX_IFDS
from blankslide.errors import BlankslideError, DamagedSlide, EnvironmentProblem
from blankslide.model.patterns import pattern
from blankslide.quiet import quiet
from blankslide.viewing.areas.openslide import SidePictures
from blankslide.viewing.areas.tifffile_tiles import TiledPage
from blankslide.viewing.arrays import LazyLevel, LazyPicture

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import AssociatedImage, Inspection, Level
    from blankslide.viewing.areas.base import Levels, Pictures
    from blankslide.viewing.planes import Channel, Scene

_COLOURS = (3, 4)
_XMP, _FILTER = 700, 65434
_WHITE_POINT = pattern(rb"""ScanWhitePoint=["'](\d{1,3})["']""")
"""What scanners of Ventana's say of empty glass, in the XML of the first page."""
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def can_read(path: Path) -> bool:
    """Whether the file begins like a TIFF, and is not a DICOM file with a TIFF in its preamble."""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(132)
        return head[:4] in _MAGIC and head[128:] != b"DICM"
    return False


def tiffs(path: Path, found: Inspection) -> dict[int, Path]:
    """Return the TIFFs of a slide by their number in it: the file itself, or those that it is an index of."""
    if can_read(path):
        return {0: path}
    members = {i: path.with_name(file.name) for i, file in enumerate(found.files) if i}
    return members if members and all(map(can_read, members.values())) else {}


def levels(path: Path, found: Inspection) -> TiffSlide:
    """Open a slide.

    Raises
    ------
    EnvironmentProblem
        If it cannot be opened.
    DamagedSlide
        If tifffile cannot read its structure.
    """
    return TiffSlide(tiffs(path, found), found)


def pictures(path: Path, found: Inspection, opened: Levels | None) -> Pictures:
    """Return the pictures of a slide; one that is ``opened`` already is used again.

    Raises
    ------
    EnvironmentProblem
        If it cannot be opened.
    """
    if isinstance(opened, TiffSlide):
        return opened
    try:
        return levels(path, found)
    except DamagedSlide:  # OpenSlide may read it all the same
        return SidePictures(path)


class TiffSlide:
    """The levels of one TIFF, and the pictures of one or several.

    Parameters
    ----------
    files
        By the number that inspection knows them by; levels are those of the first.
    """

    def __init__(self, files: dict[int, Path], found: Inspection) -> None:
        self._files = files
        self._first = next(iter(files))
        self._pages = {self._first: TiffPages(files[self._first])}
        self._sides: dict[int, SidePictures] = {}
        self._tissue = {level.page for level in found.levels}
        self._top = found.levels[0].page if found.levels else 0

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution."""
        return self._pages[self._first].level(level)

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return the channels of the tissue; none if it is plain colour or one grey plane."""
        if len(self._files) > 1:
            return tuple(self._channel(number, found) for number in self._files)
        return self._pages[self._first].channels(found)

    def _channel(self, number: int, found: Inspection) -> Channel:
        """Return one slide of an index as a channel, in its own colours."""
        from blankslide.viewing.planes import Channel

        if number not in self._pages:
            self._pages[number] = TiffPages(self._files[number])
        pages = self._pages[number]
        levels = tuple(map(pages.level, found.levels))
        return Channel(pages.filter or _apart(self._files, number), None, levels, "YXS" if levels[0].rgb else "YX")

    def scenes(self, found: Inspection) -> tuple[Scene, ...]:
        """Return further images of the file."""
        return self._pages[self._first].scenes(found)

    def profile(self) -> bytes | None:
        """Return the colour profile of the largest level, if it has one."""
        return self._pages[self._first].profile(self._top)

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        file = image.file or self._first
        if image.page not in self._tissue and image.page < MAX_IFDS:
            with suppress(BlankslideError):
                if file not in self._pages:
                    self._pages[file] = TiffPages(self._files[file])
                return self._pages[file].picture(image, words)
        if file not in self._sides:
            self._sides[file] = SidePictures(self._files[file])
        return self._sides[file].picture(image, words)

    def close(self) -> None:
        """Close all files; safe to repeat."""
        for pages in self._pages.values():
            pages.close()
        for sides in self._sides.values():
            sides.close()


def _apart(files: dict[int, Path], number: int) -> str:
    """Return the part of a file's name that the other names do not share."""
    stems = [path.stem for path in files.values()]
    start = _alike(stems)
    end = _alike([stem[start:][::-1] for stem in stems])
    stem = files[number].stem
    return stem[start : len(stem) - end].strip(" -_.()")


def _alike(words: list[str]) -> int:
    """Return how many characters all words begin with."""
    return next((at for at, letters in enumerate(zip(*words, strict=False)) if len(set(letters)) > 1), 0)


def _is_planar(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether a page has one plane after the other: all red, all green, all blue."""
    return len(shape) == 3 and shape[0] in _COLOURS and shape[1:] == size and shape[:2] != size


class TiffPages:
    """An open TIFF.

    Raises
    ------
    EnvironmentProblem
        If it cannot be opened.
    DamagedSlide
        If tifffile cannot read its structure.
    """

    def __init__(self, path: Path) -> None:
        from tifffile import TiffFile

        try:
            with quiet():
                self._tiff = TiffFile(path)
            self._tiff.filehandle.set_lock(True)  # several threads look at a slide
        except OSError:
            raise EnvironmentProblem("the file cannot be opened for looking") from None
        except Exception:  # tifffile raises what it likes, and its words may hold a value
            raise DamagedSlide("tifffile cannot read the file's structure") from None

    def channels(self, found: Inspection) -> tuple[Channel, ...]:
        """Return the channels of the tissue."""
        from blankslide.viewing.areas.tifffile_channels import channels_of

        return channels_of(self._tiff, found)

    def scenes(self, found: Inspection) -> tuple[Scene, ...]:
        """Return further images of the file."""
        from blankslide.viewing.areas.tifffile_channels import scenes_of

        return scenes_of(self._tiff, found)

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution."""
        size = level.height, level.width
        with quiet():
            page = self._page(level.page, size, level.child)
            if page is None:
                return LazyLevel((*size, 3), "uint8")
            source = TiledPage(page, self._unscanned(page))
            return LazyLevel(source.shape, source.dtype, source)

    def profile(self, page: int) -> bytes | None:
        """Return the colour profile of a page, if it has one."""
        with quiet(), suppress(Exception):  # tifffile raises what it likes for a page that it cannot parse
            found = self._tiff.pages[page].aspage().iccprofile
            return None if found is None else bytes(found)
        return None

    @property
    def filter(self) -> str:
        """What a scanner of Hamamatsu's calls the filter of a fluorescence scan; empty if it does not."""
        tag = self._tiff.pages.first.tags.get(_FILTER)
        return tag.value.strip() if tag is not None and isinstance(tag.value, str) else ""

    def _unscanned(self, page: Any) -> int | None:
        """Return the value of tiles that are not in the file: of a page in colours the slide's white, like glass."""
        if page.samplesperpixel not in _COLOURS or page.dtype.kind != "u":
            return None
        white = (1 << 8 * int(page.dtype.itemsize)) - 1
        tag = self._tiff.pages.first.tags.get(_XMP) if page.dtype.itemsize == 1 else None
        said = _WHITE_POINT.search(tag.value) if tag is not None and isinstance(tag.value, bytes) else None
        return min(white, int(said[1])) if said else white

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        size = image.height, image.width
        with quiet():
            page = self._page(image.page, size)
        if page is None:
            return LazyPicture((*size, 3), "uint8", None, words)
        if _is_planar(page.shape, size):
            return LazyPicture((*size, page.shape[0]), page.dtype, lambda: page.asarray().transpose(1, 2, 0), words)
        return LazyPicture(page.shape, page.dtype, page.asarray, words)

    def _page(self, index: int, size: tuple[int, int], child: int | None = None) -> Any:
        """Return tifffile's page, or None if it is missing, of another size, or no picture."""
        try:
            page: Any = self._tiff.pages[index]
            page = page if child is None else page.aspage().pages[child].aspage()
            shape = page.shape
        except Exception:  # tifffile raises what it likes for a page that it cannot parse
            return None
        if page.dtype is None:
            return None
        usable = len(shape) == 2 or (len(shape) == 3 and shape[2] in _COLOURS)
        return page if (usable and shape[:2] == size) or _is_planar(shape, size) else None

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._tiff.close()
