"""What stands above the review list and below it: folder and filter; profile, mode, names and the buttons of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QWidget,
)

from blankslide._napari.settings import PROFILES
from blankslide.presentation.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide._napari.list_work import ListWork
    from blankslide.review.slide_list import SlideList

OWN = "own file …"


class ListForm(QWidget):
    """The folder, how its slides stand, and what of the list is shown."""

    def __init__(self, shows: Sequence[str]) -> None:
        super().__init__()
        self.open_button = named(QPushButton("Open a folder …"), "open folder", "list the slides of a folder")
        self.headline = line("list headline", bold=True)
        self.words = named(QLineEdit(), "filter slides", "show only slides with this text in name, format or state")
        self.words.setPlaceholderText("filter")
        self.words.setClearButtonEnabled(True)
        self.show_box = named(QComboBox(), "show slides", "show only slides that stand like this")
        self.show_box.addItems([*shows])
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addWidget(self.headline, 0, 0)
        grid.addWidget(self.open_button, 0, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.words, 1, 0)
        grid.addWidget(self.show_box, 1, 1)
        grid.setColumnStretch(0, 1)

    @property
    def shows_all(self) -> bool:
        """Whether nothing is left out of the list."""
        return not self.words.text() and self.show_box.currentIndex() == 0

    def draw(self, slides: SlideList | None, work: ListWork) -> None:
        """Say how it stands."""
        if slides is None:
            text = work.told or "Open a folder, or drop one here."
        else:
            folder = shown(slides.paths[0])
            text = f"{folder} · {slides.headline()}" + (" · looking …" if work.state == "looking" else "")
        if self.headline.text() != text:
            self.headline.setText(text)
        for part in (self.words, self.show_box):
            part.setVisible(slides is not None)
        self.open_button.setEnabled(not work.busy)


class RunForm(QWidget):
    """What a run takes, and how it goes.

    Attributes
    ----------
    folder
        Where copies go; None to edit the slides where they stand.
    profile_chosen
        Signal: name or file of a profile.
    """

    profile_chosen = Signal(str)

    def __init__(self, profile: Any) -> None:
        super().__init__()
        self._target: Path | None = None
        self.profile = named(QComboBox(), "profile of the run", "research keeps what science needs; strict keeps less")
        self.profile.addItems([*PROFILES, OWN])
        self.profile.setCurrentText(profile if profile in PROFILES else OWN)
        self.copy = named(QRadioButton("copy to …"), "copies", "the slides stay as they are, with everything in them")
        self.in_place = named(QRadioButton("in place"), "in place", "overwrite the slides themselves; no way back")
        self.target = named(QPushButton("choose folder …"), "folder for copies", "where copies go")
        self.name = named(QLineEdit(), "names", "such as STUDY-{n:04} or {pseudonym}; empty: as they are called now")
        self.name.setPlaceholderText("names, such as STUDY-{n:04}; empty: as they are")
        self.go = named(QPushButton("Plan the run …"), "plan run", "plan it, changing nothing, and ask")
        self.again = named(QPushButton("Try again"), "try again", "only slides that were refused or not come to")
        self.cancel = named(QPushButton("Cancel"), "cancel run", "end after the slides in hand")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.told = line("run told")
        self.copy.setChecked(True)
        self._lay_out()
        self.target.clicked.connect(self._pick)
        self.copy.toggled.connect(lambda on: self._name_target())
        self.profile.activated.connect(self._choose)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        label = QLabel("Profile")
        label.setBuddy(self.profile)
        for column, part in enumerate((label, self.profile, self.in_place)):
            grid.addWidget(part, 0, column)
        grid.addWidget(self.copy, 1, 0)
        grid.addWidget(self.target, 1, 1, 1, 2)
        grid.addWidget(self.name, 2, 0, 1, 3)
        row = QHBoxLayout()
        for button in (self.go, self.again, self.cancel):
            row.addWidget(button)
        grid.addLayout(row, 3, 0, 1, 3)
        grid.addWidget(self.bar, 4, 0, 1, 3)
        grid.addWidget(self.told, 5, 0, 1, 3)
        grid.setColumnStretch(1, 1)

    # -- choices ---------------------------------------------------------------------------

    @property
    def folder(self) -> Path | None:
        """Where copies go; None for in place."""
        return self._target if self.copy.isChecked() else None

    @property
    def is_decided(self) -> bool:
        """Whether it is known where the result goes."""
        return self.in_place.isChecked() or self._target is not None

    def copy_to(self, folder: Path) -> None:
        """Make copies in a folder."""
        self._target = folder
        self.copy.setChecked(True)
        self._name_target()

    def _pick(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder for the copies")
        if name:
            self.copy_to(Path(name))

    def _name_target(self) -> None:
        self.target.setText("choose folder …" if self._target is None else shown(self._target))
        self.target.setEnabled(self.copy.isChecked())

    def _choose(self, index: int) -> None:
        chosen = self.profile.itemText(index)
        if chosen == OWN:
            chosen, _ = QFileDialog.getOpenFileName(self, "Profile", filter="Profile (*.toml)")
        if chosen:
            self.profile_chosen.emit(chosen)

    # -- how it goes -----------------------------------------------------------------------

    def draw(self, work: ListWork, shown_rows: int, shows_all: bool) -> None:
        """Show what can be done now, and how far a run is."""
        ready, again = work.state == "ready", len(work.rows_to_retry()) if work.state == "ready" else 0
        for part in (self.profile, self.copy, self.in_place, self.target, self.name):
            part.setEnabled(not work.busy)
        self.target.setEnabled(not work.busy and self.copy.isChecked())
        put(self.go, "Plan the run …" if shows_all else f"Plan a run of these {shown_rows} …")
        self.go.setEnabled(ready and shown_rows > 0)
        put(self.again, f"Try {again} again …" if again else "Try again")
        self.again.setEnabled(again > 0)
        self.cancel.setEnabled(work.busy)
        self.bar.setVisible(work.state in ("planning", "running"))
        self.bar.setRange(0, work.run_total if work.state == "running" else 0)
        self.bar.setValue(work.run_done)
        text = work.told
        if work.state == "running":
            text = f"{work.run_done} of {work.run_total} done"
        elif work.state == "planning":
            text = "planning: nothing is changed"
        elif ready and not text and not self.is_decided:
            text = "Say where the copies go, or choose in place."
        if self.told.text() != text:
            self.told.setText(text)
        self.setVisible(work.slides is not None)


def put(button: QPushButton, text: str) -> None:
    """Set a text only where it is another one."""
    if button.text() != text:
        button.setText(text)


def named(part: Any, name: str, tip: str) -> Any:
    """Give a part its name, for tests and screen readers, and its tool tip."""
    part.setObjectName(name)
    part.setAccessibleName(name)
    part.setToolTip(tip)
    return part


def line(name: str, bold: bool = False) -> QLabel:
    """Return a line of plain text that breaks where it must."""
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setMinimumWidth(1)
    font = label.font()
    font.setBold(bold)
    label.setFont(font)
    return label
