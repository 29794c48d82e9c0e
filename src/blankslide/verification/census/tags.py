"""Tags of a TIFF that hold numbers which every reader needs, by number and type.

A tag is structure only with a type and a count from this table, and with values that its page can use.
All others are spoken: their values are texts or numbers that must be explained. Source: TIFF 6.0, its
technical notes, DNG and GeoTIFF for the child directories.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from blankslide.verification.census import restarts

if TYPE_CHECKING:
    from blankslide.verification.census.ifds import Directory, Entry, Walk

_SHORT, _LONG, _WHOLE, _FRACTION = (3,), (4,), (3, 4, 16), (5,)

#: tag -> allowed types, allowed counts (0: any, -1: one for each sample), highest value
STRUCTURE: dict[int, tuple[tuple[int, ...], tuple[int, ...], int]] = {
    254: (_LONG, (1,), 15),  # NewSubfileType; of a macro of Aperio it is 9
    255: (_SHORT, (1,), 3),  # SubfileType
    256: (_WHOLE, (1,), 1 << 31),  # ImageWidth
    257: (_WHOLE, (1,), 1 << 31),  # ImageLength
    258: (_SHORT, (1, -1), 64),  # BitsPerSample
    259: (_SHORT, (1,), 65535),  # Compression
    262: (_SHORT, (1,), 65535),  # PhotometricInterpretation
    263: (_SHORT, (1,), 3),  # Threshholding
    266: (_SHORT, (1,), 2),  # FillOrder
    274: (_SHORT, (1,), 8),  # Orientation
    277: (_SHORT, (1,), 64),  # SamplesPerPixel
    278: (_WHOLE, (1,), 1 << 20),  # RowsPerStrip
    280: (_SHORT, (1, -1), 65535),  # MinSampleValue
    281: (_SHORT, (1, -1), 65535),  # MaxSampleValue
    282: (_FRACTION, (1,), 9_999_999),  # XResolution
    283: (_FRACTION, (1,), 9_999_999),  # YResolution
    284: (_SHORT, (1,), 2),  # PlanarConfiguration
    286: (_FRACTION, (1,), 9_999_999),  # XPosition
    287: (_FRACTION, (1,), 9_999_999),  # YPosition
    292: (_LONG, (1,), 7),  # T4Options
    293: (_LONG, (1,), 3),  # T6Options
    296: (_SHORT, (1,), 3),  # ResolutionUnit
    297: (_SHORT, (2,), 65535),  # PageNumber
    317: (_SHORT, (1,), 34894),  # Predictor
    318: (_FRACTION, (2,), 1),  # WhitePoint
    319: (_FRACTION, (6,), 1),  # PrimaryChromaticities
    321: (_SHORT, (2,), 65535),  # HalftoneHints
    322: (_WHOLE, (1,), 1 << 20),  # TileWidth
    323: (_WHOLE, (1,), 1 << 20),  # TileLength
    330: ((4, 13, 16, 18), (0,), 1 << 62),  # SubIFDs
    332: (_SHORT, (1,), 2),  # InkSet
    334: (_SHORT, (1,), 64),  # NumberOfInks
    338: (_SHORT, (0,), 2),  # ExtraSamples
    339: (_SHORT, (1, -1), 6),  # SampleFormat
    512: (_SHORT, (1,), 14),  # JPEGProc
    515: (_SHORT, (1,), 65535),  # JPEGRestartInterval
    529: (_FRACTION, (3,), 1),  # YCbCrCoefficients
    530: (_SHORT, (2,), 4),  # YCbCrSubSampling
    531: (_SHORT, (1,), 2),  # YCbCrPositioning
    532: (_FRACTION, (6,), 65535),  # ReferenceBlackWhite
    32995: (_SHORT, (1,), 2),  # Matteing
    32996: (_SHORT, (1,), 6),  # DataType
    32997: (_WHOLE, (1,), 4096),  # ImageDepth
    32998: (_WHOLE, (1,), 4096),  # TileDepth
    34665: ((4, 13, 16, 18), (1,), 1 << 62),  # EXIF directory
    34853: ((4, 13, 16, 18), (1,), 1 << 62),  # GPS directory
    40965: ((4, 13, 16, 18), (1,), 1 << 62),  # interoperability directory
    40961: (_SHORT, (1,), 65535),  # ColorSpace
    40962: (_WHOLE, (1,), 1 << 31),  # PixelXDimension
    40963: (_WHOLE, (1,), 1 << 31),  # PixelYDimension
}

_LETTERS = re.compile(rb"[A-Za-z]{5}")
_FEW_PAGES = 1023
_ALL_ROWS = (0x7FFFFFFF, 0xFFFFFFFF)
"""What RowsPerStrip says where all of them are in one."""

#: Tags whose numbers lead to coded data; what they lead to is looked at, they themselves say nothing.
LEADING = {273: 279, 324: 325, 513: 514}
_OFFSETS = (3, 4, 13, 16, 18)
INDEX = frozenset(LEADING) | frozenset(LEADING.values())

SAID = frozenset((269, 270, 271, 272, 285, 306, 315, 316, 33432))
"""Texts that say nothing about how segments are coded: names, dates, descriptions."""
COLOR_MAP, TRANSFER, TABLES, PROFILE = 320, 301, 347, 34675
_CURVES = {COLOR_MAP: 3, TRANSFER: 1}


def is_structure(walk: Walk, page: Directory, entry: Entry) -> bool:
    """Whether an entry is nothing but a number that a reader needs to show the page."""
    if page.first(entry.code) is not entry:
        return False  # the second of two equal tags: readers differ in which they take
    if entry.code in _CURVES:
        return _is_curve(walk, page, entry)
    if entry.code in restarts.TABLES:
        return restarts.lead_to_restarts(walk, page)
    rule = STRUCTURE.get(entry.code)
    if rule is None:
        return False
    kinds, counts, highest = rule
    samples = _samples(walk, page)
    if entry.kind not in kinds or (0 not in counts and entry.number not in [samples if c < 0 else c for c in counts]):
        return False
    if entry.code == 338 and entry.number > 8:
        return False
    numbers = walk.numbers(entry)
    if entry.code == 278 and numbers[0] in _ALL_ROWS:
        return True
    if kinds is _FRACTION and _LETTERS.search(walk.bytes_of(entry)):
        return False
    return all(0 <= number <= min(highest, _most(walk, page, entry.code)) for number in numbers)


def _most(walk: Walk, page: Directory, code: int) -> float:
    """Return what a number can be on this page: a sample by its bits, the number of a page by how many there are."""
    if code in (280, 281, 321):
        bits = page.first(258)
        return float((1 << int(walk.numbers(bits)[0]) if bits and bits.number else 2) - 1)
    if code == 297:
        return max(len(walk.directories), _FEW_PAGES)
    if code == 515:
        coding = page.first(259)
        return 65535 if coding and coding.number and walk.numbers(coding)[0] == 6 else 0
    return float("inf")


def is_index(walk: Walk, page: Directory, entry: Entry) -> bool:
    """Whether an entry says where coded data is, and nothing else.

    Nothing is of no bytes but where other data begins or ends, and there are as many places as lengths: any other
    number leads nowhere, and could be anybody's.
    """
    if entry.code not in INDEX or page.first(entry.code) is not entry or entry.kind not in _OFFSETS:
        return False
    lead = entry.code if entry.code in LEADING else next(a for a, b in LEADING.items() if b == entry.code)
    first, second = page.first(lead), page.first(LEADING[lead])
    if first is not None and second is None:  # as of one strip that is not coded
        return bool((walk.array(first) < walk.source.size).all()) and first.number == 1
    if first is None or second is None or second.kind not in _OFFSETS:
        return not walk.array(entry).any()
    places, lengths = walk.array(first), walk.array(second)
    some = min(len(places), len(lengths))
    if walk.array(entry)[some:].any():
        return False
    if entry.code != lead or lengths.all():
        return True
    full = lengths[:some] > 0
    ends = {*places[:some][full].tolist(), *(places[:some] + lengths[:some])[full].tolist()}
    return all(place in ends for place in places[:some][~full].tolist() if place)


def _samples(walk: Walk, page: Directory) -> int:
    entry = page.first(277)
    numbers = walk.numbers(entry) if entry else ()
    return int(numbers[0]) if numbers else 1


def _is_curve(walk: Walk, page: Directory, entry: Entry) -> bool:
    """Whether a colour map or a transfer function is a curve: as long as the depth says, and no text in it."""
    bits = page.first(258)
    depth = int(walk.numbers(bits)[0]) if bits else 1
    if entry.kind != 3 or depth > 16 or entry.number not in (_CURVES[entry.code] << depth, 3 << depth):
        return False
    raw = walk.bytes_of(entry)
    return not any(_is_spoken(part) for part in (raw, raw[::2], raw[1::2]))


def _is_spoken(raw: bytes) -> bool:
    """Whether bytes look like words: four letters in a row that are not one letter and not in order."""
    return any(len(set(found)) > 2 and not _in_order(found) for found in re.findall(rb"[A-Za-z]{4,}+", raw))


def _in_order(run: bytes) -> bool:
    steps = {b - a for a, b in pairwise(run)}
    return len(steps) == 1 or all(step >= 0 for step in steps) or all(step <= 0 for step in steps)
