"""Which reader shows a slide: the first that is made for its file, else OpenSlide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from blankslide.viewing.areas import openslide, tifffile

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection
    from blankslide.viewing.areas.base import Levels, Pictures


class Reader(Protocol):
    """What a module of `viewing.areas` offers."""

    def levels(self, path: Path, found: Inspection) -> Levels:
        """Open a slide; raises `BlankslideError` if it cannot be shown."""
        ...

    def pictures(self, path: Path, found: Inspection, opened: Levels | None) -> Pictures:
        """Return the pictures of a slide, without opening a level; ``opened`` are its levels if they are open."""
        ...


def reader_of(path: Path, found: Inspection) -> Reader:
    """Return the reader of a slide.

    Parameters
    ----------
    path
        The slide's main file.
    found
        What is in it.
    """
    if tifffile.tiffs(path, found):  # asked first: the others import the judges that know their files
        return tifffile
    from blankslide.viewing.areas import pyisyntax, pylibczirw, wsidicom

    if pyisyntax.can_read(path):
        return pyisyntax
    if pylibczirw.can_read(path):
        return pylibczirw
    return wsidicom if wsidicom.can_read(path) else openslide
