"""A page of the database that lost a record without a word holds bytes that may be a tile: the slide is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import blankslide
from blankslide.errors import DamagedSlide
from blankslide.samples import builders

if TYPE_CHECKING:
    from pathlib import Path

_LEAF, _NAME = 13, "sakura.svslide"


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / _NAME
    builders()[_NAME](path)
    return path


def _leaf_with_cells(data: bytes) -> int:
    """Where the last page with records of a table begins."""
    size = int.from_bytes(data[16:18], "big")
    pages = range(len(data) // size * size - size, size, -size)
    return next(at for at in pages if data[at] == _LEAF and 1 < int.from_bytes(data[at + 3 : at + 5], "big") < 99)


def test_a_page_that_has_lost_a_record(slide: Path) -> None:
    data = bytearray(slide.read_bytes())
    at = _leaf_with_cells(data)
    count = int.from_bytes(data[at + 3 : at + 5], "big")
    data[at + 3 : at + 5] = (count - 1).to_bytes(2, "big")
    slide.write_bytes(data)
    with pytest.raises(DamagedSlide, match="belong to no record"):
        blankslide.inspect(slide)


def test_a_page_that_says_it_is_empty(slide: Path) -> None:
    data = bytearray(slide.read_bytes())
    at, size = _leaf_with_cells(data), int.from_bytes(data[16:18], "big")
    data[at + 1 : at + 8] = bytes(4) + size.to_bytes(2, "big") + bytes(1)
    slide.write_bytes(data)
    with pytest.raises(DamagedSlide, match="is empty, which only the root"):
        blankslide.inspect(slide)


def test_cells_that_begin_where_none_can_be(slide: Path) -> None:
    data = bytearray(slide.read_bytes())
    at = _leaf_with_cells(data)
    data[at + 5 : at + 7] = (9).to_bytes(2, "big")
    slide.write_bytes(data)
    with pytest.raises(DamagedSlide, match="begin where none can be"):
        blankslide.inspect(slide)
