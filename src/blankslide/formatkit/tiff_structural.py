"""Tags of coding and geometry: whether a value is one that its page can use.

Such a tag never identifies, if it holds what it is for: a colour map as many colours as the page's samples can name,
a transfer function rising numbers, a size one number. A value of another type, count or range can be anything, text
above all. It is found then. Tags that no reader needs for this page are emptied; the others can only be told of,
because readers may act on them.

Source: TIFF 6.0; the supplements by Adobe; SGI's tags for volumes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from blankslide.containers.tiff import directories as T

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.containers.tiff.directories import Entry, Ifd

__all__ = ["PLACES", "SINGLE", "STRUCTURAL", "UNSIGNED", "is_needed", "is_usable"]

#: Tags that describe coding and geometry; their values never identify.
STRUCTURAL = frozenset(
    (
        *range(254, 260),
        *(262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284, 286, 287),
        *(288, 289, 290, 291, 292, 293, 296, 297, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325),
        *(330, 332, 334, 336, 338, 339, 340, 341, 342, 347),
        *(512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532),
        *(32995, 32996, 32997, 32998, 34665, 34853, 40965),
    )
)
#: Tags without which a page cannot be read, or is read otherwise.
_NEEDED = frozenset(
    (
        *(254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 292, 293, 296, 317),
        *(322, 323, 324, 325, 330, 332, 338, 339, 347, 512, 515, 517, 518, 519, 520, 521, 530),
        *(32996, 32997, 32998, 34665, 34853, 40965),
    )
)
#: Tags that are needed with one photometric interpretation: palette or YCbCr.
_NEEDED_WITH = {320: 3, 529: 6, 532: 6}
_RATIONAL, _SIGNED_RATIONAL, _FLOATS = 5, 10, (11, 12)
#: Largest value of tags that hold one integer.
_ONE = {
    254: 0xFF, 255: 3, 256: None, 257: None, 259: 0xFFFF, 262: 0xFFFF, 263: 3, 264: 0xFFFF, 265: 0xFFFF, 266: 2,
    274: 8, 277: 0xFFFF, 278: 1 << 20, 284: 2, 290: 5, 292: 7, 293: 7, 296: 5, 317: 0xFFFF, 322: None, 323: None,
    332: 2, 334: 0xFFFF, 512: 14, 513: None, 514: None, 515: 0xFFFF, 531: 2, 32995: 1, 32997: None, 32998: None,
}  # fmt: skip
#: Largest value of tags that hold one integer for each sample, or one for all.
_EACH = {258: 64, 280: None, 281: None, 338: 999, 339: 6, 517: 7, 518: 99, 519: None, 520: None, 521: None, 32996: 3}
#: How many integers other tags hold, and the largest.
_COUNTED = {297: (2, 0xFFFF), 321: (2, 0xFFFF), 342: (6, 0xFFFF), 530: (2, 4)}
#: More pixels a centimetre, or more centimetres, than anything has: seven digits, as for other numbers.
_MOST = 9_999_999.0
#: Fractions: how many of them, the smallest and the largest.
_FRACTIONS = {
    282: (1, 0.0, _MOST), 283: (1, 0.0, _MOST), 286: (1, -_MOST, _MOST), 287: (1, -_MOST, _MOST), 318: (2, 0.0, 2.0),
    319: (6, -1.0, 2.0), 529: (3, 0.0, 1.0), 532: (6, -65536.0, 65536.0),
}  # fmt: skip
PLACES = frozenset((273, 279, 288, 289, 324, 325, 330, 34665, 34853, 40965))
"""Tags that say where something stands, or how long it is: any of `UNSIGNED` is usable."""
_LONGEST = 1 << 20
_ALL_ROWS = (0x7FFFFFFF, 0xFFFFFFFF)
UNSIGNED = frozenset((3, 4))
"""Types of plain numbers, in which nearly all structure is written."""
SINGLE = {tag: 0xFFFFFFFF if largest is None else largest for tag, largest in (_ONE | _EACH).items()}
"""Largest value of tags of which one number that stands inside its entry, of one of `UNSIGNED`, is usable."""


def is_needed(ifd: Ifd, tag: int) -> bool:
    """Whether readers act on a tag of this page, so that it may not be emptied."""
    if tag in _NEEDED_WITH:
        return ifd.number(T.PHOTOMETRIC) == _NEEDED_WITH[tag]
    return tag in _NEEDED


def is_usable(ifd: Ifd, entry: Entry) -> bool:
    """Whether a structural tag holds what it is for; JPEG tables are judged elsewhere."""
    tag, kind, count = entry.tag, entry.type, entry.number
    if tag == T.JPEG_TABLES:
        return True
    if tag in PLACES:
        return kind in T.INTEGER_TYPES and kind not in (1, 6)
    if tag in _FRACTIONS:
        return _is_fraction(ifd, entry)
    if tag in (340, 341):
        return _is_bound(ifd, entry)
    if kind not in T.INTEGER_TYPES or entry.end - entry.start > _LONGEST:
        return False
    if tag == T.ROWS_PER_STRIP and ifd.number(tag) in _ALL_ROWS:
        return count == 1
    if tag in _ONE:
        return (count == 1 or count == _samples(ifd)) and _is_below(ifd, entry, _ONE[tag])
    if tag in _EACH:
        return 0 < count <= _samples(ifd) and _is_below(ifd, entry, _EACH[tag])
    if tag in _COUNTED:
        return count == _COUNTED[tag][0] and _is_below(ifd, entry, _COUNTED[tag][1])
    if tag == 336:
        return count in (2, 2 * _samples(ifd)) and _is_below(ifd, entry, 0xFF)
    return _is_curve(ifd, entry)


def _samples(ifd: Ifd) -> int:
    return max(ifd.number(T.SAMPLES_PER_PIXEL, 1), 1)


def _is_below(ifd: Ifd, entry: Entry, largest: int | None) -> bool:
    if largest is not None and entry.number == 1 and entry.type in UNSIGNED and entry.inline is not None:
        return int.from_bytes(entry.inline, ifd.tiff.byteorder) <= largest
    if largest is None:
        return True
    numbers = ifd.tiff.integers(ifd, entry)
    return len(numbers) == 0 or (min(numbers) >= 0 and max(numbers) <= largest)


def _is_fraction(ifd: Ifd, entry: Entry) -> bool:
    count, low, high = _FRACTIONS[entry.tag]
    if entry.type not in (_RATIONAL, _SIGNED_RATIONAL, *_FLOATS, *T.INTEGER_TYPES) or entry.number != count:
        return False
    raw = ifd.raw(entry)
    values = ifd.tiff.numbers(ifd, entry)
    if values is None or not all(low <= v <= high for v in values):
        return False
    return entry.type not in (_RATIONAL, _SIGNED_RATIONAL) or not _is_printable(raw)


def _is_bound(ifd: Ifd, entry: Entry) -> bool:
    """Whether a smallest or largest sample is one number for each sample, and no text."""
    if entry.type in (2, 7, 129) or entry.number not in (1, _samples(ifd)):
        return False
    raw = ifd.raw(entry)
    return len(raw) < 4 or not _is_printable(raw)


def _is_printable(raw: bytes) -> bool:
    return all(32 <= byte < 127 for byte in raw)


def _is_curve(ifd: Ifd, entry: Entry) -> bool:
    """Whether a table has as many places as the page's samples have values, and is one that the page can use."""
    bits = ifd.number(T.BITS_PER_SAMPLE, 1)
    values = 1 << bits if bits <= 16 else 0
    grey = ifd.number(T.PHOTOMETRIC) in (0, 1)
    if entry.tag == 320:
        return values > 0 and entry.number == 3 * values and ifd.number(T.PHOTOMETRIC) == 3
    if not values or entry.number % values or entry.number // values not in ((1,) if entry.tag == 291 else (1, 3)):
        return False
    numbers = ifd.tiff.integers(ifd, entry)
    steps = [numbers[i : i + values] for i in range(0, len(numbers), values)]
    return (entry.tag != 291 or grey) and all(_is_monotone(s) for s in steps)


def _is_monotone(numbers: Sequence[int]) -> bool:
    pairs = list(pairwise(numbers))
    return all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs)
