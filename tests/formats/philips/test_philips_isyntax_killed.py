"""An iSyntax file that is killed at calls which change the disk: all clean or all untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import build_philips_isyntax
from blankslide.testing.own.killing import CALLS, Mortal, spread

pytest.importorskip("isyntax", reason="nobody else here reads iSyntax")

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Mortal:
    def build(path: Path) -> None:
        build_philips_isyntax(path, levels=2)

    return Mortal(tmp_path_factory.mktemp("killed"), "s.isyntax", build)


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_killed_at_the_first_a_middle_and_the_last_call(mortal: Mortal, call: str) -> None:
    assert mortal.counts[call], "the run makes no such call"
    states = {mortal.killed(call, number) for number in spread(mortal.counts[call])}
    if call == "pwrite64":
        assert "pending" in states
