"""The ledger keeps every line and shows every change to one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blankslide.errors import EnvironmentProblem, InternalError, NoPermission, NoSpace, UsageError
from blankslide.records import chain, shared_file
from blankslide.records import ledger as module
from blankslide.records.ledger import Head, Ledger
from blankslide.records.opening import open_ledger

ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def fill(path: Path, count: int) -> Ledger:
    ledger = Ledger(path)
    for number in range(count):
        assert ledger.append({"transaction": f"t{number}", "outcome": "clean"}) == number + 1
    return ledger


# -- choosing --------------------------------------------------------------------------


def test_the_default_lies_in_the_state_folder(home: Path) -> None:
    ledger = open_ledger(None)
    assert ledger is not None
    ledger.ready()
    assert (home / ".local/state/blankslide/ledger.jsonl").is_file() or sys.platform != "linux"


def test_none_is_no_ledger() -> None:
    assert open_ledger("none") is None


@pytest.mark.parametrize("url", ["sqlite:x.db", "mysql://u:hidden@h/d", "x.csv", "", "http://a/b.jsonl"])
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_ledger(url)
    assert "hidden" not in caught.value.sentence()
    assert ".jsonl" in caught.value.sentence()


def test_ready_makes_the_file_and_writes_nothing(path: Path) -> None:
    Ledger(path).ready()
    assert path.read_bytes() == b""
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_ready_refuses_what_cannot_hold_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="folder does not exist"):
        Ledger(tmp_path / "absent" / "x.jsonl").ready()
    with pytest.raises(EnvironmentProblem):
        Ledger(tmp_path).ready()
    other = tmp_path / "notes.jsonl"
    other.write_text('{"mine": 1}\n')
    with pytest.raises(EnvironmentProblem, match="something else"):
        Ledger(other).ready()
    assert other.read_text() == '{"mine": 1}\n'


@pytest.mark.skipif(ROOT_USER or os.name != "posix", reason="root may write anywhere")
def test_ready_refuses_a_read_only_ledger(path: Path) -> None:
    path.touch(0o400)
    with pytest.raises(NoPermission):
        Ledger(path).ready()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (errno.EACCES, NoPermission),
        (errno.EROFS, NoPermission),
        (errno.ENOSPC, NoSpace),
        (errno.EIO, EnvironmentProblem),
    ],
)
def test_errors_of_the_system_become_ours_without_a_path(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, expected: type[EnvironmentProblem]
) -> None:
    def fail(*_: object) -> int:
        raise OSError(code, os.strerror(code), str(path))

    ledger = fill(path, 1)
    monkeypatch.setattr(module.os, "write", fail)
    with pytest.raises(expected) as caught:
        ledger.append({})
    assert str(path.parent) not in caught.value.sentence()


# -- appending -------------------------------------------------------------------------


def test_entries_are_chained_and_counted(path: Path) -> None:
    ledger = fill(path, 3)
    assert ledger.check() == []
    assert ledger.contains("t1")
    assert not ledger.contains("t9")
    assert not ledger.contains("clean"), "only the transaction is looked for"
    last = json.loads(path.read_bytes().splitlines()[-1])
    assert ledger.head() == Head(3, last["hash"])


def test_a_ledger_without_a_file_is_empty(path: Path) -> None:
    ledger = Ledger(path)
    assert ledger.check() == []
    assert ledger.head() is None
    assert not ledger.contains("t")
    assert not path.exists()


def test_a_line_is_what_the_document_says(path: Path) -> None:
    fill(path, 1)
    record = json.loads(path.read_bytes())
    own = record.pop("hash")
    text = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    assert own == hashlib.sha256(b"\0blankslide ledger 1\n" + text).hexdigest()
    assert record["prev"] == "0" * 64
    assert record["time"].endswith("Z")


def test_long_entries_and_long_ledgers_are_read_from_the_end(path: Path) -> None:
    ledger = Ledger(path)
    for size in (10, chain.TAIL * 3, 20, chain.TAIL - 200, 1):
        ledger.append({"note": "x" * size})
    assert ledger.append({}) == 6
    assert ledger.check() == []


PATHS = ["/home/roe/a.svs", "C:\\slides\\a.svs", "c:/slides", "\\\\server\\share", "~/x", "read /mnt/a", "file:///a"]


@pytest.mark.parametrize("value", PATHS)
def test_an_absolute_path_is_refused(path: Path, value: str) -> None:
    for entry in ({"a": value}, {"a": [{"b": value}]}, {value: 1}, {"a": f"failed: '{value}'"}):
        with pytest.raises(InternalError) as caught:
            Ledger(path).append(entry)
        assert value not in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("value", ["µm/px", "1 / 2", "image/jpeg", "a.b.c", "2025-01-01T10:00:00Z", "X: 5", "s3://b"])
def test_what_only_looks_like_a_path_is_kept(path: Path, value: str) -> None:
    assert Ledger(path).append({"a": value}) == 1


@pytest.mark.parametrize("value", [b"x", object(), float("nan"), {1, 2}])
def test_only_plain_json_is_taken(path: Path, value: object) -> None:
    with pytest.raises(InternalError, match="plain JSON"):
        Ledger(path).append({"a": value})


# -- crashes ---------------------------------------------------------------------------


def test_a_tail_torn_anywhere_is_closed_named_and_kept(path: Path) -> None:
    fill(path, 3)
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(start + 1, len(whole)):
        path.write_bytes(whole[:cut])
        ledger = Ledger(path)
        survives = cut == len(whole) - 1
        assert bool(ledger.check()) != survives
        assert ledger.contains("t2") == survives
        assert ledger.append({"transaction": "next"}) == (4 if survives else 3)
        assert ledger.check() == [], "a named torn line is no problem"
        assert path.read_bytes().startswith(whole[:cut] + b"\n")


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\xff\xfe\n\0", b'{"entry":{}}', b"[1]\n\n[2]", b"1" * 5000])
def test_any_rubbish_at_the_end_is_survived(path: Path, tail: bytes) -> None:
    ledger = fill(path, 2)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    assert ledger.check()
    assert ledger.append({}) == 3
    assert ledger.append({}) == 4
    assert ledger.check() == []
    assert path.read_bytes().startswith(whole + tail)


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole.replace(b"\n", b"\r\n"),
        lambda whole: whole.replace(b'"t2"', b'"t9"'),
    ],
    ids=["an editor's line ends", "the last one's transaction"],
)
def test_lines_at_the_end_that_were_edited_are_told_after_the_next_entry_too(
    path: Path, change: Callable[[bytes], bytes]
) -> None:
    ledger = fill(path, 3)
    path.write_bytes(change(path.read_bytes()))
    damaged = path.read_bytes()
    broken = sum(chain.parse(line) is None for line in damaged.removesuffix(b"\n").split(b"\n"))
    assert broken
    assert len(ledger.check()) == broken
    ledger.append({"transaction": "next"})
    found = ledger.audit().problems
    assert [problem.kind for problem in found] == ["edited"] * broken
    assert all("was edited" in problem.sentence for problem in found)
    assert path.read_bytes().startswith(damaged), "what stood there stays, for whoever looks into it"


def test_a_full_disk_is_told_before_anything_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(path, 1)
    before = path.read_bytes()
    disk = os.statvfs(path.parent)
    asked: list[int] = []

    def full(handle: int) -> os.statvfs_result:
        asked.append(handle)
        return os.statvfs_result((disk.f_bsize, disk.f_frsize, disk.f_blocks, 1, 1, *tuple(disk)[5:10]))

    monkeypatch.setattr(os, "fstatvfs", full)
    with pytest.raises(NoSpace, match="the ledger's disk is full"):
        Ledger(path).ready()
    assert asked
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are not named here")
def test_a_pipe_named_as_ledger_is_refused_and_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    for ask in (Ledger(path).check, Ledger(path).head, lambda: list(Ledger(path).entries()), Ledger(path).ready):
        with pytest.raises(EnvironmentProblem, match="not a regular file"):
            ask()


def test_two_crashes_in_a_row_are_both_named(path: Path) -> None:
    ledger = fill(path, 1)
    path.write_bytes(path.read_bytes() + b'{"entry":{"a\n{"ent')
    ledger.append({})
    assert len(json.loads(path.read_bytes().splitlines()[-1])["torn"]) == 2
    assert ledger.check() == []


def test_a_first_line_torn_is_survived(path: Path) -> None:
    path.write_bytes(b'{"ent')
    assert Ledger(path).append({}) == 1
    assert Ledger(path).check() == []


def test_a_named_torn_line_cannot_be_removed_or_changed(path: Path) -> None:
    ledger = fill(path, 1)
    path.write_bytes(path.read_bytes() + b'{"entry":{"a')
    ledger.append({})
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'{"entry":{"a\n', b""))
    assert ledger.check()
    path.write_bytes(whole.replace(b'{"entry":{"a\n', b'{"entry":{"b\n'))
    assert ledger.check()


def test_an_entry_counts_only_once_it_is_synced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "lost")

    ledger = fill(path, 1)
    monkeypatch.setattr(module.os, "fsync", fail)
    with pytest.raises(EnvironmentProblem):
        ledger.append({"transaction": "late"})
    with pytest.raises(EnvironmentProblem):
        ledger.contains("late")
    monkeypatch.undo()
    before = path.read_bytes()
    assert ledger.contains("late")
    assert path.read_bytes() == before


# -- tampering -------------------------------------------------------------------------


def test_each_single_change_to_a_middle_line_is_noticed(path: Path) -> None:
    ledger = fill(path, 5)
    whole = path.read_bytes()
    end = whole.rindex(b"\n", 0, -1)
    rng = random.Random(3)
    for _ in range(300):
        at = rng.randrange(end)
        changed = bytearray(whole)
        changed[at] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        assert ledger.check(), f"a change at {at} was not noticed"


def test_deleted_inserted_reordered_and_doubled_lines_are_noticed(path: Path) -> None:
    ledger = fill(path, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    other = fill(path.with_name("other.jsonl"), 3)
    assert other.check() == []
    foreign = path.with_name("other.jsonl").read_bytes().splitlines(keepends=True)[2]
    for number in range(4):
        for damaged in (
            lines[:number] + lines[number + 1 :],
            [*lines[:number], foreign, *lines[number:]],
            [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]],
            [*lines[:number], lines[number], *lines[number:]],
            [*lines[:number], b"\n", *lines[number:]],
            [*lines[:number], lines[number].replace(b"clean", b"clear"), *lines[number + 1 :]],
        ):
            path.write_bytes(b"".join(damaged))
            assert ledger.check()
    path.write_bytes(b"".join(lines))
    assert ledger.check() == []


def test_a_line_rewritten_with_a_fitting_hash_breaks_the_next(path: Path) -> None:
    ledger = fill(path, 3)
    lines = path.read_bytes().splitlines()
    record = json.loads(lines[1])
    record["entry"]["outcome"] = "residue"
    record["hash"] = chain.line_hash(record)
    lines[1] = chain.canonical(record)
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert ledger.check() == ["entry 2 or entry 3 was rewritten: they do not fit each other"]


def test_a_line_with_other_spacing_is_noticed(path: Path) -> None:
    ledger = fill(path, 3)
    lines = path.read_bytes().splitlines()
    lines[1] = json.dumps(json.loads(lines[1])).encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert ledger.check()


@pytest.mark.parametrize("odd", [{"seq": "2"}, {"seq": None}, {"prev": 5}, {"entry": []}, {"hash": None}, {"seq": [2]}])
def test_a_hostile_line_with_odd_types_is_only_a_problem(path: Path, odd: dict[str, object]) -> None:
    ledger = fill(path, 1)
    head = ledger.head()
    assert head is not None
    record = {"entry": {}, "prev": head.hash, "seq": 2, "time": "", **odd}
    record.setdefault("hash", chain.line_hash(record))
    with path.open("ab") as file:
        file.write(chain.canonical(record) + b"\n")
    assert ledger.check()
    assert not ledger.contains("x")
    assert ledger.append({}) == 2
    assert ledger.check() == []


# -- company ---------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from blankslide.records.ledger import Ledger
for number in range(50):
    Ledger(Path(sys.argv[1])).append({"transaction": f"{sys.argv[2]}-{number}"})
"""


def test_two_processes_append_at_once(path: Path) -> None:
    source = str(Path(module.__file__).parents[2])
    running = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], env={**os.environ, "PYTHONPATH": source})
        for name in "ab"
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    ledger = Ledger(path)
    assert ledger.check() == []
    head = ledger.head()
    assert head is not None
    assert head.sequence == 100
    assert all(ledger.contains(f"{name}-{n}") for name in "ab" for n in (0, 25, 49))


@pytest.mark.skipif(sys.platform == "win32", reason="uses flock directly")
def test_a_writer_that_never_ends_is_not_waited_for_forever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    ledger = fill(path, 1)
    monkeypatch.setattr(shared_file, "PATIENCE", 0.05)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        begin = time.monotonic()
        with pytest.raises(EnvironmentProblem, match="another program"):
            ledger.append({})
    assert time.monotonic() - begin < 5
    assert ledger.append({}) == 2
