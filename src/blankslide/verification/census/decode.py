"""Decoding one segment or one whole stream, at an eighth of its size where the codec can.

TIFF says of JPEG tiles what the stream does not: which colours they are in. Streams without that word are decoded
wrongly by every library's guess, so they are joined with their tables and told. Aperio's 33003 is JPEG 2000 whose first
component is the luminance; subsampled YCbCr without JPEG, which no library at hand unpacks, is unpacked here.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

from blankslide.verification.census.glance import ALL, PIXEL_LIMIT, Decode, Grid, Pixels, Read, look_at
from blankslide.verification.census.overlay import SIDE

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile
    from tifffile import TiffPage

    from blankslide.verification.census.glance import Array
    from blankslide.verification.census.pixels import Look

__all__ = ["ALL", "Grid", "Pixels", "look_at", "stream_look", "tiff_look"]

JPEG, JPEG2000 = 7, (33003, 33004, 33005, 34712)
_WHITE_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 2, 3, 5, 6, (8, 9, 10)
_KINDS = {"jpeg": "JPEG", "jpg": "JPEG", "png": "PNG", "bmp": "BMP", "dib": "DIB", "gif": "GIF", "webp": "WEBP"}
_KINDS |= {"jp2": "JPEG2000", "j2k": "JPEG2000", "jpeg2000": "JPEG2000"}
_CONVERTED = ("1", "P", "PA", "LA", "La", "CMYK", "YCbCr", "LAB")
_UNPACK = {1: "", 5: "lzw_decode", 8: "zlib_decode", 32946: "zlib_decode", 32773: "packbits_decode"}
_MODES = {1: "L", 3: "RGB"}
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"


def tiff_look(page: TiffPage, read: Read, *, few: int = 8) -> Look | None:
    """Look at few tiles or strips of a page.

    Parameters
    ----------
    page
        The page, as tifffile knows it.
    read
        Returns bytes of the file by offset and length.
    few
        How many segments to decode; `ALL` for each.

    Returns
    -------
    Look or None
        None where nothing could be decoded.
    """
    try:
        grid, decode = _grid(page), _decoder(page, read)
        seen = look_at(page.imagewidth, page.imagelength, grid, read, decode, few=few)
    except Exception:  # a page that tifffile itself cannot make sense of
        return None
    return seen if seen.samples else None


def stream_look(data: bytes, kind: str) -> Look | None:
    """Look at a whole picture in memory: "jpeg", "png", "bmp", "gif", "webp", "tiff", "jp2", "jxr"; or None."""
    if kind.lower() == "jxr":
        return _xr_stream(data)
    if kind.lower() in ("tiff", "tif"):
        return _tiff_stream(data)
    form = _KINDS.get(kind.lower())
    if form is None:
        return None
    try:
        with _open(data, form) as image:
            width, height = image.size
    except Exception:
        return None

    def decode(coded: bytes, index: int, exact: bool) -> Pixels | None:
        return _picture(coded, form, 1 if exact else scale_of((width, height), (width, height)), (width, height))

    grid = Grid(width, height, 1, 1, (0,), (len(data),))
    seen = look_at(width, height, grid, lambda offset, count: data, decode)
    return seen if seen.samples else None


def _tiff_stream(data: bytes) -> Look | None:
    from tifffile import TiffFile

    try:
        with TiffFile(BytesIO(data)) as tiff:
            return tiff_look(tiff.pages.first, lambda offset, count: data[offset : offset + count], few=ALL)
    except Exception:
        return None


def _xr_stream(data: bytes) -> Look | None:
    import imagecodecs
    import numpy as np

    from blankslide.verification.census.walked import measured

    coded = measured(data)
    if coded is None or not 0 < coded.width * coded.height <= PIXEL_LIMIT:
        return None
    try:
        array = np.atleast_3d(imagecodecs.jpegxr_decode(data))
    except Exception:
        return None
    if array.shape[:2] != (coded.height, coded.width):
        return None
    grid = Grid(coded.width, coded.height, 1, 1, (0,), (len(data),))
    pixels = Pixels(array, 1)
    seen = look_at(coded.width, coded.height, grid, lambda offset, count: data, lambda *_: pixels)
    return seen if seen.samples else None


# -- pages -----------------------------------------------------------------------------


def _grid(page: TiffPage) -> Grid:
    wide = page.tilewidth if page.is_tiled else page.imagewidth
    high = page.tilelength if page.is_tiled else min(page.rowsperstrip, page.imagelength)
    if page.jpegheader is not None:  # NDPI: restart intervals of one stream, which tifffile finds
        high, wide = page.chunks[-3:-1] if page.samplesperpixel > 1 else page.chunks[-2:]
    columns, rows = -(-page.imagewidth // wide), -(-page.imagelength // high)
    return Grid(wide, high, columns, rows, page.dataoffsets, page.databytecounts)


def _decoder(page: TiffPage, read: Read) -> Decode:
    """Return what decodes a segment of the page."""
    single = _single(page)
    if page.planarconfig != 2 or page.samplesperpixel == 1:
        return single
    plane = len(page.dataoffsets) // page.samplesperpixel

    def planes(data: bytes, index: int, exact: bool) -> Pixels | None:
        import numpy as np

        numbers = range(index, len(page.dataoffsets), max(1, plane))
        found = [single(read(page.dataoffsets[i], page.databytecounts[i]), i, True) for i in list(numbers)[:4]]
        arrays = [pixels.array for pixels in found if pixels is not None]
        return Pixels(np.concatenate(arrays, 2)) if len(arrays) == len(found) else None

    return planes


def _single(page: TiffPage) -> Decode:
    size = (page.tilewidth, page.tilelength) if page.is_tiled else (page.imagewidth, page.rowsperstrip)
    compression, photometric = int(page.compression), int(page.photometric)
    tables, scale = page.jpegtables or b"", scale_of((page.imagewidth, page.imagelength), size)
    # some writers fill up the last rows of a strip
    place = size if page.is_tiled else (size[0], min(size[1], page.imagelength) + 64)

    def jpeg(data: bytes, index: int, exact: bool) -> Pixels | None:
        return _picture(told_jpeg(data, tables, photometric), "JPEG", 1 if exact else scale, place)

    def jpeg2000(data: bytes, index: int, exact: bool) -> Pixels | None:
        pixels = _picture(data, "JPEG2000", 1 if exact else scale, place)
        luma_first = photometric == _YCBCR or compression == 33003
        return pixels._replace(grey=0) if pixels and luma_first else pixels

    def subsampled(data: bytes, index: int, exact: bool) -> Pixels | None:
        return _subsampled(page, data, size[0])

    def other(data: bytes, index: int, exact: bool) -> Pixels | None:
        array = page.decode(data, index, jpegtables=page.jpegtables, jpegheader=page.jpegheader)[0]
        return None if array is None else _coloured(page, array[0])

    plain = page.bitspersample == 8 and page.jpegheader is None
    if compression == JPEG and plain and photometric in (0, 1, _RGB, _YCBCR):
        return jpeg
    if compression in JPEG2000 and page.samplesperpixel <= 4:
        return jpeg2000
    if photometric == _YCBCR and page.is_subsampled and compression in _UNPACK:
        return subsampled
    return other


def _coloured(page: TiffPage, array: Array) -> Pixels:
    """Return a segment's channels as colours of 0 to 255 or more: palettes looked up, single bits stretched."""
    import numpy as np

    photometric, bits = int(page.photometric), page.bitspersample
    if photometric == _PALETTE and page.colormap is not None:
        return Pixels(np.moveaxis(page.colormap[:, array[..., 0]], 0, -1) >> 8)
    if array.dtype.kind == "f":
        real = np.nan_to_num(array.astype(np.float32), posinf=0, neginf=0)
        return Pixels((real - np.float32(min(0.0, float(real.min())))) * np.float32(65535))
    if bits < 8:
        array = (array.astype(np.uint16) * 255 // (2**bits - 1)).astype(np.uint8)
    if photometric in (_WHITE_IS_ZERO, _CMYK) and array.dtype.kind == "u":
        array = np.bitwise_not(array)
    # JPEG of any kind comes out as RGB, whatever it was in
    luminance = (photometric == _YCBCR and int(page.compression) not in (6, JPEG)) or photometric in _LAB
    return Pixels(array, grey=0 if luminance else -1)


# -- streams ---------------------------------------------------------------------------


def _open(data: bytes, form: str) -> ImageFile:
    """Open a stream without reading its pixels, and without a word about its size, which is judged here."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(BytesIO(data), formats=(form,))


def told_jpeg(data: bytes, tables: bytes, photometric: int) -> bytes:
    """Join an abbreviated stream with its tables, and tell its colours where it does not itself."""
    padded = tables.rstrip(b"\0")  # as some writers do, up to an even number of bytes
    head = (padded if padded.endswith(_EOI) else tables)[2:].removesuffix(_EOI) if tables[:2] == _SOI else b""
    if photometric in (_RGB, _YCBCR) and not _tells_colours(data):
        # A JFIF marker still wins over this one, as it does in every other reader.
        head = _ADOBE + bytes((photometric == _YCBCR,)) + head
    return data[:2] + head + data[2:] if head else data


def _tells_colours(data: bytes) -> bool:
    pos = 2
    while pos + 4 <= len(data) and data[pos] == 0xFF and data[pos + 1] not in (0xDA, 0xD9):
        if data[pos + 1] == 0xEE and data[pos + 4 : pos + 9] == b"Adobe":
            return True
        pos += 2 + max(2, int.from_bytes(data[pos + 2 : pos + 4], "big"))
    return False


def _picture(data: bytes, form: str, scale: int, place: tuple[int, int]) -> Pixels | None:
    """Decode a stream by Pillow; None if it is larger than its place, or than anything should be."""
    import numpy as np

    if form == "JPEG" and (plain := _plain_jpeg(data)) is not None:
        return _directly(data, *plain, scale, place)
    with _open(data, form) as image:
        wide, high = image.size
        if wide > place[0] or high > place[1] or wide * high > PIXEL_LIMIT:
            return None
        if form == "JPEG" and scale > 1:
            image.draft(None, (max(1, wide // scale), max(1, high // scale)))
            scale = next(s for s in (1, 2, 4, 8) if -(-wide // s) == image.width and -(-high // s) == image.height)
        elif form == "JPEG2000" and scale > 1:
            # one step less: a halving keeps each other value, not their mean, so that the picture moves a little
            halvings = min(scale.bit_length() - 2, _resolutions(data))
            image.reduce = halvings  # type: ignore[method-assign, assignment]
            scale = 1 << halvings
        image.load()
        array = np.asarray(image.convert("RGB") if image.mode in _CONVERTED else image)
    return Pixels(array if array.ndim == 3 else array[..., None], scale if form.startswith("JPEG") else 1)


def _plain_jpeg(data: bytes) -> tuple[str, int, int] | None:
    """Return mode and size of a JPEG of grey or three colours in 8 bits; None if it is another, or cannot be told."""
    pos = 2
    while data[pos : pos + 1] == b"\xff" and pos + 10 <= len(data):
        code = data[pos + 1]
        if code in (0xC0, 0xC1, 0xC2):
            high, wide = int.from_bytes(data[pos + 5 : pos + 7], "big"), int.from_bytes(data[pos + 7 : pos + 9], "big")
            mode = _MODES.get(data[pos + 9]) if data[pos + 4] == 8 else None
            return (mode, wide, high) if mode and wide and high else None
        if code in (0xD8, 0xD9, 0xDA, 0xFF):
            return None
        pos += 2 + max(2, int.from_bytes(data[pos + 2 : pos + 4], "big"))
    return None


def _directly(data: bytes, mode: str, wide: int, high: int, scale: int, place: tuple[int, int]) -> Pixels | None:
    """Decode a JPEG without opening it first: a strip is so small that opening it costs more than its pixels."""
    import numpy as np
    from PIL import Image

    if wide > place[0] or high > place[1] or wide * high > PIXEL_LIMIT:
        return None
    small = -(-wide // scale), -(-high // scale)
    array = np.asarray(Image.frombytes(mode, small, data, "jpeg", mode, "", scale, 0))
    return Pixels(array if array.ndim == 3 else array[..., None], scale)


def _resolutions(data: bytes) -> int:
    """Return how often a JPEG 2000 stream can be halved, as its COD segment says."""
    at = data.find(b"\xff\x52", data.find(b"\xff\x4f\xff\x51") + 40)
    return min(data[at + 9], 32) if 0 < at < len(data) - 9 else 0


def scale_of(picture: tuple[int, int], segment: tuple[int, int]) -> int:
    """Return by how much segments can be reduced: 64 values of the picture and two of a segment stay each way."""
    one = segment[0] >= picture[0] and segment[1] >= picture[1]
    for scale in (8, 4, 2):
        whole = one or (segment[0] % scale in (0, segment[0] * (segment[0] == picture[0])) and segment[1] % scale == 0)
        if whole and min(picture) >= SIDE * scale and min(segment) >= 2 * scale:
            return scale
    return 1


def _subsampled(page: TiffPage, data: bytes, wide: int) -> Pixels | None:
    """Unpack YCbCr with fewer chroma values, not JPEG: units of Y Y … Cb Cr, row by row."""
    import imagecodecs
    import numpy as np

    coded = getattr(imagecodecs, _UNPACK[int(page.compression)])(data) if page.compression != 1 else data
    h, v = page.subsampling or (2, 2)
    columns = -(-wide // h)
    flat = np.frombuffer(coded, np.uint8)
    rows = flat.size // (columns * (h * v + 2))
    units = flat[: rows * columns * (h * v + 2)].reshape(rows, columns, h * v + 2)
    luma = units[..., : h * v].reshape(rows, columns, v, h).swapaxes(1, 2).reshape(rows * v, columns * h)
    chroma = units[..., h * v :].repeat(v, 0).repeat(h, 1)
    return Pixels(np.concatenate((luma[..., None], chroma), 2)[:, :wide], grey=0)
