"""The spot-check in a window, by keys: a planted failure is found, signed, in the ledger; four eyes see nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api
from blankslide.records.ledger import Ledger
from blankslide.review import report_check
from blankslide.review.bound import at_most
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "Thimblewick"


class Room:
    """A window with the spot-check, and a person's ways of using it."""

    def __init__(self, viewer: Any, bot: Any) -> None:
        self.viewer, self.bot = viewer, bot
        _, self.panel = viewer.window.add_plugin_dock_widget("blankslide", "Spot-check")

    def settle(self) -> None:
        self.bot.waitUntil(lambda: not self.panel.work.busy, timeout=60_000)
        self.bot.wait(30)

    def click(self, widget: Any) -> None:
        from qtpy.QtCore import QPoint, Qt

        assert widget.isVisible()
        assert widget.isEnabled()
        self.bot.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))

    def press(self, key: str) -> None:
        """Press a key where the keyboard is."""
        from qtpy.QtCore import Qt
        from qtpy.QtWidgets import QApplication

        self.bot.keyClick(QApplication.focusWidget() or self.panel.page, getattr(Qt.Key, f"Key_{key}"))

    def type(self, widget: Any, text: str) -> None:
        widget.setFocus()
        widget.clear()
        self.bot.keyClicks(widget, text)

    def begin(self, folder: Path, reviewer: str, **more: str) -> None:
        form = self.panel.begin
        self.type(form.folder.edit, str(folder))
        self.type(form.reviewer, reviewer)
        for name, text in more.items():
            self.type(getattr(form, name), text)
        form.start.setFocus()
        self.press("Space")
        self.settle()

    def texts(self) -> str:
        """Return every word that can be seen."""
        from qtpy.QtWidgets import QAbstractButton, QLabel, QLineEdit

        kinds = (QLabel, QAbstractButton, QLineEdit)
        words = [w.text() for kind in kinds for w in self.panel.findChildren(kind) if w.isVisible()]
        model = self.panel.page.model
        words += [str(model.data(model.index(row, 1))) for row in range(model.rowCount())]
        return "\n".join(words)


@pytest.fixture
def room(plugin: Any, make_napari_viewer: Callable[..., Any], qtbot: Any) -> Iterator[Room]:
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1280, 800)
    viewer.window._qt_window.activateWindow()
    made = Room(viewer, qtbot)
    yield made
    made.settle()


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    """Four slides, all but one of them cleaned into the person's own ledger."""
    root = tmp_path / "clean"
    root.mkdir()
    for number in range(1, 5):
        build_aperio(root / f"slide-{number}.svs", size=(512, 384), factors=(1, 2))
        if number != 3:
            assert api.anonymize(root / f"slide-{number}.svs", in_place=True)
    return root


def entries() -> list[Any]:
    from blankslide.records.opening import open_ledger

    return [record["entry"] for _, record in open_ledger(None).entries()]


def test_a_planted_failure_is_found_signed_and_in_the_ledger(room: Room, folder: Path, tmp_path: Path) -> None:
    room.begin(folder, "Anna Gruber", seed="11", size="4")
    assert "4 slides · sample of 4 (seed 11): no failure -> at most 5 % bad, 95 % sure\n[1/4]" in room.texts()
    for _ in range(4):
        page, banner = room.panel.work.page, room.panel.page.banner
        planted = room.panel.work.path.name == "slide-3.svs"
        assert (banner.isVisible(), NAME in room.texts()) == (planted, planted), "who checks has to read it"
        assert [name for name, _ in page.corners] == ["top left", "top right", "bottom left", "bottom right"]
        assert page.corners[0][1].shape == (256, 256, 3)
        if planted:
            room.press("N")
            room.bot.keyClicks(room.panel.note, "pf: the name is on the label")
            room.press("Return")
        room.press("F" if planted else "P")
        room.settle()
    assert room.panel.work.state == "ended"
    assert "1 of 4 failed of 4 slides (seed 11): at most 1 are bad" in room.texts()
    assert "FAILED: slide-3.svs" in room.texts()
    room.click(room.panel.end.sign)
    room.settle()
    entry = entries()[-1]
    assert "signed by Anna Gruber · ledger entry 4" in room.texts()
    assert (entry["kind"], entry["reviewers"], entry["failures"]) == ("spot-check", ["Anna Gruber"], 1)
    assert sorted(entry["verdicts"]["Anna Gruber"]) == ["F", "P", "P", "P"]
    assert (entry["seed"], entry["of"], entry["bad_at_most"]) == (11, 4, at_most(4, 4, 1))
    assert NAME not in json.dumps(entry)
    for suffix in ("html", "pdf"):
        room.type(room.panel.end.report.edit, str(tmp_path / f"check.{suffix}"))
        room.click(room.panel.end.write)
        answers = report_check.check(tmp_path / f"check.{suffix}", Ledger(home_ledger()))
        assert [answer.holds for answer in answers] == [True, True]


def home_ledger() -> Path:
    from blankslide.records.opening import open_ledger

    return open_ledger(None).path


def test_arrows_go_back_and_a_verdict_can_be_changed_until_it_is_signed(room: Room, folder: Path) -> None:
    room.begin(folder, "Anna", seed="11", size="2")
    first = room.panel.work.path
    room.press("F")
    room.settle()
    assert room.panel.work.path != first
    room.press("Left")
    room.settle()
    assert (room.panel.work.path, "you said: fail" in room.texts()) == (first, True)
    room.press("P")
    room.settle()
    assert room.panel.work.position == 1
    room.press("Right")
    room.settle()
    assert room.panel.work.position == 0
    room.press("Right")
    room.settle()
    room.press("P")
    room.settle()
    assert room.panel.work.check.result().failed == ()
    room.click(room.panel.end.sign)
    room.settle()
    room.click(room.panel.end.back)
    room.settle()
    room.press("F")
    assert "your verdicts stand" in room.texts()
    assert room.panel.work.check.result().failed == ()


def test_a_note_stays_with_the_slide_that_it_was_typed_for_and_a_held_key_judges_nothing(
    room: Room, folder: Path
) -> None:
    from qtpy.QtGui import QShortcut

    room.begin(folder, "Anna", seed="3")
    room.type(room.panel.note, "a name in the corner")
    room.panel.page.setFocus()
    room.press("Right")
    room.settle()
    assert room.panel.note.text() == ""
    room.press("P")
    room.settle()
    (said,) = room.panel.work.check.own.values()
    assert (said.word, said.note) == ("pass", "")
    keys = room.panel.looking.findChildren(QShortcut)
    assert len(keys) == 5
    assert not any(key.autoRepeat() for key in keys)


def test_a_note_is_not_lost_with_a_verdict_that_could_not_be_kept(room: Room, folder: Path, home: Path) -> None:
    room.begin(folder, "Anna", seed="3")
    record = room.panel.work.check.record
    record.unlink()
    record.mkdir()
    room.type(room.panel.note, "seen")
    room.panel.page.setFocus()
    room.press("P")
    room.settle()
    assert "the record cannot be" in room.panel.said.text()
    assert room.panel.note.text() == "seen"


def test_a_second_reviewer_sees_nothing_of_the_first_ones_verdicts(room: Room, folder: Path) -> None:
    room.click(room.panel.begin.four_eyes)
    room.begin(folder, "Anna", seed="11", size="2")
    room.press("N")
    room.bot.keyClicks(room.panel.note, "odd colour")
    room.press("Return")
    room.press("F")
    room.settle()
    room.press("P")
    room.settle()
    assert "a second reviewer has to look" in room.texts()
    assert not room.panel.end.sign.isEnabled()
    room.click(room.panel.end.second)
    room.begin(folder, "Ben", seed="", size="")
    for _ in range(2):
        assert room.panel.work.state == "looking"
        seen = room.texts()
        assert not [word for word in ("odd colour", "you said", "fail ·", "Anna", "failed") if word in seen]
        room.press("P")
        room.settle()
    assert "1 of 2 failed" in room.texts()
    assert "not of one mind about 1" in room.texts()
    room.click(room.panel.end.sign)
    room.settle()
    assert entries()[-1]["verdicts"] == {"Anna": "FP", "Ben": "PP"}


def test_wrong_wishes_are_one_sentence_in_the_form(room: Room, folder: Path, tmp_path: Path) -> None:
    form = room.panel.begin
    room.click(form.start)
    assert form.told.text() == "Name the folder that the sample is drawn from."
    room.begin(folder, "")
    assert "needs the name of who looks" in form.told.text()
    room.begin(folder, "Anna", size="9")
    assert "a sample of 9 cannot be drawn from 4 slides" in form.told.text()
    room.begin(folder, "Anna", size="two")
    assert form.told.text() == "Sample size and seed are numbers, or empty."
    room.begin(tmp_path / "none", "Anna", size="")
    assert "there is no such file or folder: 'none'" in form.told.text()
    assert room.panel.work.state == "setup"


def test_a_sample_from_the_ledger_leaves_out_what_it_does_not_know(room: Room, folder: Path) -> None:
    room.click(room.panel.begin.from_ledger)
    room.begin(folder, "Anna")
    assert room.panel.work.check.of == 3
    assert "the sample says nothing of: 1 here that the ledger does not know as clean" in room.texts()
