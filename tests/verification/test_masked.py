"""What is left of a masked macro: the slide, and nothing that could be read."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from blankslide.samples.kit.drawing import macro, one_tissue, tissue
from blankslide.samples.kit.patients import invent
from blankslide.verification import masked
from blankslide.verification.census.tissue_end import FITS, Found, find, is_quiet
from blankslide.verification.masked import Coded, Strip, decoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = (600, 204)
BOX = (0, 0, 230, 204)
Pixels = Any


@pytest.fixture(scope="module")
def slide() -> Pixels:
    """Draw the lowest level."""
    return np.asarray(tissue(512, 384, 5).convert("L"))


@pytest.fixture(scope="module")
def own() -> Pixels:
    """Draw a macro that shows the slide, with its label end blank."""
    with one_tissue():
        tissue(512, 384, 5)
        return _blank(macro(invent(3), SIZE, 7))


def _blank(image: Image.Image) -> NDArray[np.uint8]:
    out = np.asarray(image).copy()
    out[BOX[1] : BOX[3], BOX[0] : BOX[2]] = 255
    return out


def test_a_macro_that_shows_the_slide_is_proven(own: Pixels, slide: Pixels) -> None:
    assert masked.unproven(own, BOX, slide) == ""
    found = find(masked.grey_of(own), BOX, slide)
    assert found is not None
    assert found.fits > FITS
    assert found.turn == 0


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_macro_that_was_turned_is_found_too(own: Pixels, slide: Pixels, turn: int) -> None:
    found = find(masked.grey_of(own), BOX, np.rot90(slide, -turn))
    assert found is not None
    assert (found.fits > FITS, found.turn) == (True, turn)


def test_tissue_of_another_slide_proves_nothing(own: Pixels) -> None:
    for seed in range(20, 24):
        other = np.asarray(tissue(512, 384, seed).convert("L"))
        assert "not proven" in masked.unproven(own, BOX, other)
    assert "not proven" in masked.unproven(own, BOX, None)


def test_a_mask_that_shows_anything_is_none(own: Pixels, slide: Pixels) -> None:
    bad = own.copy()
    bad[100:102, 40:43] = 250
    assert "not blank" in masked.unproven(bad, BOX, slide)
    assert "not blank" in masked.unproven(own, (0, 0, 260, 204), slide)


@pytest.mark.parametrize(("at", "size"), [((500, 90), 12), ((480, 20), 20), ((250, 170), 11)])
def test_writing_on_the_glass_is_seen(own: Pixels, slide: Pixels, at: tuple[int, int], size: int) -> None:
    image = Image.fromarray(own)
    ImageDraw.Draw(image).text(at, "Roe Jane\nS23-7845", fill=(40, 40, 60), font_size=size)
    assert "may show text" in masked.unproven(np.asarray(image), BOX, slide)


def test_the_label_end_is_proposed_up_to_the_tissue(slide: Pixels) -> None:
    with one_tissue():
        tissue(512, 384, 5)
        whole = macro(invent(3), SIZE, 7)
    box = masked.label_end(np.asarray(whole), slide, first=True)
    assert box is not None
    assert box[:2] == (0, 0)
    assert box[3] == SIZE[1]
    assert 0.26 * SIZE[0] < box[2] <= 0.4 * SIZE[0]  # the sticker ends at a fourth
    assert masked.label_end(np.asarray(whole.rotate(180)), slide, first=False) == (
        SIZE[0] - box[2], 0, SIZE[0], SIZE[1],
    )  # fmt: skip
    assert masked.label_end(np.asarray(whole), slide, first=False) is None, "the label would stay"
    other = np.asarray(tissue(512, 384, 21).convert("L"))
    assert masked.label_end(np.asarray(whole), other, first=True) is None


def test_an_edge_of_glass_is_quiet_and_letters_are_not() -> None:
    glass = np.full((120, 240), 235, np.uint8)
    glass[:9] = glass[-9:] = 50
    glass[:, :9] = 60
    glass[30:90:59, 20:200] = 150  # the lines of a cover slip
    glass[30:90, 20:201:179] = 150
    glass[60:63, 150:153] = 90
    glass = np.clip(glass + np.random.default_rng(1).normal(0, 4, glass.shape), 0, 255).astype(np.uint8)
    found = Found(1.0, (100, 40, 140, 80), 0)
    slide = np.asarray(tissue(40, 40, 2).convert("L"))
    assert is_quiet(glass, None, found, slide)
    for at, size in (((20, 80), 18), ((170, 40), 9), ((60, 95), 11)):
        image = Image.fromarray(glass)
        ImageDraw.Draw(image).text(at, "Jane Roe", fill=100, font_size=size)
        assert not is_quiet(np.asarray(image), None, found, slide)


def test_writing_on_glass_inside_of_the_scanned_area_is_seen(own: Pixels, slide: Pixels) -> None:
    found = find(masked.grey_of(own), BOX, slide)
    assert found is not None
    left, top, right, bottom = found.box
    spread = [(x, y) for y in range(top, bottom - 16, 4) for x in range(left, right - 60, 4)
              if own[y : y + 16, x : x + 60].astype(int).std() < 6]  # fmt: skip
    assert spread
    image = Image.fromarray(own)
    ImageDraw.Draw(image).text(spread[len(spread) // 2], "Roe Jane", fill=(40, 40, 60), font_size=12)
    assert "may show text" in masked.unproven(np.asarray(image), BOX, slide)


# -- decoding ------------------------------------------------------------------------------

DRAWN = (np.indices((24, 40, 3)).sum(axis=0) * 5 % 251).astype(np.uint8)


def predicted(pixels: Pixels) -> bytes:
    rows = pixels.reshape(pixels.shape[0], pixels.shape[1], -1)
    return np.diff(rows, axis=1, prepend=np.zeros_like(rows[:, :1])).tobytes()


def coded(data: bytes, compression: int, **other: object) -> Coded:
    told = {"photometric": 2, "bits": 8, "samples": 3, "predictor": 1, "tables": b""} | other
    return Coded(40, 24, compression, strips=[Strip(data, 0, 0, 40, 24)], **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize("compression", [1, 5, 8, 32946, 50000])
def test_a_macro_is_decoded_as_it_was_coded(compression: int, predictor: int) -> None:
    import imagecodecs

    plain = DRAWN.tobytes() if predictor == 1 or compression == 1 else predicted(DRAWN)
    packed = {1: bytes, 5: imagecodecs.lzw_encode, 50000: imagecodecs.zstd_encode}.get(compression, zlib.compress)(
        plain
    )
    pixels = decoded(coded(bytes(packed), compression, predictor=predictor))
    assert pixels is not None
    assert np.array_equal(pixels, DRAWN)


@pytest.mark.parametrize("photometric", [0, 1])
def test_one_sample_a_pixel_is_grey_and_black_where_white_is_zero(photometric: int) -> None:
    grey = DRAWN[..., 0]
    pixels = decoded(coded(grey.tobytes(), 1, photometric=photometric, samples=1))
    assert pixels is not None
    assert np.array_equal(pixels[..., 2], grey if photometric else 255 - grey)


@pytest.mark.parametrize(
    "other",
    [
        {"bits": 16},
        {"compression": 8, "data": b"no stream"},
        {"compression": 1, "data": b"too short"},
        {"compression": 7, "data": b"\xff\xd8\xff\xd9"},
        {"compression": 99, "data": b"?" * 10},
    ],
)
def test_what_cannot_be_decoded_has_no_say(other: dict[str, object]) -> None:
    told = {"data": DRAWN.tobytes(), "compression": 1} | other
    assert decoded(coded(**told)) is None  # type: ignore[arg-type]


def test_a_picture_smaller_than_its_strip_has_no_say() -> None:
    stream = BytesIO()
    Image.fromarray(DRAWN[:8]).save(stream, "JPEG")
    assert decoded(coded(stream.getvalue(), 7, photometric=6)) is None
