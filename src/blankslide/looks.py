"""What was found in a slide, and of which state of its files that is true."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blankslide import pipeline
from blankslide.errors import BlankslideError
from blankslide.wishes import way_of

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Inspection, Plan
    from blankslide.pipeline import Options

Standing = tuple[tuple[int, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What was found in a slide, and of which state of its files that is true.

    Attributes
    ----------
    files, seen
        The slide's files, the main one first, and how they stood when they were looked at.
    way
        Profile and key that it was planned with.
    """

    inspection: Inspection = field(repr=False)
    plan: Plan = field(repr=False)
    files: tuple[Path, ...] = field(repr=False)
    seen: Standing = field(repr=False)
    way: tuple[object, ...] = field(repr=False)

    def still_true(self) -> bool:
        """Whether no file changed since."""
        return self.seen == standing(self.files)

    def answers(self, chosen: Options) -> bool:
        """Whether a look with other options would find and plan the same."""
        return self.way == _way(chosen)


def _way(chosen: Options) -> tuple[object, ...]:
    return chosen.resolved(), chosen.key, chosen.planning_key, chosen.thorough, way_of(chosen)


def look_at(path: Path, chosen: Options, files: tuple[Path, ...] = (), name: str | None = None) -> Look:
    """Inspect a slide and plan what is to be done.

    Parameters
    ----------
    files
        The slide's files, as far as they are known.
    name
        What the slide or its copy will be called, if the person said so.

    Raises
    ------
    BlankslideError
        If it cannot be inspected or must not be edited.
    """
    files = files or (main_of(path),)
    seen = standing(files)
    inspection, plan = pipeline.plan(path, chosen, name)
    known = dict(zip(files, seen, strict=True))
    members = members_of(files[0], inspection) or files  # members are known only now
    return Look(inspection, plan, members, tuple(known[f] if f in known else _state(f) for f in members), _way(chosen))


def main_of(path: Path) -> Path:
    """Return the main file of what a person names; whoever looks says what is wrong with it."""
    try:
        return pipeline.main_file(path)
    except BlankslideError:
        return path


def members_of(main: Path, inspection: Inspection) -> tuple[Path, ...]:
    """Return the paths of a slide's files: beside the main one, or in the folder of its name (MRXS)."""
    own = main.with_suffix("")
    beside = [main.parent / file.name for file in inspection.files]
    inside = [own / file.name for file in inspection.files]
    return tuple(i if n and i.is_file() else b for n, (b, i) in enumerate(zip(beside, inside, strict=True)))


def look_of(files: tuple[Path, ...], inspection: Inspection, plan: Plan, chosen: Options) -> Look:
    """Return the look that a run itself took, at the end, of what it has written."""
    members = members_of(files[0], inspection) or files
    return Look(inspection, plan, members, standing(members), _way(chosen))


def standing(files: Sequence[Path]) -> Standing:
    """Return what tells one state of files from another; None for a file that is not there."""
    return tuple(map(_state, files))


def _state(file: Path) -> tuple[int, ...] | None:
    try:
        now = os.stat(file)
    except (OSError, ValueError):
        return None
    # the time of the change too: whoever copies with -p sets only the other one back
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns
