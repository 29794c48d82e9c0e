"""A whole run in one call, for scripts: from what was asked for to the outcomes, in the order of the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.batch.engine import Batch, Request
from blankslide.batch.events import Done, Event
from blankslide.batch.name_table import NameTable, read_table
from blankslide.batch.names import Naming, Pattern
from blankslide.errors import UsageError

if TYPE_CHECKING:
    from blankslide.model import Outcome
    from blankslide.policy.identifiers import Identifiers


def run_whole(
    request: Request, watch: Callable[[Event], None] | None = None, cancelled: Callable[[], bool] | None = None
) -> tuple[list[Outcome], list[Path]]:
    """Plan and do everything; return the outcomes, and the files that are no slides.

    Parameters
    ----------
    watch
        Called with every event, in this thread.
    cancelled
        Asked between slides, and at the safe points of each.

    Raises
    ------
    BlankslideError
        If the request makes no sense or nothing of it can be done; nothing was touched.
    """
    ended: list[Done] = []

    def seen(event: Event) -> None:
        if isinstance(event, Done):
            ended.append(event)
        if watch is not None:
            watch(event)

    with Batch(request, seen, cancelled or bool) as engine:
        engine.plan()
        engine.run()
        return [event.outcome for event in sorted(ended, key=lambda event: event.number)], [*engine.others]


def naming_of(
    name: str | None, names: str | Path | Mapping[str, str] | None, identifiers: Sequence[Identifiers] = ()
) -> Naming | None:
    """Return what gives slides their names: a pattern, a table's file, or old names and new ones.

    Parameters
    ----------
    identifiers
        Patterns of the profile, for parts of the present names.

    Raises
    ------
    UsageError
        If both are given, or one of them makes no sense.
    """
    if name is not None and names is not None:
        raise UsageError("give either name or names, not both")
    if isinstance(names, str | Path):
        return read_table(Path(names))
    if names is not None:
        return NameTable((number, old, new) for number, (old, new) in enumerate(names.items(), 1))
    return None if name is None else Pattern(name, identifiers)
