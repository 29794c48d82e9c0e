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
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.streams.jpeg_tail import tail

if TYPE_CHECKING:
    from blankslide.source import ByteSource

COM = 0xFE
APP1 = 0xE1
APP13 = 0xED
#: Segments that carry text about people, places and devices, never about decoding.
TALKATIVE = frozenset((COM, APP1, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xEB, 0xEC, APP13, 0xEF))
_APP0, _APP2, _APP14 = 0xE0, 0xE2, 0xEE
_WORDY = TALKATIVE | {_APP0, _APP2, _APP14}
_JFIF, _ADOBE = 14, 12
_LOOK = 1 << 16
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


def comment_segments(data: bytes) -> list[Segment]:
    """Segments that are not about decoding and not already blank: each with the part that is not."""
    return [s for s in _parts(data) if any(data[s.start : s.end])]


def _parts(data: bytes) -> Iterator[Segment]:
    """Yield the parts of segments that may hold text, blank ones too."""
    for marker, start, end in segments(data):
        for low, high in _wordy(marker, data[start : min(end, start + _JFIF)], end - start):
            if low < high:
                yield Segment(marker, start + low, start + high)


def _wordy(marker: int, head: bytes, length: int) -> tuple[tuple[int, int], ...]:
    """Tell which bytes of a segment decoders do not act on.

    APP0 and APP14 say by which colours a picture is coded, however long they are: readers act on
    the name and the transform flag, may show versions and densities, and skip what stands behind.
    """
    if marker == _APP0 and head[:5] == b"JFIF\0" and len(head) >= _JFIF:
        usual = head[5] <= 2 and head[7] <= 2
        return ((_JFIF, length),) if usual else ((5, _JFIF), (_JFIF, length))
    if marker == _APP14 and head[:5] == b"Adobe" and len(head) >= _ADOBE:
        usual = not head[5] and not any(b & 0x3F for b in head[7 : _ADOBE - 1])
        return ((_ADOBE, length),) if usual else ((5, _ADOBE - 1), (_ADOBE, length))
    quiet = marker == _APP2 and head.startswith(b"ICC_PROFILE\0")
    return () if quiet or marker not in _WORDY else ((0, length),)


def trailer(data: bytes) -> tuple[int, int] | None:
    """Where text stands behind the end of a stream, or None; padding of zeros or ``FF`` is none.

    Parameters
    ----------
    data
        A whole JPEG stream with what follows it in its slot.
    """
    end = data.rfind(b"\xff\xd9")
    if end < 0 or not data[end + 2 :].strip(b"\0\xff"):
        return None
    return end + 2, len(data)


class Aside(NamedTuple):
    """What stands beside the coded data: ``[start, end)`` in the file, and its bytes.

    ``text`` is empty where only zeros are left; ``behind`` tells data behind the picture's end.
    """

    start: int
    end: int
    text: bytes
    behind: bool


def asides(source: ByteSource, start: int, length: int, last: int = 0) -> list[Aside]:
    """Find the text in front of a large picture's scan, between its scans and behind its end; only both ends are read.

    Parameters
    ----------
    source
        The file.
    start, length
        Where the stream stands in it.
    last
        Where, counted from ``start``, the last restart interval begins; 0 if that is not known.
    """
    head = source.read(start, min(length, _LOOK))
    if head[:2] != b"\xff\xd8":
        return []
    out, scan = [], max((s.end for s in segments(head)), default=2)
    for _, low, high in _parts(head):
        out.append(Aside(start + low, start + high, head[low:high].rstrip(b"\0"), False))
    for low, high, behind in tail(source, start, length, scan, last):
        text = source.read(start + low, high - low)
        out.append(Aside(start + low, start + high, text if behind else text.rstrip(b"\0"), behind))
    return out
