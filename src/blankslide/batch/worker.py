"""A process that does one slide after the other: it imports once, and a crash in it is one slide's crash.

    python -P -c "from blankslide.batch.worker import main; main()"

Orders and slides come in by standard input, events go out by standard output, each a pickle that this tool has made.
Whatever libraries print goes nowhere. When it is told to stop, or its other end is gone, the slide in hand is left as
it is if nothing of it was written, and is finished else.

Where slides are only looked at, as for a list with pictures, another module's `main` calls this one with what to do.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Queue
from threading import Event, Thread
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blankslide.batch.work import Result
    from blankslide.model import Stage

READY = "ready"
_PAUSE = 0.2


def main(do: Callable[..., Result] | None = None) -> None:
    """Do what comes in, until nothing more does.

    Parameters
    ----------
    do
        What is done with a slide; by default `work.carry_out`, whose parameters and result it has.
    """
    out = _own_streams()
    stop = Event()
    for name in ("SIGINT", "SIGHUP"):  # Ctrl-C and the end of the terminal reach the parent, too, and it tells us
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    inbox: Queue[Any] = Queue()
    Thread(target=_listen, args=(sys.stdin.buffer, inbox, stop), daemon=True).start()
    with suppress(OSError):  # nobody listens any more
        _serve(inbox, out, stop, do)
    os._exit(0)  # the listening thread may wait for ever


def _own_streams() -> IO[bytes]:
    """Keep the way out for ourselves: what is printed goes nowhere."""
    out = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    return out


def _listen(source: IO[bytes], inbox: Queue[Any], stop: Event) -> None:
    while True:
        try:
            message = pickle.load(source)  # noqa: S301 - from the process that has started us
        except (EOFError, OSError, pickle.UnpicklingError):
            stop.set()
            inbox.put(None)
            return
        if message == "stop":
            stop.set()
        else:
            inbox.put(message)


def _serve(inbox: Queue[Any], out: IO[bytes], stop: Event, do: Callable[..., Result] | None) -> None:
    from blankslide.batch.work import Result, carry_out, refused
    from blankslide.pipeline import problem_of

    do = do or carry_out
    _send(out, READY)
    orders = inbox.get()
    if orders is None:
        return
    while (message := inbox.get()) is not None:
        verb, task = message
        try:
            options = orders.options()
        except Exception as error:
            _send(out, Result(refused(problem_of(error))))
            continue
        _send(out, do(task, verb, orders, options, _Told(out), stop.is_set))


def _send(out: IO[bytes], message: object) -> None:
    pickle.dump(message, out)
    out.flush()


class _Told:
    """Sends stages on, not more often than anybody can read."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._last: Stage | None = None
        self._next = 0.0

    def __call__(self, stage: Stage, part: float) -> None:
        now = time.monotonic()
        if stage is not self._last or now >= self._next:
            self._last, self._next = stage, now + _PAUSE
            with suppress(OSError):  # nobody listens any more; the slide in hand is what counts
                _send(self._out, (stage, part))
