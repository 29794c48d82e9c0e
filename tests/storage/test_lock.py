from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, SlideLocked
from blankslide.storage import lock
from blankslide.storage.slide_files import SlideFilesOnDisk, open_slide

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "s.svs"
    path.write_bytes(b"slide")
    return path


@pytest.fixture
def opened(slide: Path) -> Iterator[SlideFilesOnDisk]:
    with open_slide(slide, write=True) as both:
        yield both


def _lock_path(slide: Path) -> Path:
    return slide.with_name(f".blankslide-{slide.stat().st_ino}.lock")


@pytest.fixture(params=["flock", "lock file", "no flock here"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lock with flock, without such a call, and on a file system that refuses it."""
    if request.param == "lock file":
        monkeypatch.setattr(lock, "_fcntl", lambda: None)
    elif request.param == "no flock here":

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOLCK, "no locks")

        monkeypatch.setattr(fcntl, "flock", refuse)
    return str(request.param)


def test_only_one_run_holds_a_slide_and_nothing_is_left(slide: Path, opened: SlideFilesOnDisk, way: str) -> None:
    with open_slide(slide) as other:
        with lock.hold(opened):
            with pytest.raises(SlideLocked), lock.hold(other):
                pass
            assert _lock_path(slide).exists() == (way != "flock")
        with lock.hold(other):
            pass
    assert [p.name for p in slide.parent.iterdir()] == ["s.svs"]


def test_closing_another_descriptor_does_not_unlock(slide: Path, opened: SlideFilesOnDisk) -> None:
    with lock.hold(opened):
        slide.read_bytes()
        with open_slide(slide) as other, pytest.raises(SlideLocked), lock.hold(other):
            pass


def _dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.parametrize(
    ("record", "taken_over"),
    [
        ({"pid": "dead", "host": socket.gethostname()}, True),
        ({"pid": 1, "host": socket.gethostname()}, False),
        ({"pid": os.getpid(), "host": socket.gethostname()}, False),
        ({"pid": "dead", "host": "elsewhere"}, False),
        ({"pid": 0, "host": socket.gethostname()}, False),
        ({"host": socket.gethostname()}, False),
        ([], False),
    ],
)
def test_only_a_lock_whose_process_is_certainly_dead_is_taken_over(
    slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch, record: object, taken_over: bool
) -> None:
    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    if isinstance(record, dict) and record.get("pid") == "dead":
        record["pid"] = _dead_pid()
    path = _lock_path(slide)
    path.write_text(json.dumps(record))
    if taken_over:
        with lock.hold(opened):
            assert json.loads(path.read_text())["pid"] == os.getpid()
        assert not path.exists()
    else:
        with pytest.raises(SlideLocked, match="another run"), lock.hold(opened):
            pass
        assert json.loads(path.read_text()) == record
    assert not path.with_name(path.name + ".tmp").exists()


def _aged(path: Path) -> None:
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 3600))


@pytest.mark.parametrize(
    ("raw", "old", "taken_over"),
    [(b"", True, True), (b"", False, False), (bytes(30), True, True), (b"{", True, False)],
    ids=["empty", "empty this moment", "zeros", "torn"],
)
def test_a_lock_without_a_record_is_nobodys_after_a_while(
    slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch, raw: bytes, old: bool, taken_over: bool
) -> None:
    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    path = _lock_path(slide)
    path.write_bytes(raw)
    if old:
        _aged(path)
    if taken_over:
        with lock.hold(opened):
            assert json.loads(path.read_text())["pid"] == os.getpid()
        assert not path.exists()
    else:
        with pytest.raises(SlideLocked), lock.hold(opened):
            pass
        assert path.read_bytes() == raw


@pytest.mark.parametrize(("boot", "taken_over"), [("another", True), ("this", False), ("", False)])
def test_a_number_that_somebody_got_after_a_restart_holds_nothing(
    slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch, boot: str, taken_over: bool
) -> None:
    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    monkeypatch.setattr(lock, "_boot", lambda: "this")
    path = _lock_path(slide)
    path.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "boot": boot}))
    if taken_over:
        with lock.hold(opened):
            assert json.loads(path.read_text())["boot"] == "this"
    else:
        with pytest.raises(SlideLocked), lock.hold(opened):
            pass


def test_each_start_of_the_system_has_its_own_mark() -> None:
    if not os.path.exists("/proc/sys/kernel/random/boot_id"):
        pytest.skip("this system does not say which of its starts this is")
    assert len(lock._boot()) == 36


@pytest.mark.parametrize(("old", "taken_over"), [(True, True), (False, False)])
def test_a_judge_that_died_is_nobodys_after_a_while(
    slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch, old: bool, taken_over: bool
) -> None:
    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    path = _lock_path(slide)
    dead = json.dumps({"pid": _dead_pid(), "host": socket.gethostname()})
    judge = path.with_name(path.name + ".tmp")
    for file in (path, judge):
        file.write_text(dead)
        if old:
            _aged(file)
    if taken_over:
        with lock.hold(opened):
            assert not judge.exists()
    else:
        with pytest.raises(SlideLocked), lock.hold(opened):
            pass


def test_a_lock_that_cannot_be_written_is_in_nobodys_way(
    slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    monkeypatch.setattr(lock, "write_all", full)
    with pytest.raises(EnvironmentProblem, match="full"), lock.hold(opened):
        pass
    assert not _lock_path(slide).exists()


def test_two_runs_never_judge_a_dead_lock_at_once(
    slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    path = _lock_path(slide)
    path.write_text(json.dumps({"pid": _dead_pid(), "host": socket.gethostname()}))
    path.with_name(path.name + ".tmp").touch()
    with pytest.raises(SlideLocked), lock.hold(opened):
        pass


def test_windows_judges_by_removal(slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    path = _lock_path(slide)
    path.write_text(json.dumps({"pid": 4, "host": socket.gethostname()}))
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        assert lock._is_dead(str(path))
    assert not path.exists()
    assert not lock._can_remove(str(path))


# -- who else ----------------------------------------------------------------------------


def _leases(slide: Path) -> bool:
    with open_slide(slide) as alone:
        return lock.other_users(alone) == "none"


def test_other_users_are_told_apart(slide: Path) -> None:
    if not _leases(slide):
        pytest.skip("this system or file system grants no leases")
    for write in (False, True):
        with open_slide(slide, write=write) as opened:
            assert lock.other_users(opened) == "none"
            with slide.open("rb"):
                assert lock.other_users(opened) == "reader"
            with slide.open("r+b"):
                assert lock.other_users(opened) == "writer"
            assert lock.other_users(opened) == "none"


def test_another_process_is_seen(slide: Path, opened: SlideFilesOnDisk) -> None:
    if not _leases(slide) and lock.other_users(opened) == "unknown":
        pytest.skip("this system or file system grants no leases")
    code = "import sys; f = open(sys.argv[1], 'rb'); print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(slide)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert lock.other_users(opened) == "reader"
        child.communicate()
    assert lock.other_users(opened) == "none"


def test_without_leases_nobody_knows(opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EINVAL, "no leases")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "fcntl", refuse)
        assert lock.other_users(opened) == "unknown"
    with monkeypatch.context() as patch:
        patch.delattr(fcntl, "F_SETLEASE")
        assert lock.other_users(opened) == "unknown"
    monkeypatch.setattr(lock, "_fcntl", lambda: None)
    assert lock.other_users(opened) == "unknown"


def test_a_python_without_the_module_locks_with_a_file(
    slide: Path, opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with lock.hold(opened):
        assert _lock_path(slide).exists()
    assert lock.other_users(opened) == "unknown"


def test_a_lock_that_fails_for_another_reason_is_an_error(
    opened: SlideFilesOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(EnvironmentProblem), lock.hold(opened):
        pass


def test_a_lock_that_vanishes_while_it_is_judged_counts_as_dead(tmp_path: Path) -> None:
    assert lock._is_dead(str(tmp_path / "gone"))


def test_another_users_process_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    path = tmp_path / "lock"
    path.write_text(json.dumps({"pid": 1, "host": socket.gethostname()}))
    assert not lock._is_dead(str(path))
