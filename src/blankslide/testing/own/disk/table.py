"""One table: a row for each kind of trouble and each slide, and what is wrong below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["Row", "lines"]

_HEAD = ("trouble", "slide", "runs", "distinct", "before", "after", "recovered", "refused", "violations", "untrue", "s")
_SHAPE = "{:22} {:34} {:>7} {:>8} {:>7} {:>7} {:>9} {:>7} {:>10} {:>7} {:>6}"
_MOST = 5


@dataclass(slots=True)
class Row:
    """What became of one slide in one kind of trouble.

    Attributes
    ----------
    runs, distinct
        How many states or runs were tried, and how many of them differ from all others.
    before, after
        In how many the slide is whole, as it was or as it was to be, before anybody helps.
    recovered
        How often a journal waited, and the slide was finished.
    refused
        How often a run ended with an error and a slide that it had not touched.
    violations, untrue
        What must never be, and sentences that are not so.
    """

    trouble: str
    slide: str
    runs: int = 0
    distinct: int = 0
    before: int = 0
    after: int = 0
    recovered: int = 0
    refused: int = 0
    violations: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Row) -> None:
        """Add what became of other runs."""
        for name in ("runs", "distinct", "before", "after", "recovered", "refused", "violations", "untrue", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def is_bad(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.violations or self.untrue)

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        counts = (self.runs, self.distinct, self.before, self.after, self.recovered, self.refused)
        wrong = (len(self.violations), len(self.untrue))
        return self.trouble, self.slide, *map(str, (*counts, *wrong)), f"{self.seconds:.0f}"


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the table's head, each row as soon as it is there, the sum, and what is wrong."""
    yield _SHAPE.format(*_HEAD)
    done: list[Row] = []
    for row in rows:
        done.append(row)
        yield _SHAPE.format(*row.cells())
        for word, wrong in (("VIOLATION", row.violations), ("UNTRUE", row.untrue)):
            for sentence in list(dict.fromkeys(wrong))[:_MOST]:
                yield f"    {word:10} {sentence}"
    yield _SHAPE.format(*_sum(done).cells())


def _sum(rows: Iterable[Row]) -> Row:
    whole = Row("all", "")
    for row in rows:
        whole.add(row)
    return whole
