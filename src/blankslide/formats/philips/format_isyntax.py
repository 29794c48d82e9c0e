"""Philips iSyntax: an XML header with everything that identifies, and wavelet blocks.

Layout: the ``DPUfsImport`` XML (attributes by name, nested in objects; one ``DPScannedImage``
for tissue, label and macro each, in any order), ended by CR LF and the byte 4; then, for interface
version 5, a seek table; then coded blocks. The tables give absolute offsets of blocks, so the
header keeps its length to the byte.

Values are overwritten in place, and the XML stays well formed. Label and macro (JPEG in base64;
there may be several of each) become white JPEGs of the same size in base64 of the same length. The
bar code, also base64, becomes white space. A colour profile loses its date and texts. What an
earlier tool left behind a NUL becomes white space, and so does the NUL, because XML does not allow
one.

Tables and blocks are tissue and never touched. Bytes that no table refers to are reported and
left, except the tags of eight bytes before blocks: without a real file of every version, nobody
can be sure that they are not needed.

Source: libisyntax; the project's format map, sections 6 and 7.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from blankslide.containers import icc, isyntax, xml
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, QUASI, UNKNOWN, FindingCollector, places_in
from blankslide.formatkit.label_rooms import held_room
from blankslide.formatkit.profile_words import is_profile_text
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.vocabulary import slug
from blankslide.formatkit.xml_fields import Rule, XmlReader, science
from blankslide.formats.philips import vocabulary
from blankslide.formats.philips.base64_rewrite import Base64Text, Embedded, frame_of
from blankslide.formats.philips.vocabulary import NUMBERS
from blankslide.model import AssociatedImage, Fill, Inspection, Level, Part, PhiClass, Place, SlideFile
from blankslide.model.patterns import pattern
from blankslide.source import MemorySource, any_data
from blankslide.spans import ByteClass, ByteMap

if TYPE_CHECKING:
    from blankslide.containers.xml import Element
    from blankslide.formatkit.protocol import Probe
    from blankslide.source import ByteSource


_PREFIX = "isyntax.header"
_MOST_GAPS = 64
_ICC, _BLOCKS, _CLUSTERS = "DICOM_ICCPROFILE", "UFS_IMAGE_BLOCK_HEADER_TABLE", "UFS_IMAGE_CLUSTER_HEADER_TABLE"
_UIDS = frozenset(
    f"DICOM_{what}_UID" for what in "SOP_INSTANCE SERIES_INSTANCE STUDY_INSTANCE FRAME_OF_REFERENCE".split()
)
_SKIPPED = frozenset((vocabulary.DATA, vocabulary.BARCODE, _ICC, _BLOCKS, _CLUSTERS)) | _UIDS
_UID = pattern(rb'(\s*+(?:&quot;|")?)(\d{1,39}(?:\.\d{1,39}){2,31})\s*+(?:&quot;|")?\s*+')
_DIMENSION_WORDS = frozenset(f"UFS_IMAGE_DIMENSION_{w}" for w in ("NAME", "TYPE", "UNIT", "DISCRETE_VALUES_STRING"))
_GENERAL, _TEMPLATES = "UFS_IMAGE_GENERAL_HEADERS", "UFS_IMAGE_BLOCK_HEADER_TEMPLATES"
_RANGES, _RANGE, _FACTOR = "UFS_IMAGE_DIMENSION_RANGES", "UFS_IMAGE_DIMENSION_RANGE", "UFS_IMAGE_DIMENSION_SCALE_FACTOR"
_THREE = pattern(r'\s*"?(-?\d{1,10})\s+(\d{1,10})\s+(-?\d{1,10})"?\s*')
_PADDING, _MOST_LEVELS, _MOST_PIXELS = 3, 16, 1 << 31
_MOST_PIECES = 1 << 10
_WORDS = (
    r"x|y|z|(?:colou?r )?components?|scale|wavelet ?coef(?:ficient)?s?|spatial|micro ?meters?|um|pixels?|none|"
    r"Y|Co|Cg|LL|LH|HL|HH"
)

RULES = {
    **vocabulary.RULES,
    **science(rf'(?i)"?(?:{_WORDS})"?(?:\s++"?(?:{_WORDS})"?){{0,7}}', " ".join(sorted(_DIMENSION_WORDS))),
    **science(
        NUMBERS,
        "DP_SHARPNESS_GAIN_RGB24 DP_CLAHE_CLIP_LIMIT_Y16 DP_CLAHE_NR_BINS_Y16 DP_CLAHE_CONTEXT_DIMENSION_Y16 "
        "DP_WAVELET_QUANTIZER DP_WAVELET_DEADZONE DP_WAVELET_QUANTIZER_SETTING",
    ),
    "DICOM_DERIVATION_DESCRIPTION": Rule("dicom-derivation-description", PhiClass.PATH, pattern(vocabulary.ENCODER)),
}


class PhilipsIsyntax(Format):
    """The format object; see the module's docstring."""

    name = "philips_isyntax"
    vendor = "isyntax"
    title = "Philips iSyntax"
    suffixes = (".isyntax", ".i2syntax")
    marks = (b"DPUfsImport",)
    one_file = True
    removes = (
        "label and macro pictures; bar code, dates, calibration, serial number, operator, rack, slot and every unknown "
        "attribute of the header; comments; date and texts of the colour profile; remains of an earlier header"
    )
    keeps = "pixel size, dimensions, block tables, compression settings, maker, versions, coded tissue"
    readers = ("pyisyntax",)

    def detect(self, probe: Probe) -> str | None:
        """Accept a file that begins with a DPUfsImport object."""
        if probe.is_tiff:
            return "a TIFF"
        if not vocabulary.ROOT.match(probe.main.read(0, min(4096, probe.main.size))):
            return "the file does not begin with a DPUfsImport object"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        data = isyntax.header(probe.main)
        reader = _Reader(data)
        scan = reader.scan()
        bytemap = _claimed(probe.main, len(data), reader)
        for start, end in islice((gap for gap in bytemap.gaps() if any_data(probe.main, *gap)), _MOST_GAPS):
            place = Place(0, "between blocks", start, end)
            reader.found.add("isyntax.unowned", "Bytes nobody owns", UNKNOWN, place, (), None)
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, probe.main.size),),
            levels=_levels(scan),
            associated=tuple(reader.pictures),
            findings=reader.found.finish(),
            maps=(bytemap,),
            mpp=_pixel_size(scan),
            kept=tuple(reader.kept),
        )


FORMAT: Format = PhilipsIsyntax()


def _called(element: Element) -> str:
    """Name an element; words of dimensions, and what is read apart, keep their own name."""
    name = element.value("Name")
    return name if name in _DIMENSION_WORDS or name in _SKIPPED else vocabulary.called(element)


class _Reader:
    """Reads the header into findings."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.body = data.partition(b"\0")[0]
        self.found = FindingCollector(places_in(len(data)))
        self.kept: list[Place] = []
        self._roles: dict[int, str] = {}
        self.pictures: list[AssociatedImage] = []
        self.embedded = Embedded()
        self.spots: list[tuple[int, int]] = []
        self.tables: dict[str, bytes] = {}

    def scan(self) -> Element:
        """Read the header and return the object of the tissue.

        Raises
        ------
        DamagedSlide
            If it is not well formed, or a text is in more pieces than in any slide.
        ContradictorySlide
            If it does not describe exactly one scan of tissue.
        """
        reader = XmlReader(self.found, self.kept, _PREFIX, RULES, _called, skip=_SKIPPED)
        root = xml.parse(self.body)
        # white space between the parts of an object does not count as text
        if any(len(e.texts) > _MOST_PIECES and e.text for e in root.walk()):
            raise DamagedSlide("a text of the header is cut into more pieces than any slide's")
        reader.read(self.body, 0, "header", root)
        self._remainder()
        named = [(_called(element), element) for element in root.walk()]
        scans = [e.parent for name, e in named if name == vocabulary.TYPE and e.text == "WSI"]
        if len(scans) != 1 or scans[0] is None:
            raise ContradictorySlide(f"the header describes {len(scans)} scans of tissue where one belongs")
        for name, element in named:
            if name in _SKIPPED and element.text:
                self._skipped(name, element, scans[0])
        if len(self.tables) > 1:
            raise ContradictorySlide("the header has a table of blocks and one of clusters")
        return scans[0]

    def _skipped(self, name: str, element: Element, scan: Element) -> None:
        if name == vocabulary.DATA:
            self._picture(element)
        elif name == vocabulary.BARCODE:
            vocabulary.barcode(self.found, f"{_PREFIX}.pim-dp-ufs-barcode", element, 0, "header")
        elif name == _ICC:
            self._profile(element)
        elif name in _UIDS:
            self._uid(name, element)
        elif element.parent is scan:
            self._table(name, element)
        else:
            self._whole(name, Base64Text.of(element, self.body), element.text)

    def _uid(self, name: str, element: Element) -> None:
        """Report a UID, which is mapped, or any other text in its place, which goes."""
        for piece in element.texts:
            raw = self.body[piece.start : piece.end]
            match = _UID.fullmatch(raw)
            if match and match[2].strip(b"0."):
                start, end = piece.start + match.start(2), piece.start + match.end(2)
                uid = match[2].decode()
                edit = (Part(self.embedded, self.embedded.add_uid(start, uid)),)
                self.found.add(f"{_PREFIX}.{slug(name)}", name, LINK, Place(0, "header", start, end), edit, uid)
            elif not match and raw.strip():
                place, fill = Place(0, "header", piece.start, piece.end), (Fill(0, piece.start, piece.end, 0x20),)
                self.found.add(f"{_PREFIX}.{slug(name)}.text", f"{name} text", DIRECT, place, fill, piece.value.strip())

    def _table(self, name: str, element: Element) -> None:
        """Keep a table of coded blocks.

        Raises
        ------
        DamagedSlide
            If it is not base64, or there are two.
        """
        data = Base64Text.of(element, self.body).decoded()
        if name in self.tables or not data:
            raise DamagedSlide("the header's table of coded blocks cannot be read")
        self.tables[name] = data
        self.kept.extend(Place(0, "header", t.start, t.end) for t in element.texts)

    def _whole(self, name: str, text: Base64Text, value: str) -> None:
        """Report a text that stands in place of a known one; all of it goes."""
        place = Place(0, "header", text.spans[0][0], text.spans[-1][1])
        fills = tuple(Fill(0, *span, 0x20) for span in text.spans)
        self.found.add(f"{_PREFIX}.{slug(name)}", name, UNKNOWN, place, fills, value)

    def _remainder(self) -> None:
        """Report what stands behind a NUL: the rest of an earlier, longer header."""
        start, end = len(self.body), len(self.data)
        if self.data[start:].strip(b"\0 \t\r\n"):
            place, fill = Place(0, "header", start, end), (Fill(0, start, end, 0x20),)
            self.found.add(f"{_PREFIX}.remainder", "Text behind the header", UNKNOWN, place, fill, None)

    def _picture(self, element: Element) -> None:
        text = Base64Text.of(element, self.body)
        role = self._role(element)
        part = (Part(self.embedded, str(self.embedded.add(text))),)
        frame = frame_of(text.decoded())
        rooms = held_room(text, frame, role, text.spans[0][0], part) if text.pieces else ()
        for start, end in text.spans:
            self.spots.append((start, end))
            title = f"{role.capitalize()} picture"
            self.found.add(
                f"picture.{role}", title, PhiClass.IMAGE, Place(0, "header", start, end), part, None, rooms=rooms
            )
        if frame is not None:
            self.pictures.append(AssociatedImage(role, frame.width, frame.height, len(self.pictures), "JPEG"))

    def _role(self, element: Element) -> str:
        """Role of a picture; all pictures of an object have the object's type, which is looked up once."""
        holder = id(element.parent)
        if holder not in self._roles:
            self._roles[holder] = vocabulary.role_of(element)
        return self._roles[holder]

    def _profile(self, element: Element) -> None:
        """Report date and texts of a colour profile; if it is not one, report all of it."""
        text = Base64Text.of(element, self.body)
        data = text.decoded()
        spans = icc.spans(MemorySource(data), 0, len(data))
        if spans is None:
            self._whole(_ICC, text, element.text)
            return
        place = Place(0, "header", text.spans[0][0], text.spans[-1][1])
        number = self.embedded.add(text)
        if any(data[slice(*spans.date)]):
            parts = tuple(Part(self.embedded, f"{number}:{a}-{b}") for a, b in (spans.date, spans.id))
            self.found.add(f"{_PREFIX}.icc-date", "ICC date", QUASI, place, parts, None, weak=True)
        for a, b, words in spans.words:
            part = (Part(self.embedded, f"{number}:{a}-{b}"),)
            if is_profile_text(words):
                self.found.add(f"{_PREFIX}.icc-text", "ICC text", DEVICE, place, part, None, weak=True)
            else:
                self.found.add(f"{_PREFIX}.icc-unknown", "Unknown text of the ICC profile", UNKNOWN, place, part, words)
        for a, b in spans.foreign:
            part = (Part(self.embedded, f"{number}:{a}-{b}"),)
            self.found.add(f"{_PREFIX}.icc-unknown", "Unknown text of the ICC profile", UNKNOWN, place, part, None)


# -- bytes -------------------------------------------------------------------------------


def _claimed(source: ByteSource, end: int, reader: _Reader) -> ByteMap:
    """Claim header, pictures, tables and blocks."""
    bytemap = ByteMap(source.size)
    pos = 0
    for start, stop in sorted(reader.spots):
        bytemap.claim(pos, start, ByteClass.METADATA, "header")
        bytemap.claim(start, stop, ByteClass.ASSOCIATED, "pictures")
        pos = stop
    bytemap.claim(pos, end, ByteClass.METADATA, "header")
    bytemap.claim(end, end + 1, ByteClass.STRUCTURE, "end of the header")
    tissue = isyntax.tissue(source, end + 1, reader.tables.get(_BLOCKS), reader.tables.get(_CLUSTERS))
    bytemap.claim(end + 1, tissue.table_end, ByteClass.TISSUE, "seek table")
    starts: Any = tissue.places.starts.astype("u8")
    lengths: Any = tissue.places.lengths.astype("u8")
    bytemap.claim_many(starts, lengths, ByteClass.TISSUE, "blocks")
    bytemap.settle()
    return bytemap


# -- geometry ----------------------------------------------------------------------------


def _levels(scan: Element) -> tuple[Level, ...]:
    """Sizes of all levels, each half of the one before, without the wavelet's padding.

    Raises
    ------
    DamagedSlide
        If the header does not say them.
    """
    spans = _spans(scan, _GENERAL)
    count = spans[3] if len(spans) > 3 else 0
    if not 1 <= count <= _MOST_LEVELS:
        raise DamagedSlide("the header does not say how many levels there are")
    padding = 2 * ((_PADDING << count) - _PADDING)
    width, height = spans[0] - padding, spans[1] - padding
    if not (width >> (count - 1) > 0 and height >> (count - 1) > 0 and max(width, height) < _MOST_PIXELS):
        raise DamagedSlide("the header does not say how large the tissue is")
    block = [*_spans(scan, _TEMPLATES)[:2], 0, 0]
    if not all(1 <= side <= 1 << 15 for side in block[:2]):
        raise DamagedSlide("the header does not say how large a coded block is")
    return tuple(Level(width >> i, height >> i, 2 * block[0], 2 * block[1], i) for i in range(count))


def _spans(scan: Element, name: str) -> list[int]:
    """Number of steps in each dimension, from the first header or template of this name."""
    holder = next((e for e in scan.walk() if e.value("Name") == name), None)
    ranges = next((e for e in holder.walk() if e.value("Name") == _RANGES), None) if holder is not None else None
    texts = [e.text for e in ranges.walk() if e.value("Name") == _RANGE] if ranges is not None else []
    numbers = [[int(n) for n in match.groups()] for match in map(_THREE.fullmatch, texts) if match]
    if len(numbers) != len(texts) or any(step == 0 for _, step, _ in numbers):
        raise DamagedSlide("the header counts a dimension in no steps")
    return [(last + step - first) // step for first, step, last in numbers]


def _pixel_size(scan: Element) -> tuple[float, float] | None:
    """Micrometres per pixel (x, y), from the image's dimensions, else from DICOM's pixel spacing."""
    texts = [e.text.strip('"') for e in scan.walk() if e.value("Name") == _FACTOR][:2]
    sizes = [float(t) for t in texts if re.fullmatch(r"\d{1,6}(?:\.\d{1,15})?(?:[eE][-+]?\d{1,2})?", t)]
    if len(sizes) == 2 and all(0.01 <= s <= 100 for s in sizes):
        return sizes[0], sizes[1]
    return vocabulary.spacing(scan)
