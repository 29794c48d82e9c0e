"""The coded data of a JPEG scan: where it ends, and what in it the picture does not need.

With restart markers there are as many intervals as the picture needs and no more. An interval can be decoded alone,
as a picture of one row of blocks, so that text at its end is proven in pictures of any size.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from blankslide.verification.census.surplus import MOST_PIXELS, RUN, last_run, needed, readable

if TYPE_CHECKING:
    from blankslide.verification.census.coded import Coded, Ranges
    from blankslide.verification.census.jpeg_segments import Frame

STOP = re.compile(rb"\xff[^\x00]").search
_STOP_RESTARTED = re.compile(rb"\xff[^\x00\xd0-\xd7]").search
_FILL = re.compile(rb"\xff++").match
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_TEXT_THEN_RESTART = re.compile(rb"\xff[\xd0-\xd7](?<=[ -~]{%d}..)" % RUN, re.DOTALL)

#: More intervals with text, or more scans, are not decoded in one stream: then text is beside by its look.
MOST_PROOFS, MOST_SCANS = 16, 32


class Scan(NamedTuple):
    """The coded data of one scan, and what has to be known to decode it."""

    begin: int
    end: int
    interval: int
    parts: int


def scan_end(data: bytes, begin: int, restarts: bool, beside: Ranges) -> int | None:
    """Return where the coded data ends, that is at the next real marker; None if there is none.

    Fill bytes are allowed before each marker; more than two are added to `beside`.
    """
    stop, at = (_STOP_RESTARTED if restarts else STOP), begin
    while True:
        found = stop(data, at)
        fill = _FILL(data, found.start()) if found else None
        if fill is None or fill.end() >= len(data):
            return None
        code = data[fill.end()]
        if code and not (restarts and 0xD0 <= code <= 0xD7):
            return fill.start()
        if fill.end() - fill.start() > 3:  # two, and the one that belongs to the marker
            beside.append((fill.start(), fill.end() - 1))
        at = fill.end() + 1


def needless(data: bytes, coded: Coded, frame: Frame, scans: list[Scan]) -> Ranges:
    """Return what the picture does not need in its scans."""
    found: Ranges = []
    for scan in scans:
        if scan.interval:
            found += _intervals(data, coded, frame, scan, len(scans) == 1)
        elif readable(data, scan.begin, scan.end):
            provable = len(scans) <= MOST_SCANS and coded.width * coded.height <= MOST_PIXELS
            begin = _needed(data, coded, scan.begin, scan.end) if provable else last_run(data, scan.begin, scan.end)
            found.append((begin, scan.end))
    return found


def _needed(data: bytes, coded: Coded, begin: int, end: int) -> int:
    """Return where the needed bytes of coded data end, by decoding."""
    import imagecodecs

    tables = coded.tables or None
    return needed(lambda stream: imagecodecs.jpeg8_decode(stream, tables=tables), data, begin, end)


def _intervals(data: bytes, coded: Coded, frame: Frame, scan: Scan, alone: bool) -> Ranges:
    """Return intervals that are too many, and the surplus of the others."""
    found: Ranges = []
    end, wanted = scan.end, max(1, -(-scan.parts // scan.interval))
    restarts = [m.start() for m in _RESTART.finditer(data, scan.begin, end)]
    if len(restarts) >= wanted:
        end = restarts[wanted - 1]
        found.append((end, scan.end))
    texts = [m.start() for m in _TEXT_THEN_RESTART.finditer(data, scan.begin, end)]
    if readable(data, restarts[-1] + 2 if restarts and restarts[-1] < end else scan.begin, end):
        texts.append(end)
    tries, proven = max(MOST_PROOFS, len(restarts) // 256), 0
    for number, text in enumerate(texts):
        before = bisect_left(restarts, text)
        begin = restarts[before - 1] + 2 if before else scan.begin
        stop = last_run(data, begin, text)
        # By chance one interval in some thousands looks like text, and has to be cleared; many that are text need not.
        if alone and number < tries and proven < MOST_PROOFS:
            blocks = min(scan.interval, scan.parts - before * scan.interval)
            stop = _interval(data, coded, frame, scan.begin, (begin, text), blocks)
            proven += stop < text
        found.append((stop, text))
    return found


def _interval(data: bytes, coded: Coded, frame: Frame, first: int, place: tuple[int, int], blocks: int) -> int:
    """Return where the needed bytes of one interval end, by decoding it as a picture of one row of blocks."""
    width, height = frame.unit
    begin, end = place
    if not 0 < blocks * width <= 65535:
        return last_run(data, begin, end)
    size = height.to_bytes(2, "big") + (blocks * width).to_bytes(2, "big")
    head = data[: frame.begin + 1] + size + data[frame.begin + 5 : first]
    alone = head + data[begin:end] + b"\xff\xd9"
    return begin - len(head) + _needed(alone, coded, len(head), len(alone) - 2)
