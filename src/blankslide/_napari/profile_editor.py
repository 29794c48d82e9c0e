"""The profile editor: load one, change what happens to classes and single findings, save it as TOML, use it.

What it makes is a `Profile` like any other. A finding is named by its id, which the table and the place line of the
dock show; the ids of the slide under review are offered. Nothing is kept of it but the file that the person saves.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QCompleter,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from blankslide.errors import BlankslideError
from blankslide.policy.profile_file import ACTIONS, CLASSES, save
from blankslide.policy.profiles import PROFILES, Profile, ids_of, load
from blankslide.presentation import wording

if TYPE_CHECKING:
    from blankslide.model import Action, Inspection, PhiClass

_WEAK = "identify only with much else"


class ProfileEditor(QDialog):
    """Edit a profile.

    Parameters
    ----------
    profile
        The one to begin with: a name, a TOML file, or a profile.
    found
        The slide under review, whose ids are offered.

    Attributes
    ----------
    used
        Signal: this profile is to be used, a `Profile` or the path of its file.
    """

    used = Signal(object)

    def __init__(self, profile: str | Profile, found: Inspection | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("profile editor")
        self.setWindowTitle("Profile")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._saved: tuple[Profile, str] | None = None
        self._base = PROFILES["research"]
        self._ids = sorted({finding.id for finding in found.findings}) if found is not None else []
        self.name, self.names, self.numbers = QLineEdit(), QCheckBox(), QCheckBox()
        self.classes: dict[PhiClass, QComboBox] = {cls: _actions() for cls in CLASSES}
        self.weak = _actions()
        self.findings, self.told = QTableWidget(0, 2), QLabel()
        self._lay_out()
        self.resize(560, 640)
        self.take(profile if isinstance(profile, Profile) else load(profile))

    # -- building --------------------------------------------------------------------------

    def _lay_out(self) -> None:
        box, form = QVBoxLayout(self), QFormLayout()
        self.name.setToolTip("1 to 40 letters, digits, spaces, dots or dashes")
        form.addRow("&Name", self.name)
        for cls, choice in self.classes.items():
            meaning = wording.class_meaning(cls)
            _describe(choice, f"class {CLASSES[cls]}", f"findings that tell {meaning}")
            word = QLabel(CLASSES[cls])
            word.setToolTip(choice.toolTip())
            word.setBuddy(choice)
            form.addRow(word, choice)
        _describe(self.weak, "weak findings", f"findings of any class that {_WEAK}")
        form.addRow("weak", self.weak)
        self.numbers.setText("small numbers in unknown fields stay")
        self.names.setText("a file name that identifies is a failure")
        form.addRow(self.numbers)
        form.addRow(self.names)
        box.addLayout(form)
        box.addWidget(QLabel("Single findings, which win over their class; * stands for any letters:"))
        self._set_up_findings()
        box.addWidget(self.findings, 1)
        box.addLayout(self._line(("&Add a finding", self.add_finding), ("&Delete it", self._delete)))
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setObjectName("profile told")
        box.addWidget(self.told)
        ways = ("&Load …", self._ask_load), ("&Save …", self._ask_save), ("&Use", self._use), ("Cancel", self.reject)
        box.addLayout(self._line(*ways))

    def _line(self, *buttons: tuple[str, Any]) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addStretch(1)
        for words, react in buttons:
            button = QPushButton(words)
            button.setObjectName(f"profile {words.strip('& …').replace('&', '').lower()}")
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, react=react: react())
            line.addWidget(button)
        return line

    def _set_up_findings(self) -> None:
        table = self.findings
        table.setHorizontalHeaderLabels(("id of the finding", "what happens"))
        table.setAccessibleName("single findings")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(0, table.horizontalHeader().ResizeMode.Stretch)

    # -- what is in it ---------------------------------------------------------------------

    def take(self, profile: Profile) -> None:
        """Show a profile."""
        self._base = profile
        self.name.setText(profile.name if profile.name not in PROFILES else f"our {profile.name}")
        for cls, choice in self.classes.items():
            choice.setCurrentText(ACTIONS.get(profile.classes[cls], "remove"))
        self.weak.setCurrentText(ACTIONS.get(profile.weak, "remove"))
        self.numbers.setChecked(profile.unknown_numbers)
        self.names.setChecked(profile.names)
        self.findings.setRowCount(0)
        for name, action in profile.ids:
            self.add_finding(name, action)

    def add_finding(self, name: str = "", action: Action | None = None) -> None:
        """Add a line for one finding."""
        row = self.findings.rowCount()
        self.findings.insertRow(row)
        field, choice = QLineEdit(name), _actions()
        field.setAccessibleName("id of the finding")
        field.setPlaceholderText("aperio.description.user")
        field.setCompleter(QCompleter(self._ids, field))
        choice.setCurrentText("keep" if action is None else ACTIONS.get(action, "keep"))
        choice.setAccessibleName("what happens to it")
        for column, widget in enumerate((field, choice)):
            self.findings.setItem(row, column, QTableWidgetItem())
            self.findings.setCellWidget(row, column, widget)
        self.findings.setCurrentCell(row, 0)
        if not name:
            field.setFocus()

    def _delete(self) -> None:
        if self.findings.currentRow() >= 0:
            self.findings.removeRow(self.findings.currentRow())

    def profile(self) -> Profile:
        """Return the profile as it stands in the fields."""
        lines = []
        for row in range(self.findings.rowCount()):
            field, choice = (self.findings.cellWidget(row, column) for column in (0, 1))
            if field.text().strip():
                lines.append((ids_of(field.text())[0], _action(choice)))
        return self._base._replace(
            name=self.name.text().strip(),
            classes={**self._base.classes, **{cls: _action(choice) for cls, choice in self.classes.items()}},
            weak=_action(self.weak),
            unknown_numbers=self.numbers.isChecked(),
            names=self.names.isChecked(),
            ids=tuple(lines),
            asked=frozenset(),
            origin={},
        )

    # -- files -----------------------------------------------------------------------------

    def load_from(self, path: Path) -> None:
        """Load a profile's file, or say what is wrong with it."""
        try:
            self.take(load(str(path)))
        except BlankslideError as error:
            self.told.setText(error.sentence())
            return
        self.told.setText(f"{wording.shown(path)} is loaded.")

    def save_to(self, path: Path) -> None:
        """Save the profile, or say what is wrong with it."""
        made = self.profile()
        try:
            save(made, path)
        except BlankslideError as error:
            self.told.setText(error.sentence())
            return
        self._saved = made, str(path)
        self.told.setText(f"{wording.shown(path)} is saved.")

    def _ask_load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Load a profile", filter="Profile (*.toml)")
        if name:
            self.load_from(Path(name))

    def _ask_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the profile", "profile.toml", "Profile (*.toml)")
        if name:
            self.save_to(Path(name))

    def _use(self) -> None:
        made = self.profile()
        saved = self._saved
        self.used.emit(saved[1] if saved is not None and saved[0] == made else made)
        self.accept()


def _actions() -> QComboBox:
    choice = QComboBox()
    choice.addItems(list(ACTIONS.values()))
    return choice


def _action(choice: Any) -> Action:
    return next(action for action, word in ACTIONS.items() if word == choice.currentText())


def _describe(choice: QComboBox, name: str, tip: str) -> None:
    choice.setAccessibleName(name)
    choice.setToolTip(tip)
    choice.setAccessibleDescription(tip)
