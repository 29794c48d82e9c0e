"""The registry: formats are found by walking this package; nobody lists them by hand.

Exactly one format must accept a file. If two do, that is an error that names both, because editing
under the wrong layout is worse than not editing. A fallback format is asked only when no
other accepts.

A format is a file of this package, or a file ``format*.py`` in the package of a vendor. Importing
all of them takes several times as long as looking at a slide. So the attributes ``name``, ``marks``
and ``suffixes`` of a format's class are read from the file's text, and a format is imported only if
one of its marks stands in the slide's beginning or first directory. A fallback has no marks, ``()``;
a format without the line is asked about every slide (ADR 0006).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import ContradictorySlide, DamagedSlide, NotASlide
from blankslide.formats._unsupported import known_maker

if TYPE_CHECKING:
    from blankslide.formatkit.protocol import Format, Probe


@lru_cache(maxsize=1)
def _own_formats() -> tuple[Format, ...]:
    return tuple(sorted((_load(card.module) for card in _cards()), key=lambda f: f.name))


_guests: list[Format] = []


def all_formats() -> tuple[Format, ...]:
    """Return the package's formats, sorted by name, then those that are `registered`."""
    return (*_own_formats(), *_guests)


@contextmanager
def registered(*formats: Format) -> Iterator[None]:
    """Add formats from outside the package for the length of a ``with`` block.

    Parameters
    ----------
    formats
        Format objects; those of the package are there anyway and are ignored.
    """
    added = [f for f in formats if f not in all_formats()]
    _guests.extend(added)
    try:
        yield
    finally:
        for known in added:
            _guests.remove(known)


class _Card(NamedTuple):
    """What a format file says of itself before it is imported."""

    module: str
    name: str
    marks: tuple[bytes, ...] | None
    suffixes: tuple[str, ...]


@lru_cache(maxsize=1)
def _cards() -> tuple[_Card, ...]:
    """Read the cards of the package's own formats from their text or, where that fails, from the format."""
    return tuple(sorted(_card(module) for module in _module_names()))


def _card(module: str) -> _Card:
    try:
        with open(os.path.join(__path__[0], *module.split(".")) + ".py", "rb") as file:
            text = file.read()
        text = text[text.index(_CLASS) :]
        name, marks, suffixes = [_value(_literal(text, line)) for line in (b"name", b"marks", b"suffixes")]
        if name is not None and suffixes is not None:
            return _Card(module, name, marks, suffixes)
    except (OSError, ValueError):  # only compiled files are installed, or a value is not a plain literal
        pass
    known = _load(module)
    return _Card(module, known.name, known.marks, known.suffixes)


_CLASS = b"(Format):"


def _value(written: bytes) -> Any:
    """Return the value of a literal: a text, or a tuple of them. Nothing is run, nor loaded what knows all of Python.

    Raises
    ------
    ValueError
        If it is written in another way, such as with a backslash, or with a comma in a text.
    """
    written = b"".join([line.partition(b"#")[0].strip() for line in written.splitlines()])  # comments say nothing here
    if written == b"None":
        return None
    if not written.startswith(b"("):
        return _text(written)
    *items, last = [item.strip() for item in written[1:-1].split(b",")]
    if last and not items:
        raise ValueError("a text in brackets is no tuple")
    return tuple([_text(item) for item in ([*items, last] if last else items)])


def _text(written: bytes) -> str | bytes:
    kind, quote, rest = written.partition(b'"')
    inner, end, behind = rest.partition(b'"')
    if kind not in (b"", b"b") or not quote or not end or behind or b"\\" in inner:
        raise ValueError("not a plain text")
    return inner if kind else inner.decode()


def _literal(text: bytes, attribute: bytes) -> bytes:
    """Return how the value of a class attribute is written, if as a literal; ``None`` if there is no such line."""
    found = text.find(b"\n    %s = " % attribute)
    if found < 0:
        return b"None"
    start = found + len(attribute) + 8
    end = text.index(b"\n", start)
    if text[start : start + 1] == b"(":
        while not text[start:end].partition(b"#")[0].rstrip().endswith(b")"):  # a tuple of several lines
            end = text.index(b"\n", end + 1)
    return text[start:end]


def _module_names() -> list[str]:
    """Names of the modules that hold a format: files of this package, and ``format*`` of a vendor's package."""
    try:  # listing takes a tenth of the time of a walk by pkgutil, and every start pays for it
        found = os.listdir(__path__[0])
        inner = [
            (d, n) for d in found if d.isidentifier() and d[0] != "_" for n in os.listdir(os.path.join(__path__[0], d))
        ]
    except OSError:  # in an archive
        from pkgutil import walk_packages

        names = [m.name.removeprefix(f"{__name__}.") for m in walk_packages(__path__, f"{__name__}.") if not m.ispkg]
        return [
            n for n in names if n.rpartition(".")[2].startswith("format" if "." in n else "") and "._" not in f".{n}"
        ]
    files = [n.partition(".")[0] for n in found if n.endswith((".py", ".pyc")) and not n.startswith("_")]
    files += [f"{d}.{n.partition('.')[0]}" for d, n in inner if n.startswith("format") and n.endswith((".py", ".pyc"))]
    return list(dict.fromkeys(files))


def _candidates(probe: Probe) -> Iterator[tuple[Format, ...]]:
    """Yield the formats to ask first, then the fallbacks."""
    seen = probe.fingerprint
    always, marks, fallbacks = _by_mark()
    # one flat list: a generator for each format would take longer than the search
    names = dict.fromkeys(always + [name for mark, name in marks if mark in seen])
    yield (*[_load(name) for name in names], *_guests)
    yield tuple([_load(name) for name in fallbacks])


@lru_cache(maxsize=1)
def _by_mark() -> tuple[list[str], list[tuple[bytes, str]], list[str]]:
    """Return modules of formats to ask always, pairs of mark and modules, and modules of the fallbacks."""
    cards = _cards()
    always = [card.module for card in cards if card.marks is None]
    flat = [(mark, card.module) for card in cards for mark in card.marks or ()]
    return always, flat, [card.module for card in cards if card.marks == ()]


def is_fallback(name: str) -> bool:
    """Whether the format of this name is a fallback; nothing is imported."""
    card = next((card for card in _cards() if card.name == name), None)
    return card.marks == () if card is not None else any(f.name == name and f.fallback for f in _guests)


def format_named(name: str) -> Format:
    """Return the format of this registry name; no other is imported.

    Raises
    ------
    KeyError
        If there is none.
    """
    card = next((card for card in _cards() if card.name == name), None)
    if card is not None:
        return _load(card.module)
    for guest in _guests:
        if guest.name == name:
            return guest
    raise KeyError(name)


def known_suffixes() -> frozenset[str]:
    """Return the usual file name endings of all formats, in lower case; nothing is imported."""
    own = (suffix for card in _cards() for suffix in card.suffixes)
    return frozenset(suffix.lower() for suffix in (*own, *(s for guest in _guests for s in guest.suffixes)))


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
        If none accepts; the message says what the file looks like instead, or whose it is if that maker's slides
        are known but cannot be edited yet.
    ContradictorySlide
        If more than one accepts.
    DamagedSlide
        If the container is of a known kind, but too damaged for any format to look into it.
    """
    empty = probe.main.size == 0  # legal for a file that only leads to a folder
    given = None if formats is None else tuple(formats)
    groups = _candidates(probe) if given is None else iter((given, given))
    maker = known_maker(probe.head, probe.files.name)
    if maker is not None and given is None and _is_broken(probe):
        raise _unsupported(maker)
    for fallback, asked in zip((False, True), groups, strict=True):
        if fallback and maker is not None:
            raise _unsupported(maker)
        if empty:
            asked = tuple(f for f in asked if f.may_be_empty)
        accepted = [f for f in asked if f.fallback is fallback and f.detect(probe) is None]
        if len(accepted) > 1:
            names = " and ".join(f.title for f in accepted)
            raise ContradictorySlide(f"the file could be {names}, so it is not edited as either")
        if accepted:
            return accepted[0]
        _refuse_without_folder(probe, asked)
    if empty:
        raise NotASlide("the file is empty", "copy it again from where it came from")
    raise NotASlide(_what_else(probe))


def _refuse_without_folder(probe: Probe, asked: Iterable[Format]) -> None:
    """Say what a file lacks that only leads to a folder: what it is by itself, a picture or nothing, helps nobody."""
    for each in asked:
        if each.may_be_empty and probe.files.name.lower().endswith(tuple(each.suffixes)):
            raise NotASlide(f"{each.title}: {each.detect(probe)}", "copy the slide together with its folder")


def _unsupported(maker: str) -> NotASlide:
    return NotASlide(f"{maker}: known, not supported yet", "export it as DICOM or OME-TIFF, and edit that")


def _is_broken(probe: Probe) -> bool:
    """Whether the file begins like a TIFF but has no directory that could be looked into."""
    try:
        return probe.is_tiff and not probe.tiff.first.entries
    except DamagedSlide:
        return True


def _what_else(probe: Probe) -> str:
    """Say what a file is that no format accepts."""
    if probe.main.size < _DICOM_MARK + 4 or probe.main.read(_DICOM_MARK, 4) != b"DICM":
        return f"not a slide I know: {describe(probe.head)}"
    from blankslide.containers.dicom.other_objects import kind_of

    kind = kind_of(probe.main.read(0, min(_META, probe.main.size)))
    return f"DICOM, but not a whole-slide image{': ' if kind else ''}{kind}"


_DICOM_MARK, _META = 128, 4096


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
    """Say, from its first bytes, what a file looks like that is not a slide."""
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    return "text file" if head and all(32 <= b < 127 or b in b"\t\r\n" for b in head) else "unknown content"


@cache
def vocabulary_of(name: str) -> tuple[str, ...]:
    """Return what may stand where in a cleaned slide of a format.

    These are the lines of ``NAME.words`` beside its file, and of ``common.words``, which are for all formats.

    Each is a place, a tab and what may stand there; see `blankslide.verification.census.grammar`. A format without
    the file has no words of its own: then only what it keeps as a short number is explained.
    """
    home = os.path.dirname(sys.modules[type(format_named(name)).__module__].__file__ or "")
    shared = os.path.join(os.path.dirname(__file__), "common.words")
    return (*_lines(shared), *_lines(os.path.join(home, f"{name}.words")))


def _lines(path: str) -> tuple[str, ...]:
    try:
        with open(path, encoding="utf-8") as file:
            return tuple(file.read().splitlines())
    except FileNotFoundError:
        return ()
