"""Slides of many formats that arrive in all ways, while the service is killed: each comes out once, whole and clean."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.own import watch_runs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_slides_that_arrive_in_all_ways_come_out_once(tmp_path: Path) -> None:
    assert watch_runs.arriving(8, seed=3, pause=0.3, root=tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no groups of processes here")
def test_killed_twenty_times_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Each start costs a second, so the slides are few; `scripts/trust watch` does it with hundreds."""
    wrong = watch_runs.arriving(16, kills=20, seed=5, pause=0.2, root=tmp_path, between=(0.3, 1.4))
    assert wrong == []
