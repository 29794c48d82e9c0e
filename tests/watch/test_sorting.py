"""Which files make a slide that can be begun, on a clock that the test sets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.pipeline import Options
from blankslide.testing.built import build_dicom
from blankslide.watch.settings import Settings
from blankslide.watch.sorting import Sorter
from blankslide.watch.tree import Tree

if TYPE_CHECKING:
    from pathlib import Path

QUIET = 10.0


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path


def looking(lab: Path) -> tuple[Tree, Callable[[float], list[str]]]:
    """Return a tree, and a function that sweeps at a time and names the slides that can be begun then."""
    tree = Tree(
        Settings(lab / "in", Options(), lab / "out", None, lab / "done", lab / "health.json", quiet=QUIET, sweep=1)
    )
    sorter = Sorter(tree)

    def at(now: float) -> list[str]:
        tree.sweep(now)
        return [f"{candidate.name} {len(candidate.members)}" for candidate in sorter.ready(now)]

    return tree, at


def test_a_slide_of_one_file_needs_only_its_own_rest(lab: Path, put: Callable[..., Path]) -> None:
    put("argos.avs", lab / "in")
    _, at = looking(lab)
    assert at(0) == []
    (lab / "in" / "another.avs").write_bytes(b"on its way")
    assert at(9) == []
    assert at(10) == ["argos.avs 1"]


def test_a_set_needs_the_rest_of_its_folders(lab: Path, put: Callable[..., Path]) -> None:
    put("mirax.mrxs", lab / "in")
    _, at = looking(lab)
    at(0)
    (lab / "in" / "mirax" / "Data0011.dat").write_bytes(b"on its way")
    assert at(9) == []
    assert at(12) == []
    (lab / "in" / "mirax" / "Data0011.dat").unlink()
    assert at(13) == []
    assert at(23) == ["mirax.mrxs 13"]


def test_a_set_whose_main_file_comes_first_waits_for_its_folder(lab: Path, put: Callable[..., Path]) -> None:
    put("mirax.mrxs", lab / "elsewhere")
    (lab / "elsewhere" / "mirax.mrxs").rename(lab / "in" / "mirax.mrxs")
    _, at = looking(lab)
    at(0)
    assert at(10) == ["mirax.mrxs 1"]  # somebody has to say what is wrong, if nothing comes any more
    (lab / "in" / "mirax").mkdir()
    parts = sorted((lab / "elsewhere" / "mirax").iterdir())
    for number, part in enumerate(parts):
        shutil.copyfile(part, lab / "in" / "mirax" / part.name)
        assert at(12 + number) == []
    assert at(12 + len(parts) + QUIET) == [f"mirax.mrxs {len(parts) + 1}"]


def test_a_set_is_not_too_late_while_its_folder_still_fills(lab: Path, put: Callable[..., Path]) -> None:
    put("mirax.mrxs", lab / "elsewhere")
    (lab / "elsewhere" / "mirax.mrxs").rename(lab / "in" / "mirax.mrxs")
    (lab / "in" / "mirax").mkdir()
    tree, at = looking(lab)
    at(0)
    (lab / "in" / "mirax" / "Data0000.dat").write_bytes(b"on its way")
    assert at(40) == []
    (candidate,) = Sorter(tree).ready(52)
    assert candidate.quiet_for == 12


def test_a_file_that_says_nothing_yet_holds_up_the_series_it_may_belong_to(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    build_dicom(tmp_path / "series" / "level.dcm")
    files = sorted((tmp_path / "series").iterdir())
    for file in files[:-1]:
        shutil.copyfile(file, lab / "in" / file.name)
    _, at = looking(lab)
    at(0)
    (lab / "in" / files[-1].name).write_bytes(bytes(1000))
    assert at(8) == []
    assert at(12) == []
    shutil.copyfile(files[-1], lab / "in" / files[-1].name)
    assert at(17) == []
    assert at(40) == [f"level.dcm {len(files)}"]


def test_what_a_slide_is_part_of_is_begun_as_a_whole(lab: Path, put: Callable[..., Path]) -> None:
    put("small.vms", lab / "in" / "case")
    count = len(os.listdir(lab / "in" / "case"))
    tree, at = looking(lab)
    at(0)
    assert at(10) == [f"small.vms {count}"]
    assert {file.state for _, _, file in tree.open_files()} <= {"open", "other"}


def test_files_that_are_no_slides_are_put_aside_until_they_change(lab: Path) -> None:
    (lab / "in" / "list.txt").write_text("a list")
    tree, at = looking(lab)
    at(0)
    assert at(10) == []
    assert not list(tree.open_files())
    (lab / "in" / "list.txt").write_text("a longer list")
    at(11)
    assert len(list(tree.open_files())) == 1


def test_what_is_called_like_a_slide_is_begun_so_that_somebody_says_what_is_wrong(lab: Path) -> None:
    for name in ("notes.svs", "x.vsi", "empty.ndpi"):
        (lab / "in" / name).write_bytes(b"notes" if name != "empty.ndpi" else b"")
    _, at = looking(lab)
    at(0)
    assert at(10) == ["empty.ndpi 1", "notes.svs 1", "x.vsi 1"]


def test_no_file_is_opened_twice_while_it_stays_as_it_is(
    lab: Path, put: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from blankslide.watch import sorting

    asked: list[str] = []
    real = sorting.claimed_files
    monkeypatch.setattr(sorting, "claimed_files", lambda path: asked.append(path) or real(path))
    put("argos.avs", lab / "in")
    (lab / "in" / "list.txt").write_text("a list")
    _, at = looking(lab)
    for now in range(0, 60, 5):
        at(now)
    assert len(asked) == 2
