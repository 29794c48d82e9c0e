"""Independent readers as judges: nobody here wrote them, so they share none of our mistakes.

`observe` asks every reader in `READERS` and returns what each saw, or why it saw nothing.
It reads a few tiles of a slide, whatever its size. A reader that is missing, or does not
know the format, is an answer like any other: `compare` decides what the answers are worth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification import openslide_reader, tifffile_reader
from blankslide.verification.sets import shown, together
from blankslide.verification.views import ReaderView

if TYPE_CHECKING:
    from pathlib import Path


class Reader(NamedTuple):
    """A judge: its name, its version (or ImportError), a cheap test, and the look itself."""

    name: str
    version: Callable[[], str]
    suits: Callable[[Path], bool]
    look: Callable[[Path], ReaderView]


READERS = (
    Reader("OpenSlide", openslide_reader.version, openslide_reader.suits, openslide_reader.look),
    Reader("tifffile", tifffile_reader.version, tifffile_reader.suits, tifffile_reader.look),
)


def available() -> dict[str, str]:
    """Return each reader's version, or an empty string where it is not installed."""
    return {reader.name: _version(reader) for reader in READERS}


def observe(path: Path) -> tuple[ReaderView, ...]:
    """Let every reader look at a slide.

    Parameters
    ----------
    path
        The slide's main file.

    Returns
    -------
    tuple of ReaderView
        One for each reader in `READERS`, opened or not.
    """
    from concurrent.futures import ThreadPoolExecutor

    # Decoding leaves the interpreter's lock alone, so the slowest judge sets the time.
    with ThreadPoolExecutor(len(READERS)) as pool:
        return tuple(pool.map(lambda reader: _ask(reader, path), READERS))


def _ask(reader: Reader, path: Path) -> ReaderView:
    version = _version(reader)
    if not version:
        return ReaderView(reader.name, reason="not installed")
    try:
        files = shown(path)
        if not all(reader.suits(file) for file in files):
            return ReaderView(reader.name, version, reason="not for this kind of file")
        return together([reader.look(file) for file in files])
    # Foreign code on a foreign file may raise anything, and its message may hold a value:
    # only the class of the failure is an answer.
    except Exception as problem:
        return ReaderView(reader.name, version, reason=type(problem).__name__)


def _version(reader: Reader) -> str:
    try:
        return reader.version()
    except (ImportError, OSError):  # OSError: the package is there, its library is not
        return ""
