"""What stands above the review list and below it: folder and filter; the fields of a run, and its buttons."""

from __future__ import annotations

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

from blankslide._napari import run_form
from blankslide._napari.lines import line
from blankslide._napari.wish_fields import name_fields, word_of
from blankslide.presentation.wording import shown
from blankslide.wishes import COPY, IN_PLACE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blankslide._napari.list_work import ListWork
    from blankslide.review.slide_list import SlideList
    from blankslide.wishes import Wish


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
    """What a run takes, and how it goes. The fields are those of `run_form.anonymize`, as in the dock of one slide.

    Attributes
    ----------
    profile_chosen
        Signal: name or file of a profile.
    """

    profile_chosen = Signal(str)

    def __init__(self, profile: Any) -> None:
        super().__init__()
        self.form = run_form.form(profile, dry_run=False)
        name_fields(self.form)
        self.profile, self.name = self.form.profile.native, self.form["name"].native
        self.label, self.mask = self.form["label"].native, self.form["mask_macro"].native
        self.name.setPlaceholderText("as they are; or STUDY-{n:04}, {pseudonym}")
        self.name.setToolTip("such as STUDY-{n:04} or {pseudonym}; empty: as they are called now")
        self.mask.setPlaceholderText("all of each macro; auto; X,Y,W,H")
        self.go = named(QPushButton("Plan the run …"), "plan run", "plan it, changing nothing, and ask")
        self.again = named(QPushButton("Try again"), "try again", "only slides that were refused or not come to")
        self.cancel = named(QPushButton("Cancel"), "cancel run", "end after the slides in hand")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.told = line("run told")
        self.form.mode.value = COPY
        self._lay_out()
        self.form.mode.changed.connect(lambda *_: self._show_folder())
        self.profile.activated.connect(self._choose)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        word = QLabel("P&rofile")
        word.setBuddy(self.profile)
        grid.addWidget(word, 0, 0)
        grid.addWidget(self.profile, 0, 1)
        grid.addWidget(self.form.mode.native, 0, 2)
        self._folder = word_of(self.form, "folder"), self.form.folder.native
        for row, (field, native) in enumerate(
            (("label", self.label), ("mask_macro", self.mask), ("name", self.name)), 1
        ):
            grid.addWidget(word_of(self.form, field), row, 0)
            grid.addWidget(native, row, 1, 1, 2)
        grid.addWidget(self._folder[0], 4, 0)
        grid.addWidget(self._folder[1], 4, 1, 1, 2)
        buttons = QHBoxLayout()
        for button in (self.go, self.again, self.cancel):
            buttons.addWidget(button)
        grid.addLayout(buttons, 5, 0, 1, 3)
        grid.addWidget(self.bar, 6, 0, 1, 3)
        grid.addWidget(self.told, 7, 0, 1, 3)
        grid.setColumnStretch(1, 1)

    # -- choices ---------------------------------------------------------------------------

    @property
    def in_place(self) -> QRadioButton:
        """The way that overwrites the slides; magicgui makes its buttons anew, so it is looked for each time."""
        ways: list[QRadioButton] = self.form.mode.native.findChildren(QRadioButton)
        return next(button for button in ways if button.text() == IN_PLACE)

    @property
    def wish(self) -> Wish:
        """What stands in the fields."""
        values = run_form.values_of(self.form)
        return run_form.wish_of(**{key: values[key] for key in values if key not in ("profile", "dry_run")})

    @property
    def is_decided(self) -> bool:
        """Whether it is known where the result goes."""
        return not self.wish.copies or self.wish.folder is not None

    def copy_to(self, folder: Path) -> None:
        """Make copies in a folder."""
        self.form.folder.value = folder
        self.form.mode.value = COPY

    def _show_folder(self) -> None:
        for part in self._folder:
            part.setVisible(self.form.mode.value == COPY)

    def _choose(self, index: int) -> None:
        chosen = self.form.profile.value
        if chosen == run_form.OWN:
            chosen, _ = QFileDialog.getOpenFileName(self, "Profile", filter="Profile (*.toml)")
            if chosen:
                run_form.choose(self.form, chosen)
        if chosen:
            self.profile_chosen.emit(str(chosen))

    # -- how it goes -----------------------------------------------------------------------

    def draw(self, work: ListWork, shown_rows: int, shows_all: bool) -> None:
        """Show what can be done now, and how far a run is."""
        ready, again = work.state == "ready", len(work.rows_to_retry()) if work.state == "ready" else 0
        for part in (self.profile, self.form.mode.native, self.form.folder.native, self.label, self.mask, self.name):
            part.setEnabled(not work.busy)
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
