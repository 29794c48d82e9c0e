"""The table of findings: sensitive first, then unknown, then kept.

Each row is told by a mark, a word and a colour, so that none of them is needed alone. The
colours are tints laid over whatever theme is on. The action cell is the choice: keep or
remove, against the profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from blankslide.presentation.wording import shown

if TYPE_CHECKING:
    from blankslide.session import Row

HEADER = ("!", "what", "value", "where", "action")
MARK, WHAT, VALUE, WHERE, ACTION = range(len(HEADER))
_SENSITIVE, _UNKNOWN = QColor(214, 40, 40, 70), QColor(240, 160, 0, 80)
_LINE, _LINES = 24, 11
_WORDS = {"●": "can identify", "?": "unknown field, removed to be safe", "○": "kept"}


class FindingsTable(QTableWidget):
    """Rows of the session, one choice each.

    Attributes
    ----------
    chosen
        Signal: (finding id, keep).
    pointed
        Signal: the row that the person is on, or None.
    """

    chosen = Signal(str, bool)
    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADER), parent)
        self.rows: list[Row] = []
        self._filled: tuple[Sequence[Row], bool] = ([], False)
        self.setObjectName("findings")
        self.setHorizontalHeaderLabels(HEADER)
        self.verticalHeader().hide()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().setDefaultSectionSize(_LINE)
        head = self.horizontalHeader()
        head.setMinimumSectionSize(18)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setStretchLastSection(False)
        head.setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        for column, width in ((MARK, 20), (VALUE, 44), (WHERE, 70), (ACTION, 92)):
            self.setColumnWidth(column, width)
        self._wheel = _NoWheel(self)
        self.itemSelectionChanged.connect(self._point)

    def fill(self, rows: Sequence[Row], show_values: bool) -> None:
        """Show these rows; the place of the person in the table is kept."""
        if self._filled == (list(rows), show_values):
            return
        self._filled = (list(rows), show_values)
        here = self.current_id
        self.blockSignals(True)
        self._clear()
        self.rows = list(rows)
        self.setRowCount(len(self.rows))
        for number, row in enumerate(self.rows):
            self._fill_row(number, row)
        self.setColumnWidth(VALUE, 130 if show_values else 44)
        self.clearSelection()
        self._fit_height()
        for number, row in enumerate(self.rows):
            if row.id == here:
                self.selectRow(number)
        self.blockSignals(False)
        self._point()

    def _clear(self) -> None:
        for number in range(self.rowCount()):
            # Removed cell widgets are deleted later; until then they would be drawn over the new rows.
            self.cellWidget(number, ACTION).hide()
        self.setRowCount(0)

    def _fit_height(self) -> None:
        lines = min(max(len(self.rows), 2), _LINES)
        self.setFixedHeight(lines * _LINE + self.horizontalHeader().sizeHint().height() + 4)

    def _fill_row(self, number: int, row: Row) -> None:
        tint = _UNKNOWN if row.unknown and row.sensitive else _SENSITIVE if row.sensitive else None
        place = "; ".join(dict.fromkeys(p.where for p in row.places)) or row.where
        name = shown(row.id, whole=True).replace("<", "‹")  # what Qt takes for rich text would be drawn
        tips = {MARK: _WORDS.get(row.mark, ""), WHAT: name, WHERE: place}
        for column, text in ((MARK, row.mark), (WHAT, row.what), (VALUE, row.value), (WHERE, row.where)):
            item = QTableWidgetItem(text)
            item.setToolTip(tips.get(column, ""))  # a value is shown in its cell only
            if tint is not None:
                item.setBackground(QBrush(tint))
            if column == MARK:
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            self.setItem(number, column, item)
        self.setCellWidget(number, ACTION, self._choice(row))

    def _choice(self, row: Row) -> QComboBox:
        box = QComboBox()
        action = "remove" if row.keeps else row.action
        box.addItems([action.partition(",")[0], "keep"])
        box.setCurrentIndex(int(row.keeps))
        box.setObjectName(f"action {row.id}")
        box.setToolTip("keep" if row.keeps else action)
        box.setStyleSheet("QComboBox { padding: 0 2px; min-width: 0; margin: 1px }")
        box.installEventFilter(self._wheel)
        box.activated.connect(lambda index, row=row: self._choose(row, keep=bool(index)))
        return box

    def _choose(self, row: Row, keep: bool) -> None:
        if keep != row.keeps:
            self.chosen.emit(row.id, keep)

    def _point(self) -> None:
        self.pointed.emit(self.current_row)

    @property
    def current_row(self) -> Row | None:
        """The selected row."""
        picked = self.selectionModel().selectedRows() if self.selectionModel() is not None else []
        return self.rows[picked[0].row()] if picked and picked[0].row() < len(self.rows) else None

    @property
    def current_id(self) -> str:
        """Id of the selected row, or empty."""
        row = self.current_row
        return row.id if row is not None else ""


class _NoWheel(QObject):
    """Scrolling over the table must not change a decision."""

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Swallow the wheel."""
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return False
