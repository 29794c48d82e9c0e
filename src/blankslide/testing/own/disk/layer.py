"""A layer between Python and the system, for the calls by which a disk can be changed.

It stands in the place of the functions of `os` (and of the few other ways in which Python writes to files), looks at
what is done below one folder, and lets everything else pass. Each call that may change the disk, or begins to by
opening a file, counts. What is done with the n-th one is up to whoever made the layer: nothing (all are recorded), an
error in its place, or the end of the process by SIGKILL right before it.

It is made of Python and needs no rights, no compiler and nothing to be installed, and costs microseconds. What it
cannot see are calls that C code makes by itself; a test with strace, where there is one, shows that there are none.

Promise: everything is as before when the ``with`` block ends.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from blankslide.storage.copies import volume as copies
from blankslide.testing.own.disk.events import (
    Event,
    Made,
    Moved,
    Said,
    Sized,
    Synced,
    SyncedFolder,
    Wrote,
)

__all__ = ["Call", "Layer", "Strike", "kill", "kill_half_way", "refuse"]

Strike = Callable[["Call"], None]
"""Asked before each call; it may raise what the call would, or end the process."""

_os = {name: getattr(os, name) for name in dir(os)}
"""The system's own functions: the layer itself must not be asked again by what it does."""
_open = builtins.open
_ENDLESS = 50_000
_CREATES = os.O_CREAT | os.O_TRUNC


class Call(NamedTuple):
    """A call that may change the disk.

    Attributes
    ----------
    number
        Counted from 1.
    name
        Of the system call.
    where
        The last component of the path it is about.
    part
        Does the first half of it, where there are halves.
    """

    number: int
    name: str
    where: str
    part: Callable[[], object]


def kill(number: int) -> Strike:
    """End the process right before a call."""

    def strike(call: Call) -> None:
        if call.number == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return strike


def kill_half_way(number: int) -> Strike:
    """End the process when half of a call is done."""

    def strike(call: Call) -> None:
        if call.number == number:
            call.part()
            os.kill(os.getpid(), signal.SIGKILL)

    return strike


def refuse(number: int, code: int, *, sticky: bool = False, partly: bool = False) -> Strike:
    """Let a call fail, and all that follow if it is to stick; if partly, its first half is done before."""

    def strike(call: Call) -> None:
        if call.number == number or (sticky and call.number > number):
            if partly:
                call.part()
            raise OSError(code, os.strerror(code))

    return strike


@contextmanager
def _instead(holder: Any, name: str, value: object) -> Iterator[None]:
    """Put something in the place of an attribute."""
    old = getattr(holder, name)
    setattr(holder, name, value)
    try:
        yield
    finally:
        setattr(holder, name, old)


class Layer:
    """Records the calls below one folder, and strikes.

    Parameters
    ----------
    root
        The folder; all other files are none of its business.
    strike
        Asked before each call.
    skipped
        Says whether a call is to do nothing, as if it had been forgotten: to see whether anybody notices.

    Attributes
    ----------
    events
        What became of the disk.
    calls
        All calls so far.
    """

    def __init__(
        self, root: str, strike: Strike = lambda call: None, skipped: Callable[[Call], bool] = lambda call: False
    ) -> None:
        self.root = os.path.join(os.path.realpath(root), "")
        self.events: list[Event] = []
        self.calls: list[Call] = []
        self._strike, self._skipped = strike, skipped
        self._known: dict[int, str] = {os.stat(root).st_ino: self.root}
        for place, _, names in os.walk(root):
            self._known[os.stat(place).st_ino] = place
            self._known.update((os.lstat(os.path.join(place, n)).st_ino, os.path.join(place, n)) for n in names)

    def said(self, text: str) -> None:
        """Take note of something that was printed."""
        self.events.append(Said(text))

    @contextmanager
    def between(self) -> Iterator[Layer]:
        """Stand between Python and the system for the length of a ``with`` block."""
        own = {name.removeprefix("_do_"): name for name in dir(self) if name.startswith("_do_")}
        with ExitStack() as stack:
            for name, method in own.items():
                if name in _os:
                    stack.enter_context(_instead(os, name, getattr(self, method)))
            stack.enter_context(_instead(builtins, "open", self._opened))
            stack.enter_context(_instead(io, "open", self._opened))
            stack.enter_context(_instead(copies, "rename_to_free_name", self._renamed_to_free))
            yield self

    # -- what is ours, and what strikes --------------------------------------------------

    def _is_below(self, path: Any, dir_fd: int | None = None) -> bool:
        if dir_fd is not None or isinstance(path, int):
            return False
        return os.path.abspath(os.fsdecode(path)).startswith(self.root)

    def _node(self, fd: int) -> int:
        """Inode of a descriptor that leads below the root, else 0."""
        state = _os["fstat"](fd)
        return int(state.st_ino) if state.st_ino in self._known else 0

    def _comes(self, name: str, where: str, part: Callable[[], object] = lambda: None) -> bool:
        """Count a call, let it be struck, and say whether it is to be done."""
        call = Call(len(self.calls) + 1, name, os.path.basename(where), part)
        self.calls.append(call)
        assert len(self.calls) < _ENDLESS, "a run that does not end"
        self._strike(call)
        return not self._skipped(call)

    def _folder(self, path: str) -> tuple[int, str]:
        folder, name = os.path.split(os.path.abspath(path))
        return int(_os["stat"](folder).st_ino), name

    def _write_event(self, node: int, fd: int, offset: int, done: int) -> None:
        if done > 0:
            self.events.append(Wrote(node, offset, self._again(node, fd, offset, done)))

    def _again(self, node: int, fd: int, offset: int, length: int) -> bytes:
        """Read back what was written, by another descriptor: the own one may be for writing only."""
        with (
            _open(f"/proc/self/fd/{fd}", "rb")
            if os.path.exists("/proc/self/fd")
            else _open(self._known[node], "rb") as file
        ):
            file.seek(offset)
            return file.read(length)

    # -- names ---------------------------------------------------------------------------

    def _do_open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if not self._is_below(path, dir_fd):
            return int(_os["open"](path, flags, mode, dir_fd=dir_fd))
        text = os.fsdecode(path)
        is_new = bool(flags & _CREATES) and not os.path.lexists(text)
        self._comes("open", text)
        fd = int(_os["open"](path, flags, mode))
        if is_new:
            self._made(text, False)
        elif flags & os.O_TRUNC:
            self.events.append(Sized(self._node(fd), 0, True))
        return fd

    def _made(self, path: str, is_folder: bool) -> None:
        node = int(os.lstat(path).st_ino)
        self._known[node] = path
        self.events.append(Made(node, is_folder))
        self.events.append(Moved((), ((*self._folder(path), node),)))

    def _do_mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        ours = self._is_below(path, dir_fd)
        if ours and not os.path.lexists(path):
            self._comes("mkdir", os.fsdecode(path))
        _os["mkdir"](path, mode, dir_fd=dir_fd)
        if ours:
            self._made(os.fsdecode(path), True)

    def _gone(self, call: str, path: Any, dir_fd: int | None) -> None:
        if self._is_below(path, dir_fd) and os.path.lexists(path):
            if self._comes(call, os.fsdecode(path)):
                place = self._folder(os.fsdecode(path))
                _os[call](path)
                self.events.append(Moved((place,), ()))
            return
        _os[call](path, dir_fd=dir_fd)

    def _do_unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._gone("unlink", path, dir_fd)

    def _do_remove(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._gone("unlink", path, dir_fd)

    def _do_rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._gone("rmdir", path, dir_fd)

    def _do_link(self, src: Any, dst: Any, **more: Any) -> None:
        if not self._is_below(dst):
            return _os["link"](src, dst, **more)  # type: ignore[no-any-return]
        self._comes("link", os.fsdecode(dst))
        _os["link"](src, dst, **more)
        self.events.append(Moved((), ((*self._folder(os.fsdecode(dst)), int(os.lstat(dst).st_ino)),)))

    def _do_replace(self, src: Any, dst: Any, **more: Any) -> None:
        self._rename("rename", src, dst, lambda: _os["replace"](src, dst, **more))

    def _do_rename(self, src: Any, dst: Any, **more: Any) -> None:
        self._rename("rename", src, dst, lambda: _os["rename"](src, dst, **more))

    def _rename(self, call: str, src: Any, dst: Any, work: Callable[[], object]) -> object:
        if not self._is_below(dst):
            return work()
        if not self._comes(call, os.fsdecode(dst)):
            return True
        gone, come = self._folder(os.fsdecode(src)), self._folder(os.fsdecode(dst))
        node = int(os.lstat(src).st_ino)
        done = work()
        if not os.path.lexists(src):
            self._known[node] = os.fsdecode(dst)
            self.events.append(Moved((gone,), ((*come, node),)))
        return done

    def _renamed_to_free(self, source: str, target: str) -> bool:
        if os.path.lexists(target):
            raise copies.taken()
        self._rename("renameat2", source, target, lambda: _os["rename"](source, target))
        return True

    # -- bytes ---------------------------------------------------------------------------

    def _do_pwrite(self, fd: int, data: Any, offset: int) -> int:
        node = self._node(fd)
        view = memoryview(data).cast("B")
        if node:
            half = view[: len(view) // 2]
            if not self._comes(
                "pwrite64", self._known[node], lambda: self._raw(node, fd, _os["pwrite"](fd, half, offset), offset)
            ):
                return len(view)
        done = int(_os["pwrite"](fd, view, offset))
        if node:
            self._write_event(node, fd, offset, done)
        return done

    def _raw(self, node: int, fd: int, done: int, offset: int) -> None:
        self._write_event(node, fd, offset, done)

    def _do_write(self, fd: int, data: Any) -> int:
        node = self._node(fd)
        view = memoryview(data).cast("B")
        if node:

            def part() -> None:
                done = _os["write"](fd, view[: len(view) // 2])
                self._write_event(node, fd, _os["lseek"](fd, 0, os.SEEK_CUR) - done, done)

            if not self._comes("write", self._known[node], part):
                return len(view)
        done = int(_os["write"](fd, view))
        if node:
            self._write_event(node, fd, _os["lseek"](fd, 0, os.SEEK_CUR) - done, done)
        return done

    def _do_ftruncate(self, fd: int, length: int) -> None:
        node = self._node(fd)
        if node and not self._comes("ftruncate", self._known[node]):
            return
        _os["ftruncate"](fd, length)
        if node:
            self.events.append(Sized(node, length, True))

    def _do_posix_fallocate(self, fd: int, offset: int, length: int) -> None:
        node = self._node(fd)
        if node:
            self._comes("fallocate", self._known[node])
        _os["posix_fallocate"](fd, offset, length)
        if node:
            self.events.append(Sized(node, offset + length, False))

    def _do_copy_file_range(self, src: int, dst: int, count: int, at: int, to: int) -> int:
        node = self._node(dst)
        if node:
            self._comes("copy_file_range", self._known[node])
        done = int(_os["copy_file_range"](src, dst, count, at, to))
        if node:
            self._write_event(node, dst, to, done)
        return done

    # -- syncs ---------------------------------------------------------------------------

    def _do_fsync(self, fd: int) -> None:
        self._sync("fsync", fd)

    def _do_fdatasync(self, fd: int) -> None:
        self._sync("fdatasync", fd)

    def _sync(self, name: str, fd: int) -> None:
        node = self._node(fd)
        if not node:
            return _os[name](fd)  # type: ignore[no-any-return]
        if self._comes(name, self._known[node]):
            _os[name](fd)
            is_folder = stat.S_ISDIR(_os["fstat"](fd).st_mode)
            self.events.append(SyncedFolder(node) if is_folder else Synced(node))

    # -- files that Python writes to by itself --------------------------------------------

    def _opened(self, file: Any, mode: str = "r", buffering: int = -1, *args: Any, **more: Any) -> Any:
        """Open as `open` does, but let no byte be written that is not seen."""
        writes = set(mode) & set("wax+")
        if not writes or not (self._node(file) if isinstance(file, int) else self._is_below(file)):
            return _open(file, mode, buffering, *args, **more)
        raw = _Seen(self, file, mode.replace("b", "").replace("t", ""))
        binary: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return binary if "b" in mode else io.TextIOWrapper(binary, *args[:1], **more)


class _Seen(io.RawIOBase):
    """A raw file whose every call goes through `os`, where the layer stands."""

    def __init__(self, layer: Layer, file: Any, mode: str) -> None:
        flags = {"w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT | os.O_APPEND, "x": os.O_CREAT | os.O_EXCL, "r": 0}
        kind = os.O_RDWR if "+" in mode else os.O_WRONLY
        self._fd = file if isinstance(file, int) else layer._do_open(file, flags[mode[0]] | kind | os.O_CLOEXEC, 0o666)
        self._layer, self._reads = layer, "+" in mode

    def fileno(self) -> int:
        return self._fd

    def readable(self) -> bool:
        return self._reads

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return int(_os["lseek"](self._fd, offset, whence))

    def readinto(self, room: Any) -> int:
        data = _os["read"](self._fd, len(room))
        room[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        return self._layer._do_write(self._fd, data)

    def close(self) -> None:
        if not self.closed:
            try:
                super().close()
            finally:
                _os["close"](self._fd)
