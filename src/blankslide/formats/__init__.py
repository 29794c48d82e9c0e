"""The registry: formats are found by walking this package; nobody lists them by hand.

Exactly one format must accept a file. Two is an error that names both, because editing
under the wrong layout is worse than not editing. A fallback format is asked only when no
other accepts.

Importing all formats costs several times what looking at a slide does. So a format file may
say in one line, ``MARKS = (b"...",)``, which bytes its slides cannot be without; the line is
read as text, and the file is imported only when one of them stands in the slide's beginning
or first directory. No marks at all, ``()``, is a fallback's. Without the line it is always asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from blankslide.errors import ContradictorySlide, NotASlide

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Format, Probe


@lru_cache(maxsize=1)
def _own_formats() -> tuple[Format, ...]:
    names = sorted(set(_module_names()))
    return tuple(_load(name) for name in names)


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


_LINE = b"\nMARKS = ("


@lru_cache(maxsize=1)
def _marks() -> tuple[tuple[str, tuple[bytes, ...] | None], ...]:
    """Marks of each format file, read from its text; None where it says nothing."""
    out: dict[str, tuple[bytes, ...] | None] = {}
    for name in _module_names():
        try:
            with open(os.path.join(__path__[0], name + ".py"), "rb") as file:
                out[name] = _said(file.read())
        except OSError:  # only compiled files were installed
            out[name] = None
    return tuple(sorted(out.items()))


def _module_names() -> list[str]:
    try:  # a listing takes a tenth of the time of pkgutil's own walk, which every cold start would pay
        found = os.listdir(__path__[0])
    except OSError:  # in an archive
        from pkgutil import iter_modules

        return [m.name for m in iter_modules(__path__) if not m.name.startswith("_")]
    return [n.partition(".")[0] for n in found if n.endswith((".py", ".pyc")) and not n.startswith("_")]


def _said(text: bytes) -> tuple[bytes, ...] | None:
    """Return the value of the line that names the marks."""
    start = text.find(_LINE)
    if start < 0:
        return None
    from ast import literal_eval

    start += len(_LINE) - 1
    return literal_eval(text[start : text.index(b")\n", start) + 1].decode())  # type: ignore[no-any-return]


def _asked(probe: Probe) -> Iterator[tuple[Format, ...]]:
    """Yield the formats to ask first, then the fallbacks."""
    seen = probe.fingerprint
    always, marks, fallbacks = _by_mark()
    # a flat list: a generator for each format would cost more than the search
    names = dict.fromkeys(always + [name for mark, name in marks if mark in seen])
    yield (*[_load(name) for name in names], *_guests)
    yield tuple([_load(name) for name in fallbacks])


@lru_cache(maxsize=1)
def _by_mark() -> tuple[list[str], list[tuple[bytes, str]], list[str]]:
    """Names of the formats that are always asked, marks with theirs, and names of the fallbacks."""
    always = [name for name, marks in _marks() if marks is None]
    flat = [(mark, name) for name, marks in _marks() for mark in marks or ()]
    return always, flat, [name for name, marks in _marks() if marks == ()]


def is_fallback(name: str) -> bool:
    """Whether the format of this name is asked only when no other accepts; imports nothing that says its marks."""
    said = dict(_marks()).get(name)
    return said == () if said is not None else any(f.name == name and f.fallback for f in all_formats())


def known_suffixes() -> frozenset[str]:
    """Return the usual endings of all formats' file names, in lower case; read as text, like the marks."""
    return frozenset((*_own_suffixes(), *(suffix.lower() for guest in _guests for suffix in guest.suffixes)))


@lru_cache(maxsize=1)
def _own_suffixes() -> tuple[str, ...]:
    found: list[str] = []
    for name in sorted(set(_module_names())):
        try:
            with open(os.path.join(__path__[0], name + ".py"), "rb") as file:
                said = _suffixes_in(file.read())
        except OSError:  # only compiled files were installed
            said = None
        found += _load(name).suffixes if said is None else said
    return tuple(suffix.lower() for suffix in found)


_SUFFIXES = b"\n    suffixes: tuple[str, ...] = ("


def _suffixes_in(text: bytes) -> tuple[str, ...] | None:
    """Return the value of the line that names the suffixes, if that is made of plain strings."""
    start = text.find(_SUFFIXES)
    if start < 0:
        return None
    from ast import literal_eval

    start += len(_SUFFIXES) - 1
    try:
        return literal_eval(text[start : text.index(b")\n", start) + 1].decode())  # type: ignore[no-any-return]
    except ValueError:
        return None


@cache
def _load(name: str) -> Format:
    return import_module(f"{__name__}.{name}").FORMAT  # type: ignore[no-any-return]


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
    empty = probe.main.size == 0  # which is legal where the file only leads to a folder
    given = None if formats is None else tuple(formats)
    groups = _asked(probe) if given is None else iter((given, given))
    for fallback, asked in zip((False, True), groups, strict=True):
        if empty:
            asked = tuple(f for f in asked if getattr(f, "may_be_empty", False))
        accepted = [f for f in asked if f.fallback is fallback and f.detect(probe) is None]
        if len(accepted) > 1:
            names = " and ".join(f.title for f in accepted)
            raise ContradictorySlide(f"the file could be {names}, so it is not edited as either")
        if accepted:
            return accepted[0]
    raise NotASlide("the file is empty" if empty else f"not a slide I know: {describe(probe.head)}")


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
