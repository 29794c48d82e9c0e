"""Issue 2, Must show 5: a run in place that is killed before every single change of the disk.

A first run under strace lists the calls that change files, folders or names. Then the run is
repeated, with a fresh slide and a fresh home, and killed by SIGKILL right before the n-th
call of a kind, for every n; the state before one call is the state after the one before it.
After each: a waiting journal makes `verify` say 5; `recover` ends in untouched or clean; no
dot-file stays; one more run is clean; the ledger knows every transaction once.

Real deaths of real processes on a real file; what comes after a death runs in the tests' own process,
because forty times four starts of Python would prove nothing more. The slide is small.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from blankslide.testing.built import build_aperio
from blankslide.testing.judge import Before, judge
from blankslide.testing.own.killing import needs_strace
from blankslide.testing.process import Ended, run_cli

if TYPE_CHECKING:
    from pathlib import Path

CALLS = {
    "bytes": ("write", "writev", "pwrite64", "pwritev", "pwritev2", "copy_file_range", "sendfile"),
    "lengths": ("fallocate", "ftruncate", "truncate"),
    "syncs": ("fsync", "fdatasync", "sync_file_range"),
    "names": ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"),
    "links and modes": (
        *("link", "linkat", "symlink", "symlinkat", "chmod", "fchmod", "fchmodat", "utimensat"),
        *("mknod", "mknodat", "setxattr", "fsetxattr"),
    ),
    "openings": ("open", "openat", "openat2", "creat"),
}
"""All calls by which files can be changed; of the openings only those that may create."""

_LINE = re.compile(r"(\d+) +(\w+)\((.*)")
_CREATES = re.compile(r"O_CREAT|O_TRUNC")


class Point(NamedTuple):
    """The n-th call of a kind."""

    call: str
    number: int


class World:
    """A slide in a folder of its own, a home, and what the slide was."""

    def __init__(self, root: Path, run_here: Callable[..., Ended]) -> None:
        self.root, self.run_here = root, run_here
        self.folder = root / "slides"
        self.slide = self.folder / "slide.svs"
        original = root / "original.svs"
        key = build_aperio(original, size=(512, 384), factors=(1, 2, 4), macro_size=(400, 140))
        self.before = Before.of(original, key)

    def fresh(self) -> None:
        """Begin anew: the untouched slide alone in its folder, and an empty home."""
        for part in (self.folder, self.root / "home"):
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
        self.slide.write_bytes(self.before.data)

    def run(self, *arguments: str, before: tuple[str, ...] = ()) -> Ended:
        home = str(self.root / "home")
        env = {"HOME": home, "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"}
        if before:
            return run_cli(*arguments, self.slide, before=before, env=env)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in env.items():
                patch.setenv(name, value)
            return self.run_here(*arguments, self.slide)

    def killed(self, point: Point, *arguments: str) -> int:
        """Run until right before one call; return the exit code."""
        trace = f"inject={point.call}:signal=SIGKILL:when={point.number}"
        strace = ("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={point.call}", "-e", trace)
        return self.run(*arguments, before=strace).code

    def traced(self, *arguments: str) -> list[Point]:
        """Run to the end and list every call that changes a disk."""
        log, names = self.root / "trace", ",".join(name for group in CALLS.values() for name in group)
        ended = self.run(*arguments, before=("strace", "-f", "-qq", "-o", str(log), "-e", f"trace={names}"))
        assert ended.code == 0
        return list(_points(log.read_text("utf-8", "replace")))

    def journals(self) -> list[str]:
        return [p.name for p in self.folder.iterdir() if p.name.startswith(".blankslide-") and p.suffix != ".tmp"]

    def ledger(self) -> list[str]:
        """Transactions of the ledger; every line is whole."""
        path = self.root / "home/state/blankslide/ledger.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [e["entry"]["transaction"] for e in map(json.loads, lines) if "transaction" in e["entry"]]


def _points(log: str) -> Iterator[Point]:
    calls = [m.groups() for m in map(_LINE.match, log.splitlines()) if m]
    main = calls[0][0]
    seen: Counter[str] = Counter()
    for thread, call, rest in calls:
        looks = call in CALLS["openings"] and not _CREATES.search(rest)
        assert thread == main or looks, f"a second thread uses {call}"
        seen[call] += thread == main
        prints = call == "write" and rest.startswith(("1,", "2,"))
        if not looks and not prints and " = -1 E" not in rest:
            yield Point(call, seen[call])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, run_here: Callable[..., Ended]) -> World:
    needs_strace()
    return World(tmp_path_factory.mktemp("killed"), run_here)


@pytest.fixture(scope="module")
def points(world: World) -> list[Point]:
    world.fresh()
    world.run("anonymize", "--in-place")  # compiles what is not compiled yet, so that all runs open the same files
    world.fresh()
    return world.traced("anonymize", "--in-place")


def check_aftermath(world: World, point: Point) -> str:
    """Look at the slide after a death; return what it was found to be."""
    journals = world.journals()
    if journals:
        assert world.run("verify").code == 5, point
    else:
        untouched = world.slide.read_bytes() == world.before.data
        assert untouched or judge(world.before, world.slide) == [], point
    recovered = world.run("recover")
    assert recovered.code == 0, (point, recovered.text)
    untouched = world.slide.read_bytes() == world.before.data
    assert untouched or judge(world.before, world.slide) == [], point
    assert not (journals and untouched), point
    assert os.listdir(world.folder) == ["slide.svs"], point
    check_run_after(world, point)
    return "pending" if journals else "untouched" if untouched else "clean"


def check_run_after(world: World, point: Point) -> None:
    again = world.run("anonymize", "--in-place")
    assert again.code == 0, (point, again.text)
    assert "clean –" in again.out, point
    assert judge(world.before, world.slide) == [], point
    assert os.listdir(world.folder) == ["slide.svs"], point
    transactions = world.ledger()
    assert len(transactions) == len(set(transactions)) == 1, point


def test_the_run_makes_the_calls_that_are_expected(points: list[Point]) -> None:
    kinds = Counter(p.call for p in points)
    assert kinds["pwrite64"] >= 8
    assert kinds["fsync"] >= 6
    assert kinds["rename"] >= 2
    assert kinds["unlink"] >= 1
    assert kinds["openat"] >= 3


@pytest.mark.slow
@pytest.mark.parametrize("group", CALLS)
def test_killed_before_every_call(world: World, points: list[Point], group: str) -> None:
    states = set()
    for point in (p for p in points if p.call in CALLS[group]):
        world.fresh()
        assert world.killed(point, "anonymize", "--in-place") == -9, f"{point} was not reached"
        states.add(check_aftermath(world, point))
    if group == "bytes":
        assert states == {"untouched", "pending", "clean"}


@pytest.mark.slow
@pytest.mark.parametrize("call", ["pwrite64", "rename"])
def test_recovery_is_killed_too(world: World, points: list[Point], call: str) -> None:
    third = [p for p in points if p.call == "pwrite64"][2]
    world.fresh()
    assert world.killed(third, "anonymize", "--in-place") == -9
    for number in (1, 3):
        code = world.killed(Point(call, number), "recover")
        assert code in (-9, 0), "a run dies, or ends before that call"
    check_aftermath(world, Point(call, 1))


@pytest.mark.slow
def test_a_plain_run_finishes_what_was_begun(world: World, points: list[Point]) -> None:
    third = [p for p in points if p.call == "pwrite64"][2]
    world.fresh()
    assert world.killed(third, "anonymize", "--in-place") == -9
    assert world.journals()
    assert world.run("inspect").code == 5
    assert world.run("anonymize", "--in-place", "--dry-run").code == 5
    check_run_after(world, third)
