"""The part of the trust table that is about many slides: each way of going through them, and a column for each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from blankslide.testing.own.batches.killed import killed_runs
from blankslide.testing.own.batches.shared import by_shards, on_a_cluster
from blankslide.testing.own.tally import Tally

if TYPE_CHECKING:
    from blankslide.testing.own.batches.killed import Story

__all__ = ["COUNT", "WAYS", "batch", "table"]

COUNT = 200
"""How many slides, if nobody says it."""
_BROKEN = 50
"""One of so many is broken."""


def _broken(count: int) -> int:
    return max(count // _BROKEN, 1)


WAYS: dict[str, Callable[[Path, int, int], Story]] = {
    "out": lambda folder, count, seed: killed_runs(folder, "out", count, _broken(count), Random(seed)),
    "place": lambda folder, count, seed: killed_runs(folder, "place", count, _broken(count), Random(seed)),
    "dask": lambda folder, count, seed: on_a_cluster(folder, count, _broken(count), Random(seed)),
    "shards": lambda folder, count, seed: by_shards(folder, count, _broken(count)),
}


def batch(words: Sequence[str]) -> list[Tally]:
    """Go through archives in the ways that are named, or in all; print the table, and return how much was wrong."""
    left = list(words)
    seed = int(left.pop(left.index("--seed") + 1)) if "--seed" in left[:-1] else 1
    count = next((int(word) for word in left if word.isdecimal()), COUNT)
    stories = []
    for name in [way for way in WAYS if way in left] or list(WAYS):
        with tempfile.TemporaryDirectory(prefix="blankslide-batch-") as folder:
            stories.append(WAYS[name](Path(folder).resolve(), count, seed))
        for wrong in stories[-1].wrong:
            print(f"WRONG      {stories[-1].title}: {wrong}", flush=True)
    print("\n".join(table(stories)), f"(batch: {count}, seed {seed})", flush=True)
    faults = sum(len(story.wrong) for story in stories)
    return [Tally("batches of killed runs", count * len(stories), faults, f"slides, in {len(stories)} ways")]


def table(stories: Sequence[Story]) -> Iterator[str]:
    """Yield the lines of a table with a column for each story."""
    rows = list(dict.fromkeys(name for story in stories for name in story.facts))
    lines = [["", *(story.title for story in stories)]]
    lines += [[name, *(str(story.facts.get(name, "")) for story in stories)] for name in rows]
    lines.append(["wrong", *(str(len(story.wrong)) for story in stories)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
