"""What all TIFF-based formats share: who owns which byte, and what the tags say.

A format decides which page plays which role; this module then claims every byte of the
file, turns identifying and unknown tags into findings, and reports bytes that nobody owns.
Values that are already blank are no finding, which is what makes a second run a no-op.

Tag table and classes: TIFF 6.0, EXIF 2.32, and section 1.4 of the project's format map.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers import icc
from blankslide.containers.streams import jpeg
from blankslide.containers.tiff import directories as T
from blankslide.errors import DamagedSlide
from blankslide.formatkit.tiff_entries import child_kind, is_pages_own, pointed_at, readings
from blankslide.formatkit.tile_comments import talking, tile_texts
from blankslide.model import Blank, Chain, Coding, Drop, Edit, Fill, Finding, Link, PhiClass, Place, Slot
from blankslide.model.patterns import pattern
from blankslide.model.sensitive import Sensitive
from blankslide.spans import ByteClass, ByteMap, subtract

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Entry, Ifd, Tiff
    from blankslide.source import ByteSource

D, Q, V, K, P, UNKNOWN = (
    PhiClass.DIRECT,
    PhiClass.QUASI,
    PhiClass.DEVICE,
    PhiClass.LINK,
    PhiClass.PATH,
    PhiClass.UNKNOWN,
)


class TagRule(NamedTuple):
    """How one tag is called and what it can reveal; ``plain`` values of it stay by default."""

    id: str
    title: str
    cls: PhiClass
    plain: bool = False


#: Tags that describe coding and geometry; their values never identify.
STRUCTURAL = frozenset(
    (
        *range(254, 260),
        *(262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 286, 287),
        *(288, 289, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325),
        *(330, 332, 334, 336, 338, 339, 340, 341, 342, 347),
        *(512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532),
        *(32995, 32996, 32997, 32998, 34665, 34853, 40965),
    )
)

TAGS: Mapping[int, TagRule] = {
    269: TagRule("tiff.document-name", "DocumentName", D),
    271: TagRule("tiff.make", "Make", V, plain=True),
    272: TagRule("tiff.model", "Model", V, plain=True),
    285: TagRule("tiff.page-name", "PageName", D),
    305: TagRule("tiff.software", "Software", V, plain=True),
    306: TagRule("tiff.date-time", "DateTime", Q),
    315: TagRule("tiff.artist", "Artist", D),
    316: TagRule("tiff.host-computer", "HostComputer", V),
    333: TagRule("tiff.ink-names", "InkNames", UNKNOWN),
    337: TagRule("tiff.target-printer", "TargetPrinter", V),
    700: TagRule("tiff.xmp", "XMP packet", D),
    32781: TagRule("tiff.image-id", "ImageID", K),
    33432: TagRule("tiff.copyright", "Copyright", D),
    33448: TagRule("tiff.md-lab-name", "MD LabName", D),
    33449: TagRule("tiff.md-sample-info", "MD SampleInfo", D),
    33450: TagRule("tiff.md-prep-date", "MD PrepDate", Q),
    33451: TagRule("tiff.md-prep-time", "MD PrepTime", Q),
    33723: TagRule("tiff.iptc", "IPTC record", D),
    34377: TagRule("tiff.photoshop", "Photoshop resources", D),
    37724: TagRule("tiff.image-source-data", "Photoshop layers", D),
    40091: TagRule("tiff.xp-title", "XPTitle", D),
    40092: TagRule("tiff.xp-comment", "XPComment", D),
    40093: TagRule("tiff.xp-author", "XPAuthor", D),
    40094: TagRule("tiff.xp-keywords", "XPKeywords", D),
    40095: TagRule("tiff.xp-subject", "XPSubject", D),
    42112: TagRule("tiff.gdal-metadata", "GDAL metadata", Q),
    50735: TagRule("tiff.camera-serial-number", "CameraSerialNumber", V),
    50838: TagRule("tiff.imagej-counts", "ImageJ counts", D),
    50839: TagRule("tiff.imagej-metadata", "ImageJ metadata", D),
    59932: TagRule("tiff.padding", "Padding", UNKNOWN),
}

#: Words that may stand in Make, Model and Software beside version numbers.
PLAIN_WORDS = frozenset(
    "aperio leica biosystems image library imagescope scanscope scanner gt450 gt 450 dx at2 at cs cs2 xt lv1 versa "
    "tifffile.py tifffile libtiff imagej openslide vips bioformats bio-formats ome adobe photoshop windows macintosh "
    "grundium ocus motic kfbio hamamatsu nanozoomer ventana roche philips huron mikroscan olympus zeiss 3dhistech "
    "tissuescope le iq pe easyscan medscan "
    "software version release blankslide".split()
)
_WORD = pattern(r"[\w.+-]+")
_VERSION = pattern(r"v?\d{1,3}(?:\.\d{1,4}){0,4}", re.I)


def is_plain(value: str) -> bool:
    """Whether a maker, model or software text holds only known words and version numbers."""
    return all(w.lower() in PLAIN_WORDS or _VERSION.fullmatch(w) for w in _WORD.findall(value))


class Findings:
    """Collects findings by id, so that one field in many places is one finding."""

    def __init__(self) -> None:
        # sets that keep their order: a slide may have text in each of half a million tiles
        self._found: dict[str, tuple[str, PhiClass, bool, dict[Place, None], dict[Edit, None], dict[str, None]]] = {}

    def add(
        self,
        id: str,
        title: str,
        cls: PhiClass,
        place: Place,
        edits: Iterable[Edit],
        value: str | None,
        weak: bool = False,
    ) -> None:
        """Record one place of a finding; strong wins over weak when places differ."""
        known = self._found.get(id)
        if known is None:
            values = {} if value is None else {value: None}
            self._found[id] = (title, cls, weak, {place: None}, dict.fromkeys(edits), values)
            return
        _, _, was_weak, places, there, values = known
        places[place] = None
        there.update(dict.fromkeys(edits))
        if value is not None:
            values[value] = None
        if was_weak and not weak:
            self._found[id] = (title, cls, False, *known[3:])

    def finish(self) -> tuple[Finding, ...]:
        """Return the findings in the order in which their first place was seen."""
        out = []
        for name, (title, cls, weak, places, edits, values) in self._found.items():
            wrapped = [Sensitive(v) for v in values]
            first = wrapped[0] if wrapped else None
            out.append(Finding(name, title, cls, tuple(places), tuple(edits), first, weak, tuple(wrapped[1:])))
        return tuple(out)


def claim_file(
    tiff: Tiff,
    roles: Mapping[str, str],
    private: frozenset[int] = frozenset(),
    texts: Sequence[tuple[int, int]] = (),
) -> ByteMap:
    """Claim every byte that the directories refer to.

    Parameters
    ----------
    roles
        Role of each page by name; ``level`` pages hold tissue, all others pictures.
    private
        Further tags of the format that hold structure.
    texts
        Ranges inside strips or tiles that hold text, not coded data.

    Raises
    ------
    ContradictorySlide, DamagedSlide
        If pages disagree about bytes, or point outside the file.
    """
    bytemap = ByteMap(tiff.size)
    bytemap.claim(0, tiff.header_size, ByteClass.STRUCTURE, "header")
    tiff.tile_texts = tile_texts(tiff, roles)
    tissue_tables = {
        (e.start, e.end)
        for page in tiff.pages
        if roles[page.name] == "level"
        for ifd in page.family()
        if (e := ifd.tags.get(T.JPEG_TABLES)) is not None and e.inline is None
    }
    for page in tiff.pages:
        tissue = roles[page.name] == "level"
        for ifd in page.family():
            inside = (*texts, *tiff.tile_texts.get(ifd.name, ()))
            _claim_ifd(bytemap, ifd, page.name, tissue, tissue_tables, private, inside)
    bytemap.settle()
    if bytemap.shared():
        bytemap.readings = readings(tiff, bytemap.shared())
    return bytemap


def _claim_ifd(
    bytemap: ByteMap,
    ifd: Ifd,
    owner: str,
    tissue: bool,
    tables: set[tuple[int, int]],
    private: frozenset[int],
    texts: Sequence[tuple[int, int]],
) -> None:
    data = ByteClass.TISSUE if tissue else ByteClass.ASSOCIATED
    claim = bytemap.claim
    claim(ifd.offset, ifd.end, ByteClass.STRUCTURE, owner)
    for entry in ifd.entries:
        if entry.inline is not None:
            continue
        tag, start, end = entry.tag, entry.start, entry.end
        if tag == T.JPEG_TABLES:
            claim(start, end, ByteClass.TISSUE if tissue or (start, end) in tables else data, owner)
        elif tag in STRUCTURAL or tag in private:
            claim(start, end, ByteClass.STRUCTURE, owner)
        else:
            claim(start, end, ByteClass.METADATA, owner)
    if T.STRIP_OFFSETS in ifd.tags or T.TILE_OFFSETS in ifd.tags:
        starts, lengths = ifd.segments()
        if texts:
            starts, lengths = _claim_texts(bytemap, starts, lengths, texts, owner)
        bytemap.claim_many(starts, lengths, data, owner)
    offset = ifd.number(T.JPEG_INTERCHANGE)
    if offset:
        length = ifd.number(T.JPEG_INTERCHANGE_LENGTH)
        starts = ifd.ints(T.STRIP_OFFSETS)
        if not any(offset <= s < offset + length for s in starts[:64]):
            bytemap.claim(offset, offset + length, data, owner)


def _claim_texts(
    bytemap: ByteMap, starts: Sequence[int], lengths: Sequence[int], texts: Sequence[tuple[int, int]], owner: str
) -> tuple[Sequence[int], Sequence[int]]:
    """Claim the texts inside coded data as such and return what is left of the data."""
    left: list[tuple[int, int]] = []
    for start, length in zip(starts, lengths, strict=True):
        inside = [(s, e) for s, e in texts if start <= s and e <= start + length]
        for s, e in inside:
            bytemap.claim(s, e, ByteClass.METADATA, owner)
        left += subtract([(start, start + length)], inside) if inside else [(start, start + length)]
    return tuple(s for s, _ in left), tuple(e - s for s, e in left)


def tag_findings(
    found: Findings, page: Ifd, skip: frozenset[int], rules: Mapping[int, TagRule], science: frozenset[int]
) -> None:
    """Turn the tags of one page and its children into findings.

    Parameters
    ----------
    skip
        Tags that the format reads itself (its description).
    rules
        The format's private tags.
    science
        Private tags whose values stay.
    """
    for ifd in page.family():
        for entry in ifd.entries:
            tag = entry.tag
            if tag in STRUCTURAL or tag in science:
                if entry.type in _BYTEWISE and tag != T.JPEG_TABLES:
                    _text_in_numbers(found, ifd, entry)
                continue
            if (tag in skip and ifd is page) or is_pages_own(page, ifd, entry):
                continue
            if tag == T.ICC_PROFILE:
                _icc_findings(found, ifd, entry)
                continue
            rule = rules.get(tag) or TAGS.get(tag)
            if ifd is not page:
                rule = TagRule(f"tiff.{child_kind(ifd)}.{tag}", f"{child_kind(ifd).upper()} tag {tag}", Q)
            if rule is None:
                rule = TagRule(f"tiff.tag-{tag}", f"tag {tag}", UNKNOWN)
            _tag_finding(found, ifd, entry, rule)


_BYTEWISE = frozenset((1, 2, 7))


def _text_in_numbers(found: Findings, ifd: Ifd, entry: Entry) -> None:
    """Report text in a tag that holds numbers by its nature."""
    if entry.type == 2 or (4 <= entry.end - entry.start <= 1 << 20 and _looks_like_text(ifd.raw(entry))):
        _tag_finding(found, ifd, entry, TagRule(f"tiff.tag-{entry.tag}", f"tag {entry.tag}", UNKNOWN))


def _tag_finding(found: Findings, ifd: Ifd, entry: Entry, rule: TagRule) -> None:
    raw = ifd.raw(entry) if entry.end - entry.start <= 1 << 20 else None
    if raw is not None and not raw.strip(b"\0 "):
        return
    value = _as_text(ifd, entry, raw)
    place = Place(0, ifd.name, entry.start, entry.end)
    if rule.cls is K and value is not None and not value.strip("0 {}-"):
        return  # zeros in place of a link are our own mark
    weak = rule.plain and value is not None and is_plain(value)
    found.add(rule.id, rule.title, rule.cls, place, (Fill(0, entry.start, entry.end),), value, weak)


def _as_text(ifd: Ifd, entry: Entry, raw: bytes | None) -> str | None:
    if raw is None:
        return None
    if entry.type == 2 or (entry.type in (1, 7) and _looks_like_text(raw)):
        return raw.rstrip(b"\0 ").decode("latin-1")
    if entry.type == 1 and entry.tag in range(40091, 40096):
        return raw.decode("utf-16-le", "replace").rstrip("\0 ")
    numbers = ifd.tiff.numbers(ifd, entry)
    return None if numbers is None else " ".join(map(repr, numbers))


def _looks_like_text(raw: bytes) -> bool:
    body = raw.rstrip(b"\0 ")
    return 0 < len(body) <= 65536 and all(b >= 32 or b in b"\t\r\n" for b in body)


def _icc_findings(found: Findings, ifd: Ifd, entry: Entry) -> None:
    """A profile's date and texts identify weakly; its curves are science and stay."""
    source = ifd.tiff.source
    spans = icc.spans(source, entry.start, entry.end)
    if spans is None:
        _tag_finding(found, ifd, entry, TagRule("tiff.icc-profile", "ICC tag without a profile", UNKNOWN))
        return
    length = int.from_bytes(source.read(entry.start, 4), "big")
    if length < entry.end - entry.start and _any_data(source, entry.start + length, entry.end):
        behind = Place(0, ifd.name, entry.start + length, entry.end)
        edit = (Fill(0, behind.start, behind.end),)
        found.add("tiff.icc-profile.remainder", "Data behind the ICC profile", UNKNOWN, behind, edit, None)
    if any(source.read(spans.date[0], spans.date[1] - spans.date[0])):
        edits = (Fill(0, *spans.date), Fill(0, *spans.id))
        found.add("tiff.icc-profile.date", "ICC date", Q, Place(0, ifd.name, *spans.date), edits, None, weak=True)
    for start, end in spans.texts:
        text = source.read(start, end - start).strip(b"\0 ")
        if text:
            edit = (Fill(0, start, end),)
            found.add("tiff.icc-profile.text", "ICC text", V, Place(0, ifd.name, start, end), edit, None, weak=True)


def picture_finding(found: Findings, page: Ifd, role: str, weak: bool = False) -> None:
    """Record an associated image that goes by unlinking its page."""
    title = f"{role.capitalize()} picture" if role != "unknown" else "Unknown picture"
    place = Place(0, page.name, page.offset, page.end)
    found.add(f"picture.{role}", title, PhiClass.IMAGE, place, (Drop(page.name),), None, weak)


#: Codecs whose streams can carry comments: JPEG and JPEG 2000.
_WITH_TEXT = frozenset((6, 7, 33003, 33004, 33005, 34712))


def jpeg_findings(found: Findings, page: Ifd, tissue: bool) -> None:
    """Report text inside the JPEG or JPEG 2000 streams and the tables of a picture's page.

    Strips are read only up to the first scan. Tables that tissue uses are reported too, but
    tissue is never edited: the policy then says that something is left.
    """
    source = page.tiff.source
    for ifd in page.family():
        tables = ifd.tags.get(T.JPEG_TABLES)
        if tables is not None:
            _jpeg_text(found, page.name, tables.start, ifd.raw(tables), "tables", not tissue)
        for start, end in page.tiff.tile_texts.get(ifd.name, ()):
            text = source.read(start, end - start).rstrip(b"\0").decode("latin-1")
            place, edit = Place(0, page.name, start, end), (Fill(0, start, end),)
            found.add("jpeg.tile-text", "Text in a tile", UNKNOWN, place, edit, text)
        codec = ifd.number(T.COMPRESSION)
        if ifd.is_tiled or codec not in _WITH_TEXT:
            continue
        starts, lengths = ifd.segments()
        used = talking(source, starts, lengths) if codec in (6, 7) else list(zip(starts, lengths, strict=True))
        for start, length in used:
            data = source.read(start, min(length, 1 << 16))
            _jpeg_text(found, page.name, start, data, "picture", not tissue)
            behind = jpeg.trailer(data) if codec in (6, 7) and length <= 1 << 16 else None
            if behind:
                low, high = start + behind[0], start + behind[1]
                place, edit = Place(0, page.name, low, high), (Fill(0, low, high),)
                found.add("jpeg.trailer", "Data behind a picture", UNKNOWN, place, edit, None)


def _segments_of(data: bytes) -> Sequence[tuple[int, int, int]]:
    if data[:2] == b"\xff\xd8":
        return jpeg.talkative(data)
    from blankslide.containers.streams import jp2k

    return jp2k.talkative(data) if jp2k.is_codestream(data) else []


def _jpeg_text(found: Findings, where: str, base: int, data: bytes, kind: str, editable: bool) -> None:
    for _, low, high in _segments_of(data):
        start, end = base + low, base + high
        text = data[low:high].rstrip(b"\0").decode("latin-1")
        edits = (Fill(0, start, end),) if editable else ()
        found.add(f"jpeg.{kind}-text", f"Text in JPEG {kind}", UNKNOWN, Place(0, where, start, end), edits, text)


def page_chain(tiff: Tiff) -> Chain:
    """Describe the chain of pages, so that pages can be unlinked in any combination."""
    links = tuple(Link(p.pointer, p.name, p.offset) for p in tiff.pages)
    return Chain(0, tiff.width, tiff.byteorder, links, tiff.pages[-1].next)


def unowned(
    found: Findings,
    source: ByteSource,
    bytemap: ByteMap,
    tiff: Tiff,
    roles: Mapping[str, str],
    known: frozenset[int] = frozenset(),
) -> bool:
    """Report bytes that nobody owns; return whether all of them may be zeroed.

    An unknown integer tag that points at such bytes means that the map is not complete:
    something we do not understand may need them, so they are listed and left.
    """
    dirty = [(s, e) for s, e in bytemap.gaps() if _any_data(source, s, e)]
    if not dirty:
        return True
    complete = not pointed_at(tiff, dirty, STRUCTURAL | TAGS.keys() | known)
    for start, end in dirty:
        edits: tuple[Edit, ...] = (Fill(0, start, end),) if complete else ()
        found.add(
            "slide.unowned", "Bytes nobody owns", UNKNOWN, Place(0, "between structures", start, end), edits, None
        )
    return complete


def _any_data(source: ByteSource, start: int, end: int) -> bool:
    if end - start <= 16:
        return any(source.read(start, end - start))
    for low, high in source.data_ranges(start, end):
        for pos in range(low, high, 1 << 20):
            chunk = source.read(pos, min(1 << 20, high - pos))
            if chunk != bytes(len(chunk)):
                return True
    return False


def blank_edit(page: Ifd) -> Blank:
    """Describe a page that stays linked, so that a blank picture can be drawn over it.

    Raises
    ------
    DamagedSlide
        If the page has no image data, or no size.
    """
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    planar = page.number(T.PLANAR_CONFIGURATION, 1) == 2
    across = page.number(T.TILE_WIDTH, width) if page.is_tiled else width
    down = page.number(T.TILE_LENGTH, height) if page.is_tiled else page.number(T.ROWS_PER_STRIP, height) or height
    if not (width and height and across and down):
        raise DamagedSlide(f"{page.name} has no size")
    tables = page.tags.get(T.JPEG_TABLES)
    sampling = tuple(page.ints(T.YCC_SUBSAMPLING)) or (2, 2)
    coding = Coding(
        compression=page.number(T.COMPRESSION, 1),
        photometric=page.number(T.PHOTOMETRIC, 1),
        bits=page.number(T.BITS_PER_SAMPLE, 1),
        samples=1 if planar else page.number(T.SAMPLES_PER_PIXEL, 1),
        predictor=page.number(T.PREDICTOR, 1),
        sampling=(sampling[0], sampling[-1]),
        tables=None if tables is None else (tables.start, tables.end),
    )
    rows = -(-height // down)
    slots = tuple(
        Slot(s, s + n, across, down if page.is_tiled else min(down, height - i % rows * down))
        for i, (s, n) in enumerate(zip(*page.segments(), strict=True))
    )
    return Blank(0, page.name, coding, slots)
