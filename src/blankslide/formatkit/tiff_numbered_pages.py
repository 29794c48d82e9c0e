"""Pages that readers find by their number, so that none may be unlinked.

Some formats number their pages in XML. There, a blank picture is drawn over every strip or tile of
a picture's page and of the page's children. Text in its JPEG tables goes too, unless the tissue
uses the same tables. Also here: how any page is described as a level or a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from blankslide.containers.streams import jpeg
from blankslide.containers.tiff import directories as T
from blankslide.formatkit import tiff_pictures
from blankslide.model import AssociatedImage, Blank, Fill, Level, PhiClass, Place

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Ifd
    from blankslide.formatkit.findings import FindingCollector

__all__ = ["associated", "blank_pictures", "has_picture", "level", "picture_left", "pixel_size"]

_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_MICROMETRES = {2: 25400.0, 3: 10000.0}


def has_picture(ifd: Ifd) -> bool:
    """Whether a directory describes a picture rather than EXIF or GPS."""
    return T.TILE_OFFSETS in ifd.tags or T.STRIP_OFFSETS in ifd.tags


def level(index: int, page: Ifd) -> Level:
    """Describe a page as a level; a strip counts as a tile as wide as the page."""
    width, height = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    if page.is_tiled:
        return Level(width, height, page.number(T.TILE_WIDTH), page.number(T.TILE_LENGTH), index)
    return Level(width, height, width, min(height, page.number(T.ROWS_PER_STRIP, height) or height), index)


def associated(index: int, page: Ifd, role: str) -> AssociatedImage:
    """Describe a page as a picture beside the tissue."""
    codec = T.CODECS.get(page.number(T.COMPRESSION, 1), "unknown codec")
    return AssociatedImage(role, page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH), index, codec)


def pixel_size(page: Ifd) -> tuple[float, float] | None:
    """Micrometres per pixel (x, y) from the resolution tags; None where they are not plausible."""
    unit = _MICROMETRES.get(page.number(_RESOLUTION_UNIT, 2))
    sizes = []
    for tag in (_X_RESOLUTION, _Y_RESOLUTION):
        entry = page.tags.get(tag)
        values = page.tiff.numbers(page, entry) if entry is not None else None
        sizes.append(unit / values[0] if unit and values and values[0] > 0 else 0.0)
    return (sizes[0], sizes[1]) if all(0.01 <= s <= 100 for s in sizes) else None


def blank_pictures(found: FindingCollector, pages: Sequence[Ifd], roles: Mapping[str, str]) -> None:
    """Record every picture that is blanked in place; thumbnails as weak.

    Parameters
    ----------
    roles
        Page name -> role. Pages with the role ``level``, or a role that begins with ``left``, are not touched.
    """
    tissue = {_tables(ifd) for p in pages if not _is_removed(roles[p.name]) for ifd in p.family()}
    for page in pages:
        role = roles[page.name]
        if not _is_removed(role):
            continue
        title = f"{role.capitalize()} picture" if role != "unknown" else "Unknown picture"
        place = Place(0, page.name, page.offset, page.end)
        edits = tuple(_blank(ifd, page.name) for ifd in page.family() if has_picture(ifd))
        rooms = tiff_pictures.label_rooms(page, role, edits[0]) if has_picture(page) else ()
        rooms = tuple(room._replace(also=edits[1:]) for room in rooms)
        found.add(f"picture.{role}", title, PhiClass.IMAGE, place, edits, None, role == "thumbnail", rooms)
        for ifd in page.family():
            if _tables(ifd) not in tissue:
                _table_texts(found, ifd, page.name)


def _table_texts(found: FindingCollector, ifd: Ifd, where: str) -> None:
    """Report text in JPEG tables; text in the pictures themselves goes when they are drawn over."""
    entry = ifd.tags.get(T.JPEG_TABLES)
    if entry is None:
        return
    data = ifd.raw(entry)
    for segment in jpeg.comment_segments(data):
        start, end = entry.start + segment.start, entry.start + segment.end
        text = data[segment.start : segment.end].rstrip(b"\0").decode("latin-1")
        edit = (Fill(0, start, end),)
        found.add("jpeg.tables-text", "Text in JPEG tables", PhiClass.UNKNOWN, Place(0, where, start, end), edit, text)


def _is_removed(role: str) -> bool:
    return role != "level" and not role.startswith("left")


def _blank(ifd: Ifd, owner: str) -> Blank:
    return tiff_pictures.blank_edit(ifd)._replace(owner=owner)


def _tables(ifd: Ifd) -> tuple[int, int] | None:
    entry = ifd.tags.get(T.JPEG_TABLES)
    return None if entry is None else (entry.start, entry.end)


def picture_left(found: FindingCollector, page: Ifd, title: str) -> None:
    """Record a picture that the format does not understand: it stays, and the slide needs review."""
    found.add("picture.unknown", title, PhiClass.IMAGE, Place(0, page.name, page.offset, page.end), (), None)
