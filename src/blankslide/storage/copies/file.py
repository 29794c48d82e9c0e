"""A copy that is clean from its first byte: what will be removed is never written.

    begin ──> write ──> (caller: verify, ledger) ──> publish, or discard
    dot-name  only bytes that stay, and patches,     the real name, if it
    in DIR    sync                                   is still free

Only ranges that no patch covers are taken from the source; patched ranges get their new
bytes straight away. So whatever instant a kill or a full disk strikes at, the target folder
holds no removed byte, neither under the dot-name nor in freed blocks. That also rules out
cloning the whole file and overwriting it; but the ranges between the patches are handed to
the kernel in whole blocks, and a file system that clones will clone those.

Holes of the source, and zeros that patches ask for, stay holes. The copy takes over bytes
only: no times, owners, permissions or extended attributes. The source is opened for reading
and never changed. A copy that a dead run left behind is replaced by the next run.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem, NoPermission, NoSpace, SlideLocked
from blankslide.spans import merge, subtract
from blankslide.storage.blocks import BLOCK
from blankslide.storage.copies.shifts import Shift
from blankslide.storage.copies.volume import CopyVolume, DiskCopyVolume, taken
from blankslide.storage.journal import PREFIX
from blankslide.storage.slide_files import require_component
from blankslide.storage.system import UNSUPPORTED, guard
from blankslide.storage.volume import CHUNK

if TYPE_CHECKING:
    from blankslide.model import Patch
    from blankslide.source import ByteSource
    from blankslide.storage.open_file import OpenFile

STEP = 1 << 26
Range = tuple[int, int]
Progress = Callable[[int, int], None]

_CLONING = frozenset({"btrfs", "xfs", "zfs", "bcachefs", "ocfs2"})


class Copy:
    """One file under construction; made by `begin`, ended by `publish` or `discard`.

    Attributes
    ----------
    folder, temp
        Where it stands, and under which name.
    fd
        Its descriptor, which also holds the lock.
    written
        Bytes that were written or cloned.
    """

    def __init__(self, folder: str, temp: str, fd: int, volume: CopyVolume) -> None:
        self.folder = folder
        self.temp = temp
        self.fd = fd
        self.written = 0
        self._volume = volume

    @classmethod
    def begin(cls, source: OpenFile, folder: str, suffix: str = "", volume: CopyVolume | None = None) -> Copy:
        """Create the copy under its dot-name.

        Parameters
        ----------
        source
            The file to copy.
        folder
            The target folder; it exists.
        suffix
            End of the dot-name, for readers that go by it; says nothing about the patient.

        Raises
        ------
        SlideLocked
            If another run is making this copy.
        NoPermission, EnvironmentProblem
            If the folder refuses.
        """
        volume = volume or DiskCopyVolume()
        temp = temp_name(source, suffix)
        if volume.exists(folder, temp):
            _remove_dead(folder, temp, volume)
        fd = volume.create_copy(folder, temp)
        # Before the lock, another run may have taken the new file for a dead one's and replaced it.
        if not lock_copy(fd) or os.fstat(fd).st_ino != volume.inode(folder, temp):
            volume.close(fd)
            raise busy()
        return cls(folder, temp, fd, volume)

    @property
    def path(self) -> str:
        """Full path under the dot-name."""
        return os.path.join(self.folder, self.temp)

    def write(self, source: OpenFile, patches: Sequence[Patch], progress: Progress | None = None) -> None:
        """Write everything that stays, and the patches in place of what does not; sync.

        Parameters
        ----------
        patches
            Of this file only, disjoint; what follows a longer or shorter one moves.
        progress
            Called with bytes done and bytes in all; what it raises ends the copying.

        Raises
        ------
        NoSpace, EnvironmentProblem
            If the disk refused. Nothing removed was written.
        """
        shift = Shift(patches)
        self._volume.extend(self.fd, source.size + shift.total)
        parts = pieces(source, merge((p.offset, p.offset + p.length) for p in patches))
        total = sum(end - start for start, end in parts)
        for start, end in parts:
            for low in range(start, end, STEP):
                self._take(source, low, min(low + STEP, end), shift(start) - start)
                if progress is not None:
                    progress(self.written, total)
        for patch in patches:
            self._lay(patch, shift(patch.offset))
        self._volume.sync(self.fd)

    def _take(self, source: OpenFile, start: int, end: int, by: int) -> None:
        """Take a range over, to where patches of another length have moved it."""
        self.written += end - start
        if by:
            start = self._volume.take_range(source.fd, self.fd, start, end, by)
        else:
            start = self._volume.take_range(source.fd, self.fd, start, end)
        for low in range(start, end, CHUNK):
            self._volume.write_at(self.fd, source.read(low, min(CHUNK, end - low)), low + by)

    def _lay(self, patch: Patch, at: int) -> None:
        if patch.data is not None:
            self._volume.write_at(self.fd, patch.data, at)
            self.written += len(patch.data)
        elif patch.byte:
            self._volume.fill_at(self.fd, at, patch.length, patch.byte)
            self.written += patch.length
        # else nothing was written there: it reads as zeros already

    def publish(self, name: str) -> None:
        """Give the copy its name, durably.

        Raises
        ------
        EnvironmentProblem
            If the name was taken meanwhile, or is not durable; then it is given up again.
        """
        self._volume.publish(self.folder, self.temp, require_component(name, shown=False))
        with taken_back(lambda: self._volume.rename(self.folder, name, self.temp)):
            self._volume.sync_dir(self.folder)
        self._volume.close(self.fd)

    def discard(self) -> None:
        """Remove the unfinished copy. It never held a removed byte, so there is nothing to wipe."""
        _remove(self.folder, self.temp, self.fd, self._volume)


def temp_name(source: OpenFile, suffix: str) -> str:
    """Return the dot-name of a copy: it says nothing about the patient."""
    return f"{PREFIX}{source.opened_as.inode}.copy{suffix}"


@contextmanager
def taken_back(undo: Callable[[], object]) -> Iterator[None]:
    """Undo the last step of publishing if it cannot be made durable; say so if not even that is possible."""
    try:
        yield
    except EnvironmentProblem as error:
        try:
            undo()
        except EnvironmentProblem:
            error.changed = "copied"
        raise


def pieces(source: OpenFile, patched: Sequence[Range]) -> list[Range]:
    """Return the ranges to take from the source: neither holes nor patched.

    They are cut at whole blocks, because no file system clones the odd bytes at an edge.
    """
    data = list(source.data_ranges(0, source.size))
    return [part for span in subtract(data, patched) for part in _at_blocks(*span, source.size)]


def _at_blocks(start: int, end: int, size: int) -> Iterator[Range]:
    low, high = -(-start // BLOCK) * BLOCK, end if end == size else end // BLOCK * BLOCK
    edges = (start, low, high, end) if low < high else (start, end)
    yield from ((a, b) for a, b in pairwise(edges) if a < b)


def digest(parts: Iterable[tuple[ByteSource, Iterable[Range]]], stop: Callable[[], object] | None = None) -> str:
    """Return the BLAKE2b-256 of bytes in ranges of files, in order, as 64 hexadecimal digits.

    Parameters
    ----------
    parts
        Files, each with its ranges.
    stop
        Called now and then; what it raises ends the reading.
    """
    from hashlib import blake2b

    sum_ = blake2b(digest_size=32)
    for source, spans in parts:
        for start, end in spans:
            for low in range(start, end, CHUNK):
                sum_.update(source.read(low, min(CHUNK, end - low)))
                if stop is not None:
                    stop()
    return sum_.hexdigest()


# -- before anything is written ----------------------------------------------------------


def check_target(folder: str, name: str, source: OpenFile, volume: CopyVolume | None = None) -> None:
    """Refuse what cannot become a copy of one file: see `check_targets`."""
    check_targets(folder, (name,), (source,), volume)


def check_targets(
    folder: str, names: Iterable[str], sources: Sequence[OpenFile], volume: CopyVolume | None = None
) -> None:
    """Refuse what cannot become a copy; writes nothing.

    Parameters
    ----------
    folder
        The target folder; it need not exist yet.
    names
        Entries that the copy makes in it.
    sources
        The files to copy.

    Raises
    ------
    EnvironmentProblem
        If the name is taken, or the folder is a file.
    NoPermission
        If the folder, or the one that it would be made in, is read-only.
    NoSpace
        If the copy does not fit.
    """
    volume = volume or DiskCopyVolume()
    there = folder
    while not os.path.lexists(there) and os.path.dirname(there) != there:
        there = os.path.dirname(there)
    with guard("look at the target folder"):
        state = os.stat(there)
    if not stat.S_ISDIR(state.st_mode):
        raise EnvironmentProblem("the target folder is a file", "choose another --out")
    if there == folder and any(volume.exists(folder, name) for name in names):
        raise taken()
    if not state.st_mode & 0o222 or not os.access(there, os.W_OK):
        raise NoPermission("the target folder is read-only")
    _check_room(there, state.st_dev, sources)


def _check_room(folder: str, device: int, sources: Sequence[OpenFile]) -> None:
    """Refuse early what cannot fit; a file system that clones needs hardly any room."""
    from shutil import disk_usage

    from blankslide.storage.medium import filesystem

    need = sum(end - start for source in sources for start, end in source.data_ranges(0, source.size))
    with guard("look at the target folder"):
        free = disk_usage(folder).free
    if need > free and not (device == sources[0].opened_as.dev and filesystem(folder) in _CLONING):
        raise NoSpace("the copy does not fit on the target's disk")


# -- two runs at once, and what a dead one left ------------------------------------------


def busy() -> SlideLocked:
    """Return the refusal to disturb a living run."""
    return SlideLocked("another run is copying this slide to the same folder", "wait until it has finished")


def lock_copy(fd: int) -> bool:
    """Lock the copy for as long as it is open; True also where locks are unknown."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:
        return True
    try:
        flock(fd, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return error.errno in UNSUPPORTED or error.errno == errno.ENOLCK
    return True


def _remove_dead(folder: str, temp: str, volume: CopyVolume) -> None:
    """Remove the copy of a run that is dead: the lock of a living one, or Windows, refuses."""
    fd = volume.open_edit(folder, temp)
    # Whoever was faster has removed this file and made a new one under the same name.
    if not lock_copy(fd) or os.fstat(fd).st_ino != volume.inode(folder, temp):
        volume.close(fd)
        raise busy()
    _remove(folder, temp, fd, volume)


def _remove(folder: str, temp: str, fd: int, volume: CopyVolume) -> None:
    """Remove an open file while its lock is held; Windows wants it closed first."""
    if os.name != "posix":
        volume.close(fd)
        volume.unlink(folder, temp)
        return
    try:
        volume.unlink(folder, temp)
    finally:
        volume.close(fd)
