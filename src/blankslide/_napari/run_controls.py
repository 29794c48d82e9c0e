"""The lower end of the dock: plan in numbers, the button, cancel, progress, result.

Cancel works up to the commit point and says so by going grey after it; the bar and it are
there only while something runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from blankslide._napari import dock_words, form_rows

if TYPE_CHECKING:
    from blankslide._napari.review import Review


class Foot(QWidget):
    """What is done, and what came of it.

    Parameters
    ----------
    dry_run
        Whether to begin as a dry run.
    """

    def __init__(self, dry_run: bool) -> None:
        super().__init__()
        self.mode = form_rows.mode_row(dry_run)
        self.plan, self.activity, self.result = _line("plan"), _line("activity"), _line("result")
        self.run, self.cancel = QPushButton(), QPushButton("Cancel")
        self.run.setObjectName("run")
        self.cancel.setObjectName("cancel")
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.compare = QPushButton("before / after")
        self.compare.setObjectName("compare")
        self.compare.setCheckable(True)
        self._lay_out()

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 2)
        buttons.addWidget(self.cancel, 1)
        for part in (self.mode.native, self.plan):
            box.addWidget(part)
        box.addLayout(buttons)
        for part in (self.bar, self.activity, self.result, self.compare):
            box.addWidget(part)

    def draw(self, review: Review) -> None:
        """Show how the review stands."""
        session = review.session
        working = session.state == "working"
        self.plan.setText(dock_words.plan_line(session))
        self.run.setText(dock_words.button(session, review.dry_run))
        self.run.setEnabled(_can_run(review))
        self.mode.dry_run.native.setEnabled(not review.busy)
        self.mode.mode.native.setEnabled(not review.dry_run)
        self.cancel.setVisible(working)
        self.cancel.setEnabled(review.can_cancel)
        self.cancel.setToolTip("" if review.can_cancel else "past the point of no return: it will finish")
        self.bar.setVisible(working)
        self.bar.setValue(round(session.fraction * 100))
        self.activity.setText(review.activity)
        self.activity.setVisible(bool(review.activity))
        ended = session.state in ("done", "refused") and not review.busy
        self.result.setText(dock_words.result_line(session) if ended else "")
        self.result.setVisible(ended)
        self.compare.setVisible(session.state == "done" and session.outcome is not None and session.outcome.writes > 0)


def _can_run(review: Review) -> bool:
    session = review.session
    if review.busy or session.path is None:
        return False
    return session.plan is not None or (dock_words.is_pending(session) and not review.dry_run)


def _line(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setMinimumWidth(1)
    return label
