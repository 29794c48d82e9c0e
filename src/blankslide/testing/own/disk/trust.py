"""The parts of the trust table that are about failing disks: power, kills, errors, and the protocol broken on purpose.

Scenes share nothing, so each has a process of its own, as many at once as there are processors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from blankslide.testing.own.disk.broken import BREAKS, noticed
from blankslide.testing.own.disk.killed import kills
from blankslide.testing.own.disk.power import Size, power_failures, recorded
from blankslide.testing.own.disk.scenes import chosen, every_format, every_scene
from blankslide.testing.own.disk.struck import errors
from blankslide.testing.own.disk.table import lines
from blankslide.testing.own.tally import Tally

if TYPE_CHECKING:
    from multiprocessing.pool import Pool

    from click import Command

    from blankslide.testing.own.disk.power import Recorded
    from blankslide.testing.own.disk.scenes import Scene
    from blankslide.testing.own.disk.table import Row

__all__ = ["KILLS", "broken", "erring", "killing", "power"]

_known: list[Command] = []
"""The command line, for forked processes."""

USUAL = Size(40, 5, 8)
KILLS = 10_000
"""How many runs are killed, if nobody says it."""


def power(command: Command, words: Sequence[str] = (), factor: int = 1) -> list[Tally]:
    """Let the power fail at recorded calls, print a row for each scene, and return the sum.

    Parameters
    ----------
    command
        The command line.
    words
        Only scenes whose title holds one of them.
    factor
        How many times the usual number of states to try.
    """
    size = Size(USUAL.states * factor, USUAL.again * factor, USUAL.within)
    return [_told("power loss", command, chosen(*words), partial(power_failures, size=size))]


def killing(command: Command, words: Sequence[str] = (), count: int = KILLS, seed: int = 1) -> list[Tally]:
    """Kill runs of every scene and every sample; see `power`.

    Parameters
    ----------
    count
        How many in all; every call of each run is struck even if these are more.
    seed
        Of the moments.
    """
    scenes = every_scene(*words)
    each = -(-count // max(1, len(scenes)))
    return [_told("kills", command, scenes, partial(kills, most=each, seed=seed))]


def erring(command: Command, words: Sequence[str] = (), every: int = 1) -> list[Tally]:
    """Let each call of each scene, and of a slide of each other format, fail with each error; see `power`.

    Parameters
    ----------
    every
        Strike every n-th call only.
    """
    return [_told("errors of the system", command, every_format(*words), partial(errors, every=every))]


def broken(command: Command) -> list[Tally]:
    """Break the protocol in every way, and return how many breaks nobody has noticed."""
    with _processes(command) as pool:
        missed = [one for one, wrong in pool.imap(_noticed, range(len(BREAKS))) if not wrong]
    for name in missed:
        print(f"NOT NOTICED  {name}")
    print(f"protocols broken on purpose: {len(BREAKS)}, {len(BREAKS) - len(missed)} noticed", flush=True)
    return [Tally("protocols broken, real calls", len(BREAKS), len(missed))]


def _told(name: str, command: Command, scenes: Sequence[Scene], work: Callable[[Recorded], Iterator[Row]]) -> Tally:
    """Print a row for each scene as soon as it is known; return the sum."""
    rows: list[Row] = []
    for line in lines(_kept(_all(command, scenes, work), rows)):
        print(line, flush=True)
    wrong = sum(len(row.violations) + len(row.untrue) for row in rows)
    return Tally(name, sum(row.runs for row in rows), wrong, f"{len(scenes)} scenes")


def _kept(rows: Iterator[Row], kept: list[Row]) -> Iterator[Row]:
    for row in rows:
        kept.append(row)
        yield row


def _all(command: Command, scenes: Sequence[Scene], work: Callable[[Recorded], Iterator[Row]]) -> Iterator[Row]:
    with _processes(command) as pool:
        for rows in pool.imap(partial(_of, work=work), [scene.title for scene in scenes]):
            yield from rows


def _of(title: str, work: Callable[[Recorded], Iterator[Row]]) -> list[Row]:
    (scene,) = (scene for scene in every_scene() if scene.title == title)
    with recorded(scene, *_known) as run:
        return [*work(run)]


def _noticed(number: int) -> tuple[str, str]:
    one = BREAKS[number]
    return f"{one.name} ({one.scene}, {one.fails})", noticed(one, *_known)


def _processes(command: Command) -> Pool:
    _known[:] = [command]
    return get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1)
