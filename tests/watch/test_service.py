"""One service over one folder full of everything: what comes out, what does not, and what is said of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from blankslide.testing.own.watched import Watched, files_below
from blankslide.testing.process import START

if TYPE_CHECKING:
    from pathlib import Path

ODD = {
    "a leading dash": b"-rf.avs",
    "a line break": b"a\nb.avs",
    "no UTF-8": b"\xff\xfe.avs",
    "right to left": "\u05d0\u202e\u05d1.avs".encode(),
    "capitals": b"CASE.avs",
    "no capitals": b"case.avs",
    "as long as can be": b"x" * 251 + b".avs",
    "a space at the end": b"end .avs",
    "spaces and quotes": b"a 'b' \"c\" $(d) ;.avs",
}
TABLE = "old;new\nS24-1112;A-0001\n"


class Day(NamedTuple):
    """What there was at the end."""

    service: Watched
    status: dict[str, Any]


@pytest.fixture(scope="module")
def day(kinds: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Let a service do all of it at once."""
    service = Watched(tmp_path_factory.mktemp("day"), "--patience", "1.5")
    root, avs = service.source, (kinds["argos.avs"] / "argos.avs").read_bytes()

    def write(name: str | bytes, data: bytes) -> None:
        path = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    for name in ODD.values():
        write(name, avs)
    write("wrong/notes.svs", b"these are notes")
    write("wrong/half.avs", avs[: len(avs) // 2])
    write("wrong/" + "y" * 251 + ".svs", b"notes, too")
    write("STUDY-A/blankslide.toml", b'requester = "A"\nnames = "list.csv"\noriginals = "move"')
    write("STUDY-A/list.csv", TABLE.encode())
    write("STUDY-A/S24-1112.avs", avs)
    write("STUDY-A/S24-9999.avs", avs)
    write("STUDY-B/blankslide.toml", b'profile = "own.toml"')
    write("STUDY-B/own.toml", b'[findings]\n"picture.macro" = "keep"')
    shutil.copytree(kinds["small.ndpi"], root / "STUDY-B", dirs_exist_ok=True)
    write("broken/blankslide.toml", b"profile = ")
    write("broken/a.avs", avs)
    for name in ("@eaDir/a.avs/SYNOPHOTO_THUMB_M.jpg", "b.avs.part", "Thumbs.db", "._CASE.avs", "#recycle/c.avs"):
        write(name, avs)
    write("list.txt", b"a list")
    shutil.copytree(kinds["mirax.mrxs"], root / "sets" / "mirax")
    shutil.copytree(kinds["small.vms"], root / "sets" / "vms")
    with service.running():
        service.wait_for(lambda: len(list(service.quarantine.rglob("*.reason.txt"))) == 5, 90, "five wrong slides")
        service.wait_for(lambda: "sets/vms/small.vms" in service.copies(), 90, "the last set")
        service.wait_for(lambda: not service.status()["running"] and service.status()["waiting"], why="it rests")
        time.sleep(1.2)
        status = service.status()
    return Day(service, status)


@pytest.mark.parametrize("what", ODD)
def test_a_slide_with_an_odd_name_comes_out_under_it(day: Day, what: str) -> None:
    assert os.fsdecode(ODD[what]) in day.service.copies()


def test_sub_folders_and_sets_are_kept(day: Day) -> None:
    copies = day.service.copies()
    assert {"sets/mirax/mirax.mrxs", "sets/mirax/mirax/Slidedat.ini", "sets/vms/small.vms"} <= copies.keys()
    own = [name for name in copies if name.startswith("sets/")]
    assert sorted(own) == sorted(f"sets/{name}" for name in files_below(day.service.source / "sets"))


def test_nothing_half_is_among_the_clean_ones(day: Day) -> None:
    import blankslide

    assert not [name for name in day.service.copies() if "/." in f"/{name}"]
    found = list(blankslide.slides(day.service.out))
    assert len(found) == len(ODD) + 3


def test_each_is_recorded_once(day: Day) -> None:
    entries = day.service.entries()
    assert [entry["content"] for entry in entries] == ["clean"] * (len(ODD) + 3)
    assert len({entry["transaction"] for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wrong/notes.svs", "not a slide"),
        ("wrong/half.avs", "outside the file|ends before|damaged|cannot be read"),
        ("STUDY-A/S24-9999.avs", "no row of the table"),
        ("STUDY-B/small.ndpi", "NOT clean: kept: macro"),
    ],
)
def test_what_cannot_be_done_is_in_the_quarantine_with_its_reason(day: Day, name: str, said: str) -> None:
    import re

    assert (day.service.quarantine / name).is_file()
    assert not (day.service.source / name).exists()
    reason = (day.service.quarantine / (name + ".reason.txt")).read_text()
    assert re.search(said, reason), reason
    assert "move it back" in reason


def test_a_very_long_name_has_its_reason_too(day: Day) -> None:
    names = {path.name for path in (day.service.quarantine / "wrong").iterdir()}
    assert "y" * 251 + ".svs" in names
    assert len(names) == 6


def test_what_is_not_clean_is_not_among_the_clean_ones(day: Day) -> None:
    assert not [name for name in day.service.copies() if name.startswith("STUDY-B")]


def test_a_table_names_and_a_folder_moves_its_originals(day: Day) -> None:
    assert "STUDY-A/A-0001.avs" in day.service.copies()
    assert not (day.service.source / "STUDY-A" / "S24-1112.avs").exists()
    assert (day.service.root / "originals" / "STUDY-A" / "S24-1112.avs").is_file()
    assert (day.service.source / "CASE.avs").is_file(), "elsewhere originals stay"


def test_a_folder_whose_policy_is_wrong_waits_and_says_so(day: Day) -> None:
    assert (day.service.source / "broken" / "a.avs").is_file()
    assert any("no valid TOML" in trouble for trouble in day.status["troubles"])
    assert [item for item in day.status["waiting"] if "no valid TOML" in item["why"]]


def test_what_a_file_server_leaves_is_passed_over_and_told(day: Day) -> None:
    assert set(day.status["passed_over"]) == {"@eaDir", "*.part", "Thumbs.db", "._*", "#recycle"}
    assert not [name for name in day.service.copies() if "eaDir" in name or "recycle" in name]
    assert day.status["counts"]["other files"] >= 1
    assert (day.service.source / "list.txt").read_bytes() == b"a list"


def test_the_status_tells_what_failed_and_since_when(day: Day) -> None:
    assert day.status["counts"]["in quarantine"] == 5
    assert len(day.status["failed"]) == 5
    assert all(item["since"].endswith("Z") and item["why"] for item in day.status["failed"])


def test_neither_log_nor_health_file_has_a_name_that_may_identify(day: Day) -> None:
    texts = day.service.said() + day.service.health.read_text()
    for name in ("S24", "CASE", "A-0001", "xxxx", "STUDY", "1112", "-rf", "notes"):
        assert name not in texts, name
    assert "slide-" in texts


def test_no_traceback_and_a_good_end(day: Day) -> None:
    assert "Traceback" not in day.service.said()
    assert day.service.status()["state"] == "stopped"


def test_a_second_start_doubles_nothing(day: Day) -> None:
    before = {name: path.stat().st_mtime_ns for name, path in day.service.copies().items()}
    assert day.service.once("--sweep", "0.1") == 4, "one folder still waits for its policy"
    assert {name: path.stat().st_mtime_ns for name, path in day.service.copies().items()} == before
    assert len(day.service.entries()) == len(ODD) + 3


# -- its own process -------------------------------------------------------------------------


def status_of(service: Watched, *more: str) -> subprocess.CompletedProcess[str]:
    command = [*START, "watch", str(service.source), "--status", "--health", str(service.health), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_lets_it_finish_the_slide_in_hand(
    watched: Callable[..., Watched], kinds: dict[str, Path], number: int
) -> None:
    service = watched(quiet=0)
    for i in range(6):
        shutil.copy(kinds["argos.avs"] / "argos.avs", service.source / f"{i}.avs")
    service.start()
    service.wait_for(lambda: bool(service.status()["running"]) if service.health.exists() else False)
    begun = len(service.copies())
    assert service.stop(number) == 0
    done = [name for name in service.copies() if not name.startswith(".")]
    assert begun <= len(done) <= 4
    assert len(service.copies()) == len(done) == len(service.entries()), "nothing is half"
    assert "stopped" in service.said()


def test_status_says_whether_all_is_well(watched: Callable[..., Watched], kinds: dict[str, Path]) -> None:
    service = watched(quiet=0)
    assert status_of(service).returncode == 4
    with service.running():
        service.wait_for(service.health.exists)
        told = status_of(service)
        assert told.returncode == 0, told.stderr
        assert "watching since" in told.stdout
        assert json.loads(status_of(service, "--json").stdout)["healthy"]
        second = subprocess.run([*START, *service.arguments], capture_output=True, text=True, check=False)
        assert second.returncode == 4
        assert "another run watches" in second.stderr
    told = status_of(service)
    assert told.returncode == 4
    assert told.stdout.startswith("stopped since")
    health = json.loads(service.health.read_text()) | {"state": "watching", "at": time.time() - 1000}
    service.health.write_text(json.dumps(health))
    assert "no sign of life" in status_of(service).stdout


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("setpriv") is None, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told_and_holds_up_no_end(
    watched: Callable[..., Watched], kinds: dict[str, Path]
) -> None:
    service = watched()
    for name in ("a.avs", "Thimblewick.avs"):
        shutil.copy(kinds["argos.avs"] / "argos.avs", service.source / name)
    (service.source / "Thimblewick.avs").chmod(0)
    as_anybody = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    ended = subprocess.run(
        [*as_anybody, *START, *service.arguments, "--once"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 4, ended.stdout
    assert ended.stdout.count("waits: cannot open the slide: Permission denied") == 1
    assert "Thimblewick" not in ended.stdout
    (waiting,) = service.status()["waiting"]
    assert "Permission denied" in waiting["why"]
    assert set(service.copies()) == {"a.avs"}
    (service.source / "Thimblewick.avs").chmod(0o644)
    assert service.once() == 0
    assert set(service.copies()) > {"a.avs"}


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_waited_for(watched: Callable[..., Watched], kinds: dict[str, Path], tmp_path: Path) -> None:
    service = watched()
    service.out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(service.out)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        ballast = service.out / ".ballast"
        ballast.write_bytes(b"1" * ((2 << 20) - 4096))
        shutil.copy(kinds["argos.avs"] / "argos.avs", service.source / "a.avs")
        with service.running():
            service.wait_for(lambda: "disk" in service.said(), why="the disk is full")
            service.wait_for(lambda: bool(service.status()["waiting"]), why="the health file tells it")
            assert "disk" in service.status()["waiting"][0]["why"]
            assert (service.source / "a.avs").exists()
            ballast.unlink()
            service.wait_for(lambda: "a.avs" in service.copies(), why="there is room again")
        assert len(service.entries()) == 1
    finally:
        subprocess.run(["umount", "-l", str(service.out)], check=True)
