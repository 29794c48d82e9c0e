"""Whether a journal belongs to this slide.

`EditableSlide` is the little that a transaction asks of open files; `match` finds the files
of a journal among them and proves that they are the ones it was made for. Proof is what no
crash of ours can have changed: size, inode, and the bytes of untouched blocks. A file all
of whose blocks are touched may be torn everywhere; its kept bytes are evidence only while
they agree, and size and inode have to do if another file of the set is proven.

Promise: reads only; a stranger is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from blankslide.errors import SlidePending
from blankslide.source import ByteSource
from blankslide.storage.blocks import kept_digest, near_digest
from blankslide.storage.journal import FileMark, Journal

if TYPE_CHECKING:
    from blankslide.storage.open_file import Identity


class EditableFile(ByteSource, Protocol):
    """An open file of a slide."""

    @property
    def fd(self) -> int:
        """Descriptor that a volume writes to."""

    @property
    def opened_as(self) -> Identity:
        """Identity at opening."""

    def current(self) -> Identity:
        """Identity now."""


class EditableSlide(Protocol):
    """The open files of one slide; the first one is the main file."""

    @property
    def folder(self) -> str:
        """Where the main file stands, and the journal goes."""

    @property
    def files(self) -> Sequence[EditableFile]:
        """All open files, in the order of ``Patch.file``."""

    def by_inode(self, inode: int) -> EditableFile | None:
        """Find a member."""

    def use_member_folder(self, name: str) -> None:
        """Look for members in this folder beside the main file."""


def marks(files: Sequence[EditableFile], ranges: Sequence[Sequence[tuple[int, int]]]) -> tuple[FileMark, ...]:
    """Describe files so that `match` finds them again."""
    return tuple(
        FileMark(file.opened_as.inode, file.size, kept_digest(file, spans), near_digest(file, spans))
        for file, spans in zip(files, ranges, strict=True)
    )


def match(journal: Journal, opened: EditableSlide) -> list[EditableFile | None]:
    """Return the slide's files in the journal's order; None for one that was removed at the end.

    Raises
    ------
    SlidePending
        If a file is missing, is another one, or nothing proves that it is the same.
    """
    removed = {renaming.inode for renaming in journal.renames if renaming.to is None}
    files: list[EditableFile | None] = []
    proven = False
    for mark, ranges in zip(journal.files, journal.ranges, strict=True):
        file = opened.by_inode(mark.inode)
        if file is not None and may_be(file, mark, ranges):
            proven = proven or bool(mark.near) or kept_digest(file, ranges) == mark.kept
            files.append(file)
        elif mark.inode in removed:
            files.append(None)
        else:
            raise stranger()
    if not proven or files[0] is not opened.files[0]:
        raise stranger()
    return files


def may_be(file: EditableFile, mark: FileMark, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether size, and the bytes near what is touched, are those that a journal has seen."""
    return file.size == mark.size and (not mark.near or near_digest(file, ranges) == mark.near)


def stranger() -> SlidePending:
    """Return the refusal of a journal that was made for something else."""
    return SlidePending(
        "the journal does not belong to this file",
        "the slide was replaced or moved; nothing was touched, and the journal was left alone",
    )
