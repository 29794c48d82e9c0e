"""Make, model and software: known words and versions are plain; dates, addresses, numbers and other scripts are not."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

import pytest

from blankslide import api
from blankslide.formatkit.tiff_tags import is_plain
from blankslide.formatkit.vocabulary import VERSION
from blankslide.samples.kit.tiff_values import DOUBLE, Value, ascii
from blankslide.testing.built import build_generic

if TYPE_CHECKING:
    from pathlib import Path

NAME = b"OKAFOR M"


@pytest.mark.parametrize(
    "text",
    [
        "Aperio Image Library v12.0.16", "tifffile.py 2023.7.18", "Leica Biosystems", "GT450 DX", "vips-8.12.1",
        "OME Bio-Formats 6.12.0", "Adobe Photoshop CS5 Windows", "LIBTIFF, Version 4.0.3", "Motic EasyScan Pro 6", "",
    ],
)  # fmt: skip
def test_known_words_and_versions_are_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "12.05.2019", "2019.05.12", "05.1950", "Aperio 12.05.2019", "Aperio v12.05.1950", "10.1.2.3",
        "Aperio 192.168.1.7",
        "Aperio 4711", "123 456 789", "Aperio 12 345", "v1.0", "1.2", "Aperio M\xfcller", "Aperio\xe4\xb8\xad",
        "Aperio/Okafor",
        "Aperio\0Okafor", "31.12.99", "Aperio @ St. Adam", "|", "2020.9.3", "Aperio 1.1 1.2 1.3",
    ],
)  # fmt: skip
def test_dates_addresses_numbers_and_other_scripts_are_not(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize("text", ["1.0", "11.2.1", "12.0.16", "10.2.24.2319", "3.1.0.0000", "1.20"])
def test_versions(text: str) -> None:
    assert re.fullmatch(VERSION, text)


def test_pixel_scales_stay_and_doubles_that_spell_a_name_go(tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    scale = (0.5, 0.5, 0.0)
    spelled, day, ticks = struct.unpack("<d", NAME)[0], 43597.52, 132024384000000000.0
    tags = {
        33550: Value(DOUBLE, scale),
        34264: Value(DOUBLE, (spelled, *scale[:1] * 15)),
        33922: Value(DOUBLE, (8.4,) * 6),
    }
    tags |= {65000: Value(DOUBLE, (day,)), 65001: Value(DOUBLE, (ticks,)), 305: ascii("12.05.2019")}
    build_generic(path, "tifffile", size=(128, 96), factors=(1,), tile=64, tags={0: tags})
    assert api.anonymize(path, in_place=True).content == "clean"
    data = path.read_bytes()
    assert struct.pack("<3d", *scale) in data
    for gone in (NAME, struct.pack("<d", day), struct.pack("<d", ticks), struct.pack("<2d", 8.4, 8.4), b"12.05.2019"):
        assert gone not in data
