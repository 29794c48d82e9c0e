"""One entry of very many is found without reading the others, and all are gone through without holding them."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from blankslide.records import chain
from blankslide.testing.own.chains import write_chain

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.ledger import Ledger


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return write_chain(tmp_path_factory.mktemp("long") / "l.jsonl", 1200)


@pytest.mark.parametrize("first", [1, 2, 300, 700, 1199, 1200])
def test_entries_begin_where_they_are_wanted(long: Ledger, first: int) -> None:
    found = [record["seq"] for _, record in long.entries(first)]
    assert found == list(range(first, 1201))


def test_behind_the_end_there_is_nothing(long: Ledger) -> None:
    assert list(long.entries(1201)) == []


def test_the_place_is_searched_and_not_walked_to(long: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run appends to a mirror must cost the same, however long the ledger is."""
    count = 0
    parse = chain.parse

    def counted(raw: bytes) -> object:
        nonlocal count
        count += 1
        return parse(raw)

    monkeypatch.setattr(chain, "parse", counted)
    assert next(iter(long.entries(1190)))[1]["seq"] == 1190
    assert count < 200


def test_torn_and_strange_lines_are_passed_over_in_the_search(tmp_path: Path) -> None:
    ledger = write_chain(tmp_path / "l.jsonl", 300)
    whole = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(b"".join(line + b"x" * 3000 + b"\n" for line in whole))
    for first in (1, 150, 299):
        assert next(iter(ledger.entries(first)))[1]["seq"] == first


def test_a_long_ledger_is_held_in_no_memory(long: Ledger) -> None:
    size = long.path.stat().st_size
    tracemalloc.start()
    try:
        assert long.audit().entries == 1200
        assert sum(1 for _ in long.entries()) == 1200
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size / 4
