"""Write the 64-bit variety of TIFF that Hamamatsu's scanners make.

Like `tiffwriter`: a `Page` is a dict of tags plus one coded strip, and the returned `Layout`
says where everything stands. Here all text is out of line, next pointers and offsets have
64 bits, and each directory ends with one high word for each entry. Tags keep the order in
which they are given, since real files do not sort them either.

Holes are seeked over: a page placed at 9 GB costs nothing where files can be sparse.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.samples.kit.tiff_layout import Blob, EntrySpot, Layout, Page, PageSpot
from blankslide.samples.kit.tiff_values import ASCII, LONG, Value, pack

if TYPE_CHECKING:
    from pathlib import Path

STRIP_OFFSETS, STRIP_BYTE_COUNTS = 273, 279
_HEADER = 12


class _Room:
    """Gives out places one behind the other and collects the bytes that go there."""

    def __init__(self) -> None:
        self.cursor = _HEADER
        self.chunks: list[tuple[int, bytes]] = []
        self._shared: dict[str, int] = {}

    def put(self, data: bytes, share: str = "") -> int:
        """Place data; a known ``share`` returns its first place again."""
        if share in self._shared:
            return self._shared[share]
        at = self.cursor + self.cursor % 2
        self.chunks.append((at, data))
        self.cursor = at + len(data)
        if share:
            self._shared[share] = at
        return at


def write_ndpi(path: Path, pages: Sequence[Page]) -> Layout:
    """Write the pages in the order given.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    pages
        Directories in chain order, each with exactly one strip; ``at`` starts a page elsewhere.

    Raises
    ------
    ValueError
        If a page is placed before the end of the one before it.
    """
    room = _Room()
    spots = []
    pointer = 4
    for page in pages:
        if page.at is not None:
            if page.at < room.cursor:
                raise ValueError("a page cannot stand before the one that was written before it")
            room.cursor = page.at
        spot = _page(page, room)
        room.chunks.append((pointer, struct.pack("<Q", spot.at)))
        pointer = spot.next_at
        spots.append(spot)
    room.chunks += [(0, b"II*\0"), (pointer, bytes(8))]
    size = _save(path, room)
    return Layout(size, False, "<", 4, tuple(spots), ())


def _page(page: Page, room: _Room) -> PageSpot:
    spot = PageSpot()
    (blob,) = page.strips
    strip = blob.data if isinstance(blob, Blob) else blob
    at = room.put(strip)
    spot.strips = [(at, len(strip))]
    # a place that has 64 bits is given to the writer as such and split below
    tags = {**page.tags, STRIP_OFFSETS: Value(LONG, (at,)), STRIP_BYTE_COUNTS: Value(LONG, (len(strip),))}
    outline = {tag: room.put(pack(v, "<"), v.share) for tag, v in tags.items() if _is_outline(v)}
    count = len(tags)
    spot.at = room.put(bytes(2 + 12 * count + 8 + 4 * count))
    room.chunks.pop()
    spot.next_at = spot.at + 2 + 12 * count
    table, high = [struct.pack("<H", count)], []
    for i, (tag, value) in enumerate(tags.items()):
        number = value.length if value.count is None else value.count
        field = spot.at + 2 + 12 * i
        word = outline[tag].to_bytes(8, "little") if tag in outline else _inline(value)
        table.append(struct.pack("<HHL", tag, value.type, number) + word[:4])
        high.append(word[4:])
        length = len(pack(value, "<")) if tag in outline else len(_inline(value).rstrip(b"\0"))
        spot.entries[tag] = EntrySpot(
            tag, value.type, number, field, outline.get(tag, field + 8), length, tag not in outline
        )
    room.chunks += [(spot.at, b"".join(table)), (spot.next_at + 8, b"".join(high))]
    return spot


def _is_outline(value: Value) -> bool:
    if value.type == ASCII:
        return not value.outline  # the liberty a file may take here is the other way round
    return value.length != 1 or (value.type != LONG and len(pack(value, "<")) > 4)


def _inline(value: Value) -> bytes:
    """Eight bytes: the entry's field and its high word."""
    if value.type == LONG and not isinstance(value.items, bytes):
        return int(value.items[0]).to_bytes(8, "little")
    return pack(value, "<").ljust(8, b"\0")


def _save(path: Path, room: _Room) -> int:
    end = 0
    with path.open("wb") as file:
        for at, data in sorted(room.chunks):
            file.seek(at)
            file.write(data)
            end = max(end, at + len(data))
    return end
