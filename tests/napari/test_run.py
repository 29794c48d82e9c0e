"""While a run is on: the window stays alive, cancel is honoured, and nothing is written down."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.model import Stage
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

BLOCK_MS = 150


class Heartbeat:
    """A timer of the GUI thread; the longest gap between two beats is the longest block.

    A gap counts with the time that this process, all its threads together, was given in it, if
    that is less: on a busy machine the rest of the gap belonged to others.
    """

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.timer = QTimer()
        self.timer.timeout.connect(self._beat)
        self.longest = self.wall = 0.0
        self._last: tuple[float, float] | None = None

    def _beat(self) -> None:
        now = time.perf_counter() * 1000, time.process_time() * 1000
        if self._last is not None:
            wall, own = now[0] - self._last[0], now[1] - self._last[1]
            self.wall, self.longest = max(self.wall, wall), max(self.longest, min(wall, own))
        self._last = now

    def __enter__(self) -> Heartbeat:
        self.timer.start(2)
        return self

    def __exit__(self, *_: object) -> None:
        self.timer.stop()


def test_the_window_is_never_blocked_while_anonymizing(desk: Desk, tmp_path: Path) -> None:
    """The best of three runs counts: others use this machine too."""
    from qtpy.QtCore import Qt

    gaps: list[tuple[float, float]] = []
    for number in range(3):
        path = tmp_path / f"slide {number}.svs"
        build_aperio(path, size=(8192, 6144), factors=(1, 4, 16))
        desk.open(path)
        desk.bot.wait(200)
        if desk.panel.foot.mode.dry_run.value:
            desk.tick(desk.panel.foot.mode.dry_run)
        desk.click(desk.panel.foot.run)
        dialog = desk.dialog()
        with Heartbeat() as beat:
            desk.bot.mouseClick(dialog.yes, Qt.MouseButton.LeftButton)
            desk.settle()
        assert desk.session.outcome.content == "clean"
        gaps.append((beat.longest, beat.wall))
        desk.viewer.layers.clear()
        desk.settle()
        if beat.longest <= BLOCK_MS:
            break
    print("longest block, and on the clock (ms):", [(round(a), round(b)) for a, b in gaps])
    assert min(gaps)[0] <= BLOCK_MS


class Hold:
    """Holds the worker at one stage of a run until the test lets it go on."""

    def __init__(self, session: Any, stage: Stage) -> None:
        self.reached, self._go = threading.Event(), threading.Event()
        self._session, self._stage = session, stage
        session.on(self._listen)

    def _listen(self, event: str) -> None:
        if event == "progress" and self._session.stage == self._stage:
            self.reached.set()
            self._go.wait(20)

    def release(self) -> None:
        self._go.set()


def start_and_hold(desk: Desk, stage: Stage) -> Hold:
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    dialog = desk.dialog()
    hold = Hold(desk.session, stage)
    desk.click(dialog.yes)
    desk.bot.waitUntil(hold.reached.is_set, timeout=20_000)
    desk.bot.wait(50)
    return hold


@pytest.mark.parametrize("stage", [Stage.OPEN, Stage.PLAN, Stage.OBSERVE])
def test_cancel_before_the_commit_point_leaves_every_byte(desk: Desk, tmp_path: Path, stage: Stage) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(1024, 768), factors=(1, 4))
    before = path.read_bytes()
    desk.open(path)
    hold = start_and_hold(desk, stage)
    assert not desk.panel.foot.run.isEnabled()
    assert desk.panel.foot.bar.isVisible()
    desk.click(desk.panel.foot.cancel)
    hold.release()
    desk.settle()
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["slide.svs"]
    assert "cancelled before anything was written" in desk.panel.foot.result.text()
    assert desk.roles() == ["slide", "thumbnail", "label", "macro"]
    assert desk.layer("slide").data[0][:64, :64].std() > 0


def test_cancel_is_grey_behind_the_commit_point(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(1024, 768), factors=(1, 4))
    desk.open(path)
    hold = start_and_hold(desk, Stage.JOURNAL)
    assert desk.panel.foot.cancel.isVisible()
    assert not desk.panel.foot.cancel.isEnabled()
    assert desk.panel.foot.activity.text() == "writing"
    hold.release()
    desk.settle()
    assert desk.session.outcome.content == "clean"


def test_closing_the_dock_during_a_run_does_not_break_the_run(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(1024, 768), factors=(1, 4))
    desk.open(path)
    session = desk.session
    hold = start_and_hold(desk, Stage.JOURNAL)
    desk.viewer.window.remove_dock_widget(desk.dock)
    desk.bot.wait(50)
    hold.release()
    desk.bot.waitUntil(lambda: session.state == "done", timeout=20_000)
    desk.bot.wait(100)
    assert session.outcome.content == "clean"


def test_no_planted_value_is_written_anywhere_but_in_the_slide(desk: Desk, tmp_path: Path, home: Path) -> None:
    from napari.settings import get_settings

    path = tmp_path / "slide.svs"
    planted = build_aperio(path, size=(1024, 768), factors=(1, 4))
    desk.open(path)
    desk.tick(desk.panel.view.values)
    desk.panel.profile.profile.value = "strict"
    desk.settle()
    desk.anonymize()
    get_settings().save()
    values = [r.value.encode(r.encoding) for r in planted.removed if len(r.value) >= 5]
    written = [p for p in home.rglob("*") if p.is_file()]
    assert any(p.name == "blankslide.yaml" for p in written)
    assert any(p.suffix == ".jsonl" for p in written)
    leaks = [(p.name, v) for p in written for v in values if v in p.read_bytes()]
    assert leaks == []
    assert path.name.encode() not in b"".join(p.read_bytes() for p in written if p.suffix == ".yaml")


def test_the_chosen_profile_and_the_dry_run_setting_are_kept(desk: Desk, plugin: Any) -> None:
    from napari.settings import get_plugin_settings

    from blankslide._napari import settings
    from blankslide._napari.dock import AnonymizeSlide

    desk.panel.profile.profile.value = "strict"
    assert settings.profile() == "strict"
    get_plugin_settings("blankslide").review.dry_run = False
    again = AnonymizeSlide(desk.viewer)
    desk.bot.addWidget(again)
    assert again.profile.profile.value == "strict"
    assert again.foot.mode.dry_run.value is False


@pytest.mark.parametrize(
    "written", ["- 1\n- 2\n", "{{{", "review: 7\n", "review:\n  profile: nonsense\n  dry_run: perhaps\n"]
)
def test_settings_that_hold_something_else_are_the_defaults(plugin: Any, home: Path, written: str) -> None:
    """Whoever damaged the file must still be able to open the dock, and it begins as a dry run."""
    from blankslide._napari import settings

    (home / "blankslide.yaml").write_text(written)
    assert settings.profile() == settings.likely_profile() == "research"
    assert settings.dry_run() is True
    settings.remember_profile("strict")
