"""The slots of a picture that is to be blanked: each as high as the directory says, and only as many as there are."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from blankslide.containers.tiff.directories import Ifd, Tiff
from blankslide.formatkit.tiff_pictures import blank_edit
from blankslide.samples.kit.tiff_values import long, short
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from pathlib import Path


def page(path: Path, height: int, rows: int, strips: int, planar: int = 1) -> Ifd:
    tags = {256: long(8), 257: long(height), 258: short(8, 8), 259: short(1), 262: short(1), 277: short(2)}
    write_tiff(path, [Page({**tags, 278: long(rows), 284: short(planar)}, [b"strip"] * strips)])
    return Tiff(MemorySource(path.read_bytes())).pages[0]


@pytest.mark.parametrize(
    ("height", "rows", "strips", "planar", "heights"),
    [
        (10, 4, 3, 1, [4, 4, 2]),
        (8, 4, 2, 1, [4, 4]),
        (3, 4, 1, 1, [3]),
        (10, 4, 6, 2, [4, 4, 2, 4, 4, 2]),
        (100, 4, 3, 1, [4, 4, 4]),
    ],
    ids=["last", "even", "one", "planes", "too few"],
)
def test_each_strip_has_its_height(
    tmp_path: Path, height: int, rows: int, strips: int, planar: int, heights: list[int]
) -> None:
    slots = blank_edit(page(tmp_path / "x.tif", height, rows, strips, planar)).slots
    assert [slot.height for slot in slots] == heights
    assert {(slot.width, slot.end - slot.start) for slot in slots} == {(8, 5)}


def test_a_height_that_is_a_lie_costs_nothing(tmp_path: Path) -> None:
    lie = page(tmp_path / "x.tif", 1 << 24, 1, 2)
    tracemalloc.start()
    try:
        assert len(blank_edit(lie).slots) == 2
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
