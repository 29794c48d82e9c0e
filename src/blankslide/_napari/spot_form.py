"""The first and the last page of a spot-check: what is drawn and who looks; what follows, the signature, the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from blankslide._napari.lines import line
from blankslide._napari.list_form import named
from blankslide._napari.settings import PROFILES
from blankslide._napari.spot_work import Asked
from blankslide.presentation.wording import shown
from blankslide.review.check import Terms
from blankslide.wishes import typed_path

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide._napari.spot_work import SpotWork


class PathField(QWidget):
    """A line that a path is typed into, and a button that asks for one."""

    def __init__(self, name: str, tip: str, ask: Callable[[QWidget], str]) -> None:
        super().__init__()
        self.edit = named(QLineEdit(), name, tip)
        self.button = named(QPushButton("…"), f"choose {name}", tip)
        self.button.setMaximumWidth(32)
        self._ask = ask
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.edit, 1)
        box.addWidget(self.button)
        self.button.clicked.connect(self._choose)

    def _choose(self) -> None:
        chosen = self._ask(self)
        if chosen:
            self.edit.setText(chosen)

    @property
    def path(self) -> Path | None:
        """What stands there."""
        return typed_path(self.edit.text())


class BeginForm(QWidget):
    """What is asked before a sample is drawn.

    Attributes
    ----------
    asked
        Signal: what the person asked for.
    """

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.folder = PathField("folder", "the slides that the sample is drawn from", _ask_folder)
        self.reviewer = named(QLineEdit(), "reviewer", "who looks; goes into the ledger and the report")
        self.from_ledger = named(
            QCheckBox("only slides that the ledger knows as clean"), "from ledger", "found by their bytes, not by names"
        )
        self.four_eyes = named(
            QCheckBox("four eyes: two reviewers"), "four eyes", "the second sees nothing of what the first one said"
        )
        self.at_most = _percent("at most", 5.0, "so many of all slides may be bad, if no slide of the sample fails")
        self.confidence = _percent("confidence", 95.0, "how sure that shall be")
        self.size = _number("size", "fewest that are enough", "slides to look at")
        self.seed = _number("seed", "a new one", "draws the same sample again")
        self.record = PathField("record", "where verdicts are kept; empty: in your own folder", _ask_record)
        self.record.edit.setPlaceholderText("in your own folder")
        self.profile = named(QComboBox(), "profile of the check", "what counts as left")
        self.profile.addItems(PROFILES)
        self.start = named(QPushButton("Draw the sample"), "draw sample", "draw it, and show the first slide")
        self.told = line("check told")
        self._lay_out()
        self.start.clicked.connect(self._begin)

    def _lay_out(self) -> None:
        form = QFormLayout()
        rows: tuple[tuple[str, Any], ...] = (
            ("Folder", self.folder),
            ("Reviewer", self.reviewer),
            ("", self.from_ledger),
            ("", self.four_eyes),
            ("At most bad", self.at_most),
            ("Confidence", self.confidence),
            ("Sample size", self.size),
            ("Seed", self.seed),
            ("Record", self.record),
            ("Profile", self.profile),
        )
        for label, part in rows:
            form.addRow(label, part)
        box = QVBoxLayout(self)
        box.addLayout(form)
        box.addWidget(self.start)
        box.addWidget(self.told)
        box.addStretch(1)

    def _begin(self) -> None:
        folder = self.folder.path
        if folder is None:
            self.told.setText("Name the folder that the sample is drawn from.")
            return
        size, seed = self.size.text().strip(), self.seed.text().strip()
        if not all(text.isdecimal() or not text for text in (size, seed)):
            self.told.setText("Sample size and seed are numbers, or empty.")
            return
        terms = Terms(
            self.at_most.value() / 100,
            self.confidence.value() / 100,
            int(size) if size else None,
            int(seed) if seed else None,
            2 if self.four_eyes.isChecked() else 1,
        )
        self.asked.emit(
            Asked(
                [folder],
                self.reviewer.text(),
                terms,
                self.from_ledger.isChecked(),
                self.record.path,
                self.profile.currentText(),
            )
        )

    def draw(self, work: SpotWork) -> None:
        """Say what went wrong, or that the sample is drawn."""
        self.told.setText("drawing the sample …" if work.state == "drawing" else work.told)
        self.setEnabled(work.state != "drawing")


class EndForm(QWidget):
    """What follows from the verdicts, the signature and the report."""

    def __init__(self) -> None:
        super().__init__()
        self.result, self.failed, self.told = line("check result", True), line("failed slides"), line("end told")
        self.sign = named(QPushButton("Sign"), "sign", "write reviewer, verdicts and bound into the ledger")
        self.back = named(QPushButton("Look again"), "look again", "back to the slides")
        self.second = named(QPushButton("Another reviewer …"), "another reviewer", "the same sample for a second one")
        self.report = PathField("report", "file of the report: .html, .pdf or .json", _ask_report)
        self.report.edit.setPlaceholderText("report: .html, .pdf or .json")
        self.write = named(QPushButton("Write the report"), "write report", "one page: no values, no pictures")
        box = QVBoxLayout(self)
        box.addWidget(self.result)
        box.addWidget(self.failed)
        row = QHBoxLayout()
        for button in (self.sign, self.second, self.back):
            row.addWidget(button)
        box.addLayout(row)
        box.addWidget(self.report)
        box.addWidget(self.write)
        box.addWidget(self.told)
        box.addStretch(1)

    def draw(self, work: SpotWork) -> None:
        """Show what follows."""
        check = work.check
        if check is None:
            return
        result = check.result()
        self.result.setText(result.sentence())
        names = [f"FAILED: {shown(check.sample[p], whole=True)}" for p in result.failed]
        if result.differ:
            names.append(f"the reviewers are not of one mind about {len(result.differ)}")
        self.failed.setText("\n".join(names))
        told = work.told
        if work.entry is not None:
            told = f"signed by {check.reviewer} · ledger entry {work.entry}" + (f" · {told}" if told else "")
        elif not check.can_be_signed:
            told = told or "Not signed yet: a second reviewer has to look at the whole sample."
        self.told.setText("signing: slides are compared with what was looked at …" if work.state == "signing" else told)
        self.sign.setEnabled(check.can_be_signed and work.entry is None and work.state == "ended")
        self.back.setEnabled(work.state == "ended")


def _percent(name: str, value: float, tip: str) -> QDoubleSpinBox:
    box: QDoubleSpinBox = named(QDoubleSpinBox(), name, tip)
    box.setRange(0.0, 99.9999)
    box.setDecimals(2)
    box.setSuffix(" %")
    box.setValue(value)
    return box


def _number(name: str, empty: str, tip: str) -> QLineEdit:
    edit: QLineEdit = named(QLineEdit(), name, f"{tip}; empty: {empty}")
    edit.setPlaceholderText(empty)
    return edit


def _ask_folder(parent: QWidget) -> str:
    return str(QFileDialog.getExistingDirectory(parent, "Slides to check"))


def _ask_record(parent: QWidget) -> str:
    return str(QFileDialog.getSaveFileName(parent, "Record of the check", filter="Record (*.json)")[0])


def _ask_report(parent: QWidget) -> str:
    kinds = "Page (*.html);;PDF (*.pdf);;Data (*.json)"
    return str(QFileDialog.getSaveFileName(parent, "Report of the check", filter=kinds)[0])
