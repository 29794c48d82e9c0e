"""Disks that fail: for proving that no crash and no error leaves a slide half edited.

`SimVolume` is a folder in memory that forgets like a real one: until a file is synced its
writes are only pending, until the folder is synced so are its names. `power_loss` returns
what a power failure may leave: pending writes lost, kept, reordered, torn at sectors,
replaced by garbage, or whole 4 KiB blocks ruined around them; pending names lost, kept as a
prefix, or kept in any selection.

`FaultyVolume` stands before any volume, simulated or real, and makes its n-th call fail
with an error, once or for good, or ends the run there (`Crash`). Cost: a few hundred
microseconds for each simulated failure of a small slide.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Literal, NoReturn, get_args

from blankslide.errors import DamagedSlide
from blankslide.storage.open_file import Identity
from blankslide.storage.system import translate

if TYPE_CHECKING:
    from blankslide.storage.volume import Volume

Pattern = Literal["lost", "kept", "reordered", "torn", "garbage", "ruined"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
SECTOR = 512
BLOCK = 4096
FOLDER = "/simulated"


class Crash(BaseException):
    """The power fails here. Not an `Exception`, so that nothing catches it by accident."""


def _fail(code: int) -> NoReturn:
    raise translate(OSError(code, "simulated"), "do that")


class SimInode:
    """One file: what programs see, what is durable, and the writes in between."""

    def __init__(self, number: int, data: bytes = b"") -> None:
        self.number = number
        self.live = bytearray(data)
        self.durable = bytearray(data)
        self.pending: list[tuple[int, bytes]] = []
        self.mtime = 0

    def write(self, offset: int, data: bytes) -> None:
        """Change what programs see; nothing of it is durable yet."""
        _lay(self.live, offset, data)
        self.pending.append((offset, data))
        self.mtime += 1

    def sync(self) -> None:
        """Make everything durable."""
        self.durable = bytearray(self.live)
        self.pending.clear()

    def forget(self) -> None:
        """Fail to sync as Linux may: pages are marked clean, but never reached the disk."""
        self.pending.clear()

    def after(self, pattern: Pattern, rng: random.Random) -> bytes:
        """Return what a power failure may leave of the file."""
        image = bytearray(self.durable)
        for offset, data in self._arriving(pattern, rng):
            _lay(image, offset, data)
        return bytes(image)

    def _arriving(self, pattern: Pattern, rng: random.Random) -> Iterator[tuple[int, bytes]]:
        if pattern == "kept":
            yield from self.pending
        elif pattern == "reordered":
            yield from rng.sample(self.pending, rng.randint(0, len(self.pending)))
        elif pattern != "lost":
            for offset, data in self.pending:
                for start, piece in _pieces(offset, data, SECTOR):
                    yield from self._torn(pattern, start, piece, rng)

    def _torn(self, pattern: Pattern, start: int, piece: bytes, rng: random.Random) -> Iterator[tuple[int, bytes]]:
        """One sector arrives, does not, or (with ``garbage`` or ``ruined``) hurts its place."""
        fate = rng.randint(0, 2)
        if fate == 0:
            yield start, piece
        elif fate == 1 and pattern == "garbage":
            yield start, rng.randbytes(len(piece))
        elif fate == 1 and pattern == "ruined":
            low = start // BLOCK * BLOCK
            yield low, rng.randbytes(max(0, min(BLOCK, len(self.live) - low)))


def _lay(image: bytearray, offset: int, data: bytes) -> None:
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


def _pieces(offset: int, data: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    end = offset + len(data)
    while offset < end:
        stop = min((offset // size + 1) * size, end)
        yield offset, data[: stop - offset]
        data, offset = data[stop - offset :], stop


class SimVolume:
    """A `Volume` in memory with one folder.

    Parameters
    ----------
    files
        Names and bytes that are durable from the start.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._next = 100
        self._live: dict[str, SimInode] = {}
        for name, data in files.items():
            self._live[name] = self._new(data)
        self._durable = dict(self._live)
        self._moves: list[dict[str, SimInode | None]] = []
        self._open: dict[int, SimInode] = {}

    def _new(self, data: bytes = b"") -> SimInode:
        self._next += 1
        return SimInode(self._next, data)

    def _at(self, name: str) -> SimInode:
        return self._live[name] if name in self._live else _fail(errno.ENOENT)

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

    def data(self, number: int) -> bytes | None:
        """Return the bytes of an inode, under whatever name; None if it has none."""
        return next((bytes(inode.live) for inode in self._live.values() if inode.number == number), None)

    def file(self, fd: int) -> SimInode:
        """Return the file behind a descriptor."""
        return self._open[fd]

    def power_loss(self, pattern: Pattern, seed: int = 0) -> SimVolume:
        """Return a volume as it may be found after the power failed now."""
        rng = random.Random(seed)
        names = dict(self._durable)
        for change in self._arriving_moves(pattern, rng):
            _rename(names, change)
        after = SimVolume({})
        after._next = self._next
        for name, inode in names.items():
            after._live[name] = SimInode(inode.number, inode.after(pattern, rng))
        after._durable = dict(after._live)
        return after

    def _arriving_moves(self, pattern: Pattern, rng: random.Random) -> Sequence[dict[str, SimInode | None]]:
        if pattern == "lost":
            return ()
        if pattern == "kept":
            return self._moves
        if pattern == "reordered":
            return [change for change in self._moves if rng.random() < 0.5]
        return self._moves[: rng.randint(0, len(self._moves))]

    def copy(self) -> SimVolume:
        """Return an independent copy, pending writes included."""
        return deepcopy(self)

    # -- looking -------------------------------------------------------------------------

    def exists(self, folder: str, name: str) -> bool:
        """Whether the name stands in the folder."""
        return name in self._live

    def inode(self, folder: str, name: str) -> int | None:
        """Inode number of a name."""
        return self._live[name].number if name in self._live else None

    def names(self, folder: str) -> list[str]:
        """All names."""
        return list(self._live)

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
            _fail(errno.EEXIST)
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
        return bytes(self._inode.live[offset : offset + length])

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
        """Do nothing: there is one folder."""

    def by_inode(self, inode: int) -> SimFile | None:
        """Return the member with this inode number."""
        return next((file for file in self.files if file.opened_as.inode == inode), None)


class FaultyVolume:
    """A volume whose n-th call goes wrong.

    Parameters
    ----------
    inner
        The volume behind it, simulated or real.
    at
        Which call, counted from 0; None: only count.
    code
        Error number to fail with; None: `Crash`.
    sticky
        Whether all later calls fail too.
    looking
        Whether calls that only look count and fail as well.

    Attributes
    ----------
    calls
        Names of the counted calls so far.
    """

    def __init__(
        self,
        inner: Volume,
        at: int | None = None,
        code: int | None = None,
        sticky: bool = False,
        looking: bool = False,
    ) -> None:
        self.inner = inner
        self.calls: list[str] = []
        self._at, self._code, self._sticky, self._looking = at, code, sticky, looking

    def _strikes(self) -> bool:
        """Count a call; say whether it is to fail."""
        if self._at is None:
            return False
        now = len(self.calls) - 1
        return now == self._at or (self._sticky and now > self._at)

    def _call(self, name: str, damage: Callable[[], object] = lambda: None) -> None:
        self.calls.append(name)
        if self._strikes():
            if self._code is None:
                raise Crash
            damage()
            _fail(self._code)

    def _look(self, name: str) -> None:
        if self._looking:
            self._call(name)

    def exists(self, folder: str, name: str) -> bool:
        """See `Volume`."""
        self._look("exists")
        return self.inner.exists(folder, name)

    def inode(self, folder: str, name: str) -> int | None:
        """See `Volume`."""
        self._look("inode")
        return self.inner.inode(folder, name)

    def names(self, folder: str) -> list[str]:
        """See `Volume`."""
        self._look("names")
        return self.inner.names(folder)

    def load(self, folder: str, name: str) -> bytes:
        """See `Volume`."""
        self._look("load")
        return self.inner.load(folder, name)

    def length(self, fd: int) -> int:
        """See `Volume`."""
        self._look("length")
        return self.inner.length(fd)

    def close(self, fd: int) -> None:
        """See `Volume`; never fails."""
        self.inner.close(fd)

    def create(self, folder: str, name: str) -> int:
        """See `Volume`."""
        self._call("create")
        return self.inner.create(folder, name)

    def open_edit(self, folder: str, name: str) -> int:
        """See `Volume`."""
        self._call("open_edit")
        return self.inner.open_edit(folder, name)

    def preallocate(self, fd: int, length: int) -> None:
        """See `Volume`; a full disk leaves half of it."""
        self._call("preallocate", lambda: self.inner.preallocate(fd, length // 2))
        self.inner.preallocate(fd, length)

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """See `Volume`; a failing write is a short one."""
        self._call("write_at", lambda: self.inner.write_at(fd, data[: len(data) // 2], offset))
        self.inner.write_at(fd, data, offset)

    def fill_at(self, fd: int, offset: int, length: int, byte: int) -> None:
        """See `Volume`; a failing write is a short one."""
        self._call("fill_at", lambda: self.inner.fill_at(fd, offset, length // 2, byte))
        self.inner.fill_at(fd, offset, length, byte)

    def sync(self, fd: int) -> None:
        """See `Volume`; a failing sync drops the pages."""
        self._call("sync", lambda: self._forget(fd))
        self.inner.sync(fd)

    def _forget(self, fd: int) -> None:
        if isinstance(self.inner, SimVolume):
            self.inner.file(fd).forget()

    def rename(self, folder: str, old: str, new: str) -> None:
        """See `Volume`."""
        self._call("rename")
        self.inner.rename(folder, old, new)

    def unlink(self, folder: str, name: str) -> None:
        """See `Volume`."""
        self._call("unlink")
        self.inner.unlink(folder, name)

    def sync_dir(self, folder: str) -> None:
        """See `Volume`."""
        self._call("sync_dir")
        self.inner.sync_dir(folder)
