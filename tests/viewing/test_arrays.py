"""Indexing of lazy arrays, coarse levels, true sizes: pure parts, held against numpy."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.viewing.arrays import LazyLevel, LazyPicture
from blankslide.viewing.coarse import CoarseLevels, needs_coarse, shrunk
from blankslide.viewing.layout import physical_scale, place
from blankslide.viewing.placeholder import hatched, labelled

RNG = np.random.default_rng(7)
PIXELS = RNG.integers(0, 255, (100, 130, 3), "uint8")


class Tiled:
    """A source in tiles that counts what is read and fails where it is told to."""

    def __init__(self, pixels: Any, broken: tuple[int, int] | None = None) -> None:
        self.pixels, self.broken, self.chunks, self.asked = pixels, broken, (32, 32, 3), 0

    def __getitem__(self, key: Any) -> Any:
        self.asked += 1
        if self.broken is not None:
            rows = range(*key[0].indices(100)) if isinstance(key, tuple) and isinstance(key[0], slice) else range(100)
            cols = (
                range(*key[1].indices(130))
                if isinstance(key, tuple) and len(key) > 1 and isinstance(key[1], slice)
                else range(130)
            )
            if self.broken[0] in rows and self.broken[1] in cols:
                raise RuntimeError("a decoder's own words")
        return self.pixels[key]


bounds = st.one_of(st.none(), st.integers(-140, 140))
slices = st.builds(slice, bounds, bounds, st.sampled_from([None, 1, 2, 7]))


@given(slices, slices)
def test_reading_tile_by_tile_is_indexing(rows: slice, columns: slice) -> None:
    level = LazyLevel(PIXELS.shape, "uint8", Tiled(PIXELS))
    key = (rows, columns)
    assert np.array_equal(level._patchwork(Tiled(PIXELS), key), PIXELS[key])


@pytest.mark.parametrize("key", [..., 5, (5,), (slice(2, 9), 7), (..., 1), (slice(3), slice(None), 2), (4, 5, 1)])
def test_other_keys(key: Any) -> None:
    level = LazyLevel(PIXELS.shape, "uint8", Tiled(PIXELS))
    assert np.array_equal(level[key], PIXELS[key])
    assert np.array_equal(level._patchwork(Tiled(PIXELS), key), PIXELS[key])


@given(st.integers(0, 99), st.integers(0, 129))
def test_a_broken_tile_never_raises_and_costs_itself_only(row: int, column: int) -> None:
    level = LazyLevel(PIXELS.shape, "uint8", Tiled(PIXELS, (row, column)))
    seen = level[...]
    y, x = row // 32 * 32, column // 32 * 32
    good = np.ones(PIXELS.shape, bool)
    good[y : y + 32, x : x + 32] = False
    assert np.array_equal(seen[good], PIXELS[good])
    assert set(np.unique(seen[~good])) <= {112, 128}


def test_a_level_tells_its_shape_without_reading_and_is_shared_not_copied() -> None:
    source = Tiled(PIXELS)
    level = LazyLevel(PIXELS.shape, "uint8", source)
    assert (level.shape, level.ndim, level.size, level.rgb, len(level)) == ((100, 130, 3), 3, 39000, True, 100)
    assert copy.deepcopy(level) is level
    assert source.asked == 0


def test_a_picture_is_decoded_once_and_forgotten_at_close() -> None:
    decoded: list[int] = []

    def read() -> Any:
        decoded.append(1)
        return PIXELS

    picture = LazyPicture(PIXELS.shape, "uint8", read, "label: cannot be decoded")
    assert decoded == []
    assert np.array_equal(picture[...], PIXELS)
    assert np.array_equal(np.asarray(picture), PIXELS)
    assert len(decoded) == 1
    picture.close()
    assert np.array_equal(picture[...], hatched(PIXELS.shape))


@pytest.mark.parametrize("wrong", [None, PIXELS[:5]])
def test_a_picture_that_fails_says_so(wrong: Any) -> None:
    def read() -> Any:
        if wrong is None:
            raise ValueError("a value of the slide")
        return wrong

    picture = LazyPicture(PIXELS.shape, "uint8", read, "label: cannot be decoded")
    assert np.array_equal(picture[...], labelled(PIXELS.shape, "label: cannot be decoded"))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "bool"])
@pytest.mark.parametrize("shape", [(40, 300, 3), (300, 20), (1, 1, 3), (5, 5, 4)])
def test_placeholders_of_every_shape_and_type(shape: tuple[int, ...], dtype: str) -> None:
    picture = labelled(shape, "macro: cannot be decoded", dtype)
    assert (picture.shape, picture.dtype) == (shape, np.dtype(dtype))


def test_hatches_of_neighbours_fit_together() -> None:
    whole = hatched((90, 90))
    assert np.array_equal(hatched((30, 40), origin=(50, 17)), whole[50:80, 17:57])


def test_words_are_seen_in_a_placeholder() -> None:
    assert (labelled((200, 300, 3), "label: removed") == 255).any()
    assert not (hatched((200, 300, 3)) == 255).any()


# -- coarse levels -------------------------------------------------------------------------


def test_shrinking_averages_blocks() -> None:
    pixels = RNG.integers(0, 255, (8, 12, 3), "uint8")
    want = pixels.reshape(2, 4, 3, 4, 3).sum(axis=(1, 3)) // 16
    assert np.array_equal(shrunk(pixels, 4), want)
    assert shrunk(pixels[:7, :9], 4).shape == (2, 3, 3)
    assert shrunk(np.full((5, 5), 9, "uint8"), 4).tolist() == [[9, 9], [9, 9]]


def test_a_flat_slide_gets_levels_that_a_viewer_can_use() -> None:
    assert not needs_coarse(2220, 2967)
    assert needs_coarse(20480, 15360)
    base = LazyLevel((3000, 5000, 3), "uint8", Big((3000, 5000, 3)))
    coarse = CoarseLevels(base)
    assert coarse.factors == (4, 16)
    assert np.unique(coarse.levels[0][...]).size == 2
    assert coarse.build()
    assert coarse.finished
    whole = base[...]
    for level, factor in zip(coarse.levels, coarse.factors, strict=True):
        small = whole[: 3000 // factor * factor, : 5000 // factor * factor]
        mean = small.reshape(3000 // factor, factor, 5000 // factor, factor, 3).mean(axis=(1, 3))
        assert np.abs(level[: 3000 // factor, : 5000 // factor].astype(float) - mean).max() <= 2


class Big:
    """A gradient, computed where it is asked for."""

    chunks = (240, 240, 3)

    def __init__(self, shape: tuple[int, ...]) -> None:
        y, x = np.indices(shape[:2])
        self.pixels = np.stack([y // 12, x // 20, (x + y) // 40], axis=-1).astype("uint8")

    def __getitem__(self, key: Any) -> Any:
        return self.pixels[key]


def test_the_thumbnail_stands_in_until_they_are_there_and_close_stops() -> None:
    base = LazyLevel((3000, 5000, 3), "uint8", Big((3000, 5000, 3)))
    thumb = LazyPicture((30, 50, 3), "uint8", lambda: np.full((30, 50, 3), 77, "uint8"), "")
    coarse = CoarseLevels(base, thumb)
    assert (coarse.levels[0][...] == 77).all()
    coarse.close()
    assert not coarse.build()
    assert not coarse.finished


def test_the_first_coarse_level_stays_small_in_memory() -> None:
    coarse = CoarseLevels(LazyLevel((40_000, 60_000, 3), "uint8"))
    assert coarse.levels[0].size <= 64 << 20


# -- true sizes ----------------------------------------------------------------------------


def test_true_sizes_come_from_the_glass() -> None:
    slide = (10_000.0, 8_000.0)
    assert physical_scale("macro", (1280, 431), slide)[1] * 1280 == pytest.approx(74_246, rel=0.01)
    assert physical_scale("macro", (800, 431), slide)[1] * 800 == 60_000
    assert physical_scale("macro", (4000, 431), slide)[1] * 4000 == 75_000
    assert physical_scale("label", (387, 463), slide)[0] * 463 == 25_000
    assert physical_scale("thumbnail", (1000, 400), slide) == (10.0, 10.0), "a thumbnail is not stretched"


def test_pictures_stand_in_one_row_and_never_on_the_slide() -> None:
    placed = place(
        {"macro": (1280, 431), "label": (387, 463), "unknown": (10, 10), "thumbnail": (768, 576)}, (1e4, 8e3)
    )
    assert list(placed) == ["thumbnail", "label", "macro", "unknown"]
    corners = [p.translate[1] for p in placed.values()]
    assert corners == sorted(corners)
    assert corners[0] > 1e4
