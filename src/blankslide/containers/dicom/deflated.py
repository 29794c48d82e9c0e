"""Deflated DICOM files: the plain file that one stands for.

Strategy: from the end of the file meta information on, such a file is one raw deflate stream
(PS3.5 A.5). Nothing in it can be overwritten where it stands. So it is inflated, and what comes out
gets the meta information of an explicit little endian file: that file is read like any other.

Promise: bounded. The stream is inflated piece by piece and given up at 1 GiB, so a small file that
inflates without end costs no more than that.

Source: DICOM PS3.5 A.5, PS3.10 7.1.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.dicom import write as W
from blankslide.containers.dicom.header import DEFLATED, PREAMBLE, SYNTAX, is_dicom, read_meta
from blankslide.errors import DamagedSlide, NotEditable

if TYPE_CHECKING:
    from blankslide.source import ByteSource

EXPLICIT = b"1.2.840.10008.1.2.1"
MOST_INFLATED = 1 << 30
_MOST_META = 1 << 16
_STEP = 1 << 20


class Plain(NamedTuple):
    """A plain file, and whether something stood behind the deflated stream of its original."""

    data: bytes
    trailing: bool


def is_deflated(source: ByteSource) -> bool:
    """Whether the file meta information says that the data set is deflated."""
    found = _meta(source)
    return found is not None and found[2] == DEFLATED


def plain(source: ByteSource) -> Plain:
    """Inflate a deflated file.

    Raises
    ------
    DamagedSlide
        If the stream is broken or ends early.
    NotEditable
        If it inflates to more than 1 GiB.
    """
    found = _meta(source)
    if found is None or found[2] != DEFLATED:
        raise DamagedSlide("the file is not deflated")
    head, body, _ = found
    elements, _ = read_meta(head, len(head))
    stays = [e for e in elements if e.tag != 0x00020000]
    meta = W.rebuild(head, stays, {e.at: EXPLICIT for e in stays if e.tag == SYNTAX}, {}, False)
    parts = [head[: PREAMBLE + 4], W.group_length(meta), meta]
    trailing = _inflate(source, body, parts)
    return Plain(b"".join(parts), trailing)


def _meta(source: ByteSource) -> tuple[bytes, int, str] | None:
    """Return the first bytes of a file, where its meta information ends, and its transfer syntax."""
    head = source.read(0, min(_MOST_META, source.size))
    if not is_dicom(head):
        return None
    # as if the file were no longer: meta information that does not fit is refused by whoever reads on
    try:
        elements, body = read_meta(head, len(head))
    except DamagedSlide:
        return None
    syntax = next((head[e.body : e.end].rstrip(b"\0 ").decode("latin-1") for e in elements if e.tag == SYNTAX), "")
    return head, body, syntax


def _inflate(source: ByteSource, start: int, out: list[bytes]) -> bool:
    """Append the inflated data set; return whether anything but padding follows the stream."""
    stream, total, pos = zlib.decompressobj(-zlib.MAX_WBITS), 0, start
    while not stream.eof:
        fresh = b"" if stream.unconsumed_tail else source.read(pos, min(_STEP, source.size - pos))
        pos += len(fresh)
        try:
            piece = stream.decompress(stream.unconsumed_tail or fresh, _STEP)
        except zlib.error:
            raise DamagedSlide("the deflated data set cannot be inflated") from None
        if not piece and not fresh and not stream.eof:
            raise DamagedSlide("the deflated data set ends early")
        total += len(piece)
        if total > MOST_INFLATED:
            raise NotEditable("the deflated data set is larger than 1 GiB, so it is not inflated")
        out.append(piece)
    # PS3.5 A.5 allows one byte that makes the length even
    left = stream.unused_data + source.read(pos, min(2, source.size - pos))
    return len(left) > 1 or any(left)
