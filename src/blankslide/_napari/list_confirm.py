"""The question before a run over many slides: the plan in words, and what cannot be taken back.

Cancel is the answer to Enter and to Escape, so that a habit does not overwrite an archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from blankslide.review.bulk import Question


class BulkConfirm(QDialog):
    """Ask once.

    Parameters
    ----------
    question
        What is asked.
    verb
        What the button says that does it.
    """

    def __init__(self, question: Question, verb: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confirm run")
        self.setWindowTitle("Go through these slides?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box = QVBoxLayout(self)
        box.addWidget(_label(question.warning, bold=True))
        box.addWidget(_label(question.lines[0]))
        if question.lines[1:]:
            table = _label("\n".join(question.lines[1:]))
            table.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
            table.setWordWrap(False)
            box.addWidget(table)
        if question.reasons:
            box.addWidget(_label("Cannot be done:\n" + "\n".join(question.reasons)))
        self.buttons = QDialogButtonBox()
        self.yes = self.buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        self.no = self.buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.yes.setEnabled(question.can_go)
        self.yes.setAutoDefault(False)
        self.no.setDefault(True)
        self.no.setFocus()
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        box.addWidget(self.buttons)


def _label(text: str, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setMinimumWidth(360)
    font = label.font()
    font.setBold(bold)
    label.setFont(font)
    return label
