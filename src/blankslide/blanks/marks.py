"""Whether a picture can bear a mark of ours at all: one short look, before what knows labels and masks is loaded.

Most pictures are those of a scanner. Their slots neither begin nor end as a mark makes them, and to see that takes one
read and no drawing. The answer "it may" proves nothing: `label` and `mask` then read the mark, and hold every byte of
the picture against what we would have drawn.

Promise: a picture that bears a mark is never told from. What this module does not know may bear one: codecs whose
marks stand in single bits or in blocks, pictures that do not stand in the file as they are, and too many slots.
"""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING

from blankslide.blanks.codes import DEFLATE, JPEG, JPEG_XR, LZW, PACKBITS, RAW, RLE
from blankslide.model import Slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.model import Room, Slot
    from blankslide.source import ByteSource

__all__ = ["NAME", "SIGN", "bearer", "may_bear"]

NAME = b"Blankslide "
"""How the text of each mark begins."""
SIGN = b"\x17Bs"
"""How the sign begins that ends a slot with a mark; two letters follow, which say what kind it is."""

_BEHIND = frozenset((LZW, *DEFLATE, JPEG_XR))
_COMMENT = 6
"""Bytes of a JPEG stream before the text of its first comment."""
_LETTERS = 2
_MOST = 4096
_EACH = 1 << 12
"""Bytes between two words up to which one long read costs less than two short ones."""


def bearer(compression: int, lengths: Sequence[int]) -> int:
    """Return the number of the slot that bears the mark of a label: where the margin or the most room is.

    Parameters
    ----------
    compression
        The codec.
    lengths
        Of the slots; empty ones are left out before.
    """
    if compression == RAW:
        return len(lengths) - 1
    if compression in (PACKBITS, RLE):
        return 0
    return lengths.index(max(lengths))


def _borders(slots: Sequence[Slot]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return where slots begin and where they end."""
    if isinstance(slots, Slots):
        return slots.starts, slots.ends
    return tuple([slot.start for slot in slots]), tuple([slot.end for slot in slots])


def may_bear(room: Room, source: ByteSource, masked: bool = True) -> bool:
    """Whether a picture may bear the mark of a label or a mask; no for certain, yes perhaps.

    Parameters
    ----------
    room
        The picture.
    source
        Its file.
    masked
        Whether it may be a mask: any slot can bear its mark, but only one that of a label.
    """
    codec, slots = room.blank.coding.compression, room.blank.slots
    if room.held is not None or len(slots) > _MOST or not (codec == JPEG or codec in _BEHIND):
        return True
    starts, ends = _borders(slots)
    if not masked and starts:
        number = bearer(codec, tuple(map(sub, ends, starts)))  # of these codecs an empty slot is never the one
        starts, ends = starts[number : number + 1], ends[number : number + 1]
    if codec == JPEG:
        word, least = NAME, _COMMENT + len(NAME)
        places = [start + _COMMENT for start, end in zip(starts, ends, strict=True) if end - start >= least]
    else:
        word, least = SIGN, len(SIGN) + _LETTERS
        places = [end - least for start, end in zip(starts, ends, strict=True) if end - start >= least]
    if not places:  # too short for any mark
        return False
    low, high, size = min(places), max(places), len(word)
    if high - low > _EACH * len(places):
        return any(source.read(at, size) == word for at in places)
    block = source.read(low, high + size - low)
    return word in [block[at - low : at - low + size] for at in places]
