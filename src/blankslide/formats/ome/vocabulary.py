"""The words of OME-XML: what stays if its value is legal, what goes, and how.

Every attribute and text of the schema that a slide can have is listed; all others are unknown
and go. Enumerations are spelled out, because a name would match a pattern of letters. `OmeXml`
adds what a table cannot express: pairs of key and value, and values that must stay because other
parts refer to them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI
from blankslide.formatkit.tiff_tags import PLAIN
from blankslide.formatkit.vocabulary import INTEGER, NUMBER, slug
from blankslide.formatkit.xml_fields import Rule, XmlReader, markers, rules, science
from blankslide.formats.ome.ids import IDS, Ids, Uuids, is_own
from blankslide.model import PhiClass, Place
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.xml import Attribute, Element
    from blankslide.formatkit.findings import FindingCollector

#: Whole names of images that are pictures beside the tissue.
NAMES = {
    "label": "label",
    "label image": "label",
    "macro": "macro",
    "macro image": "macro",
    "overview": "macro",
    "overview image": "macro",
    "thumbnail": "thumbnail",
    "thumbnail image": "thumbnail",
}

_ROLE_NAMES = rf"\s*(?:{'|'.join(name.replace(' ', '[ ]+') for name in NAMES)})\s*"
_SCHEMA = (
    r"https?://(?:www\.)?openmicroscopy\.org/(?:Schemas|XMLschemas)/(?:OME|SA|ROI|SPW|BinaryFile|Additions|STD|CLI|DataHistory"
    r"|AnalysisModule|MLI)/(?:FC/|RC\d/)?\d{4}-\d\d(?:/V\d)?/?(?:(?i:ome|sa|roi|spw|binaryfile|additions|std|cli|datahistory|analysismodule|mli)\.xsd)?(?=\s|\Z)"
)
_SHORT, _LONG = pattern(r"[-+]?\d{1,7}"), pattern(r"-?[1-9]\d{7,9}")
_DAY = pattern(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:[0-2]\d|3[01]){2}(?:19|20)\d\d")
_UNIT = r"(?:[µunpmcdk]?m|Å|pixel|reference frame|[munp]?s|min|h|d|°|deg|rad|[mkMG]?Hz|[m]?[WVK]|%|Pa|bar|°C)"
_TYPE = r"u?int(?:8|16|32)|float|double|(?:double-)?complex|bit"
_OPTICS = (
    "Oil|Water|WaterDipping|Air|Multi|Glycerol|Other|UV|PlanApo|PlanFluor|SuperFluor|VioletCorrected|Achro|Achromat"
    "|Fluor|Fl|Fluar|Neofluar|Fluotar|Apo|PlanNeofluar|Transmitted|Epifluorescence|Oblique|NonLinear|Brightfield"
    "|Phase|DIC|HoffmanModulation|ObliqueIllumination|PolarizedLight|Darkfield|Fluorescence|WideField"
    "|LaserScanningConfocalMicroscopy|SpinningDiskConfocal|SlitScanConfocal|MultiPhotonMicroscopy"
    "|StructuredIllumination|Upright|Inverted|Dissection|Electrophysiology|CCD|IntensifiedCCD|EMCCD|CMOS|PMT|EBCCD"
    "|LongPass|ShortPass|BandPass|MultiPass|Dichroic|NeutralDensity|Tuneable|Halogen|LED|Arc"
)
_LIGHT = (
    "Excimer|Gas|MetalVapor|SolidState|Dye|Semiconductor|FreeElectron|Hg|Xe|HgXe|Photodiode|Spectroscopy|LifetimeImaging"
    "|CorrelationSpectroscopy|FTIR|APD|AnalogVideo|Cu|Ag|ArFl|ArCl|KrFl|KrCl|XeFl|XeCl|XeBr|N|Ar|Kr|HeNe|HeCd|CO|CO2|H2O"
    "|HFl|NdGlass|NdYAG|ErGlass|ErYAG|HoYLF|HoYAG|Ruby|TiSapphire|Alexandrite|Rhodamine6G|CoumarinC30|GaAs|GaAlAs|EMinus"
    "|CW|Single|QSwitched|Repetitive|ModeLocked"
)
_COMMENT = pattern(
    r"Warning: this comment is an OME-XML metadata block, which contains crucial dimensional parameters and other "
    r"important metadata\. Please edit cautiously \(if at all\), and back up the original data before doing so\. "
    r"For more information, see the OME-TIFF web site: https?://[\w./-]*openmicroscopy\.org[\w./-]{0,80}?\.?"
)


class Colour:
    """Looks like a pattern, and matches colours: four bytes as one number, signed or not.

    A number of eight digits and more is one only if the last byte, how opaque the colour is, is all or nothing; else a
    number of a person would pass, and a day would.
    """

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is one, else None."""
        if _SHORT.fullmatch(text):
            return text
        number = int(text) if _LONG.fullmatch(text) else 1
        opaque = number & 255 in (0, 255) and -(1 << 31) <= number < 1 << 32
        return text if opaque and not _DAY.search(text) else None


def _tool(key: str, title: str) -> dict[str, Rule]:
    """Rule of a maker, model or program, which stays if it has only known words and version numbers."""
    return {key: Rule(slug(title), DEVICE, PLAIN, weak=True, title=title)}


TABLE: dict[str, Rule] = {
    "OME@UUID": Rule("uuid", LINK, title="UUID of the file"),
    "UUID": Rule("uuid", LINK, title="UUID of the file"),
    "UUID@FileName": Rule("file-name", PATH, title="File name"),
    "BinaryOnly@UUID": Rule("uuid", LINK, title="UUID of the file"),
    "*@FileName": Rule("file-name", PATH, title="File name"),
    "*@MetadataFile": Rule("file-name", PATH, title="File name"),
    "*@href": Rule("file-name", PATH, title="File name"),
    **_tool("OME@Creator", "Creator"),
    **_tool("*@Manufacturer", "Manufacturer"),
    **_tool("*@Model", "Model"),
    "Image@Name": Rule("image.name", DIRECT, pattern(_ROLE_NAMES, re.I), title="Image name"),
    "*@Name": Rule("name", DIRECT, title="Name"),
    "Description": Rule("description", DIRECT, title="Description"),
    "*@Description": Rule("description", DIRECT, title="Description"),
    "AcquisitionDate": Rule("acquisition-date", QUASI, title="Acquisition date"),
    "Plane@DeltaT": Rule("plane.delta-t", QUASI, pattern(NUMBER), weak=True, title="DeltaT"),
    **{
        f"Experimenter@{name}": Rule(f"experimenter.{slug(name)}", DIRECT, title=f"Experimenter {name}")
        for name in "UserName FirstName MiddleName LastName Email Institution DisplayName".split()
    },
    **rules(DEVICE, "*@SerialNumber *@LotNumber *@AssetNumber"),
    **rules(DIRECT, "*@ExternalIdentifier *@Text *@Protocol *@ProtocolIdentifier *@ReagentSetIdentifier *@Status"),
    **rules(DIRECT, "RightsHolder RightsHeld"),
    **science(rf"\s*(?:{_SCHEMA}\s*+){{1,12}}", "*@schemaLocation"),
    **science("XYZCT|XYZTC|XYCTZ|XYCZT|XYTCZ|XYTZC", "Pixels@DimensionOrder"),
    **science(_TYPE, "Pixels@Type *@PixelType"),
    **science(r"true|false", "*@BigEndian *@Interleaved *@Visible *@Locked *@Closed *@Available"),
    **science(r"true|false", "*@Tuneable *@PockelCell"),
    **science(INTEGER, "*@SizeX *@SizeY *@SizeZ *@SizeC *@SizeT *@SignificantBits *@SamplesPerPixel *@Length"),
    **science(INTEGER, "*@IFD *@FirstC *@FirstT *@FirstZ *@PlaneCount *@TheC *@TheT *@TheZ"),
    **{f"*@{key}": Rule(slug(key), PhiClass.SCIENCE, Colour()) for key in ("Color", "FillColor", "StrokeColor")},
    **science(INTEGER, "*@Rows *@Columns *@Row *@Column *@Index *@RepeatCount *@Attenuation *@FrequencyMultiplication"),
    **science(
        NUMBER,
        "*@PhysicalSizeX *@PhysicalSizeY *@PhysicalSizeZ Pixels@TimeIncrement Plane@ExposureTime Plane@PositionX "
        "Plane@PositionY Plane@PositionZ *@EmissionWavelength *@ExcitationWavelength *@NDFilter *@PinholeSize "
        "*@NominalMagnification *@CalibratedMagnification *@LensNA *@WorkingDistance *@RefractiveIndex *@Gain *@Offset "
        "*@Voltage *@Zoom *@AmplificationGain *@ReadOutRate *@Integration *@Power *@Wavelength *@CutIn *@CutOut "
        "*@CutInTolerance *@CutOutTolerance *@Transmittance *@X *@Y *@Z *@Width *@Height *@RadiusX *@RadiusY *@X1 *@X2 "
        "*@Y1 *@Y2 *@StrokeWidth *@FontSize *@Temperature *@AirPressure *@Humidity *@CO2Percent "
        "*@Iris *@RepetitionRate",
    ),
    **science(_UNIT, " ".join(
        f"*@{n}Unit" for n in "PhysicalSizeX PhysicalSizeY PhysicalSizeZ TimeIncrement DeltaT ExposureTime PositionX "
        "PositionY PositionZ EmissionWavelength ExcitationWavelength PinholeSize WorkingDistance Voltage ReadOutRate "
        "RepetitionRate Power Wavelength CutIn CutOut X Y Z StrokeWidth FontSize Temperature AirPressure".split()
    )),
    **science(r"[\d., eE+-]{3,65536}", "*@Points"),
    **markers("Channel@Name Channel@Fluor"),
    **science(rf"(?:{_OPTICS})", "*@Immersion *@Correction *@AcquisitionMode *@ContrastMethod *@IlluminationType"),
    **science(rf"(?:{_OPTICS}|{_LIGHT})", "*@Type *@Medium *@Binning *@LaserMedium *@Pulse"),
    **science(r"[124]x[124]|8x8", "DetectorSettings@Binning"),
    **science(
        r"(?:www\.)?openmicroscopy\.org/(?:PyramidResolution|OriginalMetadata|omero/(?:client/mapAnnotation|insight/tagset|import/companionFile|measurement|dimension|data_format)"
        r"|(?:Schemas|XMLschemas)/[A-Z]{2,4}/\d{4}-\d\d)|openmicroscopy\.org/omero/bulk_annotations",
        "*@Namespace",
    ),
}  # fmt: skip

#: Rules whose element or attribute goes too, because the schema does not allow a blank value.
_WHOLE = (
    "acquisition-date", "file-name", "plane.delta-t", "experimenter.email", "experimenter.username",
    "experimenter.firstname", "experimenter.middlename", "experimenter.lastname", "experimenter.institution",
    "experimenter.displayname",
)  # fmt: skip

#: Keys of copied scanner metadata that are science if their value is a number.
_SCIENCE_KEYS = frozenset(
    "mpp appmag stripewidth left top gamma physicalsizex physicalsizey imagewidth imagelength bitspersample "
    "samplesperpixel xresolution yresolution magnification".split()
) | {"exposure time", "exposure scale", "focus offset"}
_FIELDS = {
    DIRECT: "filename user barcode title patient name accession case slide description artist comment imageid".split(),
    QUASI: "date time datetime rack".split(),
    DEVICE: "scanscope dsr scanner serial host computer".split(),
}
_SERIES = pattern(r"^(?:Series \d{1,3} |Image #\d{1,3}\|?|\w{0,8} ?#?\d{0,2}\|)", re.I)


class OmeXml(XmlReader):
    """Reads OME-XML; see the module."""

    def __init__(self, found: FindingCollector, kept: list[Place]) -> None:
        super().__init__(found, kept, "ome", TABLE, whole=_WHOLE)
        self.comment = _COMMENT
        self._own, self._one_file = "", False
        self._ids, self._uuids = Ids(), Uuids()
        self._pairs: set[int] = set()
        self._now: Element | None = None

    def _element(self, element: Element) -> None:
        if element.parent is None:
            self._own, self._pairs = element.value("UUID").strip().lower(), set()
            self._ids.document(element)
            planes = [e for e in element.walk() if e.name == "UUID"]
            self._one_file = len({e.value("FileName") for e in planes}) == 1
            self._uuids.several |= any(self._is_another(e) for e in planes)
        if element.start in self._pairs:
            for attribute in element.attributes:
                super()._attribute(element.name, "", attribute)
            return
        self._now = element
        if element.name == "OriginalMetadata":
            self._pair(element)
        super()._element(element)

    def _attribute(self, name: str, parent: str, attribute: Attribute) -> None:
        here = self._now
        if here is not None and name == "UUID" and attribute.name == "FileName" and self._is_another(here):
            self._stuck("other-file-name", "File name of another file of the set", attribute)
        elif attribute.name in ("ID", "BorderID"):
            self._id(attribute)
        elif here is not None and name == "M" and attribute.name == "K":
            self._key(here, attribute)
        else:
            super()._attribute(name, parent, attribute)

    def _text(self, name: str, parent: str, element: Element) -> None:
        if name != "M" or element.get("K") is None:
            super()._text(name, parent, element)

    def _is_another(self, uuid: Element) -> bool:
        """Whether planes are in another file: they have not this file's UUID, nor one name for all of them."""
        return uuid.text.lower() != self._own and not self._one_file

    def _record(self, rule: Rule, at: tuple[int, int], goes: tuple[int, int], value: str | None) -> None:
        if rule.id != "uuid" or not value:
            super()._record(rule, at, goes, value)
            return
        place = Place(0, self._where, self._base + at[0], self._base + at[1])
        is_plain = rule.cls is LINK
        part = self._uuids.part(place.start, value) if is_plain else self._uuids.odd(place.start, place.end)
        self.found.add(f"{self.prefix}.uuid", rule.title, rule.cls, place, (part,), value, rule.weak)

    def _stuck(self, id: str, title: str, attribute: Attribute) -> None:
        """Record a value that other parts refer to: it stays, and the slide needs review."""
        place = Place(0, self._where, self._base + attribute.value_start, self._base + attribute.value_end)
        self.found.add(f"{self.prefix}.{id}", title, PhiClass.UNKNOWN, place, (), attribute.value)

    def _id(self, attribute: Attribute) -> None:
        """Keep a usual id; one of an unusual form is replaced, in the same way wherever it is referred to."""
        low, high, value = attribute.value_start, attribute.value_end, attribute.value
        place = Place(0, self._where, self._base + low, self._base + high)
        if IDS.fullmatch(value) or is_own(value):
            self.kept.append(place)
        elif value.strip():
            part = self._ids.part(place.start, high - low, value)
            self.found.add(f"{self.prefix}.id", "Id of an unusual form", LINK, place, (part,), value)

    # -- pairs of key and value ----------------------------------------------------------

    def _pair(self, element: Element) -> None:
        """Judge the value of ``OriginalMetadata`` by its key; both go or stay together."""
        key, value = element.find("Key"), element.find("Value")
        if key is None or value is None:
            return
        self._pairs |= {key.start, value.start}
        if not _is_science(key.text, value.text) and (key.text or value.text):
            span = (key.start, max(key.end, value.end)) if key.start < value.start else (value.start, key.end)
            self._record(_pair_rule(key.text), span, span, value.text or key.text)

    def _key(self, element: Element, attribute: Attribute) -> None:
        if (attribute.value or element.text) and not _is_science(attribute.value, element.text):
            span = (element.start, element.end)
            self._record(_pair_rule(attribute.value), span, span, element.text or attribute.value)


def _is_science(key: str, value: str) -> bool:
    if re.fullmatch(r"\d{1,2}", key):  # sizes of the pyramid's levels
        return re.fullmatch(r"\d{1,7} \d{1,7}", value) is not None
    plain = _SERIES.sub("", key).lower()
    return plain in _SCIENCE_KEYS and re.fullmatch(NUMBER, value) is not None


def _pair_rule(key: str) -> Rule:
    words = set(re.findall(r"[a-z]+", _SERIES.sub("", key).lower()))
    known = next((cls for cls, names in _FIELDS.items() if words & set(names)), PhiClass.UNKNOWN)
    return Rule(f"original.{slug(_SERIES.sub('', key))}", known, title=key)
