"""Blanking a part of a JPEG: outside of it no coefficient changes, inside there is one colour, and the size stays."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blankslide.blanks import jpeg_blocks
from blankslide.samples.kit.codecs import jpeg_abbreviated

WIDTH, HEIGHT = 250, 139
BOX = (0, 0, 77, HEIGHT)


def photograph(mode: str = "RGB") -> Image.Image:
    """Return smooth colours with some noise, as a camera sees them."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = 128 + 90 * np.sin(x / 9.0)[..., None] * np.cos(y[..., None] / np.array([7.0, 11.0, 15.0]))
    noise = np.random.default_rng(17).normal(0, 9, waves.shape)
    return Image.fromarray(np.clip(waves + noise, 0, 255).astype(np.uint8)).convert(mode)


def coded(mode: str = "RGB", **more: Any) -> bytes:
    out = io.BytesIO()
    photograph(mode).save(out, "JPEG", **({"quality": 80} | more))
    return out.getvalue()


def pixels(data: bytes, tables: bytes = b"") -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(data[:2] + tables[2:-2] + data[2:])) as image:
        return np.asarray(image).astype(int)


def outside(box: jpeg_blocks.Box, ring: int) -> np.ndarray[Any, Any]:
    left, top, right, bottom = box
    out = np.ones((HEIGHT, WIDTH), bool)
    out[max(0, top - ring) : bottom + ring, max(0, left - ring) : right + ring] = False
    return out


FORMS: list[dict[str, Any]] = [
    {"subsampling": 0},
    {"subsampling": 1},
    {"subsampling": 2},
    {"subsampling": 2, "optimize": True},
    {"subsampling": 0, "quality": 97, "optimize": True},
    {"subsampling": 1, "optimize": True, "restart_marker_rows": 2},
    {"mode": "L", "optimize": True},
    {"subsampling": 2, "restart_marker_rows": 1},
    {"subsampling": 1, "restart_marker_blocks": 3},
    {"mode": "L"},
    {"mode": "L", "restart_marker_blocks": 5},
    {"mode": "CMYK"},
]


@pytest.mark.parametrize("box", [BOX, (100, 40, 181, 77), (WIDTH - 60, 0, WIDTH, HEIGHT), (0, 0, WIDTH, HEIGHT)])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_outside_nothing_changes_and_inside_there_is_white(form: dict[str, Any], box: jpeg_blocks.Box) -> None:
    old = coded(**form)
    new = jpeg_blocks.splice(old, b"", [box], None, len(old), note=b"a note")
    assert new is not None
    assert len(new) == len(old)
    big = jpeg_blocks.grown(old, b"", box)
    assert big is not None
    ring = 1 if form.get("subsampling") else 0
    before, after = pixels(old), pixels(new)
    assert np.array_equal(before[outside(big, ring)], after[outside(big, ring)])
    a, b, c, d = big
    inner = after[b + ring * (b > 0) : d - ring * (d < HEIGHT), a + ring * (a > 0) : c - ring * (c < WIDTH)]
    assert inner.min() == inner.max() == (0 if form.get("mode") == "CMYK" else 255)  # CMYK is ink
    assert jpeg_blocks.stays(new, b"", [box], None)
    assert not jpeg_blocks.stays(old, b"", [box], None)


@pytest.mark.parametrize("form", FORMS[:6], ids=str)
def test_what_is_kept_and_what_went_are_the_whole(form: dict[str, Any]) -> None:
    """Only units that lie wholly in what is to be kept stay."""
    old, box = coded(**form), (33, 17, 170, 101)
    new = jpeg_blocks.splice(old, b"", [box], None, len(old), keep=True)
    assert new is not None
    after, before = pixels(new), pixels(old)
    assert after[outside(box, 1)].min() == 255
    assert np.array_equal(after[33:95, 49:159], before[33:95, 49:159])
    assert jpeg_blocks.stays(new, b"", [box], None, keep=True)


def test_restart_intervals_keep_their_places() -> None:
    old = coded(subsampling=2, restart_marker_rows=1)
    new = jpeg_blocks.splice(old, b"", [BOX], None, len(old), note=b"x" * 40)
    assert new is not None
    marks = [old.find(bytes((0xFF, 0xD0 + i))) for i in range(8)]
    assert [new.find(bytes((0xFF, 0xD0 + i))) for i in range(8)] == marks


def test_strips_with_shared_tables() -> None:
    split = jpeg_abbreviated(photograph(), 80)
    old, tables = split.stream, split.tables
    new = jpeg_blocks.splice(old, tables, [BOX], True, len(old))
    assert new is not None
    big = jpeg_blocks.grown(old, tables, BOX)
    assert big is not None
    before, after = pixels(old, tables), pixels(new, tables)
    assert np.array_equal(before[outside(big, 1)], after[outside(big, 1)])
    assert not np.array_equal(before, after)


def test_no_byte_of_what_went_or_stood_beside_is_left() -> None:
    """Text in segments and behind the end goes as well; the same picture under another mask has other bits."""
    old = coded(comment=b"ROE^JANE", exif=b"Exif\0\0ROE^JANE") + b"ROE^JANE"
    new = jpeg_blocks.splice(old, b"", [BOX], None, len(old))
    assert new is not None
    assert b"ROE" in old
    assert b"ROE" not in new
    assert new.endswith(b"\xff\xd9")


def test_what_cannot_be_masked() -> None:
    progressive, whole = coded(progressive=True), coded()
    assert jpeg_blocks.splice(progressive, b"", [BOX], None, len(progressive)) is None
    assert jpeg_blocks.splice(whole[:-900], b"", [BOX], None, len(whole)) is None
    cut = bytearray(whole)
    cut[900:1100] = bytes(200)
    assert jpeg_blocks.splice(whole, b"", [BOX], None, 900) is None
    assert jpeg_blocks.splice(b"no picture", b"", [BOX], None, 900) is None


def test_one_other_bit_and_it_is_not_ours() -> None:
    old = coded(subsampling=2)
    new = jpeg_blocks.splice(old, b"", [BOX], None, len(old))
    assert new is not None
    rng, scan = np.random.default_rng(3), new.find(b"\xff\xda") + 14
    end = len(new[:-2].rstrip(b"\xff"))
    left = 0
    for at in rng.integers(scan, end, 40).tolist():
        bad = bytearray(new)
        bad[at] ^= 1 << int(rng.integers(8))
        big = jpeg_blocks.stays(bytes(bad), b"", [BOX], None)
        left += big and not np.array_equal(pixels(bytes(bad))[:, :64], pixels(new)[:, :64])
    assert left == 0
    for tail in (new[:-4] + b"\xff\xd9AB", new[:-12] + b"\xff\xd9" + b"A" * 10):
        assert not jpeg_blocks.stays(tail, b"", [BOX], None)
