"""A run that is stopped: by Ctrl-C, by SIGTERM, twice, while it writes and while it only looks.

Real processes and real signals. strace lets a run rest at a call that only happens at a known place: in front of
the commit point or behind it; meanwhile the signal comes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blankslide.testing.own.killing import needs_strace
from blankslide.testing.process import START, Ended, run_cli

Make = Callable[..., tuple[Path, Any]]
PAUSE = 800_000


def stopped(
    *arguments: str | Path,
    log: Path,
    call: str,
    when: int = 1,
    signals: tuple[int, ...] = (signal.SIGINT,),
    about: Path | None = None,
) -> Ended:
    """Let a run rest before the n-th call, or the n-th about a path, send it signals there, and wait for its end."""
    needs_strace()
    rest = f"inject={call}:delay_enter={PAUSE}:when={when}"
    only = () if about is None else ("-P", str(about))
    strace = ("strace", "-f", "-qq", "-o", str(log), *only, "-e", f"trace={call},getpid", "-e", rest)
    # it says its own number: strace has another one
    start = ("-c", "import os, sys; open(sys.argv.pop(1), 'w').write(str(os.getpid()));" + START[2])
    number = log.with_suffix(".pid")
    command = [*strace, START[0], *start, str(number), *map(str, arguments)]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as run:
        try:
            _wait_until(lambda: number.exists() and bool(number.read_text()))
            pid = int(number.read_text())
            _wait_until(lambda: _reached(log, call, when) or run.poll() is not None)
            for each in signals:
                os.kill(pid, each)
                time.sleep(0.05)
            out, err = run.communicate(timeout=60)
        finally:
            run.kill()
    text = (out + err).decode()
    assert "Traceback" not in text, text[-800:]
    return Ended(run.returncode, out.decode(), err.decode())


def _reached(log: Path, call: str, when: int) -> bool:
    # strace writes the beginning of a line before the delay, its end behind it
    return log.exists() and len(re.findall(rf"\b{call}\(", log.read_text("utf-8", "replace"))) >= when


def _wait_until(true: Callable[[], bool]) -> None:
    latest = time.monotonic() + 60
    while not true():
        assert time.monotonic() < latest, "the run does not come to the place"
        time.sleep(0.01)


@pytest.fixture
def folder(make: Make, tmp_path: Path) -> Path:
    first, _ = make("slides/a.svs")
    for name in "bcd":
        shutil.copyfile(first, first.with_name(f"{name}.svs"))
    return tmp_path / "slides"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir()}


IN_PLACE = ("anonymize", "--in-place", "--ledger", "none")


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGINT, signal.SIGINT, signal.SIGTERM)],
    ids=["Ctrl-C", "SIGTERM", "the terminal is closed", "again and again"],
)
def test_behind_the_commit_point_the_slide_is_finished_and_no_other_begun(
    folder: Path, tmp_path: Path, signals: tuple[int, ...]
) -> None:
    before = contents(folder)
    ended = stopped(*IN_PLACE, folder, log=tmp_path / "log", call="rename", signals=signals)
    assert ended.code == 130, ended.text
    assert "stopped: 1 done, 3 untouched" in ended.err
    assert "a.svs · clean" in ended.out
    now = contents(folder)
    assert set(now) == set(before), "no journal is left"
    assert [name for name in sorted(now) if now[name] != before[name]] == ["a.svs"]
    assert run_cli("verify", folder / "a.svs").code == 0


def test_before_the_commit_point_nothing_is_changed(folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    ended = stopped(*IN_PLACE, folder, log=tmp_path / "log", call="flock")
    assert ended.code == 130, ended.text
    assert "a.svs · cancelled before anything was written · nothing was changed" in ended.err
    assert "stopped: 0 done, 4 untouched" in ended.err
    assert contents(folder) == before


def test_what_waits_is_counted_and_is_5(folder: Path, tmp_path: Path) -> None:
    needs_strace()
    kill = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "inject=pwrite64:signal=SIGKILL:when=3")
    assert run_cli(*IN_PLACE, folder / "a.svs", before=kill).code == -9
    paths = [folder / f"{name}.svs" for name in "abc"]
    ended = stopped(
        "anonymize", "--out", tmp_path / "out", "--ledger", "none", *paths, log=tmp_path / "l", call="flock"
    )
    assert ended.code == 5
    assert "stopped: 0 done, 1 waits for recover, 2 untouched" in ended.err


def test_copies_stop_without_leaving_a_half_one(folder: Path, tmp_path: Path) -> None:
    before, out = contents(folder), tmp_path / "out"
    ended = stopped("anonymize", "--out", out, "--ledger", "none", folder, log=tmp_path / "log", call="pwrite64")
    assert ended.code == 130
    assert "stopped: 0 done, 4 untouched" in ended.err
    assert contents(folder) == before
    assert not out.exists() or os.listdir(out) == []


@pytest.mark.parametrize("command", [("inspect",), ("anonymize", "--dry-run")])
def test_looking_ends_at_once(folder: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
    before = contents(folder)
    ended = stopped(*command, folder, log=tmp_path / "log", call="getdents64", about=folder)
    assert ended.code == 130, ended.text
    assert "nothing was changed" in ended.err
    assert ended.out.count("\n") < 4
    assert contents(folder) == before


def test_json_and_report_say_what_was_not_begun(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    ended = stopped(*IN_PLACE, "--json", "--report", report, folder, log=tmp_path / "log", call="rename")
    assert ended.code == 130
    assert [row["content"] for row in ended.slides] == ["clean", *["untouched"] * 3]
    assert all("not begun" in row["error"] for row in ended.slides[1:])
    assert [slide["result"] for slide in json.loads(report.read_text())["slides"]] == ["clean", *["refused"] * 3]


def test_a_stop_while_modules_are_loaded_is_no_traceback(folder: Path) -> None:
    code = (
        "import sys, builtins; real = builtins.__import__\n"
        "def slow(name, *rest):\n"
        "    if name == 'click': raise KeyboardInterrupt\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = slow\n"
        "import blankslide.cli"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_signals_that_were_ignored_stay_ignored(folder: Path, tmp_path: Path) -> None:
    needs_strace()
    number = tmp_path / "pid"
    command = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.kill(os.getpid(), signal.SIGINT);"
        f"open({str(number)!r}, 'w').write(str(os.getpid()));" + START[2]
    )
    run = subprocess.run([sys.executable, "-c", command, "inspect", str(folder)], capture_output=True, check=False)
    assert run.returncode == 0
