"""What became of all slides, in numbers and reasons."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blankslide.errors import worst_code

if TYPE_CHECKING:
    from blankslide.model import Outcome

STOPPED = 130


@dataclass(slots=True)
class Summary:
    """What became of the slides of a run.

    Attributes
    ----------
    clean, nothing_to_do, not_clean, pending, not_begun, planned
        How many: cleaned now; clean before; with something left, or judged by nobody; waiting for `recover`; not come
        to because the run ended; only planned.
    names
        How many of them have a name that identifies, now that they are done.
    refused
        Reason -> how many.
    codes
        All exit codes that slides had.
    stopped
        Whether a person has stopped the run.
    """

    clean: int = 0
    nothing_to_do: int = 0
    not_clean: int = 0
    pending: int = 0
    not_begun: int = 0
    planned: int = 0
    names: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    codes: set[int] = field(default_factory=set)
    stopped: bool = False

    def add(self, outcome: Outcome, begun: bool = True) -> None:
        """Count a slide."""
        if not begun:
            self.not_begun += 1
            return
        self.codes.add(outcome.exit_code)
        self.names += outcome.name == "identifying" and not outcome.error
        if outcome.exit_code == 5:
            self.pending += 1
        elif outcome.error:
            self.refused[outcome.reason.partition(" \u00b7 ")[0]] += 1
        elif outcome.content == "residue":
            self.not_clean += 1
        elif outcome.content == "untouched":
            self.planned += 1
        elif outcome.transaction:
            self.clean += 1
        else:
            self.nothing_to_do += 1

    @property
    def slides(self) -> int:
        """How many slides there were."""
        counted = (self.clean, self.nothing_to_do, self.not_clean, self.pending, self.not_begun, self.planned)
        return sum(counted) + self.refused.total()

    @property
    def exit_code(self) -> int:
        """Exit code of the command-line contract."""
        code = worst_code(self.codes)
        return code if code == 5 or not self.stopped else STOPPED

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "slides": self.slides,
            "clean": self.clean,
            "nothing to do": self.nothing_to_do,
            "not clean": self.not_clean,
            "planned": self.planned,
            "pending": self.pending,
            "not begun": self.not_begun,
            "refused": dict(self.refused.most_common()),
        }
