"""Akoya (PerkinElmer) QPTIFF: what each page is, and what its XML says.

Layout: TIFF or BigTIFF, Software ``PerkinElmer-QPI``. Every page has XML of its own as
description (it declares UTF-16, but is one-byte text) with an ``ImageType``: one page for
each channel at full resolution, a thumbnail, the reduced levels, then overview and label. The
fields about slide, operator and machine are repeated on every page, dozens of times.

Which page is what: its own ``ImageType`` says so, and sizes must agree: full-resolution pages
are all of one size, no page is larger, and the first page is one of them; else the slide is
refused. Label and overview are unlinked, because no reader counts the pages. A page of another
type, or without XML, is left, and the slide needs review.

The scan profile is read element by element: optics, filters and stains stay if their values
are legal; the protocol's name and all that is unknown go. The ``ValidationCode`` is a digest of
the original metadata, by which a guess could be tested; so it is zeroed.

Source: the project's format map, section 13; tifffile; a real file of a Vectra Polaris.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.containers.xml import Element, parse
from blankslide.errors import ContradictorySlide
from blankslide.formatkit import tiff_byte_map, tiff_numbered_pages, tiff_pictures, tiff_tags
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, PATH, QUASI, FindingCollector, places_in
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_shapes import same_shape
from blankslide.formatkit.tiff_tags import TagRule
from blankslide.formatkit.vocabulary import INTEGER, NUMBER, VERSION
from blankslide.formatkit.xml_fields import Rule, XmlReader, markers, rules, science
from blankslide.model import Fill, Inspection, PhiClass, Place, SlideFile
from blankslide.model.patterns import XML_PROLOG, pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.protocol import Probe


_SOFTWARE = 305
_MARK = "PerkinElmer-QPI"
_ROOT = pattern(XML_PROLOG + r"<PerkinElmer-QPI-ImageDescription[\s>]", re.S)
_ROLES = {"fullresolution": "level", "reducedresolution": "level", "thumbnail": "thumbnail"} | {
    "overview": "macro",
    "label": "label",
}
_DESCRIPTION = frozenset((T.IMAGE_DESCRIPTION, _SOFTWARE))
_TAGS = {T.IMAGE_DESCRIPTION: TagRule("qptiff.other-description", "Description without XML", PhiClass.UNKNOWN)}

#: Dyes as they stand in names of filters.
_DYE = (
    r"(?i:DAPI|FITC|TRITC|[GYCR]FP|mCherry|Cy[2357](?:\.5)?|Texas ?Red|TxRed|Hoechst(?: ?\d{5})?|Opal ?\d{3}"
    r"|Alexa ?(?:Fluor)? ?\d{3}|Sample ?AF|Autofluorescence|Brightfield|Transmitted|Red|Green|Blue|RGB"
    r"|QDots?|AF ?\d{3}|\d{3}|MSI|AF)"
)
#: A dye ends at a blank, a slash or an underscore, so that there is only one way to read "AF 555".
_DYES = rf"(?>{_DYE}(?![^ /_]))(?>(?:(?: ?/ ?| or | )(?>{_DYE}(?![^ /_])))*)"
_PART = r"[A-Z]{1,4}\d{2,4}[A-Z]{0,2}(?:[/-]\d{1,4}(?:\.\d)?x?){0,6}(?:-[A-Z]{1,3}\d{0,2})? ?(?:Emission|Excitation)"
_PROGRAM = rf"(?:Vectra ?(?:Polaris)?|PhenoImager|inForm)(?: ?v?(?:{VERSION}|\d{{1,2}}))?"
_MAKER = "Semrock|Chroma|Omega|Thorlabs|Zeiss|Edmund|Hamamatsu|Olympus|Nikon"
_FILTER = rf"{_DYES}_(?:{_MAKER}):{_PART}(?: / (?:{_MAKER}):{_PART})?"
_COLOURS = "Blue|Cyan|Lime|Red|White|Yellow|Green|Magenta|Orange|Black|Gray|Pink|Purple|Brown|Aqua"
_COLOUR = rf"\d{{1,3}}, ?\d{{1,3}}, ?\d{{1,3}}|{_COLOURS}"
_CODES = "NoFormat|All|Code(?:39|93|128)|DataMatrix|QRCode|EAN(?:8|13)|UPC[AE]|PDF417|Interleaved2of5|Codabar"

#: What the XML may say; see `formatkit.xml_fields.XmlReader` for the form of the keys.
TABLE: dict[str, Rule] = {
    "Identifier": Rule("identifier", LINK, title="Identifier"),
    "ValidationCode": Rule("validation-code", LINK, title="Validation code"),
    # slideio crashes if the element of the slide's id is missing
    "SlideID": Rule("slideid", DIRECT, None, fill=b"0", title="Slide ID"),
    **rules(DIRECT, "Barcode OperatorName SampleDescription SlideName Study Patient Comments Notes"),
    **rules(DEVICE, "ComputerName InstrumentID SerialNumber CameraSerialNumber"),
    **rules(QUASI, "Date DateTime AcquisitionDate ScanDate Time"),
    **rules(PATH, "AlgorithmPath Path FileName"),
    "AcquisitionSoftware": Rule(
        "acquisition-software", DEVICE, pattern(_PROGRAM), weak=True
    ),
    "CameraName": Rule("camera-name", DEVICE, pattern(r"C\d{4,5}-\d{2}[A-Z]{0,2}(?:-\d{2})?"), weak=True),
    "InstrumentType": Rule("instrument-type", DEVICE, pattern("Vectra ?Polaris|Vectra|PhenoImager|TRIO"), weak=True),
    "Exposure-i": Rule("exposure-i", PhiClass.SCIENCE, pattern("[A-Za-z0-9+/]{6,512}={0,2}")),
    **science(INTEGER, "DescriptionVersion SignalUnits V BandIndex Bits Binning FrameAverageCount JPEGQuality"),
    **science(INTEGER, "BitDepth *@s_v *@dim HomeWavelength Wavelength"),
    **science(NUMBER, "ExposureTime Response Gain Offset PixelSizeMicrons Magnification Min Max"),
    **science(NUMBER, "Cuton Cutoff DigitalGain"),
    **science(r"ref\d{1,6}", "*@ref"),
    **science(r"(?i:true|false)", "IsUnmixedComponent SampleIsTMA RotateImage MirrorImage TunableFilterEngaged"),
    **science(r"(?i:true|false)", "FactoryDefined EnableSaturationProtection ScanEntireCoverslipRegion Active"),
    **science(r"(?i:Full|Reduced)Resolution|Thumbnail|Overview|Label|Unknown", "ImageType"),
    **markers("Name BandNames-i Biomarker"),
    **science(_FILTER, "FilterID MsiFocusBand OverviewBand ScanFocusBand ScanColorTable-k"),
    **science(_COLOUR, "Color ScanColorTable-v"),
    **science(r"\d{1,3}(?:\.\d{1,2})?x|WideFOV", "Objective ObjectiveName"),
    **science(_PART, "PartNumber PartNo"),
    **science(_MAKER, "Manufacturer"),
    **science(_CODES, "BarcodeFormats"),
    **science(r"\d{1,6}(?:, ?\d{1,6}){3}", "ROI"),
    **science("None|Normal|Thick|Thin|Auto|Fast|Slow|LZW|JPEG|Jpeg|Broad|Narrow|Medium", "OpalKitType Compression"),
    **science("None|Normal|Thick|Thin|Auto|Fast|Slow|LZW|JPEG|Jpeg|Broad|Narrow|Medium", "CoverslipThickness"),
    **science("None|Auto|Fast|Slow|Broad|Narrow|Medium", "ReadoutSpeed TunableFilterBandwidth"),
    **science("(?:im|aet)_(?:Fluorescence|Brightfield)", "Mode AutoExposeType"),
    **science("SpectralSegmentBasis|SpectralBasis|FilterPairBasis", "*@subtype"),
    **science("LED|Halogen|Xenon|Mercury", "LampType"),
}  # fmt: skip


class Qptiff(Format):
    """The format object; see the module's docstring."""

    name = "qptiff"
    title = "Akoya QPTIFF"
    suffixes = (".qptiff", ".tif", ".tiff")
    marks = (b"PerkinElmer-QPI",)
    one_file = True
    removes = (
        "label and overview pictures; slide id, barcode, operator, computer, sample texts, dates, paths, protocol "
        "names, validation code and every unknown text of each page's XML; tag 306 and other text tags; orphaned bytes"
    )
    keeps = "stains, filters, exposure, objective, pixel size, colours, thumbnail, coded tissue of every channel"
    readers = ("tifffile", "OpenSlide", "slideio")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF that names the software and holds its XML."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not (first.text(_SOFTWARE) or "").startswith(_MARK):
            return "the Software tag does not start with PerkinElmer-QPI"
        return None if _has_xml(first) else "the first page's description is not QPI's XML"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff, pages = probe.tiff, probe.tiff.pages
        roots = [parse(_raw(p).partition(b"\0")[0]) if _has_xml(p) else None for p in pages]
        named = _roles(pages, roots)
        roles = {p.name: r for p, r in zip(pages, named, strict=True)}
        bytemap = tiff_byte_map.claim_file(tiff, roles)
        found, kept = FindingCollector(places_in(tiff.size)), list[Place]()
        reader = _QpiXml(found, kept, "qptiff", TABLE)
        for page, root in zip(pages, roots, strict=True):
            _picture(found, page, roles[page.name])
            if root is not None:
                reader.read(_raw(page), page.tags[T.IMAGE_DESCRIPTION].start, page.name, root)
            _software(found, page)
            tiff_tags.tag_findings(found, page, _DESCRIPTION if root else frozenset((_SOFTWARE,)), _TAGS, frozenset())
        complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles)
        others = [(i, "unknown" if r == "left" else r) for i, r in enumerate(named) if r != "level"]
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(tiff_numbered_pages.level(i, pages[i]) for i in _one_channel(pages, named)),
            associated=tuple(tiff_numbered_pages.associated(i, pages[i], r) for i, r in others),
            findings=found.finish(),
            maps=(bytemap,),
            mpp=tiff_numbered_pages.pixel_size(pages[0]),
            objective=_power(roots[0]),
            kept=tuple(kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
            notes=_notes(named, sum(_type(r) == "fullresolution" for r in roots)),
        )


FORMAT: Format = Qptiff()


def _has_xml(page: Ifd) -> bool:
    return bool(_ROOT.match(page.text(T.IMAGE_DESCRIPTION) or ""))


def _raw(page: Ifd) -> bytes:
    return page.raw(page.tags[T.IMAGE_DESCRIPTION])


def _notes(roles: list[str], channels: int) -> tuple[str, ...]:
    notes = [f"{channels} channels; the first is shown"] if channels > 1 else []
    left = roles.count("left")
    return (*notes, *([f"{left} pages are of no known type and were left: look at them"] if left else []))


class _QpiXml(XmlReader):
    """Reads base64 too, which could say anything; here it must hold exposure times as floating point numbers."""

    def _known_value(self, rule: Rule, name: str, at: tuple[int, int], value: str) -> None:
        if rule.id == "exposure-i" and not _is_floats(value):
            rule = rule._replace(legal=None)
        super()._known_value(rule, name, at, value)


def _is_floats(value: str) -> bool:
    try:
        data = b64decode(value, validate=True)
        return all(x == 0 or 1e-3 <= x <= 1e5 for (x,) in struct.iter_unpack("<f", data))
    except (Base64Error, ValueError, struct.error):
        return False


# -- which page is what ------------------------------------------------------------------


def _type(root: Element | None) -> str:
    element = root.find("ImageType") if root is not None else None
    return element.text.lower() if element is not None else ""


def _roles(pages: list[Ifd], roots: list[Element | None]) -> list[str]:
    """Judge each page by its type and its size.

    Raises
    ------
    ContradictorySlide
        If the two disagree.
    """
    kinds = [_type(r) for r in roots]
    if kinds[0] != "fullresolution":
        raise ContradictorySlide("the first page does not call itself full resolution")
    full = _size(pages[0])
    for number, (page, kind) in enumerate(zip(pages, kinds, strict=True)):
        width, height = _size(page)
        same, larger = (width, height) == full, width * height >= full[0] * full[1]
        if kind == "fullresolution" and not same:
            raise ContradictorySlide(f"page {number} calls itself full resolution but has another size")
        if kind in _ROLES and kind != "fullresolution" and larger:
            raise ContradictorySlide(f"page {number} calls itself {kind} but is as large as the tissue")
        if kind == "reducedresolution" and abs(width * full[1] - height * full[0]) > 4 * max(full):
            raise ContradictorySlide(f"page {number} calls itself reduced but has another shape than the tissue")
    return [_fitting(_ROLES.get(k, "left"), p, pages[0]) for k, p in zip(kinds, pages, strict=True)]


def _fitting(role: str, page: Ifd, base: Ifd) -> str:
    """Take the role from a thumbnail that has not the tissue's shape, so that it goes: it may show the label."""
    return "unknown" if role == "thumbnail" and not same_shape(page, base) else role


def _size(page: Ifd) -> tuple[int, int]:
    return page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)


def _one_channel(pages: list[Ifd], roles: list[str]) -> list[int]:
    """First page of each resolution, largest first."""
    seen: dict[tuple[int, int], int] = {}
    for number, role in enumerate(roles):
        if role == "level":
            seen.setdefault(_size(pages[number]), number)
    return [seen[size] for size in sorted(seen, reverse=True)]


def _power(root: Element | None) -> float | None:
    element = root.find("Objective") if root is not None else None
    match = re.fullmatch(r"(\d{1,3}(?:\.\d{1,2})?)x", element.text) if element is not None else None
    return float(match[1]) if match else None


# -- tags --------------------------------------------------------------------------------


def _picture(found: FindingCollector, page: Ifd, role: str) -> None:
    if role == "left":
        tiff_numbered_pages.picture_left(found, page, "Picture of no known type")
    elif role != "level":
        tiff_pictures.picture_finding(found, page, role, weak=role == "thumbnail")


def _software(found: FindingCollector, page: Ifd) -> None:
    """Keep the word by which readers know the format; report what follows it."""
    entry, text = page.tags.get(_SOFTWARE), page.text(_SOFTWARE) or ""
    if entry is None or not text.strip():
        return
    keep = len(_MARK) if text.startswith(_MARK) else 0
    tail = page.raw(entry)[keep:].strip(b"\0 ").decode("latin-1")
    if tail and not re.fullmatch(rf"[vV]?(?:{VERSION}|\d{{1,2}})", tail):
        start = entry.start + keep
        place = Place(0, page.name, start, entry.end)
        found.add("qptiff.software", "Software", DEVICE, place, (Fill(0, start, entry.end),), tail)
