"""Where the fields of the run's form stand in the dock, with a word before each and what is wrong with them below.

The widgets are those of `run_form.form`; here they only get their places, their names for the screen reader and for
the keyboard, and are shown where they make sense: a folder for a copy, a mask where there is a macro to mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from blankslide.presentation import wording
from blankslide.wishes import COPY, offered

if TYPE_CHECKING:
    from blankslide.session import Session

_PAUSE_MS = 350
_HINTS = {
    "label": "blank; or text such as {pseudonym}|HE",
    "mask_macro": "all of the macro; auto; X,Y,W,H",
    "keep_label": "nothing of it; X,Y,W,H",
    "name": "as it is; or STUDY-7, {pseudonym}",
}
_WORDS = {"label": "La&bel", "mask_macro": "&Mask", "keep_label": "Le&ave", "name": "&Name", "folder": "F&older"}
"""With letters that napari's own menus leave free."""
_SPOKEN = {
    "profile": "profile",
    "label": "text of the new label",
    "mask_macro": "part of the macro that goes",
    "keep_label": "part of the label that stays",
    "name": "new name",
    "dry_run": "dry run",
    "mode": "way of working",
    "folder": "folder of the copy",
}
DRAWN = {"mask_macro": "macro", "keep_label": "label"}
"""Fields that are rectangles, and the pictures that they are drawn on."""


def name_fields(form: Any) -> None:
    """Give the fields of a form their names for the screen reader, and what stands in them while they are empty."""
    for field, spoken in _SPOKEN.items():
        native = form[field].native
        native.setAccessibleName(spoken)
        native.setAccessibleDescription(native.toolTip())
        native.setObjectName(f"field {field}")
    for field, hint in _HINTS.items():
        native = form[field].native
        native.setPlaceholderText(hint)
        native.setClearButtonEnabled(True)
        native.setMinimumWidth(1)
    ways = form.mode.native
    ways.setStyleSheet("QGroupBox { border: 0; margin: 0; padding: 0 }")
    ways.layout().setContentsMargins(0, 0, 0, 0)
    ways.layout().addStretch(1)


def word_of(form: Any, field: str) -> QLabel:
    """Return the word before a field, with the letter that goes to it."""
    word, native = QLabel(_WORDS[field]), form[field].native
    word.setBuddy(native.findChild(QLineEdit) or native)
    return word


class WishFields(QWidget):
    """The fields below the table.

    Attributes
    ----------
    changed
        Signal: what is wanted changed, and the person has paused.
    drawing
        Signal: (field, on) a rectangle is to be drawn on a picture, or not any more.
    """

    changed = Signal()
    drawing = Signal(str, bool)

    def __init__(self, form: Any) -> None:
        super().__init__()
        self.form = form
        self.draw_buttons: dict[str, QPushButton] = {}
        self.preview, self.problem, self.notice = _line("label preview"), _line("problem"), _line("name notice")
        self.rename = QPushButton("use a pseudonym")
        self.rename.setObjectName("rename")
        self.rename.setToolTip("give the slide the name that stands for it in the ledger")
        self.around = QPushButton("around text")
        self.around.setObjectName("mask around text")
        self.around.setAccessibleName("mask around the text that was found")
        self.around.setToolTip("the end of the macro where text and barcodes were found; look at it before you run")
        self.around.setVisible(False)
        self._proposed = ""
        self._rows: dict[str, QWidget] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.changed)
        name_fields(form)
        self._lay_out()
        for field in ("label", "mask_macro", "keep_label", "name", "folder"):
            form[field].changed.connect(lambda *_: self._timer.start())
        for field in ("mode", "dry_run"):
            form[field].changed.connect(lambda *_: self._at_once())
        self.rename.clicked.connect(lambda: form["name"].native.setText("{pseudonym}"))
        self.around.clicked.connect(self._take_proposed)

    def _at_once(self) -> None:
        self._timer.stop()
        self.changed.emit()

    def flush(self) -> None:
        """Take what was typed now, without waiting for a pause."""
        if self._timer.isActive():
            self._at_once()

    def _lay_out(self) -> None:
        box = QFormLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._box = box
        for field in ("label", "mask_macro", "keep_label"):
            self._put(field, self._drawable(field) if field in DRAWN else self.form[field].native)
            if field == "label":
                box.addRow(self.preview)
        how = QWidget()
        line = QHBoxLayout(how)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.form.dry_run.native)
        line.addWidget(self.form.mode.native, 1)
        box.addRow(how)
        self._put("folder", self.form.folder.native)
        self._put("name", self.form["name"].native)
        offer = QWidget()
        line = QHBoxLayout(offer)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.notice, 1)
        line.addWidget(self.rename)
        self._offer = offer
        box.addRow(offer)
        box.addRow(self.problem)

    def _put(self, field: str, widget: QWidget) -> None:
        self._rows[field] = widget
        self._box.addRow(word_of(self.form, field), widget)

    def _drawable(self, field: str) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        draw = QPushButton("draw")
        draw.setCheckable(True)
        draw.setObjectName(f"draw {field}")
        draw.setToolTip(f"draw the rectangle on the {DRAWN[field]}")
        draw.setAccessibleName(f"draw {_SPOKEN[field]}")
        draw.toggled.connect(lambda on: self.drawing.emit(field, on))
        self.draw_buttons[field] = draw
        line.addWidget(self.form[field].native, 1)
        if field == "mask_macro":
            line.addWidget(self.around)
        line.addWidget(draw)
        return row

    def _take_proposed(self) -> None:
        """Take the proposed mask, and show it on the macro."""
        self.form["mask_macro"].native.setText(self._proposed)
        self.draw_buttons["mask_macro"].setChecked(True)

    def draw(self, session: Session, locked: bool, proposed: str = "") -> None:
        """Show the fields that make sense for a slide; nothing can be typed while a run is on.

        Parameters
        ----------
        proposed
            A mask as ``X,Y,W,H`` that text on the macro proposes, if it was looked for.
        """
        self._proposed = proposed
        self.around.setVisible(bool(proposed))
        roles = {image.role for image in session.inspection.associated} if session.inspection is not None else set()
        self._box.setRowVisible(self._rows["folder"], self.form.mode.value == COPY)
        for field, role in DRAWN.items():
            self._box.setRowVisible(self._rows[field], field in offered() and role in roles)
        for field in _SPOKEN:
            native = self.form[field].native
            if native.isEnabled() == locked:
                native.setEnabled(not locked)
        wrong = session.wrong
        self._say(self.problem, "" if wrong is None else " · ".join(filter(None, (wrong.message, wrong.hint))))
        offers = session.name_identifies and not self.form["name"].value and self.form.mode.value != COPY
        name = "" if session.path is None else wording.shown(session.path)
        self.notice.setText(f"The name {name} itself may identify." if offers else "")
        self._box.setRowVisible(self._offer, offers)
        for button in (self.rename, self.around, *self.draw_buttons.values()):
            button.setEnabled(not locked)

    def show_preview(self, picture: Any, words: str) -> None:
        """Show what the new label would look like, or why there would be none."""
        if picture is None:
            self.preview.clear()
            self._say(self.preview, words)
            return
        self.preview.setPixmap(picture)
        self.preview.setAccessibleName("preview of the new label")
        self.preview.setToolTip(words)
        self._box.setRowVisible(self.preview, True)

    def _say(self, line: QLabel, words: str) -> None:
        line.setText(words)
        self._box.setRowVisible(line, bool(words))


def _line(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setMinimumWidth(1)
    return label
