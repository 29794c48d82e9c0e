"""What stands beside a slide under its name: listed, counted by strict, never touched."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, sidecars_of
from blankslide.policy.profiles import STRICT

if TYPE_CHECKING:
    from pathlib import Path

    from copies.conftest import Slide

SIDE = ("slide.geojson", "slide.jpg", "slide.svs.qpdata", "slide.xml")


@pytest.fixture
def beside(slide: Slide) -> tuple[str, ...]:
    for name in (*SIDE, "slide2.xml", "other.csv", ".slide.xml", "slides.txt"):
        (slide.path.parent / name).write_text("Jane Doe")
    (slide.path.parent / "slide.d").mkdir()
    shutil.copyfile(slide.path, slide.path.with_name("slide.tif"))
    return SIDE


def test_same_stem_any_kind_but_no_slides_folders_or_mere_neighbours(slide: Slide, beside: tuple[str, ...]) -> None:
    assert sidecars_of(slide.path) == beside


def test_a_picture_called_like_a_slide_is_still_a_sidecar(slide: Slide) -> None:
    slide.path.with_name("slide.tif").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert sidecars_of(slide.path) == ("slide.tif",)


def test_a_link_shows_what_is_beside_the_real_slide(slide: Slide, beside: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "link.svs").symlink_to(slide.path)
    assert sidecars_of(tmp_path / "link.svs") == beside


def test_they_fail_only_under_strict(slide: Slide, beside: tuple[str, ...], out: Path, options: Options) -> None:
    research = anonymize_copy(slide.path, out / "research", options)
    strict = anonymize_copy(slide.path, out / "strict", Options(profile=STRICT, key=options.key))
    for outcome, code in ((research, 0), (strict, 1)):
        assert (outcome.content, outcome.sidecars, outcome.exit_code) == ("clean", beside, code)


def test_they_are_never_copied_or_changed(slide: Slide, beside: tuple[str, ...], out: Path, options: Options) -> None:
    anonymize_copy(slide.path, out, options)
    assert os.listdir(out) == ["slide.svs"]
    assert anonymize_in_place(slide.path, options).sidecars == beside
    assert all((slide.path.parent / name).read_text() == "Jane Doe" for name in beside)


def test_verify_counts_them_too(slide: Slide, beside: tuple[str, ...], options: Options) -> None:
    options.profile = STRICT
    anonymize_in_place(slide.path, options)
    assert pipeline.verify(slide.path, options).exit_code == 1
    for name in beside:
        (slide.path.parent / name).unlink()
    assert pipeline.verify(slide.path, options).exit_code == 0
