"""The command line as a person runs it: a process of its own, with its streams caught.

Nothing is patched or imported into the test: what is looked at is what a shell would see.
Every run is checked for what must never happen: a traceback, or an end by a signal. Runs are forked
from a warm process where that changes nothing (see `forking`); all others are fresh interpreters.

`make coverage` measures them all but those that run under another command: whoever counts their calls, limits what
they write or lets them be somebody else would meet the file that coverage keeps.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blankslide.testing.forking import Forks

Argument = str | bytes | os.PathLike[str]
LINES = "import sys; from blankslide.cli import main; sys.argv[0] = 'blankslide'; main()"
START = (sys.executable, "-c", LINES)
_forks: dict[bool, Forks] = {}  # those that are measured, and those that are not
_MEASURES = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams together."""
        return self.out + self.err

    @property
    def slides(self) -> list[dict[str, Any]]:
        """The slides of ``--json``."""
        found: list[dict[str, Any]] = json.loads(self.out)["slides"]
        return found


def run_cli(
    *arguments: Argument, before: Sequence[str] = (), env: Mapping[str, str] | None = None, timeout: float = 120
) -> Ended:
    """Run ``blankslide`` with arguments and wait for its end.

    Parameters
    ----------
    arguments
        As on a command line; names may be bytes.
    before
        A command to run it under, such as ``strace`` with its options, which joins a forked run at its first line.
    env
        Variables to set on top of the test's own.
    timeout
        Seconds after which the run has failed.

    Raises
    ------
    AssertionError
        If the run printed a traceback.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **(env or {})}
    code, *streams = _ended([*map(os.fsencode, arguments)], before, environment, timeout)
    out, err = (stream.decode("utf-8", "surrogateescape") for stream in streams)
    assert "Traceback" not in out + err, "a traceback was printed: " + (out + err)[-600:]
    return Ended(code, out, err)


def _ended(
    arguments: Sequence[bytes], before: Sequence[str], environment: Mapping[str, str], timeout: float
) -> tuple[int, bytes, bytes]:
    """Run, forked if nobody could tell the difference."""
    traced = before[:1] == ("strace",) and sys.platform == "linux"
    if before:
        environment = unmeasured(environment)
    if (traced or not before) and hasattr(os, "fork"):
        measured = not environment.keys().isdisjoint(_MEASURES)
        if measured not in _forks:
            _forks[measured] = Forks(LINES, environment)
        if _forks[measured].may_fork(environment):
            return _forks[measured].run(arguments, environment, timeout, before)
    done = subprocess.run([*before, *START, *arguments], capture_output=True, timeout=timeout, env=environment)  # noqa: S603
    return done.returncode, done.stdout, done.stderr


def unmeasured(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those by which `make coverage` measures a process."""
    return {name: value for name, value in environment.items() if name not in _MEASURES}
