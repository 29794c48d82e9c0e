"""The DPUfsImport vocabulary: what Philips' scanners write in iSyntax headers and TIFF descriptions.

Attributes are elements with a ``Name``. One table for both formats lists their names and the values
that stay. A picture (JPEG in base64) or bar code (base64 of its text) is judged only by the object
it stands in: objects come in any order, and an object's data may stand before its type.

Source: OpenSlide's Philips page, libisyntax; the project's format map, sections 6 and 7.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from typing import TYPE_CHECKING

from blankslide.containers import icc
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI
from blankslide.formatkit.profile_words import is_profile_text
from blankslide.formatkit.vocabulary import NUMBER, VERSION
from blankslide.formatkit.xml_fields import Rule, rules, science
from blankslide.formatkit.xml_names import is_plain_name
from blankslide.model import Fill, PhiClass, Place
from blankslide.model.patterns import XML_PROLOG, pattern
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from blankslide.containers.xml import Element
    from blankslide.formatkit.findings import FindingCollector


_IN_ROW = NUMBER.replace("[-+]?", "-?", 1)  # a plus and groups of digits are a telephone's number
NUMBERS = rf'"?{_IN_ROW}"?(?:\s+"?{_IN_ROW}"?){{0,31}}'
_ONE = rf'"?(?:v?{VERSION}|v?\d{{1,3}})"?'
_VERSIONS = rf"{_ONE}(?:\s+{_ONE}){{0,8}}"
_MAKER = (
    r"(?i)philips(?: medical systems| digital pathology)?|hamamatsu|leica|aperio|3dhistech|roche|ventana|zeiss|olympus"
)
_MODEL = r"(?i)(?:philips )?(?:ufs(?: scanner)?|intellisite(?: ultra fast scanner)?|ultra ?fast scanner|sg ?\d{1,3})"
_BASE64 = r"[A-Za-z0-9+/\s]{256,}+={0,2}\s*+"
ENCODER = rf"(?i:(?:PHILIPS )?UFS V?{VERSION}(?: ?\| ?(?:Quality|DWT|Compressor) ?= ?\d{{1,4}}){{0,3}})"
"""What the scanner says of its compression; an export puts it behind what it says of itself."""
_OPTION = r"(?:(?:useBigTIFF|useRgb|levels|processing|tileSize|clip|gain)=[\d,]{1,64}|q\d{1,3})"
_EXPORT = rf"(?:tiff-)?{_OPTION}(?:-{_OPTION}){{0,16}}-?"
_FILE = rf"(?:{_EXPORT})?sourceFilename=(?:&quot;|\")?(.*?)(?:&quot;|\")?(?:;{ENCODER})?"


class _Name:
    """Looks like a pattern, and matches names of technical words."""

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is one, else None."""
        return text if text in RULES or is_plain_name(text) else None


class _Profile:
    """Looks like a pattern, and matches a colour profile in base64 that says nothing unknown."""

    def fullmatch(self, text: str, /) -> str | None:
        """Return the text if it is one, else None."""
        if not _CODED.fullmatch(text):
            return None
        data = decoded(text)
        spans = icc.spans(MemorySource(data), 0, len(data))
        plain = spans is not None and not spans.foreign and all(is_profile_text(w.text) for w in spans.words)
        return text if plain else None


_CODED = pattern(_BASE64)
_NAMED = _Name()

RULES = {
    **{key: Rule(id_, PhiClass.SCIENCE, _NAMED) for key, id_ in (("*@Name", "name"), ("*@ObjectType", "objecttype"))},
    **science(r"0x[0-9A-Fa-f]{4}", "*@Group *@Element"),
    **science(
        r"I(?:String|UInt(?:8|16|32|64)|Int(?:8|16|32|64)|Double|Float|DataObject|Byte|Bool|DateTime)(?:Array)?",
        "*@PMSVR",
    ),
    **science(
        NUMBERS,
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
    "DICOM_MANUFACTURER": Rule("dicom-manufacturer", DEVICE, pattern(_MAKER)),
    "DICOM_MANUFACTURERS_MODEL_NAME": Rule("dicom-manufacturers-model-name", DEVICE, pattern(_MODEL)),
    "DICOM_SOFTWARE_VERSIONS": Rule("dicom-software-versions", DEVICE, pattern(_VERSIONS), weak=True),
    "DICOM_ICCPROFILE": Rule("dicom-iccprofile", DEVICE, _Profile(), weak=True),
    "DICOM_DERIVATION_DESCRIPTION": Rule(
        "dicom-derivation-description",
        PATH,
        pattern(rf"{_EXPORT}(?:;{ENCODER})?"),
        inside=pattern(_FILE.encode(), re.S),
    ),
    "PIM_DP_SOURCE_FILE": Rule("pim-dp-source-file", PATH, pattern("%FILENAME%")),
    **rules(
        QUASI,
        "DICOM_ACQUISITION_DATETIME DICOM_DATE_OF_LAST_CALIBRATION DICOM_TIME_OF_LAST_CALIBRATION "
        "DICOM_ACQUISITION_DATE DICOM_ACQUISITION_TIME",
    ),
    **rules(QUASI, "PIIM_DP_SCANNER_RACK_NUMBER PIIM_DP_SCANNER_SLOT_NUMBER", b"0"),
    **rules(DEVICE, "DICOM_DEVICE_SERIAL_NUMBER"),
    **rules(DIRECT, "PIIM_DP_SCANNER_OPERATOR_ID DICOM_PATIENT_NAME DICOM_PATIENT_ID DICOM_ACCESSION_NUMBER"),
    **rules(LINK, "DICOM_SOP_INSTANCE_UID DICOM_SERIES_INSTANCE_UID DICOM_STUDY_INSTANCE_UID"),
}
"""Rules for `blankslide.formatkit.xml_fields`; one name, ``UFS_IMAGE``, stands for all tables of the image."""

ROOT = pattern(XML_PROLOG.encode() + rb"""<DataObject\s[^>]*ObjectType\s*=\s*["']DPUfsImport["']""", re.S)
DATA, BARCODE, TYPE = "PIM_DP_IMAGE_DATA", "PIM_DP_UFS_BARCODE", "PIM_DP_IMAGE_TYPE"
_PICTURES = {"LABELIMAGE": "label", "MACROIMAGE": "macro"}


def called(element: Element) -> str:
    """Name an element by its Name attribute; all tables of the scanner's image get one name.

    The name stands in reports. So text that cannot be a name does not become one.
    """
    name = element.value("Name") if element.name == "Attribute" else ""
    if not _NAMED.fullmatch(name):
        return element.name
    return "UFS_IMAGE" if name.startswith("UFS_IMAGE_") else name


def role_of(data: Element) -> str:
    """Role of the picture in an element, from the type in the object it belongs to."""
    types = [c.text for c in data.parent.children if called(c) == TYPE] if data.parent else []
    return _PICTURES.get(types[0], "unknown") if len(types) == 1 else "unknown"


def barcode(found: FindingCollector, id: str, element: Element, base: int, where: str) -> None:
    """Report the bar code, as base64 and decoded."""
    text = element.text
    clear = decoded(text).decode("utf-8", "replace").strip("\0 ")
    for piece in element.texts if text else ():
        start, end = base + piece.start, base + piece.end
        for value in dict.fromkeys((clear, text)) if clear else (text,):
            edit = (Fill(0, start, end, 0x20),)
            found.add(id, BARCODE, DIRECT, Place(0, where, start, end), edit, value)


def decoded(text: str) -> bytes:
    """Decode base64, as far as the text is valid."""
    try:
        return b64decode(text)
    except (Error, ValueError):
        return b""


def spacing(scan: Element) -> tuple[float, float] | None:
    """Micrometres per pixel (x, y) from the row and column spacing in millimetres."""
    text = next((c.text for c in scan.children if called(c) == "DICOM_PIXEL_SPACING"), "")
    numbers = [float(n) for n in re.findall(r'"([\d.eE+-]+)"', text) if re.fullmatch(NUMBER, n)]
    return (numbers[1] * 1000, numbers[0] * 1000) if len(numbers) == 2 and min(numbers) > 0 else None
