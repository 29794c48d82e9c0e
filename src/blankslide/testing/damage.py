"""Ways of breaking a slide where it hurts: at the borders of its structures.

Truncation and single changed bytes at every boundary that inspection itself reports, and one
byte to either side: off-by-one errors live there. Boundaries of tissue are thinned out,
because a slide has thousands of tiles and they are all alike.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.spans import ByteClass

if TYPE_CHECKING:
    from blankslide.model import Inspection


def boundaries(inspection: Inspection, most: int) -> list[int]:
    """Return where structures, values and pictures of the main file begin and end, sorted.

    Parameters
    ----------
    most
        If there are more, every second, third ... is taken.
    """
    bytemap = inspection.maps[0]
    fine = [c for c in bytemap.claims() if c[2] != ByteClass.TISSUE]
    marks = {edge for start, end, _, _ in fine for edge in (start, end)}
    for start, end in bytemap.tissue()[:16]:
        marks |= {start, end}
    marks |= {edge for f in inspection.findings for p in f.places if p.file == 0 for edge in (p.start, p.end)}
    found = sorted(m for m in marks if 0 < m <= bytemap.size)
    return found[:: -(-len(found) // most)]


def damaged(data: bytes, marks: Sequence[int]) -> Iterator[tuple[str, bytes]]:
    """Yield descriptions and broken files: each boundary, one byte before and one behind it."""
    for mark in marks:
        for at in (mark - 1, mark, mark + 1):
            if not 0 <= at < len(data):
                continue
            yield f"truncation at byte {at}", data[:at]
            for fresh in {0, 0xFF, data[at] ^ 1} - {data[at]}:
                yield f"byte {at} changed to {fresh}", data[:at] + bytes((fresh,)) + data[at + 1 :]


def aliens(own: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield names and bytes of what is not a slide of any vendor.

    Parameters
    ----------
    own
        A slide of the format, of which only the beginning is used.
    """
    yield "an empty file", b""
    yield "a PNG image", b"\x89PNG\r\n\x1a\n" + bytes(64)
    yield "a JPEG image", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9"
    yield "text", b"label macro Aperio Motic Hamamatsu\n" * 9
    yield "zeros", bytes(4096)
    yield "a slide's first bytes", own[: min(12, len(own) // 2)]
    for big in (False, True):
        for order in "<>":
            yield "a TIFF file of nobody's", _plain_tiff(big, order)


def _plain_tiff(big: bool, order: str) -> bytes:
    """One grey page without any words."""
    from blankslide.samples.kit.tiff_values import long, short
    from blankslide.samples.kit.tiff_writer import Page, write_tiff

    tags = {256: long(16), 257: long(16), 258: short(8), 259: short(1), 262: short(1), 277: short(1), 278: long(16)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain.tif"
        write_tiff(path, [Page(tags, [bytes(256)])], big=big, byteorder="<" if order == "<" else ">")
        return path.read_bytes()
