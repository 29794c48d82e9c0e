"""The fold "Readable strings": every string that is left in the slide, for whoever checks it by eye.

Closed by default, and filled only while it is open: the list costs an account of the slide's bytes, and opening
it is the person's wish to see values. What nothing explains is marked and tinted, words of the format are grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QPalette
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from blankslide._napari.lines import line
from blankslide.presentation import wording

if TYPE_CHECKING:
    from blankslide.pipeline import Readable
    from blankslide.session import Session

HEADER = ("!", "text", "where", "why")
MARK, TEXT, WHERE, WHY = range(len(HEADER))
_NEW = QColor(240, 160, 0, 80)
_DIM_ON_DARK, _DIM_ON_LIGHT = QColor(160, 160, 160), QColor(100, 100, 100)
_LINE, _LINES, _LONGEST = 22, 10, 2000


class StringsModel(QAbstractTableModel):
    """The lines that fit the filter; cells are made when they are seen."""

    def __init__(self) -> None:
        super().__init__()
        self._all: Sequence[Readable] = ()
        self.lines: list[Readable] = []
        self.dim = _DIM_ON_DARK

    def take(self, lines: Sequence[Readable], contains: str) -> None:
        """Show the lines that hold a text."""
        word = contains.lower()
        self.beginResetModel()
        self._all = lines
        self.lines = [x for x in lines if word in f"{x.text} {x.where} {x.place} {_why(x)}".lower()]
        self.endResetModel()

    def narrow(self, contains: str) -> None:
        """Take another filter."""
        self.take(self._all, contains)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of lines."""
        return len(self.lines)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return len(HEADER)

    def headerData(self, section: int, orientation: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the name of a column."""
        wanted = role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal
        return HEADER[section] if wanted else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell, or its colours."""
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cells(line)[index.column()]
        if role == Qt.ItemDataRole.BackgroundRole and not line.why:
            return QBrush(_NEW)
        if role == Qt.ItemDataRole.ForegroundRole and line.why == "format":
            return QBrush(self.dim)
        return None


class StringsFold(QWidget):
    """The fold: a button, and below it what is known.

    Attributes
    ----------
    opened
        Signal: the person wants to see the list.
    """

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.head = QToolButton()
        self.head.setObjectName("strings")
        self.head.setCheckable(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.head.setToolTip("list every string that is left in the file, in clear")
        self.told, self.whole = line("strings told"), line("string")
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)  # nobody knows how long an account takes
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("filter strings")
        self.filter.setClearButtonEnabled(True)
        self.model, self.view = StringsModel(), QTableView()
        self._shown: tuple[Readable, ...] | None = None
        self._set_up_view()
        self._lay_out()
        self.head.toggled.connect(self._toggle)
        self.filter.textChanged.connect(self._narrow)
        self._toggle(False)

    def _set_up_view(self) -> None:
        view = self.view
        view.setObjectName("strings list")
        view.setModel(self.model)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(_LINE)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setTabKeyNavigation(False)
        view.setWordWrap(False)
        head = view.horizontalHeader()
        head.setMinimumSectionSize(18)
        head.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        for column, width in ((MARK, 20), (WHERE, 62), (WHY, 92)):
            view.setColumnWidth(column, width)
        view.setFixedHeight(_LINES * _LINE + head.sizeHint().height() + 4)
        view.selectionModel().currentRowChanged.connect(lambda *_: self._point())
        self.model.modelReset.connect(self._point)

    def _lay_out(self) -> None:
        self.body = QWidget()
        inner = QVBoxLayout(self.body)
        outer = QVBoxLayout(self)
        for box in (inner, outer):
            box.setContentsMargins(0, 0, 0, 0)
            box.setSpacing(4)
        for part in (self.told, self.bar, self.filter, self.view, self.whole):
            inner.addWidget(part)
        outer.addWidget(self.head, 0, Qt.AlignmentFlag.AlignLeft)
        outer.addWidget(self.body)

    @property
    def is_open(self) -> bool:
        """Whether the person looks at it."""
        return bool(self.head.isChecked())

    def close_up(self) -> None:
        """Fold it, and forget what was shown and typed."""
        self.head.setChecked(False)
        self.filter.clear()

    def draw(self, session: Session, reading: bool) -> None:
        """Show what the session knows; nothing of it while the fold is closed.

        Parameters
        ----------
        reading
            The list is being made.
        """
        self.head.setText(session.strings_title)
        lines = session.strings if self.is_open else None
        self.bar.setVisible(reading)
        self.told.setText("reading every string …" if reading else session.strings_summary)
        for part in (self.filter, self.view):
            part.setVisible(lines is not None)
        if lines is not self._shown:
            self._shown = lines
            text = self.view.palette().color(QPalette.ColorRole.Text)
            self.model.dim = _DIM_ON_DARK if text.lightness() > 127 else _DIM_ON_LIGHT
            self.model.take(lines or (), self.filter.text())

    def _toggle(self, on: bool) -> None:
        self.head.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.body.setVisible(on)
        if on:
            self.opened.emit()
        else:
            self._shown = None
            self.model.take((), "")

    def _narrow(self, text: str) -> None:
        self.model.narrow(text)

    def _point(self) -> None:
        """Show the whole of the line that the person is on."""
        row = self.view.currentIndex().row()
        line = self.model.lines[row] if 0 <= row < len(self.model.lines) else None
        self.whole.setText(
            "" if line is None else f"{line.where} · {_safe(line.place)} · {_why(line)}\n{_safe(line.text)}"
        )
        self.whole.setVisible(line is not None)


def cells(line: Readable) -> tuple[str, str, str, str]:
    """Return what stands in the columns for one string."""
    return wording.string_mark(line.why), _safe(line.text), line.where, _why(line)


def _safe(text: str) -> str:
    shown = wording.shown(text, whole=True)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def _why(line: Readable) -> str:
    return wording.string_reason(line.why, line.field)
