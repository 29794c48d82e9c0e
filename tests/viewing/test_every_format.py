"""Every sample slide can be looked at: levels and pictures are pixels, not placeholders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import builders
from blankslide.viewing import open_pyramid
from blankslide.viewing.placeholder import hatched, labelled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", sorted(builders()))
def test_levels_and_pictures_of_a_sample(name: str, tmp_path: Path) -> None:
    import numpy as np

    planted = builders()[name](tmp_path / name)
    with open_pyramid(tmp_path / name) as pyramid:
        assert len(pyramid.levels) >= 2
        for level in pyramid.levels:
            corner = np.asarray(level[: min(256, level.shape[0]), : min(256, level.shape[1])])
            assert not np.array_equal(corner, hatched(corner.shape, corner.dtype)), "a level cannot be read"
        roles = {role.split(" ")[0] for role in pyramid.pictures}
        assert roles >= {p.role for p in planted.pictures if p.role in ("label", "macro", "thumbnail")}
        for role, picture in pyramid.pictures.items():
            pixels = np.asarray(picture)
            assert pixels.shape[:2] == picture.shape[:2]
            placeholder = labelled(picture.shape, f"{role}: cannot be decoded", picture.dtype)
            assert not np.array_equal(pixels, placeholder), f"{role} is a placeholder"
