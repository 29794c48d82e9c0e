"""What runs that died have left in a folder of copies: known by the inode of the slide in its name."""

from __future__ import annotations

import os
import re
from contextlib import suppress

from blankslide.model.patterns import pattern
from blankslide.storage.copies.file import lock_copy
from blankslide.storage.copies.volume import DiskCopyVolume
from blankslide.storage.journal import PREFIX
from blankslide.storage.system import open_nofollow

_COPY = pattern(re.escape(PREFIX) + r"(\d{1,20})\.copy(?:\.[^/]{1,40})?")
_SET = pattern(re.escape(PREFIX) + r"(\d{1,20})\.copies")


def unfinished(folder: str, inode: int) -> bool:
    """Whether a copy of the slide with this inode was begun in a folder, and has not got its name."""
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    found = (_COPY.fullmatch(name) or _SET.fullmatch(name) for name in names if name.startswith(PREFIX))
    return any(int(each[1]) == inode for each in found if each)


def remove_dead(folder: str, living: set[int]) -> int:
    """Remove unfinished copies of one file whose slide is not there any more; return how many.

    Parameters
    ----------
    living
        Inodes of slides that are still there: their next run replaces what was left of them.
    """
    removed, volume = 0, DiskCopyVolume()
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    for name in names:
        found = _COPY.fullmatch(name)
        if found is None or int(found[1]) in living:
            continue
        with suppress(OSError):
            fd = open_nofollow(os.path.join(folder, name), os.O_RDWR)
            try:
                if lock_copy(fd) and os.fstat(fd).st_ino == volume.inode(folder, name):
                    os.unlink(os.path.join(folder, name))
                    removed += 1
            finally:
                os.close(fd)
    return removed
