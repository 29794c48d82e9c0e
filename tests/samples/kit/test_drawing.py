"""Drawn pictures, codecs, profile: the same every time, and readable by others."""

from __future__ import annotations

import io
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageCms

from blankslide.samples.kit import code39
from blankslide.samples.kit.codecs import bands, jpeg, jpeg_abbreviated, lzw_strips
from blankslide.samples.kit.drawing import label, macro, tissue
from blankslide.samples.kit.icc import profile
from blankslide.samples.kit.patients import invent
from blankslide.samples.kit.pyramid import build_levels, overview

PATIENT = invent(5)


def code39_of(picture: Image.Image) -> str:
    """Read a Code 39 in the lower half, by run lengths; shares only the table with the writer."""
    table = {code39.elements(char): char for char in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-*"}
    grey = np.asarray(picture.convert("L"), float)
    for row in range(grey.shape[0] // 2, grey.shape[0]):
        dark = grey[row] < 110
        edges = np.flatnonzero(np.diff(dark.astype(int))) + 1
        runs = [(int(b - a), bool(dark[a])) for a, b in pairwise(edges)]
        for i in range(len(runs)):
            text = _decode([length for length, _ in runs[i:]], table) if runs[i][1] else ""
            if text:
                return text
    return ""


def _decode(runs: list[int], table: dict[str, str]) -> str:
    limit = min(runs[:9], default=1) * 1.5
    text = ""
    for i in range(0, len(runs) - 8, 10):
        char = table.get("".join("1" if run > limit else "0" for run in runs[i : i + 9]))
        if char is None:
            return ""
        text += char
        if len(text) > 1 and char == "*":
            return text[1:-1] if text[0] == "*" and len(text) > 4 else ""
    return ""


@pytest.mark.parametrize("size", [(64, 48), (333, 517), (2048, 1536)])
def test_tissue_of_any_size_is_stained_and_repeatable(size: tuple[int, int]) -> None:
    one, two, other = tissue(*size, 1), tissue(*size, 1), tissue(*size, 2)
    assert one.size == size
    assert one.tobytes() == two.tobytes() != other.tobytes()
    pixels = np.asarray(one, int)
    stained = (pixels[..., 0] - pixels[..., 1]) > 20
    assert 0.1 < stained.mean() < 0.9


def test_label_carries_the_bar_code_of_the_case() -> None:
    assert code39_of(label(PATIENT)) == PATIENT.accession


def test_macro_shows_the_label_at_its_left_end_only_if_asked() -> None:
    end = (0, 0, 330, 431)
    assert code39_of(macro(PATIENT).crop(end)) == PATIENT.accession
    plain = macro(PATIENT, with_label=False).crop((60, 60, 330, 380))
    assert np.asarray(plain, int).min() > 180


def test_foreign_reader_reads_the_bar_code() -> None:
    zxing = pytest.importorskip("zxingcpp", reason="zxing-cpp reads bar codes; not installed here")
    for picture in (label(PATIENT), macro(PATIENT)):
        codes = zxing.read_barcodes(picture)
        assert [(code.text, code.format.name) for code in codes] == [(PATIENT.accession, "Code39")]


def test_code39_refuses_what_it_cannot_write() -> None:
    with pytest.raises(ValueError, match="no such character"):
        code39.bars("Ä")


def test_abbreviated_stream_has_no_tables_and_numbers_its_components() -> None:
    picture = tissue(64, 48, 3)
    split = jpeg_abbreviated(picture, 80)
    assert split.tables[:2] == split.stream[:2] == b"\xff\xd8"
    head = split.stream[: split.stream.index(b"\xff\xda")]
    assert not any(marker in head for marker in (b"\xff\xdb", b"\xff\xc4", b"\xff\xee", b"\xff\xe0"))
    assert [head[head.index(b"\xff\xc0") + i] for i in (10, 13, 16)] == [0, 1, 2]
    assert b"\xff\xdb" in split.tables
    assert b"\xff\xc4" in split.tables


def test_complete_stream_decodes_to_the_picture() -> None:
    picture = tissue(64, 48, 3)
    decoded = Image.open(io.BytesIO(jpeg(picture, 90)))
    difference = np.abs(np.asarray(decoded, int) - np.asarray(picture, int))
    assert difference.mean() < 6


def test_bands_and_lzw_strips_cover_all_rows() -> None:
    picture = label(PATIENT, (120, 45))
    assert [band.height for band in bands(picture, 16)] == [16, 16, 13]
    strips = lzw_strips(picture, 7)
    assert len(strips) == 7
    imagecodecs = pytest.importorskip("imagecodecs")
    rows = [np.frombuffer(imagecodecs.lzw_decode(strip), np.uint8).reshape(-1, 120, 3) for strip in strips]
    undone = np.cumsum(np.concatenate(rows), axis=1, dtype=np.uint8)
    assert undone.tobytes() == picture.tobytes()


def test_profile_is_valid_and_carries_its_date() -> None:
    data = profile(datetime(2018, 2, 3, 4, 5, 6), "Words of a scanner")
    opened = ImageCms.ImageCmsProfile(io.BytesIO(data))
    assert ImageCms.getProfileDescription(opened).strip() == "Words of a scanner"
    assert opened.profile.creation_date == datetime(2018, 2, 3, 4, 5, 6)
    transform = ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    red = ImageCms.applyTransform(Image.new("RGB", (1, 1), (255, 0, 0)), transform)
    assert red.getpixel((0, 0))[0] > 245


def test_repeated_field_needs_only_the_tiles_of_one_period() -> None:
    field = tissue(256, 192, 1)
    coded: list[Image.Image] = []

    def code(picture: Image.Image) -> bytes:
        coded.append(picture)
        return picture.tobytes()

    level = build_levels(field, (2560, 1920), (1,), 128, code)[0]
    assert len(level.tiles) == 20 * 15
    assert len(coded) == 2 * 3
    pixels = [np.frombuffer(tile, np.uint8).reshape(128, 128, 3) for tile in level.tiles]
    rows = [np.concatenate(pixels[r * 20 : r * 20 + 20], axis=1) for r in range(15)]
    whole = np.concatenate(rows)
    assert np.array_equal(whole[:1920, :2560], np.tile(np.asarray(field), (10, 10, 1)))


def test_overview_has_the_shape_of_the_slide() -> None:
    assert overview(tissue(256, 192), (2560, 1920), 512).size == (512, 384)
    assert overview(tissue(64, 48), (64, 48), 512).size == (64, 48)
