"""The redo journal: everything that is going to be, nothing that was.

One file beside the slide, ``.blankslide-<inode>``, holds the final image of every touched
block, so that an interrupted edit can only be finished. It names no slide and no path and
holds no removed value and no digest of one; files are known by inode, size and digests of
kept bytes. A SHA-256 over everything ends it: a journal is complete or it is nothing.
While it is written and while it is wiped it carries the name ``….tmp``; under that name it
means nothing and may be removed by anybody.

Promise: `decode` returns a journal whose every field was checked, or raises `SlidePending`.
The layout is described in ``docs/journal-format.md``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import InternalError, SlidePending
from blankslide.storage.journal_names import PREFIX, TEMP, find, find_in, journal_name, leftover_temp, temp_name

if TYPE_CHECKING:
    from blankslide.storage.blocks import Block, Range

__all__ = [
    "MAGIC",
    "PREFIX",
    "TEMP",
    "VERSION",
    "FileMark",
    "Journal",
    "Renaming",
    "decode",
    "encode",
    "find",
    "find_in",
    "journal_name",
    "leftover_temp",
    "temp_name",
]

MAGIC = b"\x89BLSJ\r\n\x1a"
VERSION = 1

_START = struct.Struct("<8sHHI")
_RECORD = struct.Struct("<BBHIQQ")
_DATA, _FILL = 0, 1
_SUM = 32


class FileMark(NamedTuple):
    """How a file of the slide is recognised: see `blocks.kept_digest` and `blocks.near_digest`."""

    inode: int
    size: int
    kept: str
    near: str


class Renaming(NamedTuple):
    """What happens last to the name of an inode: a new name, or None to remove it."""

    inode: int
    to: str | None


class Journal(NamedTuple):
    """A journal's content.

    Attributes
    ----------
    id
        Random transaction id.
    tool, profile, format
        What made it, under which policy profile, for which format.
    files
        One mark for each file; the first is the slide's main file.
    ranges
        For each file what patches cover, sorted and disjoint.
    blocks
        Final images in the order of writing.
    renames
        Final renamings and removals.
    """

    id: str
    tool: str
    profile: str
    format: str
    files: tuple[FileMark, ...]
    ranges: tuple[tuple[Range, ...], ...]
    blocks: tuple[Block, ...]
    renames: tuple[Renaming, ...] = ()


# -- bytes -------------------------------------------------------------------------------


def encode(journal: Journal) -> bytes:
    """Return the journal as it stands on disk."""
    from hashlib import sha256

    header = _header(journal)
    parts = [_START.pack(MAGIC, VERSION, 0, len(header)), header]
    for block in journal.blocks:
        kind = _FILL if block.data is None else _DATA
        parts.append(_RECORD.pack(kind, block.byte, block.file, block.rank, block.offset, block.length))
        if block.data is not None:
            parts.append(block.data)
    body = b"".join(parts)
    return body + sha256(body).digest()


def _header(journal: Journal) -> bytes:
    import json

    fields = {
        "id": journal.id,
        "tool": journal.tool,
        "profile": journal.profile,
        "format": journal.format,
        "files": journal.files,
        "ranges": journal.ranges,
        "records": len(journal.blocks),
        "renames": journal.renames,
    }
    return json.dumps(fields, separators=(",", ":"), sort_keys=True).encode("ascii")


def decode(data: bytes) -> Journal:
    """Read a journal back.

    Raises
    ------
    SlidePending
        If it is damaged, or was made by a version that we do not understand.
    """
    from hashlib import sha256

    if len(data) < _START.size + _SUM or data[:8] != MAGIC:
        raise _damaged()
    body = memoryview(data)[:-_SUM]
    if sha256(body).digest() != data[-_SUM:]:
        raise _damaged()
    _, version, _, length = _START.unpack_from(body)
    if version != VERSION:
        raise SlidePending("the journal was made by another version", "run recover with the version that made it")
    try:
        return _parse(body, length)
    except (ValueError, TypeError, KeyError, LookupError, struct.error):
        raise _damaged() from None


def _damaged() -> SlidePending:
    return SlidePending(
        "the journal is damaged and was left alone",
        "check the disk; the slide can be planned anew after the journal is moved away",
    )


def _parse(body: memoryview, length: int) -> Journal:
    import json

    start = _START.size + length
    fields = json.loads(bytes(body[_START.size : start]))
    files = tuple(FileMark(_whole(i), _whole(s), str(k), str(n)) for i, s, k, n in fields["files"])
    if not files:
        raise ValueError
    ranges = tuple(_ranges(spans, mark.size) for spans, mark in zip(fields["ranges"], files, strict=True))
    blocks = _blocks(body, start, _whole(fields["records"]), files)
    _require_own(blocks, ranges, files)
    renames = tuple(Renaming(_whole(inode), None if to is None else _plain(to)) for inode, to in fields["renames"])
    return Journal(
        id=str(fields["id"]),
        tool=str(fields["tool"]),
        profile=str(fields["profile"]),
        format=str(fields["format"]),
        files=files,
        ranges=ranges,
        blocks=blocks,
        renames=renames,
    )


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return value


def _plain(name: object) -> str:
    from blankslide.storage.slide_files import require_component

    try:
        return require_component(str(name))
    except InternalError:
        raise ValueError from None


def _ranges(spans: Sequence[Sequence[int]], size: int) -> tuple[Range, ...]:
    out = tuple((_whole(start), _whole(end)) for start, end in spans)
    edges = [edge for span in out for edge in span]
    if edges != sorted(edges) or (edges and edges[-1] > size):
        raise ValueError
    return out


def _blocks(body: memoryview, position: int, count: int, files: Sequence[FileMark]) -> tuple[Block, ...]:
    from blankslide.storage.blocks import Block  # looking for a journal needs no blocks

    blocks = []
    for _ in range(count):
        kind, byte, file, rank, offset, length = _RECORD.unpack_from(body, position)
        position += _RECORD.size
        if kind not in (_DATA, _FILL) or offset + length > files[file].size:
            raise ValueError
        data = None
        if kind == _DATA:
            data = bytes(body[position : position + length])
            position += length
            if len(data) != length:
                raise ValueError
        blocks.append(Block(file, offset, length, data, byte, rank))
    if position != len(body):
        raise ValueError
    return tuple(blocks)


def _require_own(blocks: Sequence[Block], ranges: Sequence[Sequence[Range]], files: Sequence[FileMark]) -> None:
    """Require that the records are the whole blocks around the ranges, each of them once, and nothing else.

    The digests that prove whose journal it is go by the ranges: a record beside them would be written unproven.
    """
    from blankslide.spans import merge
    from blankslide.storage.blocks import touched

    for number, mark in enumerate(files):
        spans = [(b.offset, b.offset + b.length) for b in blocks if b.file == number]
        whole = merge(spans)
        once = sum(end - start for start, end in spans) == sum(end - start for start, end in whole)
        if not once or whole != touched(ranges[number], mark.size):
            raise ValueError
