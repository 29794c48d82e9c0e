"""The disk as a copy needs it: growing a file, copying inside the kernel, a rename that never replaces.

Each has a second way where the operating system or the file system lacks the first. As with
every `Volume`, a method returns when the whole request is done, or raises an error of the
tree whose message holds no path; a test can stand in for the disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Protocol

from blankslide.errors import EnvironmentProblem
from blankslide.storage.system import UNSUPPORTED, guard, open_nofollow
from blankslide.storage.volume import DiskVolume, Volume

_NOT_HERE = UNSUPPORTED | {errno.EXDEV, errno.EPERM, errno.EBADF}
_HERE, _NO_REPLACE = -100, 1


class CopyVolume(Volume, Protocol):
    """What a copy asks of the disk beyond a `Volume`."""

    def create_copy(self, folder: str, name: str) -> int:
        """Create a file that must not exist, with the permissions any new file of this user gets."""

    def extend(self, fd: int, length: int) -> None:
        """Make an empty file ``length`` bytes long without writing any."""

    def take_range(self, source: int, target: int, start: int, end: int, by: int = 0) -> int:
        """Let the kernel copy or clone a range between descriptors, ``by`` bytes on; return the offset it came to."""

    def publish(self, folder: str, old: str, new: str) -> None:
        """Rename, but never onto a name that exists."""

    def move(self, folder: str, old: str, target: str, new: str) -> None:
        """Rename a file or folder into another folder of the same disk, but never onto a name that exists."""

    def make_folder(self, folder: str, name: str) -> bool:
        """Make a folder; False if the name is taken."""

    def remove_folder(self, folder: str, name: str) -> None:
        """Remove an empty folder."""


class DiskCopyVolume(DiskVolume):
    """The real disk."""

    def create_copy(self, folder: str, name: str) -> int:
        """Create a new file with mode 0644, less what the umask takes."""
        with guard("create the copy"):
            return open_nofollow(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)

    def extend(self, fd: int, length: int) -> None:
        """Grow the file; what is not written later stays a hole."""
        with guard("write the copy"):
            os.ftruncate(fd, length)

    def take_range(self, source: int, target: int, start: int, end: int, by: int = 0) -> int:
        """Use ``copy_file_range`` as far as it goes, which is nowhere on systems that lack it."""
        native: Callable[..., int] | None = getattr(os, "copy_file_range", None)
        with guard("write the copy"):
            while native is not None and start < end:
                try:
                    done = native(source, target, end - start, start, start + by)
                except OSError as error:
                    if error.errno not in _NOT_HERE:
                        raise
                    return start
                if not done:
                    break
                start += done
        return start

    def publish(self, folder: str, old: str, new: str) -> None:
        """Rename in one step where the kernel can refuse an existing name; look first elsewhere."""
        self.move(folder, old, folder, new)

    def move(self, folder: str, old: str, target: str, new: str) -> None:
        """As `publish`, between folders."""
        source, to = os.path.join(folder, old), os.path.join(target, new)
        with guard("give the copy its name"):
            if rename_to_free_name(source, to):
                return
            if os.path.lexists(to):
                raise taken()
            self.rename(folder, old, os.path.relpath(to, folder))

    def make_folder(self, folder: str, name: str) -> bool:
        """Make a folder with mode 0755, less what the umask takes."""
        with guard("make a folder for the copy"):
            try:
                os.mkdir(os.path.join(folder, name), 0o755)
            except FileExistsError:
                return False
        return True

    def remove_folder(self, folder: str, name: str) -> None:
        """Remove an empty folder."""
        with guard("remove a folder of an unfinished copy"):
            os.rmdir(os.path.join(folder, name))


def taken() -> EnvironmentProblem:
    """Return the refusal to overwrite anything in the target folder."""
    return EnvironmentProblem("the target folder already has a file of this name", "choose another --out or --name")


def rename_to_free_name(source: str, target: str) -> bool:
    """Rename without replacing; False where the system has no such call."""
    import ctypes

    try:
        library = ctypes.CDLL(None, use_errno=True)
        native = library.renameat2
    except (OSError, TypeError, AttributeError):
        return False
    if native(_HERE, os.fsencode(source), _HERE, os.fsencode(target), _NO_REPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number == errno.EEXIST:
        raise taken()
    if number in UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number))
