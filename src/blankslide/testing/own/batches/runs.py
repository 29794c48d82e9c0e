"""The command as a person types it, in a process group of its own: its lines as they come, its memory, its death."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import IO, NamedTuple

from blankslide.testing.process import START

_PULSE = 0.25
_WORKER = b"blankslide.batch.worker"


class Memory(NamedTuple):
    """What processes had in hand at one moment, in KB.

    Attributes
    ----------
    lines
        How many lines standard output had by then.
    workers
        The largest of them.
    """

    lines: int
    parent: int
    workers: int


class Run:
    """One run that goes on while it is looked at.

    Attributes
    ----------
    out, err
        Lines of both streams.
    first
        Seconds until the first line of either; 0 without any.
    memory
        Taken now and then.
    """

    def __init__(self, arguments: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self.first = 0.0
        self.memory: list[Memory] = []
        self._begun = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            [*START, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        self._threads = [
            Thread(target=self._read, args=(self._process.stdout, self.out), daemon=True),
            Thread(target=self._read, args=(self._process.stderr, self.err), daemon=True),
            Thread(target=self._watch, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: IO[bytes] | None, lines: list[str]) -> None:
        for line in stream or ():
            self.first = self.first or time.monotonic() - self._begun
            lines.append(line.decode("utf-8", "surrogateescape").rstrip("\n"))
        if stream is not None:
            stream.close()

    def _watch(self) -> None:
        while self._process.poll() is None:
            workers = max(map(_resident, self._children()), default=0)
            self.memory.append(Memory(len(self.out), _resident(self._process.pid), workers))
            time.sleep(_PULSE)

    def _children(self) -> list[int]:
        return [pid for pid in _children(self._process.pid) if _WORKER in _command(pid)]

    # -- its end ---------------------------------------------------------------------------

    def comes_to(self, lines: int, seconds: float = 3600) -> bool:
        """Wait until standard output has so many lines; say whether it came to that."""
        until = time.monotonic() + seconds
        while len(self.out) < lines and self._process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        return len(self.out) >= lines

    def kill(self) -> None:
        """Kill all of its processes, as a machine that is switched off would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self.ends()

    def kill_worker(self) -> bool:
        """Kill one of the processes that do the work; say whether there was one."""
        for pid in self._children():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            return True
        return False

    def interrupt(self) -> None:
        """Press Ctrl-C: the whole group gets it."""
        os.killpg(self._process.pid, signal.SIGINT)

    def ends(self) -> int:
        """Wait for its end; return the exit code."""
        code = self._process.wait()
        for thread in self._threads:
            thread.join(30)  # a pipe may be held by a child that nobody waits for
        return code

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return time.monotonic() - self._begun


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:
            continue


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)
