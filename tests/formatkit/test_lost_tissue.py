"""What is left although nobody owns it, because it may be tissue."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from blankslide.errors import DamagedSlide
from blankslide.formatkit.lost_tissue import frames_of, like_tissue
from blankslide.source import MemorySource
from blankslide.spans import ByteClass, ByteMap


def jpeg(wide: int, high: int, grey: bool = False) -> bytes:
    shape = (high, wide) if grey else (high, wide, 3)
    return bytes(imagecodecs.jpeg_encode(np.full(shape, 99, np.uint8)))


TILE = jpeg(64, 32)


def found(gap: bytes, tile: bytes = TILE, cut: int = 0, late: int = 0) -> list[tuple[int, int]]:
    """A file of a tile, a gap and another tile; the first may be claimed too short, and the second too late."""
    data = tile + gap + tile
    bytemap = ByteMap(len(data))
    start, last = len(tile) - cut, len(tile) + len(gap) + late
    bytemap.claim_many((0, last), (start, len(data) - last), ByteClass.TISSUE, "page 0")
    bytemap.settle()
    return like_tissue(MemorySource(data), bytemap, bytemap.gaps())


def test_a_picture_that_is_coded_as_the_tiles_are_is_left() -> None:
    gap = b"text, and then " + jpeg(64, 32)
    assert found(gap) == [(len(TILE), len(TILE) + len(gap))]


def test_so_is_one_of_a_tiles_shape_for_a_level_may_be_one_picture() -> None:
    assert len(found(jpeg(128, 64))) == 1
    assert found(jpeg(128, 80)) == []


@pytest.mark.parametrize("codec", ["bmp", "jpegxr", "png"])
def test_tiles_of_other_codecs_are_known_as_well(codec: str) -> None:
    tile, other = (bytes(getattr(imagecodecs, f"{codec}_encode")(np.full((32, 64, 3), n, np.uint8))) for n in (9, 99))
    assert len(found(b"text, and then " + other, tile)) == 1
    assert found(b"text, and then " + tile[:2] + bytes(64), tile) == []
    assert found(b"text, and then " + TILE, tile) == []


def test_a_tile_in_which_text_stands_before_its_frame_is_known_as_well() -> None:
    bytemap = ByteMap(len(TILE))
    bytemap.claim(0, 20, ByteClass.TISSUE, "tissue")
    bytemap.claim(20, 30, ByteClass.METADATA, "text in tissue")
    bytemap.claim(30, len(TILE), ByteClass.TISSUE, "tissue")
    bytemap.settle()
    assert len(frames_of(MemorySource(TILE), bytemap)) == 1


def test_tiles_of_the_slides_other_files_are_known_where_a_file_has_none() -> None:
    data, bytemap, known = TILE + bytes(9), ByteMap(len(TILE) + 9), ByteMap(len(TILE))
    known.claim(0, len(TILE), ByteClass.TISSUE, "tissue")
    for one in (bytemap, known):
        one.settle()
    gaps = bytemap.gaps()
    assert like_tissue(MemorySource(data), bytemap, gaps) == []
    assert like_tissue(MemorySource(data), bytemap, gaps, frames_of(MemorySource(TILE), known)) == gaps
    assert like_tissue(MemorySource(data), bytemap, gaps, frames_of(MemorySource(jpeg(30, 90)), known)) == []


@pytest.mark.parametrize("gap", [b"Doe, Jane", jpeg(64, 32, grey=True), jpeg(30, 90), b"\xff\xd8\xff" + bytes(40)])
def test_anything_else_is_not(gap: bytes) -> None:
    assert found(gap) == []


def test_a_tile_that_goes_on_behind_its_end_refuses_the_slide() -> None:
    with pytest.raises(DamagedSlide, match="goes on behind"):
        found(b"", cut=4)


def test_a_tile_that_begins_before_its_place_refuses_the_slide() -> None:
    with pytest.raises(DamagedSlide, match="begins before"):
        found(b"", late=2)


def test_a_tile_that_begins_behind_its_place_refuses_the_slide() -> None:
    """Its place is three bytes early, its length is right: then its last three bytes are nobody's."""
    data = b"\0\0\0" + TILE + b"\0" * 7 + TILE
    bytemap = ByteMap(len(data))
    bytemap.claim(0, len(TILE), ByteClass.TISSUE, "page 0")
    bytemap.claim(len(data) - len(TILE), len(data), ByteClass.TISSUE, "page 0")
    bytemap.settle()
    with pytest.raises(DamagedSlide, match="begins behind"):
        like_tissue(MemorySource(data), bytemap, bytemap.gaps())


@pytest.mark.parametrize("at", [0, 3])
@pytest.mark.parametrize("behind", [b"\xff\xff\xff", b"\xff\xd8\xff", b"\xe9\xc8\xe0"])
def test_raw_tiles_of_light_pink_are_no_pictures_that_begin(at: int, behind: bytes) -> None:
    """The mark with which a JPEG begins is a pixel of 255, 216, 255."""
    pixels = bytearray(b"\xf0\xe0\xf1" * 20_000)
    pixels[at : at + 6] = b"\xff\xd8\xff" + behind
    assert found(b"an old description", bytes(pixels)) == []


def test_where_no_tile_has_a_frame_pictures_that_begin_are_known_all_the_same() -> None:
    for tile, why in ((b"\0\0\0" + TILE, "begins behind"), (TILE[:-2], "goes on"), (TILE[:30], "goes on")):
        bytemap = ByteMap(len(tile) + 9)
        bytemap.claim(0, len(tile), ByteClass.TISSUE, "page 0")
        bytemap.settle()
        with pytest.raises(DamagedSlide, match=why):
            like_tissue(MemorySource(tile + b"Doe, Jane"), bytemap, bytemap.gaps())


def test_nothing_is_read_where_nothing_is_unowned() -> None:
    bytemap = ByteMap(10)
    bytemap.claim(0, 10, ByteClass.TISSUE, "page 0")
    bytemap.settle()
    assert like_tissue(MemorySource(b""), bytemap, []) == []


def test_of_many_tiles_some_are_looked_at() -> None:
    data = TILE * 100 + jpeg(64, 32)
    bytemap = ByteMap(len(data))
    size = len(TILE)
    bytemap.claim_many(tuple(i * size for i in range(100)), (size,) * 100, ByteClass.TISSUE, "page 0")
    bytemap.settle()
    assert like_tissue(MemorySource(data), bytemap, bytemap.gaps()) == [(100 * size, len(data))]


def test_other_codecs_have_no_shape_to_go_by() -> None:
    png = bytes(imagecodecs.png_encode(np.zeros((32, 64, 3), np.uint8)))
    other = bytes(imagecodecs.png_encode(np.zeros((64, 128, 3), np.uint8)))
    assert len(found(png, tile=png)) == 1
    assert found(other, tile=png) == []
