"""A certificate or report as it was found: its data taken out of page or PDF, and its words held against the data.

Whoever changed a word on the page alone is seen, because the page is drawn anew from the data. What the data says is
for others to judge.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from pathlib import Path

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


class Kind(NamedTuple):
    """What is known of one kind of sheet.

    Attributes
    ----------
    word, not_one
        What it is called, and what is said of a file that is none.
    largest
        Bytes, packed or not, above which a file is none.
    opening, closing
        What stands around the data on a page of HTML.
    holds_data
        Whether a stream of a PDF is the data.
    drawn
        Draws a sheet of a suffix from its data.
    """

    word: str
    not_one: str
    largest: int
    opening: str
    closing: str
    holds_data: Callable[[bytes], bool]
    drawn: Callable[[str, Mapping[str, Any]], bytes]


class Sheet(NamedTuple):
    """A file that was read: all of it, what it is by its first bytes (a suffix), and the data in it, as text."""

    raw: bytes
    suffix: str
    text: bytes


def read(path: Path, kind: Kind) -> Sheet:
    """Read a file and find the data in it; empty if there is none.

    Raises
    ------
    UsageError
        If it is too large to be one.
    EnvironmentProblem
        If it cannot be read.
    """
    try:
        if path.stat().st_size > kind.largest:
            raise UsageError(kind.not_one)
        raw = path.read_bytes()
    except OSError as problem:
        raise EnvironmentProblem(f"the {kind.word} cannot be read: {problem.strerror}") from None
    suffix = ".pdf" if raw.startswith(b"%PDF-") else ".json" if raw.lstrip().startswith(b"{") else ".html"
    return Sheet(raw, suffix, _data_in(raw, suffix, kind))


def _data_in(raw: bytes, suffix: str, kind: Kind) -> bytes:
    if suffix == ".json":
        return raw
    if suffix == ".html":
        _, found, rest = raw.rpartition(kind.opening.encode())
        return rest.partition(kind.closing.encode())[0] if found else b""
    for match in _STREAM.finditer(raw):
        stream = match[1]
        if not kind.holds_data(stream):
            try:
                stream = zlib.decompressobj().decompress(stream, kind.largest)
            except zlib.error:
                continue
        if kind.holds_data(stream):
            return stream
    return b""


def words(sheet: Sheet, data: Mapping[str, Any], kind: Kind) -> tuple[bool | None, str]:
    """Draw a sheet again from its data, and compare.

    Returns
    -------
    tuple
        Whether its words are those of the data, None if that cannot be told, and a sentence.
    """
    from blankslide.version import __version__

    if data["tool"] != f"Blankslide {__version__}":
        return None, "another version of Blankslide made it, so its words were not compared"
    if sheet.suffix == ".pdf":
        from blankslide.records import sheets_pdf

        try:
            sheets_pdf.require()
        except UsageError:
            return None, "fpdf2 is not installed, so its words were not compared"
        if sheets_pdf.maker().encode() not in sheet.raw:
            return None, "another version of fpdf2 made it, so its words were not compared"
    try:
        same = kind.drawn(sheet.suffix, data) == sheet.raw
    except Exception:  # the data has the shape of one where somebody looked, and anything elsewhere
        same = False
    return same, "its words are those of its data" if same else "CHANGED: its words are not those of its data"
