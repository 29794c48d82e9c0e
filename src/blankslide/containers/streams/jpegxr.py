"""JPEG XR containers and where text may stand in them; no pixel is decoded here.

A container is a small directory like that of a TIFF, which says where the coded picture stands
and may hold titles, XMP, EXIF or comments from the program that wrote it. What the decoder needs
is a handful of tags; everything else in front of the picture, and everything that other tags
lead to, can be blanked without a change to any coefficient.

Promise: only directories and what they lead to is read. Bytes of the picture are never given
out, nor bytes behind it that no tag leads to: encoders do not all tell its length right.

Source: ITU-T T.832, annex A.
"""

from __future__ import annotations

from struct import iter_unpack, unpack_from
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import DamagedSlide
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.source import ByteSource

__all__ = ["asides"]

_MAGIC = b"II\xbc"
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8)
_ICC = 0x8773
#: Format of pixels, orientation, colour information, kind of picture; size, resolution; places and lengths.
_VITAL = frozenset((0xBC01, 0xBC02, 0xBC03, 0xBC04, *range(0xBC80, 0xBC84), *range(0xBCC0, 0xBCC6), 0xA001, _ICC))
_PLACES = ((0xBCC0, 0xBCC1), (0xBCC2, 0xBCC3))
_BELOW = (0x8769, 0x8825, 0xA005)
_MOST_ENTRIES = 512
_MOST_TEXT = 1 << 24


class _Entry(NamedTuple):
    tag: int
    at: int
    value: int
    span: tuple[int, int] | None


def asides(source: ByteSource, start: int, length: int) -> list[tuple[int, int, bytes]]:
    """Find what a container holds beside the picture.

    Parameters
    ----------
    source
        The file.
    start, length
        Where the container stands in it.

    Returns
    -------
    list of (start, end, bytes)
        Places in the file and what stands there but for zeros around it, of very long ones the beginning;
        none for what is no such container.
    """
    try:
        own, given = _read(source, start, length)
    except DamagedSlide:  # broken pictures are the readers' business
        return []
    out = []
    for low, high in subtract(merge(given), merge(own)):
        text = source.read(start + low, min(high - low, _MOST_TEXT)).strip(b"\0")
        out.append((start + low, start + high, text))
    return out


def _read(source: ByteSource, start: int, length: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return what the decoder needs, and what may hold text."""
    head = source.read(start, min(8, length))
    if len(head) < 8 or head[:3] != _MAGIC:
        return [], []
    (at,) = unpack_from("<I", head, 4)
    entries = _directory(source, start, length, at)
    known = {e.tag: e.value for e in entries}
    end = at + 6 + 12 * len(entries)
    own, given = [(0, 8), (at, end)], list[tuple[int, int]]()
    for place, size in _PLACES:
        first = known.get(place, 0)
        if first:
            own.append((first, min(length, first + known.get(size, 0)) if known.get(size) else length))
    picture = known.get(0xBCC0, 0)
    if not picture:
        return [], []
    for entry in entries:
        own, given = _sort(entry, own, given)
        if entry.tag in _BELOW:
            given += _below(source, start, length, entry.value)
    return own, [*given, (8, min(picture, length))]


def _sort(
    entry: _Entry, own: list[tuple[int, int]], given: list[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Add the value of one entry to where it belongs."""
    if entry.tag in _VITAL:
        return ([*own, entry.span] if entry.span else own), given
    if entry.span:
        return own, [*given, entry.span]
    if entry.tag in _BELOW:
        return own, given
    inline = (entry.at + 8, entry.at + 12)  # only this part of the directory may change
    return subtract(sorted(own), [inline]), [*given, inline]


def _below(source: ByteSource, start: int, length: int, at: int) -> list[tuple[int, int]]:
    """Everything of a directory that only says who, where and when."""
    try:
        entries = _directory(source, start, length, at)
    except DamagedSlide:
        return []
    return [(at, at + 6 + 12 * len(entries)), *(e.span for e in entries if e.span)]


def _directory(source: ByteSource, start: int, length: int, at: int) -> list[_Entry]:
    """Read one directory; places count from the container's start."""
    if at < 8 or at + 2 > length:
        raise DamagedSlide("a JPEG XR container has no directory")
    count = int.from_bytes(source.read(start + at, 2), "little")
    if count > _MOST_ENTRIES or at + 6 + 12 * count > length:
        raise DamagedSlide("a JPEG XR container's directory is cut off")
    out = []
    raw = source.read(start + at + 2, 12 * count)
    for i, (tag, kind, number, value) in enumerate(iter_unpack("<HHII", raw)):
        size = number * (_SIZES[kind] if kind < len(_SIZES) else 1)
        span = (value, value + size) if size > 4 else None
        if span and span[1] > length:
            raise DamagedSlide("a JPEG XR container's value is cut off")
        out.append(_Entry(tag, at + 2 + 12 * i, value, span))
    return out
