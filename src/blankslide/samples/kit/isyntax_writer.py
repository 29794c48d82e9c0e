"""Wavelet blocks as iSyntax codes them, and the tables that say where they stand.

A block holds one (LL) or three (LH, HL, HH) planes of 128 x 128 signed coefficients: sign and
magnitude bit by bit, four by four pixels at a time, runs of zeros shortened, all through one
Huffman tree. The tree written here gives every byte a code of eight bits, namely itself, so
that nothing has to be counted; readers cannot know the difference.

Layout of the tables: little-endian DICOM tags (group, element, 32-bit length), as libisyntax
reads them. Version 5 lists blocks in the header and their places in a seek table behind it;
version 100.5 lists clusters with the places of their blocks.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Plane = np.ndarray[Any, np.dtype[np.int16]]

SIDE = 128
EMPTY = bytes(8)
"""A block of zeros only."""

_PADDING = 3
_ITEM = (0xFFFE, 0xE000)
_HIGH, _LOW = 1, 0
_RUN = re.compile(rb"\0+")


class Block(NamedTuple):
    """One block: its place in the pyramid (in blocks), and its coefficients' kind."""

    x: int
    y: int
    colour: int
    scale: int
    is_low: bool

    def corner(self, origin: int) -> tuple[int, int]:
        """Coordinates of its first coefficient in pixels of level 0, shifted by the wavelet's padding."""
        offset = (_PADDING << self.scale) - (_PADDING - 1) + ((1 << self.scale) if self.is_low else 0)
        step = 2 * SIDE << self.scale
        return origin + offset + self.x * step, origin + offset + self.y * step


def padding(levels: int) -> int:
    """Pixels that the wavelet adds on each side of level 0."""
    return (_PADDING << levels) - _PADDING


def chunks(levels: int, columns: int, rows: int) -> Iterator[list[Block]]:
    """Yield the blocks below each block of the smallest level, colour by colour, the low ones last."""
    top = levels - 1
    for row in range(rows):
        for column in range(columns):
            out = []
            for colour in range(3):
                for depth in range(levels):
                    side = 1 << depth
                    for y in range(row * side, (row + 1) * side):
                        out += [
                            Block(x, y, colour, top - depth, False) for x in range(column * side, (column + 1) * side)
                        ]
                out.append(Block(column, row, colour, top, True))
            yield out


def seek_index(block: Block, levels: int, columns: int, rows: int) -> int:
    """Number of a block's entry in the seek table: by colour, then scale (low last), then place."""
    counts = [columns * rows << 2 * (levels - 1 - scale) for scale in range(levels)]
    before = sum(counts[: block.scale + block.is_low])
    stride = columns << (levels - 1 - block.scale)
    return block.colour * (sum(counts) + counts[-1]) + before + block.y * stride + block.x


# -- coefficients ------------------------------------------------------------------------


def encode(planes: Sequence[Plane]) -> bytes:
    """Code one block, version 1 of the compressor.

    Parameters
    ----------
    planes
        One plane of shape (128, 128), or three.
    """
    coded = [_bits(plane) for plane in planes]
    if not any(mask for mask, _ in coded):
        return EMPTY
    data = b"".join(bits for _, bits in coded) + b"".join(struct.pack("<H", mask) for mask, _ in coded)
    message = int.from_bytes(_RUN.sub(_run, data), "little") << _tree()[1] | _tree()[0]
    size = (message.bit_length() + 7) // 8
    # readers look at eight bytes at once, also at the very end
    return struct.pack("<IBB", len(data), 0, 8) + message.to_bytes(size + 8, "little")


def _bits(plane: Plane) -> tuple[int, bytes]:
    """Which bit planes are not empty, and these: sign first, then from the lowest bit."""
    import numpy as np

    areas = SIDE // 4
    flat = plane.reshape(areas, 4, areas, 4).transpose(0, 2, 1, 3).ravel()
    size = np.abs(flat)
    mask, out = 0, b""
    for number in range(16):
        bits = flat < 0 if number == 0 else (size >> (number - 1)) & 1
        if bits.any():
            mask |= 1 << number
            out += np.packbits(bits.astype(bool), bitorder="little").tobytes()
    return mask, out


def _run(match: re.Match[bytes]) -> bytes:
    """A run of zeros: each byte of its length, the highest first, behind a zero."""
    length = match.end() - match.start()
    return b"".join(bytes((0, digit)) for digit in length.to_bytes((length.bit_length() + 7) // 8, "big"))


@lru_cache(maxsize=1)
def _tree() -> tuple[int, int]:
    """The tree, depth first: 0 for a fork, 1 and its byte for a leaf; and its number of bits."""
    out = count = 0
    for leaf in range(256):
        code = int(f"{leaf:08b}"[::-1], 2)
        # forks opened since the leaf before: as many as its last branch to the right lies deep
        forks = 8 if leaf == 0 else (leaf & -leaf).bit_length() - 1
        out |= (1 | code << 1) << count + forks
        count += forks + 9
    return out, count


# -- tables ------------------------------------------------------------------------------


def tag(group: int, element: int, data: bytes) -> bytes:
    """One tag with its value."""
    return struct.pack("<HHI", group, element, len(data)) + data


def item(*parts: bytes) -> bytes:
    """One item of a sequence."""
    return tag(*_ITEM, b"".join(parts))


def framed(block: bytes) -> bytes:
    """A coded block as it stands in the file, behind the head of an item."""
    return tag(*_ITEM, block)


def block_table(blocks: Sequence[Block], origin: int) -> bytes:
    """List blocks without their places, which the seek table gives."""
    out = []
    for block in blocks:
        kind = _LOW if block.is_low else _HIGH
        place = struct.pack("<5I", *block.corner(origin), block.colour, block.scale, kind)
        out.append(item(tag(0x301D, 0x200E, place), tag(0x301D, 0x2012, struct.pack("<I", _template(block)))))
    data = b"".join(out)
    # of an empty list, readers still want to see what an entry would look like
    return struct.pack("<I", len(data)) + (data or item(bytes(40)))


def _template(block: Block) -> int:
    return 1 if block.is_low else 0


def seek_table(places: Sequence[tuple[int, int]]) -> bytes:
    """Say where each block begins and how long it is; both are zero for one that is not there."""
    entries = [
        item(tag(0x301D, 0x2010, struct.pack("<Q", at)), tag(0x301D, 0x2011, struct.pack("<Q", size)))
        for at, size in places
    ]
    return tag(0x301D, 0x2015, b"".join(entries))


def cluster_table(clusters: Sequence[tuple[tuple[int, int, int], int, Sequence[tuple[int, int]]]]) -> bytes:
    """List clusters: corner and scale, length in bytes, and place and length of each block."""
    out = []
    for corner, size, blocks in clusters:
        first = blocks[0][0]
        offsets = struct.pack(f"<{len(blocks)}I", *(at - first for at, _ in blocks))
        sizes = struct.pack(f"<{len(blocks)}I", *(length for _, length in blocks))
        parts = (struct.pack("<3I", *corner), struct.pack("<I", 0), struct.pack("<Q", first), struct.pack("<Q", size))
        out.append(item(*(tag(0x301D, 0x2030 + i, data) for i, data in enumerate((*parts, offsets, sizes)))))
    data = b"".join(out) + item()
    return struct.pack("<I", len(data)) + data
