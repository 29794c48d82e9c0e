"""Blanking a part of a macro where it stands: the label end goes, and every other pixel stays as it is coded.

JPEG gets other blocks of coded data (`jpeg_blocks`), samples that stand as they are get other samples, and what is
coded without loss is coded anew where that fits (`mask_codecs`). Nothing gets longer.

The rectangle is written into one of the slots, in the form that the codec leaves for it. This mark proves nothing by
itself. A picture is masked by us only if blanking that rectangle again changes no byte of any slot, or, where coders
differ, no sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.blanks import jpeg_blocks, mask_codecs
from blankslide.blanks.label_jpeg import comment
from blankslide.blanks.mask_codecs import mark, marked
from blankslide.containers.streams.jpeg import segments
from blankslide.model import Write
from blankslide.source import MemorySource
from blankslide.spans import merge

if TYPE_CHECKING:
    from blankslide.blanks.jpeg_blocks import Box
    from blankslide.model import Coding, Held, Room, Slot
    from blankslide.source import ByteSource

__all__ = ["Masked", "Written", "draw", "mark", "marked", "written"]

_JPEG, _RGB, _YCC = 7, 2, 6
_MOST_SLOTS, _MOST_PIXELS = 4096, 1 << 26


class Masked(NamedTuple):
    """What is written for a mask, and the rectangle that really goes: JPEG knows whole blocks only."""

    writes: Sequence[Write]
    gone: Box


class Written(NamedTuple):
    """A mask of ours that stands in a picture: its rectangle, and the spans of the file that hold coded pixels only."""

    box: Box
    spans: tuple[tuple[int, int], ...]


class _Piece(NamedTuple):
    """A slot, its bytes, and the part of it that goes, in its own pixels; None if nothing of it does."""

    slot: Slot
    data: bytes
    x: int
    y: int
    box: Box | None


def draw(room: Room, box: Box, source: ByteSource, marks: bool = True) -> Masked | None:
    """Blank a part of a picture.

    Parameters
    ----------
    room
        The picture.
    box
        What is to go, in its pixels.
    source
        The file.
    marks
        Whether the rectangle is written beside the pixels.

    Returns
    -------
    Masked or None
        None if the codec does not allow it, or it does not fit.
    """
    view = source if room.held is None else MemorySource(room.held.data)
    pieces = _pieces(room, box, view)
    if pieces is None:
        return None
    for grey in (False, True) if room.blank.coding.compression == _JPEG else (False,):
        new = _all(room.blank.coding, pieces, mark(box) if marks else b"", view, grey)
        if new is not None:
            return Masked(_writes(room, pieces, new), _gone(room, pieces, view))
    return None


def _all(coding: Coding, pieces: Sequence[_Piece], note: bytes, source: ByteSource, grey: bool) -> list[bytes] | None:
    """Code all slots anew, and write the mark into one of those that have room for it."""
    out = [_coded(coding, piece, b"", source, grey) for piece in pieces]
    new = [data for data in out if data is not None]
    if len(new) < len(pieces) or not note:
        return new if len(new) == len(pieces) else None
    for number in sorted(range(len(pieces)), key=lambda i: (pieces[i].box is None, -len(pieces[i].data), i)):
        bearer = _coded(coding, pieces[number], note, source, grey)
        if bearer is not None:
            new[number] = bearer
            return new
    return None


def _writes(room: Room, pieces: Sequence[_Piece], new: Sequence[bytes]) -> list[Write]:
    if room.held is not None:
        return list(room.held.writes(new[0]))
    return [Write(room.blank.file, piece.slot.start, data) for piece, data in zip(pieces, new, strict=True)]


def _gone(room: Room, pieces: Sequence[_Piece], source: ByteSource) -> Box:
    """Return what goes of the whole picture."""
    boxes = []
    for piece in pieces:
        if piece.box is None:
            continue
        own: Box | None = piece.box
        if room.blank.coding.compression == _JPEG:
            own = jpeg_blocks.grown(piece.data, _tables(room.blank.coding, source), piece.box)
        left, top, right, bottom = own or piece.box
        boxes.append((piece.x + left, piece.y + top, piece.x + right, piece.y + bottom))
    sides = list(zip(*boxes, strict=True))
    return min(sides[0]), min(sides[1]), min(room.width, max(sides[2])), min(room.height, max(sides[3]))


# -- known again -------------------------------------------------------------------------------


def written(room: Room, source: ByteSource) -> Written | None:
    """Return the mask of ours that stands in a picture; None if there is none, or it is not as we would draw it."""
    if room.held is not None:
        return _held(room, room.held, source)
    found = _mark_in(room, source)
    pieces = None if found is None else _pieces(room, found[1], source)
    if found is None or pieces is None:
        return None
    bearer, box = found
    notes = [mark(box) if number == bearer else b"" for number in range(len(pieces))]
    if not _stands(room.blank.coding, list(zip(pieces, notes, strict=True)), source):
        return None
    if room.blank.coding.compression != _JPEG:
        return Written(box, tuple(merge((p.slot.start, p.slot.end) for p in pieces)))
    spans = [(p.slot.start + _scan(p.data), p.slot.end) for p in pieces]
    note = pieces[bearer].slot.start + 4
    return Written(box, ((note, note + 2 + len(mark(box))), *spans))


def _held(room: Room, held: Held, source: ByteSource) -> Written | None:
    """Return the mask in a picture that does not stand in the file as it is; all that holds it is written anew."""
    data = held.data
    found = written(room._replace(held=None), MemorySource(data))
    writes = () if found is None else held.writes(data)
    if found is None or any(source.read(w.start, len(w.data)) != w.data for w in writes):
        return None
    return found._replace(spans=tuple((w.start, w.start + len(w.data)) for w in writes))


def _stands(coding: Coding, pieces: Sequence[tuple[_Piece, bytes]], source: ByteSource) -> bool:
    """Whether blanking again changes nothing: no byte, or no sample and nothing behind it where coders differ."""
    if coding.compression == _JPEG:
        return any(
            all(_coded(coding, piece, note, source, grey) == piece.data for piece, note in pieces)
            for grey in (False, True)
        )
    return all(
        mask_codecs.stands(coding, piece.data, (piece.slot.width, piece.slot.height), piece.box, note)
        for piece, note in pieces
    )


def _mark_in(room: Room, source: ByteSource) -> tuple[int, Box] | None:
    """Return the slot that bears a mark, and its rectangle; of each slot one end is read where the codec allows."""
    slots, coding = [s for s in room.blank.slots if s.end > s.start], room.blank.coding
    if len(slots) > _MOST_SLOTS:
        return None
    for number, slot in enumerate(slots):
        for found in _marks(coding, slot, source):
            box = marked(found)
            if box is not None:
                return number, box
    return None


def _marks(coding: Coding, slot: Slot, source: ByteSource) -> Iterator[bytes]:
    """Yield what stands where a mark could."""
    length = slot.end - slot.start
    if coding.compression == _JPEG:
        yield comment(source.read(slot.start, min(length, 128)))
    else:
        yield from mask_codecs.marks(coding, lambda low, high: source.read(slot.start + low, high - low), length)


def _scan(stream: bytes) -> int:
    """Return where the coded data of a JPEG stream begins."""
    end = max((segment.end for segment in segments(stream)), default=2)
    return end + 2 + int.from_bytes(stream[end + 2 : end + 4], "big")


# -- slots -------------------------------------------------------------------------------------


def _pieces(room: Room, box: Box, source: ByteSource) -> list[_Piece] | None:
    """Cut the rectangle into the slots of the picture; None if slots are missing or shared, or nothing would go."""
    slots = [s for s in room.blank.slots if s.end > s.start]
    if not slots or len(slots) > _MOST_SLOTS or len({s.start for s in slots}) < len(slots):
        return None
    if len(slots) < len(room.blank.slots) or room.width * room.height > _MOST_PIXELS:
        return None
    left, top, right, bottom = box
    if room.blank.coding.compression == _JPEG:  # decoders smooth colours over the edges of blocks, by one pixel
        left, top, right, bottom = max(0, left - 1), max(0, top - 1), right + 1, bottom + 1
    across, down = slots[0].width, slots[0].height
    columns, rows = -(-room.width // across), -(-room.height // down)
    # tiles are filled up beyond the picture, with something that may be like it
    right = columns * across if right >= room.width else right
    bottom = rows * down if bottom >= room.height else bottom
    out = []
    for number, slot in enumerate(slots):
        x, y = number % columns * across, number // columns % rows * down
        own = max(left - x, 0), max(top - y, 0), min(right - x, slot.width), min(bottom - y, slot.height)
        goes = own[0] < own[2] and own[1] < own[3]
        data = source.read(slot.start, slot.end - slot.start)
        out.append(_Piece(slot, data, x, y, own if goes else None))
    return out if any(piece.box for piece in out) else None


def _coded(coding: Coding, piece: _Piece, note: bytes, source: ByteSource, grey: bool) -> bytes | None:
    """Return a slot with its part blank, exactly as long as it is; None if that cannot be done."""
    if coding.compression == _JPEG:
        return _jpeg(coding, piece, note, source, grey)
    return mask_codecs.coded(coding, piece.data, (piece.slot.width, piece.slot.height), piece.box, note)


def _tables(coding: Coding, source: ByteSource) -> bytes:
    return b"" if coding.tables is None else source.read(coding.tables[0], coding.tables[1] - coding.tables[0])


def _jpeg(coding: Coding, piece: _Piece, note: bytes, source: ByteSource, grey: bool) -> bytes | None:
    """A slot of which nothing goes is laid anew as well, for text may stand beside its picture."""
    if coding.bits != 8:
        return None
    ycc = {_RGB: False, _YCC: True}.get(coding.photometric) if coding.samples == 3 else None
    boxes = [] if piece.box is None else [piece.box]
    tables = _tables(coding, source)
    return jpeg_blocks.splice(piece.data, tables, boxes, ycc, len(piece.data), note=note, grey=grey)
