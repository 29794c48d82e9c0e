"""JPEG marker segments and where their payload stands; no pixel is decoded here.

Encoders and cameras hide text in COM and APPn segments: software names, EXIF with dates
and serial numbers, IPTC. The walker goes from SOI to the first scan (or EOI of a tables
stream) and yields the segments with the span of their payload, so that an editor can blank
the payload and leave the lengths alone.

Promise: never reads past the bytes given; on anything that is not a marker it stops, since
broken pictures are the readers' business, not ours.

Source: ITU-T T.81, annex B.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

COM = 0xFE
APP1 = 0xE1
APP13 = 0xED
#: Segments that carry text about people, places and devices, never about decoding.
TALKATIVE = frozenset((COM, APP1, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xEB, 0xEC, APP13, 0xEF))
_SOS = 0xDA
_EOI = 0xD9


class Segment(NamedTuple):
    """One marker segment; ``[start, end)`` is its payload inside the bytes given."""

    marker: int
    start: int
    end: int


def segments(data: bytes) -> Iterator[Segment]:
    """Yield the marker segments before the first scan.

    Parameters
    ----------
    data
        A JPEG stream, or its beginning.
    """
    if data[:2] != b"\xff\xd8":
        return
    pos = 2
    while pos + 4 <= len(data) and data[pos] == 0xFF:
        marker = data[pos + 1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker in (_SOS, _EOI) or 0xD0 <= marker <= 0xD8:
            return
        length = int.from_bytes(data[pos + 2 : pos + 4], "big")
        end = pos + 2 + length
        if length < 2 or end > len(data):
            return
        yield Segment(marker, pos + 4, end)
        pos = end


def is_bare(head: bytes) -> bool:
    """Whether a stream goes from SOI through one frame header straight to its scan.

    That is what an abbreviated strip looks like; it has no room for text.

    Parameters
    ----------
    head
        At least the first 32 bytes.
    """
    return head[:4] == b"\xff\xd8\xff\xc0" and head[4 + head[5] : 6 + head[5]] == b"\xff\xda"


def talkative(data: bytes) -> list[Segment]:
    """Segments whose payload is text and not already blank."""
    return [s for s in segments(data) if s.marker in TALKATIVE and any(data[s.start : s.end])]
