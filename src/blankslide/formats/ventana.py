"""Ventana (Roche) BIF and TIF: iScan Coreo and HT, DP 200 and DP 600.

Layout: TIFF or BigTIFF. Page 0 is a portrait of the whole slide, label and macro at once,
described ``Label Image`` (iScan) or ``Label_Image`` (DP); then a thumbnail or a map of tissue
probability; then tiled levels described ``level=N mag=M quality=Q``. XML packets (tag 700)
stand on page 0 (``iScan``: scanner, user, barcodes) and on level 0 (``EncodeInfo``: paths,
rack and slot, a copy of ``iScan`` in whatever quotes, and the joints of the tiles).

Page 0 is never unlinked, because readers know the format by it: a blank picture of its own
codec is drawn over it. Values in the XML are found by parsing, never by searching for their text,
and overwritten in place. The joints stay, each number checked, because they tell readers how
tiles fit together. A page whose description is not known, or does not fit it, goes whole; one of the
slide's shape, or with a level's tiles, that nothing explains may be tissue, and is left for review.

Traps: a plain Ventana TIFF has no packet on level 0; one attribute's name can be part of
another's; ``DirPath`` and ``LabelImage Path`` hold paths; the software's build date can identify
the scanner. OpenSlide declines DP files whose joints run to the left; then tifffile judges, and
fastslide where it is installed.

Source: OpenSlide's Ventana page; Roche's BIF whitepaper; the project's format map, section 5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.containers.xml import MAX_BYTES, parse
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import tiff_byte_map, tiff_numbered_pages, tiff_pictures, tiff_tags
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI, UNKNOWN, FindingCollector
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_shapes import has_tiles_of, padded_shape, same_shape
from blankslide.formatkit.vocabulary import INTEGER, NUMBER, VERSION
from blankslide.formatkit.xml_fields import Rule, XmlReader, rules, science
from blankslide.model import Fill, Inspection, Place, SlideFile
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.containers.xml import Element
    from blankslide.formatkit.protocol import Probe


_SOFTWARE_TAG, _XMP = 305, 700
#: What the vendor's own packets hold one of.
_PACKETS = (b"iScan", b"EncodeInfo", b"SlideInfo", b"Metadata")
_SOFTWARE = pattern(
    rf"(?:ScanOutputManager|Ventana(?: iScan| Image Viewer| Virtuoso)?)(?: ?v?(?:{VERSION}|\d{{1,2}}))?"
)

_DEVICE = pattern(rf"v?{VERSION}")
RULES = {
    **science(
        NUMBER,
        "iScan@Magnification iScan@ScanRes iScan@Z-layers iScan@Z-spacing iScan@ScanWhitePoint iScan@LabelBoundary "
        "AoiInfo@Pos-X AoiInfo@Pos-Y ImageInfo@Pos-X ImageInfo@Pos-Y Frame@Z Frame@FocusZ TileJointInfo@Confidence "
        "TileJointInfo@OverlapX TileJointInfo@OverlapY LabelImage@LabelBoundary Registration@Radius "
        "Registration@OverlapMinMicrons Registration@OverlapMaxMicrons Registration@ShiftMaxMicrons "
        "Registration@OverlapMin Registration@OverlapMax Registration@ShiftMax",
    ),
    **science(
        INTEGER,
        "iScan@FocusMode iScan@FocusQuality iScan@ScanMode iScan@ShowLabel iScan@Anonymization EncodeInfo@Ver "
        "AOI@Left AOI@Top AOI@Right AOI@Bottom AOI@AOIScanned AOI@OriginX AOI@OriginY AoiInfo@XIMAGESIZE "
        "AoiInfo@YIMAGESIZE AoiInfo@NumRows AoiInfo@NumCols SlideInfo@StitchApproach SlideInfo@FallbackStitchApproach "
        "SlideInfo@UseFallbackForStitch LabelImage@ShowLabel SlideStitchInfo@Left SlideStitchInfo@Top "
        "SlideStitchInfo@Right SlideStitchInfo@Bottom ImageInfo@AOIScanned ImageInfo@AOIIndex ImageInfo@Width "
        "ImageInfo@Height ImageInfo@NumRows ImageInfo@NumCols ImageInfo@MaxJTPFileSize TileJointInfo@FlagJoined "
        "TileJointInfo@Tile1 TileJointInfo@Tile2 FrameInfo@AOIScanned FrameInfo@AOIIndex "
        "Registration@UseLinearEncoder Color@Applied",
    ),
    **science(r"LEFT|RIGHT|UP|DOWN", "TileJointInfo@Direction"),
    **science(r"\d{1,6},\d{1,6}", "Frame@XY"),
    **science(r"(?i:bright|dark)field|(?i:fluorescence)", "iScan@Mode"),
    **science(r"(?i:VENTANA |Roche )?(?:DP ?\d{3}|iScan(?: Coreo| HT)?)", "iScan@ScannerModel"),
    **science(r"(?i:true|false)", "ServerDirectory@Copy"),
    **science(r"None|Auto|Default", "Registration@Method"),
    **science(rf"{NUMBER}(?:,{NUMBER}){{0,15}}", "Color@TwistRGB"),
    **science(r"\d{1,6}x\d{1,6}", "PrescanData@SizeImage"),
    **rules(
        DIRECT,
        "iScan@UserName iScan@Barcode1D iScan@Barcode2D iScan@BarCode1 iScan@BarCode2 iScan@SlideAnnotation "
        "iScan@OperatorID iScan@PatientName iScan@CaseID iScan@SampleID iScan@LabelText iScan@Comment "
        "iScan@Description PrescanData@SlideIdentifier",
    ),
    **rules(DEVICE, "iScan@UnitNumber iScan@BuildDate iScan@DeviceSerialNumber"),
    "iScan@BuildVersion": Rule("buildversion", DEVICE, _DEVICE, weak=True),
    **rules(QUASI, "iScan@ScanDate iScan@ScanTime iScan@BarCodeType1 iScan@BarCodeType2"),
    **rules(QUASI, "SlideInfo@Rack SlideInfo@Slot", b"0"),
    **rules(LINK, "SlideInfo@BaseName iScan@UniqueID"),
    **rules(PATH, "SlideInfo@JP2FileName SlideInfo@OutputFileName iScan@BaseFileName AoiInfo@DirPath"),
    "ServerDirectory@Path": Rule("serverdirectory-path", PATH, title="ServerDirectory Path"),
    "LabelImage@Path": Rule("labelimage-path", PATH, title="LabelImage Path"),
}

_ROLES = {
    "Label Image": "macro",
    "Label_Image": "macro",
    "Thumbnail": "thumbnail",
    "Probability_Image": "probability",
    "Probability Image": "probability",
}
_WHY_LEFT = "Picture of the slide's shape or tiles that nothing explains"
_LEVEL = pattern(r"(?:^|\s)level=(\d{1,4})(?=\s|$)")
_LEVEL_WORD = pattern(rf"level=\d{{1,4}}|mag={NUMBER}|quality=\d{{1,3}}")
_AREA = pattern(r"AOI\d{1,4}")


class Ventana(Format):
    """The format object; see the module's docstring."""

    name = "ventana"
    title = "Ventana BIF"
    suffixes = (".bif", ".tif", ".tiff")
    marks = (b"iScan",)
    one_file = True
    removes = (
        "the picture of the slide with its label (blanked, never unlinked); user, barcodes, annotation, unit number, "
        "build date, rack, slot, file names and paths, ids and every unknown attribute of every XML packet; text "
        "tags; orphaned bytes"
    )
    keeps = "ScanRes, Magnification, focus and Z data, tile joints, ICC profile, thumbnail, probability map, tissue"
    readers = ("OpenSlide", "tifffile", "fastslide")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page carries an XML packet with an iScan element."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        entry = first.tags.get(_XMP)
        if entry is None:
            return "the first page has no XML packet"
        raw = first.raw(entry) if entry.end - entry.start <= MAX_BYTES else b""
        if b"iScan" not in raw:
            return "the first page's XML packet does not mention iScan"
        try:
            root = parse(raw.partition(b"\0")[0])
        except DamagedSlide:
            return "the first page's XML packet is not well formed"
        return None if _scan_of(root) is not None else "the first page's XML packet has no iScan element in its place"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff = probe.tiff
        pages = tiff.pages
        roles = _roles(pages)
        named = {p.name: r for p, r in zip(pages, roles, strict=True)}
        bytemap = tiff_byte_map.claim_file(tiff, named)
        reader = _Reader()
        reader.found.bound(tiff.size)
        stay = {p.name for p, r in zip(pages, roles, strict=True) if r == "macro" or (r != "level" and p is pages[0])}
        tiff_numbered_pages.blank_pictures(
            reader.found, pages, {n: r if n in stay else "left" for n, r in named.items()}
        )
        for page, role in zip(pages, roles, strict=True):
            if page.name not in stay:
                reader.picture(page, role)
            read = reader.packets(page, role)
            reader.description(page, role)
            read |= reader.software(page) | {T.IMAGE_DESCRIPTION}
            tiff_tags.tag_findings(reader.found, page, read, {}, frozenset())
        complete = tiff_byte_map.unowned(reader.found, tiff.source, bytemap, tiff, named)
        numbered = sorted((_number(p), i) for i, p in enumerate(pages) if roles[i] == "level")
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(tiff_numbered_pages.level(i, pages[i]) for _, i in numbered),
            associated=tuple(
                tiff_numbered_pages.associated(i, pages[i], "unknown" if r == "left" else r)
                for i, r in enumerate(roles)
                if r != "level"
            ),
            findings=reader.found.finish(),
            maps=(bytemap,),
            mpp=reader.mpp,
            objective=reader.objective,
            kept=tuple(reader.kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
        )


FORMAT: Format = Ventana()


def _scan_of(root: Element) -> Element | None:
    """Return the iScan element from the place where the vendor puts it; one deeper does not count."""
    if root.name == "iScan":
        return root
    places = {"Metadata": [root], "EncodeInfo": [c for c in root.children if c.name == "SlideInfo"]}
    return next((c for place in places.get(root.name, ()) for c in place.children if c.name == "iScan"), None)


# -- which page is what ------------------------------------------------------------------


def _number(page: Ifd) -> int:
    """Return the level that a page's description claims, or -1."""
    found = _LEVEL.search(page.text(T.IMAGE_DESCRIPTION) or "")
    return int(found[1]) if found else -1


def _roles(pages: list[Ifd]) -> list[str]:
    """Give each page its role.

    Raises
    ------
    ContradictorySlide
        If levels repeat or are missing, or a page's description and layout disagree.
    """
    roles = [_role(i, page) for i, page in enumerate(pages)]
    _fit(pages, roles)
    if sorted(_number(p) for p, r in zip(pages, roles, strict=True) if r == "level") != list(
        range(roles.count("level"))
    ):
        raise ContradictorySlide("the levels are not numbered 0, 1, 2 and so on, each once")
    if "level" not in roles:
        raise ContradictorySlide("no page is described as a level")
    if roles.count("macro") > 1:
        raise ContradictorySlide("two pages are described as the picture of the whole slide")
    if roles[0] == "unknown" and "macro" not in roles:
        roles[0] = "macro"  # the page with the scanner's packet that is not a level shows the whole slide
    return roles


def _fit(pages: list[Ifd], roles: list[str]) -> None:
    """Take a role from a picture that does not fit it, so that it goes: a label can be called a thumbnail.

    Raises
    ------
    ContradictorySlide
        If a page that is described as a level has not the slide's shape.
    """
    base = next((p for p in pages if _number(p) == 0), pages[0])
    for i, (page, role) in enumerate(zip(pages, roles, strict=True)):
        if role == "level" and not (same_shape(page, base) or padded_shape(page, base)):
            raise ContradictorySlide(f"page {i} is described as a level but has not the slide's shape")
        if role == "thumbnail" and not same_shape(page, base):
            role = roles[i] = "unknown"
        # the map can show the scanned area, or the whole glass as page 0 does
        grey = page.number(T.SAMPLES_PER_PIXEL, 1) == 1
        grey = grey and page.number(T.BITS_PER_SAMPLE, 1) == 8
        if role == "probability" and not (grey and (same_shape(page, base) or same_shape(page, pages[0]))):
            roles[i] = "unknown"
        untold = page.is_tiled or not (page.text(T.IMAGE_DESCRIPTION) or "").strip()
        if role == "unknown" and i and untold and (same_shape(page, base) or has_tiles_of(page, base)):
            roles[i] = "left"  # it may be tissue, whatever size it is said to have


def _role(index: int, page: Ifd) -> str:
    described = _ROLES.get((page.text(T.IMAGE_DESCRIPTION) or "").strip())
    if _number(page) >= 0:
        if not page.is_tiled:
            raise ContradictorySlide(f"page {index} is described as a level but not tiled")
        return "level"
    return described or "unknown"


# -- what the pages say ------------------------------------------------------------------


def _called(element: Element) -> str:
    return "AOI" if _AREA.fullmatch(element.name) else element.name


class _Reader:
    """Reads pictures, packets and descriptions of all pages into findings."""

    def __init__(self) -> None:
        self.found = FindingCollector()
        self.kept: list[Place] = []
        self.xml = XmlReader(self.found, self.kept, "ventana.xmp", RULES, _called)
        self.mpp: tuple[float, float] | None = None
        self.objective: float | None = None
        self._spans: set[int] = set()

    def picture(self, page: Ifd, role: str) -> None:
        """Report a page that goes."""
        if role == "left":
            tiff_numbered_pages.picture_left(self.found, page, _WHY_LEFT)
        elif role != "level":
            tiff_pictures.picture_finding(self.found, page, role, weak=role in ("thumbnail", "probability"))

    def packets(self, page: Ifd, role: str) -> frozenset[int]:
        """Read a page's XML packet; return the tags that are read with this.

        Raises
        ------
        DamagedSlide
            If the packet of page 0 or of a level is not well formed.
        """
        entry = page.tags.get(_XMP)
        if entry is None or not any(word in page.raw(entry) for word in _PACKETS):
            return frozenset()  # what image editors write is nothing of the vendor's: it goes as anywhere else
        if entry.start not in self._spans:
            try:
                root = self.xml.read(page.raw(entry), entry.start, page.name)
            except DamagedSlide:
                if role == "level" or page.pointer == page.tiff.first_pos:
                    raise
                return frozenset()
            self._spans.add(entry.start)
            self._science(root)
        return frozenset((_XMP,))

    def _science(self, root: Element) -> None:
        scan = _scan_of(root)
        if scan is None:
            return
        size, power = (_positive(scan.value(name)) for name in ("ScanRes", "Magnification"))
        self.mpp = self.mpp or ((size, size) if size else None)
        self.objective = self.objective or power

    def description(self, page: Ifd, role: str) -> None:
        """Report the text in a description that is not the words for the page's role."""
        entry = page.tags.get(T.IMAGE_DESCRIPTION)
        if entry is None or entry.start in self._spans:
            return
        self._spans.add(entry.start)
        body, _, rest = page.raw(entry).partition(b"\0")
        text = body.decode("latin-1")
        known = _LEVEL_WORD if role == "level" else None
        if known is None and text.strip() not in _ROLES:
            self._word(page, entry.start, entry.start + len(body), text)
        elif known is None:
            self.kept.append(Place(0, page.name, entry.start, entry.start + len(body)))
        for word in re.finditer(r"\S+", text) if known else ():
            if not _LEVEL_WORD.fullmatch(word[0]):
                self._word(page, entry.start + word.start(), entry.start + word.end(), word[0])
        if rest.strip(b"\0 "):
            self._word(page, entry.start + len(body) + 1, entry.end, rest.decode("latin-1").strip("\0 "), 0)

    def software(self, page: Ifd) -> frozenset[int]:
        """Report the software by which readers know the vendor as weak; return the tag if it was read."""
        entry = page.tags.get(_SOFTWARE_TAG)
        text = (page.text(_SOFTWARE_TAG) or "").strip()
        if entry is None or not _SOFTWARE.fullmatch(text):
            return frozenset()
        fill = (Fill(0, entry.start, entry.end),)
        self.found.add(
            "ventana.software", "Software", DEVICE, Place(0, page.name, entry.start, entry.end), fill, text, True
        )
        return frozenset((_SOFTWARE_TAG,))

    def _word(self, page: Ifd, start: int, end: int, text: str, byte: int = 0x20) -> None:
        if text.strip():
            place = Place(0, page.name, start, end)
            fill = (Fill(0, start, end, byte),)
            self.found.add("ventana.description.text", "Description", UNKNOWN, place, fill, text)


def _positive(text: str) -> float | None:
    if not re.fullmatch(NUMBER, text):
        return None
    number = float(text.replace(",", "."))
    return number if number > 0 else None
