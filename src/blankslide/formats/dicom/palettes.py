"""Colour tables: whether they are as long as their descriptors say, and hold colours and no text.

A table is a row of numbers that nobody reads, so it is a good place for a name. Its length is known:
entries times bytes per entry. Colours change by small steps or in all bits; letters come in rows that
jump about within the alphabet, and by that they are told apart.

Promise: a table that is blank, or that has the right length and does not speak, stays; others go.

Source: DICOM PS3.3 C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9.2.
"""

from __future__ import annotations

import re
import struct
from itertools import pairwise

from blankslide.model.patterns import pattern

PLAIN = frozenset((0x00281201, 0x00281202, 0x00281203))
SEGMENTED = frozenset((0x00281221, 0x00281222, 0x00281223))
_DESCRIPTOR = 0x00281100
_LETTERS = pattern(rb"[A-Za-z0-9 ,.^_@/+-]{8,}", re.DOTALL)
_STEP = 12
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


def descriptor_of(tag: int) -> int:
    """Return the tag of the descriptor that belongs to a table."""
    return _DESCRIPTOR + (tag & 3)


def is_table(tag: int, raw: bytes, descriptor: bytes) -> bool:
    """Whether a colour table may stay.

    Parameters
    ----------
    tag
        A plain table or a segmented one.
    raw
        Its bytes.
    descriptor
        The bytes of its descriptor; empty if there is none.
    """
    if not any(raw):
        return True
    if len(descriptor) != 6 or len(raw) % 2:
        return False
    entries, _, bits = struct.unpack("<3H", descriptor)
    entries = entries or 1 << 16
    if tag in SEGMENTED:
        right = _is_segmented(struct.unpack(f"<{len(raw) // 2}H", raw), entries)
    else:
        right = len(raw) == 2 * entries or (bits == 8 and len(raw) == entries + entries % 2)
    return right and not speaks(raw)


def _is_segmented(words: tuple[int, ...], entries: int) -> bool:
    """Whether the segments fill the table exactly, and nothing follows them."""
    at, made = 0, 0
    while at + 2 < len(words) and made < entries:
        kind, count = words[at], words[at + 1]
        if kind == _INDIRECT:
            return False  # it copies segments; no slide is known to have one
        if kind not in (_DISCRETE, _LINEAR) or not count:
            return False
        made += count
        at += 2 + (count if kind == _DISCRETE else 1)
    return made == entries and at == len(words)


def speaks(raw: bytes) -> bool:
    """Whether bytes, or every second of them, hold a row of letters that is no ramp of numbers."""
    return any(_jumps(found) for view in (raw, raw[::2], raw[1::2]) for found in _LETTERS.findall(view))


def _jumps(row: bytes) -> bool:
    return all(any(abs(a - b) > _STEP for a, b in pairwise(half)) for half in (row[::2], row[1::2]))
