"""A svslide that is killed at calls which change the disk: SQLite finds it all clean or all untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import build_sakura
from blankslide.testing.own.databases import SMALL, rows
from blankslide.testing.own.killing import CALLS, Mortal, spread

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Mortal:
    def build(path: Path) -> None:
        build_sakura(path, **SMALL)

    return Mortal(tmp_path_factory.mktemp("killed"), "s.svslide", build)


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_killed_at_the_first_a_middle_and_the_last_call(mortal: Mortal, call: str) -> None:
    assert mortal.counts[call], "the run makes no such call"
    states = set()
    for number in spread(mortal.counts[call]):
        states.add(mortal.killed(call, number))
        assert rows(mortal.slide, "PRAGMA integrity_check") == [("ok",)]
    if call == "pwrite64":
        assert "pending" in states
