"""Label, macro and thumbnail in the dock: what stands in the file now, and what stood there.

A click goes to the layer. After a run the upper row is gone or blank; "before/after" puts
mosaics of what was there beside it. Where nothing stands any more, the card says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from blankslide._napari.thumbnails import pixmap
from blankslide.viewing.picture import in_order

if TYPE_CHECKING:
    import numpy as np

    Thumbs = Mapping[str, np.ndarray[Any, np.dtype[Any]]]

_HEIGHT, _WIDTH = 84, 100
_ROOMY = 4  # the captions of more pictures than that fit into the dock only if they are small
BEFORE, AFTER = "before (made illegible; nothing else is kept)", "after"


class PictureCards(QWidget):
    """A card for each picture.

    Attributes
    ----------
    clicked
        Signal: role of the picture.
    following
        The widget that the keyboard goes to after the last card.
    """

    clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._cards: list[QWidget] = []
        self.following: QWidget | None = None

    def show_pictures(self, now: Thumbs, before: Thumbs, compare: bool) -> None:
        """Show what is there, and with ``compare`` a row of what was there above it."""
        for card in self._cards:
            self._grid.removeWidget(card)
            card.hide()
            card.setParent(None)
            card.deleteLater()
        self._cards = []
        roles = in_order({**before, **now} if compare else now)
        for line, (words, thumbs) in enumerate([(BEFORE, before), (AFTER, now)] if compare else [("", now)]):
            if words:
                self._put(QLabel(words), 2 * line, 0, len(roles))
            for column, role in enumerate(roles):
                card = _Card(role, words.partition(" ")[0], thumbs.get(role), len(roles) > _ROOMY)
                card.clicked.connect(lambda _=False, role=role: self.clicked.emit(role))
                self._put(card, 2 * line + 1, column, 1)
        self.setVisible(bool(roles))
        for one, next_one in pairwise(
            [*self.findChildren(_Card), *([] if self.following is None else [self.following])]
        ):
            self.setTabOrder(one, next_one)

    def _put(self, widget: QWidget, line: int, column: int, width: int) -> None:
        self._grid.addWidget(widget, line, column, 1, width)
        self._cards.append(widget)


class _Card(QToolButton):
    """One picture with its caption; a button, so that the keyboard reaches it."""

    def __init__(self, role: str, when: str, pixels: Any, small: bool) -> None:
        super().__init__()
        self.setObjectName(f"picture {role} {when}".rstrip())
        self.setToolTip(f"go to the {role}")
        self.setAccessibleName(f"{role} {when}".rstrip())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT + 24)
        box = QVBoxLayout(self)
        box.setContentsMargins(2, 2, 2, 2)
        box.setSpacing(1)
        shown = QLabel()
        shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        shown.setMinimumSize(1, 1)
        if pixels is None:
            shown.setText("∅\nremoved")
            shown.setFrameShape(QFrame.Shape.StyledPanel)
        else:
            shown.setPixmap(pixmap(pixels, _WIDTH, _HEIGHT - 4))
        text = QLabel(role)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        if small:
            text.setStyleSheet("font-size: 7pt")
        for label in (shown, text):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        box.addWidget(shown, 1)
        box.addWidget(text)
