"""A disk in memory that forgets like a real one, and what a power failure may leave of it.

Until a file is synced its writes are only pending, until the folder is synced so are its names. `SimVolume.power_loss`
returns what may be found afterwards: pending writes lost, kept, reordered, torn at sectors, replaced by garbage, or
whole 4 KiB blocks ruined around them; pending names lost, kept as a prefix, or kept in any selection.

Files are kept in pages that all states share, so a state costs what differs in it: some ten microseconds.
"""

from __future__ import annotations

import errno
import random
from typing import TYPE_CHECKING, Literal, NoReturn, get_args

from blankslide.errors import DamagedSlide
from blankslide.storage.open_file import Identity
from blankslide.storage.system import translate
from blankslide.testing.pages import PAGE, Pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "FATES",
    "FOLDER",
    "HARSH",
    "PATTERNS",
    "Fate",
    "Pattern",
    "SimFile",
    "SimInode",
    "SimSlide",
    "SimVolume",
    "fail",
]

Pattern = Literal["lost", "kept", "reordered", "torn", "garbage", "ruined"]
"""What becomes of writes that were not synced."""
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
HARSH: frozenset[Pattern] = frozenset({"garbage", "ruined"})
"""Patterns that hurt bytes which nobody was writing, or leave some that nobody wrote."""
Fate = Literal["lost", "kept", "begun", "some"]
"""What becomes of names that were not synced: none, all, the first of them, or any."""
FATES: tuple[Fate, ...] = get_args(Fate)
SECTOR = 512
FOLDER = "/simulated"
_USUAL: dict[Pattern, Fate] = {"lost": "lost", "kept": "kept", "reordered": "some"}


def fail(code: int) -> NoReturn:
    """Fail as the disk would.

    Raises
    ------
    EnvironmentProblem
        What an error with this number becomes.
    """
    raise translate(OSError(code, "simulated"), "do that")


class SimInode:
    """One file: what programs see, what is durable, and the writes in between; or a folder, which has no bytes."""

    def __init__(self, number: int, data: bytes | Pages = b"", is_folder: bool = False) -> None:
        self.number = number
        self.live = self.durable = data if isinstance(data, Pages) else Pages(data)
        self.pending: list[tuple[int, bytes]] = []
        self.mtime = 0
        self.is_folder = is_folder

    def write(self, offset: int, data: bytes) -> None:
        """Change what programs see; nothing of it is durable yet."""
        if self.live is self.durable:
            self.live = self.durable.copy()
        self.live.lay(offset, data)
        self.pending.append((offset, data))
        self.mtime += 1

    def sync(self) -> None:
        """Make everything durable."""
        self.durable = self.live
        self.pending.clear()

    def copy(self) -> SimInode:
        """Return an independent copy, pending writes included."""
        other = SimInode(self.number, self.durable, self.is_folder)
        if self.live is not self.durable:
            other.live = self.live.copy()
        other.pending, other.mtime = self.pending.copy(), self.mtime
        return other

    def forget(self) -> None:
        """Fail to sync as Linux may: pages are marked clean, but never reached the disk."""
        self.pending.clear()

    def after(self, pattern: Pattern, rng: random.Random) -> Pages:
        """Return what a power failure may leave of the file; the bytes are shared and not to be changed."""
        if pattern == "lost" or not self.pending:
            return self.durable
        image = self.durable.copy()
        for offset, data in self._arriving(pattern, rng):
            image.lay(offset, data)
        return image

    def _arriving(self, pattern: Pattern, rng: random.Random) -> Iterator[tuple[int, bytes]]:
        if pattern == "kept":
            yield from self.pending
        elif pattern == "reordered":
            yield from rng.sample(self.pending, rng.randint(0, len(self.pending)))
        elif pattern != "lost":
            for offset, data in self.pending:
                yield from self._torn(pattern, offset, data, rng)

    def _torn(self, pattern: Pattern, offset: int, data: bytes, rng: random.Random) -> Iterator[tuple[int, bytes]]:
        """Each sector arrives, does not, or (with ``garbage`` or ``ruined``) hurts its place."""
        end, sectors = offset + len(data), range(offset // SECTOR * SECTOR, offset + len(data), SECTOR)
        junk = b"" if pattern == "torn" else rng.randbytes(PAGE)
        for start, drawn in zip(sectors, rng.randbytes(len(sectors)), strict=True):
            fate, low = drawn % 3, max(start, offset)
            if fate == 0:
                yield low, data[low - offset : min(start + SECTOR, end) - offset]
            elif fate == 1 and pattern == "garbage":
                at = start // SECTOR % (PAGE // SECTOR) * SECTOR
                yield low, junk[at : at + min(start + SECTOR, end) - low]
            elif fate == 1 and pattern == "ruined":
                block = start // PAGE * PAGE
                yield block, junk[: max(0, min(PAGE, len(self.live) - block))]


class SimVolume:
    """A `Volume` in memory with one folder, and with folders in it whose names may change.

    Parameters
    ----------
    files
        Names and bytes that are durable from the start.
    folders
        Names of folders beside them, and the files in each. Only the folder's own name is on the volume: a file in
        it goes by the folder's inode, ``101/index.dat``, whatever the folder is called.
    """

    def __init__(
        self, files: Mapping[str, bytes | Pages], folders: Mapping[str, Mapping[str, bytes | Pages]] | None = None
    ) -> None:
        self._next = 100
        self._live: dict[str, SimInode] = {}
        for name, data in files.items():
            self._live[name] = self._new(data)
        for folder, inside in (folders or {}).items():
            self._live[folder] = self._new(is_folder=True)
            above = self._next
            for name, data in inside.items():
                self._live[f"{above}/{name}"] = self._new(data)
        self._durable = dict(self._live)
        self._moves: list[dict[str, SimInode | None]] = []
        self._open: dict[int, SimInode] = {}
        self.recorded: tuple[str, ...] = ()

    def _new(self, data: bytes | Pages = b"", is_folder: bool = False) -> SimInode:
        self._next += 1
        return SimInode(self._next, data, is_folder)

    def _at(self, name: str) -> SimInode:
        return self._live[name] if name in self._live else fail(errno.ENOENT)

    def _move(self, change: dict[str, SimInode | None]) -> None:
        self._moves.append(change)
        _rename(self._live, change)

    def _opened(self, inode: SimInode) -> int:
        fd = max(self._open, default=2) + 1
        self._open[fd] = inode
        return fd

    # -- what a test asks ----------------------------------------------------------------

    def content(self) -> dict[str, bytes]:
        """Return all names and the bytes behind them, as programs see them."""
        return {name: bytes(inode.live) for name, inode in self._live.items()}

    def pages(self) -> dict[str, Pages]:
        """Return the same in pages, which are not to be changed."""
        return {name: inode.live for name, inode in self._live.items()}

    def inodes(self) -> dict[int, SimInode]:
        """Return all files and folders that a name leads to, by number."""
        return {inode.number: inode for inode in self._live.values()}

    def data(self, number: int) -> bytes | None:
        """Return the bytes of an inode, under whatever name; None if it has none."""
        return next((bytes(inode.live) for inode in self._live.values() if inode.number == number), None)

    def file(self, fd: int) -> SimInode:
        """Return the file behind a descriptor."""
        return self._open[fd]

    @property
    def waits(self) -> tuple[bool, bool]:
        """Whether bytes, and whether names are not durable yet."""
        return any(inode.pending for inode in self._live.values()), bool(self._moves)

    def record(self, text: str) -> None:
        """Take note of something elsewhere, durably, as a ledger does; once."""
        if text not in self.recorded:
            self.recorded = (*self.recorded, text)

    def power_loss(self, pattern: Pattern, seed: int | random.Random = 0, names: Fate | None = None) -> SimVolume:
        """Return a volume as it may be found after the power failed now.

        Parameters
        ----------
        pattern
            What becomes of bytes.
        seed
            Of what is left to chance.
        names
            What becomes of names; unless told, what goes with the pattern.
        """
        rng = seed if isinstance(seed, random.Random) else random.Random(seed)
        named = dict(self._durable)
        for change in self._arriving_moves(names or _USUAL.get(pattern, "begun"), rng):
            _rename(named, change)
        after = SimVolume({})
        after._next, after.recorded = self._next, self.recorded
        for name, inode in named.items():
            after._live[name] = SimInode(inode.number, inode.after(pattern, rng), inode.is_folder)
        after._durable = dict(after._live)
        return after

    def _arriving_moves(self, names: Fate, rng: random.Random) -> Sequence[dict[str, SimInode | None]]:
        if names == "lost":
            return ()
        if names == "kept":
            return self._moves
        if names == "some":
            return [change for change in self._moves if rng.random() < 0.5]
        return self._moves[: rng.randint(0, len(self._moves))]

    def copy(self) -> SimVolume:
        """Return an independent copy, pending writes and open files included."""
        moved = [inode for change in self._moves for inode in change.values() if inode is not None]
        known = (*self._live.values(), *self._durable.values(), *self._open.values(), *moved)
        twins = {inode.number: inode.copy() for inode in known}
        other = SimVolume({})
        other._next, other.recorded = self._next, self.recorded
        other._live = {name: twins[inode.number] for name, inode in self._live.items()}
        other._durable = {name: twins[inode.number] for name, inode in self._durable.items()}
        other._open = {fd: twins[inode.number] for fd, inode in self._open.items()}
        other._moves = [
            {name: inode and twins[inode.number] for name, inode in change.items()} for change in self._moves
        ]
        return other

    # -- looking -------------------------------------------------------------------------

    def exists(self, folder: str, name: str) -> bool:
        """Whether the name stands in the folder."""
        return name in self._live

    def inode(self, folder: str, name: str) -> int | None:
        """Inode number of a name."""
        return self._live[name].number if name in self._live else None

    def is_folder(self, folder: str, name: str) -> bool:
        """Whether the name is that of a folder."""
        return name in self._live and self._live[name].is_folder

    def names(self, folder: str) -> list[str]:
        """All names; those inside of folders are not among them."""
        return [name for name in self._live if "/" not in name]

    def load(self, folder: str, name: str) -> bytes:
        """All bytes of a file."""
        return bytes(self._at(name).live)

    def length(self, fd: int) -> int:
        """Length of an open file."""
        return len(self._open[fd].live)

    # -- changing ------------------------------------------------------------------------

    def create(self, folder: str, name: str) -> int:
        """Create a new file."""
        if name in self._live:
            fail(errno.EEXIST)
        inode = self._new()
        self._move({name: inode})
        return self._opened(inode)

    def open_edit(self, folder: str, name: str) -> int:
        """Open an existing file."""
        return self._opened(self._at(name))

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        del self._open[fd]

    def preallocate(self, fd: int, length: int) -> None:
        """Make an empty file ``length`` bytes long."""
        self._open[fd].write(0, bytes(length))

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """Write."""
        self._open[fd].write(offset, data)

    def fill_at(self, fd: int, offset: int, length: int, byte: int) -> None:
        """Write one byte many times."""
        self._open[fd].write(offset, bytes((byte,)) * length)

    def sync(self, fd: int) -> None:
        """Make a file's bytes durable."""
        self._open[fd].sync()

    def rename(self, folder: str, old: str, new: str) -> None:
        """Rename, replacing."""
        self._move({old: None, new: self._at(old)})

    def unlink(self, folder: str, name: str) -> None:
        """Remove a name."""
        self._at(name)
        self._move({name: None})

    def sync_dir(self, folder: str) -> None:
        """Make the names durable."""
        self._durable = dict(self._live)
        self._moves.clear()


def _rename(names: dict[str, SimInode], change: dict[str, SimInode | None]) -> None:
    for name, inode in change.items():
        if inode is None:
            names.pop(name, None)
        else:
            names[name] = inode


class SimFile:
    """An open file of a `SimVolume`, as a transaction wants it."""

    def __init__(self, inode: SimInode, fd: int) -> None:
        self._inode = inode
        self.fd = fd
        self.opened_as = self.current()

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._inode.live)

    def current(self) -> Identity:
        """Identity now."""
        return Identity(1, self._inode.number, self.size, self._inode.mtime)

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise DamagedSlide("the file ends before data that it announces")
        return self._inode.live.read(offset, length)

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the whole range."""
        if start < end:
            yield start, end


class SimSlide:
    """A slide on a `SimVolume`, opened for writing.

    Parameters
    ----------
    volume
        Where it stands.
    inodes
        Its files, the main file first. Inodes rather than names, because a name may change.
    """

    folder = FOLDER

    def __init__(self, volume: SimVolume, inodes: Sequence[int]) -> None:
        by_number = {inode.number: inode for inode in volume._live.values()}
        self.files = [SimFile(by_number[n], volume._opened(by_number[n])) for n in inodes if n in by_number]

    def use_member_folder(self, name: str) -> None:
        """Do nothing: a file goes by its folder's inode."""

    def by_inode(self, inode: int) -> SimFile | None:
        """Return the member with this inode number."""
        return next((file for file in self.files if file.opened_as.inode == inode), None)
