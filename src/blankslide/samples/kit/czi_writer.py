"""A small writer of CZI files that says where everything came to stand.

Segments follow each other as ZEN writes them: header, tiles, XML, deleted segments, attachments,
the directories last. Lengths are rounded up to 32 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

BGR24 = 3
_MULTI_TILE = 2


@dataclass(frozen=True, slots=True)
class TilePart:
    """One tile: place and size on the slide, size of the coded picture, its bytes and metadata."""

    box: tuple[int, int, int, int]
    stored: tuple[int, int]
    data: bytes
    compression: int = 0
    text: bytes = b""
    number: int = 0
    pixels: int = BGR24
    mask: bytes = b""


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """One attachment."""

    name: str
    kind: str
    data: bytes
    guid: UUID


@dataclass(slots=True)
class CziLayout:
    """The file, and where its parts stand.

    Attributes
    ----------
    xml
        Where the XML begins.
    tiles, texts
        Offset and length of each tile's coded data, and where its metadata begins.
    attachments
        Offset and length of each attachment's data.
    guids
        Every binary GUID with its places.
    deleted
        Where the content of each deleted segment begins.
    segments
        Name and offset of each segment.
    """

    data: bytes = b""
    xml: int = 0
    tiles: list[tuple[int, int]] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    attachments: list[tuple[int, int]] = field(default_factory=list)
    guids: dict[UUID, list[int]] = field(default_factory=dict)
    deleted: list[int] = field(default_factory=list)
    segments: list[tuple[str, int]] = field(default_factory=list)


class _Row:
    """Segments one behind the other."""

    def __init__(self, layout: CziLayout) -> None:
        self.out, self.layout = bytearray(), layout

    @property
    def at(self) -> int:
        return len(self.out)

    def add(self, name: str, body: bytes) -> int:
        start, room = self.at, -(-len(body) // 32) * 32
        self.out += struct.pack("<16sqq", name.encode(), room, len(body)) + body.ljust(room, b"\0")
        self.layout.segments.append((name, start))
        return start


def write_czi(
    guid: UUID,
    tiles: Sequence[TilePart],
    xml: bytes,
    attachments: Sequence[AttachmentPart] = (),
    deleted: Sequence[bytes] = (),
) -> CziLayout:
    """Write one file into memory.

    Parameters
    ----------
    guid
        The file's own GUID, and that of its first part.
    """
    layout = CziLayout()
    row = _Row(layout)
    row.add("ZISRAWFILE", bytes(512))
    entries = [_tile(row, part) for part in tiles]
    layout.xml = row.at + 288
    metadata = row.add("ZISRAWMETADATA", struct.pack("<ii248x", len(xml), 0) + xml)
    for content in deleted:
        layout.deleted.append(row.add("DELETED", content) + 32)
    listed = [_attachment(row, part) for part in attachments]
    directory = row.add("ZISRAWDIRECTORY", struct.pack("<i124x", len(entries)) + b"".join(entries))
    names = row.add("ZISRAWATTDIR", struct.pack("<i252x", len(listed)) + b"".join(listed))
    for i, part in enumerate(attachments):
        layout.guids.setdefault(part.guid, []).append(names + 32 + 256 + 128 * i + 24)
    head = struct.pack("<4i16s16siqqiq", 1, 0, 0, 0, guid.bytes_le, guid.bytes_le, 0, directory, metadata, 0, names)
    row.out[32 : 32 + len(head)] = head
    layout.guids.setdefault(guid, []).extend((48, 64))
    layout.data = bytes(row.out)
    return layout


def _tile(row: _Row, part: TilePart) -> bytes:
    x, y, width, height = part.box
    coarse = part.stored != (width, height)
    axes = [("X", x, width, part.stored[0]), ("Y", y, height, part.stored[1]), ("C", 0, 1, 1), ("S", 0, 1, 1)]
    axes += [] if coarse else [("M", part.number, 1, 1)]
    kind = _MULTI_TILE if coarse else 0
    entry = struct.pack("<2siqiiB5xi", b"DV", part.pixels, row.at, 0, part.compression, kind, len(axes))
    entry += b"".join(struct.pack("<4siifi", n.encode(), first, size, first, stored) for n, first, size, stored in axes)
    sizes = struct.pack("<iiq", len(part.text), len(part.mask), len(part.data))
    head = (sizes + entry).ljust(256, b"\0")
    at = row.at + 32 + len(head)
    row.layout.texts.append(at)
    row.layout.tiles.append((at + len(part.text), len(part.data)))
    row.add("ZISRAWSUBBLOCK", head + part.text + part.data + part.mask)
    return entry


def _attachment(row: _Row, part: AttachmentPart) -> bytes:
    kind, name = part.kind.encode(), part.name.encode()
    entry = struct.pack("<2s10xqi16s8s80s", b"A1", row.at, 0, part.guid.bytes_le, kind, name)
    row.layout.attachments.append((row.at + 288, len(part.data)))
    row.layout.guids.setdefault(part.guid, []).append(row.at + 32 + 16 + 24)
    row.add("ZISRAWATTACH", struct.pack("<q8x", len(part.data)) + entry + bytes(112) + part.data)
    return entry
