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

#: More intervals or scans than these are not decoded in one stream: then text is beside by its look.
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
            found += _intervals(data, frame, scan, len(scans) == 1)
        elif readable(data, scan.begin, scan.end):
            provable = len(scans) <= MOST_SCANS and coded.width * coded.height <= MOST_PIXELS
            begin = _whole(data, coded, scan) if provable else last_run(data, scan.begin, scan.end)
            found.append((begin, scan.end))
    return found


def _whole(data: bytes, coded: Coded, scan: Scan) -> int:
    """Return where the needed bytes of a scan end, by decoding the whole picture."""
    import imagecodecs

    tables = coded.tables or None
    return needed(lambda stream: imagecodecs.jpeg8_decode(stream, tables=tables), data, scan.begin, scan.end)


def _intervals(data: bytes, frame: Frame, scan: Scan, alone: bool) -> Ranges:
    """Return intervals that are too many, and the surplus of the others."""
    found: Ranges = []
    end, wanted = scan.end, max(1, -(-scan.parts // scan.interval))
    restarts = [m.start() for m in _RESTART.finditer(data, scan.begin, end)]
    if len(restarts) >= wanted:
        end = restarts[wanted - 1]
        found.append((end, scan.end))
    ends = [m.start() for m in _TEXT_THEN_RESTART.finditer(data, scan.begin, end)]
    if readable(data, scan.begin, end):
        ends.append(end)
    for number, text in enumerate(ends):
        before = bisect_left(restarts, text)
        begin = restarts[before - 1] + 2 if before else scan.begin
        if alone and number < MOST_PROOFS:
            found.append((_interval(data, frame, scan, begin, text), text))
        else:
            found.append((last_run(data, begin, text), text))
    return found


def _interval(data: bytes, frame: Frame, scan: Scan, begin: int, end: int) -> int:
    """Return where the needed bytes of one interval end, by decoding it as a picture of one row of blocks."""
    import imagecodecs

    width, height = frame.unit
    blocks = scan.interval
    if end == scan.end and scan.parts % scan.interval:
        blocks = scan.parts % scan.interval
    if blocks * width > 65535:
        return last_run(data, begin, end)
    size = height.to_bytes(2, "big") + (blocks * width).to_bytes(2, "big")
    head = data[: frame.begin + 1] + size + data[frame.begin + 5 : scan.begin]
    alone = head + data[begin:end] + b"\xff\xd9"
    return begin - len(head) + needed(imagecodecs.jpeg8_decode, alone, len(head), len(alone) - 2)
