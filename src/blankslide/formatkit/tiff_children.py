"""Directories below a page: which of them is a level, and which is a picture that nobody looks at.

Pyramids hang below their page as SubIFDs. A child is a level only if it is a smaller picture of the page's shape and
samples, and is marked as a reduced version (NewSubfileType). One of the same shape without the mark or with other
samples, or as large as its page, may be tissue or not: it is left, and the slide needs review. So is one whose size may
be what is wrong: it has more tiles than its size needs, or tiles that are coded as its page's and either the mark of a
reduced version or a size that fills less than an eighth of one. Any other child that holds a picture is blanked in
place, because it stays linked: a label under a level is no tissue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T
from blankslide.containers.tiff import surplus
from blankslide.errors import DamagedSlide
from blankslide.formatkit import tiff_numbered_pages, tiff_pictures
from blankslide.formatkit.tiff_shapes import has_tiles_of, is_alike, same_shape
from blankslide.model import PhiClass, Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blankslide.containers.tiff.directories import Ifd, Tiff
    from blankslide.formatkit.findings import FindingCollector

__all__ = ["GOES", "child_findings", "child_role", "is_kept"]

_SLIVER = 8
GOES = frozenset(("label", "macro", "unknown"))
"""Roles of pages that go with all their children."""


def is_kept(role: str) -> bool:
    """Whether a page of this role can stay, so that all it points at must be accounted for."""
    return role not in GOES


def child_role(page: Ifd, child: Ifd, role: str = "level") -> str:
    """Say what a child is: ``level``, ``left``, ``picture``, or nothing if it holds none.

    Parameters
    ----------
    role
        Role of the page.

    Raises
    ------
    DamagedSlide
        If it has fewer strips or tiles than its size needs, below a level.
    """
    if not tiff_numbered_pages.has_picture(child):
        return ""
    if role != "level" and not role.startswith("left"):
        return "picture"
    if surplus.needed(child) > len(child.segments()[0]):
        raise DamagedSlide(f"{child.name} has fewer strips or tiles than its size needs")
    width, height = child.number(T.IMAGE_WIDTH), child.number(T.IMAGE_LENGTH)
    full = page.number(T.IMAGE_WIDTH), page.number(T.IMAGE_LENGTH)
    if not (width and height):
        return "picture"
    if not same_shape(child, page):
        spare = surplus.spare_segments(child, surplus.needed(child))
        return "left" if spare or _has_wrong_size(child, page) else "picture"
    if not is_alike(child, page):
        return "left"
    marked = child.number(T.NEW_SUBFILE_TYPE) & 9 == 1
    below = child.pointer in _pointers(page)
    return "level" if marked and below and width < full[0] and height < full[1] else "left"


def _has_wrong_size(child: Ifd, page: Ifd) -> bool:
    """Whether a child has tiles that are coded as its page's, and a level's mark or a size that is hard to believe."""
    width, height = child.number(T.IMAGE_WIDTH), child.number(T.IMAGE_LENGTH)
    tile = child.number(T.TILE_WIDTH), child.number(T.TILE_LENGTH)
    is_sliver = _SLIVER * width < tile[0] or _SLIVER * height < tile[1]
    is_marked = child.number(T.NEW_SUBFILE_TYPE) & 1 and child.pointer in _pointers(page)
    return bool(is_sliver or is_marked) and has_tiles_of(child, page)


def _pointers(page: Ifd) -> range:
    """Where the pointers to a page's SubIFDs stand."""
    entry = page.tags.get(T.SUB_IFDS)
    return range(0) if entry is None else range(entry.start, entry.end, T.TYPE_SIZE[entry.type])


def child_findings(found: FindingCollector, tiff: Tiff, roles: Mapping[str, str]) -> None:
    """Record the pictures below pages that can stay: those that are blanked, and those that are left.

    Raises
    ------
    DamagedSlide
        If such a picture has no size.
    """
    for page in tiff.pages:
        if not page.children or not is_kept(roles[page.name]):
            continue
        for child in (ifd for ifd in page.family() if ifd is not page):
            given = child_role(page, child, roles[page.name])
            place = Place(0, child.name, child.offset, child.end)
            if given == "picture":
                edit = tiff_pictures.blank_edit(child)._replace(owner=page.name)
                found.add("picture.unknown", "Picture below a page", PhiClass.IMAGE, place, (edit,), None)
            elif given == "left":
                tiff_numbered_pages.picture_left(found, child, "Picture below a page that nothing explains")
