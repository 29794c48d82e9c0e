"""Pictures of a CZI: the role of each attachment, and the edits that remove it.

`Label`, `SlidePreview` and `Thumbnail` are pictures: a JPEG, or a whole CZI. Blank pictures are
drawn over them, because OpenSlide refuses a slide with a listed picture that does not decode. If
the codec cannot be drawn, the attachment is renamed, so that readers ignore it, and its data is
zeroed. Any other attachment with a JPEG or a CZI goes in the same way, because its name or type
may be free text.

Source: the project's format map, section 9; OpenSlide's Zeiss page; a real file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.czi import ENTRY_SIZE, KIND_AT, NAME_AT, Attachment, is_czi
from blankslide.formatkit import jpeg_blanks
from blankslide.formatkit.label_rooms import stream_rooms
from blankslide.model import Blank, Coding, Edit, Fill, PhiClass, Place, Slot, Write
from blankslide.source import any_data

if TYPE_CHECKING:
    from blankslide.containers.czi import Tile
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.source import ByteSource

__all__ = [
    "KINDS",
    "PIXELS",
    "ROLES",
    "Wanted",
    "behind_header",
    "blank_jpeg",
    "blank_tile",
    "codec_of",
    "gone",
    "is_gone",
    "picture",
    "role_of",
]

ROLES = {"label": "label", "slidepreview": "macro", "thumbnail": "thumbnail"}
KINDS = frozenset(("JPG", "JPEG", "CZI", "ZISRAW"))
REMOVED = b"Removed"
_CODECS = ("uncompressed", "JPEG", "LZW", "", "JPEG XR", "Zstd", "Zstd")
#: CZI's number of a pixel type -> bits of a sample, samples of a pixel.
PIXELS = {0: (8, 1), 1: (16, 1), 3: (8, 3), 4: (16, 3), 9: (8, 4)}
#: CZI's number of a codec that can be drawn -> TIFF's number.
_DRAWN = {0: 1, 1: 7, 4: 22610, 5: 50000, 6: 50000}
_JPEG_XR, _ZSTD = 4, (5, 6)
_MOST_ROOM = 1 << 28


class Wanted(NamedTuple):
    """One picture that goes: the edit that draws over it, its size, and where it begins with all that stands before."""

    blank: Blank
    width: int
    height: int
    at: int


def role_of(attachment: Attachment, head: bytes) -> str | None:
    """Role of an attachment that is a picture, ``unknown`` if its name is not known; None if it is not one."""
    role = ROLES.get(attachment.name.lower())
    if role is not None or is_czi(head) or head[:3] == b"\xff\xd8\xff":
        return role or "unknown"
    return None


def codec_of(compression: int) -> str:
    """Name of a codec for people."""
    return _CODECS[compression] if 0 <= compression < len(_CODECS) else ""


# -- pictures ----------------------------------------------------------------------------


def blank_jpeg(source: ByteSource, span: tuple[int, int], owner: str) -> Wanted | None:
    """Return how to draw over a JPEG; None if it is not one, or too long to be written at once."""
    if span[1] - span[0] > _MOST_ROOM:
        return None
    frame = jpeg_blanks.parse(source.read(span[0], min(span[1] - span[0], 1 << 16)))
    if frame is None or not (frame.width and frame.height):
        return None
    first, samples = frame.components[0], len(frame.components)
    coding = Coding(7, 6 if samples == 3 else 1, 8, samples, 1, (first.across, first.down))
    slot = Slot(*span, frame.width, frame.height)
    return Wanted(Blank(0, owner, coding, (slot,)), frame.width, frame.height, span[0])


def blank_tile(source: ByteSource, tile: Tile, owner: str) -> Wanted | None:
    """Return how to draw over a tile of a picture; None if its codec cannot be drawn."""
    entry, (start, end) = tile.entry, tile.data
    if entry.compression == 1:
        return blank_jpeg(source, tile.data, owner)
    if entry.pixels not in PIXELS or entry.compression not in _DRAWN or end - start > _MOST_ROOM:
        return None
    if entry.compression == 6:
        start = behind_header(source.read(start, min(3, end - start)), start)
    bits, samples = PIXELS[entry.pixels]
    width, height = entry.stored
    if not start or start >= end or (entry.compression == 0 and end - start < width * height * samples * bits // 8):
        return None
    if end - start < _least(entry.compression, width * height, samples * bits // 8):
        return None
    coding = Coding(_DRAWN[entry.compression], 2 if samples > 1 else 1, bits, samples)
    return Wanted(Blank(0, owner, coding, (Slot(start, end, width, height),)), width, height, tile.data[0])


def _least(codec: int, pixels: int, depth: int) -> int:
    """Number of bytes that is enough for any blank picture; few real pictures are smaller."""
    if codec == _JPEG_XR:
        return 512 + pixels // 256
    return 16 + 4 * -(-pixels * depth >> 17) if codec in _ZSTD else 0


def behind_header(head: bytes, start: int) -> int:
    """Offset of the Zstd frame behind CZI's own header; 0 if the header has no known form."""
    if head[:1] == b"\x01":
        return start + 1
    return start + 3 if head[:2] == b"\x03\x01" else 0


def gone(attachment: Attachment) -> tuple[Edit, ...]:
    """Return the edits that remove a whole attachment."""
    renamed = bytes(NAME_AT - KIND_AT) + REMOVED.ljust(ENTRY_SIZE - NAME_AT, b"\0")
    edits: list[Edit] = [Write(0, at + KIND_AT, renamed) for at in attachment.entries]
    if attachment.data[1] > attachment.data[0]:
        edits.append(Fill(0, *attachment.data))
    return tuple(edits)


def is_gone(source: ByteSource, attachment: Attachment) -> bool:
    """Whether an earlier run has removed the attachment."""
    return attachment.name.encode() == REMOVED and not attachment.kind and not any_data(source, *attachment.data)


def picture(found: FindingCollector, role: str, where: tuple[int, int], edits: tuple[Edit, ...]) -> None:
    """Report a picture that goes."""
    place = Place(0, role, *where)
    blanks = [edit for edit in edits if isinstance(edit, Blank)]
    # bytes of larger samples may stand apart before Zstandard: one colour is the same in any order, a drawing is not
    apart = any(blank.coding.compression == 50000 and blank.coding.bits > 8 for blank in blanks)
    rooms = stream_rooms(blanks[0], role, at=where[0]) if len(blanks) == len(edits) == 1 and not apart else ()
    found.add(f"picture.{role}", f"{role.capitalize()} picture", PhiClass.IMAGE, place, edits, None, rooms=rooms)
