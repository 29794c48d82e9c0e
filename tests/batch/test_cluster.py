"""A dask cluster on this machine: two workers, one of which is killed; every slide is done once."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

import blankslide
from blankslide.batch import Done, Event
from blankslide.errors import EnvironmentProblem

if TYPE_CHECKING:
    from pathlib import Path

distributed = pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of dask


@pytest.fixture
def scheduler(loopback: None) -> Iterator[str]:
    """Start a scheduler and two workers, each a process; they take over our path."""
    del loopback
    paths = os.pathsep.join(filter(None, sys.path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", paths)
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster:
            yield cluster.scheduler_address


@pytest.mark.slow
def test_one_of_two_workers_is_killed_and_every_slide_is_done_once(
    put: Callable[..., Path], tmp_path: Path, scheduler: str
) -> None:
    root, ledger = tmp_path / "archive", tmp_path / "ledger.jsonl"
    for i in range(24):
        put("small.ndpi", root / f"box {i % 3}", f"s{i}.ndpi")
    (root / "bad.svs").write_bytes(b"no scanner wrote this")
    with distributed.Client(scheduler) as client:
        numbers = list(client.run(os.getpid).values())
    done: list[Event] = []

    def kill(event: Event) -> None:
        done.extend([event] * isinstance(event, Done))
        if len(done) == 5 and len(numbers) == 2:
            os.kill(numbers.pop(), 9)

    key = tmp_path / "site.key"
    outcomes = blankslide.anonymize_many(
        root, in_place=True, ledger=str(ledger), key=key, scheduler=scheduler, watch=kill
    )
    assert len(numbers) == 1
    assert Counter(outcome.content for outcome in outcomes) == {"clean": 24, "untouched": 1}
    entries = [json.loads(line)["entry"] for line in ledger.read_bytes().splitlines()]
    assert len({entry["transaction"] for entry in entries}) == len(entries) == 24
    assert not list(root.rglob(".blankslide*"))


def test_nobody_answers(few: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="no dask scheduler answers"):
        blankslide.anonymize_many(few, in_place=True, ledger="none", scheduler="nonsense://x")
