"""The XML of a CZI: the image and its scale stay; people, devices and set-ups go.

`Information`, `Scaling`, `ImageScaling`, `DisplaySetting` and `AttachmentInfos` are read value
by value. Every other part of the metadata (`Experiment`, `HardwareSetting`, `CustomAttributes`,
`Appliances`, `Layers`, and any that a later version adds) describes the set-up of the microscope,
with paths, serial numbers and free text in thousands of fields that no image needs. Such a part is
emptied as a whole, and its values that can identify are searched for afterwards.

Values are overwritten with spaces in place. An id of many digits, by which parts of the document
refer to each other, becomes a number of the same length (`0000…0001`), the same everywhere.

Source: the project's format map, section 9; the XML of two real files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.xml import parse
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI
from blankslide.formatkit.replacements import harmless
from blankslide.formatkit.vocabulary import NUMBER, PRECISE_NUMBER, slug
from blankslide.formatkit.xml_fields import Rule, XmlReader, markers, rules, science
from blankslide.formats.zeiss import vocabulary
from blankslide.formats.zeiss.vocabulary import SETTING
from blankslide.model import Fill, PhiClass, Place
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.xml import Attribute, Element
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.formats.zeiss.guids import Ids

__all__ = ["GUID", "ZeissXml"]

KNOWN_PARTS = frozenset("Version Information Scaling ImageScaling DisplaySetting AttachmentInfos".split())
#: Known parts that are emptied as a whole; the name of any other part may itself identify.
EMPTIED_PARTS = frozenset("Experiment HardwareSetting CustomAttributes Appliances Layers".split())
#: Elements that hold others, and are not called by technical words alone.
ELEMENTS = frozenset("OCRs LightEmittingDiode PixelToStageTransform EnhanceClipLimit IsProfileModified IsUsed".split())
#: A GUID as text.
GUID = pattern(r"\{?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?")
_INSTRUCTION = pattern(rb"<!\[CDATA\[.*?\]\]>|<!--.*?-->|(<\?(?!xml\s).*?\?>)", re.S)
_LONG_ID = pattern(r"\d{10,40}")
_OWN_ID = pattern(r"0{6,}\d{1,4}")
_PAIR = rf"(?:{NUMBER})[,;x ](?:{NUMBER})"
_BOOLEAN = "(?i:true|false)"
_CHANNEL = (
    r"(?i:(?:Ta|T )?PMT|ESID|TV\d|LED[ -]?\d{3}(?: ?nm)?"
    r"|(?:T|ChS?|Channel|Track|Camera)[ :_-]?(?:PMT|\d{1,3})?(?:-T\d{1,2})?"
    r"|(?:TL |RL )?(?:Bright(?:field)?|Pol(?:[ _]\d{1,3})?))"
)

_NUMBERS = (
    "Image/SizeX Image/SizeY Image/SizeZ Image/SizeC Image/SizeT Image/SizeS Image/SizeM Image/SizeB Image/SizeH "
    "Image/SizeI Image/SizeR Image/SizeV Image/OriginalEncodingQuality Image/ComponentBitCount ComponentBitCount "
    "Document/Rating Distance/Value LensNA NominalMagnification CalibratedMagnification WorkingDistance "
    "ImmersionRefractiveIndex RefractiveIndex Gain DigitalGain Offset Zoom ZoomX ZoomY Gamma Low High "
    "Weight BitCountRange PinholeSizeAiry EmissionWavelength ExcitationWavelength Wavelength AmplificationGain Start "
    "Increment PixelTime LineTime FrameTime Averaging PhotonConversionFactor SampleRotation SampleOffsetX "
    "SampleOffsetY VirtualPinholeSize Magnification PolarizerAngle AnalyzerAngle AxisOrientation "
    "MinificationFactor PyramidLayersCount Rotate EnhanceClipLimit EnhanceRegionSizePercentage ViewerRotations "
    "ReflectorMagnification Experiment@Version CameraAdapterMagnification FactorI OffsetI "
    "Position@X Position@Y Position@Z Translate@X Translate@Y Scene@Index Metadata/Version "
    "ScalingComponent@Magnification Interval/Increment TotalMagnification GammaDefault ScenesSettings/Index"
)
_WORDS = (
    "PixelType ContrastMethod IlluminationType AcquisitionMode Immersion Medium ScanningMode "
    "ChannelType ColorMode ToneMapping/Mode AiryscanSettings/Mode UnitI OriginalCompressionMethod PupilGeometry "
    "ScanMode Microscope/Type Detector/Type LightSourceType AutoScaling/Type "
    "Aberration Correction"
)
_PAIRS = "Binning CenterPosition ContourSize ImagePixelSize CameraPixelDistance Ranges"
_TRUTHS = "OriginalScanData IsSelected IsSane IsMinimalCoverage IsProfileModified Flip@X Flip@Y IsUsed"

#: Ids that stay: axes, small numbers, and those of earlier runs; see `ZeissXml._is_numbered` for others.
_ROOM = pattern(r"0{6,}\d{1,4}|[A-Z]|\d{1,4}")
_NUMBERED = pattern(r"([A-Za-z]{1,24})(?::\d{1,4}){1,3}")
_ATTACHMENTS = "Label SlidePreview Thumbnail Prescan TimeStamps FocusPositions EventList LookupTables Profile Removed"
_BARCODES = (
    r"(?i:code ?\d{2,3}|codabar|data ?matrix|qr(?: ?code)?|micro ?qr|pdf ?417|itf|interleaved ?2 ?of ?5|ean ?\d{1,3}"
    r"|upc ?[ae]?|gs1|aztec|none|unknown)"
)
_NAMES = r"ScanRegion\d{1,4}|(?:Scene|Position|Region|TR|P|S)[ _-]?\d{1,4}"

#: What those parts may say that are read value by value; for the keys see `formatkit.xml_fields.XmlReader`.
TABLE: dict[str, Rule] = {
    **science(PRECISE_NUMBER, _NUMBERS),
    **science(rf"(?:{PRECISE_NUMBER})|\d{{10}}", "ExposureTime"),  # in nanoseconds
    **science(SETTING, _WORDS),
    **science(rf"{_PAIR}|\d{{1,5}}-\d{{1,5}}(?:,\d{{1,5}}-\d{{1,5}})*|{NUMBER}", _PAIRS),
    **science(_BOOLEAN, _TRUTHS),
    **science(r"#[0-9A-Fa-f]{6,8}", "Color OriginalColor"),
    **science(r"[µu]m|nm|mm|cm|m|px", "DefaultUnitFormat"),
    **science(r"\d{1,3}(?:\.\d{1,3})? ?%?", "Intensity"),
    **markers("Channel@Name Fluor DyeName ShortName", _CHANNEL),
    **markers("FilterSet@Name Filter@Name Dichroic@Name", r"(?:FT|[DTQM]?BS|TFT)[ -]?\d{3}(?:[+/ ]\d{3}){0,3}"),
    **science(_NAMES, "Scene@Name"),
    **science("Image|Mesh|Volume|Report|Table", "Document/SubType"),
    **science(_ATTACHMENTS.replace(" ", "|"), "BinaryList/AttachmentName"),
    **rules(
        DIRECT,
        "User/DisplayName User/FirstName User/MiddleName User/LastName User/Email User/Institution User/UserName "
        "User/Phone User/Fax User/Address User/City User/State User/Country User@Name Document/Name Document/Title "
        "Document/UserName Document/Description Document/Comment Document/Keywords UserName",
    ),
    **{key: r._replace(id=f"user.{r.id}") for key, r in rules(DIRECT, "User/Address2 User/Department").items()},
    "AutoScaling/Reflector": Rule("autoscaling-reflector", DEVICE, title="Reflector"),
    "Barcode/Content": Rule("barcode", DIRECT, title="Barcode"),
    "OCR/Content": Rule("ocr", DIRECT, title="Text read from the label"),
    "Barcode/Type": Rule("barcode-type", PhiClass.SCIENCE, pattern(_BARCODES)),
    **rules(
        QUASI,
        "Document/CreationDate Image/AcquisitionDateAndTime Image/AcquisitionDuration T/StartTime StartTime EndTime "
        "CreationDateTime AutoScaling/CreationDateTime Session@SessionName",
    ),
    **rules(DEVICE, "SerialNumber LotNumber SystemSerialNumber System HostName ComputerName AutoScaling/Objective"),
    **rules(PATH, "Profile/ProfileName FilePath FileName Path Folder"),
    **{
        key: Rule(slug(key.replace("@", "-")), DEVICE, vocabulary.DEVICE, weak=True)
        for key in "Manufacturer/Model Manufacturer/Manufacturer Microscope@Name Detector@Name LightSource@Name "
        "Objective@Name ScalingComponent@Name Detector@Id ObjectiveName CameraName CameraAdapter Reflector "
        "Application/Name Application/Version Microscope/System".split()
    },
    "*@Id": Rule("id", PhiClass.SCIENCE, _ROOM),
}
_NUMBERED_ID = Rule("id", PhiClass.SCIENCE, _NUMBERED)
#: These go with their element: OpenSlide shows an empty barcode, and an empty date is not valid.
WHOLE = ("barcode", "ocr", "creationdate", "acquisitiondateandtime")

#: Names of elements and attributes whose values are searched for, though their whole part went.
_TELLING = pattern(
    r"(?i)(?:user(?:_?name)?|operator|patient|hostname|computer(?:name)?|serial(?:_?number)?|path|filename|folder"
    r"|directory|author|email|owner|institution|barcode|comment|description)\Z"
)


class ZeissXml(XmlReader):
    """Reads the documents of one slide: its own, and those of CZIs inside it.

    Parameters
    ----------
    found, kept
        Where findings and places of kept values go.
    ids
        Collects the ids of many digits.
    """

    def __init__(self, found: FindingCollector, kept: list[Place], ids: Ids) -> None:
        super().__init__(found, kept, "zeiss.xml", TABLE, whole=WHOLE)
        self._elements |= KNOWN_PARTS | EMPTIED_PARTS | ELEMENTS
        self.ids = ids
        self._emptied: list[tuple[int, int]] = []
        self._all_words = ""

    def document(self, data: bytes, base: int, where: str) -> Element:
        """Read one document and return its root, without the parts that are emptied as a whole."""
        root = parse(data.partition(b"\0")[0])
        self._data, self._base, self._where = data, base, where
        names = {n for e in root.walk() for n in (e.name, *(a.name for a in e.attributes))}
        self._all_words = " ".join((_ATTACHMENTS, *names))  # a picture's title often is the name of its attachment
        self._emptied = []
        for part in root.walk():
            if part.parent is not None and part.parent.name == "Metadata" and part.name not in KNOWN_PARTS:
                self._part(data, part)
        return self.read(data, base, where, root)

    @property
    def vocabulary(self) -> str:
        """The names of all parts, also of those that are emptied."""
        return self._all_words

    def _part(self, data: bytes, part: Element) -> None:
        """Report one part of the metadata as a whole; only its own tags stay."""
        inner = (part.open_end, max(part.open_end, data.rfind(b"<", part.open_end, part.end)))
        self._emptied.append(inner)
        if data[slice(*inner)].strip():
            place = Place(0, self._where, self._base + inner[0], self._base + inner[1])
            edit = (Fill(0, place.start, place.end, 0x20),)
            name, title = f"zeiss.xml.part.{slug(part.name)}", f"{part.name} (whole part)"
            cls = PhiClass.DEVICE if part.name in EMPTIED_PARTS else PhiClass.UNKNOWN
            self.found.add(name, title, cls, place, edit, None)
            for value in dict.fromkeys(v for e in part.walk() if e is not part for v in _told(e)):
                if not self._is_vocabulary(value):
                    self.found.add(name, title, cls, place, edit, value)
        part.children, part.texts = [], []

    def _asides(self, body: bytes) -> None:
        for start, end in self._emptied:
            body = body[:start] + b" " * (end - start) + body[end:]
        for match in list(_INSTRUCTION.finditer(body)):
            if match[1] is not None:  # its name may identify, too
                text = match[1][2:-2].decode("utf-8", "replace").strip()
                self._add("instruction", "Processing instruction", *match.span(1), text)
                body = body[: match.start()] + b" " * len(match[1]) + body[match.end() :]
        super()._asides(body)

    def _is_vocabulary(self, value: str) -> bool:
        return value in self._all_words

    def _record(self, rule: Rule, at: tuple[int, int], goes: tuple[int, int], value: str | None) -> None:
        """Record a finding; a value that is also the name of an element is not searched for."""
        if value is not None and self._is_vocabulary(value):
            value = None
        super()._record(rule, at, goes, value)

    # -- ids -----------------------------------------------------------------------------

    def _attribute(self, name: str, parent: str, attribute: Attribute) -> None:
        value, at = attribute.value, (attribute.value_start, attribute.value_end)
        if GUID.fullmatch(value):
            self._known_value(Rule("guid", LINK, title="GUID"), attribute.name, at, value)
        elif attribute.name == "Id" and _ROOM.fullmatch(value):
            if _OWN_ID.fullmatch(value):
                self.ids.taken(int(value))
            self._known_value(TABLE["*@Id"], attribute.name, at, value)
        elif attribute.name == "Id" and self._is_numbered(value):
            self._known_value(_NUMBERED_ID, attribute.name, at, value)
        elif attribute.name == "Id" and _LONG_ID.fullmatch(value):
            self._renumber(at, value)
        else:
            super()._attribute(name, parent, attribute)

    def _text(self, name: str, parent: str, element: Element) -> None:
        value = element.text
        if len(element.texts) == 1 and GUID.fullmatch(value) and value == element.texts[0].value:
            text = element.texts[0]
            self._known_value(Rule("guid", LINK, title="GUID"), name, (text.start, text.end), value)
        else:
            super()._text(name, parent, element)

    def _is_numbered(self, value: str) -> bool:
        """Whether an id is a word of the document's vocabulary with numbers, such as ``Channel:1``."""
        match = _NUMBERED.fullmatch(value)
        return match is not None and self._is_vocabulary(match[1])

    def _renumber(self, at: tuple[int, int], value: str) -> None:
        place = Place(0, self._where, self._base + at[0], self._base + at[1])
        self.ids.number(place.start, value)
        self.found.add("zeiss.xml.long-id", "Id", LINK, place, (self.ids.part(),), value)


def _told(element: Element) -> list[str]:
    """Return the values of an element, in a part that goes whole, that are searched for."""
    pairs = [(a.name, a.value) for a in element.attributes]
    if not element.children:
        pairs.append((element.name, element.text))
    return [
        value
        for name, value in pairs
        if 5 <= len(value) <= 200 and (GUID.fullmatch(value) or (_TELLING.search(name) and not harmless(value)))
    ]
