"""What the tags and the property map of an NDPI page say.

Tables first: tags of numbers that stay, tags that identify, text tags and property keys whose
legal values stay. What is in no table, or has a value that is not legal, is a finding of class
UNKNOWN. Lines of the property map are cut by their position; strings that pages share are read
once.

Source: the project's format map, section 3; metadata of two real scanners.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.streams import jpeg
from blankslide.containers.tiff.ndpi import high_word
from blankslide.errors import DamagedSlide
from blankslide.formatkit import tiff_tags
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, QUASI, UNKNOWN
from blankslide.formatkit.markers import Names, is_marker
from blankslide.formatkit.tiff_tags import TagRule
from blankslide.formatkit.vocabulary import VERSION, whole_slug
from blankslide.formats.hamamatsu.ndpi_numbers import holds_numbers, last_start
from blankslide.model import Cut, Fill, PhiClass, Place, TextBlock
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Entry, Ifd
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.formatkit.vocabulary import Legal


_PROPERTIES, _LAMP = 65449, 65453
_MOST = 4 << 20

RULES: dict[int, TagRule] = {
    65427: TagRule("hamamatsu.tag.reference", "Reference (tag 65427)", DIRECT),
    65428: TagRule("hamamatsu.tag.auth-code", "AuthCode (tag 65428)", LINK),
    65442: TagRule("hamamatsu.tag.serial-number", "Serial number (tag 65442)", DEVICE),
    _LAMP: TagRule("hamamatsu.tag.lamp-age", "Lamp age (tag 65453)", DEVICE),
    **{t: TagRule("hamamatsu.tag.barcode", f"Barcode (tag {t})", DIRECT) for t in range(65468, 65476)},
    65476: TagRule("hamamatsu.tag.regulation", "Regulation text (tag 65476)", QUASI),
    65477: TagRule("hamamatsu.tag.scan-profile", "Scan profile (tag 65477)", DIRECT),
    65480: TagRule("hamamatsu.tag.barcode-type", "Barcode type (tag 65480)", QUASI),
}


class _Shading:
    """Knows shading data: hexadecimal numbers that spell no text, or a code of letters."""

    _form = pattern(r"(?:[0-9A-Fa-f]{2}){1,512}|_\d{2,4}[A-Za-z]{1,12}")
    _all = pattern(rb"\0*[\x20-\x7e]{4,}\0*")
    _text = pattern(rb"[A-Za-z ]{6,}|(?:[A-Za-z]\0){4,}|(?:\0[A-Za-z]){4,}")

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is shading data, else None."""
        if not self._form.fullmatch(text):
            return None
        return None if text[0] != "_" and self._spells(bytes.fromhex(text)) else text

    def _spells(self, data: bytes) -> bool:
        return bool(self._all.fullmatch(data) or self._text.search(data))


class _Words(NamedTuple):
    """A text tag: its legal values, and whether these are weak findings of a device."""

    rule: TagRule
    legal: Legal
    weak: bool = False


_MODEL = pattern(
    r"C\d{4,5}(?:-\d{2}[A-Z]{0,4})?|NanoZoomer(?:[ -](?:2\.0|HT|RS2?|XR|SQ|S20|S60|S210|S360|S540|MD|DX)(?:MD)?){0,3}"
)

#: Text tags whose legal values stay. Any other value is unknown text.
WORDS: dict[int, _Words] = {
    271: _Words(TagRule("tiff.make", "Make", DEVICE), pattern(r"Hamamatsu(?: Photonics(?: K\.K\.)?)?", re.I)),
    272: _Words(
        TagRule("tiff.model", "Model", DEVICE),
        _MODEL,
        weak=True,
    ),
    305: _Words(
        TagRule("tiff.software", "Software", DEVICE),
        pattern(rf"(?:NDP\.(?:scan|view2?|serve|toolkit)|NZAcquire)(?: v?(?:{VERSION}|\d{{1,2}}))?", re.I),
        weak=True,
    ),
    65434: _Words(
        TagRule("hamamatsu.tag.channel", "Fluorescence channel (tag 65434)", UNKNOWN),
        Names(r"(?i:(?:Single|Dual|Triple|Quad)(?:[ -]?Band)?)"),
    ),
    65448: _Words(
        TagRule("hamamatsu.tag.firmware", "Firmware version (tag 65448)", DEVICE),
        pattern(rf"v?(?:{VERSION}|\d{{1,3}})", re.I),
        weak=True,
    ),
}

_NUMBER = pattern(r"-?\d{1,5}(?:\.\d{1,6})?")
_OFFSET = pattern(r"-?\d{1,9}(?:\.\d{1,6})?")
_PLACE = pattern(r"-?\d{1,7}(?:, ?-?\d{1,7}){0,15}")
_CALIBRATION = _Shading()

#: Property keys whose legal values stay; keys are compared without an index in brackets.
SCIENCE: dict[str, Legal] = {
    **dict.fromkeys(
        "calibration.version ccd.height ccd.width ccd.width.ploidy coarse.focus.pitch colorfilterid cube.kind "
        "exposure.barcode.macro exposure.slide.darkfield.macro exposure.slide.macro fine.focus.pitch lane.shift.amount "
        "objective.lens.magnificant pshv pshv.10x pshv.20x pshv.40x pshv.ploidy pshv.ploidy.10x slide.tickness "
        "system.version target.white.intensity valid.ddkp valid.dltp valid.dshp variable.exposuretime sourcelens "
        "emissionwavelength excitationwavelength exposuretime".split(),
        _NUMBER,
    ),
    **dict.fromkeys(
        "focalplane.leftbottom focalplane.lefttop focalplane.rightbottom focalplane.righttop roi.barcode.macro "
        "roi.slide.macro slant.leftbottom slant.lefttop slant.rightbottom slant.righttop stage.center yrnp zcoarse "
        "zfine".split(),
        _PLACE,
    ),
    **dict.fromkeys(("xoffsetfromslidecentre", "yoffsetfromslidecentre"), _OFFSET),
    "product": _MODEL,
    # of a fluorescence channel: Bio-Formats looks there for the colour that it was seen in
    **dict.fromkeys(
        (
            "cubeindex excitationindex emissionindex enableexcitationsubstitution enableemissionsubstitution "
            "excitationindexsubstitution emissionindexsubstitution"
        ).split(),
        pattern(r"\d{1,3}"),
    ),
    **{f"shadingave{colour}_{width}": _NUMBER for colour in "rgb" for width in (512, 1024, 2048, 4096, 8192)},
    **dict.fromkeys(("transmittancer", "transmittanceg", "transmittanceb"), pattern(r"-|\d{1,3}(?:\.\d{1,3})? ?%?")),
    **dict.fromkeys(
        "cubename excitationname emissionname excitationnamesubstitution emissionnamesubstitution".split(),
        pattern(r"Blank|Empty|None|Open|-{1,3} ?none ?-{1,3}"),
    ),
}
#: Keys of shading data: science, but it can identify the scanner.
WEAK: dict[str, Legal] = {
    **dict.fromkeys("ahex ahex.fluorescence ahex.ploidy mhln mhln.24bit mhln.36bit".split(), _CALIBRATION),
    "firmware.version": WORDS[65448].legal,
}
#: Keys whose values stay if they name a dye or channel.
_DYES = frozenset(
    "name channel channelname fluorescence dye filter filtername fluorophore cubename excitationname emissionname "
    "excitationnamesubstitution emissionnamesubstitution".split()
)
#: Keys that identify. Every key that is in no table is unknown, and goes unless the policy allows it.
FIELDS: dict[str, PhiClass] = {
    "created": QUASI,
    "updated": QUASI,
    "ndp.s/n": DEVICE,
    "macro.s/n": DEVICE,
    "reference": DIRECT,
    "user": DIRECT,
    "username": DIRECT,
    "name": DIRECT,
    "operator": DIRECT,
    "authcode": LINK,
}
_SECTIONS = frozenset(
    (*(k.split(".")[0] for k in (*SCIENCE, *WEAK)), "ndp", "macro", "shading", "lens", "focus", "data")
)
_LINE = pattern(r"([^\r\n]+)(?:\r\n|\r|\n|\Z)")
_KEY = pattern(r"(?!.*\d{4})[A-Za-z][A-Za-z0-9_./]{0,47}(?:\[\d{1,3}\])?[A-Za-z0-9_./]{0,24}")
_INDEX = pattern(r"\[\d{1,3}\]")


def readable_spans(found: FindingCollector, page: Ifd) -> list[tuple[int, int]]:
    """Report text around a level's coded data; return its ranges, also those that are blank by now."""
    starts, lengths = page.segments()
    asides = jpeg.asides(page.tiff.source, starts[0], lengths[0], last_start(page))
    for start, end, text, behind in asides:
        place = Place(0, page.name, start, end)
        if behind:  # OpenSlide wants a byte 0xFF at the end
            found.add("jpeg.trailer", "Data behind a picture", UNKNOWN, place, (Fill(0, start, end, 0xFF),), None)
        elif text:
            value = text.decode("latin-1")
            found.add("jpeg.picture-text", "Text in JPEG picture", UNKNOWN, place, (Fill(0, start, end),), value)
    return [(a.start, a.end) for a in asides]


def tag_findings(found: FindingCollector, page: Ifd, texts: Texts) -> None:
    """Turn all tags of a page into findings and kept values."""
    numbers = {e.tag for e in page.entries if holds_numbers(page, e)}
    own = {e.tag for e in page.entries if e.tag in WORDS or e.tag == _PROPERTIES} | numbers
    own |= {e.tag for e in page.entries if e.tag == _LAMP and page.tiff.numbers(page, e)}
    every = frozenset((*WORDS, _PROPERTIES, _LAMP))
    tiff_tags.tag_findings(found, page, frozenset(own), _rules(page), frozenset(), every)
    for entry in page.entries:
        if entry.tag == _PROPERTIES:
            texts.properties(found, page, entry)
        elif entry.tag in WORDS:
            texts.words(found, page, entry)
        elif entry.tag == _LAMP and entry.tag in own:
            _lamp_finding(found, page, entry)
        elif entry.tag in numbers:
            texts.kept.append(Place(0, page.name, entry.start, entry.end))
        elif entry.tag not in own and entry.tag not in tiff_tags.STRUCTURAL:
            _high_finding(found, page, entry)


def _lamp_finding(found: FindingCollector, page: Ifd, entry: Entry) -> None:
    """Report lamp hours as weak: they identify a scanner only if you can compare two scanners."""
    if any(page.raw(entry)):
        place, fill = Place(0, page.name, entry.start, entry.end), (Fill(0, entry.start, entry.end),)
        rule = RULES[_LAMP]
        hours = " ".join(map(repr, page.tiff.numbers(page, entry) or ()))
        found.add(rule.id, rule.title, rule.cls, place, fill, hours, weak=True)


def _rules(page: Ifd) -> dict[int, TagRule]:
    """Rules for one page; an id that is stored as a number is removed, because only text can be replaced."""
    link = page.tags.get(65428)
    if link is None or link.type == 2:
        return RULES
    return RULES | {65428: RULES[65428]._replace(cls=QUASI)}


def _high_finding(found: FindingCollector, page: Ifd, entry: Entry) -> None:
    """Report the upper half of an unknown 64-bit number, which stands elsewhere in the file."""
    span = high_word(page.tiff, page.entries, entry)
    if span is not None:
        rule = RULES.get(entry.tag, TagRule(f"tiff.tag-{entry.tag}", f"tag {entry.tag}", UNKNOWN))
        found.add(rule.id, rule.title, rule.cls, Place(0, page.name, *span), (Fill(0, *span),), None)


class Texts:
    """Reads text tags and property maps; strings that pages share are read once."""

    def __init__(self) -> None:
        self.kept: list[Place] = []
        self._seen: set[int] = set()

    def words(self, found: FindingCollector, page: Ifd, entry: Entry) -> None:
        """Read a text tag whose legal values stay."""
        known = WORDS[entry.tag]
        raw = _short(page, entry)
        value = raw.split(b"\0", 1)[0].decode("latin-1").strip()
        place = Place(0, page.name, entry.start, entry.end)
        legal = entry.type == 2 and known.legal.fullmatch(_read(value)) and not raw[len(value) :].strip(b"\0 ")
        fill = (Fill(0, entry.start, entry.end),)
        if legal:
            self.kept.append(place)
            if isinstance(known.legal, Names):
                found.name(known.rule.id, known.rule.title, place, fill, value)
        if raw.strip(b"\0 ") and (known.weak or not legal):
            text = raw.strip(b"\0 ").decode("latin-1")
            found.add(known.rule.id, known.rule.title, known.rule.cls, place, fill, text, weak=bool(legal))

    def properties(self, found: FindingCollector, page: Ifd, entry: Entry) -> None:
        """Read a property map."""
        if entry.start in self._seen:
            return
        self._seen.add(entry.start)
        body, _, rest = _short(page, entry).partition(b"\0")
        block = TextBlock(0, entry.start, entry.end)
        if rest.strip(b"\0"):
            start = entry.start + len(body) + 1
            place, cut = Place(0, page.name, start, entry.end), (Cut(block, start, entry.end),)
            id_ = "hamamatsu.properties.remainder"
            found.add(id_, "Text behind the property map", UNKNOWN, place, cut, None)
        for match in _LINE.finditer(body.decode("latin-1")):
            self._line(found, page.name, match, block)

    def _line(self, found: FindingCollector, where: str, match: re.Match[str], block: TextBlock) -> None:
        base = block.start
        name, equals, raw = match[1].partition("=")
        key, value = name.strip().lstrip("; "), raw.strip()  # shading data stand in lines that begin with a semicolon
        if not equals:
            self._section(found, where, match, block)
            return
        if not value and _is_known(key):
            return
        rule, legal, weak = _property(key, value)
        start = base + match.start(1) + len(name) + 1 + raw.find(value)
        place = Place(0, where, start, start + len(value))
        cut = (Cut(block, base + match.start(), base + match.end()),)
        if legal:
            self.kept.append(place)
            if is_dye(key, value):
                found.name(rule.id, rule.title, place, cut, value)
        if (legal and not weak) or (rule.cls is LINK and not value.strip("0")):
            return
        if rule.id.endswith(".unnamed") or not value:  # the key itself is unknown text
            place, value = Place(0, where, base + match.start(1), base + match.end(1)), match[1]
        found.add(rule.id, rule.title, rule.cls, place, cut, value, weak)

    def _section(self, found: FindingCollector, where: str, match: re.Match[str], block: TextBlock) -> None:
        """Judge a line without a value: the name of a section, or free text."""
        base = block.start
        text = match[1].strip().lstrip("; ")  # brackets make a section whose keys are called otherwise
        if text and not _SECTIONS.issuperset(text.lower().split()):
            place = Place(0, where, base + match.start(1), base + match.end(1))
            cut = (Cut(block, base + match.start(), base + match.end()),)
            found.add("hamamatsu.properties.text", "Free text", UNKNOWN, place, cut, match[1].strip())


def _short(page: Ifd, entry: Entry) -> bytes:
    """Read a text, unless it is longer than any scanner writes."""
    if entry.end - entry.start > _MOST:
        raise DamagedSlide(f"{page.name} has tag {entry.tag} with a text longer than any scanner's")
    return page.raw(entry)


def is_dye(key: str, value: str) -> bool:
    """Whether a line names the dye or channel for which a file holds shading data."""
    return key.lower() in _DYES and is_marker(_read(value))


def _read(value: str) -> str:
    """Return a value as UTF-8 if it is: Greek letters of markers are written so."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _is_known(key: str) -> bool:
    low = _INDEX.sub("", key.lower())
    return low in FIELDS or low in SCIENCE or low in WEAK


def _property(key: str, value: str) -> tuple[TagRule, bool, bool]:
    """Return the rule of a key, whether its value is legal, and whether the finding is weak."""
    low = key.lower()
    id_ = f"hamamatsu.properties.{whole_slug(key)}"
    if is_dye(key, value):
        return TagRule(id_, key, UNKNOWN), True, False
    if low in FIELDS:
        return TagRule(id_, key, FIELDS[low]), False, False
    for table, weak in ((SCIENCE, False), (WEAK, True)):
        legal = table.get(_INDEX.sub("", low))
        if legal is not None:
            fits = bool(legal.fullmatch(value))
            return TagRule(id_, key, DEVICE if weak and fits else UNKNOWN), fits, weak and fits
    if not _KEY.fullmatch(key):
        return TagRule("hamamatsu.properties.unnamed", "Free text", UNKNOWN), False, False
    return TagRule(id_, key, UNKNOWN), False, False
