"""OME-TIFF: which image of the OME-XML is what, and what the XML says.

Layout: the first page's description is OME-XML. It lists images; each refers to its planes by
the number of their page (``TiffData``), so no page may leave the chain. Smaller resolutions are
SubIFDs of the plane's page.

Which page is what: of the images whose whole name is not that of a picture, the largest is
the tissue. An image is the label, macro or thumbnail only if that is its *whole* name; these
are blanked in place at every resolution. Any other image, and any page that no image claims,
is left, and the slide needs review: it may be a second region or a second label. The slide is
refused if a picture is larger than the tissue, if a page has two roles or another size than the
XML says, or if its XML stands in another file.

The XML is edited, never erased: geometry, channels and optics stay if their values are legal;
names, dates, people, serial numbers and file names go; ids are replaced. Of the scanner's own
metadata that Bio-Formats copies (``OriginalMetadata``) only known science stays. The name of
another file of the same set stays, because the set needs it, and the slide needs review.

Source: OME schema 2016-06; the project's format map, section 12; files of Bio-Formats.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.tiff import directories as T
from blankslide.containers.xml import parse
from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable
from blankslide.formatkit import tiff_byte_map, tiff_numbered_pages, tiff_tags
from blankslide.formatkit.findings import FindingCollector, places_in
from blankslide.formatkit.protocol import Format
from blankslide.formatkit.tiff_children import child_role
from blankslide.formatkit.tiff_tags import TagRule
from blankslide.formatkit.vocabulary import INTEGER, UNSIGNED_NUMBER
from blankslide.formats.ome import vocabulary
from blankslide.model import Inspection, Level, PhiClass, Place, SlideFile
from blankslide.model.patterns import XML_PROLOG, pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.containers.xml import Element
    from blankslide.formatkit.protocol import Probe


_ROOT = pattern(XML_PROLOG + r"<(?:\w{1,16}:)?OME\s[^>]*openmicroscopy\.org/", re.S)
_MICROMETRES = {"nm": 0.001, "µm": 1.0, "um": 1.0, "mm": 1000.0, "cm": 10000.0, "m": 1e6}
_NUMBER = pattern(UNSIGNED_NUMBER)
_DESCRIPTION = frozenset((T.IMAGE_DESCRIPTION,))
_TAGS = {T.IMAGE_DESCRIPTION: TagRule("ome.other-description", "Description of a further page", PhiClass.UNKNOWN)}
_MOST_PLANES = T.MAX_IFDS

#: Whole names of images that are pictures beside the tissue
NAMES = vocabulary.NAMES
#: What the OME-XML may say
TABLE = vocabulary.TABLE


class OmeTiff(Format):
    """The format object; see the module's docstring."""

    name = "ome_tiff"
    title = "OME-TIFF"
    suffixes = (".ome.tif", ".ome.tiff", ".ome.tf2", ".ome.btf", ".tif", ".tiff")
    marks = (b"openmicroscopy",)
    one_file = True
    removes = (
        "pictures named label, macro, overview or thumbnail, blanked in place; people, names, dates, descriptions, "
        "serial numbers, file names, copied scanner metadata and every unknown text of the OME-XML; tag 306 and the "
        "other text tags; orphaned bytes"
    )
    keeps = "pixel sizes, dimensions, channels, optics, plane numbers, resolution tags, coded tissue"
    readers = ("tifffile", "OpenSlide")

    def detect(self, probe: Probe) -> str | None:
        """Accept a TIFF whose first page holds OME-XML."""
        if not probe.is_tiff:
            return "not a TIFF"
        if not is_ome(probe.tiff.first):
            return "the first page's description is not OME-XML"
        return None

    def inspect(self, probe: Probe) -> Inspection:
        """List levels, pictures, findings and the owner of every byte."""
        tiff, pages = probe.tiff, probe.tiff.pages
        root = parse(pages[0].raw(pages[0].tags[T.IMAGE_DESCRIPTION]).partition(b"\0")[0])
        slide = _Slide(root, pages)
        roles = {p.name: r for p, r in zip(pages, slide.roles, strict=True)}
        bytemap = tiff_byte_map.claim_file(tiff, roles)
        found, kept = FindingCollector(places_in(tiff.size)), list[Place]()
        tiff_numbered_pages.blank_pictures(found, pages, roles)
        reader = vocabulary.OmeXml(found, kept)
        for page in pages:
            role = roles[page.name]
            if role.startswith("left"):
                tiff_numbered_pages.picture_left(found, page, "Picture that the XML does not explain")
            own = is_ome(page)
            if own:
                entry = page.tags[T.IMAGE_DESCRIPTION]
                reader.read(page.raw(entry), entry.start, page.name, root if page is pages[0] else None)
            tiff_tags.tag_findings(found, page, _DESCRIPTION if own else frozenset(), _TAGS, frozenset())
        complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles)
        return Inspection(
            format=self.name,
            title=self.title,
            files=(SlideFile(probe.files.name, tiff.size),),
            levels=slide.levels,
            associated=tuple(
                tiff_numbered_pages.associated(i, pages[i], "unknown" if r.startswith("left") else r)
                for i, r in enumerate(slide.roles)
                if r != "level"
            ),
            findings=found.finish(),
            maps=(bytemap,),
            mpp=slide.mpp,
            objective=slide.objective,
            kept=tuple(kept),
            chains=(tiff_byte_map.page_chain(tiff),),
            complete=complete,
            notes=slide.notes,
        )


FORMAT: Format = OmeTiff()


def is_ome(page: Ifd) -> bool:
    """Whether a page's description begins like OME-XML."""
    return bool(_ROOT.match(page.text(T.IMAGE_DESCRIPTION) or ""))


# -- which page is what ------------------------------------------------------------------


class _Series(NamedTuple):
    """One image of the XML: its role, if its name is one, the pages of its planes, its size in pixels."""

    role: str
    pages: tuple[int, ...]
    width: int
    height: int
    element: Element

    @property
    def area(self) -> int:
        return self.width * self.height


class _Slide:
    """Roles of all pages, and what the tissue's image says.

    Raises
    ------
    ContradictorySlide, DamagedSlide, NotEditable
        If the XML and the pages do not fit together.
    """

    def __init__(self, root: Element, pages: list[Ifd]) -> None:
        images = [e for e in root.children if e.name == "Image"]
        if not images:
            raise NotEditable("the OME-XML stands in a companion file, so this file does not say what its pages are")
        own = _own_uuid(root)
        self.series = [_series(e, pages, own, alone=len(images) == 1) for e in images]
        main = _main([s for s in self.series if s.pages])
        self.roles = _roles(self.series, main, pages)
        top = main.pages[0]
        self.levels = _resolutions(top, pages[top])
        pixels = main.element.find("Pixels")
        sizes = [_length(pixels, f"PhysicalSize{a}") for a in "XY"] if pixels is not None else [0.0, 0.0]
        self.mpp = (sizes[0], sizes[1]) if min(sizes) > 0 else None
        power = next((e.value("NominalMagnification") for e in root.walk() if e.name == "Objective"), "")
        self.objective = float(power) if _NUMBER.fullmatch(power) else None
        extra = sum(r.startswith("left") for r in self.roles)
        self.notes = (f"{extra} pages are no known picture and were left: look at them",) if extra else ()


def _resolutions(number: int, page: Ifd) -> tuple[Level, ...]:
    """Describe a page and its SubIFDs as levels, largest first; each must be smaller than the last."""
    levels = [tiff_numbered_pages.level(number, page)]
    children = page.ints(T.SUB_IFDS)
    for child in page.children:
        if child.offset in children and child_role(page, child) == "level":
            level = tiff_numbered_pages.level(number, child)._replace(child=list(children).index(child.offset))
            if level.width < levels[-1].width and level.height < levels[-1].height:
                levels.append(level)
    return tuple(levels)


def _whole(element: Element, name: str, default: str = "") -> int:
    """Read a number without which the structure cannot be understood."""
    text = element.value(name, default).strip()
    if not re.fullmatch(INTEGER, text) or int(text) < 0:
        raise DamagedSlide(f"the OME-XML has a {element.name} without a usable {name}")
    return int(text)


def _length(pixels: Element, name: str) -> float:
    text, unit = pixels.value(name), pixels.value(f"{name}Unit", "µm")
    return float(text) * _MICROMETRES.get(unit, 0.0) if _NUMBER.fullmatch(text) else 0.0


def _series(image: Element, pages: list[Ifd], own: str, alone: bool) -> _Series:
    pixels = image.find("Pixels")
    if pixels is None:
        raise DamagedSlide("the OME-XML has an image without pixels")
    width, height = _whole(pixels, "SizeX"), _whole(pixels, "SizeY")
    data = [e for e in pixels.children if e.name == "TiffData"]
    if not data and not alone:
        raise ContradictorySlide("the OME-XML has several images but does not say which pages are theirs")
    planes = _planes(pixels, pages)
    numbers: list[int] = []
    for block in data:
        if not _elsewhere(block, own):
            numbers.extend(_block(block, planes))
    if not data:
        numbers.extend(range(planes))
    if any(n >= len(pages) for n in numbers):
        raise DamagedSlide("the OME-XML names a page that does not exist")
    role = NAMES.get(" ".join(image.value("Name").split()).lower(), "")
    return _Series(role, tuple(numbers), width, height, image)


def _planes(pixels: Element, pages: list[Ifd]) -> int:
    channels = sum(e.name == "Channel" for e in pixels.children)
    samples = max(1, pages[0].number(T.SAMPLES_PER_PIXEL, 1))
    count = _whole(pixels, "SizeZ") * _whole(pixels, "SizeT") * (channels or _whole(pixels, "SizeC") // samples or 1)
    if not 0 < count <= _MOST_PLANES:
        raise DamagedSlide("the OME-XML announces no planes, or more than any slide has")
    return count


def _block(block: Element, planes: int) -> range:
    """Pages of one ``TiffData``; without number and count it means all planes."""
    first = _whole(block, "IFD", "0")
    default = 1 if block.get("IFD") else planes
    count = _whole(block, "PlaneCount", str(default))
    if count > _MOST_PLANES:
        raise DamagedSlide("the OME-XML announces more planes than any slide has")
    return range(first, first + count)


def _own_uuid(root: Element) -> str:
    """Return the UUID under which this file's planes are listed.

    It is the document's own, unless all planes have the same other one. It is empty if each plane has one of its
    own, but all of them the same file name.
    """
    planes = [e for e in root.walk() if e.name == "UUID"]
    listed, own = {e.text.lower() for e in planes}, root.value("UUID").strip().lower()
    if own not in listed and len(listed) > 1 and len({e.value("FileName") for e in planes}) == 1:
        return ""
    return listed.pop() if len(listed) == 1 else own


def _elsewhere(block: Element, own: str) -> bool:
    """Whether the planes are in another file of the set."""
    uuid = block.find("UUID")
    return uuid is not None and bool(own) and uuid.text.lower() != own


def _main(series: list[_Series]) -> _Series:
    unnamed = [s for s in series if not s.role]
    if not unnamed:
        raise ContradictorySlide("no image of the OME-XML in this file can be the tissue")
    main = max(unnamed, key=lambda s: s.area)
    if any(s.role and s.area > main.area for s in series):
        raise ContradictorySlide("an image named as a label, macro or thumbnail is larger than the tissue")
    return main


def _fitting(one: _Series, main: _Series) -> str:
    """Return an image's role; one that is called a thumbnail and has not the tissue's shape may show the label."""
    skew = abs(one.width * main.height - one.height * main.width)
    largest = max(one.width * main.height, one.height * main.width)
    if one.role == "thumbnail" and skew > max(0.05 * largest, 2 * max(main.width, main.height)):
        return "unknown"
    return one.role


def _roles(series: list[_Series], main: _Series, pages: list[Ifd]) -> list[str]:
    roles: dict[int, str] = {}
    for one in series:
        for number in one.pages:
            if number in roles:
                raise ContradictorySlide(f"the OME-XML gives page {number} to two planes")
            page = pages[number]
            if (page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)) != (one.width, one.height):
                raise ContradictorySlide(f"page {number} has another size than the OME-XML says")
            roles[number] = "level" if one is main else _fitting(one, main) or "left"
    return [roles.get(i, "left") for i in range(len(pages))]
