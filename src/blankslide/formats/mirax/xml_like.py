"""XML-like records of MIRAX slides, read without trusting that they are XML.

Real records are not XML: ``ProfileXML`` lacks spaces and closing marks and has ``<`` inside values.
So a record is split into words: names of elements, attributes, comments, text. Names and values
that are the makers' words stay, all else is a finding that is overwritten with spaces in place.
Entities are never expanded, so a record cannot grow without end.

Promise: the time is linear. Each byte is white space, a mark, a kept word or part of a finding.
Document types, and nesting deeper than in any slide, are refused.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.wide_text import Units
from blankslide.errors import DamagedSlide
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI, UNKNOWN
from blankslide.formatkit.vocabulary import slug
from blankslide.formats.mirax.vocabulary import is_number, is_vocabulary
from blankslide.model import PhiClass, Place, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.formatkit.findings import FindingCollector

MAX_BYTES = 16 << 20
_DEEPEST = 64
_SHORT = 4096
_NUMBERED = pattern(rb"""((?:Pos|Error|Level)=")[-+]?\d{1,10}(?:\.\d{1,10})?(?=")""")
_TOKEN = pattern(
    rb"""<!--(?P<comment>.*?)(?:-->|\Z)
    |<\?xml\s+version\s*=\s*["']1\.[01]["']
        (?:\s+encoding\s*=\s*["'](?i:utf-?(?:8|16)|us-ascii|iso-8859-\d{1,2}|windows-125\d)["'])?
        (?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>
    |<\?(?P<instruction>.*?)(?:\?>|\Z)
    |<!\[CDATA\[(?P<cdata>.*?)(?:\]\]>|\Z)
    |(?P<name>[A-Za-z_][\w:.-]{0,63})\s{0,8}=\s{0,8}(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')
    |<(?P<open>[A-Za-z_][\w:.-]{0,63})(?![\w:.-])
    |<(?P<close>/)[A-Za-z_][\w:.-]{0,63}(?![\w:.-])
    |(?P<empty>/>)
    |(?P<blank>[\s\0]+)
    |(?P<mark>[<>/="'!?])
    |(?P<word>[^<>\s\0="'/!?]+)""",
    re.S | re.X,
)
#: Marks that may stand inside a text.
_JOINING = (b"=", b"/", b'"', b"'", b"!", b"?")
_TYPED = pattern(rb"<!(?:DOCTYPE|ENTITY)", re.I)
_GOES: dict[str, tuple[str, PhiClass]] = {
    "profilename": ("Profile name", DIRECT),
    "storedpreviewpath": ("Stored preview path", PATH),
    "slideid": ("Slide id", LINK),
    "scannerid": ("Scanner id", DEVICE),
    "scannerserialnumber": ("Scanner serial number", DEVICE),
    "creationdatetime": ("Creation date", QUASI),
    "username": ("User name", DIRECT),
    "slidename": ("Slide name", DIRECT),
    "barcode": ("Barcode", DIRECT),
}
_PAIR = pattern(r"\(\s*-?\d{1,6}\s*[;,]\s*-?\d{1,6}\s*\)")
_DURATION = pattern(r"\s*\d{1,6}(?:[.,]\d{1,6})? ?(?:ms|us|s)\s*")
_SPEAKING_NAME = pattern(r"\d{5}")
_MOST_HARMLESS = 1 << 12
_KIND = pattern(r"bright ?field|fluorescen(?:ce|t)|default", re.I)
_FREE = frozenset("name type unit comm".split())
_NUMBERS = frozenset(
    "ximagepos yimagepos xmotorpos ymotorpos zmotorpos xmotorerror ymotorerror zmotorerror objectlevel "
    "opticalfocuslevel laserfocuslevel focalplane imageacquisitiontime jpgquality usecoverslipcut coverslipleft "
    "coversliptop coverslipright coverslipbottom limitingtherange lowerlimit upperlimit focusmapcreatingstep "
    "maximumexposuretime individualexptimeforspots filterchangeonfov scanningmodeauto previewthresholdfluor "
    "focusingtype isdatabaseselected savereducedimagesize stitching usemanualfocus usemanualexposuretime "
    "coarsefocusvalue optimizedslidevisualization createhierarchicalslidepath".split()
)
_TEXTS = frozenset("focusingtype neighbours compressionmode previewtype profiletype manualfocustype".split())


class _Spot(NamedTuple):
    """The place of a record, and its text."""

    file: int
    start: int
    units: Units


def is_markup(head: bytes) -> bool:
    """Whether a record begins like XML, in any encoding."""
    return Units(head).narrow.lstrip(b" \t\r\n")[:1] == b"<"


class TextReader:
    """Reads records into findings.

    Parameters
    ----------
    kept
        Where the places of kept values go.
    """

    def __init__(self, found: FindingCollector, kept: list[Place]) -> None:
        self.found = found
        self.kept = kept
        self._reported = 0
        # slides have a record for each camera position, and these differ only in numbers
        self._harmless: set[bytes] = set()

    def read(self, data: bytes, file: int, start: int) -> None:
        """Read one record, or several that follow each other.

        Raises
        ------
        DamagedSlide
            If it is longer or deeper than in any slide, or declares a document type.
        """
        if len(data) > MAX_BYTES:
            raise DamagedSlide("a text record is longer than any slide's")
        shape = _NUMBERED.sub(rb"\1", data) if len(data) <= _SHORT else b""
        if shape in self._harmless:
            self.kept.append(Place(file, "a text record", start, start + len(data)))
            return
        before = self._reported
        self._read(_Spot(file, start, Units(data)))
        if shape and self._reported == before and len(self._harmless) < _MOST_HARMLESS:
            self._harmless.add(shape)

    def _read(self, spot: _Spot) -> None:
        if _TYPED.search(spot.units.narrow):
            raise DamagedSlide("a text record declares a document type, which no slide needs")
        self._words(spot)

    def _words(self, spot: _Spot) -> None:
        depth, text = 0, (0, 0)
        for token in _TOKEN.finditer(spot.units.narrow):
            kind = token.lastgroup or ""
            depth += {"open": 1, "close": -1, "empty": -1}.get(kind, 0)
            if depth > _DEEPEST:
                raise DamagedSlide(f"a text record is nested deeper than {_DEEPEST}")
            if kind == "word":
                text = (text[0] if text[1] else token.start(), token.end())
            elif kind != "blank" and token[0] not in _JOINING:
                self._text(spot, *text)
                text = (0, 0)
                self._token(spot, token, kind)
        self._text(spot, *text)

    def _token(self, spot: _Spot, token: re.Match[bytes], kind: str) -> None:
        if kind in ("double", "single"):
            self._attribute(spot, token, kind)
        elif kind in ("comment", "instruction", "cdata"):
            start, end = token.span(kind)
            self._text(spot, start, end, "comment")
        elif kind in ("open", "close"):
            name = token[0].lstrip(b"</").decode("latin-1")
            if not is_vocabulary(name):
                start = token.end() - len(name)
                self._add(spot, "element", "Unknown element", UNKNOWN, (start, token.end()), "x")

    def _text(self, spot: _Spot, start: int, end: int, name: str = "text") -> None:
        narrow = spot.units.narrow
        while start < end and narrow[start] in b" \t\r\n\0":
            start += 1
        while end > start and narrow[end - 1] in b" \t\r\n\0":
            end -= 1
        if start < end:
            self._add(spot, name, "Text in a record", UNKNOWN, (start, end))

    def _attribute(self, spot: _Spot, token: re.Match[bytes], kind: str) -> None:
        name, at = token["name"].decode("latin-1"), token.span(kind)
        low, value = name.lower(), unescape(spot.units.text(*at))
        if _SPEAKING_NAME.search(name):
            self._add(spot, "attribute", "Unknown attribute", UNKNOWN, token.span(), goes=token.span())
            return
        if not value.strip(" \t\r\n\0"):
            return
        if low in _GOES:
            title, cls = _GOES[low]
            self._add(spot, low, title, DIRECT if cls is LINK else cls, at)
        elif _is_legal(low, value):
            if len(value) >= 5:
                low_byte, high = spot.units.span(*at)
                self.kept.append(Place(spot.file, "a text record", spot.start + low_byte, spot.start + high))
        elif low in _NUMBERS | _TEXTS | _FREE:
            self._add(spot, low, name, UNKNOWN, at)
        else:
            self._add(spot, slug(low), name, UNKNOWN, at, goes=token.span())

    def _add(
        self,
        spot: _Spot,
        name: str,
        title: str,
        cls: PhiClass,
        at: tuple[int, int],
        char: str = " ",
        goes: tuple[int, int] | None = None,
    ) -> None:
        self._reported += 1
        start, end = spot.units.span(*at)
        goes = goes or at
        place = Place(spot.file, "a text record", spot.start + start, spot.start + end)
        edit = Write(spot.file, spot.start + spot.units.span(*goes)[0], spot.units.filled(*goes, char))
        self.found.add(f"mirax.record.{name}", title, cls, place, (edit,), spot.units.text(*at))


def _is_legal(name: str, value: str) -> bool:
    if name in _NUMBERS and (is_number(value.strip()) or _PAIR.fullmatch(value) or _DURATION.fullmatch(value)):
        return True
    if name == "profiletype":
        return _KIND.fullmatch(value) is not None
    return (name in _TEXTS or name in _FREE) and is_vocabulary(value)
