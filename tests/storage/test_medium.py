from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.storage import medium
from blankslide.storage.medium import Extent, filesystem, judge, judge_all, snapshot

if TYPE_CHECKING:
    from pathlib import Path


def test_overwriting_in_place_is_seen_as_that(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(os.urandom(1 << 20))
    with path.open("r+b") as file:
        os.fsync(file.fileno())
        spans = [(100, 5000), (500_000, 900_000)]
        before = snapshot(file.fileno(), spans)
        if filesystem(path) not in ("ext4", "xfs"):
            pytest.skip("the temporary folder is not on a file system that overwrites")
        assert before is not None
        assert sum(extent.length for extent in before) == 404_900
        assert before[0].logical == 100
        os.pwrite(file.fileno(), b"new" * 1000, 200)
        os.fsync(file.fileno())
        assert judge(before, snapshot(file.fileno(), spans)) == "overwritten"


def test_another_file_lies_elsewhere(tmp_path: Path) -> None:
    if filesystem(tmp_path) not in ("ext4", "xfs"):
        pytest.skip("the temporary folder is not on a file system that overwrites")
    found = []
    for name in "ab":
        (tmp_path / name).write_bytes(os.urandom(100_000))
        with (tmp_path / name).open("rb") as file:
            os.fsync(file.fileno())
            found.append(snapshot(file.fileno(), [(0, 100_000)]))
    assert judge(*found) == "relocated"


def test_many_extents_are_asked_for_in_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(medium, "_AT_ONCE", 2)
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        for i in range(9):
            os.pwrite(file.fileno(), b"x" * 4096, i * 65536)
        os.fsync(file.fileno())
        found = snapshot(file.fileno(), [(0, 9 * 65536)])
        holes = snapshot(file.fileno(), [(8192, 65536), (7, 7)])
        only = snapshot(file.fileno(), [(100, 200), (300, 65536)])
    if found is None:
        pytest.skip("this file system does not tell its extents")
    assert [extent.logical for extent in found] == [i * 65536 for i in range(9)]
    assert holes == ()
    assert only is not None
    assert [(extent.logical, extent.length) for extent in only] == [(100, 100), (300, 3796)]


PLAIN = (Extent(0, 1000, 100, 0), Extent(100, 1100, 50, 1))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (PLAIN, (Extent(0, 1000, 150, 1),), "overwritten"),
        (PLAIN, (Extent(0, 1000, 140, 1),), "relocated"),
        (PLAIN, (Extent(0, 2000, 150, 1),), "relocated"),
        (PLAIN, (), "relocated"),
        (PLAIN, (Extent(0, 1000, 150, 0x2000),), "shared"),
        ((Extent(0, 1000, 150, 0x2000),), PLAIN, "shared"),
        (PLAIN, (Extent(0, 1000, 150, 0x4),), "unknown"),
        ((Extent(0, 1000, 150, 0x200),), PLAIN, "unknown"),
        ((Extent(0, 5000, 150, 0x800),), PLAIN, "overwritten"),
        ((), PLAIN, "overwritten"),
        (None, PLAIN, "unknown"),
        (PLAIN, None, "unknown"),
    ],
)
def test_the_verdict_follows_from_the_extents(
    before: tuple[Extent, ...] | None, after: tuple[Extent, ...] | None, verdict: str
) -> None:
    assert judge(before, after) == verdict


def test_of_several_files_the_worst_counts() -> None:
    moved = (Extent(0, 7, 150, 0),)
    assert judge_all([PLAIN, PLAIN], [PLAIN, PLAIN]) == "overwritten"
    assert judge_all([PLAIN, None], [PLAIN, None]) == "unknown"
    assert judge_all([PLAIN, None, PLAIN], [PLAIN, None, moved]) == "relocated"
    assert judge_all([], []) == "unknown"


def test_a_file_system_that_cannot_tell_is_unknown() -> None:
    reading, writing = os.pipe()
    assert snapshot(reading, [(0, 10)]) is None
    os.close(reading)
    os.close(writing)


def test_the_file_system_has_its_name(tmp_path: Path) -> None:
    name = subprocess.run(["stat", "-f", "-c", "%T", str(tmp_path)], capture_output=True, text=True, check=True).stdout
    known = {"ext2/ext3": "ext4", "xfs": "xfs", "btrfs": "btrfs", "tmpfs": "tmpfs", "overlayfs": "overlay"}
    if name.strip() not in known:
        pytest.skip("a file system that this test does not know")
    assert filesystem(tmp_path) == known[name.strip()]


def test_without_a_mount_table_it_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", refuse)
    assert filesystem(tmp_path) == "unknown"


def test_without_the_module_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert snapshot(0, [(0, 10)]) is None


def test_many_extents_are_each_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    # 40,000 touched ranges of a fragmented slide: comparing each with each did not end
    asked = []
    contains = medium._contains
    monkeypatch.setattr(medium, "_contains", lambda now, old: (asked.append(now), contains(now, old))[1])
    many = tuple(Extent(i * 8192, i * 12288, 4096, 0) for i in range(2000))
    assert judge(many, many) == "overwritten"
    assert len(asked) == len(many)
    moved = (*many[:-1], many[-1]._replace(physical=5))
    assert judge(many, moved) == "relocated"
    assert judge(many, many[:-1]) == "relocated"
    assert judge(many, many[1:]) == "relocated"
