"""One slide of a spot-check as a page: what `verify` says, its pictures, the corners of its tissue, every string left.

Corners are shown as they are, a pixel of the slide for a pixel of the screen. What may name the patient stands under a
line that says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHeaderView,
    QLabel,
    QScrollArea,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from blankslide._napari.lines import line
from blankslide._napari.strings import MARK, TEXT, StringsModel
from blankslide._napari.thumbnails import pixmap
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.review.page import Page

_ROLES = ("label", "macro", "thumbnail")
_WIDTH, _HEIGHT, _CORNER, _LONGEST = 168, 130, 256, 260
BANNER = "Not clean: what is shown here may name the patient."


class PageView(QScrollArea):
    """Shows a page, or that it is being made."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.headline, self.banner, self.trouble = line("page headline", True), line("banner", True), line("trouble")
        self.banner.setStyleSheet("background: #8c1d1d; color: white; padding: 4px")
        self.counted = line("strings counted")
        self.model, self.table = StringsModel(), QTableView()
        self._pictures, self._corners = QGridLayout(), QGridLayout()
        self._shown: Page | None = None
        self._set_up_table()
        column = QWidget()
        box = QVBoxLayout(column)
        box.setContentsMargins(0, 0, 0, 0)
        for part in (self.headline, self.banner, self.trouble):
            box.addWidget(part)
        box.addLayout(self._pictures)
        box.addLayout(self._corners)
        box.addWidget(self.counted)
        box.addWidget(self.table)
        box.addStretch(1)
        self.setWidget(column)

    def _set_up_table(self) -> None:
        table = self.table
        table.setObjectName("strings left")
        table.setAccessibleName("every string that is left in the slide")
        table.setModel(self.model)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(22)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        table.setMinimumHeight(200)
        head = table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setSectionResizeMode(TEXT, QHeaderView.ResizeMode.Stretch)
        table.setColumnWidth(MARK, 20)

    def draw(self, page: Page | None) -> None:
        """Show a page; None while it is made."""
        if page is self._shown and page is not None:
            return
        self._shown = page
        headline = "reading the slide …" if page is None else page.headline
        self.headline.setText(headline if len(headline) <= _LONGEST else f"{headline[:_LONGEST]} …")
        self.banner.setText(BANNER)
        self.banner.setVisible(page is not None and not page.clean)
        self.trouble.setText("" if page is None else page.trouble)
        self.trouble.setVisible(bool(self.trouble.text()))
        _empty(self._pictures)
        _empty(self._corners)
        self.model.take(() if page is None else page.strings, "")
        self.table.setVisible(page is not None and bool(page.strings))
        self.counted.setVisible(page is not None)
        if page is None:
            return
        self.verticalScrollBar().setValue(0)
        self.counted.setText(
            words.strings_phrase([each.why for each in page.strings]) if page.strings else "no string can be read in it"
        )
        found = dict(page.pictures)
        roles = [*_ROLES, *(role for role in found if role not in _ROLES)]
        for number, role in enumerate(roles):
            self._pictures.addWidget(_card(role, found.get(role), _WIDTH, _HEIGHT), number // 3, number % 3)
        for number, (where, pixels) in enumerate(page.corners):
            card = _card(f"corner {where}", pixels, _CORNER, _CORNER, whole=True)
            self._corners.addWidget(card, number // 2, number % 2)


def _empty(grid: QGridLayout) -> None:
    while grid.count():
        part = grid.takeAt(0).widget()
        part.hide()
        part.setParent(None)
        part.deleteLater()


def _card(name: str, pixels: Any, width: int, height: int, whole: bool = False) -> QWidget:
    """Return a picture with its name below it; one that is not there says so."""
    card = QFrame()
    card.setObjectName(f"shown {name}")
    card.setAccessibleName(name if pixels is not None else f"{name}: none in the file")
    box = QVBoxLayout(card)
    box.setContentsMargins(2, 2, 2, 2)
    box.setSpacing(1)
    picture, text = QLabel(), QLabel(name if pixels is not None else f"{name}: none in the file")
    picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
    if pixels is None:
        picture.setText("∅")
        picture.setFrameShape(QFrame.Shape.Box)
        picture.setMinimumHeight(60)
    else:
        rows, columns = pixels.shape[:2]
        picture.setPixmap(pixmap(pixels, columns if whole else width, rows if whole else height))
    text.setAlignment(Qt.AlignmentFlag.AlignCenter)
    box.addWidget(picture, 1)
    box.addWidget(text)
    return card
