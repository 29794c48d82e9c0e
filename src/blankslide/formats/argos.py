"""Argos AVS: focal planes, map and macro, and the XML in tag 65000.

Layout: BigTIFF; first the levels of the lowest focal plane, largest first, then those of the
planes above it, all tiled, with sparse tiles; the last two pages are in strips: a map of the
scanned area and a macro of the whole glass, which shows the label at its right end. The first
page's tag 65000 holds XML with the root ``Argos.Scan.Metadata``, not ended by a NUL.

Which page is what: readers count pages from the end, so none may leave the chain: without the
macro, they and our next run would take the map for it. So the macro is blanked in place. A map
that does not have the slide's shape may show the label, and is blanked too. Any other
page in strips is blanked, or left for review if it has the slide's shape. A tiled page of another
shape, or one behind the macro, refuses the slide.

Values are overwritten with spaces. The numbers of planes must stay: readers need them to find
the middle plane.

Source: the maker's description of the format; OpenSlide's reader; the project's format map,
section 16. No real slide was at hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.containers.xml import parse
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import (
    tiff_byte_map,
    tiff_free_pages,
    tiff_numbered_pages,
    tiff_tags,
)
from blankslide.formatkit.findings import DEVICE, DIRECT, QUASI, FindingCollector, places_in
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_shapes import same_shape
from blankslide.formatkit.vocabulary import INTEGER, NUMBER
from blankslide.formatkit.xml_fields import Rule, XmlReader, science
from blankslide.model import Inspection, Place, SlideFile
from blankslide.model.patterns import XML_PROLOG, pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Entry, Ifd
    from blankslide.containers.xml import Element
    from blankslide.formatkit.protocol import Probe


_METADATA = 65000
_LOOK = 1 << 16
_ROOT_NAME = "Argos.Scan.Metadata"
_ROOT = pattern(XML_PROLOG.encode() + rb"<Argos\.Scan\.Metadata[\s>]", re.S)
_OPTIC = (
    r"(?:Olympus|Evident|Nikon|Zeiss|Leica|Mitutoyo|Motic|CFI|Apo|Fluor|Achromat|NA|DIC|air|dry|oil"
    r"|U?M?Plan(?:-?(?:X|N|S|FL|Semi|Apo|Fluor|Achromat)){0,4}|\d{1,3}[xX]|[01]\.\d{1,3})"
)

#: What the XML may say; see `formatkit.xml_fields.XmlReader` for the form of the keys.
TABLE: dict[str, Rule] = {
    **science(INTEGER, "ObjectiveMagnification MinZ MaxZ"),
    **science(NUMBER, "ZRange X Y Z X1 X2 Y1 Y2 Z1 Z2 Width Height MPP PixelSize PixelSizeX PixelSizeY Exposure Gain"),
    **science(rf"{_OPTIC}(?:[ /]{_OPTIC}){{0,7}}", "ObjectiveName"),
    **science(rf"(?>(?:(?>{NUMBER})[\s;]*+)+)", "FocusMap FocusPoints FocusPoint"),
    "Barcode": Rule("barcode", DIRECT, title="Bar code"),
    "AcquisitionDate": Rule("acquisitiondate", QUASI, title="Acquisition date"),
    "AcquisitionTime": Rule("acquisitiontime", QUASI, title="Acquisition time"),
    "Scanner": Rule("scanner", DEVICE, title="Scanner"),
}


class Argos(Format):
    """The format object; see the module's docstring."""

    name = "argos"
    title = "Argos AVS"
    suffixes = (".avs",)
    marks = (b"Argos.Scan.Metadata",)
    one_file = True
    removes = (
        "macro picture, blanked in place; bar code, acquisition date and time, scanner and every unknown text of the "
        "XML; tag 306 and the other text tags; orphaned bytes"
    )
    keeps = "objective, scan area, focal planes, map of the scanned area, resolution tags, page order, coded tissue"
    label_last = True
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled and holds Argos's XML."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        entry = first.tags.get(_METADATA)
        if entry is None or not _ROOT.match(_beginning(first, entry)):
            return "the first page has no Argos metadata"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff, pages = probe.tiff, probe.tiff.pages
        found, kept = FindingCollector(places_in(tiff.size)), list[Place]()
        root = _read_xml(found, kept, pages[0])
        given = _roles(pages)
        roles = {p.name: r for p, r in zip(pages, given, strict=True)}
        bytemap = tiff_byte_map.claim_file(tiff, {n: "level" if r == "left" else r for n, r in roles.items()})
        tiff_numbered_pages.blank_pictures(found, pages, roles)
        for page in pages:
            if roles[page.name] == "left":
                tiff_numbered_pages.picture_left(found, page, "Picture of the slide's shape that nothing explains")
            skip = frozenset((_METADATA,)) if page is pages[0] else frozenset[int]()
            tiff_tags.tag_findings(found, page, skip, {}, frozenset())
        complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles)
        planes = _planes(pages, given)
        power = root.find("ObjectiveMagnification")
        text = power.text if power is not None else ""
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tiff_free_pages.levels_of(pages, planes[(len(planes) - 1) // 2]),
            associated=tuple(
                tiff_numbered_pages.associated(i, pages[i], "unknown" if r == "left" else r)
                for i, r in enumerate(given)
                if r != "level"
            ),
            findings=found.finish(),
            maps=(bytemap,),
            mpp=tiff_numbered_pages.pixel_size(pages[0]),
            objective=float(text) if re.fullmatch(r"\d{1,3}", text) else None,
            kept=tuple(kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
            notes=(f"{len(planes)} focal planes; the middle one is shown",) if len(planes) > 1 else (),
        )


FORMAT: Format = Argos()


def _beginning(page: Ifd, entry: Entry) -> bytes:
    """Return the first bytes of a value, which may be as long as the file."""
    return entry.inline or page.tiff.source.read(entry.start, min(entry.end - entry.start, _LOOK))


def _read_xml(found: FindingCollector, kept: list[Place], page: Ifd) -> Element:
    """Read the first page's metadata.

    Raises
    ------
    ContradictorySlide, DamagedSlide
        If there are two, or it is not Argos's XML after all.
    """
    if sum(e.tag == _METADATA for e in page.entries) > 1:
        raise ContradictorySlide("the first page has two Argos metadata")
    entry = page.tags[_METADATA]
    data = page.raw(entry)
    root = parse(data.partition(b"\0")[0])
    if root.name != _ROOT_NAME:
        raise DamagedSlide("the metadata has not the root that its beginning promises")
    XmlReader(found, kept, "argos", TABLE).read(data, entry.start, page.name, root)
    return root


def _roles(pages: list[Ifd]) -> list[str]:
    tiled = [i for i, p in enumerate(pages) if p.is_tiled]
    for i in tiled:
        if not same_shape(pages[i], pages[0]) or pages[i].number(T.NEW_SUBFILE_TYPE) & 8:
            raise ContradictorySlide(f"page {i} is tiled like a level but has not the slide's shape or type")
    return [_role(i, page, pages) for i, page in enumerate(pages)]


def _role(index: int, page: Ifd, pages: list[Ifd]) -> str:
    """Say what a page is by its place from the end and its shape."""
    if page.is_tiled:
        if any(not p.is_tiled for p in pages[:index]):
            raise ContradictorySlide(f"page {index} is tiled like a level but stands behind the pictures")
        return "level"
    alike = same_shape(page, pages[0])
    place = len(pages) - index
    if place == 1:
        return "macro"
    if place == 2 and alike:
        return "thumbnail"
    return "left" if alike else "unknown"


def _planes(pages: list[Ifd], given: list[str]) -> list[list[int]]:
    """Divide the levels into focal planes; a plane begins where the width is not smaller than before."""
    planes: list[list[int]] = []
    width = 0
    for i, page in enumerate(pages):
        if given[i] != "level":
            continue
        if not planes or page.number(T.IMAGE_WIDTH) >= width:
            planes.append([])
        width = page.number(T.IMAGE_WIDTH)
        planes[-1].append(i)
    return planes
