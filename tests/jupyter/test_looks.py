"""How often the card inspects a slide: once when it is opened, and once after it was edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")

from blankslide.jupyter import SlideReview
from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["aperio-classic.svs", "dicom-implicit.dcm", "hamamatsu-channels.ndpis", "mirax.mrxs"])
def test_once_when_it_is_opened_and_once_after_the_edit(name: str, tmp_path: Path, inspections: list[str]) -> None:
    (tmp_path / "work").mkdir()
    path = tmp_path / "work" / name
    builders()[name](path)
    review = SlideReview(path, ledger="none")
    assert review.session.state == "ready"
    assert all(p.png for p in review._now)
    assert len(inspections) == 1
    controls = review._card.controls
    controls.dry_run.value, controls.confirm.value = False, True
    controls.go.click()
    assert review.outcome is not None
    assert review.outcome.content == "clean"
    assert len([name for name in inspections if not name.endswith("as planned")]) == 3, (
        "one under the lock, before anything is written, and one of what stands there now"
    )
    review.close()
