"""Which slides a sample is drawn from: those below a folder, or those of them that a ledger says were made clean.

Slides are called by their paths below what was named, so the same folder gives the same sample wherever it is mounted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blankslide import pipeline
from blankslide.errors import Cancelled, EnvironmentProblem, UsageError
from blankslide.home import make_folder, user_folder
from blankslide.presentation.wording import shown
from blankslide.review import record as _record
from blankslide.review.draw import digest
from blankslide.review.page import seen_now

if TYPE_CHECKING:
    from blankslide.pipeline import Options
    from blankslide.records.ledger import Ledger


class Population(NamedTuple):
    """The slides that a sample speaks of.

    Attributes
    ----------
    slides
        Name -> path.
    strangers
        How many slides of the folder the ledger does not know as clean: the sample says nothing of them.
    absent
        How many slides that the ledger knows as clean are not in the folder, or were changed since.
    """

    slides: dict[str, Path]
    strangers: int = 0
    absent: int = 0

    def sentence(self) -> str:
        """Say what the sample does not speak of; empty if it speaks of all."""
        parts = []
        if self.strangers:
            parts.append(f"{self.strangers} here that the ledger does not know as clean")
        if self.absent:
            parts.append(f"{self.absent} of the ledger that are not here as they were made")
        return f"the sample says nothing of: {'; '.join(parts)}" if parts else ""


def slides_below(paths: Sequence[str | Path]) -> dict[str, Path]:
    """Return the slides below paths, by their names.

    Raises
    ------
    UsageError
        If a path leads nowhere: a slide that is not there would be drawn, and judged.
    """
    found: dict[str, Path] = {}
    for name in paths:
        if not os.path.exists(name):
            raise UsageError(f"there is no such file or folder: {shown(name)!r}", "name what is to be checked")
        root = Path(name) if os.path.isdir(name) else Path(name).parent
        for path in pipeline.slides_in([name], lambda other: None):
            below = os.path.relpath(path, root).replace(os.sep, "/")
            found.setdefault(below if len(paths) == 1 else f"{root.name}/{below}", path)
    return found


def of_ledger(
    paths: Sequence[str | Path],
    ledger: Ledger | None,
    options: Options,
    looked: Callable[[int, int], None] = lambda done, of: None,
    stopped: Callable[[], bool] = bool,
) -> Population:
    """Return the slides below paths that are, byte for byte, what a run of the ledger has left clean.

    Parameters
    ----------
    options
        With the key that the ledger's digests are under.
    looked
        Called after each slide: all their bytes that are not tissue are read.
    stopped
        Asked after each slide.

    Raises
    ------
    UsageError
        If there is no ledger, no key, or no slide of it.
    Cancelled
        If it was stopped.
    EnvironmentProblem
        If the ledger cannot be read.
    """
    if ledger is None:
        raise UsageError("a sample from the ledger needs a ledger", "name one with --ledger URL")
    if options.key is None:
        raise UsageError("the ledger's slides are found under the site's key, and there is none", "name it with --key")
    known = _clean(ledger)
    below = slides_below(paths)
    made, found = {}, set()
    for number, (name, path) in enumerate(below.items(), 1):
        if stopped():
            raise Cancelled("stopped while slides were looked for")
        seen = seen_now(path, options)
        if seen in known:
            made[name] = path
            found.add(seen)
        looked(number, len(below))
    if not made:
        raise UsageError("no slide here is one that the ledger knows as clean", "name their folder, ledger and key")
    return Population(made, len(below) - len(made), len(known - found))


def _clean(ledger: Ledger) -> set[str]:
    """Return the digests of slides whose last entry says that they were left clean."""
    last: dict[str, bool] = {}
    for _, record in ledger.entries():
        after = record["entry"].get("after")
        if isinstance(after, str) and after:
            last[after] = record["entry"].get("content") == "clean"
    return {after for after, clean in last.items() if clean}


def usual_record(names: Sequence[str]) -> Path:
    """Return where a face keeps the record of a check unless it is told: in the user's own folder, by no name.

    A check of these very slides that was not signed yet is gone on with, by the same reviewer or a second one.

    Raises
    ------
    EnvironmentProblem
        If there is no home for it.
    """
    folder = user_folder("state") / "spot-checks"
    try:
        make_folder(folder)
    except OSError as problem:
        raise EnvironmentProblem(f"the folder for records cannot be made: {problem.strerror}") from None
    stem, number = digest(names)[:16], 1
    while True:
        path = folder / f"{stem}-{number}.json"
        kept = _record.read(path)
        if kept is None or len(kept.get("signed", ())) < kept.get("wanted", 1):
            return path
        number += 1
