"""A CZI with CZIs inside that is killed at calls which change the disk: all clean or all untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import build_zeiss
from blankslide.testing.own.killing import CALLS, Mortal, spread

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Mortal:
    def build(path: Path) -> None:
        build_zeiss(path, size=(256, 192), factors=(1, 2), label_size=(80, 96), macro_size=(120, 48))

    return Mortal(tmp_path_factory.mktemp("killed"), "s.czi", build)


@pytest.mark.slow
def test_one_key_one_result(mortal: Mortal) -> None:
    mortal.fresh()
    assert mortal.run("anonymize", "--in-place").code == 0
    assert mortal.slide.read_bytes() == mortal.final[mortal.slide.name]


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_killed_at_the_first_a_middle_and_the_last_call(mortal: Mortal, call: str) -> None:
    assert mortal.counts[call], "the run makes no such call"
    states = {mortal.killed(call, number) for number in spread(mortal.counts[call])}
    if call == "pwrite64":
        assert "pending" in states
