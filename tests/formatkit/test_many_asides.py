"""Too many texts beside pictures are refused at the first too many; a tile that many share has its own once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from blankslide.containers.tiff.directories import Tiff
from blankslide.errors import DamagedSlide
from blankslide.formatkit import tiff_asides
from blankslide.formatkit.findings import places_in
from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.tiff_values import long, short
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TILE = jpeg(Image.fromarray(np.full((16, 16, 3), 200, np.uint8)), 80)


def _tiff(path: Path, tiles: list[bytes]) -> Tiff:
    side = int(len(tiles) ** 0.5) * 16
    tags = {256: long(side), 257: long(side), 258: short(8, 8, 8), 259: short(7), 262: short(6), 277: short(3)}
    write_tiff(path, [Page({**tags, 322: short(16), 323: short(16)}, tiles, tiled=True)])
    return Tiff(MemorySource(path.read_bytes()))


def test_no_more_are_built_than_can_be_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred and seventy thousand comments were found, looked at twice, claimed, and then refused."""
    spoken = TILE[:2] + b"\xff\xfe\0\x04ab" * 30000 + TILE[2:]
    tiff = _tiff(tmp_path / "s.tif", [spoken])
    built, look = 0, tiff_asides._Slots.look

    def counted(slots: Any, index: int) -> Iterator[tiff_asides.Aside]:
        nonlocal built
        for aside in look(slots, index):
            built += 1
            yield aside

    monkeypatch.setattr(tiff_asides._Slots, "look", counted)
    with pytest.raises(DamagedSlide, match="more to remove than any scanner writes"):
        tiff_asides.collect(tiff, {page.name: "level" for page in tiff.pages})
    assert 0 < built <= places_in(tiff.size) + 2


def test_tiles_that_share_their_bytes_have_one_text(tmp_path: Path) -> None:
    spoken = TILE[:2] + b"\xff\xfe\0\x06Anna" + TILE[2:]
    count = 100 * 100
    tiff = _tiff(tmp_path / "s.tif", [spoken, *[b"xx"] * (count - 1)])
    assert count > places_in(tiff.size)
    data = bytearray((tmp_path / "s.tif").read_bytes())
    for entry in (tiff.pages[0].tags[324], tiff.pages[0].tags[325]):
        each = (entry.end - entry.start) // count
        data[entry.start : entry.end] = data[entry.start : entry.start + each] * count
    shared = Tiff(MemorySource(bytes(data)))
    tiff_asides.collect(shared, {page.name: "level" for page in shared.pages})
    assert [(a.kind, a.end - a.start) for a in shared.asides] == [("tile", 4)]


@pytest.mark.parametrize(("side", "at"), [(8, 37), (65, 4001)], ids=["few", "array"])
def test_what_hangs_on_one_tile_makes_it_the_longest_which_is_looked_at(tmp_path: Path, side: int, at: int) -> None:
    tiles = [TILE] * side**2
    tiles[at] = TILE[:2] + b"\xff\xfe\0\x06Anna" + TILE[2:]
    tiff = _tiff(tmp_path / "s.tif", tiles)
    tiff_asides.collect(tiff, {page.name: "level" for page in tiff.pages})
    (found,) = tiff.asides
    assert tiff.source.read(found.start, found.end - found.start) == b"Anna"
