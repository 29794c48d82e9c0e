"""The last levels of a pyramid are proven by the level above, pixel by pixel; what is drawn over one is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from blankslide import pipeline
from blankslide.pipeline import Options
from blankslide.samples.dicom import build_dicom
from blankslide.testing.own.dicoms import KEY, read
from blankslide.verification.census.software import is_software
from blankslide.verification.census.steps import is_half, is_picked

if TYPE_CHECKING:
    from pathlib import Path


def tissue(width: int, height: int) -> Any:
    """Cells on a light ground, so sharp that every second pixel of them is another picture."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(150, 250, (height // 8 + 1, width // 8 + 1, 1)).repeat(8, 0).repeat(8, 1)[:height, :width]
    grain = np.where(rng.random((height, width, 1)) < 0.25, 70, 0)
    return np.clip(coarse + rng.integers(-12, 12, (height, width, 3)) - grain, 0, 255).astype("u1")


def halved(pixels: Any) -> Any:
    return pixels[1::2, 1::2]


def with_print(pixels: Any, text: str, grey: int = 0) -> Any:
    image = Image.fromarray(pixels)
    ImageDraw.Draw(image).text((6, 12), text, fill=(grey,) * 3)
    return np.asarray(image)


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_picked_level_is_one_and_a_printed_one_is_not(times: int) -> None:
    above = tissue(96 * 2, 70 * 2)
    for _ in range(times - 1):
        above = halved(above)
    level = halved(above)
    noise = np.random.default_rng(1).integers(-6, 7, level.shape)
    assert is_picked(np.clip(level + noise, 0, 255).astype("u1"), above)
    assert not is_picked(level[::-1], above)
    if times < 3:
        assert not is_picked(with_print(level, "KIM"), above)
        assert not is_picked(with_print(level, "4711"), above)


@pytest.mark.parametrize(
    ("small", "large", "half"),
    [((69, 92), (138, 185), True), ((2, 2), (4, 5), True), ((35, 46), (69, 92), True), ((69, 92), (140, 185), False),
     ((1, 1), (2, 2), True), ((50, 50), (50, 50), False)],
)  # fmt: skip
def test_a_half_is_rounded_in_either_way(small: tuple[int, int], large: tuple[int, int], half: bool) -> None:
    assert is_half(small, large) is half


def pyramid(folder: Path, text: str = "") -> Path:
    """A set whose small levels are every second pixel of the one above; one may have a print on it."""
    pictures = {"label_size": (60, 72), "macro_size": (96, 40), "thumbnail": False}
    build_dicom(folder / "s.dcm", size=(512, 384), tile=128, factors=(1, 2, 4, 8, 16, 32, 64), native=True, **pictures)
    levels = [folder / "s.dcm", *(folder / f"s_{n}.dcm" for n in range(1, 7))]
    pixels = tissue(512, 384)
    for number, path in enumerate(levels):
        data = read(path)
        if number < 3:
            frames = [
                np.pad(pixels[y : y + 128, x : x + 128], ((0, max(0, 128 - len(pixels[y:]))), (0, 0), (0, 0)))
                for y in range(0, pixels.shape[0], 128)
                for x in range(0, pixels.shape[1], 128)
            ]
            data.PixelData = b"".join(frame.tobytes() for frame in frames)
        else:
            data.Rows, data.Columns = pixels.shape[:2]
            shown = with_print(pixels, text) if text and number == 3 else pixels
            data.PixelData = shown.tobytes() + bytes(shown.size % 2)
        data.save_as(path, enforce_file_format=True)
        pixels = halved(pixels)
    return levels[0]


@pytest.mark.parametrize("text", ["", "Quill 4711"])
def test_a_pyramid_down_to_few_pixels_is_clean_unless_something_is_printed_on_it(tmp_path: Path, text: str) -> None:
    outcome = pipeline.anonymize_in_place(pyramid(tmp_path, text), Options(key=KEY))
    assert outcome.content == ("residue" if text else "clean"), outcome.residue
    assert any("a picture of 64 × 48" in line for line in outcome.residue) is bool(text)


@pytest.mark.parametrize(
    "uid",
    ["1.2.276.0.7230010.3.0.3.6.6", "1.2.826.0.1.3680043.9.7433.1.1", "1.2.40.0.13.1.3", "1.3.6.1.4.1.30071.8",
     "1.2.826.0.1.3680043.2.1143.107.104.103.115.2.8.4", "1.2.392.200036.9107.500", "1.3.46.670589.45.1"],
)  # fmt: skip
def test_software_names_itself(uid: str) -> None:
    assert is_software(uid)


@pytest.mark.parametrize(
    "uid",
    ["1.2.276.0.7230010.3.0.3.471108", "4711.08.15", "2.25.471108471108471108471108", "1.2.3.4.19310504",
     "1.2.840.10008", "1.3.6.1.4.1.19310504.1", "1.2.276.0.7230010.3.0.3.6.6.Kim"],
)  # fmt: skip
def test_a_number_of_a_person_is_no_software(uid: str) -> None:
    assert not is_software(uid)
