"""Whether the overwrite reached the old bytes, or they are still on the medium.

On file systems that overwrite, the physical extents of the touched ranges are the same
before and after. Copy-on-write moves them; a clone or snapshot shares them. Linux tells
where a range lies (FIEMAP); anywhere else, and where its answer is vague, the verdict is
*unknown*. Extents say nothing about the layer below an overlay, nor about an ext4 journal that
holds data: `at_best` knows these. What a flash drive does below its block addresses no host can see.

Promise: reads only, never raises for a file system that cannot answer.
"""

from __future__ import annotations

import os
import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.model import Medium

_FIEMAP = 0xC020660B
_HEAD = struct.Struct("=QQLLLL")
_EXTENT = struct.Struct("=QQQQQLLLL")
_AT_ONCE = 64

_LAST = 0x1
_NO_ADDRESS = 0x2 | 0x4 | 0x8 | 0x200  # unknown, delayed, encoded, inline
_UNWRITTEN = 0x800
_SHARED = 0x2000


class Extent(NamedTuple):
    """``length`` bytes of the file at ``logical`` lie on the device at ``physical``."""

    logical: int
    physical: int
    length: int
    flags: int


Extents = tuple[Extent, ...]


def snapshot(fd: int, spans: Sequence[tuple[int, int]]) -> Extents | None:
    """Return where the ranges lie on the device, or None if the system does not say.

    Parameters
    ----------
    fd
        The open file.
    spans
        Byte ranges, sorted.
    """
    try:
        from fcntl import ioctl
    except ImportError:
        return None
    found: list[Extent] = []
    try:
        for start, end in spans:
            found.extend(_extents(ioctl, fd, start, end))
    except OSError:
        return None
    return tuple(found)


def _extents(ioctl: Callable[[int, int, bytearray], object], fd: int, start: int, end: int) -> Iterator[Extent]:
    """Ask for the extents of one range, a few at once, and cut them to it."""
    while start < end:
        buffer = bytearray(_HEAD.size + _AT_ONCE * _EXTENT.size)
        _HEAD.pack_into(buffer, 0, start, end - start, 0, 0, _AT_ONCE, 0)
        ioctl(fd, _FIEMAP, buffer)
        count = _HEAD.unpack_from(buffer)[3]
        for i in range(count):
            logical, physical, length, _, _, flags, *_ = _EXTENT.unpack_from(buffer, _HEAD.size + i * _EXTENT.size)
            low, high = max(logical, start), min(logical + length, end)
            yield Extent(low, physical + low - logical, high - low, flags)
            if flags & _LAST:
                return
            following = logical + length
        if count < _AT_ONCE:
            return
        start = following


def judge(before: Extents | None, after: Extents | None) -> Medium:
    """Compare where the touched ranges lay and lie.

    Returns
    -------
    Medium
        ``shared`` if another file or snapshot has them too, ``relocated`` if they moved,
        ``overwritten`` if they did not, else ``unknown``.
    """
    if before is None or after is None:
        return "unknown"
    if any(extent.flags & _SHARED for extent in (*before, *after)):
        return "shared"
    if any(extent.flags & _NO_ADDRESS for extent in (*before, *after)):
        return "unknown"
    # What was never written held nothing: only what had bytes before is compared.
    old = _joined([extent for extent in before if not extent.flags & _UNWRITTEN])
    new = _joined(list(after))
    starts = [now.logical for now in new]
    stayed = all(_stayed(new, bisect_right(starts, extent.logical) - 1, extent) for extent in old)
    return "overwritten" if stayed else "relocated"


def _stayed(new: Sequence[Extent], nearest: int, extent: Extent) -> bool:
    """Whether an old extent lies in the new one that begins last before it; new ones do not overlap."""
    return nearest >= 0 and _contains(new[nearest], extent)


def at_best(fd: int) -> Medium:
    """Return the best that can be said of bytes written over in this file, wherever its extents lie.

    An overlay moves a file up before it is written to and leaves the old one below; ext4 with
    ``data=journal``, or a file with ``chattr +j``, has sent its bytes through a journal of its own.
    """
    from blankslide.storage.mounts import journals_data, keeps_lower_layer, mount_of

    mount = mount_of(fd)
    if mount is None:
        return "overwritten"
    if keeps_lower_layer(mount):
        return "relocated"
    return "unknown" if journals_data(fd, mount) else "overwritten"


def judge_all(
    before: Sequence[Extents | None], after: Sequence[Extents | None], at_best: Sequence[Medium] = ()
) -> Medium:
    """Judge several files: the worst verdict counts; unknown is worse than overwritten."""
    verdicts = [judge(old, new) for old, new in zip(before, after, strict=True)]
    if verdicts:
        verdicts.extend(at_best)
    order: tuple[Medium, ...] = ("shared", "relocated", "unknown")
    return next((verdict for verdict in order if verdict in verdicts), "overwritten" if verdicts else "unknown")


def _joined(extents: list[Extent]) -> list[Extent]:
    """Join what continues in the file and on the device; flags no longer matter."""
    out: list[Extent] = []
    for extent in sorted(extents):
        last = out[-1] if out else None
        if last and (last.logical + last.length, last.physical + last.length) == extent[:2]:
            out[-1] = last._replace(length=last.length + extent.length)
        else:
            out.append(extent)
    return out


def _contains(now: Extent, extent: Extent) -> bool:
    return (
        now.logical - now.physical == extent.logical - extent.physical
        and now.logical <= extent.logical
        and extent.logical + extent.length <= now.logical + now.length
    )


def filesystem(path: str | os.PathLike[str]) -> str:
    """Name of the file system that holds ``path`` (``ext4``), or ``unknown``."""
    real = os.path.realpath(path)
    best, name = "", "unknown"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                left, _, right = line.partition(" - ")
                point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), left.split()[4])
                # Later lines cover earlier ones at the same point.
                if len(point) >= len(best) and os.path.commonpath((point, real)) == point:
                    best, name = point, right.split()[0]
    except OSError:
        return "unknown"
    return name
