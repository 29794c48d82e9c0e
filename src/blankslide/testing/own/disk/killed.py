"""Real kills of one slide's runs: at every call, half way through it, in recoveries, and at any moment.

Each is a process of its own, forked from this warm one, and ends by SIGKILL, so nothing in it can tidy up. What it
leaves is then recovered from, and held against what the undisturbed run has left.
"""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

from blankslide.testing.own.disk.layer import Layer, kill, kill_half_way
from blankslide.testing.own.disk.model import State
from blankslide.testing.own.disk.power import try_copy, try_state
from blankslide.testing.own.disk.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blankslide.testing.own.disk.events import Tree
    from blankslide.testing.own.disk.layer import Call, Strike
    from blankslide.testing.own.disk.power import Recorded

__all__ = ["HALVES", "Killing", "calls_of_recovery", "killed_before", "kills"]

HALVES = frozenset({"pwrite64", "write"})
"""Calls of which half can be done."""
_TREES = 12


class Killing:
    """Kills of one run, and what was found after them.

    Parameters
    ----------
    run
        The run, recorded undisturbed.
    trouble
        What the table calls it.
    """

    def __init__(self, run: Recorded, trouble: str) -> None:
        self.run, self.row = run, Row(trouble, run.scene.title)
        self.waiting: list[Tree] = []
        self._known: dict[bytes, Row] = {}
        self._layouts = set[object]()
        self._start = time.monotonic()

    def strike(self, asks: tuple[str, ...], begin: Tree, strike: Strike, where: str) -> None:
        """Run until it kills itself, and judge what is left."""
        self.struck(asks, begin, strike, where)
        self._judge(where, begin)

    def struck(self, asks: tuple[str, ...], begin: Tree, strike: Strike, where: str) -> None:
        """Run until it kills itself.

        Raises
        ------
        AssertionError
            If it ended otherwise.
        """
        self.run.stage.put(begin)
        child = self._forked(asks, Layer(str(self.run.stage.root), strike))
        assert _ended(child) == -signal.SIGKILL, f"{where} was not reached"

    def at_any_moment(self, seconds: float) -> None:
        """Run, and kill it from outside after some seconds; one that has ended by then is not counted."""
        run = self.run
        run.stage.put(run.stage.before)
        child = self._forked(run.asks, None)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        if _ended(child) == -signal.SIGKILL:
            self._judge("any moment", run.stage.before)

    def lasts(self) -> float:
        """Return how long a run takes that nobody kills."""
        self.run.stage.put(self.run.stage.before)
        start = time.monotonic()
        _ended(self._forked(self.run.asks, None))
        return time.monotonic() - start

    def _forked(self, asks: tuple[str, ...], layer: Layer | None) -> int:
        child = os.fork()
        if not child:
            try:
                self.run.stage.run(*asks, layer=layer, luck=int(asks != self.run.asks))
            finally:
                os._exit(0)
        return child

    def _judge(self, where: str, begin: Tree) -> None:
        """Recover and look; of what was found before, the same bytes under the same names, it is known what comes."""
        run = self.run
        state = State(run.stage.tree(), 0, ("killed", where), "")
        digest = state.digest({})
        is_new = digest not in self._known
        if is_new:
            told = self._known[digest] = Row("", "")
            if run.scene.is_copy:
                try_copy(run, state, told, self._layouts)
            elif try_state(run, state, told, is_hurt=begin is not run.stage.before).hot:
                self.waiting.append(state.tree)
        self.row.add(self._known[digest])
        self.row.distinct -= not is_new

    def ended(self) -> Row:
        """Return the row."""
        self.row.seconds = time.monotonic() - self._start
        return self.row


def _ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kills(run: Recorded, every: int = 1, most: int = 0, seed: int = 1) -> Iterator[Row]:
    """Yield a row for kills at calls of the run, one for those in recoveries, and one for those at any moment.

    Parameters
    ----------
    every
        Strike at every n-th call only; half way through it only if it is every one.
    most
        How many in all; every call of the run, and of one recovery, is struck even if these are more.
    seed
        Of the moments.
    """
    first = Killing(run, "kill")
    for call in run.calls[::every]:
        first.strike(run.asks, run.stage.before, kill(call.number), f"call {call.number}, {call.name}")
        if call.name in HALVES and every == 1:
            first.strike(run.asks, run.stage.before, kill_half_way(call.number), f"half of call {call.number}")
    yield first.ended()
    again, left = Killing(run, "kill in recovery"), most - first.row.runs
    for tree in _middle_first(first.waiting):
        if not again.row.runs or again.row.runs < left * 3 // 4:
            for call in calls_of_recovery(run, tree)[::every]:
                again.strike(run.recovers, tree, kill(call.number), f"call {call.number} of the recovery")
    yield again.ended()
    if left > again.row.runs:
        yield _any_moment(run, left - again.row.runs, seed)


def _middle_first(waiting: list[Tree]) -> list[Tree]:
    """Return some of the states in which a journal waits: the middle one, then others spread over all."""
    return [waiting[len(waiting) // 2], *waiting[:: -(-len(waiting) // _TREES)]] if waiting else []


def _any_moment(run: Recorded, most: int, seed: int) -> Row:
    killing, draw = Killing(run, "kill at any moment"), random.Random(f"{seed} {run.scene.title}")
    longest = killing.lasts()
    for _ in range(2 * most):
        if killing.row.runs < most:
            killing.at_any_moment(draw.uniform(0, longest))
    return killing.ended()


def killed_before(run: Recorded, number: int) -> Tree:
    """Kill a run right before a call, and return what it leaves."""
    Killing(run, "").struck(run.asks, run.stage.before, kill(number), f"call {number}")
    return run.stage.tree()


def calls_of_recovery(run: Recorded, waiting: Tree) -> list[Call]:
    """Return the calls that a recovery makes."""
    run.stage.put(waiting)
    layer = Layer(str(run.stage.root))
    run.stage.run(*run.recovers, layer=layer, luck=1)
    return layer.calls
