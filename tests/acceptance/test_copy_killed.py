"""Issue 4, Must show 2: a copy that is killed at every writing call.

An undisturbed run under strace lists its calls that change files, lengths or names. Then the
run is repeated, each time with an empty target folder, and killed by SIGKILL right before
one of them. At that moment every byte of every file in the target folder must be zero or
the byte of the finished, judged copy: so no removed byte is there, in whatever spelling.
The slide is untouched, and one more run ends clean and leaves nothing but the copy.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from blankslide import api
from blankslide.testing.built import build_aperio
from blankslide.testing.judge import Before, judge
from blankslide.testing.process import Ended, run_cli

if TYPE_CHECKING:
    from pathlib import Path

CALLS = (
    "write writev pwrite64 pwritev pwritev2 copy_file_range sendfile splice fallocate ftruncate truncate fsync "
    "fdatasync sync_file_range rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat link linkat symlink "
    "symlinkat chmod fchmod fchmodat utimensat setxattr fsetxattr"
).split()
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")


class Point(NamedTuple):
    call: str
    number: int


class World:
    """A slide, a home with a key, an empty target folder."""

    def __init__(self, root: Path) -> None:
        self.slide = root / "slides" / "slide.svs"
        self.out = root / "out"
        self.home = root / "home"
        self.log = root / "log"
        self.slide.parent.mkdir()
        key = build_aperio(self.slide, size=(512, 384), factors=(1, 2, 4), macro_size=(400, 140))
        self.before = Before.of(self.slide, key)
        assert self.run().code == 0
        self.final = (self.out / "slide.svs").read_bytes()

    def run(self, *strace: str) -> Ended:
        env = {"HOME": str(self.home), **{f"XDG_{k}_HOME": f"{self.home}/{k}" for k in ("STATE", "CONFIG")}}
        before = ("strace", "-f", "-qq", *strace) if strace else ()
        return run_cli("anonymize", "--out", self.out, self.slide, before=before, env=env)

    def points(self) -> list[Point]:
        shutil.rmtree(self.out)
        ended = self.run("-o", str(self.log), "-e", "trace=" + ",".join(f"?{c}" for c in CALLS))
        if not self.log.exists() or not self.log.stat().st_size:
            pytest.skip("strace may not trace here")
        assert ended.code == 0
        return list(_points(self.log.read_text("utf-8", "replace")))

    def killed(self, point: Point) -> Ended:
        shutil.rmtree(self.out, ignore_errors=True)
        inject = f"inject={point.call}:signal=SIGKILL:when={point.number}"
        return self.run("-o", os.devnull, "-e", f"trace={point.call}", "-e", inject)

    def again(self) -> str:
        return api.anonymize(
            self.slide, out=self.out, key=self.home / "CONFIG/blankslide/site.key", ledger="none"
        ).content


def _points(log: str) -> Iterator[Point]:
    calls = [m.groups() for m in map(_LINE.match, log.splitlines()) if m]
    main = calls[0][0]
    seen: Counter[str] = Counter()
    for thread, call, rest in calls:
        assert thread == main, f"a second thread uses {call}"
        seen[call] += 1
        if not (call == "write" and rest.startswith(("1,", "2,"))) and " = -1 E" not in rest:
            yield Point(call, seen[call])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    trial = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=exit_group:signal=SIGKILL", "true"]
    if subprocess.run(trial, capture_output=True).returncode >= 0:
        pytest.skip("strace may not inject signals here")
    return World(tmp_path_factory.mktemp("killed"))


def check_folder(world: World, point: Point) -> bool:
    """Hold every byte in the target folder against the finished copy; say whether that is there."""
    final = np.frombuffer(world.final, np.uint8)
    for path in world.out.iterdir() if world.out.exists() else ():
        found = np.frombuffer(path.read_bytes(), np.uint8)
        assert found.size in (0, final.size), point
        assert bool(((found == 0) | (found == final[: found.size])).all()), (point, "a byte that must never be there")
        if not path.name.startswith("."):
            assert path.read_bytes() == world.final, point
    return (world.out / "slide.svs").exists()


def test_the_finished_copy_passes_the_judge(world: World) -> None:
    world.again() if not (world.out / "slide.svs").exists() else None
    assert judge(world.before, world.out / "slide.svs") == []


@pytest.mark.slow
def test_killed_before_any_change_the_folder_never_holds_a_removed_byte(world: World) -> None:
    points = world.points()
    assert {"copy_file_range", "pwrite64", "ftruncate", "fsync", "renameat2"} <= {
        p.call for p in points
    } or not hasattr(os, "copy_file_range")
    finished = 0
    for point in points:
        ended = world.killed(point)
        assert ended.code in (-9, 137), (point, ended.text)
        assert world.slide.read_bytes() == world.before.data, point
        assert os.listdir(world.slide.parent) == ["slide.svs"], point
        if check_folder(world, point):
            finished += 1
        else:
            assert world.again() == "clean", point
        assert os.listdir(world.out) == ["slide.svs"], point
        assert (world.out / "slide.svs").read_bytes() == world.final, point
    assert len(points) >= 25
    assert 1 <= finished <= 3
