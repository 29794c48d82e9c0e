"""The rows of the review list as Qt shows them: a picture, and beside it name, format, findings and state.

One card a row, so that all of it can be read at 340 pixels as well as at 1920. The state is told by a mark, a word and
a tint, so none of them is needed alone; screen readers are told the same words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QRect, QSize, Qt
from qtpy.QtGui import QColor, QPalette, QPixmap
from qtpy.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from blankslide._napari.thumbnails import pixmap
from blankslide.review.looking import PICTURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.review.slide_list import Row, State

ROW = int(Qt.ItemDataRole.UserRole)
_TINTS: dict[State, QColor] = {
    "to do": QColor(214, 40, 40, 45),
    "clean": QColor(30, 150, 80, 60),
    "not as asked": QColor(214, 40, 40, 90),
    "not clean": QColor(214, 40, 40, 90),
    "refused": QColor(240, 160, 0, 70),
    "interrupted": QColor(240, 160, 0, 110),
    "running": QColor(60, 120, 220, 70),
}
_PAD, _BAR = 5, 4


class SlideModel(QAbstractListModel):
    """The rows that fit the filter; cards are drawn when they are seen."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._places: dict[int, int] = {}
        self._pictures: dict[int, QPixmap] = {}

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these; rows that only came at the end leave the others as they are."""
        old = len(self.rows)
        if old and list(rows[:old]) == self.rows and len(rows) > old:
            self.beginInsertRows(QModelIndex(), old, len(rows) - 1)
            self.rows = list(rows)
            self._places.update({id(row): old + i for i, row in enumerate(rows[old:])})
            self.endInsertRows()
            return
        self.beginResetModel()
        self.rows = list(rows)
        self._places = {id(row): place for place, row in enumerate(self.rows)}
        self.endResetModel()

    def forget(self) -> None:
        """Forget all pictures: other slides are listed."""
        self._pictures.clear()

    def redraw(self, row: Row) -> None:
        """Draw a row anew."""
        place = self._places.get(id(row))
        if place is not None:
            self.dataChanged.emit(self.index(place), self.index(place))

    def place_of(self, row: Row) -> int | None:
        """Return where a row stands."""
        return self._places.get(id(row))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row, or its words."""
        if not 0 <= index.row() < len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return " · ".join(filter(None, lines_of(row)))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(filter(None, lines_of(row))).replace(
                "<", "‹"
            )  # what Qt takes for rich text would be drawn
        return None

    def picture(self, row: Row) -> QPixmap | None:
        """Return the picture of a row, made once."""
        if row.picture is None:
            return None
        key = id(row.picture)
        if key not in self._pictures:
            self._pictures[key] = pixmap(row.picture, *PICTURE)
        return self._pictures[key]


def lines_of(row: Row) -> list[str]:
    """Return what is said of a slide, a line each: name, format, what can identify the patient, state."""
    state = f"{row.mark} {row.word}"
    found = row.findings if row.state in ("to do", "running") else ""
    return [row.name, row.title, found, f"{state} – {row.told}" if row.told else state]


class Card(QStyledItemDelegate):
    """Paints a row."""

    def __init__(self, model: SlideModel, parent: Any = None) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Return the size of every row."""
        return QSize(200, max(PICTURE[1], 4 * (option.fontMetrics.height() + 1)) + 2 * _PAD + _BAR)

    def paint(self, painter: Any, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """Paint one row."""
        row: Row | None = index.data(ROW)
        if row is None:
            return
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        QApplication.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, plain.widget)
        painter.save()
        area = option.rect.adjusted(_PAD, _PAD, -_PAD, -_PAD)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if row.state in _TINTS:
            painter.fillRect(option.rect.adjusted(0, 0, 0, -1), _TINTS[row.state])
        self._paint_picture(painter, row, area)
        ink = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.setPen(option.palette.color(ink))
        self._paint_words(painter, option, row, area.adjusted(PICTURE[0] + 2 * _PAD, 0, 0, 0))
        if row.state == "running":
            width = round(option.rect.width() * row.part)
            painter.fillRect(option.rect.left(), option.rect.bottom() - _BAR, width, _BAR, QColor(60, 120, 220))
        painter.restore()

    def _paint_picture(self, painter: Any, row: Row, area: QRect) -> None:
        picture = self._model.picture(row)
        box = QRect(area.left(), area.top(), *PICTURE)
        if picture is None:
            painter.setPen(QColor(128, 128, 128))
            painter.drawRect(box)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), "…" if row.state == "found" else "no picture")
            return
        left = box.left() + (box.width() - picture.width()) // 2
        painter.drawPixmap(left, box.top() + (box.height() - picture.height()) // 2, picture)

    def _paint_words(self, painter: Any, option: QStyleOptionViewItem, row: Row, area: QRect) -> None:
        top = area.top()
        for number, line in enumerate(filter(None, lines_of(row))):
            font = option.font
            font.setBold(number == 0)
            painter.setFont(font)
            metrics = painter.fontMetrics()
            space = QRect(area.left(), top, area.width(), metrics.height())
            cut = Qt.TextElideMode.ElideLeft if number == 0 else Qt.TextElideMode.ElideRight
            painter.drawText(space, int(Qt.AlignmentFlag.AlignLeft), metrics.elidedText(line, cut, space.width()))
            top += metrics.height() + 1
