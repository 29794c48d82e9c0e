"""A mistake of ours, or of a reader, in a worker: the dock says so in one sentence, without a value, and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

NAME = "Thimblewick"


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return path


@pytest.fixture
def told() -> list[str]:
    """Return what napari's own messages say; it would show a traceback of whatever a worker raises."""
    from napari.utils.notifications import notification_manager

    said: list[str] = []
    notification_manager.notification_ready.connect(lambda each: said.append(str(each.message)))
    return said


def mistake(*arguments: Any, **named: Any) -> NoReturn:
    raise RuntimeError(f"cannot read {NAME}")


def is_said(desk: Desk, told: list[str]) -> None:
    desk.settle()
    assert "our own mistake (RuntimeError)" in desk.texts()
    assert NAME not in desk.texts()
    assert told == []
    assert not desk.panel.foot.cancel.isVisible()
    assert "● clean" not in desk.texts()


def test_while_a_slide_is_looked_at(desk: Desk, slide: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blankslide.pipeline.plan", mistake)
    desk.panel.review.show(slide)
    is_said(desk, told)
    assert "looking …" not in desk.texts(), "nobody looks any more"


def test_while_it_is_verified(desk: Desk, slide: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    desk.open(slide)
    monkeypatch.setattr("blankslide.pipeline.verify", mistake)
    desk.panel.review.verify()
    is_said(desk, told)


@pytest.mark.parametrize("mode", ["in place", "copy"])
def test_while_it_is_anonymized(
    desk: Desk, slide: Path, told: list[str], monkeypatch: pytest.MonkeyPatch, mode: str, tmp_path: Path
) -> None:
    desk.open(slide)
    desk.panel.form.mode.value = mode
    desk.panel.form.folder.value = tmp_path / "clean"
    desk.panel.foot.fields.flush()
    desk.settle()
    before = slide.read_bytes()
    monkeypatch.setattr("blankslide.pipeline.anonymize", mistake)
    desk.anonymize()
    is_said(desk, told)
    assert slide.read_bytes() == before
    assert desk.panel.foot.activity.text() == ""
    monkeypatch.undo()
    desk.panel.review.verify()
    desk.settle()
    assert "Verified: NOT clean" in desk.texts(), "it goes on"


def test_while_strings_are_listed(desk: Desk, slide: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again and again, it would keep the window busy for good."""
    calls = []

    def counted(*arguments: Any, **named: Any) -> NoReturn:
        calls.append(1)
        mistake()

    desk.open(slide)
    monkeypatch.setattr("blankslide.pipeline.readable", counted)
    desk.panel.strings.head.setChecked(True)
    desk.bot.wait(600)
    is_said(desk, told)
    assert calls == [1]


def test_while_a_slide_is_opened(desk: Desk, slide: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blankslide._napari.opening.opened", mistake)
    desk.viewer.open(str(slide), plugin="blankslide")
    desk.settle()
    (said,) = told
    assert "our own mistake (RuntimeError)" in said
    assert NAME not in said
    assert not desk.viewer.layers
