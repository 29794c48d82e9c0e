"""Which mount an open file lies on, and what that mount does with bytes that are written over.

A path says little about it: a single file can be mounted over another one (containers do that),
and then its folder is not the folder that its inode lives in. Linux tells the mount of each
descriptor. Where it does not, devices are compared, and nothing more is known.

Promise: reads only, never raises for a system that cannot answer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import NamedTuple

_FLAGS = 0x80086601
_JOURNALS_DATA = 0x4000
_EXT = ("ext2", "ext3", "ext4")


class Mount(NamedTuple):
    """One line of the mount table: file system, options of mount and of file system, device."""

    kind: str
    options: frozenset[str]
    device: str


def mount_id(fd: int) -> int | None:
    """Return the number of the mount that a descriptor was opened through, or None."""
    try:
        with open(f"/proc/self/fdinfo/{fd}", "rb") as info:
            return next((int(line.split()[1]) for line in info if line.startswith(b"mnt_id:")), None)
    except (OSError, ValueError, IndexError):
        return None


def is_apart(fds: Iterable[int], folder: str) -> bool:
    """Whether one of some open files lies on another mount, or another device, than a folder.

    Raises
    ------
    OSError
        If the folder cannot be looked at.
    """
    flags: int | None = getattr(os, "O_PATH", None)
    its = None
    if flags is not None:
        place = os.open(folder, flags | os.O_CLOEXEC)
        try:
            its = mount_id(place)
        finally:
            os.close(place)
    if its is not None:  # overlays give files and folders of one mount different devices
        return any(mount_id(fd) not in (its, None) for fd in fds)
    device = os.stat(folder).st_dev
    return any(os.fstat(fd).st_dev != device for fd in fds)


def mount_of(fd: int) -> Mount | None:
    """Return the mount that a descriptor was opened through, or None."""
    number = mount_id(fd)
    if number is None:
        return None
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as table:
            for line in table:
                left, _, right = line.partition(" - ")
                fields = left.split()
                if fields[0] == str(number):
                    kind, _, options = right.split()[:3]
                    return Mount(kind, frozenset((*fields[5].split(","), *options.split(","))), fields[2])
    except (OSError, ValueError, IndexError):
        return None
    return None


def keeps_lower_layer(mount: Mount) -> bool:
    """Whether a file that is written to is moved up first, so that its old bytes stay below."""
    return any(word in mount.kind for word in ("overlay", "aufs", "unionfs"))


def journals_data(fd: int, mount: Mount) -> bool:
    """Whether what is written goes through the file system's own journal, which may keep older bytes."""
    if mount.kind not in _EXT:
        return False
    if "data=journal" in mount.options | _all_options(mount):
        return True
    try:
        from fcntl import ioctl

        flags = bytearray(8)
        ioctl(fd, _FLAGS, flags)
    except (ImportError, OSError):
        return False
    return bool(int.from_bytes(flags[:4], sys.byteorder) & _JOURNALS_DATA)


def _all_options(mount: Mount) -> frozenset[str]:
    """Ask the file system itself: the mount table leaves out what the disk's own superblock demands."""
    try:
        name = os.path.basename(os.readlink(f"/sys/dev/block/{mount.device}"))
        with open(f"/proc/fs/{mount.kind}/{name}/options", encoding="ascii", errors="replace") as options:
            return frozenset(line.strip() for line in options)
    except OSError:
        return frozenset()
