"""The name of one slide alone, asked for as those of many are: by a pattern, or as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.errors import UsageError
from blankslide.model.changed import changed

if TYPE_CHECKING:
    from blankslide.batch.queue import Task
    from blankslide.pipeline import Mode, Options


def named_by(name: str | None, path: str | Path, options: Options, mode: Mode) -> tuple[str | None, Options]:
    """Return the new name of a slide, and options that tell the ledger what it keeps.

    Parameters
    ----------
    name
        A pattern, or a name without a brace, which is what it says; None to leave the name.
    mode
        The key is made if the run will write and the name is made with it.

    Raises
    ------
    UsageError
        If the pattern makes no sense, or asks for what the present name does not have.
    """
    if name is None or not ("{" in name or "}" in name):
        return name, options
    from blankslide.batch.names import KEYED, Pattern

    if not mode.dry_run and Pattern(name, options.resolved().identifiers).fields & KEYED:
        options.make_key()
    task = task_of(name, path, options, in_place=mode.out is None)
    return task.name, changed(options, about={**options.about, **dict(task.kept)})


def task_of(name: str, path: str | Path, options: Options, in_place: bool) -> Task:
    """Return a slide as the only one of a queue, named by a pattern.

    Raises
    ------
    UsageError
        As `named_by`.
    """
    from blankslide.batch.names import Pattern
    from blankslide.batch.queue import Task

    pattern = Pattern(name, options.resolved().identifiers)
    task = next(iter(pattern.named([Task(1, Path(path))], options.planning_key, in_place)))
    if task.refusal:
        raise UsageError(task.refusal)
    return task
