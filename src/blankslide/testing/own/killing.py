"""Runs that are killed: whatever call they die at, `recover` leaves a slide all clean or all untouched.

A first run under strace counts the calls that change a disk; then a run on a fresh slide dies by
SIGKILL right before one of them. With one key every undisturbed run ends alike, so what `recover`
leaves can be held, byte by byte, against two known states of the whole folder.

Real processes, a home of their own, no mock. Linux only; elsewhere, and where strace may not
inject signals, the tests are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from typing import TYPE_CHECKING
from unittest import SkipTest

from blankslide.testing.bench import contents
from blankslide.testing.process import Ended, run_cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["CALLS", "KEY", "Mortal", "needs_strace", "spread"]

CALLS = ("pwrite64", "fsync", "rename", "unlink")
"""Calls of which each run on a slide makes some."""

KEY = bytes(range(32))
_LINE = re.compile(r"(\d+) +(\w+)\(")
_ANONYMIZE = ("anonymize", "--in-place")


def needs_strace() -> None:
    """Skip the test if there is no strace, or none that may kill.

    Raises
    ------
    unittest.SkipTest
        Which every test runner knows.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise SkipTest("strace is not installed")
    trial = (strace, "-f", "-qq", "-o", os.devnull, "-e", "inject=exit_group:signal=SIGKILL", "true")
    if subprocess.run(trial, capture_output=True).returncode >= 0:  # noqa: S603
        raise SkipTest("strace may not inject signals here")


def spread(count: int, wanted: int = 3) -> Iterator[int]:
    """Yield the first, the last and some numbers in between, of ``1`` to ``count``."""
    yield from sorted({1 + (count - 1) * i // max(1, wanted - 1) for i in range(wanted)}) if count else ()


class Mortal:
    """A slide alone in its folder, a home with a key, and how an undisturbed run ends.

    Parameters
    ----------
    root
        An empty folder to work in.
    name
        File name of the slide.
    build
        Writes the slide, with all of its files, to the path that it is given.
    more
        Further options of the run.

    Attributes
    ----------
    slide
        Where the slide is.
    before, final
        Contents of its folder, by name: untouched, and as an undisturbed run leaves it.
    counts
        How often that run makes each of `CALLS`.
    """

    def __init__(self, root: Path, name: str, build: Callable[[Path], object], more: tuple[str, ...] = ()) -> None:
        needs_strace()
        self._command = (*_ANONYMIZE, *more)
        self._home, self.slide = root / "home", root / "slides" / name
        original = root / "original"
        original.mkdir()
        build(original / name)
        self._original, self.before = original, contents(original)
        log = root / "trace"
        self.fresh()
        ended = self.run(*self._command, strace=("-o", str(log), "-e", f"trace={','.join(CALLS)}"))
        assert ended.code == 0, ended.text
        self.final = contents(self.slide.parent)
        assert self.final != self.before, "the run has changed nothing"
        calls = [m.groups() for m in map(_LINE.match, log.read_text("utf-8", "replace").splitlines()) if m]
        # readers that may crash look from a child process: only our own calls count
        self.counts = Counter(call for process, call in calls if process == calls[0][0])

    def fresh(self) -> None:
        """Begin anew: the untouched slide, and a home that holds nothing but the key."""
        for part in (self.slide.parent, self._home):
            shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(self._original, self.slide.parent)
        key = self._home / "config" / "blankslide" / "site.key"
        key.parent.mkdir(parents=True, mode=0o700)
        key.touch(mode=0o600)
        key.write_bytes(KEY)

    def run(self, *arguments: str, strace: tuple[str, ...] = ()) -> Ended:
        """Run ``blankslide`` on the slide, under strace if there are options for it."""
        env = {"HOME": str(self._home), **{f"XDG_{k.upper()}_HOME": f"{self._home}/{k}" for k in ("state", "config")}}
        return run_cli(*arguments, self.slide, before=("strace", "-f", "-qq", *strace) if strace else (), env=env)

    def killed(self, call: str, number: int) -> str:
        """Die right before a call, recover, and check what is left.

        Returns
        -------
        str
            ``pending`` if a journal was left, else ``untouched`` or ``clean``.

        Raises
        ------
        AssertionError
            If the call was not reached, or the folder is neither as before nor as after a whole run.
        """
        self.fresh()
        kill = ("-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}")
        assert self.run(*self._command, strace=kill).code == -9, f"{call} {number} was not reached"
        journal = any(p.name.startswith(".blankslide-") and p.suffix != ".tmp" for p in self.slide.parent.iterdir())
        recovered = self.run("recover")
        assert recovered.code == 0, (call, number, recovered.text)
        found = contents(self.slide.parent)
        assert found in ((self.final,) if journal else (self.before, self.final)), (call, number)
        return "pending" if journal else "untouched" if found == self.before else "clean"
