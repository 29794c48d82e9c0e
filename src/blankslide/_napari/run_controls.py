"""The lower end of the dock: plan in numbers, the button, cancel, progress, result.

Cancel works up to the commit point and says so by going grey after it; the bar and it are
there only while something runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from blankslide._napari import dock_words
from blankslide._napari.after_run import AfterRun
from blankslide._napari.lines import line
from blankslide._napari.wish_fields import WishFields

if TYPE_CHECKING:
    from blankslide._napari.review import Review


class Foot(QWidget):
    """What is done, and what came of it.

    Parameters
    ----------
    form
        The form of the run; its fields stand here, but for the profile.
    """

    def __init__(self, form: Any) -> None:
        super().__init__()
        self.mode = form
        self.fields, self.after = WishFields(form), AfterRun()
        self.plan, self.activity, self.result = (
            line("plan"),
            line("activity"),
            line("result"),
        )
        self.run, self.cancel = QPushButton(), QPushButton("Cancel")
        self.run.setObjectName("run")
        self.cancel.setObjectName("cancel")
        self.run.setAccessibleName("run")
        self.run.setToolTip("Ctrl+Return")
        self.run.setShortcut("Ctrl+Return")
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.compare = QPushButton("before / after")
        self.compare.setObjectName("compare")
        self.compare.setCheckable(True)
        self.compare.setToolTip("put a mosaic of what stood there beside what stands there now")
        self._lay_out()

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        buttons = QHBoxLayout()
        buttons.addWidget(self.run, 2)
        buttons.addWidget(self.cancel, 1)
        for part in (self.fields, self.plan):
            box.addWidget(part)
        box.addLayout(buttons)
        for part in (self.bar, self.activity, self.result, self.compare, self.after):
            box.addWidget(part)

    def draw(self, review: Review) -> None:
        """Show how the review stands."""
        session = review.session
        working = session.state == "working"
        self.plan.setText(dock_words.plan_line(session) if session.wrong is None else "")
        self.plan.setVisible(bool(self.plan.text()))
        self.run.setText(dock_words.button(session, review.dry_run))
        self.run.setEnabled(_can_run(review))
        self.fields.draw(session, working or review.is_closed, review.proposed_mask)
        self.after.draw(review)
        self.cancel.setVisible(working)
        self.cancel.setEnabled(review.can_cancel)
        self.cancel.setToolTip("" if review.can_cancel else "past the point of no return: it will finish")
        self.bar.setVisible(working)
        self.bar.setValue(round(session.fraction * 100))
        self.activity.setText(review.activity)
        self.activity.setVisible(bool(review.activity))
        ended = session.state in ("done", "refused") and not (review.busy or review.is_changed)
        self.result.setText(dock_words.result_line(session) if ended else "")
        self.result.setVisible(ended)
        done = session.outcome if ended and session.state == "done" else None
        self.compare.setVisible(done is not None and done.writes > 0)


def _can_run(review: Review) -> bool:
    session = review.session
    if review.busy or session.path is None:
        return False
    if session.wrong is not None:
        return False
    return session.plan is not None or (dock_words.is_pending(session) and not review.dry_run)
