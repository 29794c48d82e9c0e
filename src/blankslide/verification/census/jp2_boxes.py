"""The boxes of JP2: which of their bytes a picture needs, and where its codestream stands.

Needed are the signature, the file type, the header's boxes in their legal lengths, and the first codestream. XML, UUID,
a colour profile, any other box and any other codestream are beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.verification.census.coded import Ranges

SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
_BRANDS = frozenset((b"jp2 ", b"jpx ", b"jpxb", b"jph ", b"J2P0", b"J2P1", b"\0\0\0\0"))


class _Box(NamedTuple):
    kind: bytes
    at: int
    begin: int
    end: int


def _boxes(data: bytes, at: int, end: int) -> Iterator[_Box | None]:
    """Give one box after the other; None where a box ends behind what holds it."""
    while at < end:
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        begin = at + 8
        if size == 1:
            size, begin = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        stop = at + size if size else end
        if begin > stop or stop > end:
            yield None
            return
        yield _Box(kind, at, begin, stop)
        at = stop


def codestream(data: bytes, beside: Ranges) -> tuple[int, int] | None:
    """Return where the codestream stands, and add to `beside` what no picture needs.

    Parameters
    ----------
    data
        A stream that begins with a signature box.
    beside
        Ranges, added to.

    Returns
    -------
    tuple of int, or None
        None if there is no codestream, or a box in front of it ends behind the stream.
    """
    found: tuple[int, int] | None = None
    seen: set[bytes] = set()
    for box in _boxes(data, 0, len(data)):
        if box is None:
            break
        if box.kind == b"jp2c" and found is None:
            found = box.begin, box.end
        elif box.kind == b"jp2h" and box.kind not in seen:
            _header(data, box, beside)
        elif box.kind == b"ftyp" and box.kind not in seen:
            brands = ((i, i + 4) for i in (box.begin, *range(box.begin + 8, box.end, 4)))
            beside += [(i, min(j, box.end)) for i, j in brands if data[i:j] not in _BRANDS]
        elif box.at > 0 and data[box.at : box.end].strip(b"\0"):
            beside.append((box.at, box.end))
        seen.add(box.kind)
        rest = box.end
    else:
        return found
    if found is not None:
        beside.append((rest, len(data)))
    return found


def _header(data: bytes, header: _Box, beside: Ranges) -> None:
    """Look at the boxes of the header; a box of another kind, a second one and what is too long are beside."""
    seen: set[bytes] = set()
    end = header.begin
    for box in _boxes(data, header.begin, header.end):
        if box is None:
            break
        need = 0 if box.kind in seen and box.kind != b"colr" else _need(data, box)
        beside.append((box.begin + need if need else box.at, box.end))
        seen.add(box.kind)
        end = box.end
    beside.append((end, header.end))


def _need(data: bytes, box: _Box) -> int:
    """Return how many bytes of a box in the header a picture needs."""
    body = data[box.begin : box.end]
    if box.kind == b"colr":
        return {1: 7, 2: 3}.get(body[0] if body else 0, 0)
    if box.kind == b"cdef":
        return 2 + 6 * int.from_bytes(body[:2], "big")
    if box.kind == b"pclr" and len(body) > 3:
        columns = body[3 : 3 + body[2]]
        wide = sum(((depth & 0x7F) + 8) // 8 for depth in columns)
        return 3 + len(columns) + int.from_bytes(body[:2], "big") * wide
    if box.kind == b"cmap":
        return len(body) if all(kind < 2 for kind in body[2::4]) else 0
    if box.kind == b"res ":
        sound = len(body) % 18 == 0 and all(body[i + 4 : i + 8] in (b"resc", b"resd") for i in range(0, len(body), 18))
        return min(len(body), 36) if sound else 0
    if box.kind == b"bpcc":
        return len(body) if len(body) < 5 and max(body, default=0) & 0x7F < 38 else 0
    return 14 if box.kind == b"ihdr" else 0
