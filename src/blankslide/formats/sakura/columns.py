"""Values of the tables of an svslide, what each may be, and how it is emptied where it stands.

A value keeps its type and its length: texts become spaces, dates the first day of 1970,
numbers zero, blobs zeros, JPEGs a blank picture of the same size. So no record, cell or page
changes its shape, and readers and indexes still work. A long value stands in several pieces, and
its edits are divided in the same way.

Columns are known by an allow-list. A value that is not legal for its column, and every value of
an unknown column, is a finding of class UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from struct import iter_unpack
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.sqlite.records import number
from blankslide.formatkit import jpeg_blanks
from blankslide.formatkit.findings import DIRECT, IMAGE, LINK, QUASI
from blankslide.formats.sakura.names import is_known
from blankslide.model import Edit, Fill, PhiClass, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.sqlite.records import Kind, Value

__all__ = [
    "HOUSEKEEPING",
    "TABLES",
    "TILE_COLUMNS",
    "Field",
    "blank_of",
    "drawn",
    "is_name",
    "is_size",
    "looks_like_text",
    "spelled",
]

_DATE = pattern(r"\d{4}(-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?)?", re.ASCII)
_NAME = pattern(r"(?!.*\d{4})[A-Za-z_][A-Za-z0-9_]{0,47}")
_TYPE_NAME = pattern(r"(?:[A-Za-z]\w{0,40}\.){0,6}(?:SV\w{1,40}|DataManager\w{0,40})XPO")
_STATISTICS = pattern(r"\d{1,7}(?: \d{1,7})*(?: unordered| noskipscan| sz=\d{1,6})*", re.ASCII)
_SPOKEN = pattern(rb"[\w @.,:;/#-]+\0*")
_FURTHEST = 1000.0
TILE_COLUMNS = ["id", "size", "data"]
Legal = Callable[["Field"], bool]
Rule = Legal | PhiClass


class Field(NamedTuple):
    """One value: its bytes, their place in the file, and their type."""

    column: str
    value: Value
    raw: bytes
    spans: tuple[tuple[int, int], ...]
    encoding: str = "utf-8"

    @property
    def kind(self) -> Kind:
        """SQLite's storage class."""
        return self.value.kind

    @property
    def text(self) -> str:
        """The value as text, with broken characters replaced."""
        return self.raw.decode(self.encoding, "replace")

    @property
    def number(self) -> int | float:
        """The value of a field of kind ``int`` or ``real``."""
        return number(self.value, self.raw)

    def pieces(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return where the bytes ``[start, end)`` of the value stand in the file."""
        out, at = [], 0
        for low, high in self.spans:
            first, last = max(start, at), min(end, at + high - low)
            if first < last:
                out.append((low + first - at, low + last - at))
            at += high - low
        return out

    def overwritten(self, start: int, new: bytes) -> list[Edit]:
        """Return the edits that write ``new`` over the value, beginning ``start`` bytes into it."""
        edits: list[Edit] = []
        at = 0
        for low, high in self.pieces(start, start + len(new)):
            part = new[at : at + high - low]
            at += high - low
            same = part.count(part[0]) == len(part)
            edits.append(Fill(0, low, high, part[0]) if same else Write(0, low, part))
        return edits


def is_name(name: str) -> bool:
    """Whether a name of a table or column is a plain word, which may stand in reports."""
    return _NAME.fullmatch(name) is not None


def looks_like_text(raw: bytes) -> bool:
    """Whether bytes that should be numbers are text, in ASCII or UTF-16."""
    wide = raw.count(0) * 2 == len(raw) and (not any(raw[::2]) or not any(raw[1::2]))
    plain = raw.replace(b"\0", b"") if wide else raw
    return _SPOKEN.fullmatch(plain) is not None


# -- what a column may hold --------------------------------------------------------------


def _few(field: Field) -> bool:
    return field.kind == "int" and abs(field.number) <= 9999


def _many(field: Field) -> bool:
    """Whether it can be a number of bytes; the caller also compares it with the size of the file."""
    return field.kind == "int" and 0 <= field.number < 1 << 40


def _measure(field: Field) -> bool:
    return field.kind in ("int", "real") and isfinite(field.number) and 0 <= field.number <= 9999


def _mode(field: Field) -> bool:
    return _few(field) or (field.kind == "text" and field.text.isdecimal() and len(field.raw) <= 4)


def _places(field: Field) -> bool:
    """Whether it is millimetres as doubles; text read as doubles is far larger, or recognized by its letters."""
    if field.kind != "blob" or len(field.raw) % 8 or len(field.raw) > 512 or looks_like_text(field.raw):
        return False
    return all(not v or 1e-9 < abs(v) < _FURTHEST for (v,) in iter_unpack("<d", field.raw))


def _type_name(field: Field) -> bool:
    return field.kind == "text" and _TYPE_NAME.fullmatch(field.text) is not None and is_known(field.text)


def _statistics(field: Field) -> bool:
    return field.kind == "text" and _STATISTICS.fullmatch(field.text) is not None


HOUSEKEEPING: dict[str, Rule] = dict.fromkeys(("OID", "OptimisticLockField", "GCRecord", "ObjectType"), _few)
#: Known columns of known tables; other modules read the tables of tiles and of names.
TABLES: dict[str, dict[str, Rule]] = {
    "SVSlideDataXPO": {
        **dict.fromkeys(("m_labelScan", "m_overviewScan", "HRScanCount"), _few),
        "SlideId": LINK,
        "Date": QUASI,
        **dict.fromkeys(("Description", "Creator", "DiagnosisCode", "Keywords"), DIRECT),
        "TotalDataSizeBytes": _many,
    },
    "SVHRScanDataXPO": {
        "ParentSlide": _few,
        "ScanId": LINK,
        "Date": QUASI,
        **dict.fromkeys(("Description", "Name"), DIRECT),
        **dict.fromkeys(("PosOnSlideMm", "FocusStack"), _places),
        **dict.fromkeys(("ResolutionMmPerPix", "NominalLensMagnification"), _measure),
        "ThumbnailImage": IMAGE,
        "TotalDataSizeBytes": _many,
        "FocussingMethod": _mode,
    },
    "SVScannedImageDataXPO": {
        "Id": LINK,
        **dict.fromkeys(("PosOnSlideMm", "ScanCenterPosMm"), _places),
        "ResolutionMmPerPix": _measure,
        **dict.fromkeys(("Image", "ThumbnailImage"), IMAGE),
    },
    "XPObjectType": {"TypeName": _type_name},
    "sqlite_sequence": {"seq": _few},
    "sqlite_stat1": {"stat": _statistics},
}


_SPELLINGS = {n.lower(): n for n in (*TABLES, "DataManagerSQLiteConfigXPO", "tile")}


def spelled(name: str, table: str = "") -> str:
    """Return a known table's or column's name as spelled here, because SQLite ignores case."""
    if not table:
        return _SPELLINGS.get(name.lower(), name)
    known = (*TABLES.get(table, ()), *HOUSEKEEPING, "TableName")
    return next((n for n in known if n.lower() == name.lower()), name)


def is_size(rule: Rule | None) -> bool:
    """Whether a column holds a number of bytes."""
    return rule is _many


# -- emptying ----------------------------------------------------------------------------


def blank_of(field: Field) -> bytes:
    """Return what a value becomes, in the same length; a value that says nothing stays the same."""
    raw = field.raw
    if field.kind == "text":
        text = field.text
        if not text.strip(" 0\0"):
            return raw
        date = _DATE.fullmatch(text)
        new = re.sub(r"\d", "0", text) if date else ""
        new = "1970-01-01" + new[10:] if date else " " * (len(raw) // len(" ".encode(field.encoding)))
        return new.encode(field.encoding).ljust(len(raw), b" ")
    if field.kind == "blob" and raw[:3] == b"\xff\xd8\xff":
        return drawn(raw) or bytes(len(raw))
    return bytes(len(raw))


def drawn(old: bytes) -> bytes | None:
    """Draw a blank JPEG with the length and pixel size of ``old``; None if ``old`` is no JPEG or too short."""
    frame = jpeg_blanks.parse(old)
    if frame is None:
        return None
    for way in (jpeg_blanks.blank, jpeg_blanks.fresh, lambda f, _: jpeg_blanks.grey(f)):
        try:
            stream = way(frame, None)
        except ValueError:  # more blocks than in any slide's picture
            return None
        if stream is not None and len(stream) <= len(old):
            return jpeg_blanks.padded(stream, len(old))
    return None
