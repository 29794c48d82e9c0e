"""A slide that changes between a sweep and its turn: nobody may take it up again and again and never look at it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from blankslide.pipeline import Options
from blankslide.watch.service import Service
from blankslide.watch.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _touch(slide: Path) -> None:
    os.utime(slide)


def _lose_a_part(slide: Path) -> None:
    (slide.with_suffix("") / "Data0003.dat").unlink()


@pytest.mark.parametrize(("change", "ending"), [(_touch, "done"), (_lose_a_part, "bad")])
def test_a_slide_that_changes_just_before_its_turn_is_looked_at_again(
    tmp_path: Path, put: Callable[..., Path], change: Callable[[Path], None], ending: str
) -> None:
    slide = put("mirax.mrxs", tmp_path / "in")
    end, turns = time.monotonic() + 30, list[float]()

    def stopped() -> bool:
        if service._ready and not turns:
            turns.append(time.monotonic())
            change(slide)
        return time.monotonic() > end

    service = Service(
        Settings(
            tmp_path / "in",
            Options(key_file=tmp_path / "site.key"),
            tmp_path / "out",
            quarantine=tmp_path / "quarantine",
            done=tmp_path / "done",
            health=tmp_path / "health.json",
            quiet=0.2,
            sweep=0.1,
            patience=1.0,
        ),
        print,
        stopped,
    )
    ended = service.run(once=True)
    assert turns
    assert time.monotonic() < end, "it was begun again and again, and never looked at"
    assert ended[ending] == 1
    assert (tmp_path / "out" / "mirax.mrxs").exists() == (ending == "done")
