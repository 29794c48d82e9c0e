"""Say what a TIFF shall look like, get the file and a record of where everything stands.

Writers made for users hide what a parser must be tested with: integer types, values out of
line, sharing, order, holes. Here a `Page` is a dict of tags plus coded strips, and nothing
is decided behind the caller's back except where he is silent. First every part gets its
place (`_Allocator`), then the bytes are made, since a directory may stand before or after
what it points to. Parts never overlap: a file with an overlap is made by patching a sound
one, for which the returned `Layout` names each offset.

Holes are seeked over: a blob at 20 GB costs nothing on a file system with sparse files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from blankslide.samples.kit.tiff_layout import Blob, EntrySpot, Layout, Page, PageSpot
from blankslide.samples.kit.tiff_values import IFD, IFD8, LONG, LONG8, WIDTH, Value, pack

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EXIF_IFD", "GPS_IFD", "SUB_IFDS", "Blob", "EntrySpot", "Layout", "Page", "PageSpot", "Part", "write_tiff"]

SUB_IFDS, EXIF_IFD, GPS_IFD = 330, 34665, 34853
_STRIPS = (273, 279)
_TILES = (324, 325)

Part = Literal["strips", "ifd", "values"]


class _Allocator:
    """Gives out places and collects the bytes that go there."""

    def __init__(self, start: int, align: int, filler: bytes) -> None:
        self.cursor = start
        self.align = align
        self.filler = filler
        self.shared: dict[str, int] = {}
        self.chunks: list[tuple[int, bytes]] = []
        self.gaps: list[tuple[int, int]] = []

    def reserve(self, size: int, share: str = "") -> int:
        """Return the offset of ``size`` bytes; a known ``share`` returns its first place again."""
        if share and share in self.shared:
            return self.shared[share]
        if self.filler:
            self.gaps.append((self.cursor, len(self.filler)))
            self.chunks.append((self.cursor, self.filler))
            self.cursor += len(self.filler)
        at = -(-self.cursor // self.align) * self.align
        self.cursor = at + size
        if share:
            self.shared[share] = at
        return at

    def blob(self, blob: Blob) -> tuple[int, int]:
        """Place one strip and keep its bytes."""
        known = blob.share in self.shared
        if blob.at is None:
            at = self.reserve(len(blob.data), blob.share)
        else:
            at = self.shared.setdefault(blob.share, blob.at) if blob.share else blob.at
        if not known:
            self.chunks.append((at, blob.data))
        return at, len(blob.data)


class _Node:
    """A page on its way into the file."""

    def __init__(self, page: Page, big: bool) -> None:
        self.page = page
        self.big = big
        self.spot = PageSpot()
        self.kids = {tag: [_Node(p, big) for p in pages] for tag, pages in page.children.items()}
        self.spot.children = {tag: [k.spot for k in kids] for tag, kids in self.kids.items()}
        self.pair = _TILES if page.tiled else _STRIPS

    def tags(self) -> list[int]:
        """All tags of the directory, sorted as the standard wants."""
        auto = self.pair if self.page.strips else ()
        return sorted({*self.page.tags, *auto, *self.kids})

    def shape(self, tag: int) -> tuple[int, int]:
        """Type and true number of values of an entry."""
        if tag in self.page.tags:
            value = self.page.tags[tag]
            return value.type, value.length
        count = len(self.kids[tag]) if tag in self.kids else len(self.page.strips)
        return self.page.types.get(tag, self._widest(tag)), count

    def _widest(self, tag: int) -> int:
        if tag == SUB_IFDS:
            return IFD8 if self.big else IFD
        return LONG8 if self.big else LONG

    def value(self, tag: int) -> Value:
        """Return the value itself; offsets must be known by now."""
        if tag in self.page.tags:
            return self.page.tags[tag]
        if tag in self.kids:
            return Value(self.shape(tag)[0], tuple(k.spot.at for k in self.kids[tag]))
        column = self.pair.index(tag)
        return Value(self.shape(tag)[0], tuple(s[column] for s in self.spot.strips))

    def walk(self) -> Iterator[_Node]:
        """Yield the page, then its children."""
        yield self
        for kids in self.kids.values():
            for kid in kids:
                yield from kid.walk()

    def place(self, part: Part, room: _Allocator) -> None:
        """Find the place of one part."""
        if part == "strips":
            self._place_strips(room)
        elif part == "ifd":
            self._place_directory(room)
        else:
            self._place_values(room)

    def _place_strips(self, room: _Allocator) -> None:
        blobs = [s if isinstance(s, Blob) else Blob(s) for s in self.page.strips]
        order = range(len(blobs)) if self.page.disk_order is None else self.page.disk_order
        placed = {i: room.blob(blobs[i]) for i in order}
        self.spot.strips = [placed[i] for i in range(len(blobs))]

    def _place_directory(self, room: _Allocator) -> None:
        head, entry, tail = (8, 20, 8) if self.big else (2, 12, 4)
        count = len(self.tags())
        self.spot.at = room.reserve(head + entry * count + tail)
        self.spot.next_at = self.spot.at + head + entry * count

    def _place_values(self, room: _Allocator) -> None:
        limit = 8 if self.big else 4
        for tag in self.tags():
            kind, count = self.shape(tag)
            given = self.page.tags.get(tag)
            size = WIDTH[kind] * count
            inline = size <= limit and not (given and given.outline)
            at = -1 if inline else room.reserve(size, given.share if given else "")
            announced = count if given is None or given.count is None else given.count
            self.spot.entries[tag] = EntrySpot(tag, kind, announced, 0, at, size, inline)

    def emit(self, room: _Allocator, order: str, following: int) -> None:
        """Make the bytes of directory and values."""
        head, entry = (8, 20) if self.big else (2, 12)
        tags = self.tags()
        out = [struct.pack(order + ("Q" if self.big else "H"), len(tags))]
        for i, tag in enumerate(tags):
            at = self.spot.at + head + entry * i
            out.append(self._entry(tag, at, room, order))
        out.append(struct.pack(order + ("Q" if self.big else "L"), following))
        room.chunks.append((self.spot.at, b"".join(out)))

    def _entry(self, tag: int, at: int, room: _Allocator, order: str) -> bytes:
        old = self.spot.entries[tag]
        field_at = at + (12 if self.big else 8)
        data = pack(self.value(tag), order)
        spot = replace(old, at=at, value_at=field_at if old.inline else old.value_at)
        self.spot.entries[tag] = spot
        head = struct.pack(order + ("HHQ" if self.big else "HHL"), tag, spot.type, spot.count)
        if spot.inline:
            return head + data.ljust(8 if self.big else 4, b"\0")
        room.chunks.append((spot.value_at, data))
        return head + struct.pack(order + ("Q" if self.big else "L"), spot.value_at)


def write_tiff(
    path: Path,
    pages: Sequence[Page],
    *,
    big: bool = False,
    byteorder: Literal["<", ">"] = "<",
    order: Sequence[Part] = ("strips", "ifd", "values"),
    by: Literal["page", "part"] = "page",
    disk_order: Sequence[int] | None = None,
    filler: bytes = b"",
) -> Layout:
    """Write a TIFF file.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    pages
        Top-level directories in chain order.
    big
        BigTIFF rather than classic TIFF.
    byteorder
        ``<`` little or ``>`` big endian.
    order
        Order of the parts of a page on disk.
    by
        ``page``: all parts of a page together; ``part``: one part of all pages together
        (then only the first page's ``at`` counts).
    disk_order
        Order of the pages on disk, as indexes; default chain order.
    filler
        Bytes that nobody points to, put before every part.

    Raises
    ------
    ValueError
        If an offset does not fit its type, or two parts would overlap.
    """
    nodes = [_Node(page, big) for page in pages]
    room = _Allocator(16 if big else 8, 8 if big else 2, filler)
    on_disk = nodes if disk_order is None else [nodes[i] for i in disk_order]
    _place_all(on_disk, room, order, by)
    try:
        for node, follower in zip(nodes, [*nodes[1:], None], strict=True):
            node.emit(room, byteorder, follower.spot.at if follower else 0)
            for kid in node.walk():
                if kid is not node:
                    kid.emit(room, byteorder, 0)
        room.chunks.append((0, _header(big, byteorder, nodes[0].spot.at if nodes else 0)))
    except struct.error as error:
        raise ValueError("an offset or value does not fit its integer type") from error
    size = _save(path, room.chunks)
    return Layout(size, big, byteorder, 8 if big else 4, tuple(n.spot for n in nodes), tuple(room.gaps))


def _place_all(nodes: Sequence[_Node], room: _Allocator, order: Sequence[Part], by: str) -> None:
    groups = [[node] for node in nodes] if by == "page" else [list(nodes)]
    for group in groups:
        if group[0].page.at is not None:
            room.cursor = group[0].page.at
        for part in order:
            for top in group:
                for node in top.walk():
                    node.place(part, room)


def _header(big: bool, order: str, first: int) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    if big:
        return mark + struct.pack(order + "HHHQ", 43, 8, 0, first)
    return mark + struct.pack(order + "HL", 42, first)


def _save(path: Path, chunks: list[tuple[int, bytes]]) -> int:
    """Write the chunks in order of offset, leaving holes between them."""
    chunks = sorted(dict.fromkeys(chunks))
    end = 0
    with path.open("wb") as file:
        for at, data in chunks:
            if at < end:
                raise ValueError("two parts of the file would overlap")
            if at > end:
                file.seek(at)
            file.write(data)
            end = at + len(data)
    return end
