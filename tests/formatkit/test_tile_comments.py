"""Text inside tissue tiles is metadata: the first tile of each level by default, all when thorough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openslide import OpenSlide

from blankslide import api, pipeline
from blankslide.pipeline import Options
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

SECRET = b"Wanda Pryor 57"  # as long as the JFIF segment that it takes the place of


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, "big")
    return path


def tiles_of(path: Path, level: int) -> int:
    from tifffile import TiffFile

    with TiffFile(path) as tiff:
        return len(tiff.series[0].levels[level].pages[0].dataoffsets)


def plant(path: Path, level: int, tile: int, marker: int, secret: bytes = SECRET) -> int:
    """Turn the tile's APP0 into another segment that holds a name; return where."""
    from tifffile import TiffFile

    with TiffFile(path) as tiff:
        page = tiff.series[0].levels[level].pages[0]
        at = page.dataoffsets[tile]
    with path.open("r+b") as file:
        file.seek(at)
        head = file.read(20)
        assert head[2:4] == b"\xff\xe0"
        assert head[4:6] == b"\0\x10"
        file.seek(at + 3)
        file.write(bytes([marker]))
        file.seek(at + 6)
        file.write(secret)
    return at + 6


@pytest.mark.parametrize("marker", [0xFE, 0xE1, 0xED])
@pytest.mark.parametrize("level", [0, 1])
def test_the_first_tile_of_each_level_is_looked_at(slide: Path, marker: int, level: int) -> None:
    at = plant(slide, level, 0, marker)
    assert "jpeg.tile-text" in {f.id for f in pipeline.inspect(slide).findings}
    outcome = api.anonymize(slide, in_place=True, ledger="none")
    assert outcome.content == "clean"
    data = slide.read_bytes()
    assert SECRET not in data
    assert data[at : at + len(SECRET)] == bytes(len(SECRET))
    assert pipeline.plan(slide)[1].patches == ()


def test_a_long_adobe_segment_keeps_the_flag_that_decides_about_colours(slide: Path) -> None:
    adobe = b"Adobe\0\x64\0\0\0\0\0"  # no conversion: what looks like YCbCr is RGB
    at = min(plant(slide, level, i, 0xEE, adobe + b"WP") for level in range(3) for i in range(tiles_of(slide, level)))
    before = OpenSlide(slide).read_region((0, 0), 0, (64, 64)).tobytes()
    outcome = api.anonymize(slide, in_place=True, ledger="none")
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert slide.read_bytes()[at : at + 14] == adobe + bytes(2)
    assert OpenSlide(slide).read_region((0, 0), 0, (64, 64)).tobytes() == before
    assert pipeline.plan(slide)[1].patches == ()


def test_other_tiles_are_looked_at_when_thorough(slide: Path) -> None:
    plant(slide, 0, 5, 0xFE)
    assert pipeline.verify(slide, Options(thorough=True)).content == "residue"
    options = Options(key=b"k" * 32)
    assert pipeline.anonymize_in_place(slide, options).content == "clean"
    assert SECRET not in slide.read_bytes(), "the census has read it, so all tiles were looked at"
    options.thorough = True
    assert pipeline.verify(slide, options).content == "clean"


def test_a_copy_loses_the_text_of_any_tile_and_keeps_its_name(slide: Path, tmp_path: Path) -> None:
    plant(slide, 0, 5, 0xFE)
    before = slide.read_bytes()
    outcome = pipeline.anonymize_copy(slide, tmp_path / "out", Options(key=b"k" * 32), name="fresh")
    assert (outcome.content, outcome.residue, outcome.copied) == ("clean", (), True)
    assert outcome.target.startswith("fresh")
    assert SECRET not in (tmp_path / "out" / outcome.target).read_bytes()
    assert slide.read_bytes() == before


def test_a_slide_keeps_its_new_name_when_all_tiles_are_looked_at(slide: Path) -> None:
    plant(slide, 0, 5, 0xFE)
    outcome = pipeline.anonymize_in_place(slide, Options(key=b"k" * 32), name="fresh")
    assert (outcome.content, outcome.target) == ("clean", "fresh.svs")
    assert SECRET not in slide.with_name("fresh.svs").read_bytes()


def test_segments_of_coding_are_no_text(slide: Path) -> None:
    assert "jpeg.tile-text" not in {f.id for f in pipeline.plan(slide, Options(thorough=True))[0].findings}
