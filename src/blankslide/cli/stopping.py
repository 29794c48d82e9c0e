"""Ctrl-C, SIGTERM and a terminal that is closed: a run may be stopped at any time, and no slide is torn by it.

While nothing is written a signal ends the run at once, as `KeyboardInterrupt`. While slides are
written (`held`) it only sets a flag: the pipeline asks for it at its safe points in front of the commit
point, the run asks between slides, and behind the commit point nobody asks, so the slide in hand is
finished. A second signal sets the same flag.

A signal that was ignored before (``nohup``, a job in the background) stays ignored.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STOPPED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Stop:
    """What a person has asked for.

    Attributes
    ----------
    asked
        Whether to stop.
    begun
        Whether slides were written, or may have been.
    """

    def __init__(self) -> None:
        self.asked = False
        self.begun = False
        self._held = 0

    def is_asked(self) -> bool:
        """Whether to stop; for `pipeline.Options`."""
        return self.asked

    @contextmanager
    def held(self, writes: bool = True) -> Iterator[None]:
        """Let signals wait, for the length of a ``with`` block, if slides are written in it."""
        if not writes:
            yield
            return
        self._held += 1
        self.begun = True
        try:
            yield
        finally:
            self._held -= 1

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take over the signals for the length of a ``with`` block; does nothing in another thread than the main one.

        After a signal they are ignored at the end, because then the process is ending, and a person who
        presses the keys again must not tear the last lines.
        """
        self.asked, self.begun = False, False
        before: dict[int, Any] = {}
        try:
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    before[number] = signal.signal(number, self._heard)
        except ValueError:  # not the main thread
            pass
        try:
            yield
        finally:
            for known, handler in before.items():
                signal.signal(known, signal.SIG_IGN if self.asked else handler)

    def _heard(self, number: int, frame: object) -> None:
        first, self.asked = not self.asked, True
        if not self._held and first:
            raise KeyboardInterrupt


stop = Stop()
"""Of this process."""
