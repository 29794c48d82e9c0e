"""A slot that is said to be too long reaches into the next tile: behind its picture stands a picture, and no text."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tifffile import TiffFile

from blankslide.errors import SlideError
from blankslide.pipeline import Options, anonymize_in_place, inspect
from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path

NAME = b"Vogtsungsdottir, Jorunn"


def swallowed(path: Path) -> tuple[int, int]:
    """Let a tile of the second level reach to the end of the next one, which has no length; return that one's place."""
    builders()["generic-vips.tif"](path)
    with TiffFile(path) as tiff:
        starts, counts = tiff.pages[1].tags[324].value, tiff.pages[1].tags[325]
        lengths, order, wide = list(counts.value), tiff.byteorder, "I" if counts.dtype == 4 else "H"
    place = starts[3], starts[3] + lengths[3]
    lengths[2:] = [place[1] - starts[2], 0]
    data = bytearray(path.read_bytes())
    struct.pack_into(f"{order}{len(lengths)}{wide}", data, counts.valueoffset, *lengths)
    path.write_bytes(data)
    return place


def test_a_tile_inside_of_another_ones_slot_is_left(tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    start, end = swallowed(path)
    before = path.read_bytes()[start:end]
    (found,) = (f for f in inspect(path).findings if f.id.startswith("jpeg.tile-text"))
    assert (found.id, tuple(found.edits)) == ("jpeg.tile-text-left", ())
    with suppress(SlideError):
        assert anonymize_in_place(path, Options(key=bytes(32))).content != "clean"
    assert path.read_bytes()[start:end] == before


@pytest.mark.parametrize("behind", [NAME, b"\xff\xd8\xff\xe0 " + NAME])
def test_text_behind_a_picture_goes(behind: bytes, tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    start, end = swallowed(path)
    data = bytearray(path.read_bytes())
    data[start:end] = behind.ljust(end - start, b"\0")
    path.write_bytes(data)
    (found,) = (f for f in inspect(path).findings if f.id.startswith("jpeg.tile-text"))
    assert found.id == "jpeg.tile-text"
    assert found.edits
