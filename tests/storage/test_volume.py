from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, NoPermission, NoSpace
from blankslide.storage import volume as module
from blankslide.storage.system import guard, translate
from blankslide.storage.volume import DiskVolume

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["all there", "nothing there"])
def volume(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> DiskVolume:
    """Return the disk, once as it is and once with all that an operating system may lack hidden."""
    if request.param == "nothing there":
        for name in ("pwrite", "pread", "posix_fallocate", "O_NOFOLLOW", "O_DIRECTORY"):
            monkeypatch.delattr(os, name, raising=False)
    return DiskVolume()


def test_a_file_lives_and_dies(volume: DiskVolume, tmp_path: Path) -> None:
    folder = str(tmp_path)
    fd = volume.create(folder, "new")
    volume.preallocate(fd, 5000)
    volume.write_at(fd, b"abc", 4000)
    volume.fill_at(fd, 10, 20, 255)
    volume.sync(fd)
    assert volume.length(fd) == 5000
    volume.close(fd)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    expected = bytes(10) + b"\xff" * 20 + bytes(3970) + b"abc" + bytes(997)
    assert volume.load(folder, "new") == expected
    volume.rename(folder, "new", "other")
    volume.sync_dir(folder)
    assert volume.names(folder) == ["other"]
    assert volume.inode(folder, "other") == (tmp_path / "other").stat().st_ino
    fd = volume.open_edit(folder, "other")
    volume.write_at(fd, b"X", 0)
    volume.close(fd)
    assert volume.load(folder, "other")[:2] == b"X\0"
    volume.unlink(folder, "other")
    assert not volume.exists(folder, "other")
    assert volume.inode(folder, "other") is None


def test_a_folder_is_told_from_a_file_and_from_nothing(volume: DiskVolume, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("folder")
    found = [volume.is_folder(str(tmp_path), name) for name in ("folder", "link", "file", "missing")]
    assert found == [True, True, False, False]


def test_creating_never_replaces_and_links_are_not_followed(volume: DiskVolume, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    (tmp_path / "link").symlink_to("there")
    with pytest.raises(EnvironmentProblem):
        volume.create(str(tmp_path), "there")
    for action in (volume.open_edit, volume.load):
        with pytest.raises(EnvironmentProblem):
            action(str(tmp_path), "link")
    with pytest.raises(EnvironmentProblem):
        volume.load(str(tmp_path), ".")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EnvironmentProblem):
        volume.load(str(tmp_path), "pipe")


def test_short_writes_go_on_and_empty_ones_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native = os.pwrite
    volume = DiskVolume()
    fd = volume.create(str(tmp_path), "f")
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: native(fd, bytes(data[:3]), offset))
    volume.write_at(fd, b"0123456789", 2)
    assert volume.load(str(tmp_path), "f") == b"\0\x000123456789"
    monkeypatch.setattr(os, "pwrite", lambda *_: 0)
    with pytest.raises(EnvironmentProblem):
        volume.write_at(fd, b"x", 0)
    volume.close(fd)


def test_long_fills_come_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 10)
    volume = DiskVolume()
    fd = volume.create(str(tmp_path), "f")
    volume.fill_at(fd, 1, 25, 7)
    volume.close(fd)
    assert volume.load(str(tmp_path), "f") == b"\0" + b"\7" * 25


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, NoSpace),
        (errno.EDQUOT, NoSpace),
        (errno.EACCES, NoPermission),
        (errno.EPERM, NoPermission),
        (errno.EROFS, NoPermission),
        (errno.EIO, EnvironmentProblem),
        (None, EnvironmentProblem),
    ],
)
def test_errors_are_translated_without_the_path(code: int | None, error: type[EnvironmentProblem]) -> None:
    cause = OSError(code, "no", "/data/Meier.svs") if code else OSError("/data/Meier.svs")
    with pytest.raises(error) as caught, guard("write"):
        raise cause
    assert type(caught.value) is error
    assert "Meier" not in str(caught.value)
    assert code is None or "Meier" not in str(caught.value.__context__)
    assert caught.value.__suppress_context__
    assert translate(OSError(errno.EIO, "x"), "write").message == "cannot write: Input/output error"


def test_preallocation_that_the_file_system_lacks_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = DiskVolume()
    fd = volume.create(str(tmp_path), "f")

    def refuse(code: int) -> None:
        def fallocate(*_: object) -> None:
            raise OSError(code, "no")

        monkeypatch.setattr(os, "posix_fallocate", fallocate)

    refuse(errno.EOPNOTSUPP)
    volume.preallocate(fd, 100)
    assert volume.length(fd) == 100
    refuse(errno.ENOSPC)
    with pytest.raises(NoSpace):
        volume.preallocate(fd, 200)
    volume.close(fd)


def test_syncs_happen_unless_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    with (tmp_path / "f").open("wb") as file:
        for volume, count in ((DiskVolume(), 2), (DiskVolume(sync=False), 0)):
            calls.clear()
            volume.sync(file.fileno())
            volume.sync_dir(str(tmp_path))
            assert len(calls) == count


@pytest.mark.parametrize(("code", "raises"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_only_an_unsupported_folder_sync_is_forgiven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, raises: bool
) -> None:
    def fail(_: int) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(os, "fsync", fail)
    if raises:
        with pytest.raises(EnvironmentProblem):
            DiskVolume().sync_dir(str(tmp_path))
    else:
        DiskVolume().sync_dir(str(tmp_path))
    with (tmp_path / "f").open("wb") as file, pytest.raises(EnvironmentProblem):
        DiskVolume().sync(file.fileno())


@pytest.mark.parametrize(("code", "synced"), [(None, 0), (errno.ENOTSUP, 1), (errno.EIO, None)])
def test_the_full_flush_is_used_where_it_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, synced: int | None
) -> None:
    import fcntl

    calls: list[int] = []

    def flush(fd: int, command: int) -> int:
        if code:
            raise OSError(code, "no")
        return command

    monkeypatch.setattr(fcntl, "F_FULLFSYNC", 51, raising=False)
    monkeypatch.setattr(fcntl, "fcntl", flush)
    monkeypatch.setattr(os, "fsync", calls.append)
    with (tmp_path / "f").open("wb") as file:
        if synced is None:
            with pytest.raises(EnvironmentProblem):
                DiskVolume().sync(file.fileno())
        else:
            DiskVolume().sync(file.fileno())
            assert len(calls) == synced


def test_a_rename_that_a_reader_blocks_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    native, tries = os.replace, []

    def blocked(source: str, target: str) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise PermissionError(errno.EACCES, "in use")
        native(source, target)

    monkeypatch.setattr(os, "replace", blocked)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    volume = DiskVolume()
    volume.rename_tries = 6
    volume.rename(str(tmp_path), "a", "b")
    assert (tmp_path / "b").exists()
    assert len(tries) == 3
    tries.clear()
    volume.rename_tries = 1
    with pytest.raises(NoPermission):
        volume.rename(str(tmp_path), "b", "a")


def test_without_the_module_there_is_no_full_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with (tmp_path / "f").open("wb") as file:
        DiskVolume().sync(file.fileno())
