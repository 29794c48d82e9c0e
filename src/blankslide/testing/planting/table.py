"""The verdicts on planted slides as a table, places by formats, and many of them made by several processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from blankslide.testing.planting.core import CLEAN, FAULTS, Drawing, Verdict, faults, judged, share

if TYPE_CHECKING:
    from click import Command

SHORT = {"told": "t", "refused": "r", "LEFT": "LEFT", "CHANGED": "CHANGED", "CRASH": "CRASH", "SLOW": "SLOW"}
"""How a cell says what did not end clean; a bare number did."""


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the lines of a table, a row for each place (``+``: where scanners write), and a closing one."""
    columns = sorted({v.plant.format for v in verdicts})
    rows = sorted({(not v.plant.ordinary, v.plant.where) for v in verdicts})
    width = max([len(where) for _, where in rows], default=5) + 2
    yield "  ".join([" " * width, *columns])
    for rare, where in rows:
        here = [v for v in verdicts if (v.plant.where, v.plant.ordinary) == (where, not rare)]
        cells = (_cell(Counter(v.word for v in here if v.plant.format == c)).rjust(len(c)) for c in columns)
        yield "  ".join([f"{' ' if rare else '+'} {where}".ljust(width), *cells]).rstrip()
    yield closing(verdicts)


def _cell(count: Counter[str]) -> str:
    others = [f"{count[word]}{SHORT[word]}" for word in SHORT if count[word]]
    return " ".join([str(count[CLEAN])] * bool(count[CLEAN]) + others) or "-"


def closing(verdicts: Sequence[Verdict]) -> str:
    """Say in one line how all slides ended."""
    count = Counter(v.word for v in verdicts)
    usual = sum(v.plant.ordinary for v in verdicts)
    return (
        f"planted: {len(verdicts)} slides, {count[CLEAN]} clean, {count['told']} told, {count['refused']} refused; "
        f"{', '.join(f'{count[word]} {word}' for word in FAULTS)}; "
        f"of {usual} where a scanner or converter writes {100 * share(verdicts):.2f} % clean"
    )


def worth_telling(verdict: Verdict) -> str:
    """Say in one line what a person should look at, a fault or an ordinary plant that did not end clean; or nothing."""
    plant = verdict.plant
    if not faults([verdict]) and (verdict.word == CLEAN or not plant.ordinary):
        return ""
    said = " | ".join(line.strip() for line in verdict.text.splitlines() if line.strip())
    left = f" left: {', '.join(needle.hex() for needle in verdict.left[:2])}" if verdict.left else ""
    head = f"{verdict.word} #{verdict.number} {plant.format}: {plant.where}, {plant.encoding}"
    return f"{head} ({verdict.profile}, {verdict.seconds:.1f} s){left}: {said[-400:]}"


Command_ = Callable[[], "Command"]


def many(command: Command_, drawing: Drawing, count: int, jobs: int = 2) -> Iterator[Verdict]:
    """Yield the verdicts on ``count`` slides, in their order, judged by several processes.

    Parameters
    ----------
    command
        Called in each process for the command line.
    drawing, count, jobs
        What to draw from, how many, and by how many processes.
    """
    if jobs < 2:
        _ready(command, drawing)
        yield from map(_one, range(count))
        return
    command()  # what is imported before the fork is imported once
    with ProcessPoolExecutor(jobs, get_context("fork"), initializer=_ready, initargs=(command, drawing)) as pool:
        yield from pool.map(_one, range(count), chunksize=4)


_here: list[tuple[Command, Drawing]] = []


def _ready(command: Command_, drawing: Drawing) -> None:
    """Keep what the slides are drawn from, and run once for nothing: what is imported is no slide's time."""
    _here[:] = [(command(), drawing)]
    judged(*_here[0], 0)


def _one(number: int) -> Verdict:
    return judged(*_here[0], number)
