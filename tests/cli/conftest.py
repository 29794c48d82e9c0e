"""Small slides for the command line's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.testing import built

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

Made = tuple["Path", "Planted"]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    """Return a function that builds a small slide, in the folder of the test or below it."""

    def build(name: str = "slide.svs", **recipe: Any) -> Made:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path, built.aperio(path, **{"size": (512, 384), "factors": (1, 2), "macro_size": (400, 140), **recipe})

    return build


@pytest.fixture
def slide(make: Callable[..., Made]) -> Path:
    return make()[0]
