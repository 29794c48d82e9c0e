"""Whole runs on a file and its folder (MRXS) that are killed: renamed in place, and copied.

Real processes under strace, with a home and a ledger of their own. Every change of a name is struck,
and some of all other calls; each change of storage itself is struck in ``tests/storage/test_sets.py``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.pipeline import Options, anonymize_copy
from blankslide.testing.built import build_mirax
from blankslide.testing.process import run_cli
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def check_gone(planted: Planted, folder: Path) -> None:
    for name, data in contents(folder).items():
        for removed in planted.removed:
            assert not (removed.value and places_of(removed.value, data)), (name, removed.id)


_LINE = re.compile(r"(\d+) +(\w+)\((.*)")
_CALLS = "write pwrite64 copy_file_range fallocate ftruncate fsync rename renameat2 unlink mkdir rmdir".split()
_MODES = {"in place": ("--in-place",), "copy": ("--out", "out")}


class Deaths:
    """A set and a home with a key; runs that are killed right before a call."""

    def __init__(self, root: Path, mode: str, build: Callable[[Path], Planted]) -> None:
        self.root, self.build = root, build
        self.slides, self.out = root / "slides", root / "out"
        self.command = ("anonymize", *(str(self.out) if a == "out" else a for a in _MODES[mode]), "--name", "fresh")
        self.main = self.slides / "slide.mrxs"

    def fresh(self) -> None:
        for folder in (self.slides, self.out):
            shutil.rmtree(folder, ignore_errors=True)
        self.slides.mkdir()
        self.planted = self.build(self.main)

    @property
    def env(self) -> dict[str, str]:
        return {"HOME": str(self.root), **{f"XDG_{k}_HOME": f"{self.root}/{k}" for k in ("STATE", "CONFIG")}}

    def run(self, *strace: str) -> int:
        return run_cli(*self.command, self.main, before=("strace", "-f", "-qq", *strace), env=self.env).code

    def points(self) -> list[tuple[str, int]]:
        """Some calls that change the disk, well spread; each change of a name is among them."""
        log = self.root / "log"
        if shutil.which("strace") is None:
            pytest.skip("strace is not installed")
        trial = ["strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=exit_group:signal=SIGKILL", "true"]
        if subprocess.run(trial, capture_output=True).returncode >= 0:
            pytest.skip("strace may not inject signals here")
        self.run("-o", os.devnull, "-e", "trace=none")  # makes the key and the ledger
        self.fresh()
        assert self.run("-o", str(log), "-e", "trace=" + ",".join(f"?{c}" for c in _CALLS)) == 0
        seen: Counter[str] = Counter()
        found = []
        calls = [m.groups() for m in map(_LINE.match, log.read_text("utf-8", "replace").splitlines()) if m]
        for thread, call, rest in calls:
            if thread == calls[0][0]:
                seen[call] += 1
                if str(self.root) in rest or call in ("pwrite64", "copy_file_range", "fsync"):
                    found.append((call, seen[call]))
        names = [p for p in found if p[0].startswith("rename")]
        others = [p for p in found if not p[0].startswith("rename")]
        return names + others[:: max(1, len(others) // 3)]

    def killed(self, point: tuple[str, int]) -> None:
        call, number = point
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        assert self.run("-o", os.devnull, "-e", f"trace={call}", "-e", inject) in (-9, 137), point

    @property
    def options(self) -> Options:
        return Options(key=(self.root / "CONFIG" / "blankslide" / "site.key").read_bytes())


@pytest.mark.slow
def test_a_renaming_run_that_is_killed_anywhere_ends_all_clean_or_untouched(tmp_path: Path) -> None:
    deaths = Deaths(tmp_path, "in place", build_mirax)
    deaths.fresh()
    before = contents(deaths.slides)
    ends = set()
    for point in deaths.points():
        deaths.fresh()
        deaths.killed(point)
        ended = run_cli("recover", deaths.slides, env=deaths.env)
        assert ended.code == 0, (point, ended.text)
        if contents(deaths.slides) == before:
            ends.add("untouched")
            continue
        ends.add("clean")
        assert sorted(os.listdir(deaths.slides)) == ["fresh", "fresh.mrxs"], point
        check_gone(deaths.planted, deaths.slides)
        assert pipeline.verify(deaths.slides / "fresh.mrxs", deaths.options).content == "clean", point
    assert ends == {"untouched", "clean"}


@pytest.mark.slow
def test_a_copying_run_that_is_killed_anywhere_shows_nothing_or_all(tmp_path: Path) -> None:
    deaths = Deaths(tmp_path, "copy", build_mirax)
    deaths.fresh()
    before, finished = contents(deaths.slides), 0
    points = deaths.points()
    final = contents(deaths.out)
    for point in points:
        deaths.fresh()
        deaths.killed(point)
        check_gone(deaths.planted, deaths.out)
        if (deaths.out / "fresh.mrxs").exists():
            finished += 1
        else:
            outcome = anonymize_copy(deaths.main, deaths.out, deaths.options, name="fresh")
            assert outcome.content == "clean", point
        shown = {name: data for name, data in contents(deaths.out).items() if not name.startswith(".")}
        assert shown == final, point
        assert contents(deaths.slides) == before, point
    assert finished < len(points)
