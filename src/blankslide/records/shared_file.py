"""A file to which several processes add: one at a time, and durably."""

from __future__ import annotations

import errno
import os
import sys
import time

from blankslide.errors import EnvironmentProblem

PATIENCE = 10.0
"""Seconds to wait for another writer."""


def append(handle: int, data: bytes) -> None:
    """Add bytes at the end, durably."""
    while data:
        data = data[os.write(handle, data) :]
    sync(handle)


def sync(handle: int) -> None:
    """Sync to the medium; on macOS an ordinary sync stops at the drive's cache."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def lock(handle: int, what: str) -> None:
    """Wait for the lock, at most `PATIENCE` seconds; closing the file gives it back.

    Raises
    ------
    EnvironmentProblem
        If another writer holds it all the time; the sentence names ``what``.
    """
    end = time.monotonic() + PATIENCE
    while not _try_lock(handle):
        if time.monotonic() > end:
            raise EnvironmentProblem(f"another program is writing to {what}")
        time.sleep(0.005)


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 1 << 40, os.SEEK_SET)  # far behind the data: such locks are mandatory
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        if problem.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            return False
        raise
    return True
