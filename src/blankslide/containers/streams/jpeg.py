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

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.streams.jpeg_tail import tail
from blankslide.errors import DamagedSlide
from blankslide.source import is_blank

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
_FAR = 1 << 24
_BEGIN_MARK, _END_MARK = b"\xff\xd8", b"\xff\xd9"
_SOS = 0xDA
_EOI = 0xD9
_FIRST_FRAME = 0xC0
_PICTURES = frozenset((*range(0xC0, 0xD0), _SOS)) - {0xC4, 0xCC}
_TABLES_BEGIN = (b"\xff\xdb", b"\xff\xc4")
#: A marker inside coded data: neither a stuffed byte nor a restart.
_MARKER = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")
#: The markers of an end, with the beginning of the next stream if it follows, and of segments in which text can stand.
_TELLING = re.compile(b"\xff[\xd9%s](?:(?<=\xd9)\xff\xd8)?" % bytes(sorted(_WORDY)))


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


def are_bare(data: bytes, lengths: Sequence[int]) -> bool:
    """Whether streams that follow each other have no room for text: no segment but of coding, nothing behind an end.

    All that tells must be as many ends as there are streams, each with a beginning right behind it; and where a stream
    ends, one of them must stand. (To cut the data there would be shorter, but copies it.)

    Parameters
    ----------
    lengths
        Of the streams, one at least; together they are the data.
    """
    told = [_END_MARK + _BEGIN_MARK] * (len(lengths) - 1) + [_END_MARK]
    if not data.startswith(_BEGIN_MARK) or not all(lengths) or _TELLING.findall(data) != told:
        return False
    return {data[end - len(_END_MARK) : end] for end in accumulate(lengths)} == {_END_MARK}


def comment_segments(data: bytes) -> list[Segment]:
    """Segments that are not about decoding and not already blank: each with the part that is not."""
    return [s for s in _parts(data) if not is_blank(data[s.start : s.end])]


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


def loses_its_way(head: bytes) -> bool:
    """Whether the segments of a picture lead to something else than its scan, so that one of them has a wrong length.

    What that one is said to hold may be the frame and a part of the scan. A beginning that ends before the scan tells
    nothing.
    """
    pos = max((segment.end for segment in segments(head)), default=2)
    marker = head[pos:].lstrip(b"\xff")[:1]
    if not marker:
        return False
    return head[pos] != 0xFF or marker[0] < _FIRST_FRAME or 0xD0 <= marker[0] <= 0xD8


def beside(data: bytes) -> list[tuple[int, int]]:
    """Find what a whole stream holds beside its picture: text before, between and behind its scans.

    Parameters
    ----------
    data
        One strip or tile with all that stands in its slot.

    Returns
    -------
    list of (start, end)
        Parts that decoders do not act on and that are not blank; empty for what is no JPEG.
    """
    if data[:2] != b"\xff\xd8":
        return []
    if data[-2:] == _END_MARK and are_bare(data, (len(data),)):  # as nearly all tiles are
        return []
    out, end = _marked(data, 2)
    if end and not is_blank(data[end:]) and data[end:].strip(b"\0\xff"):
        out.append((end, len(data)))
    return [(a, b) for a, b in out if not is_blank(data[a:b])]


def beside_tables(data: bytes) -> list[tuple[int, int]] | None:
    """Find what a stream of tables holds besides tables.

    Parameters
    ----------
    data
        A whole value of the tag JPEGTables.

    Returns
    -------
    list of (start, end) or None
        Parts that no decoder acts on and that are not blank; None if a table has not the form of one, or no
        end, or if a picture stands there.
    """
    if data[:2] != b"\xff\xd8":
        return [] if is_blank(data) else [(0, len(data))]
    out, pos = [], 2
    for marker, start, end in segments(data):
        pos = end
        if marker in _PICTURES or not _is_table(marker, data[start:end]):
            return None
        low = [(start + a, start + b) for a, b in _wordy(marker, data[start : min(end, start + _JFIF)], end - start)]
        out += low
    fill = max(len(data[pos:]) - len(data[pos:].lstrip(b"\xff")) - 1, 0)  # a marker may have more than one of these
    if data[pos + fill : pos + fill + 2] == _END_MARK:
        pos, fill = pos + fill + 2, 0
    rest = data[pos + fill :]
    if rest[:2] in _TABLES_BEGIN and len(rest) > 2:
        return None  # a table that was cut off, or what looks like one
    if rest not in (b"\xff", *_TABLES_BEGIN):  # nor the first half of the end, or of a table
        end = data.find(_END_MARK, pos) if _END_MARK in rest else len(data)  # decoders that get there want it
        out += [(pos, end), (min(end + 2, len(data)), len(data))]
    return [(a, b) for a, b in out if not is_blank(data[a:b])]


def _is_table(marker: int, body: bytes) -> bool:
    """Whether a segment that should hold quantisation or Huffman tables does, and no byte more."""
    pos = 0
    while marker in (0xDB, 0xC4) and pos < len(body):
        kind, which = body[pos] >> 4, body[pos] & 15
        size = 65 + 64 * kind if marker == 0xDB else 17 + sum(body[pos + 1 : pos + 17])
        if kind > 1 or which > 3 or pos + size > len(body):
            return False
        pos += size
    return True


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

    Raises
    ------
    DamagedSlide
        If text stands in a segment of wrong length, which may hold the picture.
    """
    head = source.read(start, min(length, _LOOK))
    if head[:2] != b"\xff\xd8":
        return []
    out, scan = [], max((s.end for s in segments(head)), default=2)
    parts = list(_parts(head))
    if any(not is_blank(head[low:high]) for _, low, high in parts) and loses_its_way(head):
        raise DamagedSlide("the segments of a JPEG picture do not lead to its scan")
    for _, low, high in parts:
        out.append(Aside(start + low, start + high, head[low:high].rstrip(b"\0"), False))
    for low, high, behind in tail(source, start, length, scan, last):
        if behind:
            out.append(Aside(start + low, start + high, source.read(start + low, high - low), True))
            continue
        body = source.read(start + low - 3, high - low + 3)
        for a, b in _wordy(body[0], body[3 : 3 + _JFIF], high - low):
            if a < b:
                out.append(Aside(start + low + a, start + low + b, body[3 + a : 3 + b].rstrip(b"\0"), False))
    return out


def has_end(source: ByteSource) -> bool:
    """Whether a file that is one JPEG has its end marker behind its scan; coded data never look like one."""
    scan = max((s.end for s in segments(source.read(0, min(_LOOK, source.size)))), default=2)
    stop, first = source.size, max(scan, source.size - _FAR)
    while stop > first:
        start = max(first, stop - _LOOK)
        if b"\xff\xd9" in source.read(start, min(stop + 1, source.size) - start):
            return True
        stop = start
    return False


def _marked(data: bytes, pos: int) -> tuple[list[tuple[int, int]], int]:
    """Walk from marker to marker, over coded data too, which holds none.

    Returns
    -------
    parts, end
        What decoders do not act on, blank or not, and where the byte behind the end marker stands (0 if there is none).
    """
    out: list[tuple[int, int]] = []
    while (found := _MARKER.search(data, pos)) is not None:
        marker, pos = data[found.start() + 1], found.end()
        if marker == _EOI:
            return out, pos
        end = pos + int.from_bytes(data[pos : pos + 2], "big")
        if end < pos + 2 or end > len(data):
            break
        low = pos + 2
        parts = _wordy(marker, data[low : min(end, low + _JFIF)], end - low)
        out += [(low + a, low + b) for a, b in parts if a < b]
        pos = end
    return out, 0
