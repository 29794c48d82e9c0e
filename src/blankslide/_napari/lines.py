"""A line of plain text in a dock: it breaks where it must, and is found by its name."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel


def line(name: str, bold: bool = False) -> QLabel:
    """Return a line without words; what it will say can be marked with the mouse, and copied."""
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
