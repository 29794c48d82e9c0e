"""Whether the slide under review still stands on the disk as it was looked at; asked once a second, beside the window.

Another window, the command line or anybody can change a file at any time, and a dock that goes on saying *clean* of a
slide that was put back is worse than none. The disk is asked in a thread: a network folder that is away would hold
the window. A file that somebody is writing to is read anew when it has come to rest.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from blankslide.looks import Standing
    from blankslide.session import Session

EVERY_MS = 1000
CHANGED = "The file changed on the disk since it was read, so it was read anew."


class DiskWatch(QObject):
    """Asks of one session at a time.

    Parameters
    ----------
    asked
        Returns the session that the disk is to be asked about; None while that makes no sense.

    Attributes
    ----------
    differs
        Signal: (session, at rest) its files are others now, and whether they were the same at the question before.
    """

    differs = Signal(object, bool)
    _came = Signal(object, object)

    def __init__(self, asked: Callable[[], Session | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = asked
        self._thread: Thread | None = None
        self._last: Standing | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.ask)
        self._came.connect(self._compare)
        self._timer.start()

    def ask(self) -> None:
        """Ask now, unless an answer is still to come."""
        session = self._asked()
        if session is None or session.seen is None or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = Thread(target=self._look, args=(session,), name="blankslide disk", daemon=True)
        self._thread.start()

    def _look(self, session: Session) -> None:
        now = session.standing
        with suppress(RuntimeError):  # the window has gone meanwhile
            self._came.emit(session, now)

    def _compare(self, session: Session, now: Standing) -> None:
        if session is not self._asked():
            return
        if now != session.seen:
            self.differs.emit(session, now == self._last)
        self._last = now
