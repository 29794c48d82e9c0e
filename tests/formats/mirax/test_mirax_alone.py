"""A MIRAX file that came without its folder: what it lacks is said, and not what it is by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import blankslide
from blankslide.errors import NotASlide
from blankslide.samples import builders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("content", [None, b"", b"BM something"], ids=["jpeg", "empty", "bmp"])
def test_it_is_told_that_the_folder_is_missing(tmp_path: Path, content: bytes | None) -> None:
    slide = tmp_path / "whole" / "mirax.mrxs"
    slide.parent.mkdir()
    builders()["mirax.mrxs"](slide)
    alone = tmp_path / "alone.mrxs"
    alone.write_bytes(slide.read_bytes() if content is None else content)
    with pytest.raises(NotASlide, match=r"MIRAX: no Slidedat\.ini in a folder of the same name") as told:
        blankslide.inspect(alone)
    assert told.value.hint == "copy the slide together with its folder"
