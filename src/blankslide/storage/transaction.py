"""One edit of one slide, safe against a crash at any point.

    begin ──> commit ──> write ──> (caller: verify, ledger) ──> finish
    nothing   journal    blocks,                              names, wipe
    on disk   durable    sync                                 the journal

Before `commit` returns nothing of the slide has changed; after it there is only forward:
whoever finds the journal calls `resume` and then `write` and `finish` again. Each of these
may be interrupted and repeated at will.

The journal counts only under its final name and is complete there: it gets the name after
its bytes are durable and gives it up, durably, before they are wiped. An error after the
commit point is `SlidePending`; the transaction is then dead, because a failed sync cannot
be tried again and believed: open the slide anew and `resume`.

All changes go through a `Volume`, so simulated disks run this very code.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from blankslide.errors import EnvironmentProblem, InternalError, JournalRemains, SlideChanged, SlidePending
from blankslide.storage.blocks import compile_blocks, patched_ranges, would_write
from blankslide.storage.journal import Journal, decode, encode, journal_name, temp_name
from blankslide.storage.matching import EditableFile, EditableSlide, marks, match, stranger
from blankslide.storage.renames import Rename, apply_names, name_of, plan_names
from blankslide.storage.volume import CHUNK, DiskVolume, Volume
from blankslide.version import __version__

if TYPE_CHECKING:
    from blankslide.model import Patch
    from blankslide.storage.blocks import Block
    from blankslide.storage.slide_files import AnyPath

Progress = Callable[[int, int], None]
RECOVER = "run: blankslide recover"


class Transaction:
    """See the module. Made by `begin` or `resume` only.

    Attributes
    ----------
    journal
        What is going to be written; see `Journal`.
    writes, bytes_written
        Counters of `write`.
    leftover
        Whether `finish` could not wipe the journal that counts no more; any later run does.
    """

    def __init__(
        self, journal: Journal, folder: str, files: Sequence[EditableFile | None], volume: Volume, state: str
    ) -> None:
        self.journal = journal
        self.writes = 0
        self.bytes_written = 0
        self.leftover = False
        self._folder = folder
        self._files = files
        self._volume = volume
        self._state = state
        self._name = journal_name(journal.files[0].inode)
        self._temp = temp_name(journal.files[0].inode)
        self._hot = state == "committed"

    @classmethod
    def begin(
        cls,
        opened: EditableSlide,
        patches: Sequence[Patch],
        *,
        profile: str,
        format: str,
        renames: Sequence[Rename] = (),
        volume: Volume | None = None,
    ) -> Transaction:
        """Compile patches into blocks and take the digests; nothing on disk changes.

        Parameters
        ----------
        opened
            The slide, opened for writing and held by a lock.
        patches
            Disjoint; ``Patch.file`` indexes ``opened.files``.
        profile, format
            Names for the journal; they identify nobody.
        renames
            Final renamings and removals.
        volume
            The disk; the real one unless told.

        Raises
        ------
        InternalError
            If there is nothing to do, or patches or renamings make no sense.
        """
        if not patches and not renames:
            raise InternalError("there is nothing to write")
        volume = volume or DiskVolume()
        ranges = patched_ranges(patches, len(opened.files))
        journal = Journal(
            id=os.urandom(16).hex(),
            tool=__version__,
            profile=profile,
            format=format,
            files=marks(opened.files, ranges),
            ranges=tuple(map(tuple, ranges)),
            blocks=tuple(compile_blocks(patches, opened.files)),
        )
        journal = journal._replace(renames=plan_names(renames, journal, opened.folder, volume))
        return cls(journal, opened.folder, list(opened.files), volume, "begun")

    @property
    def id(self) -> str:
        """Random transaction id; the same when resumed."""
        return self.journal.id

    @property
    def state(self) -> str:
        """One of begun, committed, written, finished, abandoned, broken."""
        return self._state

    # -- commit --------------------------------------------------------------------------

    def commit(self, forbid: Sequence[bytes] = ()) -> None:
        """Make the journal durable beside the slide: the commit point.

        Parameters
        ----------
        forbid
            Values that must not stand in the bytes about to be written.

        Raises
        ------
        InternalError
            If a forbidden value does; nothing was changed.
        SlideChanged
            If a file changed since it was opened; nothing was changed.
        EnvironmentProblem
            If the disk refused before the commit point; nothing was changed.
        SlidePending
            If a journal already waits, or the disk failed at the commit point itself.
        """
        self._expect("begun")
        if any(would_write(value, self.journal.blocks, self.journal.ranges) for value in forbid):
            raise InternalError("a value to be removed would have been written again")
        if self._volume.exists(self._folder, self._name):
            raise SlidePending("an earlier run on this slide was interrupted", RECOVER)
        _discard(self._volume, self._folder, self._temp)
        try:
            self._write_temp(encode(self.journal))
            self._check_unchanged()
            self._volume.rename(self._folder, self._temp, self._name)
        except EnvironmentProblem:
            if not self._maybe_committed():
                self._state = "abandoned"
                self._try_remove_temp()
                raise
            self._state = "broken"
            raise SlidePending("the disk failed at the commit point", RECOVER) from None
        with self._forward():
            self._volume.sync_dir(self._folder)
        self._hot = True
        self._state = "committed"

    def _write_temp(self, data: bytes) -> None:
        fd = self._volume.create(self._folder, self._temp)
        try:
            self._volume.preallocate(fd, len(data))
            self._volume.write_at(fd, data, 0)
            self._volume.sync(fd)
        finally:
            self._volume.close(fd)

    def _check_unchanged(self) -> None:
        for file in self._files:
            if file is not None and file.current() != file.opened_as:
                raise SlideChanged("the slide changed while it was being planned")

    def _maybe_committed(self) -> bool:
        """Whether the journal may stand under the name that counts, after a rename that failed."""
        try:
            return self._volume.exists(self._folder, self._name)
        except EnvironmentProblem:
            return True

    def _try_remove_temp(self) -> None:
        """Clean up behind a failure; what cannot be removed is harmless and goes next time."""
        try:
            _discard(self._volume, self._folder, self._temp)
        except EnvironmentProblem:
            return

    def abandon(self) -> None:
        """Give up before the commit point.

        Raises
        ------
        InternalError
            If the transaction is committed: then only forward is possible.
        """
        self._expect("begun")
        _discard(self._volume, self._folder, self._temp)
        self._state = "abandoned"

    # -- forward -------------------------------------------------------------------------

    def write(self, progress: Progress | None = None, *, unsafe_without_journal: bool = False) -> None:
        """Write all blocks in order and sync every file.

        Parameters
        ----------
        progress
            Called with bytes done and bytes in all.
        unsafe_without_journal
            Benchmarks only: write without a commit before.

        Raises
        ------
        SlidePending
            If the disk failed; the journal waits.
        """
        self._expect("begun" if unsafe_without_journal else "committed")
        total = sum(block.length for block in self.journal.blocks)
        used: dict[int, None] = {}
        with self._forward():
            for block in self.journal.blocks:
                file = self._files[block.file]
                if file is None:
                    continue
                if block.data is None:
                    self._volume.fill_at(file.fd, block.offset, block.length, block.byte)
                else:
                    self._volume.write_at(file.fd, block.data, block.offset)
                used[file.fd] = None
                self.writes += 1
                self.bytes_written += block.length
                if progress is not None:
                    progress(self.bytes_written, total)
            for fd in used:
                self._volume.sync(fd)
        self._state = "written"

    def kept_its_word(self, files: Sequence[EditableFile]) -> bool:
        """Whether every block reads as it was to be written, through descriptors opened anew.

        Blocks are whole and hold the kept bytes between the patches too; what no block covers was
        not written. So where this is true, nothing else changed than what was planned.
        """
        fresh = {file.opened_as.inode: file for file in files}
        for block in self.journal.blocks:
            if self._files[block.file] is None:
                continue
            file = fresh.get(self.journal.files[block.file].inode)
            if file is None or any(file.read(start, len(want)) != want for start, want in _pieces(block)):
                return False
        return True

    def finish(self) -> None:
        """Do renamings and removals that are left, then take the journal away without leaving its bytes.

        Call it after verification and after the ledger entry is durable.

        Raises
        ------
        SlidePending
            If the disk failed while the journal still counts; what is missing will be done by the next run.
        """
        self.give_names()
        if self._hot:
            self._retire()
        self._state = "finished"

    def give_names(self) -> None:
        """Do renamings and removals while the journal still stands; harmless to repeat.

        Whoever finds a set with half of its new names must do this before anybody can read it.

        Raises
        ------
        SlidePending
            As `finish`.
        """
        self._expect("written")
        with self._forward():
            if self.journal.renames:
                written = {file.opened_as.inode for file in self._files if file is not None}
                apply_names(self.journal.renames, self._folder, written, self._volume)
                self._volume.sync_dir(self._folder)

    def _retire(self) -> None:
        """Wipe the journal under the name that does not count, so that torn wiping means nothing.

        The removal itself needs no sync: a name that comes back is only a leftover. An error interrupts nothing
        any more: before the renaming everything is written and judged, behind it the journal does not count.
        It is not wiped where the renaming may not last, or it could count again with nothing in it.
        """
        try:
            self._volume.rename(self._folder, self._name, self._temp)
        except EnvironmentProblem as error:
            if self._maybe_committed():
                self._state = "broken"
                raise JournalRemains(
                    f"the journal could not be taken away: {error.message}", error.hint or RECOVER
                ) from None
        try:
            self._volume.sync_dir(self._folder)
            _wipe(self._volume, self._folder, self._temp)
        except EnvironmentProblem:
            self.leftover = True

    # -- states --------------------------------------------------------------------------

    def _expect(self, state: str) -> None:
        if self._state == "broken":
            raise SlidePending("this transaction failed half-way", RECOVER)
        if self._state != state:
            raise InternalError(f"a {self._state} transaction was used as if it were {state}")

    @contextmanager
    def _forward(self) -> Iterator[None]:
        """Past the commit point every failure means: interrupted, recover."""
        try:
            yield
        except EnvironmentProblem as error:
            self._state = "broken"
            raise SlidePending(error.message, error.hint or RECOVER) from None

    def __repr__(self) -> str:
        return f"<Transaction {self._state}, {len(self.journal.blocks)} writes>"


def _pieces(block: Block) -> Iterator[tuple[int, bytes]]:
    """What a block was to be, in pieces that fit into memory."""
    for at in range(0, block.length, CHUNK):
        size = min(CHUNK, block.length - at)
        yield block.offset + at, bytes([block.byte]) * size if block.data is None else block.data[at : at + size]


def resume(opened: EditableSlide, journal_path: AnyPath, volume: Volume | None = None) -> Transaction:
    """Return the interrupted transaction, ready for `Transaction.write`.

    Parameters
    ----------
    opened
        The slide, opened anew for writing and held by a lock.
    journal_path
        What `journal.find` returned.

    Raises
    ------
    SlidePending
        If the journal cannot be read, or belongs to another file; nothing is touched.
    """
    volume = volume or DiskVolume()
    name = os.path.basename(os.fsdecode(journal_path))
    if name != journal_name(opened.files[0].opened_as.inode):
        raise stranger()
    try:
        journal = decode(volume.load(opened.folder, name))
        _use_member_folder(journal, opened, volume)
        files = match(journal, opened)
    except EnvironmentProblem as error:
        raise SlidePending(error.message, error.hint or RECOVER) from None
    return Transaction(journal, opened.folder, files, volume, "committed")


def _use_member_folder(journal: Journal, opened: EditableSlide, volume: Volume) -> None:
    """Find the data folder of a set that has, or has not yet, got its new name.

    It is the only thing beside the files that gets a name: all members are then looked for in it. Whatever
    else a journal would rename is somebody else's.

    Raises
    ------
    SlidePending
        If the journal would rename a stranger.
    """
    files = {mark.inode for mark in journal.files}
    others = [renaming for renaming in journal.renames if renaming.inode not in files]
    if others and (len(others) > 1 or len(files) < 2 or others[0].to is None):
        raise stranger()
    for renaming in others:
        name = name_of(renaming.inode, opened.folder, volume)
        if name is None or not volume.is_folder(opened.folder, name):
            raise stranger()
        opened.use_member_folder(name)


def discard_leftover(path: AnyPath, volume: Volume | None = None) -> bool:
    """Remove a journal of this slide that does not count; say whether there was one.

    Call it only while the slide is held and no journal waits: such a file is the trace of a
    run that died before its commit point, or while it wiped its journal at the end.
    """
    real = os.path.realpath(os.fsdecode(path))
    folder, name = os.path.split(real)
    volume = volume or DiskVolume()
    inode = volume.inode(folder, name)
    return inode is not None and _discard(volume, folder, temp_name(inode))


def _discard(volume: Volume, folder: str, temp: str) -> bool:
    if not volume.exists(folder, temp):
        return False
    _wipe(volume, folder, temp)
    return True


def _wipe(volume: Volume, folder: str, name: str) -> None:
    """Overwrite, sync and unlink: unlinking alone would leave the bytes on the disk."""
    fd = volume.open_edit(folder, name)
    try:
        length = volume.length(fd)
        if length:
            volume.fill_at(fd, 0, length, 0)
            volume.sync(fd)
    finally:
        volume.close(fd)
    volume.unlink(folder, name)
