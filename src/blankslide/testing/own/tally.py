"""What a section of the trust table has tried, and how much of it was wrong; and the table that closes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["Tally", "closing", "total"]

_SHAPE = "{:28} {:>10} {:>7}  {}"


class Tally(NamedTuple):
    """One line of the closing table.

    Attributes
    ----------
    name
        What was tried.
    tried
        How often.
    wrong
        How often something was wrong; the table is good only if that is 0 everywhere.
    note
        What a reader has to know beside the two.
    is_part
        Whether the line above holds it already.
    """

    name: str
    tried: int
    wrong: int
    note: str = ""
    is_part: bool = False


def total(tallies: Iterable[Tally]) -> int:
    """Return how much was wrong in all."""
    return sum(tally.wrong for tally in tallies)


def closing(tallies: Iterable[Tally]) -> Iterator[str]:
    """Yield the closing table, line by line; what each line means stands in ``docs/trust.md``."""
    yield _SHAPE.format("", "tried", "wrong", "").rstrip()
    known = list(tallies)
    for tally in known:
        yield _SHAPE.format("  " * tally.is_part + tally.name, grouped(tally.tried), tally.wrong, tally.note).rstrip()
    yield _SHAPE.format("all", grouped(sum(t.tried for t in known if not t.is_part)), total(known), "").rstrip()


def grouped(number: int) -> str:
    """Return a number with thin groups of three digits, as a person reads it."""
    return f"{number:,}".replace(",", " ")
