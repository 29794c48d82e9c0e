"""A watched folder in operation: the service as a process, killed and begun again, and what came out of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from blankslide.testing.own.feeding import Parcel
from blankslide.testing.process import START


class Watched:
    """A place with the folders ``in``, ``out`` and ``quarantine``, and a service over them.

    Parameters
    ----------
    root
        Where all of it stands.
    options
        More of the command line; times are short by default.
    """

    def __init__(self, root: Path, *options: str, quiet: float = 0.3, sweep: float = 0.15) -> None:
        self.root = root
        self.source, self.out, self.quarantine = root / "in", root / "out", root / "quarantine"
        self.ledger, self.health, self.log = root / "ledger.jsonl", root / "health.json", root / "log.txt"
        self.source.mkdir(parents=True, exist_ok=True)
        mode = () if "--in-place" in options else ("--out", str(self.out))
        self.arguments = [
            *("watch", str(self.source), *mode, "--quiet", str(quiet), "--sweep", str(sweep)),
            *("--ledger", str(self.ledger), "--key", str(root / "site.key"), "--health", str(self.health), *options),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def watch(self, folder: Path) -> None:
        """Watch another folder."""
        self.arguments[self.arguments.index(str(self.source))] = str(folder)
        self.source = folder

    # -- the service -----------------------------------------------------------------------

    def start(self) -> Watched:
        """Begin the service, in a session of its own."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                [*START, *self.arguments], stdout=log, stderr=log, start_new_session=True
            )
        return self

    def has_begun(self) -> bool:
        """Whether the process that runs now has written its health."""
        from blankslide.watch import read_health

        return self.process is not None and self.health.exists() and read_health(self.health).pid == self.process.pid

    def stop(self, number: int = signal.SIGTERM, timeout: float = 60) -> int:
        """Send a signal to the service alone, and wait; return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout)
        self.process = None
        return code

    def kill(self, everything: bool = False) -> None:
        """Kill the service, or all of its processes at once."""
        assert self.process is not None
        (os.killpg if everything else os.kill)(self.process.pid, signal.SIGKILL)
        self.process.wait(60)
        self.process = None

    def once(self, *more: str, timeout: float = 120) -> int:
        """Let it do what there is and end; return the exit code."""
        with self.log.open("ab") as log:
            return subprocess.run(  # noqa: S603 - our own command line
                [*START, *self.arguments, "--once", *more], stdout=log, stderr=log, timeout=timeout, check=False
            ).returncode

    @contextmanager
    def running(self) -> Iterator[Watched]:
        """Let it run for the length of a ``with`` block; it has to end well."""
        self.start()
        try:
            yield self
            assert self.stop() == 0, self.said()[-2000:]
        finally:
            if self.process is not None:
                self.kill(everything=True)

    def wait_for(self, what: Callable[[], bool], timeout: float = 30, why: str = "") -> None:
        """Wait until something is true.

        Raises
        ------
        AssertionError
            If it does not come true, or the service has ended.
        """
        end = time.monotonic() + timeout
        while not what():
            ended = self.process is not None and self.process.poll() is not None
            assert not ended, "the service has ended: " + self.said()[-2000:]
            assert time.monotonic() < end, f"not in {timeout} s: {why}\n{self.said()[-2000:]}"
            time.sleep(0.05)

    # -- what there is ---------------------------------------------------------------------

    @property
    def hints(self) -> Path:
        """The file of what was done, which is only a hint."""
        return self.health.with_suffix(".done")

    def said(self) -> str:
        """Return the log."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def status(self) -> dict[str, Any]:
        """Return the health file."""
        found: dict[str, Any] = json.loads(self.health.read_text())
        return found

    def entries(self) -> list[dict[str, Any]]:
        """Return the ledger's entries."""
        lines = self.ledger.read_bytes().splitlines() if self.ledger.exists() else []
        return [json.loads(line)["entry"] for line in lines]

    def copies(self) -> dict[str, Path]:
        """Return the files below ``out``, hidden ones included, by their names there."""
        return files_below(self.out)


def files_below(folder: Path) -> dict[str, Path]:
    """Return all files below a folder by their paths in it."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            found[os.fspath(path.relative_to(folder))] = path
    return found


def parcel(kind: Path, main: str, target: Path, name: str, way: str) -> Parcel:
    """Return how a slide that stands alone in a folder gets into another one; its main file comes last.

    Parameters
    ----------
    kind
        The folder that it stands in.
    main
        Its main file there.
    name
        What the main file is called in ``target``; only slides of one file can get another name.
    """
    files = [(str(path), str(target / inner)) for inner, path in sorted(files_below(kind).items()) if inner != main]
    return Parcel([*files, (str(kind / main), str(target / name))], way)


def feed(plan: Path) -> subprocess.Popen[bytes]:
    """Begin to copy, in another process, what a list says."""
    command = [sys.executable, "-m", "blankslide.testing.own.feeding", str(plan)]
    return subprocess.Popen(command)  # noqa: S603 - our own module


def place(source: Path, target: Path) -> None:
    """Copy a folder's files into another one."""
    shutil.copytree(source, target, dirs_exist_ok=True)
