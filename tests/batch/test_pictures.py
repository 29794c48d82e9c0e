"""Looking at pictures takes seconds a slide, so a run over many does it once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blankslide.batch import Orders
from blankslide.batch.queue import Task
from blankslide.batch.work import carry_out
from blankslide.pipeline import Options
from blankslide.testing import built

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plan_that_a_run_follows_leaves_looking_to_that_run(tmp_path: Path) -> None:
    built.aperio(tmp_path / "a.svs", size=(256, 192), factors=(1, 2), macro_size=(200, 70))
    orders = Orders.of(Options(pictures=True), tmp_path / "out")
    assert orders.options().pictures
    rehearsed = replace(orders, rehearsed=True)
    result = carry_out(Task(1, tmp_path / "a.svs"), "plan", rehearsed, rehearsed.options(), lambda *_: None, bool)
    assert result.outcome.error == ""
    assert result.outcome.found is None
