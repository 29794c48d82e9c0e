from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import (
    ContradictorySlide,
    DamagedSlide,
    EnvironmentProblem,
    InternalError,
    NoPermission,
    NoSpace,
    NotASlide,
    SlideChanged,
    SlideLinked,
    UsageError,
)
from blankslide.storage import system
from blankslide.storage.editable import check_editable
from blankslide.storage.slide_files import open_slide, require_component
from blankslide.testing.own.disk.layer import Layer, refuse

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "A-4711.svs"
    path.write_bytes(bytes(range(256)) * 40)
    return path


def test_reading_is_exact_and_counted(slide: Path) -> None:
    with open_slide(slide) as opened:
        assert opened.name == "A-4711.svs"
        assert opened.main.size == 10240
        assert opened.main.read(255, 3) == b"\xff\x00\x01"
        assert opened.main.read(10240, 0) == b""
        assert opened.bytes_read == 3
        for offset, length in ((10239, 2), (-1, 1), (0, -1)):
            with pytest.raises(DamagedSlide):
                opened.main.read(offset, length)


def test_short_reads_are_finished(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, length, offset: native(fd, min(length, 7), offset))
    with open_slide(slide) as opened:
        assert opened.main.read(100, 50) == slide.read_bytes()[100:150]


def test_a_file_that_shrinks_is_noticed(slide: Path) -> None:
    with open_slide(slide, write=True) as opened:
        os.truncate(slide, 5)
        with pytest.raises(SlideChanged):
            opened.main.read(0, 10)


def test_reading_without_pread(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pread")
    with open_slide(slide) as opened:
        assert opened.main.read(3, 4) == b"\x03\x04\x05\x06"


def test_opening_says_what_is_wrong_without_the_name(tmp_path: Path, slide: Path) -> None:
    for path, error in (
        (tmp_path / "4711-absent", UsageError),
        (slide / "4711", UsageError),
        ("4711\0", UsageError),
        (tmp_path, NotASlide),
    ):
        with pytest.raises(error) as caught:
            open_slide(path)
        assert "4711" not in str(caught.value)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotASlide):
        open_slide(tmp_path / "pipe")


@pytest.mark.parametrize("code", [13, 1, 30])
def test_missing_permission_is_its_own_error(slide: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(path: object, *_: object) -> int:
        raise OSError(code, "no", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(NoPermission) as caught:
            open_slide(slide)
    assert "4711" not in f"{caught.value} {caught.value.__context__}"


def test_names_that_are_not_text_work(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/s\xff\xfe.svs"
    with open(raw, "wb") as file:
        file.write(b"abc")
    with open_slide(raw) as opened:
        assert opened.main.read(0, 3) == b"abc"
        assert os.fsencode(opened.name) == b"s\xff\xfe.svs"


@pytest.mark.parametrize("hide", [False, True])
def test_a_link_is_resolved_and_never_followed_later(
    slide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hide: bool
) -> None:
    if hide:
        monkeypatch.delattr(os, "O_NOFOLLOW")
    link = tmp_path / "link.svs"
    link.symlink_to(slide)
    with open_slide(link) as opened:
        assert (opened.name, opened.path) == ("link.svs", str(slide))
        with pytest.raises(DamagedSlide):
            opened.open("link.svs")
    with pytest.raises(OSError, match="symbolic link"):
        system.open_nofollow(str(link), os.O_RDONLY)


def test_members_are_regular_files_beside_the_slide(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "b.dat").write_bytes(b"b")
    (tmp_path / "a.dat").write_bytes(b"a")
    (tmp_path / "folder").mkdir()
    (tmp_path / ".blankslide-1").touch()
    with open_slide(slide) as opened:
        assert opened.names() == ["a.dat", "b.dat"]
        assert opened.open("b.dat").read(0, 1) == b"b"
        assert opened.open("b.dat") is opened.files[1]
        assert opened.open("A-4711.svs") is opened.main
        assert opened.by_inode((tmp_path / "a.dat").stat().st_ino) is opened.files[2]
        assert opened.by_inode(1) is None
        for name in (
            "folder",
            "absent",
            "../x",
            "a/b",
            "a\\b",
            "",
            "..",
            ".",
            "c:x",
            "nul",
            "COM1.txt",
            "a.",
            ".blankslide-1",
        ):
            with pytest.raises(DamagedSlide):
                opened.open(name)


def test_members_stand_in_the_folder_of_the_same_stem_if_there_is_one(slide: Path, tmp_path: Path) -> None:
    home = tmp_path / "A-4711"
    home.mkdir()
    (home / "first.dat").write_bytes(b"inside")
    (home / "Index.dat").write_bytes(b"inside")
    (tmp_path / "Index.dat").write_bytes(b"outside")
    (tmp_path / "only.dat").write_bytes(b"beside")
    with open_slide(slide) as opened:
        assert opened.names() == ["Index.dat", "only.dat"], "a folder that merely has the slide's name hides nothing"
        with pytest.raises(ContradictorySlide, match="stands twice"):
            opened.open("Index.dat")
        assert opened.open("first.dat").read(0, 6) == b"inside"
        assert opened.names() == ["Index.dat", "first.dat"]
        assert opened.open("Index.dat").read(0, 6) == b"inside"
        assert opened.data_folder == str(home)
        assert opened.open("only.dat").size == 6
        assert opened.folder == str(tmp_path)


def test_a_folder_of_the_same_stem_is_not_the_slides_once_a_member_stood_elsewhere(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "A-4711").mkdir()
    (tmp_path / "A-4711" / "late.dat").write_bytes(b"inside")
    for name in ("first.dat", "late.dat"):
        (tmp_path / name).write_bytes(b"beside")
    inode = (tmp_path / "late.dat").stat().st_ino
    with open_slide(slide) as opened:
        assert opened.open("first.dat").size == 6
        assert opened.names() == ["first.dat", "late.dat"]
        assert opened.open("late.dat").read(0, 6) == b"beside"
        assert opened.data_folder is None
    with open_slide(slide) as opened:
        found = opened.by_inode(inode)
        assert found is not None
        assert found.read(0, 6) == b"beside"


def test_holes_are_not_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.seek(1 << 20)
        file.write(b"x" * 4096)
        file.truncate(3 << 20)
    with open_slide(path) as opened:
        ranges = list(opened.main.data_ranges(0, 3 << 20))
        if ranges != [(0, 3 << 20)]:
            assert ranges == [(1 << 20, (1 << 20) + 4096)]
            assert list(opened.main.data_ranges((1 << 20) + 100, (1 << 20) + 200)) == [
                ((1 << 20) + 100, (1 << 20) + 200)
            ]
            assert list(opened.main.data_ranges(2 << 20, 3 << 20)) == []
        monkeypatch.delattr(os, "SEEK_HOLE")
        assert list(opened.main.data_ranges(5, 9)) == [(5, 9)]
        assert list(opened.main.data_ranges(5, 5)) == []


def test_a_file_system_that_knows_no_holes_has_only_data(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(22, "no")

    with open_slide(slide) as opened:
        monkeypatch.setattr(os, "lseek", refuse)
        assert list(opened.main.data_ranges(5, 9)) == [(5, 9)]


# -- may it be edited ----------------------------------------------------------------------


def test_a_plain_slide_may_be_edited(slide: Path) -> None:
    with open_slide(slide, write=True) as opened:
        check_editable(opened, 1000)


def test_a_limit_that_would_strike_in_the_middle_is_told_first(slide: Path) -> None:
    resource = pytest.importorskip("resource", reason="no such limits here")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = slide.stat().st_size
    with open_slide(slide, write=True) as opened:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1, before[1]))
            with pytest.raises(NoSpace, match="no file as long as the slide"):
                check_editable(opened)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
            check_editable(opened)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_second_name_is_refused_with_the_count(slide: Path, tmp_path: Path) -> None:
    os.link(slide, tmp_path / "x")
    os.link(slide, tmp_path / "y")
    with open_slide(slide, write=True) as opened, pytest.raises(SlideLinked, match="3 names"):
        check_editable(opened)


def test_a_linked_member_is_refused_too(slide: Path, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"m")
    os.link(tmp_path / "m", tmp_path / "n")
    with open_slide(slide, write=True) as opened:
        opened.open("m")
        with pytest.raises(SlideLinked):
            check_editable(opened)


def test_read_only_is_refused_even_for_root(slide: Path, tmp_path: Path) -> None:
    slide.chmod(0o444)
    with open_slide(slide) as opened, pytest.raises(NoPermission):
        check_editable(opened)
    slide.chmod(0o644)
    tmp_path.chmod(0o555)
    try:
        with open_slide(slide) as opened, pytest.raises(NoPermission, match="folder"):
            check_editable(opened)
    finally:
        tmp_path.chmod(0o755)


def test_a_slide_that_was_touched_moved_or_replaced_is_refused(slide: Path, tmp_path: Path) -> None:
    with open_slide(slide, write=True) as opened:
        os.utime(slide, ns=(1, 1))
        with pytest.raises(SlideChanged):
            check_editable(opened)
    with open_slide(slide, write=True) as opened:
        slide.rename(tmp_path / "away")
        with pytest.raises(SlideChanged, match="moved"):
            check_editable(opened)
        shutil.copy(tmp_path / "away", slide)
        with pytest.raises(SlideChanged, match="replaced"):
            check_editable(opened)


@pytest.mark.parametrize("hide", [False, True])
def test_a_journal_that_does_not_fit_is_refused(slide: Path, monkeypatch: pytest.MonkeyPatch, hide: bool) -> None:
    with open_slide(slide, write=True) as opened:
        if hide:
            usage = shutil.disk_usage(slide.parent)
            monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
            monkeypatch.delattr(os, "statvfs")
        check_editable(opened, 1)
        with pytest.raises(NoSpace):
            check_editable(opened, 1 << 60)


def test_a_new_name_has_to_be_plain() -> None:
    assert require_component("0001.svs") == "0001.svs"
    for name in ("", "a/b", "..", "x:y"):
        with pytest.raises(InternalError):
            require_component(name)


def test_no_repr_shows_a_name(slide: Path) -> None:
    with open_slide(slide) as opened:
        assert "4711" not in repr(opened) + repr(opened.main)


def test_a_disk_that_fails_while_asked_for_holes_is_an_error(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(5, "no")

    with open_slide(slide) as opened:
        monkeypatch.setattr(os, "lseek", fail)
        with pytest.raises(EnvironmentProblem):
            list(opened.main.data_ranges(0, 9))


def test_a_disk_that_fails_while_read_is_an_error(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(5, "no")

    with open_slide(slide) as opened:
        monkeypatch.setattr(os, "pread", fail)
        with pytest.raises(EnvironmentProblem):
            opened.main.read(0, 1)


def test_a_member_without_permission_is_not_called_damaged(slide: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, *_: object) -> int:
        raise PermissionError(13, "no", str(path))

    slide.with_name("m").touch()
    with open_slide(slide) as opened, monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(NoPermission):
            opened.open("m")


@pytest.mark.parametrize(("code", "told"), [(errno.EIO, True), (errno.EMFILE, True), (errno.EACCES, False)])
def test_a_file_beside_that_the_disk_cannot_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, code: int, told: bool
) -> None:
    for name in ("slide.svs", "other.dcm"):
        (tmp_path / name).write_bytes(b"something")
    with open_slide(tmp_path / "slide.svs") as slide, Layer(str(tmp_path), refuse(1, code)).between():
        if told:
            with pytest.raises(EnvironmentProblem, match="cannot read a file beside the slide"):
                slide.glance("other.dcm", 9)
        else:
            assert slide.glance("other.dcm", 9) == b""
        assert slide.glance("other.dcm", 9) == b"something"
