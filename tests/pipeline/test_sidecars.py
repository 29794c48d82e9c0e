"""Files beside a slide: photographs of its label, and small copies that file servers hide, are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide import api
from blankslide.pipeline.sidecars import beside, is_photograph
from blankslide.testing.built import build_aperio, build_hamamatsu_vms

if TYPE_CHECKING:
    from pathlib import Path

NAMED = [
    "s_label.jpg",
    "s-macro.png",
    "s label.png",
    "s (label).tif",
    "s_Label_1.JPG",
    "s_slide_label.jpg",
    "label_s.jpg",
]
NAMED += ["Macro-s.png", "s.label.jpg", "s-thumbnail.jpeg", "s_barcode.bmp", "s_macro_image.jpg"]
NAMED += ["s-Makro.jpg", "S_LABEL.jpg", "s_Beschriftung.png", "s_\u00e9tiquette.jpg", "s_e\u0301tiquette.jpg"]
NAMED += ["s_\u6807\u7b7e.jpg", "s_\u30e9\u30d9\u30eb.png", "s_etiqueta.jpg", "s-\u00dcbersicht.tif"]
OTHERS = ["ss_label.jpg", "t_label.jpg", "s_label.txt", "s_labelled cells.jpg", "s2-macro.png", "label.jpg"]


@pytest.mark.parametrize("name", NAMED)
def test_photographs_are_known_by_the_slides_name_and_a_word(name: str) -> None:
    assert is_photograph(name, "s")


@pytest.mark.parametrize("name", NAMED)
def test_a_suffix_of_two_parts_is_no_part_of_the_slides_name(name: str) -> None:
    assert is_photograph(name, "s.ome")
    assert is_photograph(name.replace("s", "s.ome", 1) if name[0] == "s" else name, "s.ome")
    assert not is_photograph(name, "s.tar")


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_none(name: str) -> None:
    assert not is_photograph(name, "s")


FOLDERS = ["s/label.jpg", "s_files/macro image.png", "s.images/1_label.jpg", "label/s.jpg", "Labels/s_label.png"]
ELSEWHERE = ["s/tile_1.jpg", "s/label.txt", "t/label.jpg", "label/t.jpg", "labels/ss.jpg", "cells/s.jpg"]


def test_pictures_in_a_folder_of_the_slide_or_of_labels_are_named(tmp_path: Path) -> None:
    for name in [*FOLDERS, *ELSEWHERE]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert sorted(beside(str(tmp_path / "s.svs"), lambda _: False)) == sorted(FOLDERS)


def test_they_are_named_and_strict_ends_with_1(tmp_path: Path) -> None:
    slide = tmp_path / "x7.svs"
    build_aperio(slide, size=(256, 192))
    others = ["x7_label.jpg", "x7-macro.png", "@eaDir/x7.svs/SYNOPHOTO_THUMB_M.jpg", ".@__thumb/s100x7.svs", "._x7.svs"]
    for name in [*others, "y_label.jpg", "@eaDir/y.svs/SYNOPHOTO_THUMB_M.jpg"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff\xd8\xff\xd9")
    outcome = api.anonymize(slide, in_place=True, profile="strict")
    assert sorted(outcome.sidecars) == sorted(others)
    assert outcome.exit_code == 1
    assert all((tmp_path / name).read_bytes() == b"\xff\xd8\xff\xd9" for name in others)


def test_a_macro_that_the_key_file_does_not_name_is_named(tmp_path: Path) -> None:
    slide = tmp_path / "slide.vms"
    build_hamamatsu_vms(slide)
    assert beside(str(slide), lambda _: False).count("slide_macro.jpg") == 1
    lines = slide.read_bytes().split(b"\r\n")
    slide.write_bytes(b"\r\n".join(line for line in lines if not line.startswith(b"MacroImage")))
    assert "slide_macro.jpg" in api.anonymize(slide, in_place=True).sidecars
