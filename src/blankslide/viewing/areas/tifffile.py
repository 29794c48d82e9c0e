"""Levels and pictures through tifffile: one zarr store for each page, decoded tile by tile.

tifffile's own series are not used: they name pages by their position, and our inspection
knows better. A page that tifffile sees otherwise than the inspection becomes a placeholder.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blankslide.errors import DamagedSlide, EnvironmentProblem
from blankslide.viewing.arrays import LazyLevel, LazyPicture
from blankslide.viewing.quiet import quiet

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import AssociatedImage, Level

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def suits(path: Path) -> bool:
    """Whether the file begins like a TIFF, and is not a DICOM file with a TIFF in its preamble."""
    with suppress(OSError), path.open("rb") as file:
        head = file.read(132)
        return head[:4] in _MAGIC and head[128:] != b"DICM"
    return False


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
        except OSError:
            raise EnvironmentProblem("the file cannot be opened for looking") from None
        except Exception:  # tifffile raises what it likes, and its words may hold a value
            raise DamagedSlide("tifffile cannot read the file's structure") from None

    def level(self, level: Level) -> LazyLevel:
        """Return one resolution."""
        size = level.height, level.width
        with quiet():
            page = self._page(level.page, size, level.child)
            if page is None:
                return LazyLevel((*size, 3), "uint8")
            import zarr

            return LazyLevel(page.shape, page.dtype, zarr.open(page.aszarr(), mode="r"))

    def picture(self, image: AssociatedImage, words: str) -> LazyPicture:
        """Return one associated image; ``words`` stand where it cannot be decoded."""
        size = image.height, image.width
        with quiet():
            page = self._page(image.page, size)
        if page is None:
            return LazyPicture((*size, 3), "uint8", None, words)
        return LazyPicture(page.shape, page.dtype, page.asarray, words)

    def _page(self, index: int, size: tuple[int, int], child: int | None = None) -> Any:
        """Return tifffile's page, or None if it is missing, of another size, or no picture."""
        try:
            page: Any = self._tiff.pages[index]
            page = page if child is None else page.aspage().pages[child].aspage()
            shape = page.shape
        except Exception:  # tifffile raises what it likes for a page that it cannot parse
            return None
        usable = page.dtype is not None and (len(shape) == 2 or (len(shape) == 3 and shape[2] in (3, 4)))
        return page if usable and shape[:2] == size else None

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._tiff.close()
