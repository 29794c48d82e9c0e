"""The XML in every tile of a CZI: when and where the tile was taken.

A slide has thousands of tiles, each with a short document. The documents are flat and alike. So
they are read with a regular expression instead of a parser, and equal ones only once. A document
that is not flat (comments, entities, CDATA, text between elements) is emptied as a whole. Numbers
with known names stay; all other values are overwritten with spaces in place.

Promise: one pass, and memory in proportion to the number of places. Of the values of a field, only
`_MOST_VALUES` are remembered for the search afterwards; if any is more than a harmless number, at
least one such value is among them, because the policy looks at them.

Source: the project's format map, section 9; two real files.
"""

from __future__ import annotations

from typing import NamedTuple

from blankslide.formatkit.findings import DIRECT, PATH, QUASI, UNKNOWN, FindingCollector
from blankslide.formatkit.replacements import harmless
from blankslide.formatkit.vocabulary import PRECISE_NUMBER, slug
from blankslide.model import Fill, Finding, PhiClass, Place
from blankslide.model.patterns import pattern

__all__ = ["TileTexts"]

_MOST_VALUES = 256
_MOST_PLACES = 1 << 24
_MOST_CACHED = 1 << 12
_MOST_CACHED_BYTES = 1 << 13
_SHORTEST_HIT = 5
_PAIRS = rb"""(?:\s+[\w.:-]+\s*=\s*(?:"[^"<>&]*"|'[^'<>&]*'))*"""
_DECLARED = pattern(
    rb"""(?:\xef\xbb\xbf)?(?:<\?xml version=["']1\.\d["'](?: encoding=["'](?i:utf-8|us-ascii|iso-8859-1)["'])?"""
    rb"""(?: standalone=["'](?:yes|no)["'])?\s*\?>)?"""
)
_FLAT = pattern(rb"(?:[^<>&]*<(?:/[A-Za-z_][\w.:-]*|[A-Za-z_][\w.:-]*" + _PAIRS + rb")\s*/?>)*[^<>&]*")
_TAG = pattern(rb"<(/?)([A-Za-z_][\w.:-]*)((?:\s[^<>]*?)?)(/?)>([^<]*)")
_QUOTED = pattern(rb"""(?<![\w.:-])([\w.:-]++)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)')""")
_LEGAL = pattern(rf"(?:{PRECISE_NUMBER}|(?i:true|false)|CHUNKCONTAINER|Gray(?:8|16|32Float)|Bgr(?:24|48)|Bgra32)")
_NANOSECONDS = pattern(r"\d{10}")
_SCIENCE = frozenset(
    "stagexposition stageyposition focusposition roicenteroffsetx roicenteroffsety validbitsperpixel dataformat "
    "exposuretime lightsourceintensity detectorgain pixeltype stageorientation rotation".split()
)
_FIELDS: dict[str, PhiClass] = {
    **dict.fromkeys("acquisitiontime acquisitiondateandtime starttime endtime datetime time".split(), QUASI),
    **dict.fromkeys("username operator user barcode patient".split(), DIRECT),
    **dict.fromkeys("path filename filepath".split(), PATH),
}


class _Value(NamedTuple):
    """One value: finding id, title, class (SCIENCE stays), place in the document, and text."""

    id: str
    title: str
    cls: PhiClass
    start: int
    end: int
    text: str


class TileTexts:
    """Collects the findings in the tiles' documents.

    Parameters
    ----------
    kept
        Where places of kept numbers go, because a removed serial number may occur inside one by chance.
    """

    def __init__(self, kept: list[Place] | None = None) -> None:
        self._kept = [] if kept is None else kept
        self._found = FindingCollector(limit=_MOST_PLACES, encoding="utf-8")
        self._told: dict[str, _Told] = {}
        self._known: dict[bytes, tuple[_Value, ...]] = {}

    def read(self, raw: bytes, base: int) -> None:
        """Read the document of one tile; ``base`` is its offset in the file."""
        for value in self._read(raw):
            if value.cls is PhiClass.SCIENCE:
                self._kept.append(Place(0, "tiles", base + value.start, base + value.end))
                continue
            place = Place(0, "tiles", base + value.start, base + value.end)
            text = value.text if self._told.setdefault(value.id, _Told()).takes(value.text) else None
            self._found.add(value.id, value.title, value.cls, place, (Fill(0, place.start, place.end, 0x20),), text)

    def _read(self, raw: bytes) -> tuple[_Value, ...]:
        values = self._known.get(raw)
        if values is None:
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            values = tuple(_values(raw))
            if len(raw) <= _MOST_CACHED_BYTES:
                self._known[raw] = values
        return values

    def findings(self) -> tuple[Finding, ...]:
        """Return one finding for each field."""
        return self._found.finish()


class _Told:
    """The remembered values of one field."""

    def __init__(self) -> None:
        self._texts: set[str] = set()
        self._plain = True

    def takes(self, text: str) -> bool:
        """Whether to remember a value: the first ones, and the first that is not a harmless number."""
        plain = harmless(text)
        takes = text in self._texts or len(self._texts) < _MOST_VALUES or (self._plain and not plain)
        if takes:
            self._texts.add(text)
        self._plain = self._plain and plain
        return takes


def _values(raw: bytes) -> list[_Value]:
    text = raw.rstrip(b"\0")
    if not text.strip():
        return []
    declared = _DECLARED.match(text)
    at = declared.end() if declared else 0
    if not _FLAT.fullmatch(text, at):
        return [_Value("zeiss.tile.document", "Metadata of a tile", UNKNOWN, 0, len(text), "")]
    out: list[_Value] = []
    _piece(out, "text", text[at:].partition(b"<")[0], at)
    name = ""
    for tag in _TAG.finditer(text, at):
        if not tag[1]:
            name = tag[2].decode("ascii", "replace").rpartition(":")[2]
            for pair in _QUOTED.finditer(tag[3]):
                group = 2 if pair[2] is not None else 3
                key = f"{name} {pair[1].decode('ascii', 'replace')}"
                _piece(out, key, pair[group], tag.start(3) + pair.start(group))
        _piece(out, name if not tag[1] and not tag[4] else "text", tag[5], tag.start(5))
    return out


def _piece(out: list[_Value], name: str, raw: bytes, at: int) -> None:
    """Judge one value, without the white space around it."""
    body = raw.strip()
    if not body:
        return
    start = at + raw.index(body)
    value, low = body.decode("utf-8", "replace"), name.rpartition(" ")[2].lower()
    if low in _SCIENCE and (_LEGAL.fullmatch(value) or (low == "exposuretime" and _NANOSECONDS.fullmatch(value))):
        if len(body) >= _SHORTEST_HIT:
            out.append(_Value("", "", PhiClass.SCIENCE, start, start + len(body), ""))
        return
    cls = _FIELDS.get(low, UNKNOWN)
    out.append(_Value(f"zeiss.tile.{slug(name)}", name, cls, start, start + len(body), value))
