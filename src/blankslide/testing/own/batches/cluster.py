"""A dask cluster on this machine as people start it: a scheduler and workers, each a process that can be killed.

Workers have no nanny, so one that is killed stays dead.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 120


class Cluster:
    """A scheduler and its workers.

    Attributes
    ----------
    address
        Of the scheduler.
    """

    def __init__(self, address: str, workers: list[subprocess.Popen[bytes]]) -> None:
        self.address = address
        self._workers = workers

    def kill_worker(self) -> None:
        """Kill one."""
        self._workers[0].send_signal(signal.SIGKILL)

    @property
    def alive(self) -> int:
        """How many workers there are still."""
        return sum(worker.poll() is None for worker in self._workers)


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Start a scheduler and workers for the length of a ``with`` block.

    Raises
    ------
    TimeoutError
        If the scheduler does not come up.
    """
    file = folder / "scheduler.json"
    started = [_started("scheduler", "--port", "0", "--scheduler-file", str(file))]
    try:
        address = _address(file)
        for number in range(workers):
            home = folder / f"worker {number}"
            more = ("--no-nanny", "--nthreads", "1", "--local-directory", str(home))
            started.append(_started("worker", address, *more))
        yield Cluster(address, started[1:])
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def _started(what: str, *arguments: str) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(os.path.abspath(each) for each in sys.path if each)
    return subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-m", f"distributed.cli.dask_{what}", "--host", "127.0.0.1", "--no-dashboard", *arguments],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _address(file: Path) -> str:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            return str(json.loads(file.read_text())["address"])
        except (OSError, ValueError):
            time.sleep(0.05)
    raise TimeoutError("no scheduler")
