"""The question before anything is written: it names the file and says there is no way back.

Cancel is the answer to Enter and to Escape, so that a habit does not overwrite a slide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from blankslide.session import Session

_READER = (
    "Another program has this file open. It would go on showing what it has read, "
    "and may show a mixture of old and new."
)
_HERE = (
    "This napari itself still has the file open, through another plugin or a script. It would go on showing "
    "what it has read, and may show a mixture of old and new."
)
_UNKNOWN = "Whether another program has this file open cannot be seen here."


class ConfirmDialog(QDialog):
    """Ask once.

    Parameters
    ----------
    session
        What is to be confirmed.
    users
        Who else has the file open: ``none``, ``here`` (this program), ``reader`` or ``unknown``.
    """

    def __init__(self, session: Session, users: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confirm")
        copies = session.wish.copies
        self.setWindowTitle("Make a clean copy?" if copies else "Overwrite the slide?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box = QVBoxLayout(self)
        for text, bold in _sentences(session, users):
            label = QLabel(text)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setMinimumWidth(320)
            font = label.font()
            font.setBold(bold)
            label.setFont(font)
            box.addWidget(label)
        self.buttons = QDialogButtonBox()
        self.yes = self.buttons.addButton(
            "Make the copy" if copies else "Overwrite", QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.no = self.buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.yes.setAutoDefault(False)
        self.no.setDefault(True)
        self.no.setFocus()
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        box.addWidget(self.buttons)


def _sentences(session: Session, users: str) -> list[tuple[str, bool]]:
    lines = [(session.confirmation, True), (_goes(session), False)]
    if users == "reader":
        lines.append((_READER, True))
    elif users == "here":
        lines.append((_HERE, True))
    elif users == "unknown":
        lines.append((_UNKNOWN, False))
    return lines


def _goes(session: Session) -> str:
    """Say what goes, in words; an interrupted run has no plan of ours."""
    if session.plan is None:
        return "The interrupted run is finished as it was begun."
    where = "Copy" if session.wish.copies else "In place"
    label = f" The new label says: {session.label_text.replace(chr(10), ' | ')}." if session.plan.labels else ""
    left = "".join(f" Stays: {left}." for left in session.plan.left)
    return f"{where}, profile {session.plan.profile}: {session.in_words} will go for good.{label}{left}"
