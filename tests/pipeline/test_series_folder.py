"""The folder of a DICOM series gets the slide's new name, after a crash as well; else it says that it has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.errors import BlankslideError, EnvironmentProblem, SlideLinked
from blankslide.model import FOLDER_STAYS
from blankslide.pipeline import in_place
from blankslide.pipeline.in_place import anonymize_in_place
from blankslide.pipeline.options import Foreseen, Options
from blankslide.records.link_table import LinkTable, read
from blankslide.samples.dicom import build_dicom

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(32)
OLD = "S19-12345"


@pytest.fixture
def series(tmp_path: Path) -> Path:
    folder = tmp_path / OLD
    folder.mkdir()
    build_dicom(folder / "wsi.dcm")
    return folder


def options(**more: Any) -> Options:
    return Options(key=KEY, links=LinkTable(), **more)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_folder_follows_the_new_name(series: Path, tmp_path: Path) -> None:
    told: list[Foreseen] = []
    dry = anonymize_in_place(series, options(foreseen=told.append), name="A-1", dry_run=True)
    assert (dry.target, dry.name, told[0].names[-1]) == ("A-1", "unknown", "A-1")
    outcome = anonymize_in_place(series, options(), name="A-1")
    assert (outcome.content, outcome.target, outcome.name) == ("clean", "A-1", "unknown")
    assert names(tmp_path) == {"A-1"}
    assert all(name.startswith("A-1-") for name in names(tmp_path / "A-1"))
    assert [(link.old, link.new) for link in read(None, KEY)] == [(OLD, "A-1")]
    again = anonymize_in_place(tmp_path / "A-1", options(), name="A-1")
    assert (again.content, again.target, again.writes) == ("clean", "", 0)
    assert len(read(None, KEY)) == 1


def test_a_file_that_is_named_in_it_leaves_the_folder_which_counts(series: Path, tmp_path: Path) -> None:
    outcome = anonymize_in_place(next(series.iterdir()), options(), name="A-1")
    assert names(tmp_path) == {OLD}
    assert (outcome.content, outcome.name) == ("clean", "identifying"), "its folder still has the case's number"


def test_what_stands_in_the_way_is_asked_before_anything_is_written(series: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in series.iterdir()}
    (tmp_path / "A-1").mkdir()
    with pytest.raises(EnvironmentProblem, match="already has the new name"):
        anonymize_in_place(series, options(), name="A-1")
    (tmp_path / "link").symlink_to(series)
    with pytest.raises(SlideLinked):
        anonymize_in_place(tmp_path / "link", options(), name="A-2")
    assert {path: path.read_bytes() for path in series.iterdir()} == before


@pytest.mark.parametrize("named", ["before", "while"])
def test_a_run_that_died_before_the_folder_was_named_is_gone_on_with(
    series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    def dies(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(in_place, "name_folder" if named == "before" else "finish", dies)
        with pytest.raises((KeyboardInterrupt, BlankslideError)):
            anonymize_in_place(series, options(), name="A-1")
    assert names(tmp_path) == {OLD}
    outcome = anonymize_in_place(series, options(), name="A-1")
    assert (outcome.content, outcome.target) == ("clean", "A-1")
    assert names(tmp_path) == {"A-1"}
    assert {(link.old, link.new) for link in read(None, KEY)} == {(OLD, "A-1")}


def test_a_folder_that_cannot_be_renamed_in_the_end_is_told(
    series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*args: Any) -> None:
        raise EnvironmentProblem("the disk refuses")

    monkeypatch.setattr("blankslide.storage.renames.rename_folder", refuses)
    outcome = anonymize_in_place(series, options(), name="A-1")
    assert FOLDER_STAYS in outcome.notes
    assert (outcome.content, outcome.name, names(tmp_path)) == ("clean", "identifying", {OLD})
    assert anonymize_in_place.__module__  # the files have their names, and another run names the folder
    monkeypatch.undo()
    assert anonymize_in_place(series, options(), name="A-1").target == "A-1"


def test_a_pattern_for_many_takes_a_folder_that_has_its_name_for_done(series: Path, tmp_path: Path) -> None:
    import blankslide

    wanted: dict[str, Any] = {"name": "S-{n:02}", "jobs": 0, "in_place": True, "ledger": "none"}
    build: Callable[[Path], Any] = build_dicom
    (tmp_path / "other").mkdir()
    build(tmp_path / "other" / "x.dcm")
    assert [o.target for o in blankslide.anonymize_many(tmp_path, **wanted)] == ["S-01", "S-02"]
    assert [o.target for o in blankslide.anonymize_many(tmp_path, **wanted)] == ["", ""]
    assert names(tmp_path) == {"S-01", "S-02"}
