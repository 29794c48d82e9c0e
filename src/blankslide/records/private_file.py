"""A file that only its owner can read, and that several processes add to: opened, locked, synced.

What the system refuses becomes our own error, which says what kind of file it is about and never where it lies.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem, NoPermission, NoSpace
from blankslide.records.shared_file import lock

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what the system refuses into a sentence about ``what``."""
    try:
        yield
    except OSError as problem:
        raise _trouble(problem, what) from None


def _trouble(problem: OSError, what: str) -> EnvironmentProblem:
    if isinstance(problem, PermissionError) or problem.errno == errno.EROFS:
        return NoPermission(f"{what} cannot be read or written", "check its permissions or name another one")
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"the disk of {what} is full")
    if isinstance(problem, FileNotFoundError):
        return EnvironmentProblem(f"{what} does not exist, or its folder does not")
    return EnvironmentProblem(f"{what} cannot be used ({errno.errorcode.get(problem.errno or 0, 'unknown error')})")


@contextmanager
def reading(path: Path, what: str) -> Iterator[int]:
    """Open it for reading.

    Raises
    ------
    NoPermission
        If that is refused, or if others can read it.
    EnvironmentProblem
        If it is missing or no file.
    """
    with told(what):
        handle = os.open(path, os.O_RDONLY | _flags())
        try:
            _require_private(handle, what)
            yield handle
        finally:
            os.close(handle)


@contextmanager
def writing(path: Path, what: str) -> Iterator[int]:
    """Open it for reading and adding, and hold its lock; it must be there."""
    with told(what):
        handle = os.open(path, os.O_RDWR | os.O_APPEND | _flags())
        try:
            _require_private(handle, what)
            lock(handle, what)
            yield handle
        finally:
            os.close(handle)  # releases the lock


def _flags() -> int:
    return getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def _require_private(handle: int, what: str) -> None:
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        raise EnvironmentProblem(f"{what} is not a regular file", "name another one")
    if os.name == "posix" and state.st_mode & _OTHERS:
        raise NoPermission(f"others can read {what}", "make it readable by its owner only (chmod 600)")


def read_at(handle: int, start: int, length: int) -> bytes:
    """Return that many bytes, or as many as there are."""
    os.lseek(handle, start, os.SEEK_SET)
    parts = []
    while length and (part := os.read(handle, length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
