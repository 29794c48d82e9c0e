"""The health file: read back as it was written, and what counts as unhealthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.watch import Health, read_health
from blankslide.watch.health import Item

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    health = Health("working", counts={"done": 3}, waiting=[Item("slide-1", "the disk is full", "2026")], at=7.5)
    health.write(tmp_path / "new" / "health.json")
    assert read_health(tmp_path / "new" / "health.json") == health
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["health.json"]


def test_no_file_and_another_file_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="nobody watches"):
        read_health(tmp_path / "none.json")
    for text in ("notes", "[1]", '{"version": 7}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(UsageError):
            read_health(tmp_path / "x.json")


def test_what_is_unhealthy() -> None:
    well = Health("watching", at=1000.0, every=10.0, counts={"in quarantine": 5})
    assert not well.unhealthy(1100)
    assert "no sign of life" in well.unhealthy(1121)
    assert "stopped" in Health("stopped", at=1000.0).unhealthy(1000)
    assert "away" in Health("share away", at=1000.0, why="Stale file handle").unhealthy(1000)
