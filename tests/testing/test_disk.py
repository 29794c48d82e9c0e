"""The disk that forgets, the layer that records, and what holds sentences against bytes: a short look at each.

`scripts/trust storage` runs all of it, for minutes. Here are one slide, few states, and some broken protocols.
"""

from __future__ import annotations

import errno
import json
import os
import random
import re
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from blankslide.cli import main
from blankslide.samples import builders
from blankslide.testing.own.disk.broken import BREAKS, noticed
from blankslide.testing.own.disk.events import Event, Made, Moved, Synced, SyncedFolder, Tree, Wrote, tree_of
from blankslide.testing.own.disk.killed import Killing, kills
from blankslide.testing.own.disk.layer import Layer, kill, kill_half_way, refuse
from blankslide.testing.own.disk.model import KINDS, Disk, states
from blankslide.testing.own.disk.power import Recorded, Size, power_failures, recorded
from blankslide.testing.own.disk.scenes import SCENES, chosen, every_format, every_scene
from blankslide.testing.own.disk.struck import errors
from blankslide.testing.own.disk.table import Row, lines
from blankslide.testing.own.disk.truth import Trial, found_in
from blankslide.testing.own.killing import needs_strace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT, FILE = 1, 2
BEFORE = Tree(ROOT, {FILE: b"a" * 2048}, {ROOT: {"old": FILE}})


def left(events: list[Event], data: str = "lost", names: str = "lost") -> dict[str, bytes]:
    disk = Disk(BEFORE)
    for event in events:
        disk.do(event)
    return disk.failing(data, names, random.Random(3)).contents()


# -- the disk that forgets ---------------------------------------------------------------


def test_what_was_not_synced_may_be_lost_or_not() -> None:
    wrote = Wrote(FILE, 0, b"b" * 2048)
    assert left([wrote]) == {"old": b"a" * 2048}
    assert left([wrote], "kept") == {"old": b"b" * 2048}
    assert left([wrote, Synced(FILE)]) == {"old": b"b" * 2048}


def test_sectors_are_whole_and_arrive_by_themselves() -> None:
    found = left([Wrote(FILE, 0, b"b" * 2048)], "torn")["old"]
    sectors = {found[at : at + 512] for at in range(0, 2048, 512)}
    assert sectors == {b"a" * 512, b"b" * 512}


def test_a_name_is_sure_only_when_its_folder_was_synced() -> None:
    moved = Moved(((ROOT, "old"),), ((ROOT, "new", FILE),))
    assert [*left([moved])] == ["old"]
    assert [*left([moved, Synced(FILE)])] == ["old"]
    assert [*left([moved, SyncedFolder(ROOT)])] == ["new"]


def test_what_is_in_a_new_folder_is_lost_with_it() -> None:
    made = [Made(5, True), Moved((), ((ROOT, "folder", 5),)), Made(6, False), Moved((), ((5, "file", 6),))]
    assert [*left([*made, SyncedFolder(5), Synced(6)])] == ["old"]
    assert [*left([*made, SyncedFolder(5), SyncedFolder(ROOT)])] == ["folder/file", "old"]


def test_the_later_of_two_changes_of_a_name_brings_the_earlier_with_it() -> None:
    made = [Made(5, False), Moved((), ((ROOT, "draft", 5),)), Made(6, True), Moved((), ((ROOT, "folder", 6),))]
    moved = Moved(((ROOT, "draft"),), ((6, "file", 5),))
    found = left([*made, moved, SyncedFolder(6)])
    assert "draft" not in found


def test_each_state_comes_once_and_all_kinds_come() -> None:
    events = [Wrote(FILE, 512 * i, bytes([i]) * 512) for i in range(4)]
    found = list(states(BEFORE, events, seed=1, most=40))
    assert len({state.digest({}) for state in found}) == len(found) > 12
    assert {state.kinds[0] for state in found} >= set(KINDS) - {"cut short", "length only"}


# -- the layer ---------------------------------------------------------------------------


def test_what_was_recorded_leads_to_what_is_there(tmp_path: Path) -> None:
    before, layer = tree_of(str(tmp_path)), Layer(str(tmp_path))
    with layer.between():
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "text").write_text("one")
        with (tmp_path / "folder" / "text").open("r+b") as file:
            file.seek(1)
            file.write(b"NE")
        (tmp_path / "folder" / "text").rename(tmp_path / "name")
        (tmp_path / "folder").rmdir()
        with (tmp_path / "name").open("a") as file:
            file.write(" and two")
    disk = Disk(before)
    for event in layer.events:
        disk.do(event)
    assert disk.failing("kept", "kept", random.Random()).contents() == {"name": b"oNE and two"}
    assert (tmp_path / "name").read_bytes() == b"oNE and two"


def test_a_call_fails_once_or_for_good_or_half_way(tmp_path: Path) -> None:
    for sticky, partly, expected in ((False, False, b"two"), (True, False, b""), (False, True, b"otwo")):
        path = tmp_path / f"{sticky} {partly}"
        with Layer(str(tmp_path), refuse(2, errno.ENOSPC, sticky=sticky, partly=partly)).between():
            fd = os.open(path, os.O_CREAT | os.O_WRONLY)
            for text in (b"one", b"two"):
                with suppress(OSError):
                    os.write(fd, text)
            os.close(fd)
        assert path.read_bytes() == expected


PROGRAM = """
import json, sys
from blankslide.cli import main
from blankslide.testing.own.disk.power import recorded
from blankslide.testing.own.disk.scenes import chosen
with recorded(*chosen(sys.argv[1]), main) as run:
    open(sys.argv[2], "w").write(json.dumps([[c.name, c.where] for c in run.calls]))
"""
_CHANGES = (
    "write pwrite64 writev pwritev pwritev2 copy_file_range sendfile splice fallocate ftruncate truncate fsync "
    "fdatasync sync_file_range rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat link linkat symlink "
    "symlinkat"
).split()


@pytest.mark.slow
@pytest.mark.parametrize("title", ["svslide, in place"])
def test_strace_sees_no_change_of_the_disk_that_the_layer_does_not(tmp_path: Path, title: str) -> None:
    needs_strace()
    log, calls = tmp_path / "log", tmp_path / "calls"
    trace = ("strace", "-f", "-qq", "-y", "-o", str(log), "-e", "trace=" + ",".join(f"?{c}" for c in _CHANGES))
    subprocess.run([*trace, sys.executable, "-c", PROGRAM, title, str(calls)], check=True)
    ours = [(name, where) for name, where in json.loads(calls.read_text()) if name != "open"]
    seen = [*_seen(log.read_text("utf-8", "replace"), "/root")]
    assert seen[-len(ours) :] == [(name.removesuffix("at2"), where) for name, where in ours]


def _seen(log: str, below: str) -> Iterator[tuple[str, str]]:
    """Yield calls on files below a stage's folder, by name of call and file, without those that failed.

    Python tries to make a folder before those above it, so that failure counts. `rmtree` names by descriptor.
    """
    for line in log.splitlines():
        match = re.match(r"\d+ +(\w+)\((.*)\) += (.*)", line)
        if match is None or below not in match[2] or re.match(r"unlinkat\(\d", match[0].split(None, 1)[1]):
            continue
        failed = match[3].startswith("-1") and not (match[1].startswith("mkdir") and "ENOENT" in match[3])
        paths = re.findall(r'[<"](/[^>"]*/root(?:/[^>"]*)?)[>"]', match[2])
        if paths and not failed:
            yield match[1].removesuffix("at").removesuffix("at2"), os.path.basename(paths[-1])


# -- a slide, few states -----------------------------------------------------------------


@pytest.fixture(scope="module")
def run() -> Iterator[Recorded]:
    with recorded(*chosen("vms, in place"), main) as found:
        yield found


def check(rows: Iterator[Row], least: int) -> None:
    found = list(rows)
    assert sum(row.runs for row in found) >= least
    assert [*lines(found)][1:][:-1] == [line for line in [*lines(found)][1:-1] if not line.startswith("    ")]
    assert not any(row.is_bad for row in found)
    assert sum(row.recovered for row in found) >= 3


def test_power_failures_leave_nothing_half_done_and_nothing_untrue_said(run: Recorded) -> None:
    check(power_failures(run, Size(4, 1, 2)), 45)


def test_kills_leave_nothing_half_done(run: Recorded) -> None:
    check(kills(run, 9), 8)


def test_a_kill_half_way_through_a_write_and_one_at_any_moment(run: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    killing = Killing(run, "kill")
    write = next(call for call in run.calls if call.name == "pwrite64" and call.where == "s.vms")
    killing.strike(run.asks, run.stage.before, kill_half_way(write.number), "half of a write")
    assert (killing.row.recovered, len(killing.waiting)) == (1, 1)
    killing.strike(run.asks, run.stage.before, kill(write.number), "right before it")
    killing.at_any_moment(0)
    assert killing.row.runs == 3
    monkeypatch.setattr(os, "kill", lambda child, number: os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT))
    killing.at_any_moment(0)  # the blow comes when it has ended
    assert killing.row.runs == 3
    assert not killing.row.is_bad


def test_a_run_that_does_not_end_is_ended(tmp_path: Path) -> None:
    """As one would that begins an interrupted call anew while every call is interrupted: Python does."""
    layer = Layer(str(tmp_path), refuse(2, errno.EINTR, sticky=True))
    with layer.between(), pytest.raises(AssertionError, match="does not end"), open(tmp_path / "new", "w") as file:
        file.write("text")


def test_errors_leave_nothing_half_done_and_nothing_untrue_said(run: Recorded) -> None:
    check(errors(run, 37), 20)


def test_an_empty_folder_of_ours_is_seen(tmp_path: Path) -> None:
    (tmp_path / "out" / ".blankslide-1.copies").mkdir(parents=True)
    (tmp_path / "out" / "whose").mkdir()
    assert found_in(tree_of(str(tmp_path))).own == ("out/.blankslide-1.copies",)


# -- who checks is checked ---------------------------------------------------------------


def test_scenes_are_of_five_formats_at_least() -> None:
    assert len({scene.format for scene in SCENES}) >= 5
    assert {scene.title for scene in SCENES} < {scene.title for scene in every_format()}
    assert {f"{name}, in place" for name in builders()} < {scene.title for scene in every_scene()}
    assert {scene.mode for scene in SCENES} == {"in place", "renamed", "copy"}


@pytest.mark.parametrize("one", BREAKS[1:4:2], ids=lambda one: one.name)
def test_a_broken_protocol_is_noticed(one: object) -> None:
    assert noticed(one, main)  # type: ignore[arg-type]


def test_each_untrue_claim_is_noticed(run: Recorded) -> None:
    from blankslide.testing.own.disk.stage import Ran

    before = found_in(run.stage.before)
    pending = before._replace(hot=True, own=("slides/.blankslide-1",))
    done = run.known.after
    for was, now, code, said in (
        (before, done, 4, "s.vms · cannot write: Input/output error · nothing was changed"),
        (before, before, 5, "s.vms · the slide is interrupted, nothing is lost · run: blankslide recover"),
        (before, pending, 0, "s.vms · clean – checked by OpenSlide, tissue unchanged · 9 ms"),
        (before, before, 0, "s.vms · clean – checked by OpenSlide, tissue unchanged · 9 ms"),
        (before, done, 0, "s.vms · nothing was changed"),
        (before, before, 4, "s.vms · cannot write: the disk is full · nothing was changed"),
        (before, before, 4, ""),
        (before, before, 70, "s.vms · an internal error · nothing was changed"),
    ):
        assert [*Trial(run.known, was, now, Ran(code, said, ""), errno.EIO).untrue()], said
    for was, now, code, said in (
        (before, before, 4, "s.vms · cannot write: Input/output error · nothing was changed"),
        (pending, pending, 5, "s.vms · the slide is interrupted, nothing is lost · run: blankslide recover"),
        (pending, done, 0, "s.vms · clean – checked by OpenSlide, tissue unchanged · 9 ms"),
    ):
        assert not [*Trial(run.known, was, now, Ran(code, said, ""), errno.EIO).untrue()], said
