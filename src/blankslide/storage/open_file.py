"""One open file: its descriptor, what it was when it was opened, and reading from it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from blankslide.errors import DamagedSlide, NotASlide, SlideChanged
from blankslide.storage.system import UNSUPPORTED, guard, pread, translate


class Identity(NamedTuple):
    """What tells that a file is still the same one, untouched."""

    dev: int
    inode: int
    size: int
    mtime_ns: int


class OpenFile:
    """A `ByteSource` over one descriptor.

    Attributes
    ----------
    fd
        Descriptor; closed by the slide that opened it.
    path
        Where it was opened. For the person only.
    opened_as
        Identity at opening.
    bytes_read
        How much was read so far.
    """

    __slots__ = ("bytes_read", "fd", "opened_as", "path", "size")

    def __init__(self, fd: int, path: str) -> None:
        """Take over an open descriptor.

        Raises
        ------
        NotASlide
            If it is not that of a regular file.
        """
        self.fd = fd
        self.path = path
        state = self._state()
        if not stat.S_ISREG(state.st_mode):
            raise NotASlide("this is not a regular file")
        self.opened_as = Identity(state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        self.size = state.st_size
        self.bytes_read = 0

    def _state(self) -> os.stat_result:
        try:
            return os.fstat(self.fd)
        except OSError as error:
            raise translate(error, "look at the slide") from None

    def current(self) -> Identity:
        """Identity now."""
        now = self._state()
        return Identity(now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``.

        Raises
        ------
        DamagedSlide
            If the range is not inside the file.
        SlideChanged
            If the file has become shorter since it was opened.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            raise DamagedSlide("the file ends before data that it announces")
        try:  # not `guard`: a context manager would double the cost of a small read
            data = pread(self.fd, length, offset)
            if len(data) != length:
                data = self._rest(data, offset, length)
        except OSError as error:
            raise translate(error, "read the slide") from None
        self.bytes_read += length
        return data

    def _rest(self, data: bytes, offset: int, length: int) -> bytes:
        """Finish a read that came back short (signals, very long reads)."""
        parts, have = [data], len(data)
        while have < length:
            more = pread(self.fd, length - have, offset + have)
            if not more:
                raise SlideChanged("the file became shorter while it was read")
            parts.append(more)
            have += len(more)
        return b"".join(parts)

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of ``[start, end)`` that are not holes; all of it where holes cannot be asked for."""
        seek_data: int | None = getattr(os, "SEEK_DATA", None)
        seek_hole: int | None = getattr(os, "SEEK_HOLE", None)
        if seek_data is None or seek_hole is None:
            if start < end:
                yield start, end
            return
        while start < end:
            low = self._seek(start, seek_data, end)
            if low >= end:
                return
            high = min(self._seek(low, seek_hole, end), end)
            yield low, high
            start = high

    def _seek(self, offset: int, whence: int, end: int) -> int:
        with guard("read the slide"):
            try:
                return os.lseek(self.fd, offset, whence)
            except OSError as error:
                if error.errno == errno.ENXIO:
                    return end
                if error.errno in UNSUPPORTED:
                    return offset if whence == getattr(os, "SEEK_DATA", None) else end
                raise

    def __repr__(self) -> str:
        return f"<OpenFile of {self.size} bytes>"
