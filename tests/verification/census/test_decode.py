"""Tiles decoded small: every coding gives the grey that was drawn, and hostile sizes give nothing."""

from __future__ import annotations

import struct
import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.verification.census import glance
from blankslide.verification.census.decode import ALL, Grid, Pixels, look_at, stream_look, tiff_look, told_jpeg
from blankslide.verification.census.pixels import likeness, pearson

if TYPE_CHECKING:
    from pathlib import Path
    from types import SimpleNamespace

SIZE = (500, 380)  # no multiple of a tile


@pytest.fixture(scope="module")
def drawn(kit: SimpleNamespace) -> Any:
    return kit.tissue(*SIZE)


def written(array: Any, **how: Any) -> bytes:
    import tifffile

    file = BytesIO()
    tifffile.imwrite(file, array, **how)
    return file.getvalue()


RGB = {"photometric": "rgb"}
TILES = {"tile": (128, 128)}
GREY = {"photometric": "minisblack"}


@pytest.mark.parametrize(
    ("change", "how"),
    [
        pytest.param(None, {**RGB, **TILES}, id="raw tiles"),
        pytest.param(None, {**RGB, "rowsperstrip": 16, "compression": "lzw", "predictor": True}, id="lzw, predictor"),
        pytest.param(None, {**RGB, **TILES, "compression": "zlib"}, id="deflate"),
        pytest.param(None, {**RGB, **TILES, "compression": "jpeg"}, id="jpeg, ycbcr 4:2:0"),
        pytest.param(
            None,
            {**RGB, **TILES, "compression": "jpeg", "compressionargs": {"outcolorspace": "rgb"}},
            id="jpeg, rgb without word",
        ),
        pytest.param(None, {**RGB, "rowsperstrip": 16, "compression": "jpeg"}, id="jpeg strips"),
        pytest.param(None, {**RGB, **TILES, "compression": "jpeg2000"}, id="jpeg 2000"),
        pytest.param(lambda a: np.moveaxis(a, 2, 0), {**RGB, **TILES, "planarconfig": "separate"}, id="planar"),
        pytest.param(lambda a: a.astype("u2") * 257, {**RGB, **TILES}, id="16 bit"),
        pytest.param(lambda a: a[..., 1].astype("u2") * 16, {**GREY, **TILES}, id="12 bit in 16"),
        pytest.param(lambda a: a[..., 1] / np.float32(255), {**GREY, **TILES}, id="float"),
        pytest.param(lambda a: 255 - a[..., 1], {"photometric": "miniswhite", **TILES}, id="white is zero"),
        pytest.param(lambda a: a[..., 1] > 160, {**GREY, "rowsperstrip": 20}, id="one bit"),
    ],
)
def test_every_coding_gives_the_grey_that_was_drawn(change: Any, how: dict[str, Any], drawn: Any, kit: Any) -> None:
    (page, data), *_ = kit.pages_of(written(drawn if change is None else change(drawn), **how))
    look = kit.looked(page, data)
    assert look is not None
    truth = kit.look_of(drawn)
    assert look.whole is not None
    assert pearson(look.whole, truth.whole) > (0.9 if "bool" in str(page.dtype) else 0.98)
    few = kit.looked(page, data, few=4)
    assert likeness(few, truth).verdict == "same"
    assert 15 < float(look.whole.std()) < 130  # 0 to 255, whatever the depth


def test_a_jpeg_that_does_not_tell_its_colours_is_told(drawn: Any, kit: Any) -> None:
    """Without the word, three components are taken for YCbCr: the grey would be the red channel's."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[:, :32] = (250, 40, 40)
    red[:, 32:] = (40, 40, 250)
    how = {**RGB, "tile": (64, 64), "compression": "jpeg", "compressionargs": {"outcolorspace": "rgb"}}
    file = bytearray(written(red, **how).replace(b"Adobe", b"Other"))
    frame, scan = file.index(b"\xff\xc0"), file.index(b"\xff\xda")
    for number in range(3):  # as Aperio numbers them; R, G, B would be a word
        file[frame + 10 + 3 * number] = file[scan + 5 + 2 * number] = number
    (page, data), *_ = kit.pages_of(bytes(file))
    assert b"Adobe" not in data
    assert b"JFIF" not in data
    grey = kit.looked(page, data).samples[0].grey
    assert abs(float(grey[:, :24].mean()) - 103) < 8
    assert abs(float(grey[:, -24:].mean()) - 64) < 8


def test_jpeg_2000_of_aperio_has_its_luminance_first(drawn: Any, kit: Any) -> None:
    import imagecodecs
    import tifffile
    from PIL import Image

    ycbcr = np.asarray(Image.fromarray(drawn).convert("YCbCr"))[:256, :256]
    stream = imagecodecs.jpeg2k_encode(ycbcr, level=0, codecformat="j2k", mct=False)
    file = BytesIO()
    tifffile.imwrite(
        file, iter([stream]), shape=ycbcr.shape, dtype="u1", tile=(256, 256), photometric="rgb", compression=33003
    )
    (page, data), *_ = kit.pages_of(file.getvalue())
    look = kit.looked(page, data)
    assert int(page.compression) == 33003
    assert pearson(look.whole, kit.look_of(drawn[:256, :256]).whole) > 0.98
    assert abs(float(look.whole.mean()) - float(ycbcr[..., 0].mean())) < 2  # the two colours are near 128


def test_a_palette_is_looked_up(drawn: Any, kit: Any) -> None:
    from PIL import Image

    file = BytesIO()
    Image.fromarray(drawn).quantize(32).save(file, "TIFF")
    (page, data), *_ = kit.pages_of(file.getvalue())
    assert pearson(kit.looked(page, data, ALL).whole, kit.look_of(drawn).whole) > 0.98


def test_subsampled_ycbcr_without_jpeg_is_unpacked(kit: Any) -> None:
    """No library at hand does it: units of four luminances and two chromas, strip by strip."""
    wide, high, rows = 96, 64, 16
    luma = (np.add.outer(np.arange(high) * 2, np.arange(wide)) % 256).astype("u1")
    units = luma.reshape(high // 2, 2, wide // 2, 2).swapaxes(1, 2).reshape(high // 2, wide // 2, 4)
    coded = np.concatenate((units, np.full((high // 2, wide // 2, 2), 128, "u1")), 2).tobytes()
    strip = len(coded) // (high // rows)
    tags = [(256, 3, 1, wide), (257, 3, 1, high), (258, 3, 3, 200), (259, 3, 1, 1), (262, 3, 1, 6)]
    tags += [(273, 4, 4, 208), (277, 3, 1, 3), (278, 3, 1, rows), (279, 4, 4, 224), (530, 3, 2, 2 | 2 << 16)]
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    body = head.ljust(200, b"\0") + struct.pack("<4H", 8, 8, 8, 0)
    body += struct.pack("<4I", *(240 + strip * i for i in range(4))) + struct.pack("<4I", *[strip] * 4)
    (page, data), *_ = kit.pages_of(body + coded)
    look = kit.looked(page, data)
    assert look is not None
    assert np.abs(look.samples[0].grey - luma).max() < 1e-3


def test_padding_of_the_last_tiles_is_no_picture(drawn: Any, kit: Any) -> None:
    """Tiles beyond the edge are filled with black here; none of it may be seen."""
    white = np.full((130, 130, 3), 255, np.uint8)
    (page, data), *_ = kit.pages_of(written(white, **RGB, **TILES))
    look = kit.looked(page, data)
    assert look.flat
    assert float(look.samples[0].grey.min()) == 255.0


@pytest.mark.parametrize("kind", ["jpeg", "png", "bmp", "gif", "webp", "jp2", "tiff"])
def test_streams_found_anywhere_decode(kind: str, drawn: Any, kit: Any) -> None:
    from PIL import Image

    file = BytesIO()
    Image.fromarray(drawn).save(file, {"jp2": "JPEG2000"}.get(kind, kind.upper()))
    look = stream_look(file.getvalue(), kind)
    assert look is not None
    assert (look.width, look.height) == SIZE
    assert look.whole is not None
    assert pearson(look.whole, kit.look_of(drawn).whole) > 0.98
    assert stream_look(file.getvalue()[:200], kind) is None
    assert stream_look(b"", kind) is None


def test_unknown_kinds_and_other_kinds_than_said_are_no_picture(drawn: Any) -> None:
    from PIL import Image

    file = BytesIO()
    Image.fromarray(drawn).save(file, "PNG")
    assert stream_look(file.getvalue(), "jpeg") is None
    assert stream_look(file.getvalue(), "exe") is None


def test_frames_of_real_dicom_decode_alone(shared: Path) -> None:
    import pydicom
    from pydicom.encaps import generate_frames

    found = 0
    for path in sorted((shared / "dicom" / "CMU-1-Small-Region").glob("*.dcm")):
        data = pydicom.dcmread(path)
        frame = next(generate_frames(data.PixelData, number_of_frames=int(data.get("NumberOfFrames", 1))))
        look = stream_look(frame, "jpeg" if frame[:2] == b"\xff\xd8" else "jp2")
        assert look is not None
        assert (look.width, look.height) == (data.Columns, data.Rows)
        found += 1
    assert found == 4


def test_pictures_inside_a_real_czi_decode_where_they_begin(shared: Path) -> None:
    """What follows a stream in the file does not matter."""
    data = (shared / "czi" / "aicspylibczi-tiles.czi").read_bytes()
    look = stream_look(data[data.index(b"\xff\xd8\xff") :], "jpeg")
    assert look is not None
    assert (look.width, look.height, look.flat) == (256, 256, False)


# -- one colour --------------------------------------------------------------------------


def test_one_colour_is_told_at_full_size(kit: Any) -> None:
    """A pattern whose blocks all have one mean is flat at an eighth of the size, and a picture at full size."""
    blank = np.full((512, 512, 3), 235, np.uint8)
    checks = blank.copy()
    checks[::2, ::2] -= 60
    checks[1::2, 1::2] -= 60
    how = {**RGB, "tile": (256, 256), "compression": "jpeg", "compressionargs": {"level": 95}}
    seen = [kit.looked(*kit.pages_of(written(array, **how))[0]) for array in (blank, checks)]
    assert [look.flat for look in seen] == [True, False]
    assert float(seen[1].samples[0].grey.std()) < 1  # so that it is this which is tested


def test_text_of_the_same_luminance_is_not_one_colour(kit: Any) -> None:
    colours = np.zeros((64, 64, 3), np.uint8)
    colours[...] = (255, 0, 0)
    colours[20:30] = (0, 130, 0)  # the same grey
    look = kit.look_of(colours)
    assert not look.flat
    assert float(look.whole.std()) < 1.5


# -- sizes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "tile"), [((0, 5), 4), ((5, -1), 4), ((1 << 31, 1 << 31), 1 << 31), ((70_000, 70_000), 70_000)]
)
def test_hostile_sizes_are_not_decoded(size: tuple[int, int], tile: int) -> None:
    decoded: list[int] = []

    def decode(data: bytes, index: int, exact: bool) -> Pixels:
        decoded.append(index)
        return Pixels(np.zeros((4, 4, 1), np.uint8))

    look = look_at(*size, Grid(tile, tile, 1, 1, [0], [100]), lambda o, n: b"x" * n, decode)
    assert decoded == []
    assert look.samples == ()
    assert look.whole is None


def test_a_picture_larger_than_its_place_is_not_decoded(kit: Any) -> None:
    """A tile of 64 pixels whose stream says 8000."""
    import imagecodecs
    import tifffile

    large = imagecodecs.jpeg8_encode(np.zeros((8000, 64), np.uint8))
    file = BytesIO()
    tifffile.imwrite(file, iter([large]), shape=(64, 64), dtype="u1", tile=(64, 64), compression="jpeg", **GREY)
    (page, data), *_ = kit.pages_of(file.getvalue())
    assert kit.looked(page, data) is None


def test_bombs_are_no_pictures() -> None:
    from PIL import Image

    file = BytesIO()
    Image.new("1", (12_000, 9_000)).save(file, "PNG")  # 108 Mpx, beyond which Pillow itself only warns
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert stream_look(file.getvalue(), "png") is None
    assert told == []


def test_few_segments_of_very_many_are_read() -> None:
    read: list[int] = []

    def decode(data: bytes, index: int, exact: bool) -> Pixels:
        return Pixels(np.full((256, 256, 1), index % 251, np.uint8))

    columns = rows = 640
    offsets = range(columns * rows)

    def reads(offset: int, count: int) -> bytes:
        read.append(offset)
        return b"x" * count

    look = look_at(columns * 256, rows * 256, Grid(256, 256, columns, rows, offsets, [9] * len(offsets)), reads, decode)
    assert len(read) == len(look.samples) == 8
    assert read[0] == 0
    assert max(read) == columns * rows - 1
    assert look.samples[0].box == (0.0, 0.0, 1 / 640, 1 / 640)


@pytest.mark.parametrize("few", [8, ALL])
def test_a_picture_of_a_million_pieces_is_not_decoded_piece_by_piece(few: int) -> None:
    """Also a tiny one, in pieces of one pixel; and also where all of it was asked for."""
    read: list[int] = []

    def decode(data: bytes, index: int, exact: bool) -> Pixels:
        read.append(index)
        return Pixels(np.full((1, 1, 1), index % 251, np.uint8))

    for side in (300, 1000):
        read.clear()
        count = side * side
        look_at(side, side, Grid(1, 1, side, side, [1] * count, [1] * count), lambda o, n: b"x", decode, few=few)
        assert 8 <= len(read) <= 1 << 14


def test_empty_segments_are_passed_over_for_filled_ones() -> None:
    counts = [0] * 400
    counts[123] = counts[300] = 10
    grid = Grid(256, 256, 20, 20, [1] * 400, counts)
    assert set(glance.chosen(grid, 400, 8)) <= {123, 300}
    assert set(glance.chosen(grid, 400, ALL)) == {123, 300}


def test_what_does_not_decode_is_unseen(kit: Any, drawn: Any) -> None:
    (page, data), *_ = kit.pages_of(written(drawn, **RGB, **TILES, compression="jpeg"))
    broken = bytearray(data)
    for offset, count in zip(page.dataoffsets[:6], page.databytecounts[:6], strict=True):
        broken[offset : offset + count] = b"\0" * count
    look = tiff_look(page, lambda o, n: bytes(broken[o : o + n]))
    assert look is not None
    assert look.whole is None
    assert len(look.samples) == 6
    assert tiff_look(page, lambda o, n: b"") is None


@pytest.mark.parametrize("end", [b"\xff\xd9", b"\xff\xd9\0", b"\xff\xd9\0\0\0", b""])
def test_an_abbreviated_tile_is_decoded_however_its_tables_end(end: bytes) -> None:
    from PIL import Image

    file = BytesIO()
    Image.new("L", (16, 16), 40).save(file, "JPEG")
    whole = file.getvalue()
    quantizer, frame, codes, scan = (whole.index(bytes((0xFF, marker))) for marker in (0xDB, 0xC0, 0xC4, 0xDA))
    tables = whole[:2] + whole[quantizer:frame] + whole[codes:scan] + end
    joined = told_jpeg(whole[:2] + whole[frame:codes] + whole[scan:], tables, 1)
    with Image.open(BytesIO(joined)) as image:
        assert image.getpixel((3, 3)) == 40
