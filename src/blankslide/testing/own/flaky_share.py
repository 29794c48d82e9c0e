"""A share that can go away: a FUSE pass-through whose every call fails as long as a file says by which error.

    python -m blankslide.testing.own.flaky_share FOLDER MOUNTPOINT TROUBLE

``TROUBLE`` is a file that holds the name of an error, such as ``ESTALE``, while the share is away. Real shares cannot
be mounted where tests run; this one gives the same errors, and no events. It runs in the foreground, in a process of
its own, and ends when it is unmounted.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

try:
    from fuse import FUSE, FuseOSError, Operations
except (ImportError, OSError):  # without the library, `why_not` says so
    FUSE, FuseOSError, Operations = None, OSError, object

_STATS = ("st_atime", "st_ctime", "st_gid", "st_mode", "st_mtime", "st_nlink", "st_size", "st_uid", "st_ino")


def why_not() -> str:
    """Say why there can be no such share here; empty if there can."""
    if FUSE is None:
        return "fusepy or libfuse is not installed"
    if not os.access("/dev/fuse", os.W_OK):
        return "there is no /dev/fuse that we may use"
    return ""


class Share(Operations):  # type: ignore[misc]
    """The pass-through.

    Parameters
    ----------
    folder
        What is shown.
    trouble
        File that says which error every call gives.
    """

    def __init__(self, folder: str, trouble: str) -> None:
        self._folder = folder
        self._trouble = trouble

    def __call__(self, op: str, *args: Any) -> Any:
        """Do a call, or fail."""
        with suppress(FileNotFoundError), open(self._trouble) as file:
            name = file.read().strip()
            if name and op not in ("init", "destroy", "release"):
                raise FuseOSError(getattr(errno, name))
        if not hasattr(self, op):
            raise FuseOSError(errno.EFAULT)
        try:
            return getattr(self, op)(*args)
        except FuseOSError:
            raise
        except OSError as error:
            raise FuseOSError(error.errno) from None

    def _at(self, path: str) -> str:
        return os.path.join(self._folder, path.lstrip("/"))

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """Stat a file."""
        state = os.lstat(self._at(path))
        return {name: getattr(state, name) for name in _STATS}

    def readdir(self, path: str, fh: int) -> list[str]:
        """List a folder."""
        return [".", "..", *os.listdir(self._at(path))]

    def access(self, path: str, mode: int) -> None:
        """Allow everything."""

    def open(self, path: str, flags: int) -> int:
        """Open a file."""
        return os.open(self._at(path), flags)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        """Make a file."""
        return os.open(self._at(path), os.O_RDWR | os.O_CREAT, mode)

    def read(self, path: str, length: int, offset: int, fh: int) -> bytes:
        """Read."""
        return os.pread(fh, length, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        """Write."""
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        """Truncate."""
        os.truncate(self._at(path), length)

    def release(self, path: str, fh: int) -> None:
        """Close."""
        os.close(fh)

    def fsync(self, path: str, fdatasync: int, fh: int) -> None:
        """Sync."""
        os.fsync(fh)

    def mkdir(self, path: str, mode: int) -> None:
        """Make a folder."""
        os.mkdir(self._at(path), mode)

    def rmdir(self, path: str) -> None:
        """Remove a folder."""
        os.rmdir(self._at(path))

    def unlink(self, path: str) -> None:
        """Remove a file."""
        os.unlink(self._at(path))

    def rename(self, old: str, new: str) -> None:
        """Rename."""
        os.rename(self._at(old), self._at(new))

    def chmod(self, path: str, mode: int) -> None:
        """Change the mode."""
        os.chmod(self._at(path), mode)

    def utimens(self, path: str, times: tuple[float, float] | None = None) -> None:
        """Change the times."""
        os.utime(self._at(path), times)

    def statfs(self, path: str) -> dict[str, int]:
        """Say how much room there is."""
        state = os.statvfs(self._at(path))
        return {name: getattr(state, name) for name in ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_frsize")}


class Mounted:
    """A share that is mounted; `away` lets it go away."""

    def __init__(self, trouble: Path) -> None:
        self._trouble = trouble

    def away(self, error: str) -> None:
        """Let every call fail by an error."""
        self._trouble.write_text(error)

    def back(self) -> None:
        """Let it come back."""
        self._trouble.unlink(missing_ok=True)


@contextmanager
def mounted(folder: Path, at: Path, trouble: Path) -> Iterator[Mounted]:
    """Mount a folder for the length of a ``with`` block.

    Raises
    ------
    AssertionError
        If it does not come up.
    """
    at.mkdir(parents=True, exist_ok=True)
    device = os.stat(at).st_dev
    command = [sys.executable, "-m", "blankslide.testing.own.flaky_share", str(folder), str(at), str(trouble)]
    process = subprocess.Popen(command)  # noqa: S603 - our own module
    share = Mounted(trouble)
    try:
        end = time.monotonic() + 20
        while os.stat(at).st_dev == device:
            assert process.poll() is None, "the share did not come up"
            assert time.monotonic() < end, "the share did not come up in time"
            time.sleep(0.05)
        yield share
    finally:
        share.back()
        subprocess.run(["fusermount", "-u", "-z", str(at)], check=False)  # noqa: S603, S607 - the system's own tool
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    FUSE(
        Share(sys.argv[1], sys.argv[3]),
        sys.argv[2],
        foreground=True,
        nothreads=True,
        attr_timeout=0,
        entry_timeout=0,
        negative_timeout=0,
        use_ino=True,
    )
