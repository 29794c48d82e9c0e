"""Slidedat.ini of a MIRAX slide: the structure that it describes, and the values that may identify.

The structure (layers, their values and sections, data files) is read from the last of
repeated keys, as readers do; if repeated keys of the structure disagree, the slide is refused.
Every other pair is compared with an allow-list: numbers and words of the makers stay, the rest is
a finding. Values of known keys are blanked in place, unknown keys go with their line, comments
keep their first character; so encoding, byte order mark, line ends and all offsets stay. An
unknown section gets another name of the same length, in its heading and where keys name it.

Source: real files of 2008 to 2018; the project's format map, section 4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers import ini
from blankslide.containers.wide_text import Units
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit.findings import DEVICE, DIRECT, QUASI, UNKNOWN
from blankslide.formatkit.markers import is_marker
from blankslide.formatkit.vocabulary import slug
from blankslide.formats.mirax.vocabulary import NUMBER, is_number, is_vocabulary
from blankslide.model import PhiClass, Place, Write
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.ini import Pair
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.source import ByteSource

MOST_LAYERS, MOST_VALUES, MOST_FILES = 64, 4096, 1000
_MOST_LINES = 1 << 16
_WHERE = "Slidedat.ini"

FIELDS: dict[str, tuple[str, PhiClass]] = {
    "SLIDE_NAME": ("Slide name", DIRECT),
    "PROJECT_NAME": ("Project name", DIRECT),
    "SLIDE_CREATIONDATETIME": ("Creation date", QUASI),
    "SLIDE_UTC_CREATIONDATETIME": ("Creation date (UTC)", QUASI),
    "SLIDE_ORIGINAL_SOURCE": ("Original source", DIRECT),
    "SLIDE_BARCODE": ("Barcode", DIRECT),
    "SLIDE_LABEL": ("Label", DIRECT),
    "SLIDE_DESCRIPTION": ("Description", DIRECT),
    "SLIDE_COMMENT": ("Comment", DIRECT),
    "SLIDE_CREATOR": ("Creator", DIRECT),
    "OPERATOR": ("Operator", DIRECT),
    "PATIENT_ID": ("Patient id", DIRECT),
    "PATIENT_NAME": ("Patient name", DIRECT),
    "CASE_ID": ("Case id", DIRECT),
    "CASE_NUMBER": ("Case number", DIRECT),
    "ACCESSION_NUMBER": ("Accession number", DIRECT),
    "PHYSICIAN_NAME": ("Physician", DIRECT),
    "SCANNER_HARDWARE_ID": ("Scanner hardware id", DEVICE),
}
_NUMBERS = frozenset(
    "IMAGENUMBER_X IMAGENUMBER_Y CURRENT_SLIDE_VERSION IMAGE_OVERLAP_MICROMETERS_X IMAGE_OVERLAP_MICROMETERS_Y "
    "SLIDE_POSITION_X SLIDE_POSITION_Y ADAPTER_SIZE OPTOVAR_SIZE OBJECTIVE_MAGNIFICATION INDIVIDUALLY_EXP_TIMES "
    "SCANNING_ALGORITM FOCUS_PLANE_FINDING_STEP FOCUS_MAP_CREATING_STEP MAXIMUM_EXPOSURE_TIME FUCUSING_TYPE "
    "DO_NOT_SCAN_EMPTY_FOVS CAMERAIMAGEDIVISIONSPERSIDE VIMSLIDE_SLIDE_ROTATION VIMSLIDE_SLIDE_FLIPHORZ "
    "VIMSLIDE_SLIDE_FLIPVERT VIMSLIDE_CAMERA_REAL_BITDEPTH VIMSLIDE_SLIDE_BITDEPTH VIMSLIDE_SLIDE_VISIBLE_ZSTACK "
    "VIMSLIDE_SLIDE_VISIBLE_ZSTACK_LEVEL SLIDE_BITDEPTH SLIDE_IS_DOUBLE_WIDE SLIDE_CREATION_FINISHED SLIDE_QUALITY "
    "OUTPUT_RESOLUTION CONFOCAL DISK_POSITION FOCUS_MAP FOCUS_LIMIT FLAT_FIELD_CORRECTION "
    "PAGEELEMENTCOUNT PAGELENGTH HIER_COUNT NONHIER_COUNT FILE_COUNT "
    "IMAGE_FILL_COLOR_BGR MICROMETER_PER_PIXEL_X MICROMETER_PER_PIXEL_Y DIGITIZER_WIDTH DIGITIZER_HEIGHT OVERLAP_X "
    "OVERLAP_Y IMAGE_CONCAT_FACTOR IMAGE_COMPRESSION_FACTOR "
    "ZDIFF XDIFF YDIFF COLOR_R COLOR_G COLOR_B MODIFIED_COLOR_R MODIFIED_COLOR_G MODIFIED_COLOR_B USE_RED_CHANNEL "
    "USE_GREEN_CHANNEL USE_BLUE_CHANNEL FILTER_REAL_POSITION IS_MASTER_FILTER STORING_CHANNEL_NUMBER "
    "IS_STITCHING_FILTER ACTIVE MODIFY THRESHOLD EXPOSUREPERCENTAGE DIGITALGAIN EXTENDED_STEP_SIZE "
    "EXTENDED_STEP_COUNT EXPOSURE_TIME BRIGHTNESS CONTRAST GAMMA SQRT2_RESIZED SHARPENED GAMMA_APPLIED GAMMA_VALUE "
    "ZSTACK_FIRST_LEVEL ZSTACK_STEP_COUNT ZSTACK_STEP_SIZE OFFSET_IN_MICROMETERS EXTENDED_FOCUS_LEVEL "
    "LAST_Z_STACKED_ZOOM_LEVEL ZERO_FOCUS_LEVEL "
    "OBJECT_GUIDE_HYSTERESIS_X OBJECT_GUIDE_HYSTERESIS_Y AVEGARE_IMAGE_OVERLAP_X_IN_PIXELS "
    "AVEGARE_IMAGE_OVERLAP_Y_IN_PIXELS CAMERA_ROTATION SCANNING_TIME_IN_SEC SCANNED_FOV_COUNT "
    "VIMSLIDE_HISTOGRAM_DATA_FORMAT_VERSION VIMSLIDE_HISTOGRAM_DATA_CHANNEL_NUM VIMSLIDE_HISTOGRAM_DATA_CHANNEL_SIZE "
    "VIMSLIDE_POSITION_DATA_FORMAT_VERSION DATA_FORMAT_VERSION".split()
)
_NUMBERED = pattern(r"(?:NON)?HIER_\d{1,3}_(?:COUNT|DEFAULT|VAL_\d{1,4}_IMAGENUMBER_[XY])")
_TEXTS = frozenset(
    "SLIDE_CONTENT SLIDE_TYPE CAMERA_TYPE OBJECTIVE_NAME FILTER_NAME DATA_IN_THIS_FILTER_LEVEL SCANNER_CAMERA_TYPE "
    "EXTENDED_FOCUS_ALGORITHM".split()
)
_DYES = frozenset(("FILTER_NAME", "DATA_IN_THIS_FILTER_LEVEL"))
_NO_DYE = pattern(r"(?i:default|empty|none|(?:filter|data|level)(?:[ _]?(?:filter|level))?[ _]?\d{0,3})")
_NAMED = pattern(r"(?:NON)?HIER_\d{1,3}_(?:NAME|VAL_\d{1,4})")
_SECTIONED = pattern(r"(?:NON)?HIER_\d{1,3}(?:_VAL_\d{1,4})?_SECTION")
_PICTURES = frozenset("SCANMAP STAGEPOSMAP WALKEDMASK WHOLESLIDE SCANNEDFOVSMAP POSITIONMAP STITCHINGMAP".split())
_PICTURE_KEY = pattern(r"(?:([A-Z_]{1,24})_)?IMAGE_(TYPE|FORMAT|WIDTH|HEIGHT)")
_CODEC = pattern(r"(?:GRAY)?(?:JPEG|JPG|PNG|BMP|BMP24|JPEGXR|JP2|RAW)|BMP24", re.I)
_SECTION = pattern(
    r"GENERAL|HIERARCHICAL|DATAFILE|(?:NONHIER)?LAYER_\d{1,3}(?:_LEVEL_\d{1,4})?_SECTION|X+|X*\d{1,3}", re.I
)
_BLANK = b" \t\0\x0b\x0c"
_PLAIN_FILE = pattern(r"Data\d{4,5}\.dat|Index\.dat", re.I)
_VERSIONS = frozenset(("SLIDE_VERSION", "SCANNER_HARDWARE_VERSION", "SCANNER_SOFTWARE_VERSION"))
_VERSION = pattern(r"v?\d{1,5}(?:[.,]\d{1,5}){0,4}", re.I)
_KEY = pattern(r"(?!.*\d{5})[A-Za-z][A-Za-z0-9_.()-]{0,63}")


class Value(NamedTuple):
    """One value of a layer, and the name of its section."""

    name: str
    section: str


class Layer(NamedTuple):
    """One layer, hierarchical or not."""

    name: str
    values: tuple[Value, ...]


class Slidedat:
    """The parsed key file.

    Attributes
    ----------
    slide_id
        The slide's id; of several, the one that readers use.
    layers, singles
        Layers of the index's first table, which has a slot for each combination of their values,
        and layers of its second table.
    index, data
        Names of the index and of the data files.
    """

    def __init__(self, source: ByteSource) -> None:
        if source.size > 2 * ini.MAX_BYTES:
            raise DamagedSlide("Slidedat.ini is longer than any scanner's")
        self.units = Units(source.read(0, source.size))
        self.keys = ini.parse(self.units.narrow)
        if len(self.keys.pairs) + len(self.keys.strays) + len(self.keys.sections) > _MOST_LINES:
            raise DamagedSlide("Slidedat.ini has more lines than any scanner's")
        self._values: dict[tuple[str, str], str] = {}
        for pair in self.keys.pairs:
            self._values[pair.section.upper(), pair.key.upper()] = pair.value
        self._refuse_contradictions()
        self.slide_id = self.required("GENERAL", "SLIDE_ID")
        if not 8 <= len(self.slide_id) <= 64 or not self.slide_id.isascii():
            raise DamagedSlide("the slide's id is none of a scanner's")
        self.layers = self._layers("HIER")
        self.singles = self._layers("NONHIER")
        self.index = self.required("HIERARCHICAL", "INDEXFILE")
        count = self.count("DATAFILE", "FILE_COUNT", MOST_FILES)
        self.data = tuple(self.required("DATAFILE", f"FILE_{i}") for i in range(count))
        if len({self.index, *self.data}) != len(self.data) + 1:
            raise ContradictorySlide("two keys of Slidedat.ini name one file")

    def value(self, section: str, key: str) -> str:
        """Return the last value of a key, in any case; empty if there is none."""
        return self._values.get((section.upper(), key.upper()), "")

    def required(self, section: str, key: str) -> str:
        """Return a value that every slide has."""
        found = self.value(section, key)
        if not found:
            raise DamagedSlide("Slidedat.ini lacks a key that every slide has")
        return found

    def count(self, section: str, key: str, most: int) -> int:
        """Return a number between 0 and ``most``."""
        found = self.required(section, key)
        if not found.isdecimal() or len(found) > 9 or int(found) > most:
            raise DamagedSlide("Slidedat.ini announces a number that no slide has")
        return int(found)

    def number(self, section: str, key: str) -> float | None:
        """Return a value as a number, or None."""
        found = self.value(section, key)
        return float(found.replace(",", ".")) if NUMBER.fullmatch(found) and found[-1] not in ".," else None

    def _layers(self, kind: str) -> tuple[Layer, ...]:
        out = []
        for i in range(self.count("HIERARCHICAL", f"{kind}_COUNT", MOST_LAYERS)):
            values = []
            for j in range(self.count("HIERARCHICAL", f"{kind}_{i}_COUNT", MOST_VALUES)):
                key = f"{kind}_{i}_VAL_{j}"
                values.append(Value(self.value("HIERARCHICAL", key), self.value("HIERARCHICAL", key + "_SECTION")))
            out.append(Layer(self.value("HIERARCHICAL", f"{kind}_{i}_NAME"), tuple(values)))
        return tuple(out)

    def _refuse_contradictions(self) -> None:
        for pair in self.keys.pairs:
            section, key = pair.section.upper(), pair.key.upper()
            structural = section in ("HIERARCHICAL", "DATAFILE") and not _NAMED.fullmatch(key)
            if structural and self._values[section, key] != pair.value:
                raise ContradictorySlide("a key of Slidedat.ini that says how the slide is built stands there twice")


class KeyReader:
    """Turns what `Slidedat` holds into findings and kept places.

    Parameters
    ----------
    file
        Number of Slidedat.ini among the slide's files.
    barcodes
        Names of the sections that describe the label: their values may be what is printed on it.
    """

    def __init__(
        self, slidedat: Slidedat, file: int, found: FindingCollector, kept: list[Place], barcodes: set[str]
    ) -> None:
        self.slidedat, self.file, self.found, self.kept = slidedat, file, found, kept
        self.barcodes = barcodes
        self.sections = _new_names(slidedat)
        self.used = {("HIERARCHICAL", "INDEXFILE"), *(("DATAFILE", f"FILE_{i}") for i in range(len(slidedat.data)))}
        self.ids: list[tuple[int, str]] = []

    def read(self) -> None:
        """Look at every pair, heading and other line; ids are collected in ``ids``."""
        for pair in self.slidedat.keys.pairs:
            self._pair(pair)
        for stray in self.slidedat.keys.strays:
            self._stray(stray.start, stray.end)
        for section in self.slidedat.keys.sections:
            if _SECTION.fullmatch(section.name.strip()):
                span = self.slidedat.units.span(section.start, section.end)
                self.kept.append(Place(self.file, "a section's name", *span))
            else:
                self._heading(section.start, section.end)

    def _stray(self, start: int, end: int) -> None:
        """Report a comment, without its first character, unless all its words are the makers'."""
        narrow = self.slidedat.units.narrow
        while start < end and narrow[start] in b" \t;#\0":
            start += 1
        while end > start and narrow[end - 1] in b" \t\0":
            end -= 1
        text = self.slidedat.units.text(start, end)
        if text and not is_vocabulary(text):
            self._add("comment", "Free text", UNKNOWN, (start, end), (start, end))

    def _heading(self, start: int, end: int) -> None:
        narrow = self.slidedat.units.narrow
        low, high = narrow.index(b"[", start) + 1, narrow.rindex(b"]", start, end)
        while low < high and narrow[low] in _BLANK:
            low += 1
        while high > low and narrow[high - 1] in _BLANK:
            high -= 1
        if low < high:
            self._section((low, high))

    def _section(self, at: tuple[int, int]) -> None:
        """Rename an unknown section, in its heading or where a key names it."""
        old = self.slidedat.units.text(*at)
        new = self.sections.get(old.upper(), "X" * (at[1] - at[0]))
        self._add("section", "Unknown section", UNKNOWN, at, at, text=new)

    def _pair(self, pair: Pair) -> None:
        key, value = pair.key.upper(), self.slidedat.units.text(pair.value_start, pair.value_end)
        at = (pair.value_start, pair.value_end)
        is_id = key == "SLIDE_ID" and self._is_the_id(pair, value)
        if key in FIELDS or is_id or _is_known(key) or key in _VERSIONS or self._is_structure(pair, key):
            self.kept.append(Place(self.file, "a key's name", *self.slidedat.units.span(pair.start, pair.value_start)))
        if is_id and value:
            self.ids.append((pair.value_start, value))
        elif not value and (not pair.key or self._says_nothing(pair, key)):
            return
        elif pair.section.upper() == "HIERARCHICAL" and _SECTIONED.fullmatch(key) and not _SECTION.fullmatch(value):
            self._section(at)
        elif not self._is_structure(pair, key) and may_name_dyes(key) and is_marker(value):
            self._marker(pair, key, value)
        elif self._is_structure(pair, key) or _is_legal(key, value):
            if len(value) >= 5 or value.isalnum() != value.isdecimal():  # short words as well: `FITC`, `DAPI`
                self.kept.append(Place(self.file, _WHERE, *self.slidedat.units.span(*at)))
        elif key in _VERSIONS and _VERSION.fullmatch(value):
            self._add(slug(key), pair.key, DEVICE, at, at, weak=True)
        elif key in FIELDS:
            title, cls = FIELDS[key]
            self._add(slug(key), title, cls, at, at)
        elif (pair.section.upper() in self.barcodes or "BARCODE" in key) and _is_of_barcode(pair.key):
            self._add("barcode-text", "Barcode text", DIRECT, at, at)
        elif _is_known(key):
            self._add(slug(key), pair.key, UNKNOWN, at, at)
        elif _KEY.fullmatch(pair.key) and value:
            self._add(slug(key), pair.key, UNKNOWN, at, (pair.start, pair.end))
        else:
            self._add("free-text", "Free text", UNKNOWN, (pair.start, pair.end), (pair.start, pair.end))

    def _is_the_id(self, pair: Pair, value: str) -> bool:
        """Whether a `SLIDE_ID` stands where readers look for it, or is as long: it may be the same, or of another run.

        No reader looks elsewhere, so whatever else stands there does not say that the files are of two slides.
        """
        return pair.section.upper() == "GENERAL" or len(value) == len(self.slidedat.slide_id)

    def _says_nothing(self, pair: Pair, key: str) -> bool:
        """Whether a key without a value is one that makers write: any other may be a name, or a text in base64."""
        if key in FIELDS or key in _VERSIONS or key == "SLIDE_ID" or _is_known(key) or self._is_structure(pair, key):
            return True
        return is_vocabulary(key.replace("_", " "))

    def _marker(self, pair: Pair, key: str, value: str) -> None:
        """Keep the name of a dye or marker, unless it turns out to be a person's."""
        units = self.slidedat.units
        span = units.span(pair.value_start, pair.value_end)
        place = Place(self.file, _WHERE, *span)
        self.kept.append(place)
        edit = Write(self.file, span[0], units.filled(pair.value_start, pair.value_end))
        self.found.name(f"mirax.ini.{slug(key)}", pair.key, place, (edit,), value)

    def _is_structure(self, pair: Pair, key: str) -> bool:
        """Whether a pair holds the structure together, such as names of sections and files, and so stays."""
        if pair.section.upper() == "HIERARCHICAL" and _SECTIONED.fullmatch(key):
            return True
        return (pair.section.upper(), key) in self.used

    def _add(
        self,
        name: str,
        title: str,
        cls: PhiClass,
        at: tuple[int, int],
        goes: tuple[int, int],
        weak: bool = False,
        text: str = "",
    ) -> None:
        units = self.slidedat.units
        place = Place(self.file, _WHERE, *units.span(*at))
        new = text.encode(units.codec) if text else units.filled(*goes)
        edit = Write(self.file, units.span(*goes)[0], new)
        self.found.add(f"mirax.ini.{name}", title, cls, place, (edit,), units.text(*at), weak)


def _new_names(slidedat: Slidedat) -> dict[str, str]:
    """Choose new names for sections that keys name, and that no scanner names so.

    The result is by old name, in upper case. A new name has as many units as the old one, and no two
    are the same.

    Raises
    ------
    ContradictorySlide
        If there are more such sections than new names.
    """
    old = {}
    for pair in slidedat.keys.pairs:
        if pair.section.upper() == "HIERARCHICAL" and _SECTIONED.fullmatch(pair.key.upper()):
            name = slidedat.units.text(pair.value_start, pair.value_end)
            if name and not _SECTION.fullmatch(name):
                old[name.upper()] = pair.value_end - pair.value_start
    taken = {section.name.strip().upper() for section in slidedat.keys.sections}
    new: dict[str, str] = {}
    counts: dict[int, int] = {}
    for name, length in old.items():
        while (found := _numbered_name(counts, length)) in taken:
            pass
        new[name] = found
    return new


def _numbered_name(counts: dict[int, int], length: int) -> str:
    number = str(counts.setdefault(length, 0))
    counts[length] += 1
    if len(number) > min(length, 3):
        raise ContradictorySlide("Slidedat.ini names more sections than there are other names for")
    return number.rjust(length, "X")


def plainly_named(slidedat: Slidedat) -> bool:
    """Whether the slide's files have the names that scanners give, so that these say nothing."""
    return all(_PLAIN_FILE.fullmatch(name) for name in (slidedat.index, *slidedat.data))


def _is_known(key: str) -> bool:
    return _is_numbered(key) or key in _TEXTS or _NAMED.fullmatch(key) is not None or _of_picture(key) != ""


def _is_numbered(key: str) -> bool:
    numbered = key in _NUMBERS or _NUMBERED.fullmatch(key) is not None
    return numbered or _of_picture(key) in ("WIDTH", "HEIGHT")


def _of_picture(key: str) -> str:
    """Return what a key says of a picture that is named with makers' words, else an empty string."""
    found = _PICTURE_KEY.fullmatch(key)
    words = [word for word in (found[1] or "").split("_") if word not in _PICTURES] if found else []
    return found[2] if found and is_vocabulary(" ".join(words)) else ""


def _is_of_barcode(key: str) -> bool:
    """Whether a key is made of makers' words, as those that hold a barcode's text; any other may be a name."""
    return _KEY.fullmatch(key) is not None and is_vocabulary(key.replace("_", " "))


def may_name_dyes(key: str) -> bool:
    """Whether a key's value may be the name of a dye or marker."""
    return key in _DYES or _NAMED.fullmatch(key) is not None


def _is_legal(key: str, value: str) -> bool:
    if key == "SLIDE_VERSION":
        return _VERSION.fullmatch(value) is not None
    if _is_numbered(key):
        return is_number(value)
    if _of_picture(key):
        return _CODEC.fullmatch(value) is not None
    if key in _DYES:  # no other words of the makers: Max Gold is one of each
        return _NO_DYE.fullmatch(value) is not None
    return (key in _TEXTS or _NAMED.fullmatch(key) is not None) and is_vocabulary(value)


def has_id(source: ByteSource) -> bool:
    """Whether a file is a key file with a slide id."""
    if source.size > 2 * ini.MAX_BYTES:
        return False
    keys = ini.parse(Units(source.read(0, source.size)).narrow)
    found = keys.find("GENERAL", "SLIDE_ID")
    return found is not None and bool(found.value)
