"""TIFF and BigTIFF structure with the position of everything.

The parser reads directories, never pixels. It keeps, for each entry, where its value
stands, and for each directory, where the pointer to it stands, because an in-place editor
needs positions, not copies. Both byte orders, both sizes, every integer type for offsets
and counts, inline and out-of-line values, SubIFD, EXIF, GPS and interoperability children.

Promise: bounded and total. Every range is checked against the file's size before it is
read, every directory is visited once, numbers of directories and entries are capped, and so
is what all values take together, since many entries may point at the same bytes. For
any bytes the result is a `Tiff` or a `DamagedSlide`; time and memory are linear in the
directories and in the values that somebody asks for.

Source: TIFF 6.0 (1992); the BigTIFF design note; values up to 4 (8) bytes stand inline.
"""

# No `from __future__ import annotations`: each field of a tuple would be compiled again at every start.
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from blankslide.errors import DamagedSlide, NotASlide

if TYPE_CHECKING:
    from blankslide.source import ByteSource

MAX_IFDS = 1 << 14
MAX_ENTRIES = 4096
MAX_DEPTH = 16
_MAX_VALUES = 1 << 26
_ARRAY = 4096

#: Bytes of one value of each type; 129 is text in UTF-8 (EXIF 3.0).
TYPE_SIZE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
TYPE_SIZE[129] = 1
_CODE = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
INTEGER_TYPES = frozenset((1, 3, 4, 6, 8, 9, 13, 16, 17, 18))

NEW_SUBFILE_TYPE = 254
IMAGE_WIDTH = 256
IMAGE_LENGTH = 257
BITS_PER_SAMPLE = 258
COMPRESSION = 259
PHOTOMETRIC = 262
IMAGE_DESCRIPTION = 270
STRIP_OFFSETS = 273
SAMPLES_PER_PIXEL = 277
ROWS_PER_STRIP = 278
STRIP_BYTE_COUNTS = 279
PLANAR_CONFIGURATION = 284
PREDICTOR = 317
TILE_WIDTH = 322
TILE_LENGTH = 323
TILE_OFFSETS = 324
TILE_BYTE_COUNTS = 325
SUB_IFDS = 330
JPEG_TABLES = 347
YCC_SUBSAMPLING = 530
JPEG_INTERCHANGE = 513
JPEG_INTERCHANGE_LENGTH = 514
EXIF_IFD = 34665
ICC_PROFILE = 34675
GPS_IFD = 34853
INTEROP_IFD = 40965
CHILD_TAGS = {SUB_IFDS: "sub", EXIF_IFD: "EXIF", GPS_IFD: "GPS", INTEROP_IFD: "interoperability"}

CODECS = {
    1: "raw",
    2: "CCITT",
    5: "LZW",
    6: "old JPEG",
    7: "JPEG",
    8: "Deflate",
    32773: "PackBits",
    32946: "Deflate",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    50000: "Zstd",
    50001: "WebP",
}


class Entry(NamedTuple):
    """One directory entry; its value stands in ``[start, end)``.

    ``pos`` is where the entry itself begins; ``inline`` the value's bytes when they stand
    inside the entry, else None.
    """

    tag: int
    type: int
    number: int
    pos: int
    start: int
    end: int
    inline: bytes | None


class Aside(NamedTuple):
    """Bytes ``[start, end)`` that a directory, called ``where``, points at beside its picture, and that are not blank.

    ``kind`` says in one word where they stand: ``surplus`` (more than the grid needs), ``numbers`` (its places),
    ``pointer`` (tags 513 and 514), ``tables``, ``tile``. ``new`` takes their place: nothing stands for zeros, None
    for what can only be told of. ``slot`` is the strip, tile or value in which they stand, and no other: from what else
    reaches over them nothing may be taken.
    """

    where: str
    kind: str
    start: int
    end: int
    new: bytes | None = b""
    slot: tuple[int, int] = (0, 0)


class Ifd:
    """One image file directory.

    Attributes
    ----------
    name
        ``page 3`` for the chain, ``page 3 EXIF`` for children.
    offset, end
        The directory's own bytes, the next-pointer included.
    pointer
        Where the pointer to this directory stands.
    next_pos, next
        Where its own next-pointer stands, and what that says (0 at the end).
    entries
        All entries in file order, duplicates included.
    tags
        First entry of each tag.
    """

    __slots__ = (
        "_numbers", "_segments", "children", "end", "entries", "name", "next", "next_pos", "offset", "pointer", "tags",
        "tiff",
    )  # fmt: skip

    def __init__(self, tiff: "Tiff", name: str, offset: int, pointer: int) -> None:
        self.tiff = tiff
        self.name = name
        self.offset = offset
        self.pointer = pointer
        self.children: list[Ifd] = []
        self._segments: tuple[Sequence[int], Sequence[int]] | None = None
        self._numbers: dict[int, int] = {}
        self.entries, self.end, self.next_pos, self.next = tiff.read_directory(offset, name)
        self.tags: dict[int, Entry] = {entry[0]: entry for entry in reversed(self.entries)}

    def raw(self, entry: Entry) -> bytes:
        """Bytes of an entry's value."""
        if entry.inline is not None:
            return entry.inline
        return self.tiff.source.read(entry.start, entry.end - entry.start)

    def text(self, tag: int) -> str | None:
        """Return a text value up to its first NUL (Latin-1, so bytes and characters agree)."""
        entry = self.tags.get(tag)
        if entry is None:
            return None
        return self.raw(entry).split(b"\0", 1)[0].decode("latin-1")

    def ints(self, tag: int) -> Sequence[int]:
        """All values of an integer tag; empty if absent.

        Returns
        -------
        A tuple of int, or beyond 4,096 values a read-only numpy array of the tag's type.

        Raises
        ------
        DamagedSlide
            If the tag has no integer type.
        """
        entry = self.tags.get(tag)
        return () if entry is None else self.tiff.integers(self, entry)

    def number(self, tag: int, default: int = 0) -> int:
        """First value of an integer tag; negative values are not expected and read as large ones."""
        known = self._numbers.get(tag)
        if known is not None:  # sizes and codecs are asked for a dozen times
            return known
        entry = self.tags.get(tag)
        if entry is None:
            return default
        _, kind, count, _, _, _, inline = entry
        if not count:
            return default
        if inline is not None and kind in INTEGER_TYPES:
            value = int.from_bytes(inline if count == 1 else inline[: TYPE_SIZE[kind]], self.tiff.byteorder)
        else:
            value = int(self.tiff.integers(self, entry)[0])
        self._numbers[tag] = value
        return value

    @property
    def is_tiled(self) -> bool:
        """Whether the page is stored in tiles."""
        return TILE_OFFSETS in self.tags or TILE_WIDTH in self.tags

    def segments(self) -> tuple[Sequence[int], Sequence[int]]:
        """Offsets and byte counts of the strips or tiles.

        Raises
        ------
        DamagedSlide
            If one of the two is missing.
        """
        if self._segments is not None:
            return self._segments
        tiled = TILE_OFFSETS in self.tags
        where = self.tags.get(TILE_OFFSETS if tiled else STRIP_OFFSETS)
        # tiles of some writers carry the strip tag for the counts
        count = self.tags.get(TILE_BYTE_COUNTS) or self.tags.get(STRIP_BYTE_COUNTS)
        if where is None or count is None:
            raise DamagedSlide(f"{self.name} has no offsets or no byte counts of its image data")
        self._segments = self.tiff.integers(self, where), self.tiff.integers(self, count)
        return self._segments

    def family(self) -> "Iterator[Ifd]":
        """Yield this directory and all its children, depth first."""
        yield self
        for child in self.children:
            yield from child.family()


class Tiff:
    """A parsed file; directories are read on first use of `pages`.

    Parameters
    ----------
    source
        The file.

    Attributes
    ----------
    thorough
        Whether formats look into every tile for text instead of the first of each level.
    asides
        What formats found beside pictures.
    slack
        Directory, start and end of bytes of value fields that no value uses and that are not zero.

    Raises
    ------
    NotASlide
        If the header is not one of TIFF or BigTIFF.
    """

    def __init__(self, source: "ByteSource") -> None:
        self.source = source
        self.size = source.size
        head = source.read(0, 16) if self.size >= 16 else source.read(0, self.size)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        magic = struct.unpack(order + "H", head[2:4])[0] if order and len(head) >= 8 else 0
        if order is None or magic not in (42, 43):
            raise NotASlide("not a TIFF file")
        self.order = order
        self.thorough = False
        self.slack: list[tuple[str, int, int]] = []
        self.asides: list[Aside] = []
        self.byteorder: Literal["little", "big"] = "little" if order == "<" else "big"
        self.big = magic == 43
        if self.big and (len(head) < 16 or struct.unpack(order + "HH", head[4:8]) != (8, 0)):
            raise DamagedSlide("the BigTIFF header is damaged")
        self.width = 8 if self.big else 4
        self.first_pos = 8 if self.big else 4
        self.header_size = 16 if self.big else 8
        self._count = struct.Struct(order + ("Q" if self.big else "H"))
        self._entry = struct.Struct(order + ("HHQ8s" if self.big else "HHI4s"))
        self._pointer = struct.Struct(order + ("Q" if self.big else "I"))
        self._seen: set[int] = set()
        self._values = 0
        self._pages: list[Ifd] | None = None
        self._first: Ifd | None = None
        (self._first_offset,) = self._pointer.unpack_from(head, self.first_pos)

    @property
    def first(self) -> Ifd:
        """The first directory, without walking the chain."""
        if self._first is None:
            if not self._first_offset:
                raise DamagedSlide("the TIFF file has no directory")
            self._first = Ifd(self, "page 0", self._first_offset, self.first_pos)
        return self._first

    @property
    def pages(self) -> list[Ifd]:
        """The whole chain with children, each directory once.

        Raises
        ------
        DamagedSlide
            On a loop, a pointer outside the file, or more directories than any slide has.
        """
        if self._pages is None:
            pages = [self.first]
            while pages[-1].next:
                if len(pages) >= MAX_IFDS:
                    raise DamagedSlide(f"more than {MAX_IFDS} directories")
                last = pages[-1]
                pages.append(Ifd(self, f"page {len(pages)}", last.next, last.next_pos))
            for page in pages:
                self._read_children(page, 0)
            self._pages = pages
        return self._pages

    def forget(self) -> None:
        """Let go of the directories: they and the file refer to each other, and would wait for the collector."""
        self._pages = self._first = None

    def _read_children(self, ifd: Ifd, depth: int) -> None:
        for tag in ifd.tags.keys() & CHILD_TAGS.keys():
            if depth >= MAX_DEPTH:
                raise DamagedSlide(f"directories are nested deeper than {MAX_DEPTH}")
            entry = ifd.tags[tag]
            if entry.type not in INTEGER_TYPES:
                raise DamagedSlide(f"{ifd.name} has a child directory pointer that is no integer")
            size = TYPE_SIZE[entry.type]
            for i, offset in enumerate(self.integers(ifd, entry)):
                if not offset:
                    continue
                name = f"{ifd.name} {CHILD_TAGS[tag]}" + (f" {i}" if entry.number > 1 else "")
                child = Ifd(self, name, int(offset), entry.start + i * size)
                ifd.children.append(child)
                self._read_children(child, depth + 1)

    def read_directory(self, offset: int, name: str) -> tuple[list[Entry], int, int, int]:
        """Parse the directory at ``offset``: entries, end, position of next, next."""
        if offset in self._seen:
            raise DamagedSlide(f"the directory chain loops at {name}")
        self._seen.add(offset)
        if len(self._seen) > MAX_IFDS:
            raise DamagedSlide(f"more than {MAX_IFDS} directories")
        width, head = self.width, 8 if self.big else 2
        if offset < self.header_size or offset + head > self.size:
            raise DamagedSlide(f"{name} lies outside the file")
        chunk = self.source.read(offset, min(512, self.size - offset))
        (count,) = self._count.unpack_from(chunk)
        if not 0 < count <= MAX_ENTRIES:
            raise DamagedSlide(f"{name} announces {count} entries")
        step = self._entry.size
        table_end = head + count * step
        if offset + table_end + width > self.size:
            raise DamagedSlide(f"{name} runs past the end of the file")
        if table_end + width > len(chunk):
            chunk = self.source.read(offset, table_end + width)
        entries = self._entries(chunk[head:table_end], offset + head, step, name)
        (following,) = self._pointer.unpack_from(chunk, table_end)
        return entries, offset + table_end + width, offset + table_end, following

    def _entries(self, table: bytes, pos: int, step: int, name: str) -> list[Entry]:
        entries: list[Entry] = []
        # tuple.__new__ goes around the named tuple's own constructor, which is Python and half the cost
        add, make, sizes, room, size = entries.append, tuple.__new__, TYPE_SIZE, self.width, self.size
        value_at = step - room
        pointer, values = self._pointer.unpack, self._values
        zeros = [bytes(room - length) for length in range(room)]  # behind a value of so many bytes
        for tag, kind, count, raw in self._entry.iter_unpack(table):
            if kind not in sizes:
                raise DamagedSlide(f"{name} has tag {tag} of unknown type {kind}")
            length = sizes[kind] * count
            if length == room:
                start = pos + value_at
                add(make(Entry, (tag, kind, count, pos, start, pos + step, raw)))
            elif length < room:
                start = pos + value_at
                add(make(Entry, (tag, kind, count, pos, start, start + length, raw[:length])))
                if raw[length:] != zeros[length]:
                    self.slack.append((name, start + length, pos + step))
            else:
                (start,) = pointer(raw)
                if start + length > size:
                    raise DamagedSlide(f"{name} has tag {tag} with a value outside the file")
                add(make(Entry, (tag, kind, count, pos, start, start + length, None)))
                values += length
            pos += step
        self._values = values
        if values > _MAX_VALUES and values > 2 * size:
            raise DamagedSlide(f"the values up to {name} are many times larger than the file")
        return entries

    def integers(self, ifd: Ifd, entry: Entry) -> Sequence[int]:
        """Decode an entry's integers: a tuple, or a numpy array beyond 4,096 of them."""
        if entry.type not in INTEGER_TYPES:
            raise DamagedSlide(f"{ifd.name} has tag {entry.tag} of type {entry.type} where integers belong")
        raw = ifd.raw(entry)
        if entry.number <= _ARRAY:
            return struct.unpack(f"{self.order}{entry.number}{_CODE[entry.type]}", raw)
        import numpy as np

        kind = "u" if entry.type in (1, 3, 4, 13, 16, 18) else "i"
        array = np.frombuffer(raw, dtype=f"{self.order}{kind}{TYPE_SIZE[entry.type]}")
        if kind == "i" and (array < 0).any():
            raise DamagedSlide(f"{ifd.name} has tag {entry.tag} with negative offsets")
        return array  # type: ignore[return-value]

    def numbers(self, ifd: Ifd, entry: Entry) -> tuple[float, ...] | None:
        """Decode any numeric entry of at most 64 values; None for text and blobs."""
        if entry.number > 64 or entry.type in (1, 2, 6, 7, 129):
            return None
        raw = ifd.raw(entry)
        if entry.type in (5, 10):
            flat = struct.unpack(f"{self.order}{entry.number * 2}{'I' if entry.type == 5 else 'i'}", raw)
            return tuple(a / b if b else 0.0 for a, b in zip(flat[::2], flat[1::2], strict=True))
        return struct.unpack(f"{self.order}{entry.number}{_CODE[entry.type]}", raw)


def is_tiff(head: bytes) -> bool:
    """Whether the first bytes are those of a TIFF or BigTIFF file."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
