"""Slides of several files as storage copies and renames them: all or nothing, whenever the run dies.

Three layouts: files side by side (Hamamatsu), a file and a folder of its name (MRXS), and a copy in
a folder of its own (DICOM). The killed runs are real processes under strace.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, InternalError, NoSpace, SlideLocked
from blankslide.model import Patch
from blankslide.storage.copies.file import Copy
from blankslide.storage.copies.shifts import Shift
from blankslide.storage.copies.slide_set import SetCopy, sweep, temp_folder, top_names
from blankslide.storage.copies.volume import DiskCopyVolume
from blankslide.storage.journal import find
from blankslide.storage.pending import awaited
from blankslide.storage.renames import Rename
from blankslide.storage.slide_files import open_slide
from blankslide.storage.transaction import Transaction, discard_leftover, resume
from blankslide.testing.own.disk.events import Moved, tree_of
from blankslide.testing.own.disk.layer import Layer
from blankslide.testing.own.disk.model import Disk
from blankslide.testing.own.set_world import AFTER, DATA, LAYOUTS, PATCHES, World, contents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=LAYOUTS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(tmp_path, LAYOUTS[request.param])


@pytest.fixture
def boxed(tmp_path: Path) -> World:
    return World(tmp_path, LAYOUTS["file and folder"])


# -- copies ------------------------------------------------------------------------------


def test_the_copy_holds_every_file_and_nothing_else(world: World) -> None:
    before = contents(world.slides)
    world.copied()
    assert contents(world.out) == world.final()
    assert contents(world.slides) == before


def test_members_appear_first_and_the_main_file_last() -> None:
    assert top_names(["s.vms", "a.dat", "b.dat"]) == ["a.dat", "b.dat", "s.vms"]
    assert top_names(["n.mrxs", "n/a.dat", "n/b.dat"]) == ["n", "n.mrxs"]
    assert top_names(["n/1.dcm", "n/2.dcm"]) == ["n"]


class Failing(DiskCopyVolume):
    """Fails at the n-th change, half-way through it where there is a half."""

    def __init__(self, when: int, folder: Path) -> None:
        super().__init__()
        self.left, self.folder = when, folder
        self.seen: dict[str, bytes] = {}

    def _strike(self, half: Callable[[], object] = lambda: None) -> None:
        self.left -= 1
        if self.left == 0:
            half()
            self.seen = contents(self.folder)
            raise NoSpace("cannot write: the disk is full")

    def create_copy(self, folder: str, name: str) -> int:
        self._strike()
        return super().create_copy(folder, name)

    def make_folder(self, folder: str, name: str) -> bool:
        self._strike()
        return super().make_folder(folder, name)

    def take_range(self, source: int, target: int, start: int, end: int, by: int = 0) -> int:
        self._strike(lambda: super(Failing, self).take_range(source, target, start, (start + end) // 2))
        return super().take_range(source, target, start, end)

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        self._strike(lambda: super(Failing, self).write_at(fd, data[: len(data) // 2], offset))
        super().write_at(fd, data, offset)

    def sync(self, fd: int) -> None:
        self._strike()
        super().sync(fd)

    def sync_dir(self, folder: str) -> None:
        self._strike()
        super().sync_dir(folder)

    def move(self, folder: str, old: str, target: str, new: str) -> None:
        self._strike()
        super().move(folder, old, target, new)


def test_whatever_call_fails_no_removed_byte_was_there_and_nothing_stays(world: World) -> None:
    failures, final = 0, {name.rpartition("/")[2]: data for name, data in world.final().items()}
    for when in range(1, 100):
        world.fresh()
        volume = Failing(when, world.out)
        try:
            world.copied(volume)
        except NoSpace:
            failures += 1
            with world.opened() as slide:
                sweep(slide, str(world.out))  # the first two calls fail before there is a copy to discard
            assert contents(world.out) == {}, when
            assert os.listdir(world.out) == [], when
            for name, data in volume.seen.items():
                want = final.get(name.rpartition("/")[2], data)
                assert all(now in (0, then) for now, then in zip(data, want, strict=False)), (when, name)
            continue
        break
    assert failures >= 18
    assert contents(world.out) == world.final()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_name_that_is_taken_meanwhile_lets_nothing_appear(tmp_path: Path, at: int) -> None:
    world = World(tmp_path, LAYOUTS["side by side"])
    with world.opened() as slide:
        copy = SetCopy.begin(slide, str(world.out), world.layout.copy)
        copy.write(slide, PATCHES)
        (world.out / world.layout.copy[at]).write_bytes(b"somebody's")
        with pytest.raises(EnvironmentProblem, match="already has a file of this name"):
            copy.publish()
        copy.discard()
    assert contents(world.out) == {world.layout.copy[at]: b"somebody's"}
    assert os.listdir(world.out) == [world.layout.copy[at]]


def _dies_before_the_main_file(world: World) -> None:
    """Leave what a run leaves that is killed when only the main file has still to appear."""

    class Dying(DiskCopyVolume):
        def move(self, folder: str, old: str, target: str, new: str) -> None:
            if new == top_names(world.layout.copy)[-1]:
                raise NoSpace("killed")
            super().move(folder, old, target, new)

    with world.opened() as slide:
        copy = SetCopy.begin(slide, str(world.out), world.layout.copy, Dying())
        copy.write(slide, PATCHES)
        with pytest.raises(NoSpace):
            copy.publish()
        os.close(copy._fd)  # a dead process holds no lock


def test_what_a_dead_run_had_let_appear_is_taken_back(world: World) -> None:
    _dies_before_the_main_file(world)
    with world.opened() as slide:
        sweep(slide, str(world.out))
    assert os.listdir(world.out) == []
    world.copied()
    assert contents(world.out) == world.final()


def test_a_strangers_file_under_such_a_name_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path, LAYOUTS["side by side"])
    _dies_before_the_main_file(world)
    (world.out / "a.dat").unlink()
    (world.out / "a.dat").write_bytes(b"somebody's")  # often under the same inode
    with world.opened() as slide:
        sweep(slide, str(world.out))
    assert contents(world.out) == {"a.dat": b"somebody's"}


def test_a_folder_to_which_somebody_added_a_file_is_left_alone(boxed: World) -> None:
    _dies_before_the_main_file(boxed)
    (boxed.out / "new" / "notes.txt").write_bytes(b"somebody's")
    with boxed.opened() as slide:
        sweep(slide, str(boxed.out))
    assert contents(boxed.out)["new/notes.txt"] == b"somebody's"
    assert os.listdir(boxed.out) == ["new"]


def test_a_finished_copy_is_not_taken_back(world: World) -> None:
    class Dying(DiskCopyVolume):
        def unlink(self, folder: str, name: str) -> None:
            raise NoSpace("killed")

    world.copied(Dying())
    assert len(os.listdir(world.out)) > len(top_names(world.layout.copy)), "the dot-folder is still there"
    with world.opened() as slide:
        sweep(slide, str(world.out))
    assert contents(world.out) == world.final()
    assert not [n for n in os.listdir(world.out) if n.startswith(".")]


def test_a_copy_whose_list_a_power_failure_has_lost_is_removed(world: World) -> None:
    with world.opened() as slide:
        copy = SetCopy.begin(slide, str(world.out), world.layout.copy)
        copy.write(slide, PATCHES)
        (world.out / temp_folder(slide) / ".blankslide-set").unlink()
    world.copied()
    assert contents(world.out) == world.final()


def test_before_anything_appears_its_list_is_durable(world: World) -> None:
    disk, layer = Disk(tree_of(str(world.out))), Layer(str(world.out))
    with layer.between():
        world.copied()
    first = next(i for i, event in enumerate(layer.events) if isinstance(event, Moved) and event.gone)
    for event in layer.events[:first]:
        disk.do(event)
    with world.opened() as slide:
        assert f"{temp_folder(slide)}/.blankslide-set" in disk.failing("lost", "lost", random.Random(1)).contents()


def test_a_dot_folder_that_cannot_be_removed_is_told_of_and_goes_next_time(world: World) -> None:
    class Stuck(DiskCopyVolume):
        def unlink(self, folder: str, name: str) -> None:
            raise EnvironmentProblem("cannot remove a file")

    with world.opened() as slide:
        copy = SetCopy.begin(slide, str(world.out), world.layout.copy, Stuck())
        copy.write(slide, PATCHES)
        copy.publish()
        assert copy.leftover
        sweep(slide, str(world.out))
    assert contents(world.out) == world.final()


def test_a_copy_that_cannot_be_begun_leaves_no_folder(world: World) -> None:
    class Full(DiskCopyVolume):
        def create_copy(self, folder: str, name: str) -> int:
            raise NoSpace("cannot create the copy: the disk is full")

    with world.opened() as slide, pytest.raises(NoSpace):
        SetCopy.begin(slide, str(world.out), world.layout.copy, Full())
    assert os.listdir(world.out) == []


def test_a_living_run_is_not_disturbed(world: World) -> None:
    pytest.importorskip("fcntl")
    with world.opened() as slide:
        copy = SetCopy.begin(slide, str(world.out), world.layout.copy)
        for disturb in (lambda: sweep(slide, str(world.out)), lambda: world.copied()):
            with pytest.raises(SlideLocked):
                disturb()
        copy.write(slide, PATCHES)
        copy.publish()
    assert contents(world.out) == world.final()


def test_a_list_that_leads_elsewhere_is_not_followed(boxed: World) -> None:
    precious = boxed.out / "precious"
    precious.write_bytes(b"keep me")
    with boxed.opened() as slide:
        home = boxed.out / temp_folder(slide)
        home.mkdir()
        state = boxed.main.stat()
        (home / ".blankslide-set").write_text(
            f'{{"names": ["../slides/s.mrxs"], "moves": [["../slides/s.mrxs", {state.st_ino}, {state.st_mtime_ns}]]}}'
        )
        with pytest.raises(InternalError):
            sweep(slide, str(boxed.out))
    assert precious.read_bytes() == b"keep me"
    assert boxed.main.read_bytes() == DATA["main"]


# -- a header that grows -----------------------------------------------------------------


def test_what_follows_a_longer_or_shorter_patch_moves(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(50_000)
    path = tmp_path / "s.dcm"
    path.write_bytes(data)
    patches = [
        Patch(0, 100, 10, b"L" * 300),
        Patch(0, 9000, 500, b"s"),
        Patch(0, 20_000, 100, None),
        Patch(0, 0, 5, b""),
    ]
    want = data[5:100] + b"L" * 300 + data[110:9000] + b"s" + data[9500:20_000] + bytes(100) + data[20_100:]
    with open_slide(path) as slide:
        copy = Copy.begin(slide.files[0], str(tmp_path), ".dcm")
        copy.write(slide.files[0], patches)
        copy.publish("new.dcm")
    assert (tmp_path / "new.dcm").read_bytes() == want
    shift = Shift(patches)
    assert shift.total == len(want) - len(data)
    assert shift.spans([(40_000, 40_010), (20, 30)]) == [
        (want.index(data[40_000:40_010]), want.index(data[40_000:40_010]) + 10),
        (15, 25),
    ]


def test_in_place_no_length_changes(tmp_path: Path) -> None:
    path = tmp_path / "s.dcm"
    path.write_bytes(bytes(9000))
    with open_slide(path, write=True) as slide, pytest.raises(InternalError, match="another length"):
        Transaction.begin(slide, [Patch(0, 100, 10, b"L" * 11)], profile="p", format="f")


# -- new names in place ------------------------------------------------------------------

RENAMES = {
    "file and folder": (Rename("s", "new"), Rename("s.mrxs", "new.mrxs")),
    "own folder": (Rename("a.dat", "new-2.dcm"), Rename("b.dat", "new-3.dcm"), Rename("1.dcm", "new-1.dcm")),
}


def _finish(world: World, last: Rename) -> str:
    """Do what `recover` does, wherever the main file is; return ``waiting`` or ``nothing``."""
    main = next(p for p in (world.main, world.slides / str(last.new)) if p.exists())
    with open_slide(main, write=True) as slide:
        waiting = find(main)
        if waiting is None:
            discard_leftover(main)
            return "nothing"
        transaction = resume(slide, waiting)
        transaction.write()
        transaction.give_names()
        transaction.finish()
    return "waiting"


def test_a_set_is_renamed_half_way_and_found_by_all_its_parts(boxed: World) -> None:
    renames = RENAMES["file and folder"]
    with boxed.opened(write=True) as slide:
        transaction = Transaction.begin(slide, PATCHES, profile="p", format="f", renames=renames)
        transaction.commit()
    (boxed.slides / "s").rename(boxed.slides / "new")
    inodes = [p.stat().st_ino for p in (boxed.main, boxed.slides / "new" / "a.dat", boxed.slides / "new")]
    assert {awaited(str(boxed.slides), inode) for inode in inodes} == {str(boxed.main)}
    assert awaited(str(boxed.slides), 1) is None
    assert _finish(boxed, renames[-1]) == "waiting"
    assert contents(boxed.slides) == {
        "new.mrxs": AFTER["main"], "new/a.dat": AFTER["a.dat"], "new/b.dat": AFTER["b.dat"]
    }  # fmt: skip


def test_the_main_file_may_have_moved_first(boxed: World) -> None:
    """A power failure can keep the later renaming and lose the earlier one."""
    renames = RENAMES["file and folder"]
    with boxed.opened(write=True) as slide:
        Transaction.begin(slide, PATCHES, profile="p", format="f", renames=renames).commit()
    boxed.main.rename(boxed.slides / "new.mrxs")
    assert _finish(boxed, renames[-1]) == "waiting"
    assert sorted(contents(boxed.slides)) == ["new.mrxs", "new/a.dat", "new/b.dat"]


# -- killed ------------------------------------------------------------------------------

CALLS = (
    "pwrite64 copy_file_range ftruncate fsync fallocate rename renameat renameat2 unlink unlinkat mkdir rmdir".split()
)
COPIES = """
import sys
from ast import literal_eval
from blankslide.model import Patch
from blankslide.storage.copies.slide_set import SetCopy
from blankslide.storage.slide_files import open_slide

with open_slide(sys.argv[1]) as slide:
    [slide.open(n) for n in ("a.dat", "b.dat")]
    copy = SetCopy.begin(slide, sys.argv[2], literal_eval(sys.argv[3]))
    copy.write(slide, [Patch(*p) for p in literal_eval(sys.argv[4])])
    copy.publish()
"""
RENAMING = """
import sys
from ast import literal_eval
from blankslide.model import Patch
from blankslide.storage.slide_files import open_slide
from blankslide.storage.renames import Rename
from blankslide.storage.transaction import Transaction

with open_slide(sys.argv[1], write=True) as slide:
    [slide.open(n) for n in ("a.dat", "b.dat")]
    renames = [Rename(*r) for r in literal_eval(sys.argv[3])]
    patches = [Patch(*p) for p in literal_eval(sys.argv[4])]
    transaction = Transaction.begin(slide, patches, profile="p", format="f", renames=renames)
    transaction.commit()
    transaction.write()
    transaction.finish()
"""


def _run(world: World, program: str, names: object, *options: str) -> int:
    arguments = [str(world.main), str(world.out), repr(names), repr([tuple(p) for p in PATCHES])]
    return subprocess.run(
        ["strace", "-f", "-qq", *options, sys.executable, "-B", "-S", "-c", program, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        check=False,
    ).returncode


def _points(world: World, program: str, names: object, log: Path) -> list[tuple[str, int]]:
    """List every call by which an undisturbed run changes the disk."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if _run(world, program, names, "-o", str(log), "-e", "trace=" + ",".join("?" + c for c in CALLS)):
        pytest.skip("strace may not trace here")
    lines = [line.partition(" ")[2].lstrip().partition("(")[0] for line in log.read_text().splitlines()]
    return [(call, n + 1) for call in CALLS for n in range(lines.count(call))]


def _killed(world: World, program: str, names: object, point: tuple[str, int]) -> None:
    call, number = point
    inject = f"-o {os.devnull} -e trace={call} -e inject={call}:signal=SIGKILL:when={number}"
    if (code := _run(world, program, names, *inject.split())) == 0:
        pytest.skip("strace cannot inject signals here")
    assert code in (-9, 137), point


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_copy_killed_before_any_change_shows_nothing_or_all_of_itself(tmp_path: Path, layout: str) -> None:
    world = World(tmp_path, LAYOUTS[layout])
    points = _points(world, COPIES, world.layout.copy, tmp_path / "log")
    final = {name.rpartition("/")[2]: data for name, data in world.final().items()}
    assert len(points) >= 22
    finished = 0
    for point in points:
        world.fresh()
        _killed(world, COPIES, world.layout.copy, point)
        for name, data in contents(world.out).items():
            want = final.get(name.rpartition("/")[2], data)
            assert all(now in (0, then) for now, then in zip(data, want, strict=False)), (point, name)
        shown = (world.out / world.layout.copy[0]).exists()
        finished += shown
        if shown:
            assert world.final().items() <= contents(world.out).items(), point
        with world.opened() as slide:
            sweep(slide, str(world.out))
        assert contents(world.out) == (world.final() if shown else {}), point
        assert [n for n in os.listdir(world.out) if n.startswith(".")] == [], point
    assert 1 <= finished <= 5


@pytest.mark.slow
@pytest.mark.parametrize("layout", RENAMES)
def test_a_renaming_killed_before_any_change_is_finished_or_never_begun(tmp_path: Path, layout: str) -> None:
    world = World(tmp_path, LAYOUTS[layout])
    renames = RENAMES[layout]
    points = _points(world, RENAMING, names := [tuple(r) for r in renames], tmp_path / "log")
    after = contents(world.slides)
    assert sorted(after.values()) == sorted(AFTER.values())
    world.fresh()
    before, seen = contents(world.slides), set()
    for point in points:
        world.fresh()
        _killed(world, RENAMING, names, point)
        seen.add(_finish(world, renames[-1]))
        assert contents(world.slides) in (before, after), point
    assert seen == {"waiting", "nothing"}
