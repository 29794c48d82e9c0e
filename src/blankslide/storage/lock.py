"""One run at a time on a slide, and a look at who else has it open.

`hold` locks the slide's own descriptor (``flock``): nothing is created, and the lock goes
with the process. Where that is missing, a lock file beside the slide is created
exclusively; it names process, host and start of the system, so that one left by a dead process is taken over, even if
another process got its number after a restart. One without a record was left by a run that died in
the moment of creating it; after a while it counts as dead. Across hosts on a network share both are best effort.

`other_users` asks Linux for a lease, which is granted only while nobody else has the file
open. It is taken for an instant, and its signal is turned into one that is ignored, so a
stranger who opens the slide right then does not end us.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal

from blankslide.errors import SlideLocked
from blankslide.storage.journal import PREFIX
from blankslide.storage.system import UNSUPPORTED, guard, open_nofollow, write_all

if TYPE_CHECKING:
    from blankslide.storage.open_file import OpenFile
    from blankslide.storage.slide_files import SlideFilesOnDisk

Users = Literal["none", "reader", "writer", "unknown"]

_MOMENT = 60.0
"""Seconds after which a file that should have been written, or judged with, at once is nobody's any more."""


def _fcntl() -> Any:
    try:
        import fcntl
    except ImportError:
        return None
    return fcntl


@contextmanager
def hold(opened: SlideFilesOnDisk) -> Iterator[None]:
    """Hold the slide against every other run while the block lasts.

    Raises
    ------
    SlideLocked
        If another run holds it.
    """
    main = opened.files[0]
    if _flocked(main.fd):
        try:
            yield
        finally:
            _fcntl().flock(main.fd, _fcntl().LOCK_UN)
        return
    path = os.path.join(opened.folder, f"{PREFIX}{main.opened_as.inode}.lock")
    fd = _lock_file(path)
    try:
        yield
    finally:
        _release(fd, path)


def _flocked(fd: int) -> bool:
    """Lock the descriptor; False where the system or the file system cannot."""
    fcntl = _fcntl()
    native: Callable[[int, int], None] | None = getattr(fcntl, "flock", None)
    if native is None:
        return False
    with guard("lock the slide"):
        try:
            native(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SlideLocked("another run is working on this slide", "wait until it has finished") from None
        except OSError as error:
            if error.errno not in UNSUPPORTED and error.errno != errno.ENOLCK:
                raise
            return False
    return True


# -- the second way: a lock file ---------------------------------------------------------


def _lock_file(path: str) -> int:
    """Create the lock file, or take over one whose process is dead; return its descriptor."""
    with guard("lock the slide"):
        fd = _create(path)
        if fd is None:
            # Only one run at a time may judge and remove a dead lock, else the second could
            # remove the fresh lock of the first.
            judge = path + ".tmp"
            if _is_old(judge) and _is_dead(judge):
                with suppress(FileNotFoundError):
                    os.unlink(judge)
            judging = _create(judge)
            if judging is None:
                raise _locked()
            try:
                if _is_dead(path):
                    with suppress(FileNotFoundError):
                        os.unlink(path)
                    fd = _create(path)
            finally:
                _release(judging, judge)
        if fd is None:
            raise _locked()
        return fd


def _locked() -> SlideLocked:
    return SlideLocked(
        "another run is working on this slide",
        "if it is certain that none is, remove the .blankslide-….lock file beside the slide",
    )


def _create(path: str) -> int | None:
    import json
    from socket import gethostname

    try:
        fd = open_nofollow(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return None
    record = {"pid": os.getpid(), "host": gethostname(), "boot": _boot()}
    try:
        write_all(fd, json.dumps(record).encode(), 0)
    except BaseException:
        _release(fd, path)  # a full disk: a lock without a record would be in everybody's way
        raise
    return fd


def _boot() -> str:
    """Return what tells one start of this system from another, or nothing where it does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read(64).strip()
    except (OSError, ValueError):
        return ""


def _is_old(path: str) -> bool:
    """Whether a file has stood unchanged for longer than anybody needs between two steps."""
    try:
        return time.time() - os.lstat(path).st_mtime > _MOMENT
    except OSError:
        return False


def _is_dead(path: str) -> bool:
    """Whether the lock's process has certainly ended; a record that makes no sense says nothing.

    None at all says that its maker died before it wrote one, unless it is doing so this very moment.
    """
    import json
    from socket import gethostname

    try:
        with open(open_nofollow(path, os.O_RDONLY), "rb") as file:
            raw = file.read(4096)
        if not raw.strip(b"\0"):  # zeros: the power failed before the record was durable
            return _is_old(path)
        record = json.loads(raw)
        pid, host, boot = int(record["pid"]), str(record["host"]), str(record.get("boot", ""))
    except FileNotFoundError:
        return True
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    if host != gethostname() or pid <= 0:
        return False
    if boot and _boot() and boot != _boot():
        return True
    if os.name != "posix":
        return _can_remove(path)
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
    return False


def _can_remove(path: str) -> bool:
    """On Windows a file that is open cannot be removed, and signal 0 would end the process."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _release(fd: int, path: str) -> None:
    """Close first: Windows cannot remove an open file."""
    os.close(fd)
    with suppress(FileNotFoundError):
        os.unlink(path)


# -- who else ----------------------------------------------------------------------------


def other_users(opened: SlideFilesOnDisk) -> Users:
    """Say who else has the main file open: nobody, readers, a writer, or we cannot know.

    Descriptors of this process count as others too, so ask before a reader opens the slide.
    """
    fcntl = _fcntl()
    if fcntl is None or not hasattr(fcntl, "F_SETLEASE"):
        return "unknown"
    main = opened.files[0]
    try:
        if _granted(fcntl, main.fd, fcntl.F_WRLCK):
            return "none"
        if opened.write:
            return _seen_in_proc(main)
        return "reader" if _granted(fcntl, main.fd, fcntl.F_RDLCK) else "writer"
    except OSError:
        return "unknown"


def is_written(opened: SlideFilesOnDisk) -> bool:
    """Whether somebody has one of the files open for writing, as far as the system tells; none of ours may be."""
    fcntl = _fcntl()
    for file in opened.files:
        try:
            if fcntl is None or not hasattr(fcntl, "F_SETLEASE"):
                return False
            if not _granted(fcntl, file.fd, fcntl.F_RDLCK):
                return True
        except OSError:  # no leases on this file system, or the file is another user's
            with suppress(OSError):
                for pid, fd in _descriptors(file):
                    with suppress(OSError):
                        if _writes(pid, fd):
                            return True
    return False


def only_here(opened: SlideFilesOnDisk) -> bool:
    """Whether the other user that a lease tells of is this very process, as far as can be seen."""
    main = opened.files[0]
    found = {pid for pid, _ in _descriptors(main)}
    return found == {str(os.getpid())}


def _granted(fcntl: Any, fd: int, kind: int) -> bool:
    from signal import SIGURG

    fcntl.fcntl(fd, fcntl.F_SETSIG, SIGURG)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, kind)
    except BlockingIOError:
        return False
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return True


def _seen_in_proc(file: OpenFile) -> Users:
    """Look for the other user among the processes we may look into.

    Our own writing descriptor hides from the lease whether the other one writes.
    """
    found: Users = "unknown"
    for pid, fd in _descriptors(file):
        with suppress(OSError):
            if _writes(pid, fd):
                return "writer"
            found = "reader"
    return found


def _descriptors(file: OpenFile) -> Iterator[tuple[str, str]]:
    """Yield process and descriptor of every other one on the file that we may see."""
    own = (str(os.getpid()), str(file.fd))
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if (pid, fd) != own and _is_same(f"/proc/{pid}/fd/{fd}", file):
                    yield pid, fd


def _is_same(link: str, file: OpenFile) -> bool:
    with suppress(OSError):
        seen = os.stat(link)
        return stat.S_ISREG(seen.st_mode) and (seen.st_dev, seen.st_ino) == file.opened_as[:2]
    return False


def _writes(pid: str, fd: str) -> bool:
    with open(f"/proc/{pid}/fdinfo/{fd}", "rb") as info:
        flags = next(line.split()[1] for line in info if line.startswith(b"flags:"))
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY
