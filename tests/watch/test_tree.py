"""The sweep: what it sees, what it passes over, how long it waits, and what a share that is away means."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from blankslide.pipeline import Options
from blankslide.watch.passed_over import kind_of
from blankslide.watch.settings import Settings
from blankslide.watch.tree import ShareAway, Tree


def settings(root: Path, **more: Any) -> Settings:
    for name in ("in", "out"):
        (root / name).mkdir(exist_ok=True)
    given: dict[str, Any] = {"quiet": 10.0, "sweep": 1.0, "quarantine": None} | more
    return Settings(root / "in", Options(), root / "out", done=root / "done", health=root / "health.json", **given)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    settings(tmp_path)
    return tmp_path


def tree_of(lab: Path, **more: Any) -> Tree:
    return Tree(settings(lab, **more))


NAS = (
    *("@eaDir", "@SynoEAStream", "@tmp", "#recycle", "#snapshot", "SYNOPHOTO_THUMB_M.jpg", ".@__thumb", "@Recycle"),
    *(".recycle", ".zfs", "Thumbs.db", "thumbs.db", "desktop.ini", "~$list.xlsx", "$RECYCLE.BIN", "._a.svs"),
    *(".DS_Store", ".AppleDouble", ".TemporaryItems", "a.svs.part", "a.svs.partial", "a.svs.filepart", "a.TMP"),
    *(".syncthing.a.svs.tmp", ".stfolder", ".a.svs.Xy12Zq", "a.svs@SynoEAStream", "@Recently-Snapshot"),
)


@pytest.mark.parametrize("name", NAS)
def test_what_file_servers_desktops_and_copiers_leave_is_passed_over(name: str) -> None:
    assert kind_of(name)


@pytest.mark.parametrize("name", ["a.svs", "-a.svs", "tmp.svs", "part", "a part.svs", "eaDir", "recycle", "@a.svs"])
def test_slides_and_folders_of_people_are_not(name: str) -> None:
    assert not kind_of(name)


def test_passed_over_files_are_counted_by_kind_and_their_folders_never_opened(lab: Path) -> None:
    (lab / "in" / "@eaDir" / "a.svs").mkdir(parents=True)
    (lab / "in" / "@eaDir" / "a.svs" / "SYNOPHOTO_THUMB_M.jpg").touch()
    (lab / "in" / "case" / "@eaDir").mkdir(parents=True)
    (lab / "in" / "b.svs.part").touch()
    os.symlink("nowhere", lab / "in" / "link.svs")
    tree = tree_of(lab)
    tree.sweep(0)
    assert dict(tree.passed_over) == {"@eaDir": 2, "*.part": 1, "links and devices": 1}
    assert sorted(tree.folders) == [str(lab / "in"), str(lab / "in" / "case")]
    assert not list(tree.open_files())


def test_a_file_is_quiet_when_nothing_has_changed_for_long_enough(lab: Path) -> None:
    path = lab / "in" / "a.svs"
    path.write_bytes(b"1")
    tree = tree_of(lab)
    tree.sweep(0)
    folder, file = tree.find(str(path)) or pytest.fail("it was not seen")
    assert not tree.is_quiet(folder, file, 9)
    assert tree.is_quiet(folder, file, 10)
    path.write_bytes(b"12")
    tree.sweep(10)
    assert not tree.is_quiet(folder, file, 19)


def test_the_quiet_time_follows_the_longest_pause_of_its_folder(lab: Path) -> None:
    path = lab / "in" / "a.svs"
    path.write_bytes(b"1")
    os.utime(path, (1000, 1000))
    tree = tree_of(lab)
    tree.sweep(0)
    path.write_bytes(b"12")
    os.utime(path, (1020, 1020))
    tree.sweep(20)
    folder, file = tree.find(str(path)) or pytest.fail("it was not seen")
    assert folder.pause == 20
    assert not tree.is_quiet(folder, file, 79)
    assert tree.is_quiet(folder, file, 80)
    path.write_bytes(b"123")
    os.utime(path, (9_999_999, 9_999_999))
    tree.sweep(90)
    assert folder.pause == 71, "no time that somebody has set counts for more than what was seen"


def test_no_pause_holds_a_folder_up_for_ever(lab: Path) -> None:
    path = lab / "in" / "a.svs"
    path.write_bytes(b"1")
    os.utime(path, (1000, 1000))
    tree = tree_of(lab)
    tree.sweep(0)
    path.write_bytes(b"12")
    os.utime(path, (100_000, 100_000))
    tree.sweep(99_000)
    assert tree.folders[str(lab / "in")].pause == 200


def test_a_file_that_goes_is_forgotten(lab: Path) -> None:
    path = lab / "in" / "case" / "a.svs"
    path.parent.mkdir()
    path.touch()
    tree = tree_of(lab)
    tree.sweep(0)
    path.unlink()
    tree.sweep(1)
    assert tree.find(str(path)) is None
    path.parent.rmdir()
    tree.sweep(2)
    tree.sweep(3)
    assert list(tree.folders) == [str(lab / "in")]


def test_folders_that_slides_go_to_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "in" / "bad").mkdir(parents=True)
    (tmp_path / "in" / "bad" / "a.svs").touch()
    tree = tree_of(tmp_path, quarantine=tmp_path / "in" / "bad")
    tree.sweep(0)
    assert not list(tree.open_files())


def test_a_folder_that_is_gone_is_a_share_that_is_away_and_nothing_is_forgotten(lab: Path) -> None:
    (lab / "in" / "a.svs").touch()
    tree = tree_of(lab)
    tree.sweep(0)
    os.rename(lab / "in", lab / "elsewhere")
    with pytest.raises(ShareAway):
        tree.sweep(1)
    assert tree.find(str(lab / "in" / "a.svs"))
    os.rename(lab / "elsewhere", lab / "in")
    tree.sweep(2)
    assert len(list(tree.open_files())) == 1


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN])
def test_errors_of_a_share_that_is_away_leave_everything_as_it_was(
    lab: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (lab / "in" / "case").mkdir()
    (lab / "in" / "case" / "a.svs").touch()
    tree = tree_of(lab)
    tree.sweep(0)
    real = os.scandir

    def away(path: Any) -> Any:
        if str(path).endswith("case"):
            raise OSError(number, os.strerror(number))
        return real(path)

    monkeypatch.setattr(os, "scandir", away)
    with pytest.raises(ShareAway):
        tree.sweep(1)
    assert tree.find(str(lab / "in" / "case" / "a.svs"))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can mount")
def test_another_volume_in_its_place_is_no_empty_folder(lab: Path) -> None:
    import subprocess

    (lab / "in" / "a.svs").touch()
    tree = tree_of(lab)
    tree.sweep(0)
    if subprocess.run(["mount", "-t", "tmpfs", "none", str(lab / "in")], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with pytest.raises(ShareAway, match="another volume"):
            tree.sweep(1)
    finally:
        subprocess.run(["umount", str(lab / "in")], check=True)
    assert tree.find(str(lab / "in" / "a.svs"))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_may_not_be_listed_is_told_and_what_was_in_it_stays(lab: Path) -> None:
    inner = lab / "in" / "case"
    inner.mkdir()
    (inner / "a.svs").touch()
    tree = tree_of(lab)
    tree.sweep(0)
    inner.chmod(0)
    try:
        tree.sweep(1)
        assert tree.unreadable == {str(inner)}
        assert tree.find(str(inner / "a.svs"))
    finally:
        inner.chmod(0o700)


def test_names_of_all_kinds_are_seen(lab: Path) -> None:
    names = [
        b"-a.svs",
        b"a\nb.svs",
        b"\xff\xfe.svs",
        "\u05d0\u202e.svs".encode(),
        b"A.svs",
        b"a.svs",
        b"x" * 251 + b".svs",
    ]
    for name in names:
        Path(os.fsdecode(os.fsencode(lab / "in") + b"/" + name)).touch()
    tree = tree_of(lab)
    tree.sweep(0)
    assert sorted(os.fsencode(name) for _, name, _ in tree.open_files()) == sorted(names)
    shutil.rmtree(lab / "in")
