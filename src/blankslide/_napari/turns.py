"""Do something at the next turn of the window.

Qt is given a plain function: of closures that wait, its binding loses count when napari collects garbage, which
ends the process.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_waiting: deque[Callable[[], None]] = deque()


def soon(call: Callable[[], None]) -> None:
    """Do it when the window has come to rest; at once where there is none."""
    if "qtpy.QtWidgets" in sys.modules:
        from qtpy.QtCore import QTimer
        from qtpy.QtWidgets import QApplication

        if QApplication.instance() is not None:
            _waiting.append(call)
            QTimer.singleShot(1, _turn)
            return
    call()


def _turn() -> None:
    _waiting.popleft()()
