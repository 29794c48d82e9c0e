"""The crash part of the trust table: a row for each format, and the sum. Each slide has a process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from typing import TYPE_CHECKING

from blankslide.testing.own.crash.explore import explore
from blankslide.testing.own.crash.scenarios import samples, scenarios
from blankslide.testing.own.tally import Tally, grouped

if TYPE_CHECKING:
    from blankslide.testing.own.crash.explore import Tried
    from blankslide.testing.own.crash.scenarios import Scenario

__all__ = ["COUNT", "crash", "lines", "shares"]

COUNT = 1_000_000
"""How many states in all, if nobody says it."""
_HEAD = ("format", "slides", "states", "distinct", "in recovery", "before", "after", "pending", "recovered", "wrong")
_SHAPE = "{:20} {:>6} {:>9} {:>9} {:>11} {:>8} {:>8} {:>9} {:>9} {:>6} {:>6}"
_COUNTS = ("states", "distinct", "again", "before", "after", "pending", "recovered")
_MOST = 5
_KIB = 120
"""A state costs as much as writing so much."""


def crash(words: Sequence[str] = ()) -> list[Tally]:
    """Print the table row by row, and return its sum.

    Parameters
    ----------
    words
        How many states in all; ``--seed N``; and words of which a sample's file name has to hold one.
    """
    left = list(words)
    seed = int(left.pop(left.index("--seed") + 1)) if "--seed" in left[:-1] else 1
    count = next((int(word) for word in left if word.isdecimal()), COUNT)
    named = [word for word in left if not word.isdecimal() and word != "--seed"]
    chosen = [name for name in samples() if not named or any(word in name for word in named)]
    found: list[Tried] = []
    with get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        asked = [scenario for own in pool.imap(scenarios, chosen) for scenario in own]
        for line in lines(pool.imap(partial(_explored, seed=seed), shares(asked, count)), found):
            print(line, flush=True)
    states, again = (sum(getattr(tried, name) for tried in found) for name in ("states", "again"))
    wrong = sum(len(tried.violations) for tried in found)
    part = f"{100 * again // states if states else 0} %"
    print(f"(crash states: {grouped(states)} of {len(chosen)} samples, seed {seed}, {part} of them in recovery)")
    return [Tally("crash states", states, wrong), Tally("of them in recovery", again, 0, part, is_part=True)]


def shares(asked: Sequence[Scenario], count: int) -> list[tuple[Scenario, int]]:
    """Say how many states of each slide are tried: as many as about the same time is enough for."""
    weights = [1 / (_KIB + sum(patch.length for patch in scenario.patches) / 1024) for scenario in asked]
    return [(scenario, -int(-count * own // sum(weights))) for scenario, own in zip(asked, weights, strict=True)]


def _explored(share: tuple[Scenario, int], seed: int) -> Tried:
    return explore(*share, seed)


def lines(explored: Iterable[Tried], kept: list[Tried]) -> Iterator[str]:
    """Yield the table's head, a row for each format as soon as it is known, the sum, and what is wrong.

    Parameters
    ----------
    explored
        What became of each slide; those of one format side by side.
    kept
        All of it is kept here.
    """
    yield _SHAPE.format(*_HEAD, "s")
    for title, group in groupby(explored, lambda tried: tried.format):
        own = list(group)
        kept += own
        yield _row(title, own)
        for wrong in [sentence for tried in own for sentence in dict.fromkeys(tried.violations)][:_MOST]:
            yield f"    WRONG      {wrong}"
    yield _row("all", kept)


def _row(title: str, tried: Sequence[Tried]) -> str:
    counts = (sum(getattr(one, name) for one in tried) for name in _COUNTS)
    wrong, seconds = sum(len(one.violations) for one in tried), sum(one.seconds for one in tried)
    return _SHAPE.format(title, len(tried), *map(str, counts), wrong, f"{seconds:.0f}")
