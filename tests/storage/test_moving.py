"""Moving slides between folders: whole or not at all, gone on with after a kill, and never onto another file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from blankslide.errors import EnvironmentProblem
from blankslide.storage import moving

NAMES = ("data", "b.dat", "slide.mrxs")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "in" / "data").mkdir(parents=True)
    (tmp_path / "in" / "data" / "1.dat").write_bytes(b"1")
    for name in NAMES[1:]:
        (tmp_path / "in" / name).write_bytes(name.encode())
    return tmp_path


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


ALL = ["b.dat", "data/1.dat", "slide.mrxs"]


class Killed(BaseException):
    """Stands for a kill."""


def killed_at(monkeypatch: pytest.MonkeyPatch, call: str, after: int) -> None:
    """Let the process die at a system call."""
    real: Callable[..., object] = getattr(os, call)
    left = [after]

    def dying(*arguments: object, **more: object) -> object:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return real(*arguments, **more)

    monkeypatch.setattr(os, call, dying)


def test_all_entries_are_moved(lab: Path) -> None:
    moving.move(NAMES, str(lab / "in"), str(lab / "bad" / "case"), str(lab / "bad"))
    assert below(lab / "in") == []
    assert below(lab / "bad" / "case") == ALL
    assert below(lab / "bad") == [f"case/{name}" for name in ALL]


def test_nothing_is_moved_onto_another_file(lab: Path) -> None:
    (lab / "bad").mkdir()
    (lab / "bad" / "b.dat").write_bytes(b"another")
    with pytest.raises(EnvironmentProblem, match="has this name"):
        moving.move(NAMES, str(lab / "in"), str(lab / "bad"), str(lab / "bad"))
    assert below(lab / "in") == ALL
    assert (lab / "bad" / "b.dat").read_bytes() == b"another"


@pytest.mark.parametrize("after", range(3))
def test_a_move_that_was_killed_is_gone_on_with(lab: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(moving, "rename_to_free_name", lambda source, target: False)
        killed_at(patch, "rename", after)
        with pytest.raises(Killed):
            moving.move(NAMES, str(lab / "in"), str(lab / "bad"), str(lab / "bad"))
    assert len(below(lab / "in")) == 3 - after
    assert moving.finish(str(lab / "bad")) == 1
    assert (below(lab / "in"), below(lab / "bad")) == ([], ALL)
    assert moving.finish(str(lab / "bad")) == 0


@pytest.mark.parametrize("after", range(3))
def test_a_removal_that_was_killed_is_gone_on_with(lab: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    paths = [str(lab / "in" / name) for name in ("data/1.dat", "b.dat", "slide.mrxs")]
    with monkeypatch.context() as patch:
        killed_at(patch, "unlink", after)
        with pytest.raises(Killed):
            moving.remove(paths, str(lab / "bad"))
    assert len(below(lab / "in")) == 3 - after
    assert moving.finish(str(lab / "bad")) == 1
    assert (below(lab / "in"), below(lab / "bad")) == ([], [])


def test_what_stands_there_by_now_is_left_alone(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(lab / "in" / name) for name in ("b.dat", "slide.mrxs")]
    with monkeypatch.context() as patch:
        killed_at(patch, "unlink", 1)
        with pytest.raises(Killed):
            moving.remove(paths, str(lab / "bad"))
    (lab / "in" / "new").write_bytes(b"another slide")
    os.replace(lab / "in" / "new", lab / "in" / "slide.mrxs")
    moving.finish(str(lab / "bad"))
    assert (lab / "in" / "slide.mrxs").read_bytes() == b"another slide"


def test_half_a_list_moves_nothing(lab: Path) -> None:
    (lab / "bad").mkdir()
    (lab / "bad" / f"{moving.LIST}00").write_bytes(b'{"names": [["b.d')
    assert moving.finish(str(lab / "bad")) == 0
    assert (below(lab / "in"), below(lab / "bad")) == (ALL, [])


def test_one_file_needs_no_list(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(moving, "_listed")
    moving.move(("b.dat",), str(lab / "in"), str(lab / "bad"), str(lab / "bad"))
    moving.remove([str(lab / "in" / "slide.mrxs")], str(lab / "bad"))
    assert below(lab) == ["bad/b.dat", "in/data/1.dat"]


def test_a_move_that_fails_at_once_is_not_done_some_day_after_all(lab: Path, elsewhere: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="one volume only"):
        moving.move(NAMES, str(lab / "in"), str(elsewhere), str(lab / "bad"))
    assert below(lab / "in") == ALL
    assert below(lab / "bad") == []
    assert moving.finish(str(lab / "bad")) == 0


def test_a_removal_that_fails_at_once_is_not_done_some_day_after_all(lab: Path) -> None:
    paths = [str(lab / "in" / name) for name in NAMES]  # the first one is a folder, and no file to remove
    with pytest.raises(EnvironmentProblem, match="cannot remove the original"):
        moving.remove(paths, str(lab / "done"))
    assert below(lab / "in") == ALL
    assert moving.finish(str(lab / "done")) == 0
    assert below(lab / "in") == ALL


@pytest.fixture
def elsewhere(lab: Path) -> Iterator[Path]:
    """Return a folder on another volume."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == lab.stat().st_dev:
        pytest.skip("no second volume here")
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_a_removal_that_was_killed_leaves_what_was_changed_since(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(lab / "in" / name) for name in ("data/1.dat", *NAMES[1:])]
    with monkeypatch.context() as patch:
        killed_at(patch, "unlink", 1)
        with pytest.raises(Killed):
            moving.remove(paths, str(lab / "done"))
    (lab / "in" / "b.dat").write_bytes(b"scanned again, into the same file")
    assert moving.finish(str(lab / "done")) == 1
    assert below(lab / "in") == ["b.dat"]
    assert below(lab / "done") == []
