"""Whether the report of a spot-check is still what it was: its words, and its place in the ledger.

The data is taken out of the page or PDF again and the page is drawn anew from it, so a word that somebody changed on
the page alone is seen. The ledger's entry of the check has the digest of the data, so data that somebody changed is
seen, too. Nothing in a report is believed before it has the shape of one.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.review import report

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.ledger import Ledger

_LARGEST = 64 << 20
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_NOT_ONE = "this is no report of a spot-check, or it is damaged"


class Answer(NamedTuple):
    """What is said of a report, and whether that speaks for it; None if it cannot be told."""

    holds: bool | None
    sentence: str


def check(path: Path, ledger: Ledger | None) -> list[Answer]:
    """Hold a report's words against its data, and its data against the ledger.

    Raises
    ------
    UsageError
        If it is none.
    EnvironmentProblem
        If it, or the ledger, cannot be read.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(_NOT_ONE)
        raw = path.read_bytes()
    except OSError as problem:
        raise EnvironmentProblem(f"the report cannot be read: {problem.strerror}") from None
    suffix = ".pdf" if raw.startswith(b"%PDF-") else ".json" if raw.lstrip().startswith(b"{") else ".html"
    data = _shaped(_data_in(raw, suffix))
    return [_words(raw, suffix, data), _signed(data, ledger)]


def _data_in(raw: bytes, suffix: str) -> bytes:
    if suffix == ".json":
        return raw
    if suffix == ".html":
        _, _, rest = raw.rpartition(report.OPENING.encode())
        return rest.partition(report.CLOSING.encode())[0]
    for match in _STREAM.finditer(raw):
        try:
            stream = zlib.decompressobj().decompress(match[1], _LARGEST)
        except zlib.error:
            stream = match[1]
        if b'"spot_check"' in stream and stream.startswith(b"{"):
            return stream
    return b""


def _shaped(text: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
        if data["spot_check"] != 1:
            raise UsageError("this report was made by another version of Blankslide", "check it with that one")
        report.drawn(".html", data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(_NOT_ONE) from None
    return data  # type: ignore[no-any-return]


def _words(raw: bytes, suffix: str, data: Mapping[str, Any]) -> Answer:
    from blankslide.version import __version__

    if data["tool"] != f"Blankslide {__version__}":
        return Answer(None, "another version of Blankslide made it, so its words were not compared")
    if suffix == ".pdf":
        from blankslide.records import sheets_pdf

        try:
            sheets_pdf.require()
        except UsageError:
            return Answer(None, "fpdf2 is not installed, so its words were not compared")
        if sheets_pdf.maker().encode() not in raw:
            return Answer(None, "another version of fpdf2 made it, so its words were not compared")
    if report.drawn(suffix, data) == raw:
        return Answer(True, "its words are those of its data")
    return Answer(False, "CHANGED: its words are not those of its data")


def _signed(data: Mapping[str, Any], ledger: Ledger | None) -> Answer:
    number = data.get("ledger_entry")
    if not isinstance(number, int):
        return Answer(None, "it was not signed, so nobody can tell whether its data was changed")
    if ledger is None or ledger.head() is None:
        return Answer(None, "there is no ledger here to compare it with (--ledger URL)")
    if ledger.check():
        return Answer(False, "the chain of the ledger is broken: see blankslide ledger check")
    entry: Mapping[str, Any] = next((r["entry"] for _, r in ledger.entries() if r["seq"] == number), {})
    known = entry.get("reports") if entry.get("kind") == "spot-check" else None
    if isinstance(known, list) and report.digest(data) in known:
        return Answer(True, f"its data is what was signed: entry {number} of the ledger")
    return Answer(False, f"CHANGED: entry {number} of the ledger is not about this data")
