"""How a row of the findings table is painted where the dock is narrow: title, id, place and value below each other.

Side by side, five columns have some forty pixels each at the usual width of a dock, and nothing in them can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QFontMetrics, QPalette
from qtpy.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

if TYPE_CHECKING:
    from blankslide.session import Row

ROW = int(Qt.ItemDataRole.UserRole)
_PAD, _SMALLER, _LONGEST = 3, 0.86, 500


class StackedRow(QStyledItemDelegate):
    """Paints the lines of a row below each other while ``stacked`` is on.

    Attributes
    ----------
    stacked
        Whether the table is too narrow for columns.
    """

    stacked = False

    def paint(self, painter: Any, option: Any, index: Any) -> None:
        """Paint one cell."""
        row = index.data(ROW)
        if not self.stacked or row is None:
            super().paint(painter, option, index)
            return
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        QApplication.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, plain.widget)
        painter.save()
        chosen = option.state & QStyle.StateFlag.State_Selected
        ink = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.setPen(option.palette.color(ink))
        top = option.rect.top() + _PAD
        for number, text in enumerate(lines_of(row)):
            painter.setFont(_font(option.font, number))
            metrics = QFontMetrics(painter.font())
            space = QRect(option.rect.left() + _PAD, top, option.rect.width() - 2 * _PAD, metrics.height())
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, space.width())
            painter.drawText(space, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
            top += metrics.height()
        painter.restore()


def lines_of(row: Row) -> list[str]:
    """Return what is said of a finding, a line each: title, id, place, and the value if there is one."""
    value = " ".join(row.value[:_LONGEST].split())
    return [row.what, row.id, row.where, *([value] if value else [])]


def height_of(font: Any, row: Row) -> int:
    """Return how many pixels the lines of a row need."""
    return sum(int(QFontMetrics(_font(font, n)).height()) for n in range(len(lines_of(row)))) + 2 * _PAD


def _font(font: Any, line: int) -> Any:
    made = type(font)(font)
    made.setBold(line == 0)
    if line in (1, 2):
        made.setPointSizeF(max(7.0, font.pointSizeF() * _SMALLER) if font.pointSizeF() > 0 else 8.0)
    return made
