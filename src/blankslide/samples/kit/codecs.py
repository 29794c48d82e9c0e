"""Coded pictures as scanners write them: abbreviated and complete JPEG, LZW.

Pillow does the coding; this module takes its streams apart. An *abbreviated* JPEG stream
has no tables, they stand once in tag 347 (JPEGTables). Aperio codes RGB without colour
transform, component ids 0, 1, 2 and no application segment; a stream made that way must be
decoded by its TIFF page's photometric tag, which is just what readers are tested on.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_DQT, _DHT, _SOF0, _SOS = 0xDB, 0xC4, 0xC0, 0xDA


class Split(NamedTuple):
    """A JPEG stream in two: its tables, and the abbreviated rest."""

    tables: bytes
    stream: bytes


def jpeg(picture: Image, quality: int) -> bytes:
    """Code a complete stream: grey, or YCbCr with 2x2 subsampled colour, as cameras do."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling="4:4:4" if picture.mode == "L" else "4:2:0")
    return out.getvalue()


def jpeg_abbreviated(picture: Image, quality: int) -> Split:
    """Code RGB without colour transform and take the tables out."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, keep_rgb=True)
    tables, rest = [_SOI], [_SOI]
    for marker, segment in _segments(out.getvalue()):
        if marker in (_DQT, _DHT):
            tables.append(segment)
        elif marker in (_SOF0, _SOS):
            rest.append(_renumber(marker, segment))
    return Split(b"".join(tables) + _EOI, b"".join(rest))


def jpeg_2000(picture: Image, ycc: bool) -> bytes:
    """Code a bare lossy codestream without colour transform, as Aperio's 33003 (YCbCr) and 33005 (RGB)."""
    out = io.BytesIO()
    coded = picture.convert("YCbCr") if ycc else picture
    if ycc:  # Pillow codes the three planes as they are only if it takes them for RGB
        from PIL import Image as images

        coded = images.merge("RGB", coded.split())
    coded.save(out, "JPEG2000", no_jp2=True, mct=0, irreversible=True, quality_layers=[20], num_resolutions=4)
    return out.getvalue()


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and bytes of each segment; the last one runs to the end of the stream."""
    at = 2
    while True:
        marker = data[at + 1]
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == _SOS:
            yield marker, data[at:]
            return
        yield marker, data[at:end]
        at = end


def _renumber(marker: int, segment: bytes) -> bytes:
    """Give the three components the ids 0, 1 and 2."""
    out = bytearray(segment)
    first, step = (10, 3) if marker == _SOF0 else (5, 2)
    for i in range(3):
        out[first + step * i] = i
    return bytes(out)


def bands(picture: Image, rows: int) -> list[Image]:
    """Cut a picture into strips of ``rows`` rows; the last may be shorter."""
    width, height = picture.size
    return [picture.crop((0, top, width, min(top + rows, height))) for top in range(0, height, rows)]


def lzw_strips(picture: Image, rows: int) -> list[bytes]:
    """Code LZW strips with the horizontal predictor (tag 317 = 2)."""
    from PIL import Image as images

    out = io.BytesIO()
    strip = rows * picture.width * 3
    picture.save(out, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}, strip_size=strip)
    data = out.getvalue()
    with images.open(out) as coded:
        tags = coded.tag_v2  # type: ignore[attr-defined]
        return [data[at : at + n] for at, n in zip(tags[273], tags[279], strict=True)]
