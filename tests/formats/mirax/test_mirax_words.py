"""MIRAX: what scanners of several generations write into the index text ends clean, and is still there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.pipeline import Options, anonymize_in_place
from blankslide.samples.mirax.slide import SINGLES, build_mirax

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = (
    *(single for single in SINGLES if not single[0].startswith("Ward")),
    ("VIMSLIDE_HISTOGRAM_DATA", "default", ""),
    ("StitchingLayer", "DataLevel_V1.0", ""),
    ("StatusMapLayer", "StatusMapLevel", ""),
    ("StitchingIntensityLayer", "StitchingIntensityLevel", ""),
)
LINES = {
    "GENERAL": (
        *("SLIDE_CREATION_FINISHED = True", "SLIDE_POSITION_X = 0", "IMAGE_OVERLAP_MICROMETERS_X = 31"),
        *("VIMSLIDE_SLIDE_FLIPHORZ = True", "DO_NOT_SCAN_EMPTY_FOVS = False", "SLIDE_BITDEPTH = 16"),
    ),
    "LAYER_1_LEVEL_0_SECTION": (
        *("ACTIVE = ON", "COLOR_G = 255", "MODIFIED_COLOR_G = 128", "USE_GREEN_CHANNEL = True", "BRIGHTNESS = 12"),
        *("IS_MASTER_FILTER = False", "THRESHOLD = 37", "XDIFF = -3", "CONTRAST = 40", "MODIFY = OFF"),
    ),
    "NONHIERLAYER_0_SECTION": ("SCANNER_CAMERA_TYPE = Default Camera", "CAMERA_ROTATION = 1.25"),
}


@pytest.mark.parametrize("profile", ["research", "strict"])
def test_words_of_scanners_end_clean(profile: str, tmp_path: Path) -> None:
    path = tmp_path / "s.mrxs"
    build_mirax(path, levels=2, images=(4, 2), singles=LAYERS, lines=LINES)
    assert anonymize_in_place(path, Options(key=bytes(32), profile=profile)).content == "clean"
    text = (tmp_path / "s" / "Slidedat.ini").read_text(encoding="utf-8-sig")
    assert all(line in text for lines in LINES.values() for line in lines if profile == "research")
    assert all(layer in text for layer, _, _ in LAYERS)


@pytest.mark.parametrize("dye", ["FITC", "DAPI"])
def test_short_names_of_dyes_are_explained(dye: str, tmp_path: Path) -> None:
    path = tmp_path / "s.mrxs"
    build_mirax(path, levels=2, images=(4, 2), lines={"LAYER_1_LEVEL_0_SECTION": (f"FILTER_NAME = {dye}",)})
    assert anonymize_in_place(path, Options(key=bytes(32))).content == "clean"
    assert dye.encode() in (tmp_path / "s" / "Slidedat.ini").read_bytes()
