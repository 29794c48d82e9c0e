"""Every change to the disk, in one small protocol, and the real disk behind it.

A `Volume` knows descriptors, folders and single-component names, nothing else. Whoever
changes a slide, a journal or a folder does it through one, so a test can stand in for the
disk, count its calls and break each of them (`blankslide.testing.faults`, `…testing.simulated`).

Promise: a method returns when the whole request is done, or raises an error of the tree
whose message holds no path. A failed sync is reported once and never tried again here.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from blankslide.errors import EnvironmentProblem
from blankslide.storage.system import UNSUPPORTED, full_flush, guard, open_nofollow, sync_folder, translate, write_all

CHUNK = 1 << 18


class Volume(Protocol):
    """What a transaction may ask of the disk. ``folder`` is a path, ``name`` one component.

    All methods raise an `EnvironmentProblem` when the disk refuses.
    """

    def exists(self, folder: str, name: str) -> bool:
        """Whether the name stands in the folder, as whatever it may be."""

    def inode(self, folder: str, name: str) -> int | None:
        """Inode number of a name (a link itself, not its target), or None."""

    def is_folder(self, folder: str, name: str) -> bool:
        """Whether the name is that of a folder; links are followed."""

    def names(self, folder: str) -> list[str]:
        """All names in the folder."""

    def load(self, folder: str, name: str) -> bytes:
        """Read a whole regular file; links are not followed."""

    def length(self, fd: int) -> int:
        """Length in bytes of an open file."""

    def create(self, folder: str, name: str) -> int:
        """Create a file that must not exist yet, readable by its owner only."""

    def open_edit(self, folder: str, name: str) -> int:
        """Open an existing file for writing; links are not followed, and a file with other names is refused."""

    def close(self, fd: int) -> None:
        """Give the descriptor back."""

    def preallocate(self, fd: int, length: int) -> None:
        """Reserve ``length`` bytes for an empty file, so that a full disk strikes now."""

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of ``data``."""

    def fill_at(self, fd: int, offset: int, length: int, byte: int) -> None:
        """Write ``length`` times ``byte``."""

    def sync(self, fd: int) -> None:
        """Return when the file's bytes are on stable storage."""

    def rename(self, folder: str, old: str, new: str) -> None:
        """Rename atomically inside the folder."""

    def unlink(self, folder: str, name: str) -> None:
        """Remove a name."""

    def sync_dir(self, folder: str) -> None:
        """Return when the folder's names are on stable storage."""


@lru_cache(maxsize=4)
def _filler(byte: int) -> bytes:
    """Bytes to fill with, kept: making them anew for each label costs as much as writing them."""
    return bytes((byte,)) * CHUNK


class DiskVolume:
    """The real disk.

    Parameters
    ----------
    sync
        False leaves out all syncs: for benchmarks only, it breaks every promise.
    """

    rename_tries = 1 if os.name == "posix" else 6

    def __init__(self, sync: bool = True) -> None:
        self._syncs = sync

    # -- looking -------------------------------------------------------------------------

    def exists(self, folder: str, name: str) -> bool:
        """Whether the name stands in the folder."""
        return self.inode(folder, name) is not None

    def inode(self, folder: str, name: str) -> int | None:
        """Inode number of a name, or None."""
        with guard("look into the slide's folder"):
            try:
                return os.lstat(os.path.join(folder, name)).st_ino
            except FileNotFoundError:
                return None

    def is_folder(self, folder: str, name: str) -> bool:
        """Whether the name is that of a folder."""
        return os.path.isdir(os.path.join(folder, name))

    def names(self, folder: str) -> list[str]:
        """All names in the folder."""
        with guard("list the slide's folder"):
            return os.listdir(folder)

    def load(self, folder: str, name: str) -> bytes:
        """Read a whole regular file."""
        path = os.path.join(folder, name)
        with guard("read the journal"), open(open_nofollow(path, os.O_RDONLY), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            return file.read()

    def length(self, fd: int) -> int:
        """Length of an open file."""
        with guard("look at the journal"):
            return os.fstat(fd).st_size

    # -- changing ------------------------------------------------------------------------

    def create(self, folder: str, name: str) -> int:
        """Create a new file with mode 0600."""
        with guard("create a file in the slide's folder"):
            return open_nofollow(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_EXCL)

    def open_edit(self, folder: str, name: str) -> int:
        """Open an existing file for writing: a regular one, which has this name alone."""
        with guard("open a file in the slide's folder"):
            fd = open_nofollow(os.path.join(folder, name), os.O_RDWR)
            state = os.fstat(fd)
        if stat.S_ISREG(state.st_mode) and state.st_nlink < 2:
            return fd
        os.close(fd)
        raise EnvironmentProblem(
            "a file of ours beside the slide has another name too, or is no file, and was left alone",
            "look where it leads, and remove .blankslide-… there if it is not needed",
        )

    def close(self, fd: int) -> None:
        """Close the descriptor."""
        with guard("close a file"):
            os.close(fd)

    def preallocate(self, fd: int, length: int) -> None:
        """Reserve room; file systems that cannot are written full of zeros instead."""
        native: Callable[[int, int, int], None] | None = getattr(os, "posix_fallocate", None)
        with guard("reserve room for the journal"):
            if native is not None:
                try:
                    return native(fd, 0, length)
                except OSError as error:
                    if error.errno not in UNSUPPORTED:
                        raise
            self._fill(fd, 0, length, 0)

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of ``data``."""
        try:
            write_all(fd, data, offset)
        except OSError as error:
            raise translate(error, "write") from None

    def fill_at(self, fd: int, offset: int, length: int, byte: int) -> None:
        """Write ``length`` times ``byte``, at most 256 KiB at once."""
        try:
            self._fill(fd, offset, length, byte)
        except OSError as error:
            raise translate(error, "write") from None

    @staticmethod
    def _fill(fd: int, offset: int, length: int, byte: int) -> None:
        chunk = _filler(byte)
        end = offset + length
        while offset < end:
            part = memoryview(chunk)[: end - offset]
            write_all(fd, part, offset)
            offset += len(part)

    def sync(self, fd: int) -> None:
        """Sync the file, through the drive's cache where that is a separate call."""
        if self._syncs:
            with guard("make the bytes durable"):
                if not full_flush(fd):
                    os.fsync(fd)

    def rename(self, folder: str, old: str, new: str) -> None:
        """Rename; where an open reader can block it, wait and try a few times."""
        source, target = os.path.join(folder, old), os.path.join(folder, new)
        with guard("rename a file in the slide's folder"):
            for attempt in range(1, self.rename_tries):
                try:
                    return os.replace(source, target)
                except PermissionError:
                    time.sleep(0.02 * 2**attempt)
            os.replace(source, target)

    def unlink(self, folder: str, name: str) -> None:
        """Remove a name."""
        with guard("remove a file from the slide's folder"):
            os.unlink(os.path.join(folder, name))

    def sync_dir(self, folder: str) -> None:
        """Sync the folder."""
        if self._syncs:
            with guard("make the folder durable"):
                sync_folder(folder)
