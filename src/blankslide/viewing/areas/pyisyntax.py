"""Levels of an iSyntax file through libisyntax (as pyisyntax), and its pictures through Pillow.

The library ends the process where a file is not as it expects, so a process of its own has to
open and sample the slide first; a slide that it cannot open is reviewed without being shown.
Tiles are decoded when asked for, one at a time: the library's cache is not made for threads. More than that, whoever
asks the library in another thread than the one that asked first ends the process; so one thread asks for everybody.

Pictures come out of the header by their number there, because the library knows only one label
and one macro and a file may have several. They need no library.
"""

from __future__ import annotations

import os
import threading
from base64 import b64decode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from blankslide.blanks import jpeg
from blankslide.viewing.areas.base import Areas, DecodedPictures, decoded

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    import numpy as np

    from blankslide.containers.xml import Element
    from blankslide.model import AssociatedImage, Inspection, Level
    from blankslide.viewing.areas.base import Levels, Pictures

    Pixels = np.ndarray[Any, np.dtype[Any]]

_CACHE = 512
_PICTURE = "PIM_DP_IMAGE_DATA"


def can_read(path: Path) -> bool:
    """Whether a file begins like an iSyntax file."""
    from blankslide.verification.judges import pyisyntax

    return pyisyntax.can_read(path)


def levels(path: Path, found: Inspection) -> Levels:
    """Open a slide.

    Raises
    ------
    NotEditable
        If the library is not there or does not know the file.
    """
    return IsyntaxAreas(path)


def pictures(path: Path, found: Inspection, opened: Levels | None) -> Pictures:
    """Return the pictures of a slide."""
    return IsyntaxPictures(path)


@lru_cache(maxsize=1)
def _owner(process: int) -> ThreadPoolExecutor:
    """Return the thread that asks the library; a forked process has none of its parent's."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1, thread_name_prefix="blankslide-isyntax")


def asked(call: Callable[..., Any], *arguments: Any) -> Any:
    """Let the library's own thread call something, which may use the library; whatever it raises is raised here."""
    return _owner(os.getpid()).submit(call, *arguments).result()


class IsyntaxAreas(Areas):
    """An open slide."""

    needs = "pyisyntax"

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__()
        self._sizes: list[tuple[int, int]] = asked(lambda: list(self._slide.level_dimensions))

    def _opened(self) -> Any:
        from isyntax import ISyntax

        from blankslide.verification.judges import pyisyntax

        pyisyntax.look(self._path)
        return asked(ISyntax.open, self._path, _CACHE)

    def _close(self, slide: Any) -> None:
        asked(slide.close)

    def _number(self, level: Level) -> int | None:
        size = (level.width, level.height)
        return self._sizes.index(size) if size in self._sizes else None

    def _tile(self, level: Level) -> int:
        return level.tile_width

    def _decoded(self, number: int, x: slice, y: slice) -> Pixels:
        wide, high = x.stop - x.start, y.stop - y.start
        area: Pixels = asked(self._slide.read_region, x.start, y.start, wide, high, number)
        return area[..., :3]


class IsyntaxPictures(DecodedPictures):
    """The JPEGs of a header, in its order, as inspection counts them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._jpegs: list[bytes] | None = None

    def decode(self, image: AssociatedImage) -> Pixels:
        """Return the pixels of a picture; may raise anything."""
        return decoded(self._all()[image.page])

    def _all(self) -> list[bytes]:
        from blankslide.containers import isyntax, xml
        from blankslide.source import MemorySource

        with self._lock:
            if self._jpegs is None:
                with self._path.open("rb") as file:
                    head = isyntax.header(MemorySource(file.read(xml.MAX_BYTES))).partition(b"\0")[0]
                texts = (_from_base64(e, head) for e in xml.parse(head).walk() if e.value("Name") == _PICTURE)
                self._jpegs = [data for data in texts if data and jpeg.parse(data) is not None]
            return self._jpegs

    def close(self) -> None:
        """Forget the pictures."""
        with self._lock:
            self._jpegs = []


def _from_base64(element: Element, head: bytes) -> bytes:
    """Return what the base64 text of an element says; nothing if it is no whole base64."""
    text = b"".join(b"".join(head[t.start : t.end].split()) for t in element.texts)
    try:
        return b64decode(text[: len(text) // 4 * 4], validate=True)
    except ValueError:
        return b""
