"""Before anything is written: a picture that shows the slide is not drawn over, whatever a plan calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tifffile import TiffFile

from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.hamamatsu.slide import build_hamamatsu
from blankslide.source import MemorySource
from blankslide.verification.census.before import look_before
from blankslide.verification.census.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("before") / "slide.svs"
    build_aperio(path, "big")
    return path


def endangered(path: Path, start: int, end: int) -> list[str]:
    return [one.where for one in look_before([MemorySource(path.read_bytes())], {0: [(start, end)]}, Memory())]


def segment(path: Path, page: int) -> tuple[int, int]:
    with TiffFile(path) as tiff:
        tags = tiff.pages[page].tags  # tifffile's own offsets of an NDPI are those of its restart intervals
        strips = (273, 279) if 273 in tags else (324, 325)
        start, length = (value if isinstance(value := tags[code].value, int) else value[0] for code in strips)
        return start, start + length


def test_a_level_that_would_be_drawn_over_is_endangered(slide: Path) -> None:
    start, end = segment(slide, 0)
    assert endangered(slide, start, end) == ["page 0"]
    assert endangered(slide, end - 40, end - 20) == ["page 0"]


def test_what_stands_beside_or_behind_the_pixels_of_a_level_is_no_pixel(tmp_path: Path) -> None:
    talkative = {"comment": b"operator Sprocketon", "trailer": b"\0tail of an earlier edit\xff\xd9", "bare": True}
    path = tmp_path / "slide.ndpi"
    build_hamamatsu(path, planes=1, **talkative)
    start, end = segment(path, 0)
    data, behind = path.read_bytes(), end - len(talkative["trailer"])
    assert data[start : start + 4] == b"\xff\xd8\xff\xfe"
    assert endangered(path, start + 6, start + 20) == []
    assert endangered(path, behind, end) == []
    assert endangered(path, behind - 1, end) == ["page 0"]
    tables = data.index(b"\xff\xdb", start)
    assert endangered(path, tables + 6, tables + 20) == ["page 0"], "without its tables nothing decodes"


def test_a_label_may_be_drawn_over(slide: Path) -> None:
    with TiffFile(slide) as tiff:
        last = len(tiff.pages) - 1
    assert endangered(slide, *segment(slide, last)) == []


@pytest.mark.parametrize("said", [b"Sprocketon\0\0", b"\0Sprocketon\0"])
def test_zeros_around_what_stands_beside_the_pixels_are_no_pixels(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "slide.ndpi"
    build_hamamatsu(path, planes=1, comment=said, bare=True)
    start = segment(path, 0)[0]
    assert path.read_bytes()[start + 6 : start + 6 + len(said)] == said
    assert endangered(path, start + 6, start + 6 + len(said)) == []
    assert endangered(path, start + 6, start + 7 + len(said)) == ["page 0"]
