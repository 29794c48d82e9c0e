"""Lazy pyramids: roles from our inspection, tiles only when asked for, placeholders instead of exceptions."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import tifffile

from blankslide.errors import BlankslideError, NotASlide
from blankslide.samples.kit.answer_key import Planted
from blankslide.testing.built import build_aperio
from blankslide.viewing import open_pyramid
from blankslide.viewing.placeholder import labelled

Made = tuple[Path, Planted]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    path = tmp_path / "slide.svs"
    return path, build_aperio(path, size=(1024, 768), factors=(1, 4))


def test_levels_and_pictures_are_what_tifffile_decodes(made: Made) -> None:
    with open_pyramid(made[0]) as pyramid, tifffile.TiffFile(made[0]) as tiff:
        for level, size in zip(pyramid.levels, pyramid.sizes, strict=True):
            page = next(p for p in tiff.pages if p.is_tiled and p.imagewidth == size.width)
            assert (level[...] == page.asarray()).all()
        for picture in made[1].pictures:
            assert (pyramid.pictures[picture.role][...] == tiff.pages[picture.page].asarray()).all()
        assert set(pyramid.pictures) == {"thumbnail", "label", "macro"}


def test_sizes_and_resolution(made: Made) -> None:
    with open_pyramid(made[0]) as pyramid:
        assert [s[:2] for s in pyramid.sizes] == [(1024, 768), (256, 192)]
        assert [s.mpp for s in pyramid.sizes] == [(0.499, 0.499), pytest.approx((1.996, 1.996))]
        assert pyramid.extent == pytest.approx((510.976, 383.232))


def test_opening_decodes_nothing_and_reading_only_what_is_asked_for(made: Made, read_tiles: list[int]) -> None:
    with open_pyramid(made[0]) as pyramid:
        assert read_tiles == []
        pyramid.levels[0][300:500, 300:500]
        assert len(read_tiles) == 1
        pyramid.levels[0][200:300, 200:300]
        assert len(read_tiles) == 5


def test_after_close_nothing_of_the_slide_can_be_read(made: Made) -> None:
    pyramid = open_pyramid(made[0])
    old = {role: np.asarray(picture) for role, picture in pyramid.pictures.items()}
    pyramid.close()
    pyramid.close()
    assert not pyramid.is_open
    for role, picture in pyramid.pictures.items():
        assert not (np.asarray(picture) == old[role]).all()
        assert np.unique(picture[...]).size == 2
    assert np.unique(pyramid.levels[0][10:20, 10:90]).size == 2
    made[0].unlink()


def test_a_picture_whose_strips_are_broken_says_so(made: Made) -> None:
    label = next(p for p in made[1].pictures if p.role == "label")
    with made[0].open("r+b") as file:
        for offset, length in label.strips:
            file.seek(offset)
            file.write(bytes(length))
    with open_pyramid(made[0]) as pyramid:
        shown = pyramid.pictures["label"][...]
        assert (shown == labelled(shown.shape, "label: cannot be decoded")).all()
        assert pyramid.pictures["macro"][...].std() > 10


def test_one_broken_tile_costs_one_tile(made: Made) -> None:
    with tifffile.TiffFile(made[0]) as tiff:
        page = tiff.pages[0]
        offset, length = page.dataoffsets[5], page.databytecounts[5]
        good = page.asarray()
    with made[0].open("r+b") as file:
        file.seek(offset)
        file.write(bytes(length))
    with open_pyramid(made[0]) as pyramid:
        seen = pyramid.levels[0][...]
        assert np.unique(seen[256:512, 256:512]).size == 2
        seen[256:512, 256:512] = good[256:512, 256:512] = 0
        assert (seen == good).all()


def test_pages_that_tifffile_sees_otherwise_become_placeholders(made: Made) -> None:
    from blankslide import pipeline

    found = pipeline.inspect(made[0])
    found.associated = tuple(a._replace(page=99) for a in found.associated)
    found.levels = (found.levels[0], found.levels[1]._replace(page=1))
    with open_pyramid(made[0], found) as pyramid:
        assert np.unique(pyramid.levels[1][...]).size == 2
        assert (pyramid.pictures["macro"][...] == labelled((431, 1280, 3), "macro: cannot be decoded")).mean() > 0.5


def test_what_is_no_slide_is_refused_with_our_error(tmp_path: Path) -> None:
    path = tmp_path / "x.svs"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    with pytest.raises(NotASlide):
        open_pyramid(path)
    with pytest.raises(BlankslideError):
        open_pyramid(tmp_path / "missing.svs")


def test_a_changed_file_needs_a_new_pyramid_and_gets_one(made: Made) -> None:
    from blankslide import pipeline

    first = open_pyramid(made[0])
    first.pictures["label"][...]
    first.close()
    pipeline.anonymize_in_place(made[0])
    with open_pyramid(made[0]) as second:
        assert "label" not in second.pictures
        assert "macro" not in second.pictures
        assert second.levels[0][...].std() > 10


def test_tifffiles_log_is_not_heard(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), open_pyramid(made[0]) as pyramid:
        pyramid.levels[0][:300, :300]
        pyramid.pictures["label"][...]
        assert [r for r in caplog.records if r.name.startswith("tifffile")] == []
    logging.getLogger("tifffile").warning("heard")
    assert caplog.records[-1].message == "heard"


# -- through OpenSlide ---------------------------------------------------------------------


@pytest.fixture
def vms(tmp_path: Path) -> Path:
    from blankslide.testing.built import builders

    path = tmp_path / "hamamatsu-vms.vms"
    builders()[path.name](path)
    return path


def test_what_is_no_tiff_is_shown_through_openslide(vms: Path) -> None:
    import openslide

    with open_pyramid(vms) as pyramid, openslide.OpenSlide(vms) as slide:
        assert {(s.width, s.height) for s in pyramid.sizes} <= set(slide.level_dimensions)
        for level, size in zip(pyramid.levels, pyramid.sizes, strict=True):
            number = slide.level_dimensions.index((size.width, size.height))
            factor = slide.level_downsamples[number]
            corner = (round(10 * factor), round(20 * factor))
            want = np.array(slide.read_region(corner, number, (50, 28)).convert("RGB"))
            assert (level[20:48, 10:60] == want).all()
            assert level[...].std() > 5
        for role in pyramid.pictures.keys() & slide.associated_images.keys():
            want = np.array(slide.associated_images[role].convert("RGB"))
            assert (pyramid.pictures[role][...] == want).all()


def test_openslide_goes_on_after_an_error(vms: Path) -> None:
    from blankslide.viewing.areas.openslide import OpenSlideAreas

    areas = OpenSlideAreas(vms)
    with pytest.raises(Exception, match=r".+"):
        areas.read(0, slice(0, -5), slice(0, 10))
    assert areas.read(0, slice(0, 8), slice(0, 8)).shape == (8, 8, 3)
    areas.close()


def test_a_slide_that_nobody_can_show_is_refused_in_our_words(tmp_path: Path, made: Made) -> None:
    from blankslide import pipeline
    from blankslide.errors import NotEditable

    path = tmp_path / "x.svs"
    path.write_bytes(b"nothing that OpenSlide knows")
    with pytest.raises(NotEditable, match="no reader here can show"):
        open_pyramid(path, pipeline.inspect(made[0]))


def test_a_dicom_file_with_a_tiff_preamble_is_no_tiff(tmp_path: Path) -> None:
    from blankslide.viewing.areas import tifffile as areas_tifffile

    path = tmp_path / "dual.dcm"
    path.write_bytes(b"II*\0".ljust(128, b"\0") + b"DICM")
    assert not areas_tifffile.can_read(path)
    path.write_bytes(b"II*\0".ljust(140, b"\0"))
    assert areas_tifffile.can_read(path)
