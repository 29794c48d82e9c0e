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
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from blankslide.errors import ContradictorySlide, DamagedSlide, InternalError, NotASlide, UsageError
from blankslide.model.patterns import pattern
from blankslide.source import Window
from blankslide.storage.open_file import OpenFile
from blankslide.storage.system import guard, open_nofollow, pread, translate

if TYPE_CHECKING:
    from blankslide.source import ByteSource

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_TROUBLE = frozenset({errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, getattr(errno, "ESTALE", errno.EIO)})
_UNSAFE = pattern(r"[/\\:\0]|[. ]\Z|\A(?:con|nul|prn|aux|com\d|lpt\d)(?:\..*)?\Z|\A\.blankslide-", re.IGNORECASE)
_OURS = ".blankslide-"


class SlideFilesOnDisk:
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
            if name.lower().startswith(_OURS):  # beside a copy under way, nothing of ours is a member
                raise _missing()
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
        raise _missing()

    def relative_names(self) -> list[str]:
        """Names of all open files below the main file's folder, ``/`` between folder and name."""
        return [f.path.removeprefix(self.folder).lstrip(os.sep).replace(os.sep, "/") for f in self.files]

    @property
    def data_folder(self) -> str | None:
        """The folder of the slide's own that its other files stand in, if there is one."""
        return None if self._home == self.folder else self._home

    def use_member_folder(self, name: str) -> None:
        """Look for members in the folder ``name`` beside the main file: a renaming was cut short."""
        self._lodged = os.path.join(self.folder, name)

    def glance(self, name: str, length: int, above: bool = False) -> bytes:
        """Return up to ``length`` first bytes of a file beside the slide, or above, without making it a member.

        Nothing is returned of what is not there, is no regular file, or may not be read.

        Raises
        ------
        EnvironmentProblem
            If the disk cannot read it now: that says nothing about what the file is.
        """
        if not name or _UNSAFE.search(name):
            return b""
        try:
            folder = os.path.dirname(self._home) if above else self._home
            fd = open_nofollow(os.path.join(folder, name), os.O_RDONLY)
        except OSError as error:
            return _nothing(error)
        try:
            return pread(fd, length, 0) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
        except OSError as error:
            return _nothing(error)
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

    def __enter__(self) -> SlideFilesOnDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<SlideFilesOnDisk of {len(self.files)} files>"


def _nothing(error: OSError) -> bytes:
    """Return nothing, unless the disk or the system is in trouble.

    Raises
    ------
    EnvironmentProblem
        If so.
    """
    if error.errno in _TROUBLE:
        raise translate(error, "read a file beside the slide") from None
    return b""


def _missing() -> DamagedSlide:
    hint = "put all files of the slide beside it, under the names they had"
    return DamagedSlide("a file that the slide refers to is missing", hint)


def open_slide(path: AnyPath, write: bool = False) -> SlideFilesOnDisk:
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
            slide = SlideFilesOnDisk(real, os.path.basename(os.path.normpath(given)), write)
            slide.named_in = os.path.dirname(os.path.abspath(given))
            return slide
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise UsageError("the slide does not exist", _looked_for(given)) from None


def _looked_for(name: str) -> str:
    """Say what a person may have meant by a name that no file has."""
    if ":/" in name:  # a path joins double slashes
        return "this is an address: copy the slide to a disk first"
    if any(sign in name for sign in "*?["):
        return "no file fits this pattern, so the shell left it as it is"
    return "check the spelling, and the folder you are in"


def is_shown_whole(name: str) -> bool:
    """Whether a list of files shows a name as it is: not hidden, no line breaks, controls or changes of direction."""
    import unicodedata

    return not name.startswith(".") and not any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in name)


def require_component(name: str, shown: bool = True) -> str:
    """Return ``name`` if it is one safe path component, and one that a list of files shows.

    Parameters
    ----------
    name
        A file's new name.
    shown
        Whether it must be one that a list shows; a copy may have the slide's own name, whatever that is.

    Raises
    ------
    InternalError
        Otherwise; callers have asked the person for a valid name before.
    """
    if not name or _UNSAFE.search(name) or (shown and not is_shown_whole(name)):
        raise InternalError("a new name is not a plain file name")
    return name
