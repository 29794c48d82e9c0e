"""A dask cluster on this machine: a scheduler and two workers, one of which is killed; every slide is done once."""

from __future__ import annotations

import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

import blankslide
from blankslide.errors import EnvironmentProblem
from blankslide.testing.own.batches.archive import kinds
from blankslide.testing.own.batches.shared import on_a_cluster

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of dask


@pytest.mark.skipif(sys.platform == "win32", reason="the archive has names and pipes that Windows does not know")
@pytest.mark.slow
def test_one_of_two_workers_is_killed_and_every_slide_is_done_once(loopback: None, tmp_path: Path) -> None:
    quick = kinds(tmp_path / "kinds", ".ndpi", ".svs", ".mrxs")
    story = on_a_cluster(tmp_path, 15, 2, Random(3), quick)
    assert story.wrong == []
    facts = story.facts
    assert (facts["workers, and left at the end"], facts["in the ledger"]) == ("2, 1", 15)
    # The worker may die between the end of a slide and telling of it: the other one then finds that nothing is to do.
    assert (facts["clean"] + facts["nothing to do"], facts["nothing to do"] <= 1) == (15, True)


def test_nobody_answers(few: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="no dask scheduler answers"):
        blankslide.anonymize_many(few, in_place=True, ledger="none", scheduler="nonsense://x")
