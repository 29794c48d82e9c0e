"""A copy of a slide of several files: all of it appears, or none.

    begin ──> write ──> (caller: verify, ledger) ──> publish, or discard
    dot-folder  file by file, as `copy.Copy` does     members first,
    in DIR      it: never a removed byte              the main file last

The set is built under a dot-folder in the target folder, under its final names, so that readers
can judge it there. Publishing moves its entries out, one by one, and the main file last: until
then no reader finds a slide. A list in the dot-folder, durable before the first move, says what
was to be moved. So the next run takes back what a dead one had moved (`sweep`), knowing its own
files by inode and time; a file that somebody else put under such a name is left alone.

The list is locked as long as its run lives. A set whose folder is one entry appears in one step.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import EnvironmentProblem
from blankslide.storage.copies.file import Copy, Progress, busy, lock_copy, taken_back
from blankslide.storage.copies.volume import CopyVolume, DiskCopyVolume
from blankslide.storage.journal import PREFIX
from blankslide.storage.slide_files import require_component

if TYPE_CHECKING:
    from blankslide.model import Patch
    from blankslide.storage.slide_files import SlideFilesOnDisk

LIST = f"{PREFIX}set"


class _Entry(NamedTuple):
    """What one move is about; ``time`` is 0 for a folder, whose time changes when it is moved."""

    name: str
    inode: int
    time: int


class SetCopy:
    """A set under construction; made by `begin`, ended by `publish` or `discard`.

    Attributes
    ----------
    folder, temp
        The target folder, and the name of the dot-folder in it.
    names
        What the files will be called, the main one first; ``/`` between folder and name.
    written
        Bytes that were written or cloned.
    leftover
        Whether `publish` could not remove the dot-folder; the next run does.
    """

    def __init__(self, folder: str, temp: str, names: Sequence[str], fd: int, volume: CopyVolume) -> None:
        self.folder = folder
        self.temp = temp
        self.names = list(names)
        self.written = 0
        self.leftover = False
        self._home = os.path.join(folder, temp)
        self._fd = fd
        self._volume = volume

    @classmethod
    def begin(
        cls, source: SlideFilesOnDisk, folder: str, names: Sequence[str], volume: CopyVolume | None = None
    ) -> SetCopy:
        """Make the dot-folder and lock it.

        Parameters
        ----------
        source
            The slide.
        folder
            The target folder; it exists.
        names
            What the files are to be called, in the order of ``source.files``.

        Raises
        ------
        SlideLocked
            If another run is making this copy.
        NoPermission, EnvironmentProblem
            If the folder refuses.
        """
        volume = volume or DiskCopyVolume()
        for name in names:
            for part in name.split("/"):
                require_component(part, shown=False)
        sweep(source, folder, volume)
        temp = temp_folder(source)
        if not volume.make_folder(folder, temp):
            raise busy()
        home = os.path.join(folder, temp)
        try:
            fd = volume.create_copy(home, LIST)
        except EnvironmentProblem:
            with suppress(EnvironmentProblem):
                volume.remove_folder(folder, temp)  # whoever says that nothing was changed leaves no folder
            raise
        # Before the lock, another run may have taken the new list for a dead one's and removed it.
        if not lock_copy(fd) or os.fstat(fd).st_ino != volume.inode(home, LIST):
            volume.close(fd)
            raise busy()
        return cls(folder, temp, names, fd, volume)

    @property
    def path(self) -> str:
        """Full path of the main file in the dot-folder."""
        return os.path.join(self._home, *self.names[0].split("/"))

    def write(self, source: SlideFilesOnDisk, patches: Sequence[Patch], progress: Progress | None = None) -> None:
        """Write every file, with the patches in place of what does not stay; sync.

        Raises
        ------
        NoSpace, EnvironmentProblem
            If the disk refused. Nothing removed was written.
        """
        total = sum(file.size for file in source.files)
        for number, (file, name) in enumerate(zip(source.files, self.names, strict=True)):
            inner, _, plain = name.rpartition("/")
            if inner and not self._volume.exists(self._home, inner):
                self._volume.make_folder(self._home, inner)
            home = os.path.join(self._home, inner)
            copy = Copy(home, plain, self._volume.create_copy(home, plain), self._volume)
            try:
                copy.write(file, [p for p in patches if p.file == number], _onward(progress, self.written, total))
            finally:
                self._volume.close(copy.fd)
            self.written += copy.written

    def publish(self) -> None:
        """Let the set appear under its names, durably.

        Raises
        ------
        EnvironmentProblem
            If a name was taken meanwhile; what had appeared is gone again.
        """
        entries = [self._entry(name) for name in top_names(self.names)]
        self._list(entries)
        for inner in {"", *(name.rpartition("/")[0] for name in self.names)}:
            self._volume.sync_dir(os.path.join(self._home, inner))
        self._volume.sync_dir(self.folder)  # whoever sees anything that was moved finds the list
        for entry in entries:
            if entry is entries[-1] and len(entries) > 1:
                self._volume.sync_dir(self.folder)  # whoever sees the main file sees all the others
            self._volume.move(self._home, entry.name, self.folder, entry.name)
        last = entries[-1].name
        with taken_back(lambda: self._volume.move(self.folder, last, self._home, last)):
            self._volume.sync_dir(self.folder)
        try:
            _remove_home(self.folder, self.temp, self._fd, self._volume)
        except EnvironmentProblem:
            self.leftover = True

    def _entry(self, name: str) -> _Entry:
        state = os.lstat(os.path.join(self._home, name))
        return _Entry(name, state.st_ino, 0 if os.path.isdir(os.path.join(self._home, name)) else state.st_mtime_ns)

    def _list(self, entries: Sequence[_Entry]) -> None:
        """Say durably what is going to be moved."""
        text = json.dumps({"names": self.names, "moves": entries}).encode("utf-8", "surrogateescape")
        self._volume.write_at(self._fd, text, 0)
        self._volume.sync(self._fd)

    def discard(self) -> None:
        """Remove the unfinished copy, and what of it has appeared."""
        _remove_set(self.folder, self.temp, self._fd, self._volume)


def _onward(progress: Progress | None, done: int, total: int) -> Progress | None:
    """Count what one file has as a part of the whole set."""
    if progress is None:
        return None
    return lambda now, _: progress(min(done + now, total), total)


def top_names(names: Sequence[str]) -> list[str]:
    """Return the entries that a set makes in its folder, the one with the main file last."""
    tops = list(dict.fromkeys(name.partition("/")[0] for name in names))
    return [*tops[1:], tops[0]]


def temp_folder(source: SlideFilesOnDisk) -> str:
    """Name of the dot-folder: it says nothing about the patient."""
    return f"{PREFIX}{source.files[0].opened_as.inode}.copies"


# -- what a dead run left ----------------------------------------------------------------


def sweep(source: SlideFilesOnDisk, folder: str, volume: CopyVolume | None = None) -> None:
    """Remove what a dead run has left of this slide's copy in ``folder``; a finished one stays.

    Raises
    ------
    SlideLocked
        If the run is alive.
    """
    volume = volume or DiskCopyVolume()
    temp = temp_folder(source)
    if not volume.exists(folder, temp):
        return
    home = os.path.join(folder, temp)
    if not volume.exists(home, LIST):
        # It died before it had made anything, or after it had removed all; or the power failed, and of the names that
        # were not durable yet the list's was lost. Nothing is moved before that is durable.
        _empty(home, volume)
        volume.remove_folder(folder, temp)
        return
    fd = volume.open_edit(home, LIST)
    if not lock_copy(fd) or os.fstat(fd).st_ino != volume.inode(home, LIST):
        volume.close(fd)
        raise busy()
    _remove_set(folder, temp, fd, volume)


def left_behind(source: SlideFilesOnDisk, folder: str, volume: CopyVolume | None = None) -> set[str]:
    """Return names in ``folder`` that `sweep` would take back; nothing is changed.

    Whoever plans a copy before it sweeps must not mistake its own earlier moves for somebody's files.
    """
    volume = volume or DiskCopyVolume()
    home = os.path.join(folder, temp_folder(source))
    if not volume.exists(home, LIST):
        return set()
    names, moved = _listed(home, volume)
    if not moved or _is_ours(moved[-1], folder):
        return set()
    return {e.name for e in moved if _is_ours(e, folder) and _holds_nothing_else(e, names, folder)}


def _remove_set(folder: str, temp: str, fd: int, volume: CopyVolume) -> None:
    """Take back what has appeared of a set without its main file, then remove everything."""
    home = os.path.join(folder, temp)
    names, moved = _listed(home, volume)
    if not (moved and _is_ours(moved[-1], folder)):
        for entry in moved:
            if _is_ours(entry, folder) and _holds_nothing_else(entry, names, folder):
                volume.move(folder, entry.name, home, entry.name)
        volume.sync_dir(folder)
    _remove_home(folder, temp, fd, volume)


def _listed(home: str, volume: CopyVolume) -> tuple[list[str], list[_Entry]]:
    """Read the list; one that was not finished says that nothing was moved."""
    try:
        text = json.loads(volume.load(home, LIST).decode("utf-8", "surrogateescape"))
        entries = [_Entry(require_component(str(n), shown=False), int(i), int(t)) for n, i, t in text["moves"]]
        return [str(name) for name in text["names"]], entries
    except (ValueError, TypeError, KeyError):
        return [], []


def _is_ours(entry: _Entry, folder: str) -> bool:
    """Whether the entry has been moved here and is still what was moved: inodes are used again."""
    try:
        state = os.lstat(os.path.join(folder, entry.name))
    except OSError:
        return False
    return state.st_ino == entry.inode and entry.time in (0, state.st_mtime_ns)


def _holds_nothing_else(entry: _Entry, names: Sequence[str], folder: str) -> bool:
    path = os.path.join(folder, entry.name)
    if not os.path.isdir(path):
        return True
    return {f"{entry.name}/{inner}" for inner in os.listdir(path)} <= set(names)


def _remove_home(folder: str, temp: str, fd: int, volume: CopyVolume) -> None:
    """Remove the dot-folder with what is in it, the locked list last."""
    home = os.path.join(folder, temp)
    _empty(home, volume)
    try:
        if os.name == "posix":
            volume.unlink(home, LIST)
    finally:
        volume.close(fd)
    if os.name != "posix":
        volume.unlink(home, LIST)
    volume.remove_folder(folder, temp)


def _empty(home: str, volume: CopyVolume) -> None:
    """Remove all that is in the dot-folder but the list."""
    for name in volume.names(home):
        path = os.path.join(home, name)
        if name == LIST:
            continue
        if os.path.isdir(path) and not os.path.islink(path):
            for inner in volume.names(path):
                volume.unlink(path, inner)
            volume.remove_folder(home, name)
        else:
            volume.unlink(home, name)
