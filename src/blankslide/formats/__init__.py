"""The registry: formats are found by walking this package; nobody lists them by hand.

Exactly one format must accept a file. Two is an error that names both, because editing
under the wrong layout is worse than not editing. A fallback format is asked only when no
other accepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from blankslide.errors import ContradictorySlide, NotASlide

if TYPE_CHECKING:
    from blankslide.formats._spi import Format, Probe


@lru_cache(maxsize=1)
def _own_formats() -> tuple[Format, ...]:
    names = sorted(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))
    return tuple(import_module(f"{__name__}.{name}").FORMAT for name in names)


_guests: list[Format] = []


def all_formats() -> tuple[Format, ...]:
    """Every format of the package, by name, then those of others that are `registered`."""
    return (*_own_formats(), *_guests)


@contextmanager
def registered(*formats: Format) -> Iterator[None]:
    """Let formats from outside the package take part for the length of a ``with`` block.

    Parameters
    ----------
    formats
        Format objects; those of the package itself are in already and change nothing.
    """
    added = [f for f in formats if f not in all_formats()]
    _guests.extend(added)
    try:
        yield
    finally:
        for known in added:
            _guests.remove(known)


def detect(probe: Probe, formats: Iterable[Format] | None = None) -> Format:
    """Find the one format that accepts the slide.

    Parameters
    ----------
    probe
        The slide's files.
    formats
        Formats to ask; all by default.

    Raises
    ------
    NotASlide
        If none accepts; the message says what the file looks like instead.
    ContradictorySlide
        If more than one accepts.
    DamagedSlide
        If the container is one of ours but too broken to be asked.
    """
    if probe.main.size == 0:
        raise NotASlide("the file is empty")
    asked = all_formats() if formats is None else tuple(formats)
    for group in (False, True):
        accepted = [f for f in asked if f.fallback is group and f.detect(probe) is None]
        if len(accepted) > 1:
            names = " and ".join(f.title for f in accepted)
            raise ContradictorySlide(f"the file could be {names}, so it is not edited as either")
        if accepted:
            return accepted[0]
    raise NotASlide(f"not a slide I know: {describe(probe.head)}")


_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF8", "GIF image"),
    (b"BM", "BMP image"),
    (b"%PDF", "PDF document"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x1f\x8b", "gzip archive"),
    (b"\xfd7zXZ\0", "xz archive"),
    (b"7z\xbc\xaf", "7z archive"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"ZISRAWFILE", "Zeiss CZI file"),
    (b"II*\0", "TIFF without a slide vendor's marks"),
    (b"MM\0*", "TIFF without a slide vendor's marks"),
    (b"II+\0", "BigTIFF without a slide vendor's marks"),
    (b"MM\0+", "BigTIFF without a slide vendor's marks"),
    (b"<?xml", "XML text"),
)


def describe(head: bytes) -> str:
    """Say what a file that is no slide looks like, from its first bytes."""
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    if head[128:132] == b"DICM" or b"DICM" in head:
        return "DICOM file"
    return "text file" if head and all(32 <= b < 127 or b in b"\t\r\n" for b in head) else "unknown content"
