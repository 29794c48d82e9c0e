"""What a person may name: a file, the data folder of a slide, a folder of DICOM files, a directory.

A slide of several files is one slide, whichever way it is found, and its files are nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import blankslide
from blankslide import pipeline
from blankslide.errors import UsageError
from blankslide.session import Session
from blankslide.testing.built import build_aperio, build_hamamatsu_ndpis, build_hamamatsu_vms, build_mirax

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., Any]
NDPI: dict[str, Any] = {"size": (128, 96), "factors": (1,), "macro_size": (90, 40), "map_page": False}


def named(folder: Path, *names: str) -> set[str]:
    return {str(folder / name) if name else str(folder) for name in names}


@pytest.fixture
def dicom(shared: Path, tmp_path: Path) -> Path:
    """Return a writable copy of a folder that holds the four files of one real slide."""
    target = tmp_path / "case"
    target.mkdir()
    for path in (shared / "dicom" / "CMU-1-Small-Region").glob("*.dcm"):
        shutil.copyfile(path, target / path.name)
    return target


@pytest.fixture
def mirax(tmp_path: Path) -> Path:
    path = tmp_path / "archive" / "slide.mrxs"
    path.parent.mkdir()
    build_mirax(path)
    return path


def test_members_are_neither_slides_nor_strangers(tmp_path: Path, run_here: Run) -> None:
    root = tmp_path / "archive"
    for name in ("vms", "ndpis", "deep/mrxs"):
        (root / name).mkdir(parents=True)
    build_hamamatsu_vms(root / "vms" / "s.vms", cell=(128, 96), macro_size=(160, 56))
    build_hamamatsu_ndpis(root / "ndpis" / "s.ndpis", **NDPI)
    build_mirax(root / "deep" / "mrxs" / "s.mrxs")
    build_aperio(root / "s.svs", size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    (root / "vms" / "notes.txt").write_text("no slide")
    ended = run_here("inspect", "--json", root)
    assert {row["path"] for row in ended.slides} == named(
        root, "s.svs", "vms/s.vms", "ndpis/s.ndpis", "deep/mrxs/s.mrxs"
    )
    assert json.loads(ended.out)["others"] == [str(root / "vms" / "notes.txt")]
    assert run_here("inspect", root).err == "1 other file was left alone\n"


def test_a_directory_of_sets_is_cleaned_and_copied_whole(tmp_path: Path, run_here: Run) -> None:
    root, out = tmp_path / "archive", tmp_path / "archive" / "out"
    root.mkdir()
    build_hamamatsu_vms(root / "a.vms", cell=(128, 96), macro_size=(160, 56))
    build_mirax(root / "b.mrxs")
    copied = run_here("anonymize", "--out", out, root)
    assert (copied.code, len(copied.out.splitlines())) == (0, 2), copied.text
    assert run_here("verify", out).code == 0
    assert run_here("anonymize", "--in-place", root).code == 0
    assert run_here("verify", root).code == 0


# -- MRXS --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("inspect",), ("verify",), ("recover",), ("anonymize", "--dry-run")])
def test_the_data_folder_is_the_slide(mirax: Path, command: tuple[str, ...], run_here: Run) -> None:
    by_folder, by_file = (run_here(*command, "--json", path) for path in (mirax.with_suffix(""), mirax))
    assert by_folder.slides == by_file.slides
    assert (len(by_file.slides), by_folder.code) == (1, by_file.code)


def test_the_data_folder_is_the_slide_in_python_too(mirax: Path) -> None:
    folder = mirax.with_suffix("")
    assert blankslide.inspect(folder).format == "mirax"
    session = Session(folder, pipeline.Options())
    session.load()
    assert session.state == "ready"
    assert blankslide.anonymize(folder, in_place=True, ledger="none").content == "clean"
    assert blankslide.verify(folder).content == "clean"
    assert blankslide.recover(folder, ledger="none").content == "untouched"


def test_a_folder_that_merely_has_a_slides_name_is_a_directory(tmp_path: Path, run_here: Run) -> None:
    build_aperio(tmp_path / "case.svs", size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "notes.txt").write_text("no slide")
    ended = run_here("inspect", tmp_path / "case")
    assert (ended.code, ended.out) == (0, "")
    assert blankslide.anonymize(tmp_path / "case.svs", dry_run=True, ledger="none").sidecars == ()


def test_a_file_that_the_slide_does_not_know_is_listed(mirax: Path, run_here: Run) -> None:
    (mirax.with_suffix("") / "notes.xml").write_text("invented notes")
    assert "beside it: notes.xml" in run_here("inspect", mirax).out
    assert blankslide.anonymize(mirax, dry_run=True, ledger="none").sidecars == ("slide/notes.xml",)
    assert run_here("anonymize", "--in-place", "--profile", "strict", mirax).code == 1


# -- DICOM -------------------------------------------------------------------------------


def test_a_folder_of_one_series_is_one_slide_called_like_the_folder(dicom: Path, run_here: Run) -> None:
    for path in (dicom, dicom.parent):
        (row,) = run_here("inspect", "--json", path).slides
        assert (row["path"], row["format"]) == (str(dicom), "dicom")
    ended = run_here("inspect", dicom)
    assert ended.out.startswith("case · DICOM")
    assert ended.err == ""


def test_any_file_stands_for_its_series(dicom: Path) -> None:
    first, *others = sorted(dicom.iterdir())
    assert pipeline.main_file(dicom) == pipeline.main_file(first) == first
    assert {pipeline.main_file(p) for p in others} == {first}
    assert {len(blankslide.inspect(p).files) for p in dicom.iterdir()} == {4}


def test_two_series_in_one_folder_are_two_slides(dicom: Path, shared: Path, run_here: Run) -> None:
    shutil.copyfile(shared / "dicom" / "highdicom-sm_image.dcm", dicom / "other.dcm")
    rows = run_here("inspect", "--json", dicom).slides
    assert {row["path"] for row in rows} == {str(min(dicom.iterdir())), str(dicom / "other.dcm")}
    with pytest.raises(UsageError, match="holds 2 slides"):
        blankslide.inspect(dicom)
    assert len(blankslide.inspect(dicom / "other.dcm").files) == 1


def test_strangers_beside_a_series_are_told(dicom: Path, run_here: Run) -> None:
    (dicom / "notes.txt").write_text("no slide")
    ended = run_here("verify", dicom)
    assert ended.out.startswith("case · ")
    assert ended.err == "1 other file was left alone\n"


def test_a_journal_is_seen_from_every_file_of_the_series(dicom: Path, run_here: Run) -> None:
    first = min(dicom.iterdir())
    journal = dicom / f".blankslide-{first.stat().st_ino}"
    journal.write_bytes(b"journal")
    for path in (dicom, *sorted(p for p in dicom.iterdir() if p != journal)):
        assert run_here("verify", path).code == 5
        assert run_here("inspect", path).code == 5


def test_a_name_that_is_an_old_uid_identifies(dicom: Path) -> None:
    outcome = blankslide.anonymize(dicom, in_place=True, ledger="none")
    assert (outcome.content, outcome.name) == ("clean", "identifying")
    assert blankslide.verify(dicom).name == "identifying", "the file no longer holds the UID, its name still does"
    outcome = blankslide.anonymize(dicom, in_place=True, name="fresh", ledger="none")
    assert (outcome.content, outcome.target) == ("clean", "fresh-1.dcm")
    assert sorted(os.listdir(dicom)) == [f"fresh-{i}.dcm" for i in (1, 2, 3, 4)]
    assert blankslide.verify(dicom).name != "identifying"


def test_a_copy_gets_a_folder_of_its_own(dicom: Path, tmp_path: Path, run_here: Run) -> None:
    out = tmp_path / "out"
    ended = run_here("anonymize", "--out", out, "--name", "fresh", dicom)
    assert (ended.code, ended.err) == (0, "")
    assert os.listdir(out) == ["fresh"]
    assert sorted(os.listdir(out / "fresh")) == [f"fresh-{i}.dcm" for i in (1, 2, 3, 4)]
    assert run_here("verify", out / "fresh").code == 0
    assert run_here("anonymize", "--out", out, dicom).code == 0
    assert sorted(os.listdir(out)) == ["case", "fresh"]


def test_strict_names_the_copy_by_a_pseudonym(dicom: Path, tmp_path: Path, run_here: Run) -> None:
    ended = run_here("anonymize", "--out", tmp_path / "out", "--profile", "strict", "--json", dicom)
    (row,) = ended.slides
    assert (ended.code, row["name"]) == (0, "plain"), row
    assert row["target"].startswith("slide-")
    assert {p.name.rpartition("-")[0] for p in (tmp_path / "out" / row["target"]).iterdir()} == {row["target"]}
