"""A new label in an old picture's room: the same codec, the same size, not a byte more.

Each strip or tile is drawn anew in its own slot, as `draw` does for blank pictures. The text of the label is also
written into the slots, in the form that the codec leaves for it, with a check sum (`label_codecs`). This mark proves
nothing by itself. A picture is a label of ours only if drawing that text again gives every byte of every slot; where
coders of different versions differ (Deflate, PNG, Zstandard), all that the slots unpack to, and all else in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from blankslide.blanks import jpeg, label_codecs, label_jpeg, label_strips
from blankslide.blanks.codes import JPEG, RGB, YCC
from blankslide.blanks.label_art import art
from blankslide.blanks.marks import NAME, bearer
from blankslide.containers.streams.jpeg import segments
from blankslide.model import Write
from blankslide.policy.labels import is_printable
from blankslide.source import MemorySource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.model import Coding, Held, Room, Slot
    from blankslide.source import ByteSource

__all__ = ["draw", "mark", "marked", "written"]

_NAME, _SUM = NAME + b"label 1 ", 8
_LOWER = 8
"""Places of the text that are tried, from the top."""
_MOST_PIXELS, _MOST_SLOTS, _HEAD = 1 << 24, 4096, 1 << 16


class _Form(NamedTuple):
    """How a label is drawn: how many steps its text stands lower than at the top, and how soft its edges are."""

    lower: int
    soft: int


class _Piece(NamedTuple):
    """A slot, what is drawn in it, the mark that it carries, how soft its edges are, and the slot that it was."""

    slot: Slot
    grey: NDArray[np.uint8]
    note: bytes
    soft: int
    was: Slot


def draw(room: Room, text: str, source: ByteSource) -> list[Write] | None:
    """Draw a label into a picture's slots.

    Parameters
    ----------
    room
        The picture.
    text
        Lines of the label; `is_printable` must be true of it.
    source
        The file: of JPEG pictures the headers are used.

    Returns
    -------
    list of Write or None
        One for each slot, exactly as long as the slot, and where strips are laid anew, the numbers that say so;
        None if the codec is not known or it does not fit.
    """
    view = source if room.held is None else MemorySource(room.held.data)
    coding = room.blank.coding
    softness = len(label_codecs.SOFT.get(coding.compression, (1,) if coding.tables is None else label_jpeg.KEPT))
    forms = (_Form(lower, soft) for lower in range(_LOWER) for soft in range(softness))
    found = _first(_drawn(room, text, form, view) for form in forms)
    if found is None and room.pointers is not None:
        found = _first(_moved(room, text, _Form(lower, 0), view) for lower in range(_LOWER))
    return found if found is None or room.held is None else list(room.held.writes(found[0].data))


def _first(drawings: Iterable[list[Write] | None]) -> list[Write] | None:
    return next((drawing for drawing in drawings if drawing is not None), None)


def _drawn(
    room: Room, text: str, form: _Form, source: ByteSource, slots: Sequence[Slot] | None = None
) -> list[Write] | None:
    """Draw in one form; into other slots than those of now, if they are named."""
    pieces = _pieces(room, text, form, slots)
    if pieces is None:
        return None
    # where tables are shared, readers go on with those of one strip in the next: so none may have its own
    ways = label_jpeg.WAYS if room.blank.coding.tables is None else label_jpeg.WAYS[:1]
    out = []
    for piece in pieces:
        data = _coded(room.blank.coding, piece, ways, source)
        if data is None:
            return None
        out.append(Write(room.blank.file, piece.slot.start, data))
    return out


def _moved(room: Room, text: str, form: _Form, source: ByteSource) -> list[Write] | None:
    """Draw into strips that are laid anew inside of the page's own bytes."""
    pieces, coding, note = _pieces(room, text, form), room.blank.coding, mark(text, *form)
    if pieces is None or coding.compression == JPEG:
        return None

    def least(number: int, bears: bool) -> int | None:
        return label_codecs.least(coding, pieces[number].grey, note if bears else b"")

    slots = label_strips.laid_anew(room, least, lambda lengths: bearer(coding.compression, lengths))
    pointers = None if slots is None else label_strips.pointing(room, slots)
    drawn = None if pointers is None else _drawn(room, text, form, source, slots)
    return None if drawn is None or pointers is None else [*drawn, *pointers]


class Written(NamedTuple):
    """A label that stands in a picture: its text, and the spans of the file that it alone decides about.

    These are all of its slots but the headers of JPEG streams, which may still be those of the old picture.
    """

    text: str
    spans: tuple[tuple[int, int], ...]


def written(room: Room, source: ByteSource) -> Written | None:
    """Return the label of ours that stands in a picture; None if any byte of its slots is another one."""
    if room.held is not None:
        return _held(room, room.held, source)
    found_mark = _mark_in(room, source)
    found = marked(found_mark)
    pieces = None if found is None else _pieces(room, *found)
    if found is None or pieces is None or not all(_stands(room.blank.coding, piece, source) for piece in pieces):
        return None
    if room.blank.coding.compression != JPEG:
        return Written(found[0], tuple((p.slot.start, p.slot.end) for p in pieces))
    spans = [(p.slot.start + _scan(source, p.slot), p.slot.end) for p in pieces]
    note = pieces[_bearer(room.blank.coding, [p.slot for p in pieces])].slot.start + 4
    return Written(found[0], ((note, note + 2 + len(found_mark)), *spans))


def _held(room: Room, held: Held, source: ByteSource) -> Written | None:
    """Return the label in a picture that does not stand in the file as it is; all that holds it is written anew."""
    data = held.data
    found = written(room._replace(held=None), MemorySource(data))
    writes = () if found is None else held.writes(data)
    if found is None or any(source.read(w.start, len(w.data)) != w.data for w in writes):
        return None
    return found._replace(spans=tuple((w.start, w.start + len(w.data)) for w in writes))


def _scan(source: ByteSource, slot: Slot) -> int:
    """Return where the coded data of a JPEG stream begins in its slot."""
    head = source.read(slot.start, min(slot.end - slot.start, _HEAD))
    end = max((segment.end for segment in segments(head)), default=2)
    return end + 2 + int.from_bytes(head[end + 2 : end + 4], "big")


def mark(text: str, lower: int = 0, soft: int = 0) -> bytes:
    """Return what is written beside the pixels of a label: how it is drawn, a check sum, and the text."""
    return _NAME + f"{lower}{soft} {_sum(text)}\n{text}".encode("ascii")


def marked(data: bytes) -> tuple[str, _Form] | None:
    """Return the text of a mark, and how it is drawn; None if it is no mark."""
    head = len(_NAME) + _SUM + 4
    if not data.startswith(_NAME) or len(data) <= head or not data.isascii():
        return None
    text, form = data[head:].decode("ascii"), _Form(*(digit - ord("0") for digit in data[len(_NAME) : len(_NAME) + 2]))
    known = 0 <= form.lower < _LOWER and 0 <= form.soft < len(label_jpeg.KEPT)
    return (text, form) if known and is_printable(text) and mark(text, *form) == data else None


def _sum(text: str) -> str:
    return sha256(b"Blankslide: a label of ours\0" + text.encode("ascii")).hexdigest()[:_SUM]


# -- slots ---------------------------------------------------------------------------------


def _pieces(room: Room, text: str, form: _Form, moved: Sequence[Slot] | None = None) -> list[_Piece] | None:
    """Cut the drawing into the slots of the picture; None if there is no drawing of that size, or slots are shared."""
    import numpy as np

    slots = [s for s in moved or room.blank.slots if s.end > s.start]
    if not slots or len(slots) > _MOST_SLOTS or len({s.start for s in slots}) < len(slots):
        return None
    if len(slots) < len(room.blank.slots) or room.width * room.height > _MOST_PIXELS:
        return None
    drawing = art(text, room.width, room.height, room.role != "label", form.lower, room.last)
    if drawing is None:
        return None
    across, down = slots[0].width, slots[0].height
    columns, rows = -(-room.width // across), -(-room.height // down)
    bearer = _bearer(room.blank.coding, slots)
    out = []
    for number, slot in enumerate(slots):
        x, y = number % columns * across, number // columns % rows * down
        part = drawing[y : y + slot.height, x : x + slot.width]
        grey = np.full((slot.height, slot.width), 255, np.uint8)
        grey[: part.shape[0], : part.shape[1]] = part
        note = mark(text, *form) if number == bearer else b""
        out.append(_Piece(slot, grey, note, form.soft, room.blank.slots[number]))
    return out


def _bearer(coding: Coding, slots: Sequence[Slot]) -> int:
    """Return the number of the slot that bears the mark."""
    return bearer(coding.compression, [slot.end - slot.start for slot in slots])


def _mark_in(room: Room, source: ByteSource) -> bytes:
    """Return what stands where the mark belongs; one end of one slot is read, not the slots."""
    slots, coding = [s for s in room.blank.slots if s.end > s.start], room.blank.coding
    if not slots:
        return b""
    slot = slots[_bearer(coding, slots)]
    length = slot.end - slot.start
    if coding.compression == JPEG:
        return label_jpeg.comment(source.read(slot.start, min(length, 1024)))
    return label_codecs.mark_in(coding, lambda a, b: source.read(slot.start + a, b - a), length)


# -- codecs --------------------------------------------------------------------------------


def _coded(coding: Coding, piece: _Piece, ways: Sequence[int], source: ByteSource) -> bytes | None:
    length = piece.slot.end - piece.slot.start
    old = source.read(piece.was.start, min(piece.was.end - piece.was.start, _HEAD))
    if coding.compression == JPEG:
        return _jpeg(coding, piece, ways, source, old)
    return label_codecs.coded(coding, piece.grey, piece.note, piece.soft, length, old)


def _stands(coding: Coding, piece: _Piece, source: ByteSource) -> bool:
    """Whether a slot holds what would be drawn in it."""
    held = source.read(piece.slot.start, piece.slot.end - piece.slot.start)
    if coding.compression == JPEG:
        return _jpeg(coding, piece, label_jpeg.WAYS[:1], source, held[:_HEAD]) == held
    return label_codecs.stands(coding, piece.grey, piece.note, piece.soft, held)


def _jpeg(coding: Coding, piece: _Piece, ways: Sequence[int], source: ByteSource, old: bytes) -> bytes | None:
    if coding.bits != 8 or coding.samples not in (1, 3):
        return None
    ycc = {RGB: False, YCC: True}.get(coding.photometric) if coding.samples == 3 else None
    length = piece.slot.end - piece.slot.start
    tables = b"" if coding.tables is None else source.read(coding.tables[0], coding.tables[1] - coding.tables[0])
    plain = jpeg.plain_frame(piece.slot.width, piece.slot.height, coding.samples, coding.sampling if ycc else (1, 1))
    otherwise = plain if coding.tables is None else None
    return label_jpeg.draw(old, tables, piece.grey, ycc, piece.note, length, ways, piece.soft, otherwise)
