"""Tiles of packed levels have no mark: what is dense and nobody's is left, and a tile that is cut off refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import blankslide
from blankslide.errors import DamagedSlide
from blankslide.samples import builders
from blankslide.testing.own.fuzzing.tiff_places import Directory, TiffPlaces

if TYPE_CHECKING:
    from pathlib import Path

_OFFSETS, _COUNTS = 324, 325
_NAME = "qptiff-fluorescence.qptiff"


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / _NAME
    builders()[_NAME](path)
    return path


def _last_small(data: bytes) -> tuple[TiffPlaces, Directory]:
    """The last page of one tile."""
    places = TiffPlaces(data)
    return places, [page for page in places.pages if _is_single(places, page)][-1]


def _is_single(places: TiffPlaces, page: Directory) -> bool:
    return _OFFSETS in page.fields and page.fields[_OFFSETS].size == places.wide


def _put(path: Path, tag: int, value: int) -> None:
    data = bytearray(path.read_bytes())
    places, page = _last_small(bytes(data))
    at = page.fields[tag].value
    data[at : at + 4] = places.bytes_of(value, 4)
    path.write_bytes(data)


def test_a_packed_tile_that_is_cut_off_refuses_the_slide(slide: Path) -> None:
    before = slide.read_bytes()
    _put(slide, _COUNTS, 5)
    assert slide.read_bytes() != before
    with pytest.raises(DamagedSlide, match="does not begin and end"):
        blankslide.inspect(slide)


def test_a_packed_tile_that_nobody_refers_to_is_left(slide: Path) -> None:
    data = slide.read_bytes()
    places, page = _last_small(data)
    other = [p for p in places.pages if p is not page and _is_single(places, p)][-1]
    _put(slide, _OFFSETS, places.number(other.fields[_OFFSETS].value, 4))
    _put(slide, _COUNTS, places.number(other.fields[_COUNTS].value, 4))
    assert "slide.unowned-left" in {finding.id for finding in blankslide.inspect(slide).findings}


def test_a_mark_by_chance_makes_no_picture_of_a_packed_tile(slide: Path) -> None:
    data = slide.read_bytes()
    places, page = _last_small(data)
    at = places.number(page.fields[_OFFSETS].value, 4)
    length = places.number(page.fields[_COUNTS].value, 4)
    test_a_packed_tile_that_nobody_refers_to_is_left(slide)
    lost = bytearray(slide.read_bytes())
    lost[at + length // 2 : at + length // 2 + 3] = b"\xff\xd8\xff"
    slide.write_bytes(lost)
    assert "slide.unowned-left" in {finding.id for finding in blankslide.inspect(slide).findings}
