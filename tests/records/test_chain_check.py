"""Whatever was done to a chain is told, with the entry it was done to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from blankslide.records import chain
from blankslide.records.chain import Head
from blankslide.records.chain_check import MOST, check
from blankslide.testing.own.chains import write_chain

if TYPE_CHECKING:
    from pathlib import Path

Lines = list[bytes]


@pytest.fixture
def lines(tmp_path: Path) -> Lines:
    return write_chain(tmp_path / "l.jsonl", 9).path.read_bytes().splitlines()


def rewritten(lines: Lines, number: int) -> bytes:
    """Return another line that holds its own hash."""
    record = chain.parse(lines[number - 1])
    assert record is not None
    record["entry"]["content"] = "residue"
    return chain.canonical(record | {"hash": chain.line_hash(record)})


def edited(lines: Lines, *numbers: int) -> Lines:
    return [line.replace(b'"clean"', b'"clear"') if n in numbers else line for n, line in enumerate(lines, 1)]


def moved(lines: Lines, number: int, to: int) -> Lines:
    rest = lines[: number - 1] + lines[number:]
    return [*rest[: to - 1], lines[number - 1], *rest[to - 1 :]]


def without(lines: Lines, *numbers: int) -> Lines:
    return [line for n, line in enumerate(lines, 1) if n not in numbers]


CASES: dict[str, tuple[Callable[[Lines], Lines], list[tuple[str, int]]]] = {
    "nothing": (lambda x: x, []),
    "edited": (lambda x: edited(x, 4), [("edited", 4)]),
    "first edited": (lambda x: edited(x, 1), [("edited", 1)]),
    "two edited": (lambda x: edited(x, 4, 5), [("edited", 4), ("edited", 5)]),
    "removed": (lambda x: without(x, 4), [("removed", 4)]),
    "first removed": (lambda x: without(x, 1), [("removed", 1)]),
    "three removed": (lambda x: without(x, 4, 5, 6), [("removed", 4)]),
    "moved back": (lambda x: moved(x, 3, 6), [("moved", 3)]),
    "moved to the end": (lambda x: moved(x, 3, 9), [("moved", 3)]),
    "swapped": (lambda x: moved(x, 4, 5), [("moved", 4)]),
    "doubled": (lambda x: [*x[:5], x[2], *x[5:]], [("put in", 3)]),
    "strange line": (lambda x: [*x[:5], b'{"mine":1}', *x[5:]], [("put in", 6)]),
    "rewritten": (lambda x: [*x[:3], rewritten(x, 4), *x[4:]], [("rewritten", 5)]),
    "torn": (lambda x: [*x[:-1], x[-1][:40]], [("torn", 9)]),
    "last edited": (lambda x: edited(x, 9), [("edited", 9)]),
    "edited and removed": (lambda x: edited(without(x, 6), 3), [("edited", 3), ("removed", 6)]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_done_is_told_with_its_entry(lines: Lines, name: str) -> None:
    change, expected = CASES[name]
    found = check(change(lines)).problems
    assert [(problem.kind, problem.entry) for problem in found] == expected
    for problem in found:
        assert str(problem.entry) in problem.sentence


def test_a_run_of_removed_entries_is_named_whole(lines: Lines) -> None:
    (problem,) = check(without(lines, 4, 5, 6)).problems
    assert problem.sentence == "entries 4 to 6 are missing: removed between entry 3 and entry 7"


def test_the_end_that_was_cut_off_shows_against_a_head_kept_elsewhere(lines: Lines) -> None:
    head = check(lines).head
    assert check(lines, head).problems == []
    assert check(lines, Head(head.sequence, head.hash[:16])).problems == []
    assert check(lines[:7]).problems == []
    assert [(p.kind, p.entry) for p in check(lines[:7], head).problems] == [("cut off", 9)]


def test_a_ledger_written_anew_is_not_the_one_that_was_noted(lines: Lines, tmp_path: Path) -> None:
    other = write_chain(tmp_path / "other.jsonl", 12, {"stain": "HE"}).path.read_bytes().splitlines()
    assert [p.kind for p in check(other, check(lines).head).problems] == ["another"]


def test_a_shuffled_ledger_does_not_fill_the_screen(tmp_path: Path) -> None:
    lines = write_chain(tmp_path / "l.jsonl", 2 * MOST + 50).path.read_bytes().splitlines()
    assert len(check(lines[::-1]).problems) == MOST
