"""A black and white drawing as a JPEG 2000 codestream, in as few steps as the standard allows.

No wavelet, one layer, one bit plane: each sample is far above or far below the middle of the range, and decoders cut
it off to pure white or black. So only signs are coded, in whole numbers, and every machine writes the same bytes.
Size, components and their depth are those of the old picture; colour components stay in the middle, as in a blank one.

Cost: about ten milliseconds for each block of 64 × 64 pixels that is not like another.

Source: ITU-T T.800, annexes A to E.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import TYPE_CHECKING

from blankslide.blanks.mq import Coder
from blankslide.containers.streams import jp2k

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["comment", "draw"]

_SIZ, _COD, _COM = 0x51, 0x52, 0x64
_BLOCK = 64
_FULL = (b"\7\1\1", b"\17\1\1")
"""Components of 8 or 16 bits, one sample a pixel."""
#: By the signs of neighbours across and down: the context of a sign, and whether the bit is turned round.
_SIGNS = {
    (1, 1): (13, 0), (1, 0): (12, 0), (1, -1): (11, 0), (0, 1): (10, 0), (0, 0): (9, 0),
    (0, -1): (10, 1), (-1, 1): (11, 1), (-1, 0): (12, 1), (-1, -1): (13, 1),
}  # fmt: skip
_RUN, _UNIFORM = 17, 18


def draw(old: bytes, grey: NDArray[np.uint8], ycc: bool, note: bytes, room: int) -> bytes | None:
    """Draw a picture in the form of an old stream.

    Parameters
    ----------
    old
        The stream that stood there, or its head.
    grey
        The drawing; a stream may be larger, and is white there.
    ycc
        Whether the container says that the picture is in luma and chroma.
    note
        Text of a comment, or nothing.
    room
        Length of the stream in bytes; what follows its end is zeros.

    Returns
    -------
    bytes or None
        None if the form is not a simple one, or it does not fit.
    """
    import numpy as np

    found = {s.marker: old[s.start : s.end] for s in jp2k.segments(old)}
    head = _header(found.get(_SIZ, b""), found.get(_COD, b""), ycc)
    if head is None:
        return None
    width, height, count, main = head
    if width < grey.shape[1] or height < grey.shape[0] or width * height > 1 << 24:
        return None
    black = np.zeros((height, width), bool)
    black[: grey.shape[0], : grey.shape[1]] = grey < 128
    if note:
        main += struct.pack(">BBHH", 0xFF, _COM, len(note) + 4, 1) + note
    body = _packet(black) + b"\0" * (count - 1)
    tile = struct.pack(">BBHHIBB", 0xFF, 0x90, 10, 0, 14 + len(body), 0, 1) + b"\xff\x93" + body
    stream = main + tile + b"\xff\xd9"
    return stream.ljust(room, b"\0") if len(stream) <= room else None


def comment(stream: bytes) -> bytes:
    """Return the comment of a stream's main header."""
    found = (stream[s.start + 2 : s.end] for s in jp2k.segments(stream) if s.marker == _COM)
    return next(found, b"")


def _header(siz: bytes, cod: bytes, ycc: bool) -> tuple[int, int, int, bytes] | None:
    """Return width, height, number of components, and the main header without a comment."""
    if len(siz) < 39 or len(cod) < 5:
        return None
    x1, y1, x0, y0 = struct.unpack_from(">4I", siz, 2)
    (count,) = struct.unpack_from(">H", siz, 34)
    parts = [siz[i : i + 3] for i in range(36, len(siz), 3)]
    if x0 or y0 or count not in (1, 3) or len(parts) != count or parts[0] not in _FULL:
        return None
    mixed = count == 3 and (cod[4] == 1 or not ycc)  # the transform of colours: with it all three show the first
    colours = {part[:1] + b"\1\1" if not mixed and set(part[1:]) <= {1, 2} else part for part in parts[1:]}
    if colours - {parts[0]} or len(set(parts[1:])) > 1:
        return None
    size = struct.pack(">H8IH", 0, x1, y1, 0, 0, x1, y1, 0, 0, count) + b"".join(parts)
    # one layer, no wavelet, blocks of 64 × 64; one bit plane above one guard bit
    style = struct.pack(">BBHBBBBBB", 0, 0, 1, mixed, 0, 4, 4, 0, 0)
    segments = ((_SIZ, size), (_COD, style), (0x5C, struct.pack(">BH", 0x22, 1 << 11)))
    return x1, y1, count, b"\xff\x4f" + b"".join(struct.pack(">BBH", 0xFF, m, len(p) + 2) + p for m, p in segments)


# -- packets ---------------------------------------------------------------------------------


def _packet(black: NDArray[np.bool_]) -> bytes:
    """Code the one packet of a component: where each block's bytes are, and the bytes."""
    rows, columns = (-(-n // _BLOCK) for n in black.shape)
    blocks = []
    for row in range(rows):
        for column in range(columns):
            part = black[row * _BLOCK : (row + 1) * _BLOCK, column * _BLOCK : (column + 1) * _BLOCK]
            blocks.append(_block(part.tobytes(), part.shape[1]))
    known: set[tuple[int, int, int]] = set()
    bits = ["1"]
    for number, data in enumerate(blocks):
        # each tree has the value 0 everywhere: a one for each node that no earlier block has told of, twice over
        nodes = _nodes(number // columns, number % columns, rows, columns)
        new = sum(node not in known for node in nodes)
        known.update(nodes)
        more = max(len(data).bit_length() - 3, 0)
        bits.append("1" * new * 2 + "0" + "1" * more + "0" + f"{len(data):0{3 + more}b}")
    return _stuffed("".join(bits)) + b"".join(blocks)


def _nodes(row: int, column: int, rows: int, columns: int) -> list[tuple[int, int, int]]:
    """Return the nodes of a tag tree from a block up to the root."""
    out, level = [(0, row, column)], 0
    while (rows, columns) != (1, 1):
        rows, columns, row, column, level = -(-rows // 2), -(-columns // 2), row // 2, column // 2, level + 1
        out.append((level, row, column))
    return out


def _stuffed(bits: str) -> bytes:
    """Pack bits into bytes; behind a byte of ones the next one begins with a zero."""
    out, at = bytearray(), 0
    while at < len(bits):
        size = 7 if out and out[-1] == 0xFF else 8
        out.append(int(bits[at : at + size].ljust(size, "0"), 2))
        at += size
    return bytes(out) + (b"\0" if out[-1] == 0xFF else b"")


@lru_cache(maxsize=1 << 10)
def _block(black: bytes, width: int) -> bytes:
    """Code the signs of one block in one cleanup pass."""
    height, wide = len(black) // width, width + 2
    sign = [0] * (wide * (height + 2))  # with a border: 0 is "not seen yet", 1 is white, -1 is black
    coder = Coder()
    for top in range(0, height, 4):
        rows = range(top, min(top + 4, height))
        for x in range(width):
            first = top == x == 0 and len(rows) == 4
            if first:  # nothing is known of any neighbour: a run that ends at once
                coder.put(_RUN, 1)
                coder.put(_UNIFORM, 0)
                coder.put(_UNIFORM, 0)
            for y in rows:
                at = (y + 1) * wide + x + 1
                across, down = sign[at - 1], sign[at - wide]
                right, below = sign[at + 1], sign[at + wide]
                if not (first and y == top):
                    corners = (at - wide - 1, at - wide + 1, at + wide - 1, at + wide + 1)
                    coder.put(_context(across, right, down, below, [sign[c] for c in corners]), 1)
                own = -1 if black[y * width + x] else 1
                sign[at] = own
                context, turned = _SIGNS[_cut(across + right), _cut(down + below)]
                coder.put(context, (own < 0) ^ turned)
    return coder.ended()


def _context(left: int, right: int, above: int, below: int, corners: list[int]) -> int:
    across, down = (left != 0) + (right != 0), (above != 0) + (below != 0)
    diagonal = 4 - corners.count(0)
    if across == 2:
        return 8
    if across == 1:
        return 7 if down else 6 if diagonal else 5
    return 2 + down if down else min(diagonal, 2)


def _cut(value: int) -> int:
    return max(-1, min(1, value))
