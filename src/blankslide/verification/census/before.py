"""What the pictures of a slide look like before anything is written.

Words and pixels can contradict each other: what a plan calls a label may be a level. So each picture that a
plan would change is looked at first. What was seen is remembered, so that the second account, drawn up on the
files as they would be, looks only at what changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, NamedTuple, cast

from blankslide.verification.census import ifds
from blankslide.verification.census.account import Account
from blankslide.verification.census.data import Stream
from blankslide.verification.census.roles import prove
from blankslide.verification.census.sight import Sight
from blankslide.verification.census.tiff import Tiff

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.tiff_pages import Page

_TISSUE = ("level", "thumbnail", "channel")


class Endangered(NamedTuple):
    """A picture that shows the slide and would be changed."""

    file: int
    where: str
    width: int
    height: int
    proven: str


def look_before(files: Sequence[ByteSource], changes: Mapping[int, Sequence[Span]]) -> tuple[Sight, list[Endangered]]:
    """Look at the pictures of a slide as it is.

    Parameters
    ----------
    files
        As they are.
    changes
        For each file the spans that a plan would change, sorted and disjoint.

    Returns
    -------
    Sight, list of Endangered
        What was seen, and those pictures that look like the slide and would be changed.
    """
    sight = Sight(changes=changes)
    found: list[Endangered] = []
    for number, source in enumerate(files):
        if source.size > 8 and source.read(0, 4) in ifds.MAGIC:
            found += _tiff(sight, number, source)
    return sight, found


def _tiff(sight: Sight, number: int, source: ByteSource) -> list[Endangered]:
    from tifffile import TiffFile

    try:
        stock = Tiff(Account(), number, source)
        with TiffFile(cast("IO[bytes]", Stream(source))) as library:
            looks = stock.looks(library)
    except Exception:  # what no library reads is told of by the account
        return []
    found = []
    for page, look, role in zip(stock.pages, looks, prove(stock.candidates(looks)), strict=True):
        if look is not None:
            sight.looks[number, page.directory.at] = look
        if role.proven in _TISSUE and sight.is_touched(number, page) and _pixels_change(stock, page, sight):
            found.append(Endangered(number, page.directory.where, page.width, page.height, role.proven))
    return found


def _pixels_change(stock: Tiff, page: Page, sight: Sight) -> bool:
    """Whether a change lies in what a segment needs for its pixels, and not in a comment or behind its end."""
    spans = sight.changes[stock.file]
    for number in range(min(page.needed, len(page.offsets))):
        start, end = int(page.offsets[number]), int(page.offsets[number] + page.lengths[number])
        touched = [
            (max(low, start) - start, min(high, end) - start) for low, high in spans if low < end and high > start
        ]
        if touched and not stock.all_beside(page, number, touched):
            return True
    return False
