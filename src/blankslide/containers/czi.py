"""Zeiss CZI: segments, directories, tiles and attachments, each with its place in the file.

A CZI is a row of segments (16 bytes of name, allocated and used length), of which the first
points to three: the directory of tiles, the XML, the directory of attachments. The row is
walked once, so that segments which nothing points to are seen too; entries of the directories
must lead to a segment of the row. Of a tile only its head is read, in one piece, never its
pixels. An attachment may be a CZI itself: the same class reads it in place, with a start.

Promise: linear in the number of segments; every length and pointer is checked before it is
believed, so damage is a `DamagedSlide`, and files of several parts or with an unfinished
update are `NotEditable`. What is read at once has a bound, whatever a length says.

Source: the public description of the ZISRAW file format; two real files.
"""

from __future__ import annotations

from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable
from blankslide.source import any_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blankslide.source import ByteSource

__all__ = ["MAGIC", "Attachment", "Czi", "Entry", "Segment", "Tile", "is_czi", "part_of"]

MAGIC = b"ZISRAWFILE".ljust(16, b"\0")
HEAD = 32
DELETED = b"DELETED".ljust(16, b"\0")
_FILE, _DIRECTORY, _METADATA, _TILE, _ATTACHMENTS, _ATTACHMENT = (
    b"ZISRAWFILE",
    b"ZISRAWDIRECTORY",
    b"ZISRAWMETADATA",
    b"ZISRAWSUBBLOCK",
    b"ZISRAWATTDIR",
    b"ZISRAWATTACH",
)
_KNOWN = frozenset((_FILE, _DIRECTORY, _METADATA, _TILE, _ATTACHMENTS, _ATTACHMENT, b"DELETED"))
_SEGMENT = Struct("<16sqq")
_HEADER = Struct("<4i16s16siqqiq")
_SIZES = Struct("<iiq")
_ENTRY = Struct("<2siqiiB5xi")
_AXIS = Struct("<4siifi")
_A1 = Struct("<2s10xqi16s8s80s")
_TEXT_AT = 256  # behind a segment's head: XML, an attachment's data, and a tile's at the earliest
_ENTRIES_AT = {_DIRECTORY: 128, _ATTACHMENTS: 256}
_MOST_AXES = 40
_AXES = frozenset(bytes((letter, 0, 0, 0)) for letter in range(0x41, 0x5B))
_GUESS = 512
_MOST_TEXT = 16 << 20
_MOST_XML = 64 << 20
_MOST_LISTED = 1 << 30
_MOST_SEGMENTS = 1 << 22
_MOST_VERSION = 99
_LOOSE = 23, 28  # bytes of a tile's entry that mean nothing


class Segment(NamedTuple):
    """One segment: ``[start, end)`` with its head; its content ends at ``used``."""

    name: bytes
    start: int
    used: int
    end: int

    @property
    def body(self) -> int:
        """Where the content begins."""
        return self.start + HEAD


class Entry(NamedTuple):
    """What the directory says of a tile.

    ``x``, ``y``, ``width``, ``height`` in pixels of the largest level; ``stored`` is the size of
    the coded picture, ``planes`` how many of it there are.
    """

    at: int
    pixels: int
    compression: int
    x: int
    y: int
    width: int
    height: int
    stored: tuple[int, int]
    planes: int = 1


class Tile(NamedTuple):
    """Where the parts of a tile's segment stand, each ``(start, end)``; ``raw`` is its metadata.

    ``loose`` tells bytes of the head that mean nothing and still hold something, if there are any.
    """

    entry: Entry
    head: tuple[int, int]
    text: tuple[int, int]
    data: tuple[int, int]
    aside: tuple[int, int]
    raw: bytes
    loose: tuple[tuple[int, int], ...] = ()


class Attachment(NamedTuple):
    """An attachment: its entry in the directory and in its own segment, and its data."""

    name: str
    kind: str
    guid: bytes
    entries: tuple[int, ...]
    data: tuple[int, int]


def is_czi(head: bytes) -> bool:
    """Whether a file starts like a CZI."""
    return head[:16] == MAGIC


def part_of(head: bytes) -> int | None:
    """Which part of a slide of several files one is, from its beginning; 0 for a whole slide, None for no CZI."""
    if not is_czi(head) or len(head) < HEAD + _HEADER.size:
        return None
    part: int = _HEADER.unpack_from(head, HEAD)[6]
    return part


class Czi:
    """A CZI, or one inside another.

    Parameters
    ----------
    source
        The file.
    start, end
        Where it stands in ``source``; pointers inside count from ``start``.

    Raises
    ------
    SlideError
        If it is damaged, contradictory, unfinished or one part of several.
    """

    def __init__(self, source: ByteSource, start: int = 0, end: int | None = None) -> None:
        self.source, self.start = source, start
        self.end = source.size if end is None else end
        self.segments = {s.start: s for s in self._walk()}
        header = self.segments.get(start)
        if header is None or header.name != _FILE or header.end - header.start < HEAD + _HEADER.size:
            raise DamagedSlide("the file header of a CZI is damaged")
        major, minor, _, _, self.primary, self.own, part, directory, metadata, pending, attachments = _HEADER.unpack(
            source.read(start + HEAD, _HEADER.size)
        )
        if not (0 <= major <= _MOST_VERSION and 0 <= minor <= _MOST_VERSION):
            raise DamagedSlide("the file header of a CZI is damaged")
        if part:
            raise NotEditable("the file is one part of a slide in several CZI files, which are not edited")
        if pending:
            raise NotEditable("the CZI is marked as not finished (an update is pending)")
        self.directory = self._named(directory, _DIRECTORY)
        self.metadata = self._named(metadata, _METADATA)
        self.attachment_directory = self._named(attachments, _ATTACHMENTS)

    def _walk(self) -> list[Segment]:
        """Follow the row of segments until it ends; what stands behind it belongs to nobody."""
        out, pos = list[Segment](), self.start
        while pos + HEAD <= self.end:
            raw, allocated, used = _SEGMENT.unpack(self.source.read(pos, HEAD))
            name = raw.rstrip(b"\0")
            if name not in _KNOWN:
                if name.startswith(b"ZISRAW"):
                    raise NotEditable("the CZI has a segment of a kind that is not known here")
                break
            end = pos + HEAD + allocated
            if allocated < 0 or used < 0 or (used > allocated and name != b"DELETED") or pos + HEAD + used > self.end:
                raise DamagedSlide("a segment of the CZI ends outside of the file")
            if len(out) >= _MOST_SEGMENTS:
                raise NotEditable("the CZI has more segments than any slide")
            # the last segment of an embedded CZI may be cut behind what it uses; of one that says nothing, all is used
            filled = min(used, allocated) or (allocated if name != b"DELETED" else 0)
            out.append(Segment(name, pos, min(pos + HEAD + filled, self.end), min(end, self.end)))
            pos = end
        return out

    def _named(self, at: int, name: bytes) -> Segment | None:
        """Return the segment that the header points to; 0 says that there is none."""
        return None if at == 0 else self._segment(at, name)

    def _segment(self, at: int, name: bytes) -> Segment:
        found = self.segments.get(self.start + at)
        if found is None or found.name != name:
            raise DamagedSlide("a pointer of the CZI leads to no segment of its kind")
        return found

    # -- metadata ------------------------------------------------------------------------

    @cached_property
    def xml(self) -> tuple[int, int, int]:
        """Begin and end of the XML, and end of what is attached to it; zeros without metadata."""
        if self.metadata is None:
            return 0, 0, 0
        segment = self.metadata
        length, attached = Struct("<ii").unpack(self._inside(segment, segment.body, 8))
        start = segment.body + _TEXT_AT
        if length < 0 or attached < 0 or start + length + attached > segment.end:
            raise DamagedSlide("the XML of the CZI ends outside of its segment")
        if length > _MOST_XML:
            raise DamagedSlide("the XML text is longer than any slide's")
        return start, start + length, start + length + attached

    def _inside(self, segment: Segment, at: int, length: int) -> bytes:
        if at + length > segment.end:
            raise DamagedSlide("a segment of the CZI is too short for what it holds")
        return self.source.read(at, length)

    # -- tiles ---------------------------------------------------------------------------

    @cached_property
    def directory_end(self) -> int:
        """Behind the last entry of the directory of tiles."""
        return self._directory[1]

    @cached_property
    def entries(self) -> list[Entry]:
        """Entries of the directory, in its order."""
        return self._directory[0]

    @cached_property
    def loose(self) -> list[tuple[int, int]]:
        """Bytes of the directory's entries that mean nothing and still hold something."""
        return self._directory[2]

    @cached_property
    def _directory(self) -> tuple[list[Entry], int, list[tuple[int, int]]]:
        if self.directory is None:
            return [], 0, []
        count, data, pos = self._listed(self.directory)
        out, seen, loose = [], set(), list[tuple[int, int]]()
        for _ in range(count):
            start = pos
            entry, pos = self._entry(data, start)
            if entry.at in seen:
                raise ContradictorySlide("two entries of the CZI's directory lead to one tile")
            seen.add(entry.at)
            out.append(entry)
            loose += _loose(data, start, self.directory.body)
        return out, self.directory.body + pos, loose

    def _listed(self, segment: Segment) -> tuple[int, bytes, int]:
        """Return number of entries, what they stand in, and where they begin in it."""
        held, first = segment.end - segment.body, _ENTRIES_AT[segment.name]
        least, most = _A1.size, _A1.size
        if segment.name == _DIRECTORY:
            least, most = _ENTRY.size, _ENTRY.size + _MOST_AXES * _AXIS.size
        count = int.from_bytes(self._inside(segment, segment.body, 4), "little", signed=True)
        if count < 0 or first + count * least > max(held, first):
            raise DamagedSlide("a directory of the CZI announces more entries than it holds")
        length = min(held, first + count * most)
        if length > _MOST_LISTED:
            raise NotEditable("the CZI has more tiles than any slide")
        return count, self._inside(segment, segment.body, length), first

    def _entry(self, data: bytes, pos: int) -> tuple[Entry, int]:
        """Read one entry (of the directory or of a tile) and return where it ends."""
        if pos + _ENTRY.size > len(data):
            raise DamagedSlide("an entry of the CZI's directory is cut off")
        schema, pixels, at, part, compression, _, axes = _ENTRY.unpack_from(data, pos)
        end = pos + _ENTRY.size + _AXIS.size * axes
        if schema != b"DV" or not 0 < axes <= _MOST_AXES or end > len(data):
            raise DamagedSlide("an entry of the CZI's directory is of no known kind")
        if part:
            raise NotEditable("tiles of the slide stand in other CZI files, and slides of several are not edited")
        found, planes = {}, 1
        for i in range(pos + _ENTRY.size, end, _AXIS.size):
            name, first, size, _, stored = _AXIS.unpack_from(data, i)
            if name not in _AXES:
                raise DamagedSlide("an entry of the CZI's directory is of no known kind")
            found[name[:1]] = first, size, stored or size
            planes *= 1 if name[:1] in b"XY" else max(size, 1)
        if b"X" not in found or b"Y" not in found or min(*found[b"X"][1:], *found[b"Y"][1:]) <= 0:
            raise DamagedSlide("a tile of the CZI has no size")
        (x, width, across), (y, height, down) = found[b"X"], found[b"Y"]
        return Entry(self.start + at, pixels, compression, x, y, width, height, (across, down), planes), end

    def tiles(self) -> Iterator[Tile]:
        """Yield every tile that the directory lists; metadata of all of them need not fit into memory."""
        guess = 0
        for entry in self.entries:
            tile = self._tile(entry, guess)
            guess = max(guess, min(len(tile.raw), 1 << 16))  # tiles are alike: the next is read in one piece
            yield tile

    def _tile(self, entry: Entry, guess: int) -> Tile:
        segment = self._segment(entry.at - self.start, _TILE)
        piece = self.source.read(segment.start, min(_GUESS + guess, segment.end - segment.start))
        if len(piece) < HEAD + _SIZES.size:
            raise DamagedSlide("a tile of the CZI is cut off")
        text, aside, size = _SIZES.unpack_from(piece, HEAD)
        own, end = self._entry(piece, HEAD + _SIZES.size)
        if own[1:] != entry[1:]:
            raise ContradictorySlide("a tile of the CZI is another one than the directory says")
        start = segment.start + max(HEAD + _TEXT_AT, end)
        if not 0 <= text <= _MOST_TEXT or min(aside, size) < 0 or start + text + size + aside > segment.end:
            raise DamagedSlide("a tile of the CZI ends outside of its segment")
        self._require_sizes(segment, start + text + size + aside)
        at = start - segment.start
        raw = piece[at : at + text] if at + text <= len(piece) else self.source.read(start, text)
        data, rest = start + text, start + text + size
        head, loose = (segment.start, segment.start + end), _loose(piece, HEAD + _SIZES.size, segment.start)
        return Tile(entry, head, (start, data), (data, rest), (rest, rest + aside), raw, loose)

    def _require_sizes(self, segment: Segment, end: int) -> None:
        """Refuse a tile that ends elsewhere than its segment says, but for blank bytes, which are padding.

        If a size is damaged, the rest of its pixels would be taken for waste, or pixels for text.
        """
        if end > segment.used or (end < segment.used and any_data(self.source, end, segment.used)):
            raise ContradictorySlide("a tile of the CZI ends elsewhere than its segment says")

    # -- attachments ---------------------------------------------------------------------

    @cached_property
    def attachments(self) -> list[Attachment]:
        """Every attachment that the directory lists."""
        if self.attachment_directory is None:
            return []
        count, data, first = self._listed(self.attachment_directory)
        base = self.attachment_directory.body
        out = [self._attachment(data, base, first + i * _A1.size) for i in range(count)]
        if len({a.data for a in out}) != len(out):
            raise ContradictorySlide("two entries of the CZI's directory lead to one attachment")
        return out

    def _attachment(self, data: bytes, base: int, pos: int) -> Attachment:
        schema, at, part, guid, kind, name = _A1.unpack_from(data, pos)
        if schema != b"A1":
            raise DamagedSlide("an entry of the CZI's attachments is of no known kind")
        if part:
            raise NotEditable("attachments of the slide stand in other CZI files, and slides of several are not edited")
        segment = self._segment(at, _ATTACHMENT)
        own = segment.body + 16
        (size,) = Struct("<q").unpack(self._inside(segment, segment.body, 8))
        start = segment.body + _TEXT_AT
        if size < 0 or start + size > segment.end or start > segment.end:
            raise DamagedSlide("an attachment of the CZI ends outside of its segment")
        return Attachment(_text(name), _text(kind), guid, (base + pos, own), (start, start + size))


def _loose(data: bytes, pos: int, base: int) -> tuple[tuple[int, int], ...]:
    """Where the entry at ``pos`` holds something in bytes that mean nothing."""
    low, high = pos + _LOOSE[0], pos + _LOOSE[1]
    return ((base + low, base + high),) if any(data[low:high]) else ()


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


#: Where in an attachment's entry the content's GUID, its type and its name stand.
ENTRY_SIZE = _A1.size
GUID_AT, KIND_AT, NAME_AT = 24, 40, 48
#: Where the two GUIDs of a file stand, from its start.
GUIDS_AT = (HEAD + 16, HEAD + 32)
HEADER_END = HEAD + _HEADER.size
