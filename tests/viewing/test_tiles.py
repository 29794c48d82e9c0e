"""Squares of tissue and pictures: the same pixels as the slide's, at every resolution, whatever the slide is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide import api
from blankslide.testing.built import build_aperio, builders
from blankslide.viewing import open_pyramid
from blankslide.viewing.tiles import SIDE, Tiles

if TYPE_CHECKING:
    from pathlib import Path


def opened(path: Path) -> Tiles:
    return Tiles(path, api.inspect(path))


def whole(tiles: Tiles, view: int, level: int) -> Any:
    """All squares of a resolution, put together."""
    width, height = tiles.views[view].sizes[level]
    rows = []
    for row in range(-(-height // SIDE)):
        rows.append(np.hstack([tiles.square(view, level, column, row) for column in range(-(-width // SIDE))]))
    return np.vstack(rows)


def test_squares_put_together_are_the_slide(tmp_path: Path) -> None:
    build_aperio(tmp_path / "slide.svs", size=(700, 520), factors=(1, 2))
    tiles = opened(tmp_path / "slide.svs")
    assert [view.name for view in tiles.views] == ["tissue", "label", "macro", "thumbnail"]
    with open_pyramid(tmp_path / "slide.svs") as pyramid:
        for level, array in enumerate(pyramid.levels):
            assert (whole(tiles, 0, level) == np.asarray(array[...])).all()
        assert (whole(tiles, 1, 0) == np.asarray(pyramid.pictures["label"][...])).all()
    assert tiles.square(0, 0, 99, 0) is None
    assert tiles.square(0, -1, 0, 0) is None
    assert tiles.square(9, 0, 0, 0) is None
    tiles.close()
    assert tiles.square(0, 0, 0, 0) is None


def test_a_slide_of_one_large_level_gets_smaller_ones(tmp_path: Path) -> None:
    build_aperio(tmp_path / "slide.svs", size=(2300, 1200), factors=(1,))
    tiles = opened(tmp_path / "slide.svs")
    assert tiles.views[0].sizes == [(2300, 1200), (1150, 600), (575, 300)]
    small = whole(tiles, 0, 2)
    assert small.shape == (300, 575, 3)
    assert small.std() > 5, "tissue, not a plain area"
    tiles.close()


@pytest.mark.parametrize("name", ["qptiff-fluorescence.qptiff", "hamamatsu-channels.ndpis", "mirax.mrxs"])
def test_channels_are_shown_together_and_one_by_one(name: str, tmp_path: Path) -> None:
    builders()[name](tmp_path / name)
    tiles = opened(tmp_path / name)
    tissue = tiles.views[0]
    squares = [tiles.square(0, 0, 0, 0, channel) for channel in range(max(1, len(tissue.channels)))]
    assert all(square is not None and square.dtype == np.uint8 and square.shape[2] == 3 for square in squares)
    if name.startswith("qptiff"):
        assert tissue.channels[0] == "all channels"
        assert len(tissue.channels) > 2
        alone = squares[1]
        assert alone is not None
        assert (alone[..., 0] == alone[..., 1]).all(), "a channel by itself is grey"
    assert tiles.square(0, 0, 0, 0, 99) is None
    tiles.close()


def test_why_no_tissue_is_shown_is_said_and_the_pictures_are_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_aperio(tmp_path / "slide.svs", size=(512, 384), factors=(1, 2))

    def missing(*args: object) -> None:
        raise ImportError("imagecodecs")

    monkeypatch.setattr("blankslide.viewing.tiles.open_pyramid", missing)
    monkeypatch.setattr("blankslide.viewing.hints.find_spec", lambda name: None)
    tiles = opened(tmp_path / "slide.svs")
    assert tiles.trouble == "the tissue cannot be shown: imagecodecs is not installed: pip install imagecodecs"
    assert [view.name for view in tiles.views] == ["label", "macro", "thumbnail"]
    tiles.close()
