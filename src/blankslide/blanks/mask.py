"""Blanking a part of a macro where it stands: the label end goes, and every other pixel stays as it is coded.

JPEG gets other blocks of coded data (`jpeg_blocks`), samples that stand as they are get other samples, and strips of
LZW and Deflate are coded anew where that fits. Nothing gets longer.

The rectangle is written into one of the slots, in the form that the codec leaves for it: a comment in JPEG, bytes
behind the end of LZW and Deflate, the lowest bits of white samples. This mark proves nothing by itself. A picture is
masked by us only if blanking that rectangle again changes no byte of any slot, or, where coders differ, no sample.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from blankslide.blanks import jpeg_blocks, lzw
from blankslide.blanks.label_jpeg import comment
from blankslide.containers.streams import lzw as lzw_end
from blankslide.containers.streams.jpeg import segments
from blankslide.model import Write
from blankslide.source import MemorySource
from blankslide.spans import merge

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blankslide.blanks.jpeg_blocks import Box
    from blankslide.model import Coding, Held, Room, Slot
    from blankslide.source import ByteSource

__all__ = ["Masked", "Written", "draw", "mark", "marked", "written"]

_RAW, _LZW, _JPEG = 1, 5, 7
_DEFLATE = (8, 32946)
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCC = 0, 1, 2, 6
_NAME, _END = b"Blankslide mask 1 ", b"\x17BsMk"
_FORM = re.compile(rb"Blankslide mask 1 (\d{1,7}),(\d{1,7}),(\d{1,7}),(\d{1,7}) [0-9a-f]{8}")
_SHORT = 16
_HEAD, _MOST_SLOTS, _MOST_PIXELS = 1 << 16, 4096, 1 << 26


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


def mark(box: Box) -> bytes:
    """Return what is written beside the pixels of a masked picture."""
    text = ",".join(map(str, box)).encode("ascii")
    return _NAME + text + b" " + sha256(b"Blankslide: a mask of ours\0" + text).hexdigest()[:8].encode("ascii")


def marked(data: bytes) -> Box | None:
    """Return the rectangle of a mark; None if it is no mark."""
    found = _FORM.fullmatch(data)
    if found is None:
        return None
    left, top, right, bottom = map(int, found.groups())
    box = (left, top, right, bottom)
    return box if mark(box) == data and left < right and top < bottom else None


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
    return all(_is_blank(coding, piece, note) for piece, note in pieces)


def _is_blank(coding: Coding, piece: _Piece, note: bytes) -> bool:
    if coding.compression == _RAW:
        return _raw(coding, piece, note) == piece.data
    found = _unpacked(coding, piece.data)
    if found is None:
        return False
    tail = note + bytes([len(note)]) + _END if note else b""
    rest = piece.data[found[1] :]
    samples = _samples(coding, piece, found[0])
    if samples is None or len(found[0]) > samples.size or rest != tail.rjust(len(rest), b"\0"):
        return False
    return piece.box is None or bool((_part(samples, piece.box) == _white(coding)).all())


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
    elif coding.compression == _LZW or coding.compression in _DEFLATE:
        data = source.read(max(slot.start, slot.end - 128), min(length, 128))
        if len(data) > len(_END) and data.endswith(_END):
            data = data[: -len(_END)]
            yield data[-1 - data[-1] : -1]
    elif coding.compression == _RAW and length <= _MOST_PIXELS:
        yield from _from_bits(source.read(slot.start, length))


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
    if coding.compression == _RAW:
        return _raw(coding, piece, note)
    return _packed(coding, piece, note)


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


def _packed(coding: Coding, piece: _Piece, note: bytes) -> bytes | None:
    found = _unpacked(coding, piece.data)
    samples = None if found is None else _samples(coding, piece, found[0])
    if found is None or samples is None:
        return None
    tail = note + bytes([len(note)]) + _END if note else b""
    stream = piece.data[: found[1]]
    if piece.box is not None:
        _part(samples, piece.box)[...] = _white(coding)
    if piece.box is not None or len(found[0]) > samples.size:  # what stands behind the last sample goes as well
        stream = _packed_anew(coding, samples)
    room = len(piece.data) - len(tail)
    return None if len(stream) > room else stream.ljust(room, b"\0") + tail


def _packed_anew(coding: Coding, samples: NDArray[np.uint8]) -> bytes:
    import numpy as np

    if coding.predictor == 2:
        samples = np.diff(samples, axis=1, prepend=np.zeros_like(samples[:, :1]))
    plain = samples.tobytes()
    return lzw.encode(plain) if coding.compression == _LZW else zlib.compress(plain, 9)


def _unpacked(coding: Coding, data: bytes) -> tuple[bytes, int] | None:
    """Return what a stream unpacks to, and where it ends."""
    if coding.compression in _DEFLATE:
        unpack = zlib.decompressobj()
        try:
            plain = unpack.decompress(data, _MOST_PIXELS)
        except zlib.error:
            return None
        return (plain, len(data) - len(unpack.unused_data)) if unpack.eof else None
    end = lzw_end.end(data) if coding.compression == _LZW else None
    if end is None:
        return None
    import imagecodecs

    try:
        return bytes(imagecodecs.lzw_decode(data[:end])), end
    except Exception:  # the library raises what it likes; a stream that cannot be read cannot be masked
        return None


def _samples(coding: Coding, piece: _Piece, plain: bytes) -> NDArray[np.uint8] | None:
    """Return the samples of a slot as rows, columns and colours; None where they are not plain ones."""
    import numpy as np

    shape = (piece.slot.height, piece.slot.width, coding.samples)
    size = shape[0] * shape[1] * shape[2]
    plainly = coding.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB) and coding.predictor in (1, 2)
    if not plainly or coding.bits != 8 or len(plain) < size:
        return None
    out = np.frombuffer(plain, np.uint8, size).reshape(shape).copy()
    if coding.predictor == 2 and coding.compression != _RAW:
        out = np.cumsum(out, axis=1, dtype=np.uint8)
    return out


def _white(coding: Coding) -> int:
    return 0 if coding.photometric == _WHITE_IS_ZERO else 255


def _part(samples: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    return samples[top:bottom, left:right]


def _raw(coding: Coding, piece: _Piece, note: bytes) -> bytes | None:
    """Write over samples; the mark stands in the lowest bits of the last row that goes, at its right end."""
    import numpy as np

    samples = _samples(coding, piece, piece.data)
    if samples is None or (note and piece.box is None):
        return None
    if piece.box is not None:
        _part(samples, piece.box)[...] = _white(coding)
    box = marked(note)
    if box is not None and piece.box is not None:
        part = _part(samples, piece.box)
        bits = np.unpackbits(np.frombuffer(_short(box) + _END, np.uint8))
        row = part[-1].reshape(-1)
        if bits.size > row.size:
            return None
        row[-bits.size :] ^= bits
        part[-1] = row.reshape(part[-1].shape)
    return samples.tobytes().ljust(len(piece.data), b"\0")


def _short(box: Box) -> bytes:
    """Return a mark for few samples: the numbers of the rectangle and a check sum."""
    numbers = b"".join(side.to_bytes(3, "big") for side in box)
    return numbers + sha256(_NAME + numbers).digest()[:4]


def _from_bits(data: bytes) -> Iterator[bytes]:
    """Yield the marks in the lowest bits of samples."""
    import numpy as np

    sign = np.unpackbits(np.frombuffer(_END, np.uint8)).tobytes()
    lowest, size = np.frombuffer(data, np.uint8) & 1, 8 * _SHORT
    for flip in (0, 1):
        bits = (lowest ^ flip).tobytes()
        at = bits.find(sign)
        while at >= 0:
            found = np.packbits(np.frombuffer(bits[max(0, at - size) : at], np.uint8)).tobytes()
            left, top, right, bottom = (int.from_bytes(found[i : i + 3], "big") for i in range(0, 12, 3))
            if _short((left, top, right, bottom)) == found:
                yield mark((left, top, right, bottom))
            at = bits.find(sign, at + 1)
