"""A MIRAX set whose run is killed: after `recover` all of its files are clean, or all untouched.

The deaths are spread over the run, so that some fall between two files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.samples.kit.patients import invent
from blankslide.testing.built import build_mirax
from blankslide.testing.own.killing import Mortal, spread

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Mortal:
    def build(path: Path) -> None:
        pictures = {"label": (120, 160), "macro": (100, 200), "thumbnail": (80, 160), "preview": (80, 160)}
        build_mirax(path, tile=(64, 48), images=(4, 2), levels=2, pictures=pictures)

    return Mortal(tmp_path_factory.mktemp("killed"), "s.mrxs", build)


@pytest.mark.slow
def test_killed_at_calls_all_over_the_run_it_is_recovered_whole(mortal: Mortal) -> None:
    values = [v.encode() for v in (invent(8).case, invent(8).institution, invent(8).mrn)]
    assert not any(value in data for data in mortal.final.values() for value in values)
    assert mortal.counts["pwrite64"] >= 12, "every file of the set is written"
    points = [("pwrite64", n) for n in spread(mortal.counts["pwrite64"], 4)] + [("rename", 1), ("unlink", 1)]
    states = {mortal.killed(*point) for point in points}
    assert "pending" in states
    assert "untouched" in states
