"""The table of findings: sensitive first, then unknown, then kept.

Each row is told by a mark, a word and a colour, so that none of them is needed alone. The
colours are tints laid over whatever theme is on. The action cell is the choice: keep or
remove, against the profile; with the keyboard K, R and Space choose for the row that one is on.

A wide table has a column for everything. In a narrow one title, id, place and value stand below each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from blankslide._napari.row_paint import ROW, StackedRow, height_of
from blankslide.presentation.wording import shown

if TYPE_CHECKING:
    from blankslide.session import Row

HEADER = ("!", "what", "value", "where", "action", "id")
MARK, WHAT, VALUE, WHERE, ACTION, ID = range(len(HEADER))
_SENSITIVE, _UNKNOWN = QColor(214, 40, 40, 70), QColor(240, 160, 0, 80)
_LINE, _LEAST, _PART = 24, 150, 0.33
_ROOMY = 620
"""Pixels that columns side by side need."""
_WORDS = {"●": "can identify", "?": "unknown field, removed to be safe", "○": "kept"}


class FindingsTable(QTableWidget):
    """Rows of the session, one choice each.

    Attributes
    ----------
    chosen
        Signal: (finding id, keep).
    pointed
        Signal: the row that the person is on, or None.
    entered_row
        Signal: the row that the person wants to be shown.
    say
        Asked what follows if a finding is kept, and if it goes.
    """

    chosen = Signal(str, bool)
    pointed = Signal(object)
    entered_row = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADER), parent)
        self.say: Callable[[str], tuple[str, str]] = lambda finding: ("", "")
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
        self._paint = StackedRow(self)
        self.setItemDelegateForColumn(WHAT, self._paint)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("findings")
        self.setAccessibleDescription("K keeps, R removes, Space changes the choice, Enter goes to the picture")
        head = self.horizontalHeader()
        head.setMinimumSectionSize(18)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setStretchLastSection(False)
        head.moveSection(head.visualIndex(ID), head.visualIndex(VALUE))
        self._arrange()
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
        self.clearSelection()
        self._arrange()
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

    def _arrange(self) -> None:
        """Give the columns the room that there is, and the rows the height that they need."""
        narrow = self.width() < _ROOMY
        self._paint.stacked = narrow
        head = self.horizontalHeader()
        for column in (VALUE, WHERE, ID):
            self.setColumnHidden(column, narrow)
        head.setSectionResizeMode(WHAT, QHeaderView.ResizeMode.Stretch)
        values = self._filled[1]
        for column, width in ((MARK, 20), (ACTION, 104)):
            self.setColumnWidth(column, width)
        if not narrow:
            rest = self.width() - 152
            for column, part in ((VALUE, 0.28 if values else 0.1), (WHERE, 0.16), (ID, 0.3)):
                self.setColumnWidth(column, round(rest * part))
        for number, row in enumerate(self.rows):
            self.setRowHeight(number, height_of(self.font(), row) if narrow else _LINE)
        needed = sum(self.rowHeight(number) for number in range(len(self.rows)))
        most = max(round(self.window().height() * _PART), _LEAST)  # the button below shall be seen, too
        self.setFixedHeight(min(max(needed, _LEAST), most) + head.sizeHint().height() + 4)

    def resizeEvent(self, event: Any) -> None:
        """Arrange anew when the dock gets another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._arrange()

    def showEvent(self, event: Any) -> None:
        """Arrange anew in the window that the dock has come into."""
        super().showEvent(event)
        self._arrange()

    def keyPressEvent(self, event: Any) -> None:
        """Let the row that the person is on be kept or removed by a key."""
        row, key = self.current_row, event.key()
        wanted = {Qt.Key.Key_K: True, Qt.Key.Key_R: False}
        if row is None or not (key in wanted or key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered_row.emit(row)
        else:
            self._choose(row, keep=wanted.get(key, not row.keeps))

    def _fill_row(self, number: int, row: Row) -> None:
        tint = _UNKNOWN if row.unknown and row.sensitive else _SENSITIVE if row.sensitive else None
        place = "; ".join(dict.fromkeys(p.where for p in row.places)) or row.where
        name = shown(row.id, whole=True).replace("<", "‹")  # what Qt takes for rich text would be drawn
        tips = {MARK: _WORDS.get(row.mark, ""), WHAT: name, WHERE: place, ID: name}
        cells = (MARK, row.mark), (WHAT, row.what), (VALUE, row.value), (WHERE, row.where), (ID, row.id)
        for column, text in cells:
            item = QTableWidgetItem(text)
            item.setToolTip(tips.get(column, ""))  # a value is shown in its cell only
            if tint is not None:
                item.setBackground(QBrush(tint))
            if column == WHAT:
                item.setData(ROW, row)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, _spoken(row))
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
        box.setAccessibleName(f"{row.what}: keep or remove")
        for index, said in enumerate(self.say(row.id)[::-1]):
            box.setItemData(index, said, Qt.ItemDataRole.ToolTipRole)
        box.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # with the keyboard the row is chosen for, not its cell
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


def _spoken(row: Row) -> str:
    """Return what a screen reader says of a row: the word of its mark, and no colour."""
    told = [_WORDS.get(row.mark, ""), row.what, row.id, row.where, row.value.strip("•"), row.action]
    return ", ".join(filter(None, told))


class _NoWheel(QObject):
    """Scrolling over the table must not change a decision."""

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Swallow the wheel."""
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return False
