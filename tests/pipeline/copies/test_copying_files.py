"""One copy as storage makes it: which bytes it takes, which it never does, and how it ends."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, NoPermission, NoSpace, SlideLocked
from blankslide.model import Patch
from blankslide.storage.copies.file import Copy, check_target, digest, pieces
from blankslide.storage.copies.volume import DiskCopyVolume
from blankslide.storage.slide_files import open_slide

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.storage.open_file import OpenFile

SECRET = b"Jane Doe, born 1961-03-04"
BEFORE = random.Random(5).randbytes(90_000)
BEFORE = (
    BEFORE[:5000] + SECRET + BEFORE[5000 + len(SECRET) : 30_000] + SECRET * 400 + BEFORE[30_000 + 400 * len(SECRET) :]
)
PATCHES = (
    Patch(0, 5000, len(SECRET), b"n" * len(SECRET)),
    Patch(0, 30_000, 400 * len(SECRET), None),
    Patch(0, 60_000, 10_000, None, 0xFF),
)


def _after() -> bytes:
    image = bytearray(BEFORE)
    for p in PATCHES:
        image[p.offset : p.offset + p.length] = bytes((p.byte,)) * p.length if p.data is None else p.data
    return bytes(image)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "s.svs"
    path.write_bytes(BEFORE)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@contextmanager
def source_of(path: Path) -> Iterator[OpenFile]:
    with open_slide(path) as slide:
        yield slide.files[0]


def make(path: Path, folder: Path, volume: DiskCopyVolume | None = None) -> None:
    with source_of(path) as source:
        copy = Copy.begin(source, str(folder), ".svs", volume)
        try:
            copy.write(source, PATCHES)
            copy.publish("new.svs")
        except BaseException:
            with suppress(EnvironmentProblem):  # as the pipeline does
                copy.discard()
            raise


@pytest.mark.parametrize("stuck", [False, True])
def test_a_name_that_is_not_durable_is_given_up_or_told_of(path: Path, folder: Path, stuck: bool) -> None:
    class Dull(DiskCopyVolume):
        def sync_dir(self, folder: str) -> None:
            raise EnvironmentProblem("cannot make the folder durable")

        def rename(self, folder: str, old: str, new: str) -> None:
            if stuck:
                raise EnvironmentProblem("cannot rename")
            super().rename(folder, old, new)

    with pytest.raises(EnvironmentProblem, match="durable") as caught:
        make(path, folder, Dull())
    assert caught.value.exit_code == 4
    assert ("its copy is there" in caught.value.sentence()) == stuck
    assert os.listdir(folder) == ["new.svs"] * stuck


def test_holds_what_stays_and_the_patches(path: Path, folder: Path) -> None:
    state = os.stat(path)
    make(path, folder)
    assert (folder / "new.svs").read_bytes() == _after()
    assert os.listdir(folder) == ["new.svs"]
    assert path.read_bytes() == BEFORE
    assert os.stat(path).st_mtime_ns == state.st_mtime_ns


def test_takes_neither_patched_ranges_nor_holes_and_whole_blocks_apart(path: Path) -> None:
    with source_of(path) as source:
        taken = pieces(source, [(5000, 5025), (30_000, 40_000)])
    assert taken == [(0, 4096), (4096, 5000), (5025, 8192), (8192, 28_672), (28_672, 30_000), *taken[5:]]
    assert taken[5:] == [(40_000, 40_960), (40_960, 90_000)]


def test_holes_and_planned_zeros_stay_holes(path: Path, folder: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(64 << 20)
        file.seek((64 << 20) - 10)
        file.write(b"0123456789")
    if path.stat().st_blocks * 512 > 1 << 20:
        pytest.skip("no holes on this file system")
    make(path, folder)
    assert (folder / "new.svs").stat().st_size == 64 << 20
    assert (folder / "new.svs").stat().st_blocks * 512 < 200_000


@pytest.mark.parametrize("hidden", ["copy_file_range", "SEEK_DATA"])
def test_has_a_second_way(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.delattr(os, hidden, raising=False)
    make(path, folder)
    assert (folder / "new.svs").read_bytes() == _after()


def test_kernel_that_copies_only_half_is_helped(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lazy(source: int, target: int, count: int, *offsets: int) -> int:
        raise OSError(errno.EXDEV, "other disk")

    monkeypatch.setattr(os, "copy_file_range", lazy, raising=False)
    make(path, folder)
    assert (folder / "new.svs").read_bytes() == _after()


def test_takes_over_no_times_no_attributes_and_ordinary_permissions(path: Path, folder: Path) -> None:
    os.utime(path, (1, 1))
    path.chmod(0o600)
    with suppress(OSError, AttributeError):
        os.setxattr(path, "user.patient", b"Jane Doe")
    old = os.umask(0o027)
    try:
        make(path, folder)
    finally:
        os.umask(old)
    state = (folder / "new.svs").stat()
    assert state.st_mode & 0o777 == 0o640
    assert state.st_mtime > 1
    assert not hasattr(os, "listxattr") or "user.patient" not in os.listxattr(folder / "new.svs")


@pytest.mark.parametrize("fallback", [False, True])
def test_never_takes_a_name_that_exists(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, fallback: bool
) -> None:
    if fallback:
        monkeypatch.setattr("blankslide.storage.copies.volume.rename_to_free_name", lambda *_: False)
    (folder / "new.svs").write_bytes(b"somebody's")
    with pytest.raises(EnvironmentProblem, match="already has a file of this name"):
        make(path, folder)
    assert (folder / "new.svs").read_bytes() == b"somebody's"
    assert os.listdir(folder) == ["new.svs"]


# -- what dead and living runs leave -----------------------------------------------------


def leftover(path: Path, folder: Path) -> Path:
    return folder / f".blankslide-{path.stat().st_ino}.copy.svs"


def test_a_dead_runs_copy_is_replaced(path: Path, folder: Path) -> None:
    leftover(path, folder).write_bytes(b"half")
    make(path, folder)
    assert os.listdir(folder) == ["new.svs"]


def test_a_living_runs_copy_is_a_refusal(path: Path, folder: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    other = leftover(path, folder)
    with other.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(SlideLocked):
            make(path, folder)
    assert os.listdir(folder) == [other.name]


def test_two_copies_of_one_slide_at_once(path: Path, folder: Path) -> None:
    with source_of(path) as source:
        first = Copy.begin(source, str(folder), ".svs")
        with pytest.raises(SlideLocked):
            Copy.begin(source, str(folder), ".svs")
        first.write(source, PATCHES)
        first.publish("new.svs")
    assert (folder / "new.svs").read_bytes() == _after()


def test_a_link_under_the_dot_name_is_not_followed(path: Path, folder: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"keep me")
    leftover(path, folder).symlink_to(precious)
    with pytest.raises(EnvironmentProblem):
        make(path, folder)
    assert precious.read_bytes() == b"keep me"


# -- a disk that fails at any call -------------------------------------------------------


class Failing(DiskCopyVolume):
    """Fails at the n-th change, half-way through it where there is a half."""

    def __init__(self, when: int, folder: Path) -> None:
        super().__init__()
        self.left = when
        self.folder = folder
        self.seen: list[bytes] = []

    def _strike(self, half: Callable[[], object]) -> None:
        self.left -= 1
        if self.left == 0:
            half()
            self.seen = [p.read_bytes() for p in self.folder.iterdir()]
            raise NoSpace("cannot write: the disk is full")

    def create_copy(self, folder: str, name: str) -> int:
        self._strike(lambda: None)
        return super().create_copy(folder, name)

    def extend(self, fd: int, length: int) -> None:
        self._strike(lambda: None)
        super().extend(fd, length)

    def take_range(self, source: int, target: int, start: int, end: int) -> int:
        self._strike(lambda: super(Failing, self).take_range(source, target, start, (start + end) // 2))
        return super().take_range(source, target, start, end)

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        self._strike(lambda: super(Failing, self).write_at(fd, data[: len(data) // 2], offset))
        super().write_at(fd, data, offset)

    def fill_at(self, fd: int, offset: int, length: int, byte: int) -> None:
        self._strike(lambda: super(Failing, self).fill_at(fd, offset, length // 2, byte))
        super().fill_at(fd, offset, length, byte)

    def sync(self, fd: int) -> None:
        self._strike(lambda: None)
        super().sync(fd)

    def publish(self, folder: str, old: str, new: str) -> None:
        self._strike(lambda: None)
        super().publish(folder, old, new)


def test_whatever_call_fails_nothing_removed_was_written_and_nothing_stays(path: Path, folder: Path) -> None:
    final, failures = _after(), 0
    for when in range(1, 100):
        volume = Failing(when, folder)
        try:
            make(path, folder, volume)
        except NoSpace:
            failures += 1
            assert os.listdir(folder) == []
            for data in volume.seen:
                assert all(now in (0, then) for now, then in zip(data, final, strict=False))
            continue
        break
    assert failures >= 14
    assert (folder / "new.svs").read_bytes() == final


# -- before anything is written ----------------------------------------------------------


def refused(path: Path, folder: Path, name: str = "new.svs") -> EnvironmentProblem:
    with source_of(path) as source, pytest.raises(EnvironmentProblem) as caught:
        check_target(str(folder), name, source)
    return caught.value


def test_refuses_a_taken_name_also_of_a_dangling_link(path: Path, folder: Path) -> None:
    (folder / "new.svs").symlink_to("nowhere")
    assert "already has a file" in refused(path, folder).message


def test_refuses_a_file_as_folder(path: Path, folder: Path) -> None:
    (folder / "file").touch()
    assert "is a file" in refused(path, folder / "file").message
    assert "is a file" in refused(path, folder / "file" / "deeper").message


def test_refuses_a_read_only_folder_even_for_root(path: Path, folder: Path) -> None:
    folder.chmod(0o555)
    assert isinstance(refused(path, folder), NoPermission)
    assert isinstance(refused(path, folder / "new" / "deep"), NoPermission)
    folder.chmod(0o755)


def test_refuses_what_does_not_fit(path: Path, mounted: Callable[..., Path]) -> None:
    disk = mounted("tmpfs", 1)
    (disk / "other").write_bytes(bytes(1_000_000))
    assert isinstance(refused(path, disk), NoSpace)


def test_accepts_a_folder_that_is_not_there_yet(path: Path, folder: Path) -> None:
    with source_of(path) as source:
        check_target(str(folder / "a" / "b"), "new.svs", source)
    assert os.listdir(folder) == []


def test_digest_covers_the_ranges_in_order(path: Path) -> None:
    from hashlib import blake2b

    with source_of(path) as source:
        found = digest([(source, [(0, 10), (4000, 9000)])])
    assert found == blake2b(BEFORE[:10] + BEFORE[4000:9000], digest_size=32).hexdigest()
