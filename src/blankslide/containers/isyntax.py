"""iSyntax: where the header ends, and where the coded blocks behind it stand.

Layout: an XML header, ended by the byte 4 (behind CR LF); then a seek table, or none; then
wavelet blocks. Tables are little-endian DICOM tags. A block table in the header either names
each block's place itself or leaves it to the seek table; a newer header lists clusters of
blocks. This module gives spans and knows no name of any attribute.

Promise: coded data is never read, only tables are. Counts and lengths are checked before
anything is made of them, with numpy, since a slide has half a million blocks. Blocks usually
stand behind a tag of eight bytes of their own, which belongs to them.

Source: libisyntax's description of the format; the project's format map, section 6.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.containers.xml import MAX_BYTES
from blankslide.errors import DamagedSlide

if TYPE_CHECKING:
    import numpy as np

    from blankslide.source import ByteSource

    Numbers = np.ndarray[Any, np.dtype[np.int64]]

END = 4
MAX_ELEMENTS = 1 << 18
"""More elements than any header has; each costs memory."""

_STEP = 1 << 20
_SEEK_TABLE = struct.pack("<HH", 0x301D, 0x2015)
_OPEN_ENDED = 0xFFFFFFFF
_ENTRY, _PARTIAL, _FULL = 40, 48, 80
_TAG = struct.Struct("<HHI")
_ITEM = (0xFFFE, 0xE000)
_NO_ITEM = (0xFFFE, 0xE0DD)
_CLUSTER_PARTS = 6


class Places(NamedTuple):
    """Offsets and lengths of coded blocks or clusters, as far as they are there."""

    starts: Numbers
    lengths: Numbers


class Tissue(NamedTuple):
    """End of the tables that stand behind the header, and all coded blocks."""

    table_end: int
    places: Places


def header(source: ByteSource) -> bytes:
    """Read the header, without its end mark.

    Raises
    ------
    DamagedSlide
        If it does not end within reasonable length, or has more elements than any.
    """
    parts = []
    for pos in range(0, min(source.size, MAX_BYTES), _STEP):
        part = source.read(pos, min(_STEP, source.size - pos))
        at = part.find(END)
        parts.append(part if at < 0 else part[:at])
        if at >= 0:
            data = b"".join(parts)
            if data.count(b"<") > MAX_ELEMENTS:
                raise DamagedSlide("the header has more elements than any slide's")
            return data
    raise DamagedSlide("the header does not end")


def tissue(source: ByteSource, start: int, blocks: bytes | None, clusters: bytes | None) -> Tissue:
    """Locate everything behind the header.

    Parameters
    ----------
    start
        The byte behind the header's end mark.
    blocks, clusters
        The header's table of blocks or of clusters, decoded.

    Raises
    ------
    DamagedSlide
        If a table is not what it announces, or leads outside the file.
    """
    end, places = start, None
    if blocks is not None:
        places = _block_places(blocks)
        if places is None:
            end, places = _seek_places(source, start)
    elif clusters is not None:
        places = _cluster_places(clusters)
    found = _checked(places or _no_places(), end, source.size)
    return Tissue(end, _with_heads(found, end))


def _no_places() -> Places:
    import numpy as np

    return Places(np.zeros(0, np.int64), np.zeros(0, np.int64))


def _checked(places: Places, low: int, high: int) -> Places:
    """Leave out blocks that are not there, and sort; numbers of 64 bits come as they are, so also below zero."""
    import numpy as np

    there = (places.lengths != 0) & (places.starts != 0)
    starts, lengths = places.starts[there], places.lengths[there]
    if ((starts < low) | (lengths < 0) | (starts > high) | (lengths > high - starts)).any():
        raise DamagedSlide("a coded block points outside the file, or into its header")
    order = np.lexsort((lengths, starts))
    starts, lengths = starts[order], lengths[order]
    # empty blocks may all be one
    again = np.concatenate(([False], (starts[1:] == starts[:-1]) & (lengths[1:] == lengths[:-1])))[: len(starts)]
    return Places(starts[~again], lengths[~again])


def _with_heads(places: Places, low: int) -> Places:
    """Give each block the tag in front of it, where exactly its eight bytes are between it and the block before."""
    import numpy as np

    if not len(places.starts):
        return places
    before = np.concatenate(([low], places.starts[:-1] + places.lengths[:-1]))
    heads = np.where(places.starts - before == _TAG.size, _TAG.size, 0)
    return Places(places.starts - heads, places.lengths + heads)


# -- tables of blocks --------------------------------------------------------------------


def _block_places(table: bytes) -> Places | None:
    """Read a table of blocks; None if it leaves their places to the seek table."""
    import numpy as np

    size = int.from_bytes(table[:4], "little")
    if size == 0 and len(table) >= 4:
        return None
    first = _TAG.unpack_from(table, 4) if len(table) >= 12 else (0, 0, 0)
    stride = first[2] + _TAG.size
    if first[:2] != _ITEM or stride not in (_PARTIAL, _FULL) or size != len(table) - 4 or size % stride:
        raise DamagedSlide("the header's table of blocks is not as long as it says")
    rows = np.frombuffer(table, np.uint8, size, 4).reshape(-1, stride)
    if (rows[:, : _TAG.size] != rows[0, : _TAG.size]).any():
        raise DamagedSlide("the header's table of blocks has entries of different lengths")
    return None if stride == _PARTIAL else Places(_number(rows, 44), _number(rows, 60))


def _number(rows: Any, at: int) -> Numbers:
    """A column of 64-bit numbers."""
    import numpy as np

    return np.ascontiguousarray(rows[:, at : at + 8]).view("<i8")[:, 0].astype(np.int64)


def _seek_places(source: ByteSource, start: int) -> tuple[int, Places]:
    """Read the seek table; return where it ends."""
    import numpy as np

    head = source.read(start, _TAG.size)
    if head[:4] != _SEEK_TABLE:
        raise DamagedSlide("there is no seek table behind the header")
    length = int.from_bytes(head[4:], "little")
    start += _TAG.size
    data = _open_ended(source, start) if length == _OPEN_ENDED else source.read(start, length)
    if len(data) % _ENTRY:
        raise DamagedSlide("the seek table is not as long as it says")
    rows = np.frombuffer(data, np.uint8).reshape(-1, _ENTRY)
    if (rows[:, 8:16] != np.frombuffer(_TAG.pack(0x301D, 0x2010, 8), np.uint8)).any():
        raise DamagedSlide("the seek table holds something else than places")
    end = start + len(data)
    if length == _OPEN_ENDED and source.size - end >= 8 and _TAG.unpack(source.read(end, 8)) == (*_NO_ITEM, 0):
        end += _TAG.size
    return end, Places(_number(rows, 16), _number(rows, 32))


def _open_ended(source: ByteSource, start: int) -> bytes:
    """Read entries for as long as they look like one: the length is not stated."""
    mark = _TAG.pack(0x301D, 0x2010, 8)
    parts = []
    step = _ENTRY << 12
    for pos in range(start, min(source.size, start + MAX_BYTES), step):
        part = source.read(pos, min(step, source.size - pos))
        count = next((i for i in range(len(part) // _ENTRY) if part[i * _ENTRY + 8 : i * _ENTRY + 16] != mark), -1)
        if count >= 0 or len(part) < step:
            parts.append(part[: (count if count >= 0 else len(part) // _ENTRY) * _ENTRY])
            break
        parts.append(part)
    return b"".join(parts)


# -- tables of clusters ------------------------------------------------------------------


def _cluster_places(table: bytes) -> Places:
    """Read a table of clusters: each from its first block to its own end or that of its last block."""
    import numpy as np

    size = int.from_bytes(table[:4], "little")
    if len(table) < 4 or size > len(table) - 4:
        raise DamagedSlide("the header's table of clusters is not as long as it says")
    found = []
    pos, end = 4, 4 + size
    while pos < end:
        body = _value(table, pos, end, _ITEM)
        pos += _TAG.size + len(body)
        if body:
            found.append(_cluster(body))
    if any(not 0 <= number < 1 << 62 for pair in found for number in pair):
        raise DamagedSlide("a cluster of blocks points outside the file")
    both = np.array(found, np.int64).reshape(-1, 2)
    return Places(both[:, 0], both[:, 1])


def _value(table: bytes, pos: int, end: int, tag: tuple[int, int] | None = None) -> bytes:
    if pos + _TAG.size > end:
        raise DamagedSlide("the header's table of clusters is cut off")
    group, element, length = _TAG.unpack_from(table, pos)
    if (tag is not None and (group, element) != tag) or length > end - pos - _TAG.size:
        raise DamagedSlide("the header's table of clusters is not as long as it says")
    return table[pos + _TAG.size : pos + _TAG.size + length]


def _cluster(body: bytes) -> tuple[int, int]:
    """Offset and length of one cluster: corner, template, offset, length, then its blocks' offsets and lengths."""
    import numpy as np

    parts: list[bytes] = []
    pos = 0
    while pos < len(body) and len(parts) < _CLUSTER_PARTS:
        parts.append(_value(body, pos, len(body)))
        pos += _TAG.size + len(parts[-1])
    if len(parts) != _CLUSTER_PARTS or len(parts[2]) != 8 or len(parts[3]) != 8 or len(parts[4]) != len(parts[5]):
        raise DamagedSlide("a cluster of blocks does not say where it stands")
    if len(parts[4]) % 4:
        raise DamagedSlide("a cluster of blocks does not say where its blocks stand")
    offsets, lengths = (np.frombuffer(part, "<u4").astype(np.int64) for part in parts[4:])
    own = int.from_bytes(parts[3], "little")
    return int.from_bytes(parts[2], "little"), max([own, *(offsets + lengths).tolist()])
