"""The fold in the dock: every string that is left, made when it is opened, forgotten when it is not true any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api, pipeline
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk

PATIENT = "Thimblewick, Percivus"


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    build_aperio(tmp_path / "slide.svs", size=(512, 384), factors=(1, 2))
    return tmp_path / "slide.svs"


def listed(desk: Desk) -> list[Any]:
    return list(desk.panel.strings.model.lines)


def test_the_fold_is_closed_until_it_is_opened_and_says_what_the_command_line_says(
    desk: Desk, slide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qtpy.QtCore import Qt, QThread
    from qtpy.QtWidgets import QApplication

    threads: list[bool] = []
    read = pipeline.readable

    def noted(*args: Any) -> Any:
        threads.append(QThread.currentThread() is QApplication.instance().thread())
        return read(*args)

    monkeypatch.setattr(pipeline, "readable", noted)
    desk.open(slide)
    fold = desk.panel.strings
    assert fold.head.text() == "Readable strings"
    assert not fold.view.isVisible()
    assert threads == []
    desk.bot.keyClick(fold.head, Qt.Key.Key_Space)
    assert fold.bar.isVisible()
    assert desk.panel.review.activity == "reading every string …"
    desk.settle()
    assert threads == [False], "once, and not on the window's thread"
    assert not fold.bar.isVisible()
    said = read(slide, api.options("research", ledger="none", looks=True))
    assert listed(desk) == said
    assert fold.head.text() == f"Readable strings ({len(said)})"
    assert any(PATIENT in fold.model.index(row, 1).data() for row in range(20))
    fold.filter.setText("percivus")
    assert 0 < fold.model.rowCount() < len(said)
    desk.bot.keyClick(fold.head, Qt.Key.Key_Space)
    assert listed(desk) == []
    desk.viewer.layers.clear()


def test_an_open_fold_is_made_anew_after_a_run_and_closed_with_the_slide(desk: Desk, slide: Path) -> None:
    desk.open(slide)
    desk.panel.strings.head.setChecked(True)
    desk.settle()
    assert any(PATIENT in line.text for line in listed(desk))
    desk.anonymize()
    desk.bot.waitUntil(lambda: desk.session.strings is not None and not desk.panel.review.busy, timeout=20_000)
    assert desk.session.outcome.content == "clean"
    assert listed(desk) == list(desk.session.strings)
    assert {line.explained for line in listed(desk)} == {True}
    assert not any(PATIENT in line.text for line in listed(desk))
    desk.viewer.layers.clear()
    assert not desk.panel.strings.is_open
    assert listed(desk) == []


def test_markup_in_a_string_stays_text(desk: Desk, slide: Path) -> None:
    from qtpy.QtCore import Qt

    old = b"Thimblewick, Percivus prostate apex"
    slide.write_bytes(slide.read_bytes().replace(old, b"<img src=x onerror=y>\xe2\x80\xae".ljust(len(old), b"!")))
    desk.open(slide)
    fold = desk.panel.strings
    fold.head.setChecked(True)
    desk.settle()
    fold.filter.setText("onerror")
    fold.view.selectRow(0)
    assert fold.model.index(0, 1).data().startswith("<img src=x onerror=y>")
    assert "<img src=x onerror=y>" in fold.whole.text()
    assert fold.whole.textFormat() == Qt.TextFormat.PlainText
    assert "\u202e" not in fold.whole.text() + fold.model.index(0, 1).data()
    desk.viewer.layers.clear()
