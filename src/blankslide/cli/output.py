"""Printing that cannot fail in the middle: what happens to a line says nothing of a slide.

A full disk, a closed stream or a reader that has left is noticed here and nowhere else: the stream
swallows what follows, remembers the first problem, and the run asks for it between slides. So an
error of the output is never taken for one of the slide, and the exit code comes from what was done.

Standard streams that are closed are opened on the null device before any file is: a slide must not get
the number of a stream that libraries print to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

FAILED = 4


class Guarded:
    """A text stream that never raises; all else is the stream's own.

    Attributes
    ----------
    problem
        Why something could not be written, or empty.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.problem = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or remember why not."""
        if not self.problem:
            try:
                if self._stream is None:
                    raise ValueError
                self._stream.write(text)
            except (OSError, ValueError) as error:
                self._lost(error)
        return len(text)

    def flush(self) -> None:
        """Flush, or remember why not."""
        if not self.problem and self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._lost(error)

    def isatty(self) -> bool:
        """Whether a person is looking."""
        try:
            return self._stream is not None and not self.problem and self._stream.isatty()
        except ValueError:  # closed
            return False

    def _lost(self, error: Exception) -> None:
        unfit = isinstance(error, UnicodeError)
        self.problem = getattr(error, "strerror", None) or ("a character has no code" if unfit else "it is closed")
        if self._stream is None or unfit:
            return
        with suppress(OSError, ValueError):  # what is still in the buffer has to go somewhere when the process ends
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


def problem() -> str:
    """Flush both streams; say what is wrong with one of them, or nothing."""
    for stream, name in ((sys.stdout, "output"), (sys.stderr, "error output")):
        if isinstance(stream, Guarded):
            stream.flush()
            if stream.problem:
                return f"the {name} could not be written: {stream.problem}"
    return ""


@contextmanager
def guarded() -> Iterator[None]:
    """Guard both standard streams for the length of a ``with`` block; the exit code is at least 4 if one failed."""
    _fill_gaps()
    if sys.stdin is None:  # it was closed, and whoever reads from it finds its end
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - for as long as the process lives
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Guarded(before[0]), Guarded(before[1])
    try:
        yield
    except SystemExit as ended:
        lost = problem()
        if lost and ended.code in (0, None):
            ended.code = FAILED
        _tell(lost)
        raise
    finally:
        sys.stdout, sys.stderr = before


def _tell(lost: str) -> None:
    if lost:
        print(lost, file=sys.stderr)
        sys.stderr.flush()


def _fill_gaps() -> None:
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
