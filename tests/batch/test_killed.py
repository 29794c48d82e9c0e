"""Sixty slides of eight formats in nested folders, six of them broken, killed twice: each once, all accounted for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.testing.process import START

Put = Callable[..., Path]

ONE_FILE = {"small.ndpi": 24, "generic-vips.tif": 4, "ventana-plain.tif": 3, "argos.avs": 3}
SETS = {"small.vms": 6, "hamamatsu-vmu.vmu": 8, "trestle.tif": 4, "mirax.mrxs": 2}
GOOD = sum(ONE_FILE.values()) + sum(SETS.values())


@pytest.fixture
def archive(put: Put, tmp_path: Path) -> Path:
    """Return the archive: 54 slides in 30 folders, six broken ones, and files that are none."""
    root = tmp_path / "archive"
    for kind, count in ONE_FILE.items():
        for i in range(count):
            name = f"{kind.partition('.')[0]}-{i:02}{Path(kind).suffix}"
            put(kind, root / f"year {i % 3}" / f"box {i % 5}", name)
    for kind, count in SETS.items():
        for i in range(count):
            put(kind, root / f"year {i % 3}" / f"{kind} {i}")
    whole = next(root.rglob("small-*.ndpi")).read_bytes()
    (root / "broken").mkdir()
    for i, text in enumerate((b"", b"notes", whole[:500], whole[:900], b"\0" * 5000, whole[:8] + whole[300:])):
        (root / "broken" / f"broken {i}.ndpi").write_bytes(text)
    (root / "broken" / "list.txt").write_text("no slide")
    return root


def killed(arguments: list[str], after: int, whom: Callable[[int], None]) -> list[dict[str, Any]]:
    """Begin a run and kill it after so many slides; return what it has said until then."""
    command = [*START, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, bufsize=0
    ) as run:
        assert run.stdout is not None
        lines = [run.stdout.readline() for _ in range(after)]
        whom(run.pid)
        run.wait(60)
    return [json.loads(line) for line in lines]


def contents(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["content"] for row in rows)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes here")
@pytest.mark.slow
def test_killed_twice_and_gone_on_with(archive: Path, tmp_path: Path, run_here: Callable[..., Any]) -> None:
    report = tmp_path / "report.json"
    ledger, key = tmp_path / "ledger.jsonl", tmp_path / "site.key"
    wanted = ["batch", "--in-place", "--json-lines", "--jobs", "2", "--ledger", str(ledger), "--key", str(key)]
    # the broken ones come first: they are refused while the run is planned
    first = killed([*wanted, str(archive)], 12, lambda pid: os.killpg(pid, signal.SIGKILL))
    assert contents(first)["clean"] >= 5
    begun = len(ledger.read_bytes().splitlines())
    second = killed([*wanted, str(archive)], 9, lambda pid: os.kill(pid, signal.SIGKILL))
    assert len(second) == 9
    last = run_here(*wanted, "--report", str(report), str(archive))
    *rows, whole = map(json.loads, last.out.splitlines())
    assert last.code == 3, last.err
    assert Counter(row["content"] for row in rows) == {"clean": GOOD, "untouched": 6}
    assert len({row["path"] for row in rows}) == len(rows) == GOOD + 6
    counted = whole["summary"]
    assert (counted["clean"] + counted["nothing to do"], sum(counted["refused"].values())) == (GOOD, 6)
    assert counted["nothing to do"] >= 5
    assert len(whole["others"]) == 1
    entries = [json.loads(line)["entry"] for line in ledger.read_bytes().splitlines()]
    assert begun < len(entries) == len({entry["transaction"] for entry in entries}) == GOOD, "each was written once"
    assert {entry["content"] for entry in entries} == {"clean"}
    assert Counter(slide["result"] for slide in json.loads(report.read_text())["slides"]) == {
        "clean": GOOD,
        "refused": 6,
    }
    assert not list(archive.rglob(".blankslide*"))


@pytest.mark.slow
def test_copies_that_were_killed_leave_nothing_half(archive: Path, tmp_path: Path) -> None:
    out, key = tmp_path / "out", str(tmp_path / "site.key")
    wanted = ["batch", "--json-lines", "--jobs", "2", "--ledger", "none", "--key", key, "--out", str(out), str(archive)]
    killed(wanted, 14, lambda pid: os.killpg(pid, signal.SIGKILL))
    outcomes = blankslide.anonymize_many(archive, out=out, key=key, ledger="none", jobs=2)
    assert Counter(outcome.content for outcome in outcomes) == {"clean": GOOD, "untouched": 6}
    assert sum(not outcome.transaction for outcome in outcomes if outcome) >= 5, "those of the first run"
    made = [path for path in out.rglob("*") if path.is_file()]
    assert not list(out.rglob(".*"))
    assert len([*blankslide.slides(out)]) == GOOD
    assert len(made) == len([p for p in archive.rglob("*") if p.is_file()]) - 7, "no file twice"
