"""The last step of an edit: giving files new names, and removing whole files.

A slide's old name may itself identify, so the journal never holds it: a file is known by
its inode, and its present name is looked up when it is needed. That also makes the step
safe to repeat. Only files that the transaction has overwritten entirely are removed.

A slide of several files has several new names, perhaps one of them for its folder. No disk
changes them in one step, so they are made durable one after another in the order of the journal:
the main file last, because until then the slide is found under the name that people know.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import EnvironmentProblem, InternalError
from blankslide.storage.journal import Journal, Renaming
from blankslide.storage.slide_files import require_component

if TYPE_CHECKING:
    from blankslide.storage.volume import Volume


class Rename(NamedTuple):
    """Give ``old``, a file or a folder, the name ``new`` at the very end, or remove it (``new`` is None).

    Both are single components in the folder of the main file. What is removed must be a
    member of the slide whose every byte is patched.
    """

    old: str
    new: str | None


def plan_names(renames: Sequence[Rename], journal: Journal, folder: str, volume: Volume) -> tuple[Renaming, ...]:
    """Replace old names by inodes.

    Raises
    ------
    InternalError
        If a file does not exist, a name is no plain name, or a file would be removed
        without being overwritten.
    EnvironmentProblem
        If a new name is taken.
    """
    return tuple(_planned(rename, journal, folder, volume) for rename in renames)


def _planned(rename: Rename, journal: Journal, folder: str, volume: Volume) -> Renaming:
    inode = volume.inode(folder, rename.old)
    if inode is None:
        raise InternalError("a file to be renamed does not exist")
    if rename.new is None:
        if not _is_overwritten(inode, journal):
            raise InternalError("a file would be removed without being overwritten")
    elif volume.exists(folder, require_component(rename.new)):
        raise EnvironmentProblem("another file already has the new name")
    return Renaming(inode, rename.new)


def _is_overwritten(inode: int, journal: Journal) -> bool:
    """Whether it is a member, not the main file, all of whose bytes are patched."""
    members = zip(journal.files[1:], journal.ranges[1:], strict=True)
    return any(mark.inode == inode and ranges == ((0, mark.size),) for mark, ranges in members)


def apply_names(renames: Sequence[Renaming], folder: str, overwritten: Collection[int], volume: Volume) -> None:
    """Do what is not done yet; harmless to repeat.

    Parameters
    ----------
    renames
        From the journal.
    folder
        Where the main file stands.
    overwritten
        Inodes of the files that the transaction has written. Nothing else is removed: an
        inode number may have gone to a stranger since.

    Raises
    ------
    EnvironmentProblem
        If a file is missing or a new name was taken meanwhile.
    """
    last = len(renames) - 1
    for number, (inode, to) in enumerate(renames):
        if to is not None:
            if _rename(inode, to, folder, volume) and number < last:
                volume.sync_dir(folder)
        elif inode in overwritten:
            name = name_of(inode, folder, volume)
            if name is not None:
                volume.unlink(folder, name)


def _rename(inode: int, to: str, folder: str, volume: Volume) -> bool:
    """Rename what has not got its new name yet; say whether that was so."""
    present = volume.inode(folder, to)
    if present == inode:
        return False
    if present is not None:
        raise EnvironmentProblem("another file has taken the new name")
    old = name_of(inode, folder, volume)
    if old is None:
        raise EnvironmentProblem("a file that should get its new name is missing")
    volume.rename(folder, old, to)
    return True


def rename_folder(above: str, old: str, new: str) -> None:
    """Give a slide's whole folder another name, durably, and never onto one that exists.

    It is one step of the disk, so no journal is needed: an interrupted run finds the old name or the new one.

    Raises
    ------
    EnvironmentProblem
        If the disk refuses, or the name is taken.
    """
    from blankslide.storage.copies.volume import DiskCopyVolume

    volume = DiskCopyVolume()
    volume.publish(above, require_component(old, shown=False), require_component(new))
    volume.sync_dir(above)


def name_of(inode: int, folder: str, volume: Volume) -> str | None:
    """Return the present name of an inode, or None."""
    return next((name for name in volume.names(folder) if volume.inode(folder, name) == inode), None)
