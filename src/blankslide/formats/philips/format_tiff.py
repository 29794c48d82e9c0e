"""Philips TIFF, which the IntelliSite software exports besides iSyntax.

Layout: TIFF or BigTIFF; page 0 is level 0, its description is the ``DPUfsImport`` XML of a
whole scan: attributes by name, nested in objects (``DPScannedImage`` for tissue, label and
macro; one ``PixelDataRepresentation`` a level). The other tiled pages are levels, with sparse
tiles. Label and macro stand as stripped pages described ``Label`` and ``Macro``, or as JPEG in
base64 inside the XML, or both: both must go, or the picture stays.

Objects come in any order, and an object's data may stand before its type, so the XML is
parsed first and read by names only. Pages are unlinked. Base64 becomes spaces of the same length,
which readers take for no picture. Other values are overwritten in place; of the derivation text
only the file name inside it goes. What an earlier tool left behind the end of the XML goes too.

Traps: the bar code is base64 as well; with broken XML readers take the slide for a plain TIFF, so
it is refused as damaged; the software tag must begin with the maker's name.

Source: OpenSlide's Philips page; the project's format map, sections 6 and 7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.errors import ContradictorySlide
from blankslide.formatkit import (
    findings,
    jpeg_blanks,
    tiff_byte_map,
    tiff_numbered_pages,
    tiff_pictures,
    tiff_tags,
)
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.label_rooms import held_room
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_shapes import is_marked, padded_shape, same_shape
from blankslide.formatkit.vocabulary import NUMBER
from blankslide.formatkit.xml_fields import XmlReader
from blankslide.formats.philips import vocabulary
from blankslide.formats.philips.base64_rewrite import Base64Text
from blankslide.model import AssociatedImage, Fill, Inspection, PhiClass, Place, SlideFile
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.containers.xml import Element
    from blankslide.formatkit.protocol import Probe


UNKNOWN = findings.UNKNOWN
RULES = vocabulary.RULES
_SOFTWARE_TAG = 305
_BARCODE_ID = "philips.xml.pim-dp-ufs-barcode"
_SOFTWARE = pattern(r"Philips(?: DP| UFS| IntelliSite)?(?: v?\d{1,4}(?:\.\d{1,6}){0,4})?(?=\s|$)|Philips")
_WHY_LEFT = "Picture of the slide's shape that nothing explains"
_LEVEL = pattern(r"\s*level=\d{1,4}(?:\s|$)")
_LEVEL_WORD = pattern(rf"level=\d{{1,4}}|mag={NUMBER}|quality=\d{{1,3}}")


class PhilipsTiff(Format):
    """The format object; see the module's docstring."""

    name = "philips_tiff"
    title = "Philips TIFF"
    suffixes = (".tiff", ".tif")
    marks = (b"Philips",)
    one_file = True
    removes = (
        "label and macro as pages and as base64; bar code, source file names, dates, calibration, serial number, "
        "operator, rack, slot and every unknown attribute of the XML; text tags; what stands behind the XML; "
        "orphaned bytes"
    )
    keeps = "pixel spacing, sizes, compression, derivation without names, maker, versions, ICC profile, tissue"
    readers = ("OpenSlide", "tifffile")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF of Philips software whose first description is a DPUfsImport object."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not (first.text(_SOFTWARE_TAG) or "").startswith("Philips"):
            return "the first page's software is not by Philips"
        entry = first.tags.get(T.IMAGE_DESCRIPTION)
        if entry is None or not vocabulary.ROOT.match(probe.main.read(entry.start, min(4096, entry.end - entry.start))):
            return "the first page's description does not begin with a DPUfsImport object"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff = probe.tiff
        pages = tiff.pages
        roles = [_role(i, p, pages[0]) for i, p in enumerate(pages)]
        named = {p.name: r for p, r in zip(pages, roles, strict=True)}
        bytemap = tiff_byte_map.claim_file(tiff, named)
        reader = _Reader()
        reader.found.bound(tiff.size)
        reader.scan(pages[0])
        for page, role in zip(pages, roles, strict=True):
            if role == "left":
                tiff_numbered_pages.picture_left(reader.found, page, _WHY_LEFT)
            elif role != "level":
                tiff_pictures.picture_finding(reader.found, page, role)
            if role in ("level", "left"):
                reader.description(page)
            read = reader.software(page) | {T.IMAGE_DESCRIPTION}
            tiff_tags.tag_findings(reader.found, page, read, {}, frozenset())
        complete = tiff_byte_map.unowned(reader.found, tiff.source, bytemap, tiff, named)
        own = [
            tiff_numbered_pages.associated(i, p, "unknown" if r == "left" else r)
            for i, (p, r) in enumerate(zip(pages, roles, strict=True))
            if r != "level"
        ]
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(tiff_numbered_pages.level(i, p) for i, p in enumerate(pages) if roles[i] == "level"),
            associated=(*own, *(a for a in reader.pictures if a.role not in roles)),
            findings=reader.found.finish(),
            maps=(bytemap,),
            mpp=reader.mpp,
            kept=tuple(reader.kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
        )


FORMAT: Format = PhilipsTiff()


def _role(index: int, page: Ifd, base: Ifd) -> str:
    """Judge layout and description of one page.

    Raises
    ------
    ContradictorySlide
        If a tiled page calls itself a picture or has not the slide's shape, or the first page is not tiled.
    """
    text = (page.text(T.IMAGE_DESCRIPTION) or "").lower() if index else ""
    described = next((role for role in ("label", "macro") if re.match(rf"\s*{role}(?![a-z])", text)), None)
    if page.is_tiled:
        if described:
            raise ContradictorySlide(f"page {index} is tiled like a level but described as {described}")
        if not (same_shape(page, base) or padded_shape(page, base)):
            raise ContradictorySlide(f"page {index} is tiled like a level but has not the slide's shape")
        return "level" if page is base or is_marked(page) or _LEVEL.match(text) else "left"
    if index == 0:
        raise ContradictorySlide("the first page is not tiled, so it is no level")
    # a page of the slide's shape that nothing explains may be tissue
    return described or ("left" if not text.strip() and same_shape(page, base) else "unknown")


class _Reader:
    """Reads the XML of page 0 and the texts of all pages into findings."""

    def __init__(self) -> None:
        self.found = FindingCollector()
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
        reader = XmlReader(
            self.found, self.kept, "philips.xml", RULES, vocabulary.called, skip=(vocabulary.DATA, vocabulary.BARCODE)
        )
        root = reader.read(page.raw(entry), entry.start, page.name)
        tissue = 0
        for element in root.walk():
            called = vocabulary.called(element)
            if called == vocabulary.DATA:
                self._picture(element, page.raw(entry), entry.start, page.name)
            elif called == vocabulary.BARCODE:
                vocabulary.barcode(self.found, _BARCODE_ID, element, entry.start, page.name)
            elif called == vocabulary.TYPE and element.text == "WSI" and element.parent is not None:
                tissue += 1
                self.mpp = self.mpp or vocabulary.spacing(element.parent)
        if tissue != 1:
            raise ContradictorySlide(f"the XML describes {tissue} scans of tissue where one belongs")

    def _picture(self, element: Element, body: bytes, base: int, where: str) -> None:
        """Report a picture inside the XML by the type that its own object states."""
        text = element.text
        if not text:
            return
        role = vocabulary.role_of(element)
        title = f"{role.capitalize()} picture"
        held = Base64Text.of(element, body, base)
        frame = jpeg_blanks.parse(vocabulary.decoded(text))
        fills = tuple(Fill(0, start, end, 0x20) for start, end in held.spans)
        rooms = held_room(held, frame, role, held.spans[0][0], fills) if fills else ()
        for fill in fills:
            place = Place(0, where, fill.start, fill.end)
            self.found.add(f"picture.{role}", title, PhiClass.IMAGE, place, (fill,), None, rooms=rooms)
        if frame is not None:
            self.pictures.append(AssociatedImage(role, frame.width, frame.height, 0, "JPEG"))

    def description(self, page: Ifd) -> None:
        """Report what a level's description holds besides level, magnification and quality."""
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
        """Report what follows the maker's name and version; return the tag if it was read."""
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
