"""Writing DICOM elements again: only what changed, and all that encloses it.

Strategy: an element that is not touched keeps its very bytes; a touched one gets a new value
under its old tag and representation; sequences around it are written anew with their lengths, or
with the delimiters that they had. `rebuild` takes the changes as a map from the place of an
element to its new value. The fillers that make a header exactly as long as it was are here as
well: spaces that LO allows, and private information of the file meta group, which is outside of
the data set (tried against four readers; see the project's proofs, A2).

Promise: pure; what comes out is even in length and ordered as what went in.

Source: DICOM PS3.5 (6.2, 7.1, 7.5) and PS3.10 (7.1).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from struct import pack

from blankslide.containers.dicom.header import ITEM, ITEM_END, LONG, SEQUENCE_END, UNDEFINED, Element, Item

CREATOR = b"2.25.299792458016021766340662607015138064852"
"""Private information creator of our filler: constant, so that everybody can tell it."""

_BINARY = frozenset("OB OD OF OL OV OW UN SQ US SS UL SL FL FD AT SV UV".split())
_META_FILLER = 64  # bytes of both elements without the zeros
SMALLEST_FILLER = _META_FILLER + 2
_LONGEST_LO = 64

Changes = Mapping[int, bytes | None]
"""New values by the place of their element; None takes it out, and so it does with an item."""


def _tag(tag: int) -> bytes:
    return pack("<HH", tag >> 16, tag & 0xFFFF)


def padded(vr: str, value: bytes) -> bytes:
    """Return a value of even length."""
    if len(value) % 2 == 0:
        return value
    return value + (b"\0" if vr == "UI" or vr in _BINARY else b" ")


def encode(tag: int, vr: str, value: bytes, implicit: bool = False) -> bytes:
    """Write one element; a sequence's value are its items."""
    value = padded(vr, value)
    if implicit:
        return _tag(tag) + pack("<I", len(value)) + value
    if vr in LONG:
        return _tag(tag) + vr.encode() + pack("<HI", 0, len(value)) + value
    return _tag(tag) + vr.encode() + pack("<H", len(value)) + value


def item(content: bytes) -> bytes:
    """Write one item."""
    return _tag(ITEM) + pack("<I", len(content)) + content


def code(value: str, scheme: str, meaning: str, implicit: bool) -> bytes:
    """Write the item of a code sequence."""
    parts = ((0x00080100, "SH", value), (0x00080102, "SH", scheme), (0x00080104, "LO", meaning))
    return item(b"".join(encode(tag, vr, text.encode(), implicit) for tag, vr, text in parts))


class _Builder:
    def __init__(self, data: bytes, changes: Changes, firm: bool) -> None:
        self.data, self.changes, self.firm = data, changes, firm
        self.places = sorted(changes)

    def touched(self, start: int, end: int) -> bool:
        i = bisect_left(self.places, start)
        return i < len(self.places) and self.places[i] < end

    def element(self, element: Element) -> bytes:
        if element.at in self.changes:
            value = self.changes[element.at]
            return b"" if value is None else encode(element.tag, element.vr, value, element.implicit)
        if element.items is None or not (self.firm or self.touched(element.at, element.end)):
            return self.data[element.at : element.end]
        return self.sequence(element, b"".join(map(self.item, element.items)))

    def sequence(self, element: Element, content: bytes) -> bytes:
        vr = "SQ" if element.vr == "UN" and element.implicit else element.vr
        if element.undefined and not (self.firm and vr == "SQ"):
            head = _tag(element.tag) + (b"" if element.implicit else vr.encode() + b"\0\0")
            return head + pack("<I", UNDEFINED) + content + _tag(SEQUENCE_END) + bytes(4)
        return encode(element.tag, vr, content, element.implicit)

    def item(self, held: Item) -> bytes:
        if held.at in self.changes:  # no element begins there
            return b""
        if not self.firm and not self.touched(held.at, held.end):
            return self.data[held.at : held.end]
        content = b"".join(map(self.element, held.elements))
        if held.undefined and not self.firm:
            return _tag(ITEM) + pack("<I", UNDEFINED) + content + _tag(ITEM_END) + bytes(4)
        return item(content)


def rebuild(
    data: bytes,
    elements: Sequence[Element],
    changes: Changes,
    added: Mapping[int, tuple[str, bytes]],
    implicit: bool,
    firm: bool = False,
) -> bytes:
    """Write a list of elements again.

    Parameters
    ----------
    data
        The file's bytes, to which the elements' places refer.
    added
        Representation and value of elements to put in their places by tag, instead of old ones.
    firm
        Write all sequences and items with explicit lengths, which saves 8 bytes each.
    """
    return put_together(written(data, elements, changes, firm), added, implicit)


def written(data: bytes, elements: Sequence[Element], changes: Changes, firm: bool = False) -> list[tuple[int, bytes]]:
    """Write each of a list of elements again, as `rebuild` does; return their tags and bytes."""
    builder = _Builder(data, changes, firm)
    return [(e.tag, builder.element(e)) for e in elements]


def put_together(old: Sequence[tuple[int, bytes]], added: Mapping[int, tuple[str, bytes]], implicit: bool) -> bytes:
    """Put written elements one behind the other, with new ones in their places, as `rebuild` does."""
    parts = [part for part in old if part[0] not in added]
    new = [(tag, encode(tag, vr, value, implicit)) for tag, (vr, value) in added.items()]
    if new:
        # stable: elements that are not in order stay as they are
        for entry in sorted(new):
            at = next((i for i, part in enumerate(parts) if part[0] > entry[0]), len(parts))
            parts.insert(at, entry)
    return b"".join(part for _, part in parts)


def group_length(body: bytes) -> bytes:
    """Write the group length of file meta elements."""
    return encode(0x00020000, "UL", pack("<I", len(body)))


# -- fillers ---------------------------------------------------------------------------


def meta_filler(length: int) -> dict[int, tuple[str, bytes]]:
    """Return file meta elements that are ``length`` bytes long, at least `SMALLEST_FILLER`."""
    return {0x00020100: ("UI", CREATOR), 0x00020102: ("OB", bytes(length - _META_FILLER))}


def stretched(method: bytes, room: int) -> bytes:
    """Stretch a method text (one LO value) by ``room`` bytes, fewer than `SMALLEST_FILLER`.

    A value may have 64 characters with its padding; a second value takes what the first cannot.
    """
    if len(method) + room <= _LONGEST_LO:
        return method.ljust(len(method) + room)
    return method + b"\\-".ljust(room)
