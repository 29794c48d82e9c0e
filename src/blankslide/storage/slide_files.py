"""Open once, act on descriptors: the files of one slide.

A path is resolved and opened a single time; from then on everything is asked of the
descriptor. Members are found by single-component names in the folder that the slide stands in,
or in the folder of its stem from when on the first member was found there (MRXS): a folder that
merely has the slide's name hides nothing.
A name out of a slide is never trusted: no separators, no ``..``, no streams, no device
names, no links. Files keep the order in which they were opened; their index is
``Patch.file``, and ``main`` is 0.

Promise: reading changes nothing; `check_editable` refuses before anything is written.
Names that are not UTF-8 work. No message holds a name.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import (
    ContradictorySlide,
    DamagedSlide,
    InternalError,
    NoPermission,
    NoSpace,
    NotASlide,
    SlideChanged,
    SlideLinked,
    UsageError,
)
from blankslide.model.patterns import pattern
from blankslide.source import Window
from blankslide.storage.system import UNSUPPORTED, guard, open_nofollow, pread, translate

if TYPE_CHECKING:
    from blankslide.source import ByteSource

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_UNSAFE = pattern(r"[/\\:\0]|[. ]\Z|\A(?:con|nul|prn|aux|com\d|lpt\d)(?:\..*)?\Z|\A\.blankslide-", re.IGNORECASE)


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


class OpenSlide:
    """The files of one slide, opened; a `SlideFiles` and a context manager.

    Attributes
    ----------
    name
        File name as the person gave it.
    path, folder
        Resolved path of ``main`` and the folder it stands in, where the journal goes.
    named_in
        Folder in which it was named: another one, if that was a link.
    files
        All files opened so far; ``files[0]`` is ``main``.
    """

    def __init__(self, path: str, name: str, write: bool) -> None:
        self.name = name
        self.path = path
        self.folder = os.path.dirname(path)
        self.named_in = self.folder
        self.write = write
        self.files: list[OpenFile] = []
        self._members: dict[str, OpenFile] = {}
        self._views: list[Window] = []
        stem = os.path.splitext(path)[0]
        self._stem = stem
        self._lodged: str | None = None
        self.main: ByteSource = self._add(path)

    def _add(self, path: str) -> OpenFile:
        """Open a path as the next file of the set, or return the file that already is this one."""
        fd = open_nofollow(path, os.O_RDWR if self.write else os.O_RDONLY)
        try:
            file = OpenFile(fd, path)
        except BaseException:
            os.close(fd)
            raise
        for known in self.files:
            if known.opened_as[:2] == file.opened_as[:2]:
                os.close(fd)
                return known
        self.files.append(file)
        return file

    def views(self) -> Sequence[Window]:
        """The files through windows that keep what was read: only for looking, before anything is written."""
        self._views.extend(Window(file) for file in self.files[len(self._views) :])
        return self._views

    @cached_property
    def _namesake(self) -> str | None:
        """The folder beside the slide that has its stem, if there is one."""
        own = self._stem != self.path and os.path.isdir(self._stem) and not os.path.islink(self._stem)
        return self._stem if own else None

    @property
    def _home(self) -> str:
        """Folder of the slide's other files, as far as that is known."""
        return self._lodged or self.folder

    @property
    def bytes_read(self) -> int:
        """Bytes read from all files."""
        return sum(file.bytes_read for file in self.files)

    def names(self) -> list[str]:
        """Names of the regular files in the slide's folder, ``main`` and our own journals excluded."""
        with guard("list the slide's folder"), os.scandir(self._home) as entries:
            found = [e.name for e in entries if e.is_file(follow_symlinks=False) and not _UNSAFE.search(e.name)]
        own = os.path.basename(self.path) if self._home == self.folder else None
        return sorted(name for name in found if name != own)

    def open(self, name: str) -> OpenFile:
        """Open a member by its single-component name.

        Raises
        ------
        DamagedSlide
            If the name leaves the slide's folder, or no regular file has it.
        ContradictorySlide
            If nothing tells yet which of two folders is the slide's, and both have such a file.
        NoPermission
            If the file may not be opened.
        """
        known = self._members.get(name)
        if known is None:
            if not name or _UNSAFE.search(name):
                raise DamagedSlide("a file name inside the slide leads outside its folder")
            known = self._members[name] = self._open_member(name)
        return known

    def _open_member(self, name: str) -> OpenFile:
        if self._lodged is None and self._namesake is not None:
            inside, beside = (os.path.lexists(os.path.join(f, name)) for f in (self._namesake, self.folder))
            if inside and beside and name != os.path.basename(self.path):
                raise ContradictorySlide(
                    "a file of the slide stands twice: beside it, and in the folder of its name",
                    "move the one that does not belong to it",
                )
        for folder in dict.fromkeys((self._lodged or self._namesake or self.folder, self.folder)):
            try:
                file = self._add(os.path.join(folder, name))
                self._lodged = self._lodged or folder
                return file
            except (FileNotFoundError, NotADirectoryError):
                continue
            except NotASlide:
                raise DamagedSlide("a file that the slide refers to is not a regular file") from None
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
                    raise DamagedSlide("a file that the slide refers to is not a regular file") from None
                with guard("open a file of the slide"):
                    raise
        raise DamagedSlide("a file that the slide refers to is missing")

    def relative_names(self) -> list[str]:
        """Names of all open files below the main file's folder, ``/`` between folder and name."""
        return [f.path.removeprefix(self.folder).lstrip(os.sep).replace(os.sep, "/") for f in self.files]

    @property
    def data_folder(self) -> str | None:
        """The folder of the slide's own that its other files stand in, if there is one."""
        return None if self._home == self.folder else self._home

    def lodge(self, name: str) -> None:
        """Look for members in the folder ``name`` beside the main file: a renaming was cut short."""
        self._lodged = os.path.join(self.folder, name)

    def glance(self, name: str, length: int, above: bool = False) -> bytes:
        """Return up to ``length`` first bytes of a file beside the slide, or above, without making it a member."""
        if not name or _UNSAFE.search(name):
            return b""
        try:
            folder = os.path.dirname(self._home) if above else self._home
            fd = open_nofollow(os.path.join(folder, name), os.O_RDONLY)
        except OSError:
            return b""
        try:
            return pread(fd, length, 0) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
        except OSError:
            return b""
        finally:
            os.close(fd)

    def state(self, name: str) -> tuple[int, int, int, int, int] | None:
        """Return what changes with the content of a file beside the slide: device, inode, size, two times."""
        try:
            now = os.lstat(os.path.join(self._home, name))
        except (OSError, ValueError):
            return None
        return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns

    def by_inode(self, inode: int) -> OpenFile | None:
        """Return the member with this inode number, opened if needed; None if there is none."""
        for file in self.files:
            if file.opened_as.inode == inode:
                return file
        if self._lodged is None and self._namesake is not None:
            return self._found(self._namesake, inode) or self._found(self.folder, inode)
        return self._found(self._home, inode)

    def _found(self, folder: str, inode: int) -> OpenFile | None:
        with guard("look into the slide's folder"), os.scandir(folder) as entries:
            same = (e.name for e in entries if e.inode() == inode and e.is_file(follow_symlinks=False))
            name = next((n for n in same if not _UNSAFE.search(n)), None)
        if name is None:
            return None
        self._lodged = folder
        return self.open(name)

    def close(self) -> None:
        """Close all descriptors; a second call does nothing."""
        files, self.files = self.files, []
        for file in files:
            os.close(file.fd)

    def __enter__(self) -> OpenSlide:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<OpenSlide of {len(self.files)} files>"


def open_slide(path: AnyPath, write: bool = False) -> OpenSlide:
    """Open a slide once; symbolic links are resolved first.

    Parameters
    ----------
    path
        The slide's main file.
    write
        Open it, and members later on, for reading and writing.

    Raises
    ------
    UsageError
        If nothing stands there.
    NotASlide
        If it is a folder or no regular file.
    NoPermission
        If it may not be opened this way.
    """
    given = os.fsdecode(path)
    with guard("open the slide"):
        try:
            # resolving costs a look at each folder above; only a link as the last part leads elsewhere
            real, state = os.path.abspath(given), os.lstat(given)
            if stat.S_ISLNK(state.st_mode):
                real = os.path.realpath(given, strict=True)
                state = os.stat(real)
            if not stat.S_ISREG(state.st_mode):
                raise NotASlide("this is not a regular file")
            slide = OpenSlide(real, os.path.basename(os.path.normpath(given)), write)
            slide.named_in = os.path.dirname(os.path.abspath(given))
            return slide
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise UsageError("the slide does not exist") from None


def check_editable(opened: OpenSlide, journal_bytes: int = 0) -> None:
    """Refuse what must not be edited in place; writes nothing.

    Parameters
    ----------
    opened
        The slide with all files that a plan touches.
    journal_bytes
        Free room that the journal needs.

    Raises
    ------
    SlideChanged
        If a file is not the one that was opened any more.
    SlideLinked
        If a file has several names, or is mounted into the folder from elsewhere.
    NoPermission
        If a file or the folder is read-only.
    NoSpace
        If the journal does not fit.
    """
    for file in opened.files:
        _check_file(file)
    check_mount(opened)
    with guard("look at the slide's folder"):
        _require_writable(opened.folder, os.stat(opened.folder).st_mode, "the slide's folder is read-only")
        if journal_bytes > _free(opened.folder):
            raise NoSpace("the journal does not fit on the disk", "free some room beside the slide")


def check_mount(opened: OpenSlide) -> None:
    """Refuse a slide that only looks as if it stood in its folder.

    A journal beside it would be on another disk, or not be found where the file really is.

    Raises
    ------
    SlideLinked
        If a file is a mount of its own, or on another device than the folder.
    """
    from blankslide.storage.mounts import is_apart

    with guard("look at the slide's folder"):
        if is_apart([file.fd for file in opened.files], opened.folder):
            raise SlideLinked(
                "the file is mounted into this folder from elsewhere, where no journal would be found",
                "name it in the folder that it really stands in, or mount the whole folder",
            )


def _check_file(file: OpenFile) -> None:
    if file.current() != file.opened_as:
        raise SlideChanged("the slide changed after it was opened")
    with guard("look at the slide"):
        now = os.fstat(file.fd)
        try:
            named = os.stat(file.path)
        except FileNotFoundError:
            raise SlideChanged("the slide was moved after it was opened") from None
        if not os.path.samestat(now, named):
            raise SlideChanged("the slide was replaced after it was opened")
        if now.st_nlink > 1:
            raise SlideLinked(
                f"the file has {now.st_nlink} names (hard links), and all of them would change",
                "make it a file of its own, or edit a copy",
            )
        _require_writable(file.path, now.st_mode, "the slide is read-only")


def _require_writable(path: str, mode: int, sentence: str) -> None:
    """Refuse also where only the mode says so: root may write anywhere, but should not."""
    if not mode & 0o222 or not os.access(path, os.W_OK):
        raise NoPermission(sentence)


def _free(folder: str) -> int:
    native = getattr(os, "statvfs", None)
    if native is None:
        import shutil

        return shutil.disk_usage(folder).free
    answer = native(folder)
    return int(answer.f_bavail * answer.f_frsize)


def require_component(name: str) -> str:
    """Return ``name`` if it is one safe path component.

    Raises
    ------
    InternalError
        Otherwise; callers have asked the person for a valid name before.
    """
    if not name or _UNSAFE.search(name):
        raise InternalError("a new name is not a plain file name")
    return name
