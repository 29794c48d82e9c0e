"""Lets a mirror catch up in a thread of its own, so that no slide ever waits for a database.

A process has one keeper for each mirror. It is woken after each entry, and rests for a while, longer each time, if the
mirror could not be reached. At the end of a run whoever has time for it gives it a moment (`Keeper.settle`) and is
told what keeps it. What is left then, any later run does.
"""

from __future__ import annotations

import atexit
import os
from threading import Condition, Thread
from time import monotonic
from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError
from blankslide.records.mirrors.database import Mirror, MirrorDiffers

if TYPE_CHECKING:
    from blankslide.records.ledger import Ledger
    from blankslide.records.mirrors.url import Target

PATIENCE = 10.0
"""Seconds that the end of a run gives a mirror."""
_FIRST_REST, _LONGEST_REST = 2.0, 60.0
_keepers: dict[tuple[int, str, Target], Keeper] = {}


def keeper_of(ledger: Ledger, target: Target) -> Keeper:
    """Return this process's keeper of a mirror; it begins when it is first woken."""
    name = (os.getpid(), os.path.abspath(ledger.path), target)
    if name not in _keepers:
        _keepers[name] = Keeper(ledger, target)
    return _keepers[name]


class Keeper:
    """Keeps one mirror.

    Parameters
    ----------
    ledger
        The chain.
    target
        Where its mirror lies.
    """

    def __init__(self, ledger: Ledger, target: Target) -> None:
        self._mirror = Mirror(ledger, target)
        self._changed = Condition()
        self._asked = self._done = 0
        self._trouble = ""
        self._rest, self._not_before = 0.0, 0.0
        self._thread: Thread | None = None
        self._gave_up = False

    def wake(self) -> None:
        """Say that the chain has grown."""
        with self._changed:
            self._asked += 1
            self._gave_up = False
            if self._thread is None:
                self._thread = Thread(target=self._keep, name="ledger mirror", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # the process is about to end, or has no room for a thread: another run does it
                    self._thread, self._asked = None, self._done
                    return
                atexit.register(self.settle)
            self._changed.notify_all()

    def settle(self, patience: float = PATIENCE) -> str:
        """Wait until the mirror has caught up, but not long.

        Returns
        -------
        str
            What keeps it from that, in one sentence; empty if nothing does, or if nothing was to be done.
        """
        with self._changed:
            if self._gave_up or self._asked == self._done:
                return self._said()
            self._not_before = 0.0  # a last try, whenever the one before was
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._asked == self._done or self._tried_in_vain(), patience):
                self._gave_up = True
                self._trouble = self._trouble or "the database does not answer, or there is much to catch up with"
            self._gave_up = self._gave_up or bool(self._trouble)
            return self._said()

    def _tried_in_vain(self) -> bool:
        return bool(self._trouble) and self._not_before > 0

    def _said(self) -> str:
        if not self._trouble:
            return ""
        name = self._mirror.target.words
        hint = "" if "ledger check" in self._trouble else " \u00b7 run: blankslide ledger mirror"
        return f"the ledger's mirror in {name} is behind: {self._trouble} \u00b7 the ledger itself is complete{hint}"

    def _keep(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked > self._done)
                while (pause := self._not_before - monotonic()) > 0:
                    self._changed.wait(pause)
                goal = self._asked
            trouble = self._caught_up()
            with self._changed:
                self._trouble = trouble
                if trouble:
                    self._rest = min(max(2 * self._rest, _FIRST_REST), _LONGEST_REST)
                    self._not_before = monotonic() + self._rest
                else:
                    self._done, self._rest, self._not_before = goal, 0.0, 0.0
                self._changed.notify_all()

    def _caught_up(self) -> str:
        """Let the mirror catch up; return what kept it from that."""
        try:
            self._mirror.catch_up()
        except MirrorDiffers as error:
            return f"{error.message} \u00b7 {error.hint}"
        except BlankslideError as error:
            self._mirror.__exit__()
            return error.message
        except Exception as error:  # a driver is foreign code; its words are not repeated
            self._mirror.__exit__()
            return f"it cannot be used ({type(error).__name__})"
        return ""
