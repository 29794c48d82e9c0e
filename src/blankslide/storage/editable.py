"""Whether a slide's files can be overwritten: asked before anything is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blankslide.errors import NoPermission, NoSpace, SlideChanged, SlideLinked
from blankslide.storage.system import guard

if TYPE_CHECKING:
    from blankslide.storage.open_file import OpenFile
    from blankslide.storage.slide_files import SlideFilesOnDisk


def check_editable(opened: SlideFilesOnDisk, journal_bytes: int = 0) -> None:
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
        If the journal does not fit, or this process may not write so far.
    """
    for file in opened.files:
        _check_file(file)
    check_mount(opened)
    with guard("look at the slide's folder"):
        _require_writable(opened.folder, os.stat(opened.folder).st_mode, "the slide's folder is read-only")
        if journal_bytes > _free(opened.folder):
            raise NoSpace("the journal does not fit on the disk", "free some room beside the slide")


def check_mount(opened: SlideFilesOnDisk) -> None:
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
                "make it a file of its own, or make a clean copy with --out DIR",
            )
        _require_writable(file.path, now.st_mode, "the slide is read-only")
        if now.st_size > _longest():
            raise NoSpace("this process may write no file as long as the slide", "raise its limit: ulimit -f unlimited")


def _longest() -> float:
    """Return how long a file this process may write, in bytes: the limit would strike in the middle of the edit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return float("inf")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return float("inf") if limit == resource.RLIM_INFINITY else limit


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
