"""Philips TIFF: what the IntelliSite software exports beside iSyntax.

Layout: TIFF or BigTIFF; page 0 is level 0, its description is the ``DPUfsImport`` XML of a
whole scan: attributes by name, nested in objects (``DPScannedImage`` for tissue, label and
macro; one ``PixelDataRepresentation`` a level). The other tiled pages are levels, with sparse
tiles. Label and macro stand as stripped pages described ``Label`` and ``Macro``, or as JPEG in
base64 inside the XML, or both: both must go, or the picture stays.

Objects come in any order, and an object's data may stand before its type, so the XML is
parsed first and read by names only. Pages are unlinked. Base64 becomes spaces of the same
length: an empty picture, which readers take for none. Other values are overwritten where they
stand; the file name inside the derivation text goes without the text. What an earlier tool
left behind the end of the XML goes too.

Traps: the bar code is base64 as well; broken XML makes readers take the slide for a plain
TIFF, so it is refused as damaged; the software tag must begin with the maker's name.

Source: OpenSlide's Philips page; the project's format map, sections 6 and 7.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from typing import TYPE_CHECKING

from blankslide.containers import jpegblank
from blankslide.containers import tiff as T
from blankslide.errors import ContradictorySlide
from blankslide.formats import _linked, _tiff
from blankslide.formats._tiff import Findings
from blankslide.formats._xml import NUMBER, Rule, XmlReader, rules, science
from blankslide.lazyre import pattern
from blankslide.model import AssociatedImage, Fill, Inspection, PhiClass, Place, SlideFile

if TYPE_CHECKING:
    from blankslide.containers.tiff import Ifd
    from blankslide.containers.xml import Element
    from blankslide.formats._spi import Probe

MARKS = (b"Philips",)

D, Q, V, K, P, UNKNOWN = _tiff.D, _tiff.Q, _tiff.V, _tiff.K, _tiff.P, _tiff.UNKNOWN
_SOFTWARE_TAG = 305

_NUMBERS = rf'"?{NUMBER}"?(?:\s+"?{NUMBER}"?){{0,31}}'
_VERSIONS = r'"?v?\d{1,4}(?:\.\d{1,6}){0,4}"?(?:\s+"?v?\d{1,4}(?:\.\d{1,6}){0,4}"?){0,8}'
_MAKER = (
    r"(?i)philips(?: medical systems| digital pathology)?|hamamatsu|leica|aperio|3dhistech|roche|ventana|zeiss|olympus"
)
_MODEL = r"(?i)(?:philips )?(?:ufs(?: scanner)?|intellisite(?: ultra fast scanner)?|ultra ?fast scanner|sg ?\d{1,3})"
_BASE64 = r"[A-Za-z0-9+/\s]{256,}={0,2}\s*"
_OPTION = r"(?:(?:useBigTIFF|useRgb|levels|processing|tileSize)=[\d,]{1,64}|q\d{1,3})"
_DERIVATION = rf"(?:tiff-)?{_OPTION}(?:-{_OPTION}){{0,16}}-?"

RULES = {
    **science(r"(?!.*\d{5})[A-Za-z][A-Za-z0-9_]{1,63}", "*@Name *@ObjectType"),
    **science(r"0x[0-9A-Fa-f]{4}", "*@Group *@Element"),
    **science(r"I[A-Za-z0-9]{1,24}", "*@PMSVR"),
    **science(
        _NUMBERS,
        "DICOM_BITS_ALLOCATED DICOM_BITS_STORED DICOM_HIGH_BIT DICOM_LOSSY_IMAGE_COMPRESSION "
        "DICOM_LOSSY_IMAGE_COMPRESSION_RATIO DICOM_PIXEL_REPRESENTATION DICOM_PIXEL_SPACING "
        "DICOM_PLANAR_CONFIGURATION DICOM_SAMPLES_PER_PIXEL PIIM_DP_PIXEL_DATA_REPRESENTATION_POSITION "
        "PIIM_PIXEL_DATA_REPRESENTATION_COLUMNS PIIM_PIXEL_DATA_REPRESENTATION_NUMBER "
        "PIIM_PIXEL_DATA_REPRESENTATION_ROWS PIM_DP_IMAGE_COLUMNS PIM_DP_IMAGE_ROWS PIM_DP_SCANNER_RACK_PRIORITY "
        "PIIM_DP_SCANNER_RACK_PRIORITY UFS_IMAGE",
    ),
    **science(_VERSIONS, "PIM_DP_UFS_INTERFACE_VERSION"),
    **science(r"WSI|LABELIMAGE|MACROIMAGE", "PIM_DP_IMAGE_TYPE"),
    **science(r"RGB|MONOCHROME[12]|YBR_[A-Z0-9_]{2,12}|PALETTE COLOR", "DICOM_PHOTOMETRIC_INTERPRETATION"),
    **science(r'(?:\s*"?(?:PHILIPS|ISO|TIFF|JPEG)_[A-Z0-9_]{1,24}"?)+', "DICOM_LOSSY_IMAGE_COMPRESSION_METHOD"),
    **science(r"(?i)(?:not ?)?ok|pass(?:ed)?|fail(?:ed)?", "PIIM_DP_SCANNER_CALIBRATION_STATUS"),
    "DICOM_MANUFACTURER": Rule("dicom-manufacturer", V, pattern(_MAKER)),
    "DICOM_MANUFACTURERS_MODEL_NAME": Rule("dicom-manufacturers-model-name", V, pattern(_MODEL)),
    "DICOM_SOFTWARE_VERSIONS": Rule("dicom-software-versions", V, pattern(_VERSIONS), weak=True),
    "DICOM_ICCPROFILE": Rule("dicom-iccprofile", V, pattern(_BASE64), weak=True),
    "DICOM_DERIVATION_DESCRIPTION": Rule(
        "dicom-derivation-description",
        P,
        pattern(_DERIVATION),
        inside=pattern(rb"(?:" + _DERIVATION.encode() + rb")?sourceFilename=(?:&quot;|\")?(.*?)(?:&quot;|\")?", re.S),
    ),
    "PIM_DP_SOURCE_FILE": Rule("pim-dp-source-file", P, pattern("%FILENAME%")),
    **rules(
        Q,
        "DICOM_ACQUISITION_DATETIME DICOM_DATE_OF_LAST_CALIBRATION DICOM_TIME_OF_LAST_CALIBRATION "
        "DICOM_ACQUISITION_DATE DICOM_ACQUISITION_TIME",
    ),
    **rules(Q, "PIIM_DP_SCANNER_RACK_NUMBER PIIM_DP_SCANNER_SLOT_NUMBER", b"0"),
    **rules(V, "DICOM_DEVICE_SERIAL_NUMBER"),
    **rules(D, "PIIM_DP_SCANNER_OPERATOR_ID DICOM_PATIENT_NAME DICOM_PATIENT_ID DICOM_ACCESSION_NUMBER"),
    **rules(K, "DICOM_SOP_INSTANCE_UID DICOM_SERIES_INSTANCE_UID DICOM_STUDY_INSTANCE_UID"),
}
_DATA, _BARCODE = "PIM_DP_IMAGE_DATA", "PIM_DP_UFS_BARCODE"
_PICTURES = {"LABELIMAGE": "label", "MACROIMAGE": "macro"}
_ROOT = pattern(rb"""\s*(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>\s*)?<DataObject\s[^>]*ObjectType\s*=\s*["']DPUfsImport["']""")
_SOFTWARE = pattern(r"Philips(?: DP| UFS| IntelliSite)?(?: v?\d{1,4}(?:\.\d{1,6}){0,4})?(?=\s|$)|Philips")
_LEVEL_WORD = pattern(rf"level=\d{{1,4}}|mag={NUMBER}|quality=\d{{1,3}}")


class PhilipsTiff:
    """The format object; see the module's docstring."""

    name = "philips_tiff"
    title = "Philips TIFF"
    suffixes: tuple[str, ...] = (".tiff", ".tif")
    fallback = False
    removes = (
        "label and macro as pages and as base64; bar code, source file names, dates, calibration, serial number, "
        "operator, rack, slot and every unknown attribute of the XML; text tags; what stands behind the XML; "
        "orphaned bytes"
    )
    keeps = "pixel spacing, sizes, compression, derivation without names, maker, versions, ICC profile, tissue"
    readers: tuple[str, ...] = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF of Philips software whose first description is a DPUfsImport object."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not (first.text(_SOFTWARE_TAG) or "").startswith("Philips"):
            return "the first page's software is not by Philips"
        entry = first.tags.get(T.IMAGE_DESCRIPTION)
        if entry is None or not _ROOT.match(probe.main.read(entry.start, min(4096, entry.end - entry.start))):
            return "the first page's description does not begin with a DPUfsImport object"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff = probe.tiff
        pages = tiff.pages
        roles = [_role(i, p) for i, p in enumerate(pages)]
        named = {p.name: r for p, r in zip(pages, roles, strict=True)}
        bytemap = _tiff.claim_file(tiff, named)
        reader = _Reader()
        reader.scan(pages[0])
        for page, role in zip(pages, roles, strict=True):
            if role != "level":
                _tiff.picture_finding(reader.found, page, role)
            if role not in ("label", "macro"):  # these go whole
                _tiff.jpeg_findings(reader.found, page, role == "level")
            if role == "level":
                reader.description(page)
            read = reader.software(page) | {T.IMAGE_DESCRIPTION}
            _tiff.tag_findings(reader.found, page, read, {}, frozenset())
        complete = _tiff.unowned(reader.found, tiff.source, bytemap, tiff, named)
        own = [_linked.associated(i, p, r) for i, (p, r) in enumerate(zip(pages, roles, strict=True)) if r != "level"]
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(_linked.level(i, p) for i, p in enumerate(pages) if roles[i] == "level"),
            associated=(*own, *(a for a in reader.pictures if a.role not in roles)),
            findings=reader.found.finish(),
            maps=(bytemap,),
            mpp=reader.mpp,
            kept=tuple(reader.kept),
            chains=(_tiff.page_chain(tiff),),
            complete=complete,
        )


FORMAT = PhilipsTiff()


def _role(index: int, page: Ifd) -> str:
    """Weigh layout and description of one page.

    Raises
    ------
    ContradictorySlide
        If a tiled page calls itself a picture, or the first page is not tiled.
    """
    text = (page.text(T.IMAGE_DESCRIPTION) or "").lower() if index else ""
    described = next((role for role in ("label", "macro") if re.match(rf"\s*{role}(?![a-z])", text)), None)
    if page.is_tiled:
        if described:
            raise ContradictorySlide(f"page {index} is tiled like a level but described as {described}")
        return "level"
    if index == 0:
        raise ContradictorySlide("the first page is not tiled, so it is no level")
    return described or "unknown"


def _called(element: Element) -> str:
    """Name an element by its Name attribute; all tables of the scanner's image are one."""
    name = element.value("Name") if element.name == "Attribute" else element.name
    return "UFS_IMAGE" if name.startswith("UFS_IMAGE_") else name or element.name


class _Reader:
    """Reads the XML of page 0 and the texts of all pages into findings."""

    def __init__(self) -> None:
        self.found = Findings()
        self.kept: list[Place] = []
        self.pictures: list[AssociatedImage] = []
        self.mpp: tuple[float, float] | None = None
        self._spans: set[int] = set()

    def scan(self, page: Ifd) -> None:
        """Read the XML.

        Raises
        ------
        DamagedSlide
            If it is not well formed.
        ContradictorySlide
            If it does not describe exactly one scan of tissue.
        """
        entry = page.tags[T.IMAGE_DESCRIPTION]
        self._spans.add(entry.start)
        reader = XmlReader(self.found, self.kept, "philips.xml", RULES, _called, skip=(_DATA, _BARCODE))
        root = reader.read(page.raw(entry), entry.start, page.name)
        tissue = 0
        for element in root.walk():
            called = _called(element)
            if called == _DATA:
                self._picture(element, entry.start, page.name)
            elif called == _BARCODE:
                self._barcode(element, entry.start, page.name)
            elif called == "PIM_DP_IMAGE_TYPE" and element.text == "WSI" and element.parent is not None:
                tissue += 1
                self.mpp = self.mpp or _spacing(element.parent)
        if tissue != 1:
            raise ContradictorySlide(f"the XML describes {tissue} scans of tissue where one belongs")

    def _picture(self, element: Element, base: int, where: str) -> None:
        """Report a picture inside the XML by the type that its own object states."""
        text = element.text
        if not text:
            return
        types = [c.text for c in element.parent.children if _called(c) == "PIM_DP_IMAGE_TYPE"] if element.parent else []
        role = _PICTURES.get(types[0], "unknown") if len(types) == 1 else "unknown"
        title = f"{role.capitalize()} picture"
        for piece in element.texts:
            if piece.value.strip():
                start, end = base + piece.start, base + piece.end
                edit = (Fill(0, start, end, 0x20),)
                self.found.add(f"picture.{role}", title, PhiClass.IMAGE, Place(0, where, start, end), edit, None)
        frame = jpegblank.parse(_decoded(text))
        if frame is not None:
            self.pictures.append(AssociatedImage(role, frame.width, frame.height, 0, "JPEG"))

    def _barcode(self, element: Element, base: int, where: str) -> None:
        """Report the bar code: as it is written, and as it reads."""
        text = element.text
        clear = _decoded(text).decode("utf-8", "replace").strip("\0 ")
        for piece in element.texts if text else ():
            start, end = base + piece.start, base + piece.end
            for value in dict.fromkeys((clear, text)) if clear else (text,):
                edit = (Fill(0, start, end, 0x20),)
                self.found.add("philips.xml.pim-dp-ufs-barcode", _BARCODE, D, Place(0, where, start, end), edit, value)

    def description(self, page: Ifd) -> None:
        """Report what stands in a level's description beside level, magnification and quality."""
        entry = page.tags.get(T.IMAGE_DESCRIPTION)
        if entry is None or entry.start in self._spans:
            return
        self._spans.add(entry.start)
        body, _, rest = page.raw(entry).partition(b"\0")
        for word in re.finditer(rb"\S+", body):
            if not _LEVEL_WORD.fullmatch(word[0].decode("latin-1")):
                self._word(page, "description", entry.start + word.start(), word[0], 0x20)
        if rest.strip(b"\0 "):
            self._word(page, "description", entry.start + len(body) + 1, rest, 0)

    def software(self, page: Ifd) -> frozenset[int]:
        """Report what stands behind the maker's name and version; return the tag if it was read."""
        entry = page.tags.get(_SOFTWARE_TAG)
        raw = page.raw(entry) if entry is not None else b""
        match = _SOFTWARE.match(raw.decode("latin-1").partition("\0")[0])
        if entry is None or match is None:
            return frozenset()
        if raw[match.end() :].strip(b"\0 "):
            self._word(page, "software", entry.start + match.end(), raw[match.end() :], 0)
        return frozenset((_SOFTWARE_TAG,))

    def _word(self, page: Ifd, store: str, start: int, raw: bytes, byte: int) -> None:
        end = start + len(raw)
        text = raw.decode("latin-1").strip("\0 ")
        fill = (Fill(0, start, end, byte),)
        self.found.add(
            f"philips.{store}.text", store.capitalize(), UNKNOWN, Place(0, page.name, start, end), fill, text
        )


def _decoded(text: str) -> bytes:
    """Decode base64 as far as it is some."""
    try:
        return b64decode(text)
    except (Error, ValueError):
        return b""


def _spacing(scan: Element) -> tuple[float, float] | None:
    """Micrometres per pixel (x, y) from the row and column spacing in millimetres."""
    text = next((c.text for c in scan.children if _called(c) == "DICOM_PIXEL_SPACING"), "")
    numbers = [float(n) for n in re.findall(r'"([\d.eE+-]+)"', text) if re.fullmatch(NUMBER, n)]
    return (numbers[1] * 1000, numbers[0] * 1000) if len(numbers) == 2 and min(numbers) > 0 else None
