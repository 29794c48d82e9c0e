"""Which slide a waiting journal belongs to, asked of any file or folder of the set.

A journal stands beside the main file and is named after it. Whoever holds another file of the set,
or the folder of a set whose renaming was cut short, finds the main file through what the journal
says: inodes, which outlive names. Reads only; a journal that cannot be read says nothing.
"""

from __future__ import annotations

import os

from blankslide.errors import SlidePending
from blankslide.storage.journal import decode, find_in


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
