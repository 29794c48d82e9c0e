"""Blanking all of a label but a part: what is left of it, above, below and beside that goes, one after the other.

Each is masked as a part of a macro is (`mask`), so that what stays is bit for bit what it was where the codec allows.
No mark is needed: doing it again changes no byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from blankslide.blanks import mask, repainting
from blankslide.blanks.alone import is_alone
from blankslide.blanks.mask_plan import Masks
from blankslide.errors import NotEditable, UsageError
from blankslide.model import KEPT_PART, NO_LABEL_PART, Finding, Inspection, Plan, Room, Write
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from blankslide.policy.label_part import Box
    from blankslide.policy.masks import NewMask
    from blankslide.source import ByteSource

__all__ = ["Parts", "asked_for", "draw"]

_LABEL = "picture.label"
_WITHOUT = "leave --keep-label out, and the label goes whole"


class Parts(Masks):
    """Masks, where a part of the label is kept as well: that may identify."""

    def told(self, plan: Plan) -> Plan:
        """Say of a label of which a part is kept that it is cleaned, and that it may identify still."""
        told = super().told(plan)
        if not any(room.role == "label" for room, _ in self.parts):
            return told
        decisions = tuple(d._replace(identifying=True) if d.id == _LABEL else d for d in told.decisions)
        return told._replace(decisions=decisions, left=(*told.left, KEPT_PART))


def asked_for(
    masked: NewMask | None,
    kept: Box | None,
    inspection: Inspection,
    going: Sequence[Finding],
    sources: Sequence[ByteSource],
) -> Masks | None:
    """Plan what a person asks for: a part of the macro that goes, a part of the label that stays.

    Returns
    -------
    Masks or None
        None if neither is asked for.

    Raises
    ------
    NotEditable
        If the pictures are no coded streams that this can be done to, or it does not fit.
    UsageError
        If the part is not in the label, or is all of it.
    """
    from blankslide.blanks.mask_plan import masked as mask_of

    macro = None if masked is None else mask_of(masked, inspection, going, sources)
    if kept is None:
        return macro
    label = _kept(kept, inspection, going, sources)
    if macro is None:
        return label
    return Parts(
        macro.ids | label.ids,
        [*macro.parts, *label.parts],
        [*macro.writes, *label.writes],
        [*macro.instead, *label.instead],
        macro.notes + label.notes,
    )


def _kept(kept: Box, inspection: Inspection, going: Sequence[Finding], sources: Sequence[ByteSource]) -> Parts:
    found = [finding for finding in going if finding.id == _LABEL]
    if any(not finding.rooms for finding in found):
        raise NotEditable("the label is stored in a way that no part of it can be kept", _WITHOUT)
    rooms = [room for finding in found for room in finding.rooms]
    writes: list[Write] = []
    for room in rooms:
        _require_inside(kept, room)
        drawn = draw(room, kept, sources[room.blank.file])
        if drawn is None or not is_alone(room, drawn, inspection):
            raise NotEditable("no part of the label can be kept in its own codec and room", _WITHOUT)
        writes += drawn
    return Parts(
        frozenset(finding.id for finding in found),
        [(room, (0, 0, room.width, room.height)) for room in rooms],
        writes,
        [edit for room in rooms for edit in room.instead],
        () if rooms else (NO_LABEL_PART,),
    )


def draw(room: Room, kept: Box, source: ByteSource) -> list[Write] | None:
    """Blank a picture around a rectangle.

    Parameters
    ----------
    kept
        What stays; of JPEG only whole blocks of it, so that nothing beside it does.

    Returns
    -------
    list of Write or None
        None if the codec does not allow it, or it does not fit.
    """
    own = room._replace(held=None)
    view = _Over(source if room.held is None else MemorySource(room.held.data))
    for box in _around(kept, room.width, room.height):
        masked = _blank(own, box, view)
        if masked is None:
            return None
        view.new.update((write.start, write.data) for write in masked)
    if room.held is not None:
        return list(room.held.writes(view.new[room.blank.slots[0].start]))
    return [Write(room.blank.file, start, data) for start, data in sorted(view.new.items())]


def _blank(room: Room, box: Box, view: _Over) -> Sequence[Write] | None:
    coding = room.blank.coding
    if coding.compression in repainting.KNOWN:
        return repainting.draw(room, box, view)
    masked = mask.draw(room, box, view, marks=False)
    return None if masked is None else masked.writes


def _around(kept: Box, width: int, height: int) -> Iterator[Box]:
    """Yield what goes: all rows above and below, and what is left and right of the part."""
    left, top, right, bottom = kept
    for box in ((0, 0, width, top), (0, bottom, width, height), (0, top, left, bottom), (right, top, width, bottom)):
        if box[0] < box[2] and box[1] < box[3]:
            yield box


class _Over:
    """A file as it would be with whole slots written over."""

    def __init__(self, source: ByteSource) -> None:
        self._source, self.size = source, source.size
        self.new: dict[int, bytes] = {}

    def read(self, start: int, length: int) -> bytes:
        """Return bytes: of a slot that was written, new ones."""
        out = bytearray(self._source.read(start, length))
        for at, data in self.new.items():
            low, high = max(at, start), min(at + len(data), start + length)
            if low < high:
                out[low - start : high - start] = data[low - at : high - at]
        return bytes(out)

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield where the file has data."""
        return self._source.data_ranges(start, end)


def _require_inside(kept: Box, room: Room) -> None:
    """Refuse a part that is not in the label, or is all of it.

    Raises
    ------
    UsageError
        If so.
    """
    size = f"{room.width} × {room.height} pixels"
    if kept[2] > room.width or kept[3] > room.height:
        raise UsageError(f"the part to be kept reaches beyond the label, which has {size}", "give X,Y,W,H inside of it")
    if kept == (0, 0, room.width, room.height):
        raise UsageError(f"the part to be kept is all of the label, which has {size}", "to keep it whole: --keep label")
