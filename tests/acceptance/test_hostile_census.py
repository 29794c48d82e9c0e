"""A few quick hostile slides, of kinds that the census is for; `make trust` runs all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.cli import main
from blankslide.testing.own.hostile_runs import hostile_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS = ("1", "2", "3", "4", "7", "8", "10", "11", "12", "13", "15", "16")


@pytest.mark.parametrize("kind", KINDS)
def test_no_slide_ends_clean_with_something_left(
    shared: Path, tmp_path: Path, kind: str, record_property: Callable[[str, object], None]
) -> None:
    folder = shared.parent / "hostile"
    if not folder.is_dir():
        pytest.skip("no hostile slides beside the real ones")
    runs = list(hostile_runs(main, folder, tmp_path, kind, seed=3, most=1))
    for run in runs:
        record_property("hostile", [run.number, run.format, not run.wrong])
    assert runs, "no slide was built, so nothing was tested"
    assert [(run.name, run.code, run.wrong) for run in runs if run.wrong] == []
