"""Disks that fail: for proving that no crash and no error leaves a slide half edited.

`FaultyVolume` stands before any volume, simulated (`simulated`) or real, and makes its n-th call fail
with an error, once or for good, or ends the run there (`Crash`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.testing.simulated import SimVolume, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from blankslide.storage.volume import Volume

__all__ = ["Crash", "FaultyVolume"]


class Crash(BaseException):
    """The power fails here. Not an `Exception`, so that nothing catches it by accident."""


class FaultyVolume:
    """A volume whose n-th call goes wrong.

    Parameters
    ----------
    inner
        The volume behind it, simulated or real.
    at
        Which call, counted from 0; None: only count.
    code
        Error number to fail with; None: `Crash`.
    sticky
        Whether all later calls fail too.
    looking
        Whether calls that only look count and fail as well.

    Attributes
    ----------
    calls
        Names of the counted calls so far.
    """

    def __init__(
        self,
        inner: Volume,
        at: int | None = None,
        code: int | None = None,
        sticky: bool = False,
        looking: bool = False,
    ) -> None:
        self.inner = inner
        self.calls: list[str] = []
        self._at, self._code, self._sticky, self._looking = at, code, sticky, looking

    def _strikes(self) -> bool:
        """Count a call; say whether it is to fail."""
        if self._at is None:
            return False
        now = len(self.calls) - 1
        return now == self._at or (self._sticky and now > self._at)

    def _call(self, name: str, damage: Callable[[], object] = lambda: None) -> None:
        self.calls.append(name)
        if self._strikes():
            if self._code is None:
                raise Crash
            damage()
            fail(self._code)

    def _look(self, name: str) -> None:
        if self._looking:
            self._call(name)

    def exists(self, folder: str, name: str) -> bool:
        """See `Volume`."""
        self._look("exists")
        return self.inner.exists(folder, name)

    def inode(self, folder: str, name: str) -> int | None:
        """See `Volume`."""
        self._look("inode")
        return self.inner.inode(folder, name)

    def is_folder(self, folder: str, name: str) -> bool:
        """See `Volume`."""
        self._look("is_folder")
        return self.inner.is_folder(folder, name)

    def names(self, folder: str) -> list[str]:
        """See `Volume`."""
        self._look("names")
        return self.inner.names(folder)

    def load(self, folder: str, name: str) -> bytes:
        """See `Volume`."""
        self._look("load")
        return self.inner.load(folder, name)

    def length(self, fd: int) -> int:
        """See `Volume`."""
        self._look("length")
        return self.inner.length(fd)

    def close(self, fd: int) -> None:
        """See `Volume`; never fails."""
        self.inner.close(fd)

    def create(self, folder: str, name: str) -> int:
        """See `Volume`."""
        self._call("create")
        return self.inner.create(folder, name)

    def open_edit(self, folder: str, name: str) -> int:
        """See `Volume`."""
        self._call("open_edit")
        return self.inner.open_edit(folder, name)

    def preallocate(self, fd: int, length: int) -> None:
        """See `Volume`; a full disk leaves half of it."""
        self._call("preallocate", lambda: self.inner.preallocate(fd, length // 2))
        self.inner.preallocate(fd, length)

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """See `Volume`; a failing write is a short one."""
        self._call("write_at", lambda: self.inner.write_at(fd, data[: len(data) // 2], offset))
        self.inner.write_at(fd, data, offset)

    def fill_at(self, fd: int, offset: int, length: int, byte: int) -> None:
        """See `Volume`; a failing write is a short one."""
        self._call("fill_at", lambda: self.inner.fill_at(fd, offset, length // 2, byte))
        self.inner.fill_at(fd, offset, length, byte)

    def sync(self, fd: int) -> None:
        """See `Volume`; a failing sync drops the pages."""
        self._call("sync", lambda: self._forget(fd))
        self.inner.sync(fd)

    def _forget(self, fd: int) -> None:
        if isinstance(self.inner, SimVolume):
            self.inner.file(fd).forget()

    def rename(self, folder: str, old: str, new: str) -> None:
        """See `Volume`."""
        self._call("rename")
        self.inner.rename(folder, old, new)

    def unlink(self, folder: str, name: str) -> None:
        """See `Volume`."""
        self._call("unlink")
        self.inner.unlink(folder, name)

    def sync_dir(self, folder: str) -> None:
        """See `Volume`."""
        self._call("sync_dir")
        self.inner.sync_dir(folder)
