"""What operating systems call differently, and what their errors mean to a person.

Where a system lacks something there is a second way, chosen at the call (`getattr`), so
that a test can hide the first one: no ``pread`` or ``pwrite`` -> seek under a lock; no
``O_NOFOLLOW`` -> compare name and descriptor; no folder sync -> none, the file system has
to do. macOS gets its full flush.

Promise: `guard` lets no system error out, and no message holds a path. The other functions
raise plain `OSError` for it to translate.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from blankslide.errors import EnvironmentProblem, NoPermission, NoSpace

UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOTTY, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_PERMISSION = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_BASE_FLAGS: int = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_seek_lock = threading.Lock()


# -- errors ------------------------------------------------------------------------------


def translate(error: OSError, doing: str) -> EnvironmentProblem:
    """Turn a system error into one of the tree, and take the path out of both."""
    error.filename = error.filename2 = None
    if error.errno in _NO_SPACE:
        return NoSpace(f"cannot {doing}: the disk is full")
    reason = os.strerror(error.errno) if error.errno else "unknown reason"
    if error.errno in _NO_PERMISSION:
        return NoPermission(f"cannot {doing}: {reason}")
    return EnvironmentProblem(f"cannot {doing}: {reason}")


@contextmanager
def guard(doing: str) -> Iterator[None]:
    """Translate system errors of the block; ``doing`` completes "cannot ..."."""
    try:
        yield
    except OSError as error:
        raise translate(error, doing) from None


# -- what the operating system may lack --------------------------------------------------


def pread(fd: int, length: int, offset: int) -> bytes:
    """Read up to ``length`` bytes at ``offset``."""
    native: Callable[[int, int, int], bytes] | None = getattr(os, "pread", None)
    if native is not None:
        return native(fd, length, offset)
    with _seek_lock:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, length)


def _pwrite(fd: int, data: memoryview, offset: int) -> int:
    native: Callable[[int, memoryview, int], int] | None = getattr(os, "pwrite", None)
    if native is not None:
        return native(fd, data, offset)
    with _seek_lock:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)


def write_all(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write until nothing is left, however short the single writes are."""
    view = memoryview(data)
    while view:
        done = _pwrite(fd, view, offset)
        if done <= 0:
            raise OSError(errno.EIO, "nothing was written")
        view = view[done:]
        offset += done


def open_nofollow(path: str, flags: int, mode: int = 0o600) -> int:
    """Open a path whose last component must not be a symbolic link.

    Raises
    ------
    OSError
        ``ELOOP`` for a link, else what the system says.
    """
    native: int | None = getattr(os, "O_NOFOLLOW", None)
    if native is not None:
        return os.open(path, flags | native | _BASE_FLAGS, mode)
    fd = os.open(path, flags | _BASE_FLAGS, mode)
    try:
        named, opened = os.lstat(path), os.fstat(fd)
        if stat.S_ISLNK(named.st_mode) or not os.path.samestat(named, opened):
            raise OSError(errno.ELOOP, "a symbolic link")
    except BaseException:
        os.close(fd)
        raise
    return fd


def full_flush(fd: int) -> bool:
    """Flush through the drive's cache where the system has a call for it (macOS)."""
    try:
        import fcntl
    except ImportError:
        return False
    command: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    if command is None:
        return False
    try:
        fcntl.fcntl(fd, command)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        return False
    return True


def sync_folder(folder: str) -> None:
    """Sync a folder; only "this file system cannot" is forgiven."""
    flag: int | None = getattr(os, "O_DIRECTORY", None)
    if flag is None:
        return
    fd = os.open(folder, os.O_RDONLY | flag | _BASE_FLAGS)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
    finally:
        os.close(fd)
