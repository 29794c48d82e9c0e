"""Aperio SVS: ScanScope and GT450 slides, and what derives from them.

Layout: TIFF or BigTIFF; page 0 and the other levels are tiled, thumbnail, label and macro
are in strips. Descriptions start with ``Aperio``: a header of sizes and codecs, then
``|key = value`` pairs. Re-saving puts a new header before the old one, separated by ``;``,
so headers and keys repeat. KFBIO and Grundium write the same, Motic with ``Motic V`` in front.
Z-levels and fluorescence channels are further tiled pages: tissue like the rest.

Which page is what: tiled pages are levels. For the others NewSubfileType (1 label, 9 macro)
and the description's second line (``label WxH``, ``macro WxH``) are evidence; a thumbnail
has the aspect of the slide or a description ``WxH -> WxH``. GT450 writes no description on
label and macro. Contradicting evidence refuses the slide. Titles and other free text are
never consulted.

Fields are cut out of the description where they stand, by position, never by searching for
their value; what is neither known science with a legal value nor harmless goes.

Source: OpenSlide's Aperio page; the project's format map, section 2; real slides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.tiff import directories as T
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import jpeg_comments, tiff_byte_map, tiff_pictures, tiff_tags
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI, UNKNOWN, FindingCollector
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_tags import TagRule
from blankslide.model import AssociatedImage, Cut, Inspection, Level, PhiClass, Place, SlideFile, TextBlock
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Probe


_NUMBER = r"[-+]?\d{1,6}(?:[.,]\d{1,12})?(?:[eE][-+]?\d{1,3})?"
_LEGAL_NUMBER = pattern(_NUMBER)
_LEGAL_PROFILE = pattern(
    r"(?:Aperio |Leica )?(?:ScanScope|AT2|AT|CS2?|CS|XT|LV1|GL|Versa|GT ?450|sRGB|Adobe RGB|AdobeRGB)(?: ?DX)?"
    r"(?: v?\d{1,3}(?:\.\d{1,3})*| \(?19[69]8\)?| IEC61966-2\.1)?(?:\.icc|\.icm)?"
)

#: Keys whose legal values stay: they make the pixels usable.
SCIENCE: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(
        (
            "appmag mpp stripewidth left top linecameraskew lineareaxoffset lineareayoffset displaycolor "
            "originalwidth originalheight gamma bestfocuslayer calibrationaveragered calibrationaveragegreen "
            "calibrationaverageblue"
        ).split(),
        _LEGAL_NUMBER,
    ),
    "focus offset": _LEGAL_NUMBER,
    "exposure time": _LEGAL_NUMBER,
    "exposure scale": _LEGAL_NUMBER,
    "icc profile": _LEGAL_PROFILE,
}

#: Keys that identify; every other key is unknown and treated by the policy's allow-list.
FIELDS: dict[str, PhiClass] = {
    "filename": DIRECT,
    "title": DIRECT,
    "user": DIRECT,
    "barcode": DIRECT,
    "accession": DIRECT,
    "patient": DIRECT,
    "copyright": DIRECT,
    "imageid": LINK,
    "dsr id": DEVICE,
    "scanscope id": DEVICE,
    "scanner id": DEVICE,
    "scannertype": DEVICE,
    "date": QUASI,
    "time": QUASI,
    "time zone": QUASI,
    "rack": QUASI,
    "slide": QUASI,
    "sessonmode": QUASI,
    "sessionmode": QUASI,
    "scan warning": QUASI,
    "parmset": QUASI,
    "webslide files": PATH,
    "compressedfile": PATH,
    "converter": QUASI,
    "converterepoch": QUASI,
    "converterversion": QUASI,
}

#: Aperio's private tags: copies of description fields, and scan geometry.
PRIVATE: dict[int, TagRule] = {
    55003: TagRule("aperio.tag.scanscope-id", "ScanScope ID (tag 55003)", DEVICE),
    55004: TagRule("aperio.tag.scan-date", "Scan date (tag 55004)", QUASI),
}
PRIVATE_SCIENCE = frozenset((55000, 55001, 55002))

_HEADER_WORD = (
    r"(?:v\d{1,3}(?:\.\d{1,4})+(?:[a-z]\b)?|\d{1,7}x\d{1,7}\]?|\[?\d{1,7},\d{1,7},?(?:\d{1,7}x\d{1,7}\]?)?"
    r"|[\[(]\d{1,7}x\d{1,7}[\])]|->|-|(?:J2K|JPEG|JPEG2000|JPG|LZW|RAW|None|Deflate)(?:/[A-Z]{1,8}\d{0,2})?"
    r"|Q ?= ?\d{1,3}|label|macro|thumbnail|Aperio|Image,?|Library|Leica|Biosystems|Segue|Digital|GT ?450|DX"
    r"|KFBIO|Motic|Grundium|Ocus\d{0,2},?|V\d\.\d\.\d)"
)
_HEADER_OK = pattern(rf"\s*+(?:{_HEADER_WORD}[\s;]++)*+(?:{_HEADER_WORD})?[\s;]*+")
_HEADER_WORD_RE = pattern(_HEADER_WORD)
_HEADER_WORDS = pattern(r"Q ?= ?\d{1,3}(?![^\s;])|[^\s;]+")
_MAKER = pattern(r"(?:Aperio|Motic)?")
_VENDOR = pattern(r"Aperio\b|Motic V\d")
_PAIR = pattern(r"\|([^|=;]*)(=?)([^|;]*(?:;(?!Aperio |Motic )[^|;]*)*)(;(?:Aperio|Motic) [^|]*)?")
_ROLE = pattern(r"(label|macro|thumbnail) \d{1,7}x\d{1,7}\s*")
_THUMBNAIL = pattern(r"\d{1,7}x\d{1,7} -> \d{1,7}x\d{1,7} -")
_CUSTOM = pattern(r"customfield[._][a-z_.]{1,48}")
_KEY = pattern(r"(?!.*\d{4})[A-Za-z][A-Za-z0-9_./()#-]{0,30}(?: [A-Za-z0-9_./()#-]{1,20}){0,2}")


class _Rule(NamedTuple):
    """What a key means: class and id of its finding, and the legal values of a science key."""

    cls: PhiClass
    id: str
    legal: re.Pattern[str] | None = None


def _slug(key: str) -> str:
    return "aperio.description." + re.sub(r"[^a-z0-9]+", "-", key).strip("-")


# a known key whose value is not what the key promises is text we do not understand
_RULES = {key: _Rule(cls, _slug(key)) for key, cls in FIELDS.items()} | {
    key: _Rule(UNKNOWN, _slug(key), legal) for key, legal in SCIENCE.items()
}


#: Science keys whose value every face shows.
_READ = frozenset(("mpp", "appmag"))


def _rule(name: str) -> _Rule | None:
    """Rule of a key that is not known; None if it is no key at all but free text."""
    low = name.lower()
    if _CUSTOM.fullmatch(low):
        return _Rule(DIRECT, _slug(low))
    return _Rule(UNKNOWN, _slug(low)) if _KEY.fullmatch(name) else None


class Aperio(Format):
    """The format object; see the module's docstring."""

    name = "aperio"
    title = "Aperio SVS"
    suffixes = (".svs", ".tif", ".tiff")
    marks = (b"Aperio", b"Motic")
    one_file = True
    removes = (
        "label and macro pictures; user, file name, title, barcode, dates, times, scanner ids, rack, slide and "
        "every unknown field of every description; tags 306, 315, 55003, 55004 and the other text tags; orphaned bytes"
    )
    keeps = "MPP, AppMag, scan geometry, exposure, ICC profile, thumbnail, coded tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled and described as Aperio's."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not _VENDOR.match(first.text(T.IMAGE_DESCRIPTION) or ""):
            return "the first page's description starts neither with Aperio nor with Motic"
        if not first.is_tiled:
            return "the first page is not tiled"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff = probe.tiff
        pages = tiff.pages
        roles = {p.name: r for p, r in zip(pages, _roles(pages), strict=True)}
        bytemap = tiff_byte_map.claim_file(tiff, roles, PRIVATE_SCIENCE)
        reader = _Descriptions()
        found = reader.found
        for page in pages:
            role = roles[page.name]
            if role != "level":
                tiff_pictures.picture_finding(found, page, role, weak=role == "thumbnail")
            if role not in ("label", "macro"):  # these go whole; kept, they are never clean anyway
                jpeg_comments.jpeg_findings(found, page, role == "level")
        for page in pages:
            reader.read(page)
            tiff_tags.tag_findings(found, page, frozenset((T.IMAGE_DESCRIPTION,)), PRIVATE, PRIVATE_SCIENCE)
        complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles)
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(_level(i, p) for i, p in enumerate(pages) if roles[p.name] == "level"),
            associated=tuple(_associated(i, p, roles[p.name]) for i, p in enumerate(pages) if roles[p.name] != "level"),
            findings=found.finish(),
            maps=(bytemap,),
            mpp=reader.mpp,
            objective=reader.objective,
            kept=tuple(reader.kept),
            blocks=tuple(reader.blocks),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
        )


FORMAT: Format = Aperio()


def _level(index: int, page: Ifd) -> Level:
    return Level(
        page.number(T.IMAGE_WIDTH),
        page.number(T.IMAGE_LENGTH),
        page.number(T.TILE_WIDTH),
        page.number(T.TILE_LENGTH),
        index,
    )


def _associated(index: int, page: Ifd, role: str) -> AssociatedImage:
    codec = T.CODECS.get(page.number(T.COMPRESSION, 1), "unknown codec")
    return AssociatedImage(role, page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH), index, codec)


# -- which page is what ------------------------------------------------------------------


def _roles(pages: list[Ifd]) -> list[str]:
    base = pages[0]
    return [_role(i, page, base) for i, page in enumerate(pages)]


def _role(index: int, page: Ifd, base: Ifd) -> str:
    """Weigh the evidence of one page.

    Raises
    ------
    ContradictorySlide
        If two pieces of evidence name different roles.
    """
    described = _described_role(page)
    if page.is_tiled:
        if described in ("label", "macro"):
            raise ContradictorySlide(f"page {index} is tiled like a level but described as {described}")
        if page.number(T.NEW_SUBFILE_TYPE) & 8 or not _same_aspect(page, base):
            raise ContradictorySlide(f"page {index} is tiled like a level but has not the slide's shape or type")
        return "level"
    subfile = {1: "label", 9: "macro"}.get(page.number(T.NEW_SUBFILE_TYPE))
    if described and subfile and described != subfile:
        raise ContradictorySlide(f"page {index} is described as {described} but typed as {subfile}")
    known = described or subfile
    if known == "thumbnail" and not _same_aspect(page, base):
        return "unknown"  # the label's picture may stand where a thumbnail is described
    if known:
        return known
    return "thumbnail" if index == 1 and _same_aspect(page, base) else "unknown"


def _described_role(page: Ifd) -> str | None:
    entry = page.tags.get(T.IMAGE_DESCRIPTION)
    if entry is None:
        return None
    text = page.raw(entry)[:512].partition(b"\0")[0].decode("latin-1")
    header = text.partition("|")[0].partition(";")[0]  # a longer one names no role
    line = header.partition("\n")[2]
    match = _ROLE.fullmatch(line)
    if match:
        return match[1]
    return "thumbnail" if _THUMBNAIL.match(line) else None


def _same_aspect(page: Ifd, base: Ifd) -> bool:
    w, h = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    bw, bh = base.number(T.IMAGE_WIDTH), base.number(T.IMAGE_LENGTH)
    if not (w and h and bw and bh):
        raise DamagedSlide("a page has no size")
    # small levels are rounded to whole pixels
    return abs(w * bh - h * bw) <= max(0.05 * max(w * bh, h * bw), 2 * max(bw, bh))


# -- what the descriptions say -----------------------------------------------------------


def _pair_end(match: re.Match[str]) -> int:
    """Where a pair ends: before a following header, which is not part of it."""
    return match.start(4) if match[4] else match.end()


_Logged = tuple[str, str, PhiClass, Place, Cut, str]


class _Tail(NamedTuple):
    """What the pairs of one description said: kept ranges relative to ``start``, and fields as recorded there."""

    kept: list[tuple[int, int]]
    fields: list[_Logged]
    start: int


class _Descriptions:
    """Reads every page's description into findings, kept values and text blocks."""

    def __init__(self) -> None:
        self.found = FindingCollector()
        self.blocks: list[TextBlock] = []
        self.kept: list[Place] = []
        self.mpp: tuple[float, float] | None = None
        self.objective: float | None = None
        self._spans: set[int] = set()
        self._tails: dict[str, _Tail] = {}
        self._log: list[_Logged] = []

    def read(self, page: Ifd) -> None:
        """Read one page; strings shared between pages are read once."""
        entry = page.tags.get(T.IMAGE_DESCRIPTION)
        if len(page.tags) < len(page.entries) and [e.tag for e in page.entries].count(T.IMAGE_DESCRIPTION) > 1:
            raise ContradictorySlide(f"{page.name} has two descriptions")
        if entry is None or entry.start in self._spans:
            return
        self._spans.add(entry.start)
        body, _, rest = page.raw(entry).partition(b"\0")
        where, base = page.name, entry.start
        block = len(self.blocks)
        self.blocks.append(TextBlock(0, base, entry.end))
        if rest.strip(b"\0"):
            start = base + len(body) + 1
            cut = (Cut(block, start, entry.end),)  # a fill would meet the cuts of the same text
            self.found.add(
                "aperio.description.remainder",
                "Text behind the description",
                UNKNOWN,
                Place(0, where, start, entry.end),
                cut,
                None,
            )
        self._text(body.decode("latin-1"), where, base, block)

    def _text(self, text: str, where: str, base: int, block: int) -> None:
        bar = text.find("|")
        header_end = len(text) if bar < 0 else bar
        self._log = []  # the header's own: each page has another one
        self._header(text[:header_end], 0, where, base, block)
        tail = text[header_end:]
        known = self._tails.get(tail)
        if known is not None:
            self._repeat(known, where, base + header_end, block)
            return
        kept, first = self.kept, len(self.kept)
        self._log = []
        low_run = high_run = -1  # kept pairs that follow each other are one range
        for match in _PAIR.finditer(text, header_end):
            key, equals, raw, again = match.groups()
            name, value = key.strip(), raw.strip()
            low = name.lower()
            rule = _RULES.get(low)
            if value and rule is not None and rule.legal is not None and rule.legal.fullmatch(value):
                low_kept, high_kept = match.span()
                if low_kept != high_run:
                    if low_run >= 0:
                        kept.append(Place(0, where, base + low_run, base + high_run))
                    low_run = low_kept
                high_run = match.start(4) if again else high_kept
                if low in _READ:
                    self._science(low, value)
            elif value or rule is None or not equals:
                self._field(match, name, value, rule, where, base, block)
            if again:
                self._header(again, match.start(4), where, base, block)
        if low_run >= 0:
            kept.append(Place(0, where, base + low_run, base + high_run))
        start = base + header_end
        self._tails[tail] = _Tail([(p.start - start, p.end - start) for p in kept[first:]], self._log, start)

    def _repeat(self, known: _Tail, where: str, start: int, block: int) -> None:
        """Record pairs that another page has letter for letter: every level repeats them."""
        new = tuple.__new__  # around the named tuple's own constructor, which is Python and half the cost
        self.kept.extend([new(Place, (0, where, start + low, start + high)) for low, high in known.kept])
        shift = start - known.start
        for name, title, cls, place, cut, value in known.fields:
            moved = new(Place, (0, where, place.start + shift, place.end + shift))
            self.found.add(name, title, cls, moved, (new(Cut, (block, cut.start + shift, cut.end + shift)),), value)

    def _add(self, name: str, title: str, cls: PhiClass, place: Place, cut: Cut, value: str) -> None:
        self.found.add(name, title, cls, place, (cut,), value)
        self._log.append((name, title, cls, place, cut, value))

    def _header(self, header: str, offset: int, where: str, base: int, block: int) -> None:
        """Cut the words of a header that are neither sizes, codecs, versions nor makers."""
        if _HEADER_OK.fullmatch(header):
            self.kept.append(Place(0, where, base + offset, base + offset + len(header)))
            return
        for word in _HEADER_WORDS.finditer(header):
            start, end = base + offset + word.start(), base + offset + word.end()
            if _HEADER_WORD_RE.fullmatch(word[0]):
                self.kept.append(Place(0, where, start, end))
                continue
            if offset == 0 and word.start() == 0:  # the maker's name must stay, what hangs on it need not
                start += len(_MAKER.match(word[0])[0])  # type: ignore[index]
            place = Place(0, where, start, end)
            self._add("aperio.description.header", "Header text", UNKNOWN, place, Cut(block, start, end), word[0])

    def _field(
        self, match: re.Match[str], name: str, value: str, known: _Rule | None, where: str, base: int, block: int
    ) -> None:
        """Record a pair that identifies, or that we do not know."""
        rule = known or _rule(name)
        if rule is None or not match[2] or not value:
            self._unnamed(match, where, base, block)
        elif rule.cls is LINK and not value.strip("0 {}-"):  # zeros in place of a link are our own mark
            self.kept.append(Place(0, where, base + match.start(), base + _pair_end(match)))
        else:
            start = base + match.start(3) + match[3].index(value)
            new = tuple.__new__  # as above
            cut = new(Cut, (block, base + match.start(), base + _pair_end(match)))
            legal = rule.legal.match(value) if rule.legal else None
            if legal and value[legal.end()] in " ;,\t":  # text behind a science value: the value itself stays
                start, value = start + legal.end(), value[legal.end() :]
                cut = Cut(block, start, start + len(value))
            self._add(rule.id, name, rule.cls, new(Place, (0, where, start, start + len(value))), cut, value)

    def _unnamed(self, match: re.Match[str], where: str, base: int, block: int) -> None:
        """Cut a piece that is no pair, or whose key is no word: the whole piece is the value."""
        start, end = match.start() + 1, _pair_end(match)
        text = match.string[start:end].strip()
        if text:
            place = Place(0, where, base + start, base + end)
            cut = Cut(block, base + start - 1, base + end)
            self._add("aperio.description.unnamed", "Free text", UNKNOWN, place, cut, text)

    def _science(self, key: str, value: str) -> None:
        if key == "mpp" and self.mpp is None:
            number = float(value.replace(",", "."))
            self.mpp = (number, number) if number > 0 else None
        elif key == "appmag" and self.objective is None:
            self.objective = float(value.replace(",", "."))


__all__ = ["FORMAT", "Aperio"]
