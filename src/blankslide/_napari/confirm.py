"""The question before anything is written: what will be done, in words, and that there is no way back.

Cancel is the answer to Enter and to Escape, so that a habit does not overwrite a slide or an archive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from blankslide.review.bulk import Question
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


class AskOnce(QDialog):
    """A question with one way on, and Cancel.

    Parameters
    ----------
    name
        Of the window, for whoever looks for it.
    title
        What is asked, in short.
    """

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._box = QVBoxLayout(self)

    def say(self, text: str, bold: bool = False) -> QLabel:
        """Add a paragraph."""
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setMinimumWidth(360)
        font = label.font()
        font.setBold(bold)
        label.setFont(font)
        self._box.addWidget(label)
        return label

    def end_with(self, verb: str) -> None:
        """Add the buttons: one that does it, and Cancel, on which the keyboard stands."""
        self.buttons = QDialogButtonBox()
        self.yes = self.buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
        self.no = self.buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.yes.setAutoDefault(False)
        self.no.setDefault(True)
        self.no.setFocus()
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._box.addWidget(self.buttons)


class ConfirmDialog(AskOnce):
    """The question before a run over one slide.

    Parameters
    ----------
    session
        What is to be confirmed.
    users
        Who else has the file open: ``none``, ``here`` (this program), ``reader`` or ``unknown``.
    """

    def __init__(self, session: Session, users: str, parent: QWidget | None = None) -> None:
        copies = session.wish.copies
        title, verb = "Overwrite the slide?", "Overwrite"
        if copies:
            title, verb = "Make a clean copy?", "Make the copy"
        elif session.has_nothing_to_do:
            title, verb = "Judge the slide?", "Judge it"
        super().__init__("confirm", title, parent)
        for text, bold in _sentences(session, users):
            self.say(text, bold)
        self.end_with(verb)


class BulkConfirm(AskOnce):
    """The question before a run over many slides.

    Parameters
    ----------
    question
        What is asked.
    verb
        What the button says that does it.
    """

    def __init__(self, question: Question, verb: str, parent: QWidget | None = None) -> None:
        super().__init__("confirm run", "Go through these slides?", parent)
        self.say(question.warning, bold=True)
        self.say(question.lines[0])
        if question.lines[1:]:
            table = self.say("\n".join(question.lines[1:]))
            table.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
            table.setWordWrap(False)
        if question.reasons:
            self.say("Cannot be done:\n" + "\n".join(question.reasons))
        self.end_with(verb)
        self.yes.setEnabled(question.can_go)


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
    goes = "nothing has to go" if session.has_nothing_to_do else f"{session.in_words} will go for good"
    return f"{where}, profile {session.plan.profile}: {goes}.{label}{left}"
