"""How often a slide is inspected: once when it is opened, by whomever of us, and once after it was edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api
from blankslide._napari.commands import get_reader
from blankslide.testing.built import builders

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

NAMES = ("aperio-classic.svs", "hamamatsu-channels.ndpis", "mirax.mrxs")


@pytest.fixture
def slide(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    path: Path = tmp_path / "work" / getattr(request, "param", NAMES[0])
    builders()[path.name](path)
    return path


@pytest.mark.parametrize("slide", NAMES, indirect=True)
def test_recognising_a_slide_inspects_nothing_and_reading_it_once(slide: Path, inspections: list[str]) -> None:
    read = get_reader(str(slide))
    assert read is not None
    assert inspections == []
    read(str(slide))
    assert len(inspections) == 1


@pytest.mark.parametrize("slide", NAMES, indirect=True)
def test_reader_and_dock_inspect_once_together_and_once_after_the_edit(
    desk: Desk, slide: Path, inspections: list[str]
) -> None:
    desk.open(slide)
    assert desk.session.state == "ready"
    assert len(desk.panel.review.pictures.now) >= 2
    assert len(inspections) == 1
    desk.anonymize()
    assert desk.session.outcome.content == "clean"
    # one under the lock, before anything is written, and one of what stands there now
    assert len([name for name in inspections if not name.endswith("as planned")]) == 3
    assert desk.session.inspection is not None
    assert not desk.session.stale
    desk.viewer.layers.clear()


def test_a_slide_that_changed_since_it_was_opened_is_inspected_anew(
    desk: Desk, slide: Path, inspections: list[str]
) -> None:
    """What the reader found must not be believed of another state of the file."""
    import os

    desk.panel.review.show(None)
    desk.viewer.layers.events.inserted.disconnect(desk.panel._follow)
    desk.viewer.layers.selection.events.active.disconnect(desk.panel._follow)
    desk.viewer.open(str(slide), plugin="blankslide")
    os.utime(slide, ns=(1, 1))
    desk.panel._follow()
    desk.settle()
    assert desk.session.state == "ready"
    assert len(inspections) == 2
    desk.viewer.layers.clear()


def test_no_to_the_question_costs_no_other_look(desk: Desk, slide: Path, inspections: list[str]) -> None:
    desk.open(slide)
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    desk.click(desk.dialog().no)
    desk.settle()
    assert len(inspections) == 1
    desk.viewer.layers.clear()


def test_opening_a_slide_does_not_make_the_settings_of_all_plugins(
    slide: Path, plugin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import napari.settings

    asked: list[object] = []
    monkeypatch.setattr(napari.settings, "get_plugin_settings", lambda *name: asked.append(name))
    read = get_reader(str(slide))
    assert read is not None
    assert read(str(slide))
    assert asked == []


def test_a_remembered_profile_is_planned_with_when_the_slide_is_opened(
    desk: Desk, slide: Path, inspections: list[str]
) -> None:
    from blankslide._napari import settings

    for name in ("strict", "research", "strict"):
        settings.remember_profile(name)
        assert settings.likely_profile() == settings.profile() == name
    read = get_reader(str(slide))
    assert read is not None
    (_, keywords, _), *_ = read(str(slide))
    known = keywords["metadata"]["blankslide"].slide.look
    assert known.plan.profile == "strict"
    assert known.answers(api.options(settings.profile(), ledger="none", looks=True))
    assert len(inspections) == 1
