"""Holding a mirror against its chain, entry by entry, and against itself.

Both are gone through at once, in the order of their numbers, so their length does not matter. A mirror that knows
entries which the chain has no more shows that the chain's end was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blankslide.records.chain import Record, parse
from blankslide.records.chain_check import MOST, Checked, check
from blankslide.records.mirrors import schema
from blankslide.records.mirrors.database import Mirror, chain_id

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(slots=True)
class State:
    """How a mirror stands.

    Attributes
    ----------
    behind
        Entries at the end of the chain that it does not have yet; that is no fault.
    count
        Entries that it has.
    missing, differing, beyond
        Numbers of entries that it lacks in the middle, that are others, and that the chain does not have.
    others
        Chains of other machines that it holds, each by itself.
    """

    behind: int = 0
    count: int = 0
    missing: list[int] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    beyond: list[int] = field(default_factory=list)
    others: dict[str, Checked] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """One sentence for each kind of difference."""
        out = []
        if self.missing:
            out.append(f"the mirror lacks {_named(self.missing)}")
        if self.differing:
            out.append(f"the mirror has {_named(self.differing)} otherwise than the ledger")
        if self.beyond:
            out.append(f"the mirror has {_named(self.beyond)}, which the ledger has not: its end was cut off")
        for chain, checked in self.others.items():
            out.extend(f"mirror of {chain[:12]}: {problem.sentence}" for problem in checked.problems)
        return out


def compare(mirror: Mirror, others: bool = False) -> State:
    """Hold a mirror against its chain.

    Parameters
    ----------
    others
        Check the chains of other machines that it holds, too, each by itself.

    Raises
    ------
    MirrorProblem
        If the mirror cannot be reached, or the chain is broken at its first entry.
    """
    mirror.target.require_ours()
    chain = chain_id(mirror.ledger)
    state = State()
    if mirror.target.file is not None and not mirror.target.file.exists():
        state.behind = sum(1 for _ in mirror.ledger.entries())
        return state
    with mirror.connected() as connection:
        if not mirror.has_table(connection):
            state.behind = sum(1 for _ in mirror.ledger.entries())
            return state
        if chain is not None:
            _walk(mirror, connection, chain, state)
        for other in mirror.chains(connection) if others else ():
            if other != chain:
                state.others[other] = check(_lines(mirror, connection, other))
    return state


def _walk(mirror: Mirror, connection: Connection, chain: str, state: State) -> None:
    rows = mirror.rows(connection, chain)
    row = next(rows, None)
    last = 0
    for raw, record in mirror.ledger.entries():
        if record["seq"] <= last:  # the chain is broken here, and says so itself
            continue
        last = record["seq"]
        while row is not None and row["seq"] < last:
            _note(state.differing, row["seq"])
            row = next(rows, None)
        if row is None:
            state.behind += 1
        elif row["seq"] > last:
            _note(state.missing, last)
        else:
            state.count += 1
            if not _is_same(row, chain, raw, record, mirror.target.kind):
                _note(state.differing, last)
            row = next(rows, None)
    while row is not None:
        _note(state.beyond, row["seq"])
        row = next(rows, None)


def _note(numbers: list[int], number: int) -> None:
    if len(numbers) < MOST:
        numbers.append(number)


def _is_same(row: dict[str, Any], chain: str, raw: bytes, record: Record, kind: str) -> bool:
    try:
        return row == schema.row_of(chain, raw, record, kind)
    except ValueError:
        return False


def _lines(mirror: Mirror, connection: Connection, chain: str) -> Iterator[bytes]:
    """Yield the lines that a mirror holds; one whose columns say something else counts as edited."""
    for row in mirror.rows(connection, chain):
        raw = str(row["line"]).encode("utf-8", "backslashreplace")
        record = parse(raw)
        fits = record is not None and _is_same(row, chain, raw, record, mirror.target.kind)
        yield raw if fits else b""


def _named(numbers: list[int]) -> str:
    """Name entries: ``entry 3``, ``entries 3 to 5 and 8``."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    parts = [str(a) if a == b else f"{a} to {b}" for a, b in ranges[:8]]
    more = " and more" if len(ranges) > 8 or len(numbers) >= MOST else ""
    return f"{'entry' if numbers[0] == numbers[-1] else 'entries'} {', '.join(parts)}{more}"
