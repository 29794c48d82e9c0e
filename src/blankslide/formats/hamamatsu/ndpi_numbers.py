"""Tags of numbers of an NDPI page: which stay.

Such a tag is science only in its own type and form: numbers of a width that no text has, as many as the tag has,
each as large as what it measures. Bytes, texts, too many numbers, a record number where a wavelength belongs, and
numbers whose bytes are letters are unknown and go.

Source: the project's format map, section 3; metadata of two real scanners.
"""

from __future__ import annotations

from array import array
from math import isfinite
from operator import ge
from typing import TYPE_CHECKING

from blankslide.containers.tiff.ndpi import MARK
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.containers.tiff.directories import Entry, Ifd

__all__ = ["NUMBERS", "holds_numbers", "last_start"]

STARTS, HIGH_STARTS = 65426, 65432
_BYTEWISE = frozenset((1, 2, 6, 7))
_NANOMETRES, _TIMES, _SMALL = 2e8, 1e7, 65535.0
_MOST_STARTS, _MOST_POINTS, _MOST_HIGH = 1 << 22, 1 << 13, 1 << 22

#: Tag -> largest number without its sign.
_LARGEST: dict[int, float] = {
    **dict.fromkeys((65422, 65423, 65424), _NANOMETRES),
    **dict.fromkeys((65439, 65440), _NANOMETRES),
    **dict.fromkeys((65454, 65455, 65456, 65457), _TIMES),
    **dict.fromkeys((65324, 65325, HIGH_STARTS), 255.0),
    **dict.fromkeys((65435, 65436, 65437, 65438), 1e4),
    65421: 400.0,
    65444: 100.0,
    65450: 1.0,
    65451: 2000.0,
    65500: 100.0,
}
#: Tag -> how many numbers it may have, where that is more than one.
_MANY: dict[int, int] = {
    STARTS: _MOST_STARTS,
    HIGH_STARTS: _MOST_HIGH,
    65324: _MOST_POINTS,
    65325: _MOST_POINTS,
    65439: _MOST_POINTS,
    65440: _MOST_POINTS,
}
#: Tags of geometry, optics and timing: numbers of these stay.
NUMBERS = frozenset(
    (65324, 65325, *range(MARK, 65427), *range(65429, 65434), *range(65435, 65442), *range(65443, 65448))
) | frozenset((65450, 65451, 65452, *range(65454, 65460), 65500))
_LONG = 4
_ARRAYS = {3: "H", 4: "I", 8: "h", 9: "i"}
_LETTERS = pattern(rb"[\x20-\x7e]{5,}|(?:[A-Za-z]\0){4,}|(?:\0[A-Za-z]){4,}|(?:[A-Za-z]\0\0\0){4,}")


def holds_numbers(page: Ifd, entry: Entry) -> bool:
    """Whether a tag of geometry really holds numbers of its own form, not text."""
    if entry.tag not in NUMBERS or entry.type in _BYTEWISE or not 0 < entry.number <= _MANY.get(entry.tag, 1):
        return False
    if entry.tag == STARTS:
        return _are_starts(page, entry)
    numbers = _numbers(page, entry)
    largest = _LARGEST.get(entry.tag, _SMALL)
    if not numbers or not _are_small(numbers, largest):
        return False
    return entry.number == 1 or not _LETTERS.search(page.raw(entry))


def _numbers(page: Ifd, entry: Entry) -> Sequence[float] | None:
    kind = _ARRAYS.get(entry.type)
    if entry.number == 1 or kind is None:
        return page.tiff.numbers(page, entry)
    return array(kind, page.raw(entry))


def _are_small(numbers: Sequence[float], largest: float) -> bool:
    if isinstance(numbers, array):  # whole numbers, perhaps hundred thousands
        return bool(min(numbers) >= -largest and max(numbers) <= largest)
    return all(isfinite(number) and abs(number) <= largest for number in numbers)


def _are_starts(page: Ifd, entry: Entry) -> bool:
    """Whether these are places of restart intervals, low words: each behind the one before, and in the picture."""
    if entry.type != _LONG:
        return False
    words, length = _numbers(page, entry) or (), sum(page.segments()[1])
    if not words:
        return False
    backwards = sum(map(ge, words, words[1:]))  # the words begin again at zero after each 4 GB
    return backwards <= length >> 32 and (length >> 32 > 0 or words[-1] < length)


def last_start(page: Ifd) -> int:
    """Return where the last restart interval begins, counted from the picture's beginning; 0 if nothing says so."""
    entry, high = page.tags.get(STARTS), page.tags.get(HIGH_STARTS)
    if entry is None or entry.type != _LONG or not holds_numbers(page, entry):
        return 0
    last = _last_word(page, entry)
    more = high is not None and high.type == _LONG and high.number == entry.number
    return (_last_word(page, high) << 32 if more and high is not None else 0) | last


def _last_word(page: Ifd, entry: Entry) -> int:
    if entry.inline is not None:
        return int.from_bytes(entry.inline[:4], "little")
    return int.from_bytes(page.tiff.source.read(entry.end - 4, 4), "little")
