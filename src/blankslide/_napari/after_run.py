"""What follows a run: the list of what was removed, a second judgement, a report and a certificate.

The list names findings by title and id and says what was done to each; it holds no value. Verify judges what stands
on the disk now, as the command line does: it can be asked before a run, too, and then says what is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QToolButton, QVBoxLayout, QWidget

from blankslide._napari.lines import line
from blankslide.errors import BlankslideError
from blankslide.presentation import plan_words, wording
from blankslide.presentation.rows import in_order

if TYPE_CHECKING:
    from blankslide._napari.review import Review
    from blankslide.model import Outcome

_LINE, _MOST = 18, 9


class AfterRun(QWidget):
    """The list, and three buttons.

    Attributes
    ----------
    asked
        Signal: ``verify``, ``report``, ``certificate`` or ``open`` (the copy).
    """

    asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.head = QToolButton()
        self.head.setObjectName("removed")
        self.head.setText("Removed:")
        self.head.setCheckable(True)
        self.head.setChecked(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.head.setToolTip("what the last run removed from the slide, without its values")
        self.told = line("removed told")
        self.list = QListWidget()
        self.list.setObjectName("removed list")
        self.list.setAccessibleName("what was removed")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verdict = QLabel()
        self.verdict.setObjectName("verdict")
        self.verdict.setWordWrap(True)
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setMinimumWidth(1)
        self.buttons: dict[str, QPushButton] = {}
        self._shown: Outcome | None = None
        self._lay_out()
        self.head.toggled.connect(self._toggle)

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        top = QHBoxLayout()  # words that break: a button would make the dock as wide as they are
        top.addWidget(self.head, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.told, 1)
        box.addLayout(top)
        box.addWidget(self.list)
        buttons = QHBoxLayout()
        for what, words, tip in (
            ("verify", "V&erify", "judge the slide as it is now, by independent readers"),
            ("report", "Repor&t …", "write what was done, as HTML, JSON, CSV or Excel; without values"),
            ("certificate", "&Certificate …", "judge the slide as it is and write a sealed certificate"),
            ("open", "Open the cop&y", "show the clean copy beside the slide"),
        ):
            button = QPushButton(words)
            button.setObjectName(what)
            button.setToolTip(tip)
            button.setAccessibleDescription(tip)
            button.clicked.connect(lambda _=False, what=what: self.asked.emit(what))
            button.setMinimumWidth(1)
            self.buttons[what] = button
            if what != "open":
                buttons.addWidget(button)
        box.addWidget(self.buttons["open"])
        box.addLayout(buttons)
        box.addWidget(self.verdict)

    def draw(self, review: Review) -> None:
        """Show how the review stands."""
        session, busy = review.session, review.busy
        is_told = not (busy or review.is_changed)
        done = session.outcome if session.state == "done" and is_told else None
        wrote = done is not None and done.writes > 0
        if done is not self._shown:
            self._shown = done
            self._fill(done if wrote else None)
        self.head.setVisible(wrote)
        self.told.setVisible(wrote)
        self.list.setVisible(wrote and self.head.isChecked())
        for what, button in self.buttons.items():
            button.setEnabled(not busy and session.path is not None)
            button.setVisible(what in ("verify", "certificate") or (what == "report" and done is not None))
        self.buttons["open"].setVisible(wrote and done is not None and bool(done.copied and done.target))
        said = [_told(session.verdict), review.told] if is_told else []
        self.verdict.setText("\n".join(filter(None, said)))
        self.verdict.setVisible(bool(self.verdict.text()))

    def _fill(self, done: Outcome | None) -> None:
        self.list.clear()
        if done is None:
            return
        gone = plan_words.going(in_order(done.decisions))
        parts = plan_words.parts_of(done)
        for decision in gone:
            title = wording.shown(decision.title, whole=True)
            said = plan_words.done_words(decision, parts)
            self.list.addItem(f"{title} – {said}\n{wording.shown(decision.id, whole=True)}")
        self.told.setText(plan_words.count_words(gone, parts))
        self._toggle(self.head.isChecked())
        rows = min(max(len(gone), 1), _MOST)
        self.list.setFixedHeight(rows * 2 * _LINE + 6)

    def _toggle(self, on: bool) -> None:
        self.head.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.list.setVisible(on and self.head.isVisible())


def _told(verdict: Outcome | BlankslideError | None) -> str:
    if verdict is None:
        return ""
    said = verdict.sentence() if isinstance(verdict, BlankslideError) else plan_words.verified_words(verdict)
    return f"Verified: {said}"
