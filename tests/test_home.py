"""What is made in the user's folders stays there, even if the power fails right afterwards."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem
from blankslide.home import load_key
from blankslide.records.ledger import Ledger
from blankslide.testing.own.disk.events import tree_of
from blankslide.testing.own.disk.layer import Layer
from blankslide.testing.own.disk.model import Disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def after_power_loss(folder: Path, work: Callable[[], object]) -> dict[str, bytes]:
    """Do something, and return what is left if all is lost that was not synced."""
    disk, layer = Disk(tree_of(str(folder))), Layer(str(folder))
    with layer.between():
        work()
    for event in layer.events:
        disk.do(event)
    return disk.failing("lost", "lost", Random(1)).contents()


def test_a_key_outlives_a_power_failure_in_folders_that_were_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "site.key"
    left = after_power_loss(tmp_path, lambda: load_key(path))
    assert left["new/folders/site.key"] == path.read_bytes()


def test_so_does_the_ledgers_first_entry(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folders" / "ledger.jsonl"
    left = after_power_loss(tmp_path, lambda: Ledger(path, is_default=True).append({"transaction": "1"}))
    assert left["new/folders/ledger.jsonl"] == path.read_bytes()


def test_what_the_system_says_of_a_key_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="the site key cannot be read or made: Is a directory"):
        load_key(tmp_path)
