"""Blank pictures: valid in their own codec, of the old size, in the old room, the same when drawn again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from openslide import OpenSlide
from PIL import Image, ImageDraw

from blankslide.blanks import jpeg as blanks_jpeg
from blankslide.blanks import lzw
from blankslide.blanks.draw import draw, is_drawn
from blankslide.containers.streams import jp2k
from blankslide.containers.tiff.directories import Tiff
from blankslide.errors import NotEditable
from blankslide.formatkit.tiff_pictures import blank_edit
from blankslide.model import Blank, Coding, Slot
from blankslide.samples.kit.codecs import bands, jpeg, jpeg_abbreviated, lzw_strips
from blankslide.samples.kit.tiff_values import short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

WHITE, GREY = 255, 128


def picture(width: int = 200, height: int = 90, mode: str = "RGB") -> Image.Image:
    """Draw something that has a patient in it and does not compress to nothing."""
    noise = np.random.default_rng(4711).integers(0, 255, (height, width, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    ImageDraw.Draw(image).text((9, 9), "Nobody, Nemo", fill="black")
    return image.convert(mode)


def write(path: Path, strips: Sequence[bytes], compression: int, rows: int, **more: Any) -> None:
    """Write a page of strips; tags by number may be given or replaced."""
    tags = {256: short(200), 257: short(90), 258: short(8, 8, 8), 259: short(compression), 262: short(2)}
    tags |= {277: short(3), 278: short(rows), 284: short(1)} | more.pop("tags", {})
    write_tiff(path, [Page(tags, strips)], **more)


def pillow_strips(rows: int, compression: str, predictor: int = 1, mode: str = "RGB") -> list[bytes]:
    """Let libtiff code strips."""
    out = io.BytesIO()
    image = picture(mode=mode)
    size = rows * 200 * len(image.getbands())
    info = {317: predictor} if predictor != 1 else {}
    image.save(out, "TIFF", compression=compression, tiffinfo=info, strip_size=size)
    with tifffile.TiffFile(io.BytesIO(out.getvalue())) as tif:
        page: Any = tif.pages[0]
        return [out.getvalue()[a : a + n] for a, n in zip(page.dataoffsets, page.databytecounts, strict=True)]


def blanked(path: Path) -> Blank:
    """Blank the only page of a file; nothing outside its slots may change, and drawing again changes nothing."""
    old = path.read_bytes()
    source = MemorySource(old)
    blank = blank_edit(Tiff(source).pages[0])
    assert not is_drawn(blank, source)
    new = bytearray(old)
    for w in draw(blank, source):
        new[w.start : w.start + len(w.data)] = w.data
    inside = [i for s in blank.slots for i in range(s.start, s.end)]
    rest = np.ones(len(old), bool)
    rest[inside] = False
    assert (np.frombuffer(old, np.uint8)[rest] == np.frombuffer(new, np.uint8)[rest]).all()
    assert is_drawn(blank, MemorySource(bytes(new)))
    path.write_bytes(new)
    return blank


def assert_shows(path: Path, colour: int, slack: int = 0, pillow: bool = True) -> None:
    """Both readers decode the page, and both see one colour."""
    seen = tifffile.imread(path)
    assert seen.shape[:2] == (90, 200)
    assert np.abs(seen.astype(int) - colour).max() <= slack
    if pillow:
        with Image.open(path) as image:
            assert np.abs(np.asarray(image.convert("RGB")).astype(int) - colour).max() <= slack


# -- codecs of plain samples --------------------------------------------------------------


@pytest.mark.parametrize("rows", [7, 90])
@pytest.mark.parametrize("predictor", [1, 2])
def test_lzw_with_and_without_predictor(tmp_path: Path, rows: int, predictor: int) -> None:
    path = tmp_path / "x.tif"
    write(path, pillow_strips(rows, "tiff_lzw", predictor), 5, rows, tags={317: short(predictor)})
    blanked(path)
    assert_shows(path, WHITE)


@pytest.mark.parametrize(("name", "number"), [("tiff_deflate", 32946), ("tiff_adobe_deflate", 8), ("packbits", 32773)])
def test_deflate_and_packbits(tmp_path: Path, name: str, number: int) -> None:
    path = tmp_path / "x.tif"
    write(path, pillow_strips(16, name), number, 16)
    blanked(path)
    assert_shows(path, WHITE)


@pytest.mark.parametrize(("photometric", "stored"), [(1, 255), (0, 0)])
def test_raw_grey_either_way_round(tmp_path: Path, photometric: int, stored: int) -> None:
    path = tmp_path / "x.tif"
    strips = [band.tobytes() for band in bands(picture(mode="L"), 16)]
    write(path, strips, 1, 16, tags={258: short(8), 262: short(photometric), 277: short(1)})
    blanked(path)
    assert_shows(path, WHITE if photometric else 0, pillow=False)
    assert set(MemorySource(path.read_bytes()).read(8, 16)) == {stored}
    with Image.open(path) as image:
        assert image.convert("L").getextrema() == (255, 255)


def test_a_picture_that_was_blank_before_still_has_room(tmp_path: Path) -> None:
    """The tightest slot there is: an old blank strip of another encoder."""
    path = tmp_path / "x.tif"
    out = io.BytesIO()
    Image.new("RGB", (200, 90), "red").save(out, "TIFF", compression="tiff_lzw")
    path.write_bytes(out.getvalue())
    blanked(path)
    assert_shows(path, WHITE)


# -- JPEG -----------------------------------------------------------------------------------


@pytest.mark.parametrize("big", [False, True])
def test_abbreviated_jpeg_strips(tmp_path: Path, big: bool) -> None:
    path = tmp_path / "x.tif"
    split = [jpeg_abbreviated(band, 80) for band in bands(picture(), 16)]
    write(path, [s.stream for s in split], 7, 16, tags={347: undefined(split[0].tables)}, big=big)
    blank = blanked(path)
    assert_shows(path, WHITE, 2)
    data = path.read_bytes()
    for slot, old in zip(blank.slots, split, strict=True):
        header = old.stream.index(b"\xff\xda")
        assert data[slot.start :].startswith(old.stream[:header]), "headers stay, and no tables come in"


@pytest.mark.parametrize("options", [
    {"subsampling": "4:2:0"}, {"subsampling": "4:2:2", "quality": 20}, {"subsampling": "4:4:4", "optimize": True},
    {"subsampling": "4:2:0", "restart_marker_blocks": 3}, {"subsampling": "4:4:4", "restart_marker_rows": 1},
    {"progressive": True}, {"subsampling": "4:4:4", "progressive": True, "comment": b"Nobody, Nemo"},
], ids=str)  # fmt: skip
def test_whole_jpeg_streams(tmp_path: Path, options: dict[str, Any]) -> None:
    out = io.BytesIO()
    picture().save(out, "JPEG", **options)
    sampling = {"4:2:2": (2, 1), "4:4:4": (1, 1)}.get(options.get("subsampling", ""), (2, 2))
    path = tmp_path / "x.tif"
    write(path, [out.getvalue()], 7, 90, tags={262: short(6), 530: short(*sampling)})
    blank = blanked(path)
    assert_shows(path, WHITE, 5)
    slot = path.read_bytes()[blank.slots[0].start : blank.slots[0].end]
    assert slot.endswith(b"\xff\xd9"), "nothing stands behind the end of the picture"
    assert b"Nemo" not in slot


def test_the_adobe_marker_stays(tmp_path: Path) -> None:
    out = io.BytesIO()
    picture(mode="CMYK").save(out, "JPEG")
    assert b"Adobe" in out.getvalue()
    blank = Blank(0, "x", Coding(7, 5, 8, 4), (Slot(0, len(out.getvalue()), 200, 90),))
    (new,) = draw(blank, MemorySource(out.getvalue()))
    assert b"Adobe" in new.data
    with Image.open(io.BytesIO(new.data)) as image:
        assert image.mode == "CMYK"
        assert all(low == high for low, high in image.getextrema())


def test_tables_without_the_needed_codes_get_new_ones() -> None:
    """Optimised tables of a flat picture know no step to white."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (128, 128, 128)).save(out, "JPEG", optimize=True, quality=90)
    frame = blanks_jpeg.parse(out.getvalue())
    assert frame is not None
    assert blanks_jpeg.blank(frame, None) is None
    with Image.open(io.BytesIO(blanks_jpeg.fresh(frame, None))) as image:
        assert image.getextrema() == ((255, 255),) * 3


def test_a_picture_that_says_it_is_larger_than_any_is_not_drawn() -> None:
    out = io.BytesIO()
    Image.new("L", (64, 48), 128).save(out, "JPEG")
    data = bytearray(out.getvalue())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    frame = blanks_jpeg.parse(bytes(data))
    assert frame is not None
    with pytest.raises(NotEditable, match="larger than any"):
        blanks_jpeg.fresh(frame, None)


@pytest.mark.parametrize("junk", [b"\0" * 4000, b"X" * 4000, b"\xff\xd8\xff\xe0" + b"0" * 3996], ids=["0", "X", "soi"])
def test_a_stream_that_nobody_can_decode_becomes_a_picture_again(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "x.tif"
    write(path, [junk], 7, 90, tags={262: short(6), 530: short(2, 2)})
    blanked(path)
    assert_shows(path, WHITE)


def test_too_small_a_room_is_refused() -> None:
    blank = Blank(0, "x", Coding(7), (Slot(0, 60, 200, 90),))
    with pytest.raises(NotEditable):
        draw(blank, MemorySource(bytes(60)))


def test_an_unknown_codec_is_refused() -> None:
    with pytest.raises(NotEditable):
        draw(Blank(0, "x", Coding(50001), (Slot(0, 60, 20, 9),)), MemorySource(bytes(60)))


# -- JPEG 2000 ------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    {}, {"num_resolutions": 1}, {"quality_layers": [40, 20, 5], "irreversible": True}, {"tile_size": (64, 32)},
    {"precinct_size": (64, 64), "codeblock_size": (32, 32), "progression": "RPCL"}, {"comment": b"Nobody"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("boxed", [False, True])
def test_jpeg_2000(options: dict[str, Any], boxed: bool) -> None:
    out = io.BytesIO()
    picture().save(out, "JPEG2000", no_jp2=not boxed, **options)
    old = out.getvalue()
    (new,) = draw(Blank(0, "x", Coding(33005), (Slot(0, len(old), 200, 90),)), MemorySource(old))
    assert len(new.data) == len(old)
    assert b"Nobody" not in new.data
    with Image.open(io.BytesIO(new.data)) as image:
        assert image.size == (200, 90)
        assert image.getextrema() == ((GREY, GREY),) * 3
    codecs = pytest.importorskip("imagecodecs")
    assert (codecs.jpeg2k_decode(new.data) == GREY).all()


@pytest.mark.parametrize("cut", [0, 3, 20, 45, 60])
def test_a_cut_jpeg_2000_header_is_refused_not_believed(cut: int) -> None:
    out = io.BytesIO()
    picture().save(out, "JPEG2000", no_jp2=True)
    assert jp2k.blank(out.getvalue()[:cut]) is None


# -- OpenSlide ------------------------------------------------------------------------------


@pytest.mark.parametrize("flavour", ["classic", "big", "gt450"])
def test_openslide_shows_blank_label_and_macro_that_stay_linked(tmp_path: Path, flavour: str) -> None:
    path = tmp_path / "x.svs"
    build_aperio(path, flavour, size=(512, 384))
    source = MemorySource(path.read_bytes())
    data = bytearray(path.read_bytes())
    for page in Tiff(source).pages[-2:]:
        for w in draw(blank_edit(page), source):
            data[w.start : w.start + len(w.data)] = w.data
    path.write_bytes(data)
    with OpenSlide(path) as slide:
        for name in ("label", "macro"):
            shown = slide.associated_images[name].convert("RGB")
            assert all(low == high >= 250 for low, high in shown.getextrema())
        assert slide.associated_images["thumbnail"]
        slide.read_region((0, 0), 0, (64, 64))


# -- LZW ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 253, 254, 255, 511, 1021, 2045, 3836, 3837, 3838, 3839, 3840, 9000])
def test_lzw_is_decoded_at_every_change_of_width(size: int) -> None:
    codecs = pytest.importorskip("imagecodecs")
    for data in (bytes(size), np.random.default_rng(size).bytes(size)):
        assert codecs.lzw_decode(lzw.encode(data)) == data


def test_strips_of_the_samples_are_what_scanners_write() -> None:
    """The label's own strips have room for a blank one: otherwise no sample would test the usual case."""
    for strip in lzw_strips(picture(), 7)[:-1]:
        assert len(lzw.encode(b"\xff" * 3 + bytes(597))) < len(strip)
    assert len(jpeg(picture(), 80)) > 1000


@pytest.mark.parametrize(("width", "height", "samples"), [(1 << 16, 8, 3), (8, 1 << 16, 3), (8, 8, 5), (8, 8, 0)])
def test_a_picture_that_no_jpeg_can_be_is_refused(width: int, height: int, samples: int) -> None:
    source = MemorySource(bytes(1 << 12))
    blank = Blank(0, "page 1", Coding(7, 6, samples=samples), (Slot(0, 1 << 12, width, height),))
    with pytest.raises(NotEditable):
        draw(blank, source)


@pytest.mark.parametrize("codec", [5, 8])
def test_what_cannot_fit_is_refused_before_it_is_coded(codec: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lzw, "encode", lambda *_: pytest.fail("it was coded"))
    monkeypatch.setattr("zlib.compress", lambda *_: pytest.fail("it was coded"))
    blank = Blank(0, "page 1", Coding(codec), (Slot(0, 4096, 9000, 9000),))
    with pytest.raises(NotEditable):
        draw(blank, MemorySource(bytes(4096)))
