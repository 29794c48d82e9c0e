"""How far a run over many slides is: on a terminal a line that changes, in a pipe a line now and then."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.batch.queue import Task

_SELDOM, _OFTEN = 20.0, 0.1


class Counter:
    """Counts what is planned and done, and tells it on standard error.

    Parameters
    ----------
    quiet
        Tell nothing in a pipe.

    Attributes
    ----------
    is_terminal
        Whether a person looks on.
    """

    def __init__(self, quiet: bool) -> None:
        self.is_terminal = sys.stderr.isatty()
        self._quiet = quiet and not self.is_terminal
        self._shown = False
        self._next = 0.0
        self._weights: dict[int, int] = {}
        self._looked = self._found = self._total = self._rest = self._all = 0
        self._begun: float | None = None
        self._doing = ""

    # -- what happens ----------------------------------------------------------------------

    def looked(self, slide: bool) -> None:
        """A file was looked at; comes from another thread, so nothing is told."""
        self._looked += 1

    def queued(self) -> None:
        """A slide was found."""
        self._found += 1
        self._tell(self._planning())

    def planned(self, task: Task, weight: int) -> None:
        """A slide was planned."""
        self._weights[task.number] = weight
        self._tell(self._planning())

    def begin(self) -> None:
        """All slides are planned, and some are to be done."""
        self._total, self._rest = len(self._weights), sum(self._weights.values())  # those refused are gone
        self._all = self._rest
        self._begun = time.monotonic()
        self._next = self._begun + (_OFTEN if self.is_terminal else _SELDOM)

    def at(self, name: str, stage: str) -> None:
        """A slide has come somewhere."""
        self._doing = f"{name} \u00b7 {stage}"
        if self.is_terminal:
            self._tell(self._far())

    def done(self, number: int) -> None:
        """A slide is done, or was refused."""
        self._rest -= self._weights.pop(number, 0)

    def show(self) -> None:
        """Tell how far it is, if it is time to."""
        if self._begun is not None:
            self._tell(self._far())

    # -- how it is told --------------------------------------------------------------------

    def _planning(self) -> str:
        return f"planning: {len(self._weights)} of {self._found} slides, more are looked for"

    def _far(self) -> str:
        done = self._total - len(self._weights)
        parts = [f"[{done}/{self._total}]"]
        left = self._seconds_left()
        if left is not None:
            parts.append(time_words(left))
        if self._doing and self.is_terminal:
            parts += ["\u00b7", self._doing]
        return " ".join(parts)

    def _seconds_left(self) -> float | None:
        did = self._all - self._rest
        if self._begun is None or not did or not self._rest:
            return None
        return (time.monotonic() - self._begun) / did * self._rest

    def _tell(self, line: str) -> None:
        now = time.monotonic()
        if self._quiet or now < self._next:
            return
        self._next = now + (_OFTEN if self.is_terminal else _SELDOM)
        self._shown = self.is_terminal
        print(f"\r\x1b[K{line}" if self.is_terminal else line, end="" if self.is_terminal else "\n", file=sys.stderr)
        sys.stderr.flush()

    def clear(self) -> None:
        """Make room for other lines."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False
            self._next = 0.0


def time_words(seconds: float) -> str:
    """Say how long it will take, as roughly as it is known."""
    if seconds < 60:
        return f"{max(round(seconds), 1)} s left"
    if seconds < 5400:
        return f"{round(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"
