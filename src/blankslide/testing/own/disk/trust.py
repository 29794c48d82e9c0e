"""The storage part of the trust table: every scene, every trouble, and the protocol broken on purpose.

Scenes share nothing, so each has a process of its own, as many at once as there are processors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from blankslide.testing.own.disk.broken import BREAKS, noticed
from blankslide.testing.own.disk.power import Size, power_failures, recorded
from blankslide.testing.own.disk.scenes import chosen
from blankslide.testing.own.disk.struck import errors, kills
from blankslide.testing.own.disk.table import lines

if TYPE_CHECKING:
    from multiprocessing.pool import Pool

    from click import Command

    from blankslide.testing.own.disk.scenes import Scene
    from blankslide.testing.own.disk.table import Row

__all__ = ["storage"]

_known: list[Command] = []
"""The command line, for forked processes."""

USUAL = Size(40, 5, 8)


def storage(command: Command, words: Sequence[str] = (), factor: int = 1) -> int:
    """Print the table line by line; return how much is wrong in it.

    Parameters
    ----------
    command
        The command line.
    words
        Only scenes whose title holds one of them.
    factor
        How many times the usual number of states to try; errors strike every second call, or fifth, unless it is more.
    """
    rows: list[Row] = []
    for line in lines(_kept(_all(command, chosen(*words), factor), rows)):
        print(line, flush=True)
    missed = [one for one, wrong in _broken(command) if not wrong] if not words else []
    for name in missed:
        print(f"NOT NOTICED  {name}")
    if not words:
        print(f"protocols broken on purpose: {len(BREAKS)}, {len(BREAKS) - len(missed)} noticed")
    return sum(len(row.violations) + len(row.untrue) for row in rows) + len(missed)


def _kept(rows: Iterator[Row], kept: list[Row]) -> Iterator[Row]:
    for row in rows:
        kept.append(row)
        yield row


def _all(command: Command, scenes: Sequence[Scene], factor: int) -> Iterator[Row]:
    size = Size(USUAL.states * factor, USUAL.again * factor, USUAL.within)
    with _processes(command) as pool:
        for rows in pool.imap(partial(_of, size=size), [scene.title for scene in scenes]):
            yield from rows


def _of(title: str, size: Size) -> list[Row]:
    (scene,) = chosen(title)
    with recorded(scene, *_known) as run:
        every = 2 if scene.mode == "in place" else 5
        blows = errors(run, max(1, every * USUAL.states // size.states))
        return [*power_failures(run, size), *kills(run), *blows]


def _broken(command: Command) -> Iterator[tuple[str, str]]:
    with _processes(command) as pool:
        yield from pool.imap(_noticed, range(len(BREAKS)))


def _noticed(number: int) -> tuple[str, str]:
    one = BREAKS[number]
    return f"{one.name} ({one.scene}, {one.fails})", noticed(one, *_known)


def _processes(command: Command) -> Pool:
    _known[:] = [command]
    return get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1)
