"""A share that goes away, in every way in which shares do, before a slide comes and while one is in hand."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.own.flaky_share import Mounted, mounted, why_not

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.testing.own.watched import Watched

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "there is one")


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Mounted]:
    for name in ("in", "quarantine"):
        (tmp_path / "real" / name).mkdir(parents=True)
    with mounted(tmp_path / "real", tmp_path / "share", tmp_path / "trouble") as share:
        yield share


@pytest.mark.slow
def test_a_share_that_goes_away_is_waited_for_and_told(
    share: Mounted, watched: Callable[..., Watched], kinds: dict[str, Path], tmp_path: Path
) -> None:
    service = watched("--quarantine", str(tmp_path / "share" / "quarantine"), "--patience", "0.5")
    service.watch(tmp_path / "share" / "in")
    with service.running():
        service.wait_for(lambda: "watching" in service.said())
        for error in ("EBUSY", "ESTALE", "EIO", "ENOTCONN", "EHOSTDOWN"):
            name = f"{error}.avs"
            shutil.copyfile(kinds["argos.avs"] / "argos.avs", tmp_path / "real" / "in" / name)
            if error == "EIO":  # a slide is in hand by then
                service.wait_for(lambda: bool(service.status()["running"]), why="a slide in hand")
            share.away(error)
            service.wait_for(lambda: service.status()["state"] == "share away", why=error)
            assert os.strerror(getattr(__import__("errno"), error)) in service.status()["why"]
            time.sleep(0.7)
            share.back()
            service.wait_for(lambda name=name: name in service.copies(), why=f"back after {error}")  # type: ignore[misc]
    assert service.said().count("the share is away") == service.said().count("the share is back") == 5
    assert len(service.entries()) == len(service.copies()) == 5
    assert os.listdir(tmp_path / "real" / "quarantine") == [], "a share that is away damages no slide"
    assert "Traceback" not in service.said()
