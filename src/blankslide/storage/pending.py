"""Which slide a waiting journal belongs to, asked of any file or folder of the set, or of a slide.

A journal stands beside the main file and is named after it. Whoever holds another file of the set,
or the folder of a set whose renaming was cut short, finds the main file through what the journal
says: inodes, which outlive names. Reads only; a journal that cannot be read says nothing.

A slide that was copied, restored or moved to another disk has another inode, and its journal then
waits for a file that is not there: an *orphan*. Whose it could be is told by size and digests.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from blankslide.errors import SlidePending
from blankslide.storage.journal_names import PREFIX, find_in

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.storage.matching import EditableFile


def awaited(folder: str, inode: int) -> str | None:
    """Return the main file of the interrupted set that ``inode`` belongs to; None if there is none.

    Parameters
    ----------
    folder
        Where the main file, and so its journal, would stand.
    inode
        Of a file of the set, or of a folder that gets another name with it.
    """
    for path in find_in(folder):
        from blankslide.storage.journal import decode  # only where one waits

        try:
            journal = decode(path.read_bytes())
        except (OSError, SlidePending):
            continue
        if inode in {mark.inode for mark in journal.files} | {renaming.inode for renaming in journal.renames}:
            return _named(folder, journal.files[0].inode)
    return None


def _named(folder: str, inode: int) -> str | None:
    with os.scandir(folder) as entries:
        return next((entry.path for entry in entries if entry.inode() == inode), None)


_quiet: dict[tuple[int, int], int] = {}
_COARSEST = 2_500_000_000
"""Nanoseconds: some file systems count the dates of folders in steps of two seconds."""


def orphans(folder: str) -> list[Path]:
    """Return the journals in a folder that wait for a file which is not there.

    A run asks this for each slide of a folder, so a folder without journals is not listed again while
    its date tells that nothing came or went.
    """
    state, begun = os.stat(folder), time.time_ns()
    mark = state.st_dev, state.st_ino
    if _quiet.get(mark) == state.st_mtime_ns:
        return []
    waiting = {path: int(path.name.removeprefix(PREFIX)) for path in find_in(folder)}
    if not waiting:
        if state.st_mtime_ns + _COARSEST < begun:
            _quiet[mark] = state.st_mtime_ns
        return []
    with os.scandir(folder) as entries:
        seen = {entry.inode() for entry in entries}
    lost = [path for path, inode in waiting.items() if inode not in seen]
    if lost:  # where one file system lies over another, the folder's list tells other numbers
        seen = _inodes(folder)
    return [path for path in lost if waiting[path] not in seen]


def _inodes(folder: str) -> set[int]:
    found = set()
    for name in os.listdir(folder):
        try:
            found.add(os.stat(os.path.join(folder, name)).st_ino)
        except OSError:
            continue
    return found


def could_be_of(journal: Path, main: EditableFile) -> bool:
    """Whether an orphan could have been made for this file; one that cannot be read says nothing.

    Size, and bytes that no interrupted run can have changed, tell most files apart.
    """
    from blankslide.storage.journal import decode
    from blankslide.storage.matching import may_be

    try:
        made = decode(journal.read_bytes())
    except (OSError, SlidePending):
        return False
    return any(may_be(main, mark, ranges) for mark, ranges in zip(made.files, made.ranges, strict=True))
