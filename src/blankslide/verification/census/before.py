"""What the pictures of a slide look like before anything is written.

Words and pixels can contradict each other: what a plan calls a label may be a level. So each picture that a
plan would change is looked at first. What was seen is remembered, so that the second account, drawn up on the
files as they would be, looks only at what changes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.quiet import quiet
from blankslide.verification.census import ifds
from blankslide.verification.census.account import Account
from blankslide.verification.census.data import joined, without
from blankslide.verification.census.roles import prove
from blankslide.verification.census.streams import beside
from blankslide.verification.census.tiff import Tiff

if TYPE_CHECKING:
    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.memory import Memory
    from blankslide.verification.census.tiff_pages import Page

_SAYS = re.compile(rb"[^\0]")
_TISSUE = ("level", "thumbnail", "channel")
_SOMETHING_ELSE = ("other", "blank")


class Endangered(NamedTuple):
    """A picture that shows the slide, or may, and would be changed."""

    file: int
    where: str
    width: int
    height: int
    proven: str

    @property
    def shows_the_slide(self) -> bool:
        """Whether its pixels prove that; if not, they do not prove anything."""
        return self.proven in _TISSUE


@quiet()
def look_before(
    files: Sequence[ByteSource],
    changes: Mapping[int, Sequence[Span]],
    memory: Memory,
    doubtful: Collection[int] = (),
) -> list[Endangered]:
    """Look at the pictures of a slide as it is.

    Parameters
    ----------
    files
        As they are.
    changes
        For each file the spans that a plan would change, sorted and disjoint.
    memory
        What is seen is remembered here.
    doubtful
        Files whose one picture has the shape of a level: of a DICOM set only they are looked at, for it costs as much
        as all that is done to the set, and the others' shapes tell enough.

    Returns
    -------
    list of Endangered
        Pictures that look like the slide and would be changed, and doubtful ones that do not look like something else.
    """
    found: list[Endangered] = []
    for number, source in enumerate(files):
        if source.size > 8 and source.read(0, 4) in ifds.MAGIC:
            found += _tiff(number, source, changes.get(number, ()), memory)
    touched = [number for number in doubtful if changes.get(number)]
    return [*found, *(_dicom(files, changes, touched) if touched else ())]


def _dicom(
    files: Sequence[ByteSource], changes: Mapping[int, Sequence[Span]], touched: Sequence[int]
) -> Iterator[Endangered]:
    """Hold pictures of a DICOM set against its levels; one that cannot be looked at is told of as well."""
    from blankslide.verification.census.dicom import settle_roles, take_stock

    account, instances = Account(), {}
    try:
        for number, source in enumerate(files):
            instance = take_stock(account, number, source, f"file {number + 1}")
            if instance is not None:
                instances[number] = instance
        settle_roles(account, list(instances.values()))
        pictures = {picture.file: picture for picture in account.pictures}
    except Exception:  # what no library reads is proven by nothing
        pictures = {}
    for number in touched:
        one, seen = instances.get(number), pictures.get(number)
        if one is None or seen is None:
            yield Endangered(number, f"file {number + 1}", 0, 0, "unclear")
        elif seen.proven not in _SOMETHING_ELSE and _is_in(one.frames.held(), changes[number]):
            yield Endangered(number, seen.where, seen.width, seen.height, seen.proven)


def _is_in(spans: Sequence[Span], changes: Sequence[Span]) -> bool:
    return any(low < end and start < high for start, end in spans for low, high in changes)


def _tiff(number: int, source: ByteSource, changes: Sequence[Span], memory: Memory) -> list[Endangered]:
    try:
        stock = Tiff(Account(), number, source, memory=memory)
        looks = stock.looks()
    except Exception:  # what no library reads is told of by the account
        return []
    return [
        Endangered(number, page.directory.where, page.width, page.height, role.proven)
        for page, role in zip(stock.pages, prove(stock.candidates(looks), memory.pairs), strict=True)
        if role.proven in _TISSUE and _is_drawn_over(stock, page, changes)
    ]


def _is_drawn_over(stock: Tiff, page: Page, changes: Sequence[Span]) -> bool:
    """Whether a plan would change a picture's pixels, and not only what stands beside them in its segments."""
    if not changes:
        return False
    import numpy as np

    count = min(page.needed, len(page.offsets))
    starts, ends = page.offsets[:count], page.offsets[:count] + page.lengths[:count]
    low, high = np.array([a for a, _ in changes]), np.array([b for _, b in changes])
    first, last = np.searchsorted(high, starts, side="right"), np.searchsorted(low, ends, side="left")
    return any(
        _changes_pixels(stock, page, i, changes[int(first[i]) : int(last[i])])
        for i in np.flatnonzero(last > first).tolist()
    )


def _changes_pixels(stock: Tiff, page: Page, number: int, changes: Sequence[Span]) -> bool:
    """Whether changes reach coded data of one segment; of one that nobody can walk, any change does."""
    start, length = int(page.offsets[number]), int(page.lengths[number])
    own = [(max(a - start, 0), min(b - start, length)) for a, b in changes]
    data = stock.coded(page, number)
    width, height = page.size_of(number)
    rest = None if data is None else beside(data, page.coding._replace(width=width, height=height))
    if data is None or rest is None:
        return True
    return bool(without(own, joined(_with_zeros(data, (*rest, *_behind(data, rest))))))


def _with_zeros(data: bytes, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield spans with the zeros around them: a walk leaves these out, and they say as much before as after."""
    last = 0
    for low, high in sorted(spans):
        low = last + len(data[last:low].rstrip(b"\0")) if low > last else low
        says = _SAYS.search(data, high)
        last = max(last, says.start() if says else len(data))
        yield low, max(high, last)


def _behind(data: bytes, rest: Sequence[Span]) -> list[Span]:
    """Return all that stands behind the end of a JPEG: a walk tells of it without the zeros around it."""
    last = rest[-1] if rest and not data[rest[-1][1] :].strip(b"\0") else (len(data), len(data))
    end = len(data[: last[0]].rstrip(b"\0"))
    return [(end, len(data))] if data[:2] == b"\xff\xd8" and data[end - 2 : end] == b"\xff\xd9" else []
