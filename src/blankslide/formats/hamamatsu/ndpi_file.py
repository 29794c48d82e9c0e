"""One NDPI file: which page is what, who owns which byte, and what can be found.

Used for slides of one file (NDPI) and of several (NDPIS). Page names may have a prefix that tells
the files of a set apart; places and edits are in file 0 here, and NDPIS moves them.

Source: OpenSlide's Hamamatsu page; the project's format map, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formatkit import tiff_byte_map, tiff_pictures
from blankslide.formatkit.findings import FindingCollector, places_in
from blankslide.formats.hamamatsu.ndpi_numbers import NUMBERS
from blankslide.formats.hamamatsu.ndpi_tags import Texts, readable_spans, tag_findings
from blankslide.model import AssociatedImage, Inspection, Level, SlideFile

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd, Tiff
    from blankslide.containers.tiff.ndpi import Ndpi

_LENS, _PLANE = 65421, 65424


def inspect_file(tiff: Tiff | Ndpi, format: str, title: str, name: str, prefix: str = "") -> Inspection:
    """List levels, pictures, findings and the owner of every byte of one file.

    Parameters
    ----------
    tiff
        The file, parsed as `Ndpi`.
    format, title
        Name and title of the format that asks.
    name
        Name of the file.
    prefix
        Text to put before the names of its pages.

    Raises
    ------
    SlideError
        If the file is damaged or its evidence contradicts itself.
    """
    pages = tiff.pages
    for ifd in (i for p in pages for i in p.family()):
        ifd.name = prefix + ifd.name
    roles = {p.name: _role(i, p, pages[0]) for i, p in enumerate(pages)}
    found, texts = FindingCollector(places_in(tiff.size)), Texts()
    around = [span for p in pages if roles[p.name] == "level" for span in readable_spans(found, p)]
    bytemap = tiff_byte_map.claim_file(tiff, roles, NUMBERS, sorted(set(around)))
    for page in pages:
        if roles[page.name] != "level":
            tiff_pictures.picture_finding(found, page, roles[page.name], weak=roles[page.name] == "map")
        tag_findings(found, page, texts)
    complete = tiff_byte_map.unowned(found, tiff.source, bytemap, tiff, roles, NUMBERS)
    return Inspection(
        format=format,
        title=title,
        files=(SlideFile(name, tiff.size),),
        levels=tuple(_level(i, p) for i, p in enumerate(pages) if _is_level(p, roles[p.name])),
        associated=tuple(_associated(i, p, roles[p.name]) for i, p in enumerate(pages) if roles[p.name] != "level"),
        findings=found.finish(),
        maps=(bytemap,),
        mpp=_mpp(pages[0]),
        objective=_lens(pages[0]),
        kept=tuple(texts.kept),
        chains=(tiff_byte_map.page_chain(tiff),),
        complete=complete,
    )


def _is_level(page: Ifd, role: str) -> bool:
    """Whether the page is a level of the pyramid; other focal planes are tissue, but no levels."""
    return role == "level" and not page.number(_PLANE)


def _level(index: int, page: Ifd) -> Level:
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    return Level(width, height, width, height, index)


def _associated(index: int, page: Ifd, role: str) -> AssociatedImage:
    number = page.number(T.COMPRESSION, 1)
    codec = "JPEG XR" if number in (22610, 34934) else T.CODECS.get(number, "unknown codec")
    return AssociatedImage(role, page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH), index, codec)


def _mpp(page: Ifd) -> tuple[float, float] | None:
    """Micrometres per pixel, from pixels per centimetre."""
    sides = [page.tiff.numbers(page, page.tags[t]) if t in page.tags else None for t in (282, 283)]
    if page.number(296) != 3 or not all(s and s[0] > 0 for s in sides):
        return None
    x, y = (1e4 / s[0] for s in sides if s)
    return x, y


# -- which page is what ------------------------------------------------------------------


def _lens(page: Ifd) -> float:
    entry = page.tags.get(_LENS)
    numbers = None if entry is None else page.tiff.numbers(page, entry)
    if not numbers:
        raise ContradictorySlide(f"{page.name} does not say through which lens it was seen")
    return numbers[0]


def _role(index: int, page: Ifd, base: Ifd) -> str:
    """Judge the evidence of one page.

    Raises
    ------
    ContradictorySlide
        If two pieces of evidence name different roles.
    """
    lens, (width, height) = _lens(page), _size(page)
    if lens > 0:
        if not _same_aspect(width, height, *_size(base)):
            raise ContradictorySlide(f"{page.name} is marked as a level but has not the slide's shape")
        _check_strip(page, "level")
        return "level"
    if index == 0:
        raise ContradictorySlide("page 0 is marked as a picture, where the largest level belongs")
    if lens == -1:
        if width >= base.number(T.IMAGE_WIDTH) and height >= base.number(T.IMAGE_LENGTH):
            raise ContradictorySlide(f"{page.name} is marked as the macro but is as large as the slide")
        _check_strip(page, "macro")
        return "macro"
    grey = page.number(T.SAMPLES_PER_PIXEL, 1) == 1 and page.number(T.COMPRESSION, 1) == 1
    grey = grey and page.number(T.BITS_PER_SAMPLE, 1) == 8  # a bar code has one bit
    return "map" if lens == -2 and grey else "unknown"


def _size(page: Ifd) -> tuple[int, int]:
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    if not (width and height):
        raise DamagedSlide(f"{page.name} has no size")
    return width, height


def _same_aspect(w: int, h: int, bw: int, bh: int) -> bool:
    # small levels are rounded to whole pixels
    return abs(w * bh - h * bw) <= max(0.05 * max(w * bh, h * bw), 2 * max(bw, bh))


def _check_strip(page: Ifd, role: str) -> None:
    """Refuse a strip that does not begin like a JPEG (or, for a picture, blank): it may be another page's."""
    starts, lengths = page.segments()
    if len(starts) != 1 or len(lengths) != 1 or page.is_tiled:
        raise ContradictorySlide(f"{page.name} is marked as a {role} but is not one strip")
    if page.number(T.COMPRESSION, 1) not in (6, 7):
        return
    head = page.tiff.source.read(starts[0], min(2, lengths[0]))
    if head != b"\xff\xd8" and (role == "level" or any(head)):
        raise DamagedSlide(f"the JPEG of {page.name} is not where its directory says")
