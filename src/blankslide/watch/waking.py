"""Sleeping until the next sweep, or until something happens: events of the file system only shorten the wait.

They are a convenience: nothing arrives from clients of a network share, and none is waited for. Without watchfiles
(``pip install blankslide[watch]``), or where the system has no more of them, sweeps alone do.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SLICE = 0.1


class Waker:
    """A clock that can be rung.

    Parameters
    ----------
    folder
        Whose events ring it.
    """

    def __init__(self, folder: Path) -> None:
        self._rung, self._over = Event(), Event()
        self._folder = folder
        self._happened = False
        self._thread: Thread | None = None

    def listen(self) -> None:
        """Let events of the folder ring, if this system and its libraries can; harmless to repeat."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = Thread(target=self._listen, daemon=True)
            self._thread.start()

    def _listen(self) -> None:
        try:
            from watchfiles import watch
        except ImportError:
            self._over.wait()  # so that nobody tries again
            return
        try:
            for _ in watch(self._folder, stop_event=self._over, watch_filter=None, debounce=400, step=100):
                self.ring()
        except (
            BaseException
        ):  # its library may panic: no more events on this system, or the share is away: sweeps do without
            self._over.wait(_AGAIN)

    def ring(self) -> None:
        """End the wait, because something happened in the folder."""
        self._happened = True
        self._rung.set()

    def nudge(self) -> None:
        """End the wait, because a slide has ended."""
        self._rung.set()

    def sleep(self, seconds: float, asked: Callable[[], bool]) -> bool:
        """Wait, at most so long, for a ring or a person who asks to stop: a signal alone wakes no thread.

        Returns
        -------
        bool
            Whether something has happened in the folder.
        """
        end = time.monotonic() + seconds
        while not asked() and (left := end - time.monotonic()) > 0:
            if self._rung.wait(min(_SLICE, left)):
                self._rung.clear()
                break
        happened, self._happened = self._happened, False
        return happened

    def close(self) -> None:
        """Listen no more."""
        self._over.set()


_AGAIN = 60.0
