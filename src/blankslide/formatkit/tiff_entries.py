"""Questions about all directory entries together: who shares a value, who points at unowned bytes.

A file may have many thousands of entries that point at one value. So each value is looked at once,
however many entries point at it, and gaps are found by binary search. In a settled byte map two
values are the same or do not overlap. So the cost grows with the number of entries plus the number
of bytes in values, not with their product.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from blankslide.containers.tiff.directories import Entry, Ifd, Tiff

_MOST = 4096
"""How many numbers of one entry are looked at; no unknown table of offsets is longer."""


def readings(tiff: Tiff, shared: Collection[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Find values that are read under several names; return the number of names of each."""
    names: dict[tuple[int, int], set[tuple[str, int]]] = {}
    for page in tiff.pages:
        for ifd in page.family():
            for entry in ifd.entries:
                if entry.inline is None and (entry.start, entry.end) in shared and not is_pages_own(page, ifd, entry):
                    kind = "" if ifd is page else child_kind(ifd)
                    names.setdefault((entry.start, entry.end), set()).add((kind, entry.tag))
    return {span: len(found) for span, found in names.items() if len(found) > 1}


def is_pages_own(page: Ifd, ifd: Ifd, entry: Entry) -> bool:
    """Whether a child and its page share the bytes of the same tag, so that both say the same."""
    own = page.tags.get(entry.tag)
    return ifd is not page and entry.inline is None and own is not None and own[4:] == entry[4:]


def child_kind(ifd: Ifd) -> str:
    """Return what kind of child a directory is: ``exif``, ``gps``, ``interoperability`` or ``sub``."""
    return next((k for k in ("EXIF", "GPS", "interoperability") if k in ifd.name), "sub").lower()


def pointed_at(tiff: Tiff, gaps: Sequence[tuple[int, int]], known: Collection[int]) -> bool:
    """Whether an integer of a tag that is not in ``known`` could be an offset into a gap (sorted, disjoint)."""
    starts = [start for start, _ in gaps]
    seen: set[tuple[int, int, int]] = set()
    for page in tiff.pages:
        for ifd in page.family():
            for entry in ifd.entries:
                value = (entry.start, entry.end, entry.type)
                if entry.tag in known or entry.type not in T.INTEGER_TYPES or entry.number > _MOST or value in seen:
                    continue
                seen.add(value)
                for number in tiff.integers(ifd, entry):
                    i = bisect_right(starts, number) - 1
                    if number >= 8 and i >= 0 and number < gaps[i][1]:
                        return True
    return False
