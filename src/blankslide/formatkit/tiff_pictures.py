"""Associated images of a TIFF: the edits that unlink one, or blank it in place."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.errors import DamagedSlide, SlideError
from blankslide.model import Blank, Coding, Drop, PhiClass, Place, Pointers, Room, Slots

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.model import Edit


_MOST_SEGMENTS = 4096
"""Strips or tiles of a picture that a label may be drawn in."""


def picture_finding(found: FindingCollector, page: Ifd, role: str, weak: bool = False) -> None:
    """Record an associated image whose page is to be unlinked."""
    title = f"{role.capitalize()} picture" if role != "unknown" else "Unknown picture"
    place = Place(0, page.name, page.offset, page.end)
    found.add(f"picture.{role}", title, PhiClass.IMAGE, place, (Drop(page.name),), None, weak, label_rooms(page, role))


def label_rooms(page: Ifd, role: str, instead: Edit | None = None) -> tuple[Room, ...]:
    """Return where a new label may be drawn: into the picture of a page that is a label or a macro.

    Parameters
    ----------
    instead
        The edit that it takes the place of; that which unlinks the page by default.
    """
    if role not in ("label", "macro"):
        return ()
    try:
        if len(page.segments()[0]) > _MOST_SEGMENTS:
            return ()
        blank = blank_edit(page)
    except SlideError:  # a page without pixels can go, but nothing can be drawn in it
        return ()
    size = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    pointers = _pointers(page, len(blank.slots))
    return (Room(blank, role, *size, page.offset, (instead or Drop(page.name),), pointers=pointers),)


def _pointers(page: Ifd, count: int) -> Pointers | None:
    """Return where a page of several strips says where they are, if it says so in plain numbers."""
    where = page.tags.get(T.TILE_OFFSETS) or page.tags.get(T.STRIP_OFFSETS)
    size = page.tags.get(T.TILE_BYTE_COUNTS) or page.tags.get(T.STRIP_BYTE_COUNTS)
    if count < 2 or where is None or size is None or where.number != count or size.number != count:
        return None
    wide = (where.end - where.start) // count, (size.end - size.start) // count
    return Pointers(where.start, size.start, wide) if {*wide} <= {2, 4, 8} else None


def blank_edit(page: Ifd) -> Blank:
    """Return the edit that draws a blank picture over a page, which stays linked.

    Raises
    ------
    DamagedSlide
        If the page has no image data, or no size.
    """
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    planar = page.number(T.PLANAR_CONFIGURATION, 1) == 2
    tiled = page.is_tiled
    across = page.number(T.TILE_WIDTH, width) if tiled else width
    down = page.number(T.TILE_LENGTH, height) if tiled else page.number(T.ROWS_PER_STRIP, height) or height
    if not (width and height and across and down):
        raise DamagedSlide(f"{page.name} has no size")
    tables = page.tags.get(T.JPEG_TABLES)
    sampling = tuple(page.ints(T.YCC_SUBSAMPLING)) or (2, 2)
    coding = Coding(
        compression=page.number(T.COMPRESSION, 1),
        photometric=page.number(T.PHOTOMETRIC, 1),
        bits=page.number(T.BITS_PER_SAMPLE, 1),
        samples=1 if planar else page.number(T.SAMPLES_PER_PIXEL, 1),
        predictor=page.number(T.PREDICTOR, 1),
        sampling=(sampling[0], sampling[-1]),
        tables=None if tables is None else (tables.start, tables.end),
        order=page.tiff.byteorder,
    )
    rows = -(-height // down)
    starts, lengths = page.segments()
    if len(starts) != len(lengths):
        raise DamagedSlide(f"{page.name} has {len(starts)} offsets but {len(lengths)} byte counts")
    last = (0, 0) if tiled else (rows, height - (rows - 1) * down)
    slots = Slots(tuple(starts), tuple(map(add, starts, lengths)), across, down, last)
    return Blank(0, page.name, coding, slots)
