"""Leica SCN (SCN400, Versa): what each page is, and what the XML says.

Layout: BigTIFF; the first page's description is XML of the schema ``scn/2010/03/10`` or
``scn/2010/10/01``: a collection (the glass, in nanometres) with images (macro, scanned
regions), each with a view on the glass and one page for each resolution, channel and focal
plane. The XML refers to pages by their number, so none may leave the chain.

Which page is what: an image whose view is the whole glass is the macro; it shows the label at
its lower end, at every resolution. A supplemental image of type ``label`` is the label. All
others are tissue. The slide is refused if a view of the whole glass has a scanning objective, if
tissue has the macro's objective, or if a page has another size than the XML says, or two roles.
A page that the XML does not name is blanked, or left for review if it has the tissue's shape.

Macro and label are blanked tile by tile, with valid pictures. The barcode goes (in the newer
schema it is base64), and so do names, dates, and versions that hold a build date. Ids are replaced.

Source: OpenSlide's Leica page; the project's format map, section 8; a real XML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.tiff import directories as T
from blankslide.containers.xml import parse
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import tiff_byte_map, tiff_numbered_pages, tiff_tags
from blankslide.formatkit.findings import DEVICE, DIRECT, LINK, QUASI, FindingCollector, places_in
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_shapes import same_shape
from blankslide.formatkit.tiff_tags import TagRule
from blankslide.formatkit.vocabulary import INTEGER, NUMBER, VERSION
from blankslide.formatkit.xml_fields import Rule, XmlReader, markers, science
from blankslide.model import Inspection, PhiClass, Place, SlideFile
from blankslide.model.patterns import XML_PROLOG, pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.containers.xml import Element
    from blankslide.formatkit.protocol import Probe


_ROOT = pattern(
    XML_PROLOG + r"<scn\s[^>]*xmlns=[\"']http://www\.leica-microsystems\.com/scn/2010/(?:03/10|10/01)[\"']",
    re.S,
)
#: With more than this magnification an objective scans tissue; with less it photographs the glass.
_SCANNING = 2.0
_LABELS = ("label", "barcode")
_MODEL = pattern(r"(?:Leica |Aperio )?(?:SCN ?400F?|SCN|Versa ?\d{0,3})(?:;(?:Leica )?(?:SCN ?400F?|SCN|Versa))*")
_VERSION = pattern(rf"{VERSION}(?:;{VERSION}){{0,4}}")
_SCHEMA = r"http://www\.leica-microsystems\.com/scn/2010/(?:03/10|10/01)"

#: What the XML may say; see `formatkit.xml_fields.XmlReader` for the form of the keys.
TABLE: dict[str, Rule] = {
    "scn@uuid": Rule("scn.uuid", LINK, title="Document UUID"),
    "collection@name": Rule("collection.name", DIRECT, title="Collection name"),
    "collection@uuid": Rule("collection.uuid", LINK, title="Collection UUID"),
    "collection@barcode": Rule("collection.barcode", DIRECT, title="Barcode"),
    "barcode": Rule("collection.barcode", DIRECT, title="Barcode"),
    "image@name": Rule("image.name", DIRECT, title="Image name"),
    "image@uuid": Rule("image.uuid", LINK, title="Image UUID"),
    "creationDate": Rule("image.creation-date", QUASI, title="Creation date"),
    "device@model": Rule("device.model", DEVICE, _MODEL, weak=True, title="Device model"),
    "device@version": Rule("device.version", DEVICE, _VERSION, weak=True, title="Device version"),
    **science(INTEGER, "*@sizeX *@sizeY *@offsetX *@offsetY *@spacingZ *@offsetZ"),
    **science(r"\d{1,5}", "dimension@r dimension@c dimension@z *@ifd pixels@firstIFD channel@index"),
    **science(NUMBER, "objective numericalAperture *@exposureTime *@gain *@gamma"),
    **science("brightfield|fluorescence|transmitted|epi", "illuminationSource"),
    **science("(?i:label|barcode|macro|overview|thumbnail|photo)", "supplementalImage@type"),
    **science(r"#[0-9A-Fa-f]{6,8}", "channel@rgb"),
    **markers("channel@name"),
    **science(rf"\s*{_SCHEMA}(?:\s+(?:{_SCHEMA}/)?(?:scn|SCN)\.xsd)?\s*", "scn@schemaLocation"),
}
#: These go with their element or attribute, because a blank date is not valid.
WHOLE = ("image.creation-date",)


class Leica(Format):
    """The format object; see the module's docstring."""

    name = "leica"
    title = "Leica SCN"
    suffixes = (".scn",)
    marks = (b"leica-microsystems",)
    one_file = True
    removes = (
        "macro (every resolution) and label pictures, blanked in place; barcode, names, creation dates, versions with "
        "build dates, UUIDs and every unknown text of the XML; tags 306, 315 and the other text tags; orphaned bytes"
    )
    keeps = "geometry, objective, numerical aperture, illumination, resolution tags, page numbers, coded tissue"
    label_last = True
    readers = ("OpenSlide", "tifffile", "slideio")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page is tiled and holds Leica's XML."""
        if not probe.is_tiff:
            return "not a TIFF"
        first = probe.tiff.first
        if not _ROOT.match(first.text(T.IMAGE_DESCRIPTION) or ""):
            return "the first page's description is not Leica's XML"
        return None if first.is_tiled else "the first page is not tiled"

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff, pages = probe.tiff, probe.tiff.pages
        entry = pages[0].tags[T.IMAGE_DESCRIPTION]
        data = pages[0].raw(entry)
        root = parse(data.partition(b"\0")[0])
        slide = _Slide(root, pages)
        roles = {p.name: r for p, r in zip(pages, slide.roles, strict=True)}
        bytemap = tiff_byte_map.claim_file(tiff, roles)
        found, kept = FindingCollector(places_in(tiff.size)), list[Place]()
        tiff_numbered_pages.blank_pictures(found, pages, roles)
        XmlReader(found, kept, "leica", TABLE, whole=WHOLE).read(data, entry.start, pages[0].name, root)
        for i, page in enumerate(pages):
            if slide.roles[i] == "left":
                tiff_numbered_pages.picture_left(found, page, "Picture of the tissue's shape that nothing explains")
            skip = _DESCRIPTION if i == 0 else frozenset()
            tiff_tags.tag_findings(found, page, skip, _TAGS, frozenset())
        complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles)
        others = [i for i, r in enumerate(slide.roles) if r != "level"]
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=tuple(tiff_numbered_pages.level(i, pages[i]) for i in slide.levels),
            associated=tuple(tiff_numbered_pages.associated(i, pages[i], slide.role(i)) for i in others),
            findings=found.finish(),
            maps=(bytemap,),
            mpp=slide.mpp,
            objective=slide.objective,
            kept=tuple(kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
            notes=slide.notes,
        )


FORMAT: Format = Leica()

_DESCRIPTION = frozenset((T.IMAGE_DESCRIPTION,))
_TAGS = {T.IMAGE_DESCRIPTION: TagRule("leica.other-description", "Description of a further page", PhiClass.UNKNOWN)}


# -- which page is what ------------------------------------------------------------------


class _Image(NamedTuple):
    """One image of the XML: page number -> (resolution, channel, plane, width, height)."""

    pages: dict[int, tuple[int, int, int, int, int]]
    whole: bool
    power: float
    view: tuple[int, int]

    @property
    def width(self) -> int:
        return max(d[3] for d in self.pages.values())


class _Slide:
    """Roles of all pages, and what the tissue's image says.

    Raises
    ------
    ContradictorySlide, DamagedSlide
        If the XML and the pages do not fit together.
    """

    def __init__(self, root: Element, pages: list[Ifd]) -> None:
        collection = root.find("collection")
        if collection is None:
            raise DamagedSlide("the XML describes no collection of images")
        glass = (_whole(collection, "sizeX"), _whole(collection, "sizeY"))
        images = [_image(e, glass) for e in collection.walk() if e.name == "image"]
        _agree(images)
        self.roles = _roles(images, collection, pages)
        regions = [i for i in images if not i.whole]
        main = max(regions, key=lambda i: i.width)
        flat = [n for n, (_, c, z, _, _) in main.pages.items() if c == 0 and z == 0] or list(main.pages)
        self.levels = sorted(flat, key=lambda n: -main.pages[n][3])
        self.objective = main.power or None
        size = main.view[0] / main.width / 1000
        self.mpp = (size, size) if size > 0 else None
        self.notes = (f"{len(regions)} regions; the largest is shown",) if len(regions) > 1 else ()

    def role(self, number: int) -> str:
        """Return the role by which a picture is shown."""
        return "unknown" if self.roles[number] == "left" else self.roles[number]


def _whole(element: Element, name: str, default: str = "") -> int:
    """Read a number without which the structure cannot be understood."""
    text = element.value(name, default).strip()
    if not re.fullmatch(INTEGER, text):
        raise DamagedSlide(f"the XML has a {element.name} without a usable {name}")
    return int(text)


def _image(element: Element, glass: tuple[int, int]) -> _Image:
    view = element.find("view")
    if view is None:
        raise DamagedSlide("the XML has an image without a view")
    pages: dict[int, tuple[int, int, int, int, int]] = {}
    for d in element.walk():
        if d.name == "dimension":
            number = _whole(d, "ifd")
            if number in pages:
                raise ContradictorySlide(f"the XML gives page {number} to one image twice")
            r, c, z = (_whole(d, k, "0") for k in "rcz")
            pages[number] = r, c, z, _whole(d, "sizeX"), _whole(d, "sizeY")
    if not pages:
        raise DamagedSlide("the XML has an image without a page")
    power = element.find("objective")
    text = power.text if power is not None else ""
    size = _whole(view, "sizeX"), _whole(view, "sizeY")
    whole = size == glass and (_whole(view, "offsetX", "0"), _whole(view, "offsetY", "0")) == (0, 0)
    return _Image(pages, whole, float(text) if re.fullmatch(r"\d{1,4}(?:\.\d{1,8})?", text) else 0.0, size)


def _agree(images: list[_Image]) -> None:
    """Refuse images whose view and objective disagree."""
    if not any(not i.whole for i in images):
        raise ContradictorySlide("every image of the XML covers the whole glass, so none is known to be tissue")
    for image in images:
        if image.power and image.whole != (image.power < _SCANNING):
            how = "covers the whole glass but has a scanning objective" if image.whole else "has a macro's objective"
            raise ContradictorySlide(f"an image {how}, so macro and tissue cannot be told apart")


def _agree_in_shape(image: _Image) -> None:
    """Refuse an image whose resolutions differ in shape: one of them is no picture of the same."""
    sizes = [(width, height) for *_, width, height in image.pages.values()]
    bw, bh = max(sizes)
    if any(abs(w * bh - h * bw) > max(0.05 * max(w * bh, h * bw), 2 * max(bw, bh)) for w, h in sizes):
        raise ContradictorySlide("the XML gives one image pages of different shapes")


def _roles(images: list[_Image], collection: Element, pages: list[Ifd]) -> list[str]:
    named: dict[int, str] = {}
    for image in images:
        _agree_in_shape(image)
        for number, (*_, width, height) in image.pages.items():
            _name(named, number, "macro" if image.whole else "level", pages)
            page = pages[number]
            if (page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)) != (width, height):
                raise ContradictorySlide(f"page {number} has another size than the XML says")
    for extra in collection.walk():
        if extra.name == "supplementalImage":
            kind = extra.value("type").strip().lower()
            _name(named, _whole(extra, "ifd"), "label" if kind in _LABELS else "unknown", pages)
    tissue = [pages[n] for n, role in named.items() if role == "level"]
    return [named.get(i) or _unnamed(page, tissue) for i, page in enumerate(pages)]


def _unnamed(page: Ifd, tissue: list[Ifd]) -> str:
    """Say what a page is that the XML does not name: one in tiles, of the tissue's shape, may be tissue."""
    return "left" if page.is_tiled and any(same_shape(page, t) for t in tissue[:64]) else "unknown"


def _name(named: dict[int, str], number: int, role: str, pages: list[Ifd]) -> None:
    if not 0 <= number < len(pages):
        raise DamagedSlide("the XML names a page that does not exist")
    if number in named:
        raise ContradictorySlide(f"the XML gives page {number} to two images")
    named[number] = role
