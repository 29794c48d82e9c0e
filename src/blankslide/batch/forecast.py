"""What is known of a run before it begins: of each slide a few numbers, and of all of them one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from blankslide.model import PhiClass

if TYPE_CHECKING:
    from blankslide.batch.queue import Task
    from blankslide.model import Outcome
    from blankslide.pipeline import Foreseen


class Forecast(NamedTuple):
    """What is known of one slide before anything is written; small, because there may be many.

    Attributes
    ----------
    title
        Of the format.
    pictures, fields, unknown
        How many can identify the patient; unknown fields are fields, too.
    size, writes, names
        As in `Foreseen`.
    code, reason
        Why it cannot be done: exit code and sentence; 0 and empty if it can.
    """

    task: Task
    title: str = ""
    pictures: int = 0
    fields: int = 0
    unknown: int = 0
    size: int = 0
    writes: int = 0
    names: tuple[str, ...] = ()
    code: int = 0
    reason: str = ""

    @property
    def weight(self) -> int:
        """How much work it is, compared with others."""
        return (4 << 20) + self.writes


def forecast(task: Task, outcome: Outcome, foreseen: Foreseen | None, in_place: bool) -> Forecast:
    """Make the forecast of what a dry run said.

    Parameters
    ----------
    in_place
        Then a slide that waits is recovered by the run.
    """
    from sys import intern

    from blankslide.presentation.wording import sensitive

    at_risk = sensitive(outcome.decisions)
    pictures = sum(d.cls is PhiClass.IMAGE for d in at_risk)
    waits = outcome.error_code == 5 and in_place
    return Forecast(
        task,
        intern(outcome.title),
        pictures,
        len(at_risk) - pictures,
        sum(d.cls is PhiClass.UNKNOWN for d in at_risk),
        foreseen.size if foreseen else 0,
        foreseen.writes if foreseen else int(waits),
        foreseen.names if foreseen else (),
        0 if waits else outcome.error_code,
        "" if waits else intern(outcome.error),
    )


@dataclass(slots=True)
class Line:
    """One format in the table."""

    slides: int = 0
    to_do: int = 0
    pictures: int = 0
    fields: int = 0
    unknown: int = 0
    size: int = 0
    writes: int = 0


@dataclass(slots=True)
class Overview:
    """The whole plan.

    Attributes
    ----------
    formats
        Title of the format -> its line; of slides that cannot be done only the number is in it.
    refused
        Sentence -> how many slides.
    free
        Bytes that are free where copies go; None where nothing is copied, or nobody can tell.
    """

    formats: dict[str, Line] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    free: int | None = None

    @classmethod
    def of(cls, forecasts: Iterable[Forecast], out: str | None) -> Overview:
        """Sum up."""
        made = cls(free=None if out is None else _free(out))
        for each in forecasts:
            if each.code:
                made.refused[each.reason] += 1
                continue
            line = made.formats.setdefault(each.title, Line())
            line.slides += 1
            line.to_do += each.writes > 0
            for name in ("pictures", "fields", "unknown", "size", "writes"):
                setattr(line, name, getattr(line, name) + getattr(each, name))
        return made

    @property
    def slides(self) -> int:
        """How many slides there are."""
        return self.goes_on_with + self.refused.total()

    @property
    def goes_on_with(self) -> int:
        """How many of them can be done."""
        return sum(line.slides for line in self.formats.values())

    @property
    def writes(self) -> int:
        """Bytes that will be written."""
        return sum(line.writes for line in self.formats.values())

    @property
    def size(self) -> int:
        """Bytes of all slides that can be done."""
        return sum(line.size for line in self.formats.values())

    @property
    def fits(self) -> bool:
        """Whether all copies together fit where they go, as far as can be told."""
        return self.free is None or self.writes <= self.free


def _free(folder: str) -> int | None:
    import os
    from shutil import disk_usage

    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    try:
        return disk_usage(folder).free
    except OSError:
        return None
