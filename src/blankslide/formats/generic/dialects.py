"""Descriptions of plain TIFF files in the dialects of the programs that write them.

Three programs write descriptions that can be taken apart: tifffile (JSON that begins with the
shape), libvips (XML that lists all properties of the picture, those of the scanner included)
and ImageJ (lines ``key=value``). In these, known science with a legal value stays, and all
else is removed in place. A description of any other kind is left, because nobody knows what it
is needed for, and the slide needs review.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI
from blankslide.formatkit.vocabulary import NUMBER, slug
from blankslide.formatkit.xml_fields import Rule, XmlReader, science
from blankslide.model import Fill, PhiClass, Place
from blankslide.model.patterns import XML_PROLOG, pattern

if TYPE_CHECKING:
    from blankslide.containers.xml import Element
    from blankslide.formatkit.findings import FindingCollector

_VIPS = pattern(XML_PROLOG.encode() + rb"<image\s[^>]*xmlns=[\"']http://www\.vips\.ecs\.soton\.ac\.uk/[^>]*>", re.S)
_IMAGEJ = pattern(rb"ImageJ=(?:\d{1,2}\.\d{1,3}[a-z]{0,2}\d{0,2})?(?:\r?\n|$)")
#: What ndpi2tiff and the like write: the lens, and the focal plane in nanometres.
_LENS = pattern(rb"x\d{1,3}(?:\.\d{1,4})? z-?\d{1,7}\s*")

_UNIT = "microns?|um|[\u00b5\u03bc]m|inch|cm|mm|nm|pixel"
#: Keys of tifffile's JSON and the values that stay.
SHAPED: dict[str, re.Pattern[str]] = {
    "shape": pattern(r"\[\d{1,9}(?:, \d{1,9}){0,7}\]"),
    "axes": pattern(r"[A-Z]{1,8}"),
    "dtype": pattern(r"[<>|]?[uif]\d|u?int\d{1,2}|float\d{2}"),
    "truncated": pattern(r"true|false"),
    "physicalsizex": pattern(NUMBER),
    "physicalsizey": pattern(NUMBER),
    "mpp": pattern(NUMBER),
    "magnification": pattern(NUMBER),
    **dict.fromkeys(("physicalsizexunit", "physicalsizeyunit"), pattern(_UNIT)),
    **dict.fromkeys(
        (
            "mpp_x mpp_y mpp-x mpp-y mppx mppy pixel_size pixel_size_x pixel_size_y pixelsize pixelsizex pixelsizey "
            "objective_power objective-power objectivepower appmag app_mag openslide.mpp-x openslide.mpp-y "
            "openslide.objective-power aperio.mpp aperio.appmag hamamatsu.sourcelens tiff.xresolution tiff.yresolution"
        ).split(),
        pattern(rf"{NUMBER}|\d{{1,3}}\.\d{{16,20}}"),
    ),
}
#: Keys of ImageJ's lines and the values that stay.
LINES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys("images channels slices frames".split(), pattern(r"\d{1,7}")),
    **dict.fromkeys("spacing min max finterval fps".split(), pattern(NUMBER)),
    **dict.fromkeys("hyperstack loop".split(), pattern("true|false")),
    "imagej": pattern(r"(?:\d{1,2}\.\d{1,3}[a-z]{0,2}\d{0,2})?"),
    "mode": pattern("composite|color|grayscale"),
    "unit": pattern(rf"{_UNIT}|\\u00[bB]5m|\u00c2\u00b5m"),  # ImageJ escapes it, others write UTF-8
}
#: Properties of libvips and the values that stay.
PROPERTIES: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(
        (
            "width height bands xoffset yoffset xres yres resolution-unit bits-per-sample n-pages page-height "
            "orientation openslide.mpp-x openslide.mpp-y openslide.objective-power openslide.level-count aperio.mpp "
            "aperio.appmag aperio.stripewidth aperio.left aperio.top aperio.originalwidth aperio.originalheight "
            "hamamatsu.sourcelens tiff.xresolution tiff.yresolution tiff.resolutionunit openslide.bounds-x "
            "openslide.bounds-y openslide.bounds-width openslide.bounds-height"
        ).split(),
        pattern(rf"{NUMBER}|in|cm|inch|centimeter"),
    ),
    "format": pattern("u?char|u?short|u?int|float|double|(?:dp)?complex"),
    "coding": pattern("none|labq|rad"),
    "interpretation": pattern("srgb|rgb16|rgb|b-w|grey16|multiband|cmyk|lab"),
    "vips-loader": pattern("(?:openslide|tiff|jpeg|png|jp2k|vips)load"),
    "openslide.vendor": pattern("aperio|hamamatsu|leica|mirax|philips|sakura|trestle|ventana|zeiss|dicom|generic-tiff"),
}
_LEVELS = pattern(r"(?:openslide\.)?level\[\d{1,2}\]\.(?:width|height|downsample|tile-width|tile-height)")
_TYPES = (
    r"g(?:char|uchar|short|ushort|int|uint|long|ulong|int64|uint64|float|double|boolean|string|char-array)"
    r"|Vips(?:RefString|Blob|Image|BandFormat|Interpretation|Coding|Area|ArrayDouble|ArrayInt|ForeignTiffResunit|Kernel)"
)
_FIELDS = (
    (PATH, {"filename", "path", "directory", "file"}),
    (DIRECT, {"user", "title", "barcode", "patient", "accession", "case", "comment", "name", "description", "slide"}),
    (QUASI, {"date", "time", "datetime", "rack"}),
    (DEVICE, {"scanscope", "serial", "scanner", "dsr", "host"}),
    (LINK, {"quickhash", "uuid", "imageid", "guid"}),
)
_WORDS = pattern(r"[a-z]+")


def read(found: FindingCollector, kept: list[Place], data: bytes, base: int, where: str) -> None:
    """Turn one description into findings.

    Parameters
    ----------
    data
        The whole value of the tag.
    base
        Its offset in the file.
    where
        The place in words.

    Raises
    ------
    DamagedSlide
        If it is XML of libvips that is not well formed.
    """
    body, _, rest = data.partition(b"\0")
    reader = _Text(found, kept, base, where)
    if _VIPS.match(body):
        _Vips(found, kept).read(data, base, where)
        return
    if rest.strip(b"\0 "):
        reader.goes("remainder", "Text behind the description", PhiClass.UNKNOWN, (len(body) + 1, len(data)), None, 0)
    if _LENS.fullmatch(body):
        kept.append(Place(0, where, base, base + len(body)))
    elif _IMAGEJ.match(body):
        reader.lines(body)
    elif not reader.shaped(body) and body.strip():
        place = Place(0, where, base, base + len(body))
        text = body.decode("latin-1").strip()
        found.add("generic.description", "Description of an unknown kind", PhiClass.UNKNOWN, place, (), text)


def _class(key: str) -> PhiClass:
    """Judge a property of the scanner by the words of its name; an id counts as a name."""
    words = set(_WORDS.findall(key.lower()))
    cls = next((cls for cls, names in _FIELDS if words & names), PhiClass.UNKNOWN)
    return DIRECT if cls is LINK else cls


class _Text:
    """Descriptions that are no XML."""

    def __init__(self, found: FindingCollector, kept: list[Place], base: int, where: str) -> None:
        self.found, self.kept, self.base, self.where = found, kept, base, where

    def goes(
        self, id: str, title: str, cls: PhiClass, span: tuple[int, int], value: str | None, fill: int = 32
    ) -> None:
        start, end = self.base + span[0], self.base + span[1]
        place = Place(0, self.where, start, end)
        self.found.add(f"generic.description.{id}", title, cls, place, (Fill(0, start, end, fill),), value)

    def _stays(self, span: tuple[int, int]) -> None:
        self.kept.append(Place(0, self.where, self.base + span[0], self.base + span[1]))

    def lines(self, body: bytes) -> None:
        """Read ImageJ's lines; a line that goes becomes empty."""
        for match in re.finditer(rb"[^\r\n]+", body):
            line = match[0].decode("latin-1")
            key, equals, value = line.partition("=")
            legal = LINES.get(key.strip().lower())
            if not line.strip():
                continue
            if legal is not None and legal.fullmatch(value.strip()):
                self._stays(match.span())
                continue
            name = slug(key) if equals else "line"
            self.goes(name, key.strip() if equals else "Line", PhiClass.UNKNOWN, match.span(), value.strip() or line)

    def shaped(self, body: bytes) -> bool:
        """Read tifffile's JSON; return False if it is not that. A pair that goes takes one comma with it."""
        text = body.decode("latin-1")
        pairs = _pairs(text)
        if pairs is None or "shape" not in [key.lower() for key, _, _, _ in pairs]:
            return False
        stays = [_is_legal(key, value) for key, value, _, _ in pairs]
        if not any(stays):
            return False
        first = stays.index(True)
        for i, (key, value, start, end) in enumerate(pairs):
            if stays[i]:
                self._stays((start, end))
                continue
            span = (start, pairs[i + 1][2]) if i < first else (pairs[i - 1][3], end)
            words = value if isinstance(value, str) else json.dumps(value)
            self.goes(slug(key), key, PhiClass.UNKNOWN, span, words)
        return True


def _is_legal(key: str, value: Any) -> bool:
    legal = SHAPED.get(key.lower())
    written = value if isinstance(value, str) else json.dumps(value)
    return legal is not None and legal.fullmatch(written) is not None


def _pairs(text: str) -> list[tuple[str, Any, int, int]] | None:
    """Return key, value and span of each pair of a JSON object; None if the text is not one."""
    decoder, out = json.JSONDecoder(), []
    pos = _skip(text, 0)
    if text[pos : pos + 1] != "{":
        return None
    pos = _skip(text, pos + 1)
    try:
        while text[pos] != "}":
            start = pos
            key, pos = decoder.raw_decode(text, pos)
            pos = _skip(text, pos)
            if not isinstance(key, str) or text[pos] != ":":
                return None
            value, pos = decoder.raw_decode(text, _skip(text, pos + 1))
            out.append((key, value, start, pos))
            pos = _skip(text, pos)
            if text[pos] == ",":
                pos = _skip(text, pos + 1)
        return out if not text[pos + 1 :].strip() else None
    except (ValueError, IndexError, RecursionError):
        return None


def _skip(text: str, pos: int) -> int:
    while pos < len(text) and text[pos] in " \t\r\n":
        pos += 1
    return pos


class _Vips(XmlReader):
    """The property list of libvips: each property is judged by its name, and goes or stays as a whole."""

    def __init__(self, found: FindingCollector, kept: list[Place]) -> None:
        table = {
            **science(
                r"http://www\.vips\.ecs\.soton\.ac\.uk/{1,2}(?:dzsave|vips|tiffsave|vipssave|image)?(?:/\d\.\d)?",
                "image@xmlns",
            ),
            **science(r"\d{1,2}(?:\.\d{1,2}){1,2}", "image@version"),
            **science(_TYPES, "value@type"),
            "image@date": Rule("date", QUASI, title="Date of conversion"),
        }
        super().__init__(found, kept, "generic.description", table)
        self._done: set[int] = set()

    def _element(self, element: Element) -> None:
        if element.parent is None:
            self._done = set()
        if element.name == "property" and element.start not in self._done:
            self._property(element)
        if element.start not in self._done:
            super()._element(element)

    def _property(self, element: Element) -> None:
        names, values = ([e for e in element.children if e.name == what] for what in ("name", "value"))
        if not names and not values:
            return
        key = names[0].text if names else ""
        legal = PROPERTIES.get(key.lower()) or (pattern(NUMBER) if _LEVELS.fullmatch(key) else None)
        alone = len(names) == len(values) == 1 and len(element.children) == 2 and not element.text
        bare = alone and not (names[0].children or values[0].children)
        if bare and legal is not None and legal.fullmatch(values[0].text):
            self._done |= {e.start for e in (*names, *values)}
            for inner in (*names, *values):
                for attribute in inner.attributes:
                    self._attribute(inner.name, element.name, attribute)
                self.kept.append(Place(0, self._where, self._base + inner.start, self._base + inner.end))
            return
        self._done |= {e.start for e in element.walk()}
        span = (element.start, element.end)
        rule = Rule(f"property.{slug(key)}", _class(key), title=key or "Property")
        texts = [text for e in element.walk() if e not in names and (text := e.text)]
        texts += [a.value for e in element.walk() for a in e.attributes if a.name != "type"]
        for text in texts or [key]:
            self._record(rule, span, span, text)
