"""Levels and pictures of DICOM slides whose Image Type is missing, misspelt, exchanged or plainly wrong."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.errors import NotEditable, SlideError
from blankslide.formats.dicom.roles import Look, verdicts
from blankslide.pipeline import Options
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

THREE: dict[str, Any] = {**SMALL, "factors": (1, 2, 4)}
TILE = (64, 64)
BASE, MIDDLE, LAST = ((160, 120), TILE, 6), ((80, 60), TILE, 2), ((40, 30), TILE, 1)
LABEL, MACRO = ((60, 72), (60, 72), 1), ((96, 40), (96, 40), 1)


def looks(*given: tuple[str, tuple[tuple[int, int], tuple[int, int], int]]) -> list[Look]:
    return [Look(name, size, frame, frames, False, True) for name, (size, frame, frames) in given]


def short(found: Sequence[Any]) -> list[str]:
    return [v.role or ("refused" if v.contradicts else "unknown" if v.doubtful else "level") for v in found]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # the ordinary
        ([("VOLUME", BASE), ("VOLUME", LAST), ("LABEL", LABEL), ("OVERVIEW", MACRO)], "level level label macro"),
        ([("VOLUME", BASE), ("THUMBNAIL", ((50, 38), (50, 38), 1))], "level thumbnail"),
        ([("VOLUME", LAST)], "level"),
        # a level by another word, or none
        ([("VOLUME", BASE), ("", MIDDLE), ("VOLUME", LAST)], "level level level"),
        ([("LOCALIZER", BASE), ("VOLUME", MIDDLE)], "level level"),
        ([("", BASE), ("", MIDDLE), ("", LAST)], "level level level"),
        ([("THUMBNAIL", MIDDLE), ("VOLUME", BASE)], "level level"),
        ([("VOLUME", LAST), ("", BASE)], "level level"),
        # nobody can tell
        ([("", BASE)], "unknown"),
        ([("THUMBNAIL", BASE)], "unknown"),
        ([("VOLUME", BASE), ("", LABEL)], "level unknown"),
        ([("VOLUME", BASE), ("", ((120, 90), (40, 40), 9))], "level unknown"),
        ([("", BASE), ("", ((120, 144), TILE, 6))], "unknown unknown"),
        # a level that is called a picture
        ([("VOLUME", BASE), ("OVERVIEW", MIDDLE)], "level refused"),
        ([("VOLUME", BASE), ("LABEL", LAST)], "level refused"),
        ([("LABEL", BASE)], "refused"),
        ([("VOLUME", LAST), ("OVERVIEW", ((160, 120), (160, 120), 1))], "level refused"),
        ([("THUMBNAIL", LAST), ("OVERVIEW", ((160, 120), (160, 120), 1))], "thumbnail refused"),
        ([("VOLUME", MIDDLE), ("OVERVIEW", ((90, 200), (90, 200), 1))], "level refused"),
        # label and level exchanged
        ([("LABEL", BASE), ("VOLUME", LABEL)], "refused refused"),
        ([("VOLUME", BASE), ("LABEL", LAST), ("VOLUME", LABEL)], "level refused refused"),
        ([("", BASE), ("VOLUME", LABEL)], "unknown refused"),
    ],
)
def test_word_and_shape_have_to_agree(given: list[Any], expected: str) -> None:
    assert short(verdicts(looks(*given))) == expected.split()


def change(path: Path, word: str | None, **more: Any) -> None:
    """Give an instance another third value of Image Type, or none at all."""
    from pydicom import config, dcmread

    data = dcmread(path)
    config.settings.writing_validation_mode = config.IGNORE
    try:
        data.ImageType = ["DERIVED", "PRIMARY"] if word is None else ["DERIVED", "PRIMARY", word, "NONE"]
        data.update(more)
        data.save_as(path, enforce_file_format=True)
    finally:
        config.settings.writing_validation_mode = None


def pixels(folder: Path) -> dict[str, bytes]:
    return {file.name: read(file).PixelData for file in sorted(folder.iterdir())}


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize(
    ("word", "file"),
    [
        (None, "s.dcm"),
        ("Volume", "s.dcm"),
        ("", "s_1.dcm"),
        ("LOCALIZER", "s_1.dcm"),
        ("THUMBNAIL", "s_1.dcm"),
        ("VOLUMETRIC", "s_2.dcm"),
    ],
)
def test_a_level_by_another_word_keeps_its_pixels_in_a_clean_slide(tmp_path: Path, word: str | None, file: str) -> None:
    build_dicom(tmp_path / "s.dcm", **THREE)
    change(tmp_path / file, word)
    before = pixels(tmp_path)
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    after = pixels(tmp_path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert {f for f in before if before[f] != after[f]} == {"s_label.dcm", "s_overview.dcm"}
    again = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert (again.content, again.writes) == ("clean", 0)


@pytest.mark.parametrize("word", ["LABEL", "OVERVIEW"])
@pytest.mark.parametrize("file", ["s.dcm", "s_1.dcm", "s_2.dcm"])
def test_a_level_that_is_called_a_picture_refuses_the_slide(tmp_path: Path, word: str, file: str) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "s.dcm"
    build_dicom(path, **THREE)
    change(path.with_name(file), word)
    before = {f: f.read_bytes() for f in path.parent.iterdir()}
    for act in (
        lambda: pipeline.anonymize_in_place(path, Options(key=KEY)),
        lambda: pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY)),
    ):
        with pytest.raises(NotEditable, match="called one thing"):
            act()
    assert {f: f.read_bytes() for f in path.parent.iterdir()} == before


def test_label_and_level_exchanged_lose_nothing(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **THREE)
    change(tmp_path / "s_1.dcm", "LABEL", SpecimenLabelInImage="YES")
    change(tmp_path / "s_label.dcm", "VOLUME", SpecimenLabelInImage="NO")
    before = {f: f.read_bytes() for f in tmp_path.iterdir()}
    with pytest.raises(NotEditable):
        pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == before


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS")
@pytest.mark.parametrize("word", ["label", "Overview "])
def test_a_picture_in_small_letters_is_drawn_over(tmp_path: Path, word: str) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    name = f"s_{word.strip().lower()}.dcm"
    change(tmp_path / name, word)
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
    picture = read(tmp_path / name).pixel_array
    assert (picture == picture[0, 0]).all()
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY)).writes == 0


@pytest.mark.parametrize("word", [None, "", "PHOTOGRAPH"])
def test_a_picture_without_a_known_word_is_kept_and_told(tmp_path: Path, word: str | None) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    change(tmp_path / "s_label.dcm", word)
    before = pixels(tmp_path)["s_label.dcm"]
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert (outcome.exit_code, pixels(tmp_path)["s_label.dcm"]) == (1, before)
    assert any("dicom.unnamed-picture" in line for line in outcome.residue)
    assert pipeline.verify(tmp_path / "s.dcm", Options(key=KEY)).exit_code == 1


@pytest.mark.parametrize("word", [None, "TISSUE"])
def test_a_lone_real_level_without_a_known_word_is_kept_and_told(
    shared: Path, tmp_path: Path, word: str | None
) -> None:
    source = shared / "dicom" / "CMU-1-Small-Region"
    level = max(source.glob("*.dcm"), key=lambda f: f.stat().st_size)
    path = tmp_path / "level.dcm"
    shutil.copyfile(level, path)
    change(path, word)
    before = pixels(tmp_path)
    outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
    assert (outcome.exit_code, pixels(tmp_path)) == (1, before)
    assert outcome.residue == ("dicom.unnamed-picture: cannot be removed without understanding it",)
    assert "pydicom" in outcome.readers


# -- a label that has the shape of the scanned area by chance ------------------------------

CHANCE = (67, 50)  # of 160 × 120 and 80 × 60: the shape, but no step of a pyramid


@pytest.mark.parametrize(
    ("size", "shows", "expected"),
    [
        (CHANCE, True, "label"),
        (CHANCE, False, "refused"),  # the word alone
        ((40, 30), True, "refused"),  # half of the smallest level
        ((41, 30), True, "refused"),  # the same, rounded
        ((27, 20), True, "refused"),  # a third of it
        ((80, 60), True, "refused"),  # as large as a level
        ((320, 240), True, "refused"),  # larger than all
    ],
)
def test_a_label_of_the_levels_shape_is_one_if_it_says_so_twice_and_is_no_step_of_the_pyramid(
    size: tuple[int, int], shows: bool, expected: str
) -> None:
    levels = looks(("VOLUME", BASE), ("VOLUME", MIDDLE))
    label = Look("LABEL", size, size, 1, shows, not shows)
    assert short(verdicts([*levels, label])) == ["level", "level", expected]
    assert short(verdicts([*levels, label._replace(name="OVERVIEW")]))[2] == expected.replace("label", "macro")


def test_without_a_level_a_label_of_the_thumbnails_shape_is_refused() -> None:
    thumbnail, label = (
        Look("THUMBNAIL", (80, 60), (80, 60), 1, False, True),
        Look("LABEL", CHANCE, CHANCE, 1, True, False),
    )
    assert short(verdicts([thumbnail, label])) == ["thumbnail", "refused"]


def test_a_label_that_has_the_shape_of_the_scanned_area_by_chance_is_drawn_over(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **{**SMALL, "label_size": CHANCE})
    before = pixels(tmp_path)
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    after = pixels(tmp_path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert {f for f in before if before[f] != after[f]} == {"s_label.dcm", "s_overview.dcm"}
    label = read(tmp_path / "s_label.dcm").pixel_array
    assert (label == label[0, 0]).all()
    again = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert (again.content, again.writes) == ("clean", 0)


def shown_in_the_label(folder: Path, tissue: bool) -> Path:
    """Build a slide whose label has the shape of a level; let it show the tissue, or nothing that can be decoded."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    build_dicom(folder / "s.dcm", **{**SMALL, "label_size": CHANCE}, native=tissue)
    data = read(folder / "s_label.dcm")
    if tissue:
        seen = Image.fromarray(read(folder / "s_thumbnail.dcm").pixel_array).resize(CHANCE)
        data.PixelData = np.asarray(seen).tobytes()
    else:
        at = data.PixelData.index(b"\xff\xda")
        data.PixelData = data.PixelData[: at + 14] + b"\x37" * (len(data.PixelData) - at - 14)
    data.save_as(folder / "s_label.dcm", enforce_file_format=True)
    return folder / "s.dcm"


@pytest.mark.parametrize("tissue", [True, False])
def test_what_is_called_a_label_twice_and_is_no_step_of_the_pyramid_must_not_look_like_the_slide(
    tmp_path: Path, tissue: bool
) -> None:
    path = shown_in_the_label(tmp_path / "in", tissue)
    before = {f: f.read_bytes() for f in path.parent.iterdir()}
    told = "label on file 3 " + ("shows the slide itself" if tissue else "has the slide's shape, and may show it")
    for act in (
        lambda: pipeline.anonymize_in_place(path, Options(key=KEY)),
        lambda: pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY)),
    ):
        with pytest.raises(SlideError, match=told):
            act()
    assert {f: f.read_bytes() for f in path.parent.iterdir()} == before
    assert not list((tmp_path / "out").rglob("*.dcm"))


# -- the judge ---------------------------------------------------------------------------


@pytest.mark.parametrize("word", [None, "LABEL", "OVERVIEW", "THUMBNAIL"])
def test_the_judge_misses_tissue_that_went_white_whatever_it_was_called(tmp_path: Path, word: str | None) -> None:
    from blankslide.verification.compare import compare
    from blankslide.verification.observe import observe

    build_dicom(tmp_path / "s.dcm", **SMALL, native=True)
    change(tmp_path / "s_1.dcm", word)
    before = [v for v in observe(tmp_path / "s.dcm") if v.reader == "pydicom"]
    data = read(tmp_path / "s_1.dcm")
    data.PixelData = b"\xff" * len(data.PixelData)
    data.save_as(tmp_path / "s_1.dcm", enforce_file_format=True)
    after = [v for v in observe(tmp_path / "s.dcm") if v.reader == "pydicom"]
    problems = compare(before, after, gone=frozenset({"label", "macro"}), gone_sizes=frozenset({(80, 60)})).problems
    assert "pydicom sees other pixels in level 1" in problems


# -- slides without a level --------------------------------------------------------------


def without_levels(folder: Path) -> Path:
    build_dicom(folder / "s.dcm", **SMALL)
    for name in ("s.dcm", "s_1.dcm"):
        (folder / name).unlink()
    return folder / "s_label.dcm"


def test_a_slide_without_a_level_is_shown_and_judged_without_a_traceback(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from blankslide.cli import main

    def run(*arguments: str) -> tuple[int, str]:
        ended = CliRunner().invoke(main, [*arguments, str(path)])
        assert ended.exception is None or isinstance(ended.exception, SystemExit)
        return ended.exit_code, ended.output

    (tmp_path / "in").mkdir()
    path = without_levels(tmp_path / "in")
    assert run("inspect", "--csv", str(tmp_path / "t.csv"))[0] == 0
    assert ",0,,,,,," in (tmp_path / "t.csv").read_text()
    code, out = run("inspect")
    assert (code, "no level: nothing in it is known to be tissue" in out) == (0, True)
    assert run("inspect", "--json")[0] == 0
    assert run("anonymize", "--in-place", "--dry-run")[0] == 0
    assert run("anonymize", "--in-place")[0] == 3  # nobody has seen tissue, so nobody could judge
    assert run("verify")[0] == 1
    assert run("anonymize", "--out", str(tmp_path / "out"))[0] == 1
    (copy,) = (tmp_path / "out").rglob("s_label.dcm")
    label = read(copy).pixel_array
    assert (label == label[0, 0]).all()


def test_a_slide_without_a_level_has_a_card_and_is_no_pyramid(tmp_path: Path) -> None:
    from blankslide._napari.dock_words import levels_line
    from blankslide.errors import DamagedSlide
    from blankslide.presentation.html_card import inspection_card
    from blankslide.viewing.pyramid import open_pyramid

    found = pipeline.inspect(without_levels(tmp_path))
    assert found.levels == ()
    assert "no level" in inspection_card(found)
    assert "no level" in levels_line(found)
    with pytest.raises(DamagedSlide, match="no level"):
        open_pyramid(tmp_path / "s_label.dcm")
