"""Which series a DICOM slide belongs to: its Series Instance UID, and nothing else of it.

To tell the slides of a folder apart, every file in it is looked at. So this reads only as far as
that one attribute of files whose meta information calls them whole-slide images, top level only,
without a dictionary and without recursion: sequences are stepped over by their length, or walked
through by counting how deep they nest. Little and big endian, explicit and implicit VR, and
deflated data are understood; all lengths are checked.

A run over a folder of many slides asks about each file once a slide. So what a file said is kept for
as long as the file stays as it is (`Memory`), and asking again costs one look at its dates.

Promise: None for anything that is not such a file; at most 1 MiB is read, and no file is opened here.

Source: DICOM PS3.5 sections 7 and A, PS3.10 section 7.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

SERIES = (0x0020, 0x000E)
SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
_CLASS, _SYNTAX = (0x0002, 0x0002), (0x0002, 0x0010)
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_IMPLICIT, _DEFLATED, _BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
_STEP, _MOST = 1 << 13, 1 << 20
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)


T = TypeVar("T")
State = tuple[int, int, int, int, int]


class Memory(Generic[T]):
    """What was read from the beginnings of files, as long as the files are the same.

    A file that changed a moment ago may change again without its dates showing it, because clocks of
    file systems tick slowly: what such a file says is not kept.
    """

    _MOST, _TICK = 1 << 17, 100_000_000

    def __init__(self) -> None:
        self._known: dict[State, T] = {}

    def ask(self, state: State | None, read: Callable[[], T]) -> T:
        """Return what ``read`` said of the file in this state, or ask it.

        Parameters
        ----------
        state
            Device, inode, size, and times of the last change of content and of anything, in nanoseconds;
            None if that is not known.
        """
        if state is None:
            return read()
        if state in self._known:
            return self._known[state]
        begun = time.time_ns()
        said = read()
        if max(state[3:]) + self._TICK < begun:
            if len(self._known) >= self._MOST:
                self._known.clear()
            self._known[state] = said
        return said


def series_in(file: BinaryIO) -> str | None:
    """Return the Series Instance UID of a slide's file, which is open at its beginning; None if it is none.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    start = file.read(_STEP)
    return _in(start, file) if start[128:132] == b"DICM" else None


def _in(start: bytes, file: BinaryIO) -> str | None:
    data = start
    while True:
        try:
            return _found(data)
        except (struct.error, IndexError):  # it goes on behind what was read so far
            more = file.read(len(data)) if len(data) < _MOST else b""
            if not more:
                return None
            data += more


def _found(data: bytes) -> str | None:
    """Look for the series in the first bytes of a file; `struct.error` if more of it is needed."""
    kind, syntax, at = "", "", 132
    while data[at : at + 2] == b"\2\0":
        tag, start, length = _element(data, at, "<", True)
        if tag == _SYNTAX:
            syntax = _text(data, start, length)
        elif tag == _CLASS:
            kind = _text(data, start, length)
        at = start + length
    if at + 8 > len(data):
        raise IndexError
    if kind != SLIDE:
        return None
    if syntax == _DEFLATED:
        data, at = _inflated(data[at:]), 0
    return _walk(data, at, ">" if syntax == _BIG else "<", syntax != _IMPLICIT)


def _walk(data: bytes, at: int, order: str, explicit: bool) -> str | None:
    depth = 0
    while True:
        tag, start, length = _element(data, at, order, explicit)
        if tag in (_ITEM_END, _SEQUENCE_END):
            depth, at = depth - 1, start
        elif length == _UNDEFINED:
            depth, at = depth + 1, start
        elif depth == 0 and tag == SERIES:
            return _text(data, start, length) or None
        elif depth < 0 or (depth == 0 and tag > SERIES):
            return None
        else:
            at = start + length


def _element(data: bytes, at: int, order: str, explicit: bool) -> tuple[tuple[int, int], int, int]:
    """Return tag, start of the value and its length."""
    group, element, vr = struct.unpack_from(order + "HH2s", data, at)
    if group != 0xFFFE and explicit:
        if vr not in _LONG:
            return (group, element), at + 8, struct.unpack_from(order + "H", data, at + 6)[0]
        return (group, element), at + 12, struct.unpack_from(order + "I", data, at + 8)[0]
    return (group, element), at + 8, struct.unpack_from(order + "I", data, at + 4)[0]


def _text(data: bytes, start: int, length: int) -> str:
    if start + length > len(data):
        raise IndexError
    return data[start : start + min(length, 64)].decode("latin-1").strip("\0 ")


def _inflated(data: bytes) -> bytes:
    import zlib

    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _MOST)
    except zlib.error:
        raise IndexError from None
