"""A map of two values with few edges says nothing; anything that is written has more edges."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from blankslide.samples.kit.drawing import label
from blankslide.samples.kit.patients import invent
from blankslide.verification.census import masks
from blankslide.verification.census.masks import is_mask
from blankslide.verification.census.pictures import picture_in


def coded(picture: Image.Image, form: str = "PNG") -> bytes:
    out = BytesIO()
    picture.save(out, form)
    return out.getvalue()


def field(mode: str = "L") -> Image.Image:
    out = Image.new(mode, (975, 2048))
    out.paste(255, (120, 1300, 300, 1500))
    return out


@pytest.mark.parametrize("mode", ["L", "1"])
def test_one_shape_is_a_mask_and_no_picture_that_needs_an_explanation(mode: str) -> None:
    data = coded(field(mode))
    assert is_mask(data, "png")
    found = picture_in(data, 0, 0, "a file")
    assert found is not None
    assert found.picture.proven == "mask"


def test_a_name_in_a_mask_makes_it_a_picture() -> None:
    written = field()
    ImageDraw.Draw(written).text((400, 20), "Thimblewick", fill=255)
    assert not is_mask(coded(written.convert("1").convert("L")), "png")


def test_a_label_of_two_values_is_no_mask_and_neither_is_what_has_more_values() -> None:
    assert not is_mask(coded(label(invent(1), (170, 128), 1).convert("1")), "png")
    assert not is_mask(coded(Image.linear_gradient("L")), "png")
    assert not is_mask(coded(field(), "JPEG"), "jpeg")
    assert not is_mask(coded(field())[:200], "png")


def test_a_word_in_a_mask_is_seen_at_full_size_however_small_a_part_it_is() -> None:
    values = np.zeros((512, 1024), int)
    values[40:400, 60:500] = 255
    noisy = np.clip(values + np.random.default_rng(2).integers(-30, 30, values.shape), 0, 255)
    assert masks.is_plain(values)
    assert masks.is_plain(noisy, masks.NEAR)
    assert not masks.is_plain(noisy)
    written = Image.fromarray(noisy.astype(np.uint8))
    ImageDraw.Draw(written).text((600, 20), "Thimblewick", fill=255)
    assert not masks.is_plain(np.asarray(written).astype(int), masks.NEAR)
    ImageDraw.Draw(written).text((600, 20), "Thimblewick", fill=110)
    assert not masks.is_plain(np.asarray(written).astype(int), masks.NEAR), "what is no value of the mask's is seen"
