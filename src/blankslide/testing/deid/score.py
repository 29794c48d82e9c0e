"""What a tool has made of a slide, held against the answer key: by bytes, by readers, and by no code of Blankslide's.

A value is left if its bytes stand in any file of the result, in any spelling, or in what a zlib stream there unpacks
to. A picture is left if parts of its coded data are, or if a reader shows it as it was. Tissue is retained if a reader
opens the slide, its levels have their sizes, and regions of them their pixels.
"""

from __future__ import annotations

import base64
import contextlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from blankslide.testing.deid.key import HIDDEN, REMOVED, RETAINED, Case, Item

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[Any]]

_SHORTEST = 4
_MOST = 1 << 22
_SIDE = 256


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one item: whether the right thing was done; None if nobody can say it of this slide."""

    item: Item
    right: bool | None


@dataclass(frozen=True, slots=True)
class Audit:
    """What our audit says of what was made; see `audited`.

    Attributes
    ----------
    ids
        The findings that are left.
    others
        How many things are left that no finding stands for: what nothing explains, texts in a slide that no format
        reads any more.
    texts
        All that can be read and that nothing explains.
    pictures
        How many pictures are neither tissue nor blank, and no findings.
    """

    ids: frozenset[str] = frozenset()
    others: int = 0
    texts: tuple[str, ...] = ()
    pictures: int = 0

    def __repr__(self) -> str:
        return f"<Audit: {len(self.ids)} findings, {self.others} other things>"

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left that can be found."""
        return not (self.ids or self.others)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one slide.

    Attributes
    ----------
    ending
        ``done`` (the tool says that it is), ``told`` (it says that something is left), ``refused`` (and nothing was
        made), or ``failed``.
    audit
        What our audit says of what was made; None if nothing was.
    """

    case: Case
    ending: str
    judged: tuple[Judged, ...] = ()
    audit: Audit | None = None


def judge(case: Case, before: Path, after: Path | None, ending: str) -> Result:
    """Judge a slide.

    Parameters
    ----------
    before
        Its main file as it was.
    after
        Its main file as the tool has made it; None if it made none.
    ending
        What the tool said.
    """
    if after is None:
        return Result(case, ending)
    hay, old = _hay(after), _hay(before)
    was, now = _View.of(before), _View.of(after)
    return Result(case, ending, tuple(Judged(item, _is_right(item, hay, old, was, now)) for item in case.items))


def _hay(main: Path) -> list[bytes]:
    """Return all bytes of a slide, and what zlib streams in them unpack to."""
    found = [path.read_bytes() for path in _files(main)]
    return found + [unpacked for data in found for unpacked in _inflated(data)]


def _files(main: Path) -> list[Path]:
    return sorted(path for path in main.parent.rglob("*") if path.is_file())


def _is_right(item: Item, hay: list[bytes], old: list[bytes], was: _View | None, now: _View | None) -> bool | None:
    if item.action == REMOVED:
        if item.text and len(item.text) < _SHORTEST:
            return None  # it would be found by chance
        return not any(needle in data for needle in (*item.needles, *spellings(item.text)) for data in hay)
    if item.action == HIDDEN:
        shown = now is not None and was is not None and item.role in was.pictures and now.shows(item.role, was)
        return not shown and not any(needle in data for needle in item.needles for data in hay)
    if item.action == RETAINED:
        return _is_retained(item, hay, old, was, now)
    return None if was is None else now is not None and was.tissue() == now.tissue()


def _is_retained(item: Item, hay: list[bytes], old: list[bytes], was: _View | None, now: _View | None) -> bool | None:
    """Ask a reader's property, or the bytes; nobody can say it of a value that stood in neither."""
    if was is not None and item.what in was.properties:
        return now is not None and now.properties.get(item.what) == was.properties[item.what]
    forms = [item.text.encode(code, "replace") for code in ("latin-1", "utf-16-le")]
    if len(item.text) < _SHORTEST or not any(form in data for form in forms for data in old):
        return None
    return any(form in data for form in forms for data in hay)


def spellings(text: str) -> Iterator[bytes]:
    """Yield a text in the ways in which formats write it."""
    if len(text) < _SHORTEST:
        return
    for plain in {text.encode("utf-8"), text.encode("latin-1", "replace")}:
        yield plain
        yield plain.upper()
        yield plain.lower()
        yield quote(plain).encode()
        yield from _base64s(plain)
    for code in ("utf-16-le", "utf-16-be"):
        yield text.encode(code)


def _base64s(plain: bytes) -> Iterator[bytes]:
    """Yield what is sure of a text in base64, wherever in the coded data it begins."""
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + plain)
        sure = coded[(shift * 8 + 5) // 6 : (shift + len(plain)) * 8 // 6]
        if len(sure) >= 2 * _SHORTEST:
            yield sure


def _inflated(data: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(data[found.start() : found.start() + _MOST], _MOST)


class _View:
    """A slide as an independent reader shows it."""

    def __init__(
        self,
        levels: list[tuple[int, int]],
        regions: list[bytes],
        pictures: dict[str, Pixels],
        properties: dict[str, str] | None = None,
    ) -> None:
        self.levels, self.regions, self.pictures, self.properties = levels, regions, pictures, properties or {}

    @classmethod
    def of(cls, path: Path) -> _View | None:
        """Open a slide with the first reader that can."""
        for read in (_openslide, _czi, _tifffile):
            with contextlib.suppress(Exception):
                return read(path)
        return None

    def tissue(self) -> tuple[object, object]:
        """Return what has to be the same before and after."""
        return self.levels, self.regions

    def shows(self, role: str, was: _View) -> bool:
        """Whether a picture is still what it was."""
        import numpy as np

        own, old = self.pictures.get(role), was.pictures[role]
        return own is not None and own.shape == old.shape and bool(np.array_equal(own, old)) and len(np.unique(old)) > 2


def _openslide(path: Path) -> _View:
    import numpy as np
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        regions = [_region(slide, level, i) for level in range(slide.level_count) for i in range(3)]
        pictures = {name: np.asarray(image.convert("RGB")) for name, image in slide.associated_images.items()}
        return _View(list(slide.level_dimensions), regions, pictures, dict(slide.properties))


def _region(slide: Any, level: int, number: int) -> bytes:
    wide, high = slide.dimensions
    data: bytes = slide.read_region((wide * number // 4, high * number // 4), level, (_SIDE, _SIDE)).tobytes()
    return data


def _czi(path: Path) -> _View:
    from pylibCZIrw import czi

    with czi.open_czi(str(path)) as slide:
        box = slide.total_bounding_rectangle
        pixels = slide.read(roi=(box.x, box.y, min(box.w, 4 * _SIDE), min(box.h, 4 * _SIDE)))
    return _View([(box.w, box.h)], [pixels.tobytes()], {})


def _tifffile(path: Path) -> _View:
    from tifffile import TiffFile

    with TiffFile(path) as tiff:
        largest = max(tiff.series, key=lambda series: series.size)
        levels = [level.asarray() for level in largest.levels]
    return _View([level.shape[:2] for level in levels], [level.tobytes() for level in levels], {})
