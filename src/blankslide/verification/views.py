"""What a reader saw of a slide, as data that can be compared and holds no value.

Pixels are kept as keyed digests. The key is random and lives as long as the process: two
observations of one run can be compared, but a digest that leaks into a report says nothing,
not even to somebody who guesses the picture.

Where to look is decided by dimensions alone, so that the same places are looked at before
and after, whatever the metadata says.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from os import urandom
from typing import NamedTuple

FAILS = "fails"
EMPTY = "empty"
UNSEEN = "unseen"
"""In place of a picture's digest: it has to go, so nothing will be compared with its pixels."""
PICTURE_LIMIT = 64 << 20
"""Pictures of more pixels than this are not decoded whole."""

# Made here and not on first use: readers look in threads, and two of them could make a key each.
_KEY = urandom(32)
_FRACTIONS = ((0.5, 0.5), (0.25, 0.35), (0.75, 0.65), (0.35, 0.8), (0.65, 0.2))


class Edit(NamedTuple):
    """What is about to be written, or was: a judge need not decode what no comparison uses.

    Attributes
    ----------
    gone
        Roles of the pictures that have to be absent or blank afterwards. Told before writing only: afterwards
        every picture is decoded, whatever its name.
    touched
        Ranges of the file that are written over, sorted and disjoint; None where that is not known, or places move.
    readers
        Who opened the slide before: of the further readers these have to look again, and no other. None if nobody
        has looked before.
    masks
        Size of each picture of which a part is made blank, and the part: left, top, right and bottom. It is left out
        of what is seen before and after, so that all else must be the same.
    """

    gone: frozenset[str] = frozenset()
    touched: Sequence[tuple[int, int]] | None = None
    readers: frozenset[str] | None = None
    masks: tuple[tuple[tuple[int, int], tuple[int, int, int, int]], ...] = ()

    def cover(self, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
        """Return the part of a picture of this size that is not to be looked at: it is made blank.

        Decoders smooth colours over the edges of blocks, so one pixel around it is left out as well.
        """
        boxes = [box for own, box in self.masks if own == size]
        if not boxes:
            return None
        left, top, right, bottom = zip(*boxes, strict=True)
        width, height = size
        return max(0, min(left) - 1), max(0, min(top) - 1), min(width, max(right) + 1), min(height, max(bottom) + 1)

    def settles(self, name: str, size: tuple[int, int], sizes: Sequence[tuple[int, int]]) -> bool:
        """Whether a picture of this name will be judged by being absent or blank, so its pixels need not be seen.

        Not so where another one has its size: that may show the same, and then has to go as well.
        """
        return name in self.gone and min(size) > 0 and sizes.count(size) == 1

    def spares(self, spans: Iterable[tuple[int, int]]) -> bool:
        """Whether it is known that none of these ranges is written over."""
        if self.touched is None:
            return False
        for start, end in spans:
            last = bisect_left(self.touched, (end, end)) - 1
            if last >= 0 and self.touched[last][1] > start:
                return False
        return True


NO_EDIT = Edit()
"""Nothing is known: look at everything."""


class LevelView(NamedTuple):
    """One level: width and height in pixels, and a digest or `FAILS` for each sampled place."""

    size: tuple[int, int]
    samples: tuple[str, ...]


class PictureView(NamedTuple):
    """One associated image; ``name`` is empty where the reader does not know its role.

    ``digest`` is empty if it does not decode, and `UNSEEN` if nobody looked; ``blank`` means one colour all over.
    """

    name: str
    size: tuple[int, int]
    digest: str
    blank: bool

    @property
    def decodes(self) -> bool:
        """Whether the reader could show it."""
        return bool(self.digest)


@dataclass(frozen=True, slots=True)
class ReaderView:
    """One reader's view of one slide.

    Attributes
    ----------
    reader, version
        Who looked.
    reason
        Why it could not open the slide: a sentence or the class of its error; empty if it did.
    vendor
        The reader's own word for the format.
    levels, pictures
        Largest level first; pictures in the reader's order.
    mpp, objective
        Micrometres per pixel (x, y) and objective power, where the reader knows them.
    colour
        ``absent``, ``builds`` or ``fails``: what became of the ICC profile.
    barcode
        Whether the reader still reads a barcode out of the metadata; never which.
    """

    reader: str
    version: str = ""
    reason: str = ""
    vendor: str = ""
    levels: tuple[LevelView, ...] = ()
    mpp: tuple[float, float] | None = None
    objective: float | None = None
    colour: str = "absent"
    pictures: tuple[PictureView, ...] = ()
    barcode: bool = False

    @property
    def opened(self) -> bool:
        """Whether the reader accepted the slide."""
        return not self.reason

    @property
    def has_seen_tissue(self) -> bool:
        """Whether at least one sampled place was decoded: a judge must have looked."""
        return any(s not in (FAILS, EMPTY) for level in self.levels for s in level.samples)


def digest(data: bytes | memoryview, shape: object = None) -> str:
    """Digest pixels and their shape; comparable inside this process only."""
    # SHA-256 because processors have it built in, and megabytes of pixels pass here
    found = sha256(_KEY + repr(shape).encode() + b"\0")
    found.update(data)
    return found.hexdigest()[:32]


def one_colour(pixels: bytes, width: int, samples: int) -> bool:
    """Whether interleaved pixels are all equal; the first row nearly always settles it."""
    row = pixels[: width * samples]
    return bool(row) and row == row[:samples] * width and pixels == row * (len(pixels) // len(row))


def places(width: int, height: int, side: int, count: int) -> list[tuple[int, int, int, int]]:
    """Choose up to five regions of a level.

    Parameters
    ----------
    width, height
        Size of the level in pixels.
    side
        Wanted side of a region in pixels; smaller where the level is.
    count
        How many regions, the centre first.

    Returns
    -------
    list of (x, y, width, height)
        In pixels of the level, all inside it.
    """
    w, h = min(side, width), min(side, height)
    return [(int((width - w) * fx), int((height - h) * fy), w, h) for fx, fy in _FRACTIONS[:count]]


def effort(index: int, levels: int) -> int:
    """Return how many places to sample: five at both ends of the pyramid, one between."""
    return len(_FRACTIONS) if index in (0, levels - 1) else 1
