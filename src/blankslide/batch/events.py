"""What observers of a run are told, in the order in which it happens.

Of each slide: `Queued`, `Planned`, then `Running`, `Staged` for each stage, and `Done`. A slide that cannot be done is
`Done` right after it was planned. Events come to the thread that runs the batch, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.batch.forecast import Forecast
    from blankslide.model import Outcome, Stage


@dataclass(frozen=True, slots=True)
class Queued:
    """A slide was found.

    Attributes
    ----------
    number
        Its number in the whole queue, from 1; the same in every shard.
    path
        The slide, as it was named or found.
    """

    number: int
    path: Path = field(repr=False)


@dataclass(frozen=True, slots=True)
class Planned:
    """A slide was looked at; nothing was changed."""

    number: int
    path: Path = field(repr=False)
    forecast: Forecast = field(repr=False)


@dataclass(frozen=True, slots=True)
class Running:
    """A slide was begun."""

    number: int
    path: Path = field(repr=False)


@dataclass(frozen=True, slots=True)
class Staged:
    """A stage of a slide has ended; ``part`` of its run is done."""

    number: int
    path: Path = field(repr=False)
    stage: Stage
    part: float


@dataclass(frozen=True, slots=True)
class Done:
    """A slide was finished or refused, or was not begun because the run ended; it is not spoken of again.

    Attributes
    ----------
    begun
        False if the run ended before it came to the slide.
    """

    number: int
    path: Path = field(repr=False)
    outcome: Outcome
    begun: bool = True


Event = Queued | Planned | Running | Staged | Done
