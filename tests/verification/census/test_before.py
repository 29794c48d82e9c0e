"""Before anything is written: a picture that shows the slide is not drawn over, whatever a plan calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tifffile import TiffFile

from blankslide.samples.aperio.slide import build_aperio
from blankslide.source import MemorySource
from blankslide.verification.census.before import look_before

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("before") / "slide.svs"
    build_aperio(path, "big")
    return path


def endangered(path: Path, start: int, end: int) -> list[str]:
    return [one.where for one in look_before([MemorySource(path.read_bytes())], {0: [(start, end)]})[1]]


def segment(path: Path, page: int) -> tuple[int, int]:
    with TiffFile(path) as tiff:
        told = tiff.pages[page]
        return told.dataoffsets[0], told.dataoffsets[0] + told.databytecounts[0]


def test_a_level_that_would_be_drawn_over_is_endangered(slide: Path) -> None:
    start, end = segment(slide, 0)
    assert endangered(slide, start, end) == ["page 0"]
    assert endangered(slide, end - 40, end - 20) == ["page 0"]


def test_a_comment_in_a_levels_tile_is_no_pixel(slide: Path) -> None:
    start, _ = segment(slide, 0)
    assert slide.read_bytes()[start : start + 4] == b"\xff\xd8\xff\xe0"
    assert endangered(slide, start + 6, start + 20) == []


def test_a_label_may_be_drawn_over(slide: Path) -> None:
    with TiffFile(slide) as tiff:
        last = len(tiff.pages) - 1
    assert endangered(slide, *segment(slide, last)) == []
