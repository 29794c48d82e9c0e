"""Slides for the acceptance tests, each with what the judge must know of its past."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.testing import built
from blankslide.testing.judge import Before, judge

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2, 4), "macro_size": (400, 140)}
"""A quarter of a second less for each slide; level 0 still is the largest page."""

_OF_THE_JUDGE = ("gone", "same_profile")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[Path, Before]]:
    """Return a function that builds a slide: name, ``full`` size or small, then fields of the recipe.

    What the judge takes (``gone``, ``same_profile``) goes to the judge.
    """

    def build(name: str = "slide.svs", *, full: bool = False, **recipe: Any) -> tuple[Path, Before]:
        more = {k: recipe.pop(k) for k in _OF_THE_JUDGE if k in recipe}
        path = tmp_path / name
        key = built.aperio(path, **recipe if full else SMALL | recipe)
        return path, Before.of(path, key, **more)

    return build


@pytest.fixture
def becomes_clean(run_here: Callable[..., Any]) -> Callable[..., None]:
    """Return a function that anonymizes in place and lets the judge look; a process for each run would cost as much."""

    def check(path: Path, before: Before, *options: str) -> None:
        ended = run_here("anonymize", "--in-place", *options, path)
        assert (ended.code, ended.err) == (0, ""), ended.text
        assert judge(before, path) == []

    return check
