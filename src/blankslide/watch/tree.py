"""What stands in the watched folder, by an own sweep: names, sizes and times, and since when they have stayed.

The sweep is the only truth. It lists every folder and opens nothing, so it costs what the number of files costs. A
share that goes away is no empty folder: it is told apart by its errors, and by another volume in its place; what was
known stays as it was. One thread uses a `Tree`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from blankslide.watch.passed_over import OURS, kind_of
from blankslide.watch.settings import POLICY_FILE

if TYPE_CHECKING:
    from blankslide.watch.settings import Settings

_AWAY = frozenset(
    getattr(errno, name, -1)
    for name in (
        *("EBUSY", "EIO", "ESTALE", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"),
        *("ENODEV", "ENXIO", "ECONNRESET", "ECONNABORTED", "EREMOTEIO", "ENOLINK", "ESHUTDOWN"),
    )
)
_LONGEST = 20.0
LINKS = "links and devices"
State = Literal["open", "taken", "done", "failed", "other"]


class ShareAway(Exception):
    """The watched folder cannot be read at the moment; says why, without a name."""


def is_away(error: OSError) -> bool:
    """Whether an error tells that the share is away, and nothing of the file."""
    return error.errno in _AWAY


class Stamp(NamedTuple):
    """What changes with a file."""

    inode: int
    size: int
    mtime_ns: int


@dataclass(slots=True)
class File:
    """One file.

    Attributes
    ----------
    since
        When it was last seen to change, on the clock of the sweeps.
    state
        ``open``: to be looked at; ``taken``: in hand; ``done``; ``failed``, and left where it is; ``other``: no slide.
    claim
        Files of the slide that it belongs to, as far as that was found out; empty if it is none.
    alone
        Whether its format has one file a slide; None as long as its format cannot be told.
    seen
        Version of its folders that ``claim`` was found out in.
    retry
        Not to be looked at before.
    tries, why, why_since
        How often it was tried in vain, why it waits, and since when (time of day).
    is_stuck
        Whether it waits for its surroundings, and not for its own end.
    """

    stamp: Stamp
    since: float
    state: State = "open"
    claim: tuple[str, ...] | None = None
    alone: bool | None = None
    seen: int = -1
    retry: float = 0.0
    tries: int = 0
    why: str = ""
    why_since: float = 0.0
    is_stuck: bool = False

    def reset(self, stamp: Stamp, now: float) -> None:
        """Begin anew: the file has changed."""
        self.stamp, self.since, self.state, self.claim, self.seen, self.alone = stamp, now, "open", None, -1, None
        self.retry, self.tries, self.why, self.is_stuck = 0.0, 0, "", False


@dataclass(slots=True)
class Folder:
    """One folder.

    Attributes
    ----------
    home
        Folders between the watched one and this one, itself included.
    open
        Names of files that are not settled.
    since
        When a file last came, changed or went.
    version
        Grows with each of these.
    pause
        Longest pause that a copier has made in a file of this folder, in seconds.
    """

    path: str
    home: tuple[str, ...]
    since: float
    files: dict[str, File] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    version: int = 0
    pause: float = 0.0

    def touch(self, now: float) -> None:
        """Take note that something has happened here."""
        self.since, self.version = now, self.version + 1

    def forget(self, name: str) -> None:
        """Forget a file that was taken away by us, which is no news."""
        self.files.pop(name, None)
        self.open.discard(name)


class Tree:
    """The watched folder as it was at the last sweep.

    Parameters
    ----------
    is_done
        Asked once for each file that comes: whether it was done before as it is now.

    Attributes
    ----------
    folders
        By path.
    passed_over
        How many files and folders of each kind were not looked at.
    unreadable
        Folders that cannot be listed.
    """

    def __init__(self, settings: Settings, is_done: Callable[[str, Stamp], bool] = lambda path, stamp: False) -> None:
        self._is_done = is_done
        self._root = str(settings.source)
        self._left_out = {str(folder) for folder in settings.left_out}
        self._quiet, self._sweep = settings.quiet, settings.sweep
        self._device: int | None = None
        self.folders: dict[str, Folder] = {}
        self.passed_over: Counter[str] = Counter()
        self.unreadable: set[str] = set()

    # -- sweeping --------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """List everything, and take note of what has changed.

        Raises
        ------
        ShareAway
            If the folder cannot be read; what was not come to is as it was.
        """
        self._require_root()
        passed: Counter[str] = Counter()
        unreadable: set[str] = set()
        seen: set[str] = set()
        waiting: list[tuple[str, tuple[str, ...]]] = [(self._root, ())]
        while waiting:
            path, home = waiting.pop()
            listed = self._list(path, passed)
            if listed is None:
                unreadable.add(path)
                continue
            found, inner = listed
            seen.add(path)
            self._update(path, home, found, now)
            waiting += [(os.path.join(path, name), (*home, name)) for name in inner]
        for path in [p for p in self.folders if p not in seen and not _below(p, unreadable)]:
            del self.folders[path]
        self.passed_over, self.unreadable = passed, unreadable

    def _require_root(self) -> None:
        try:
            state = os.stat(self._root)
        except OSError as error:
            raise ShareAway(os.strerror(error.errno or 0)) from None
        if not stat.S_ISDIR(state.st_mode):
            raise ShareAway("a file stands in its place")
        if self._device is None:
            self._device = state.st_dev
        if state.st_dev != self._device:
            raise ShareAway("another volume stands in its place")

    def _list(self, path: str, passed: Counter[str]) -> tuple[dict[str, Stamp], list[str]] | None:
        """Return the files of a folder and the folders in it; None if it may not be listed."""
        found: dict[str, Stamp] = {}
        inner: list[str] = []
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    self._sort_in(entry, found, inner, passed)
        except FileNotFoundError:
            if path == self._root:
                raise ShareAway("it is not there") from None
        except NotADirectoryError:
            return {}, []
        except OSError as error:
            if is_away(error):
                raise ShareAway(os.strerror(error.errno or 0)) from None
            return None
        return found, inner

    def _sort_in(
        self, entry: os.DirEntry[str], found: dict[str, Stamp], inner: list[str], passed: Counter[str]
    ) -> None:
        name = entry.name
        if OURS.match(name) or name == POLICY_FILE:
            return
        kind = kind_of(name)
        if kind:
            passed[kind] += 1
        elif entry.is_dir(follow_symlinks=False):
            if entry.path not in self._left_out:
                inner.append(name)
        elif entry.is_file(follow_symlinks=False):
            try:
                state = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                return
            found[name] = Stamp(state.st_ino, state.st_size, state.st_mtime_ns)
        else:
            passed[LINKS] += 1

    def _update(self, path: str, home: tuple[str, ...], found: dict[str, Stamp], now: float) -> None:
        folder = self.folders.get(path)
        if folder is None:
            folder = self.folders[path] = Folder(path, home, now)
        for name, stamp in found.items():
            file = folder.files.get(name)
            if file is None and self._is_done(os.path.join(path, name), stamp):
                folder.files[name] = File(stamp, now, "done")
            elif file is None:
                folder.files[name] = File(stamp, now)
                folder.open.add(name)
                folder.touch(now)
            elif file.stamp != stamp and file.state != "taken":
                self._changed(folder, name, stamp, now)
        if len(found) != len(folder.files):
            for name in [n for n, f in folder.files.items() if n not in found and f.state != "taken"]:
                folder.forget(name)
                folder.touch(now)

    def look_again(self, path: str, now: float) -> None:
        """Look at one file that is in nobody's hand any more: while it was, sweeps have passed it by.

        A share that is away tells nothing; the next sweep will.
        """
        found = self.find(path)
        try:
            state = os.stat(path, follow_symlinks=False)
        except FileNotFoundError:
            if found is not None:
                found[0].forget(os.path.basename(path))
                found[0].touch(now)
            return
        except OSError:
            return
        stamp = Stamp(state.st_ino, state.st_size, state.st_mtime_ns)
        if found is not None and found[1].stamp != stamp:
            self._changed(found[0], os.path.basename(path), stamp, now)

    def _changed(self, folder: Folder, name: str, stamp: Stamp, now: float) -> None:
        file = folder.files[name]
        self._learn_pause(folder, file, stamp, now)
        file.reset(stamp, now)
        folder.open.add(name)
        folder.touch(now)

    def _learn_pause(self, folder: Folder, file: File, stamp: Stamp, now: float) -> None:
        """Take note of how long a copier has paused: the times of the file tell it better than the sweeps."""
        if file.state != "open" or stamp.inode != file.stamp.inode:
            return
        by_times = (stamp.mtime_ns - file.stamp.mtime_ns) / 1e9
        pause = min(max(by_times, 0.0), now - file.since + self._sweep)
        folder.pause = max(folder.pause, min(pause, _LONGEST * self._quiet))

    # -- asking ----------------------------------------------------------------------------

    def find(self, path: str) -> tuple[Folder, File] | None:
        """Return a file by its whole path."""
        folder = self.folders.get(os.path.dirname(path))
        file = None if folder is None else folder.files.get(os.path.basename(path))
        return None if folder is None or file is None else (folder, file)

    def quiet_time(self, folder: Folder) -> float:
        """Return how long nothing may have happened to a file of a folder before it counts as settled."""
        return max(self._quiet, 3 * folder.pause)

    def is_quiet(self, folder: Folder, file: File, now: float) -> bool:
        """Whether a file has settled."""
        return now - file.since >= self.quiet_time(folder)

    def is_quiet_folder(self, path: str, now: float) -> bool:
        """Whether nothing has come, changed or gone in a folder for long enough; true for one that is not known."""
        folder = self.folders.get(path)
        return folder is None or now - folder.since >= self.quiet_time(folder)

    def done_files(self) -> Iterator[tuple[str, Stamp]]:
        """Yield path and stamp of all files that are done."""
        for folder in self.folders.values():
            for name, file in folder.files.items():
                if file.state == "done":
                    yield os.path.join(folder.path, name), file.stamp

    def open_files(self) -> Iterator[tuple[Folder, str, File]]:
        """Yield all files that are still to be looked at."""
        for folder in self.folders.values():
            for name in folder.open:
                yield folder, name, folder.files[name]


def _below(path: str, folders: set[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)
