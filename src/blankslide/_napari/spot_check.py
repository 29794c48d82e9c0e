"""The dock "Spot-check": draw a sample, look at one slide after the other, sign what was seen.

P passes a slide, F fails it, N goes to the note, the arrows go back and on. Everything else is `SpotWork`'s and the
engine's in `review`, which notebooks and the command line use as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from blankslide._napari.lines import line
from blankslide._napari.list_form import named
from blankslide._napari.spot_form import BeginForm, EndForm
from blankslide._napari.spot_page import PageView
from blankslide._napari.spot_work import SpotWork
from blankslide.review.check import LONGEST_NOTE

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel

    from blankslide.review.record import Word


class SpotCheckDock(QWidget):
    """The dock widget.

    Parameters
    ----------
    viewer
        The viewer in which a slide can be opened whole.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.setObjectName("spot-check")
        self.viewer = viewer
        self.work = SpotWork(self)
        self.begin, self.page, self.end = BeginForm(), PageView(), EndForm()
        self.headline, self.said = line("check headline", True), line("said")
        self.note = named(QLineEdit(), "note", "goes into record and report: name no patient in it")
        self.note.setPlaceholderText("note (N)")
        self.note.setMaxLength(LONGEST_NOTE)
        self.passes = named(QPushButton("Pass (P)"), "pass", "nothing identifies the patient")
        self.fails = named(QPushButton("Fail (F)"), "fail", "something is left")
        self.before = named(QPushButton("←"), "slide before", "back")
        self.after = named(QPushButton("→"), "slide after", "on")
        self.whole = named(QPushButton("Open in napari"), "open whole", "all of it, at every resolution")
        self.looking, self.stack = QWidget(), QStackedWidget()
        self._lay_out()
        self._connect()
        self._draw()

    def _lay_out(self) -> None:
        box = QVBoxLayout(self.looking)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.headline)
        box.addWidget(self.page, 1)
        box.addWidget(self.said)
        box.addWidget(self.note)
        row = QHBoxLayout()
        for button in (self.before, self.passes, self.fails, self.after, self.whole):
            row.addWidget(button)
        box.addLayout(row)
        for each in (self.begin, self.looking, self.end):
            self.stack.addWidget(each)
        self.stack.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        outer.addWidget(self.stack)
        self.setMinimumWidth(340)

    def sizeHint(self) -> QSize:
        """Return the size at which four corners stand side by side in pairs."""
        return QSize(580, 700)

    def _connect(self) -> None:
        work = self.work
        work.changed.connect(self._draw)
        self.begin.asked.connect(work.begin)
        self.passes.clicked.connect(lambda: self._give("pass"))
        self.fails.clicked.connect(lambda: self._give("fail"))
        self.before.clicked.connect(lambda: self._step(-1))
        self.after.clicked.connect(lambda: self._step(1))
        self.whole.clicked.connect(self._open)
        self.note.returnPressed.connect(self._focus)
        self.end.sign.clicked.connect(work.sign)
        self.end.back.clicked.connect(lambda: work.go(0))
        self.end.second.clicked.connect(self._second)
        self.end.write.clicked.connect(self._write)
        keys: tuple[tuple[Any, Any], ...] = (
            ("P", lambda: self._give("pass")),
            ("F", lambda: self._give("fail")),
            ("N", self.note.setFocus),
            (Qt.Key.Key_Left, lambda: self._step(-1)),
            (Qt.Key.Key_Right, lambda: self._step(1)),
        )
        for key, call in keys:
            shortcut = QShortcut(QKeySequence(key), self.looking)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(False)  # a key that is held would judge slides that nobody has seen
            shortcut.activated.connect(call)

    # -- what is done ----------------------------------------------------------------------

    def check_folder(self, folder: Path) -> None:
        """Begin with a folder: the rest is asked."""
        self.begin.folder.edit.setText(str(folder))
        self.begin.reviewer.setFocus()

    def _give(self, word: Word) -> None:
        if self.work.page is None:
            return
        if self.work.give(word, self.note.text()):
            self.note.clear()
        self._focus()

    def _step(self, by: int) -> None:
        """Go to another slide; a note that was typed for this one is not one of that."""
        self.note.clear()
        self.work.step(by)

    def _focus(self) -> None:
        self.page.setFocus()

    def _open(self) -> None:
        path = self.work.path
        if path is not None:
            from blankslide._napari.list_opening import RowOpener

            self._opener = getattr(self, "_opener", None) or RowOpener(self.viewer, self)
            self._opener.show(path, wait=False)

    def _second(self) -> None:
        self.work.again()
        self.begin.reviewer.clear()
        self.begin.reviewer.setFocus()

    def _write(self) -> None:
        path = self.end.report.path
        if path is not None:
            self.work.write(path)

    # -- what is shown ---------------------------------------------------------------------

    def _draw(self) -> None:
        work, check = self.work, self.work.check
        shown = {"setup": self.begin, "drawing": self.begin, "looking": self.looking}.get(work.state, self.end)
        came = self.stack.currentWidget() is not shown
        self.stack.setCurrentWidget(shown)
        self.begin.draw(work)
        self.end.draw(work)
        if check is None or shown is not self.looking:
            self.page.draw(None)
            return
        self.headline.setText(f"{check.headline()}\n[{work.position + 1}/{check.size}]")
        self.page.draw(work.page)
        for button in (self.passes, self.fails):
            button.setEnabled(work.page is not None)
        self.said.setText(self._own_words())
        self.said.setVisible(bool(self.said.text()))
        if came:
            self._focus()

    def _own_words(self) -> str:
        """Say what this reviewer said of the slide, and what is wrong; nothing of what others said."""
        work, check = self.work, self.work.check
        said = check.own.get(work.position) if check is not None else None
        parts = [work.told] if work.told else []
        if said is not None and check is not None:
            parts.append(f"you said: {said.word}" + (f" · {said.note}" if said.note else ""))
            if work.page is not None and check.is_outdated(work.position, work.page.seen):
                parts.append("the slide was changed since")
        return " · ".join(parts)
