"""What a mask of the macro takes: which pictures are written over, and which edits that takes the place of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import NotEditable
from blankslide.model import MASKED, NO_MACRO, Action, Edit, Finding, Inspection, Plan, Room, Write
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.policy.masks import NewMask
    from blankslide.source import ByteSource

__all__ = ["Masks", "masked"]

Box = tuple[int, int, int, int]
_WITHOUT = "leave the mask out, and the macro goes whole"


class Masks(NamedTuple):
    """What becomes of the macro.

    Attributes
    ----------
    ids
        Of its findings.
    parts
        Its pictures, with the rectangle of each that really goes.
    writes, instead
        What is written, and the edits that this takes the place of.
    notes
        Sentences for the person.
    """

    ids: frozenset[str] = frozenset()
    parts: Sequence[tuple[Room, Box]] = ()
    writes: Sequence[Write] = ()
    instead: Sequence[Edit] = ()
    notes: tuple[str, ...] = ()

    def told(self, plan: Plan) -> Plan:
        """Say of a macro of which a part goes that it is cleaned."""
        decisions = tuple(d._replace(action=Action.CLEAN) if d.id in self.ids else d for d in plan.decisions)
        return plan._replace(decisions=decisions, notes=plan.notes + self.notes, masks=tuple(self.parts))


def masked(mask: NewMask, inspection: Inspection, going: Sequence[Finding], sources: Sequence[ByteSource]) -> Masks:
    """Blank a part of each picture of the macro; it then stays linked. Small copies of it go whole.

    Parameters
    ----------
    going
        Findings that are removed otherwise.

    Raises
    ------
    NotEditable
        If one of them is no coded stream that this can be done to, or it does not fit.
    """
    from blankslide.blanks.mask import draw

    own = [d for d in inspection.drawn if d.mask]
    found = [finding for finding in going if finding.id == "picture.macro"]
    if any(not finding.rooms for finding in found):
        raise NotEditable("the macro is stored in a way that no part of it can be masked", _WITHOUT)
    rooms = [d.room for d in own if d.mask and not _holds(d.mask, mask.scaled(d.room.width, d.room.height))]
    rooms += [room for finding in found for room in finding.rooms]
    parts: list[tuple[Room, Box]] = []
    writes: list[Write] = []
    for room in rooms:
        _require_alone(room, inspection)
        drawn = draw(room, mask.scaled(room.width, room.height), sources[room.blank.file])
        if drawn is None:
            raise NotEditable("no part of the macro can be masked in its own codec and room", _WITHOUT)
        parts.append((room, drawn.gone))
        writes += drawn.writes
    notes = (_note(parts),) if parts else () if own else (NO_MACRO,)
    instead = [edit for room in rooms for edit in room.instead]
    return Masks(frozenset(finding.id for finding in found), parts, writes, instead, notes)


def _note(parts: Sequence[tuple[Room, Box]]) -> str:
    """Say what goes, counted in the largest picture."""
    _, (left, top, right, bottom) = max(parts, key=lambda part: part[0].width)
    return f"{MASKED}: {left},{top},{right - left},{bottom - top} is blank"


def _holds(outer: Box, inner: Box) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


def _require_alone(room: Room, inspection: Inspection) -> None:
    """Refuse to draw in bytes that something else refers to as well.

    Raises
    ------
    NotEditable
        If so.
    """
    if room.held is not None:
        return
    owner, file = room.blank.owner, room.blank.file
    slots = sorted((s.start, s.end) for s in room.blank.slots if s.end > s.start)
    if subtract(slots, merge((s, e) for s, e, _ in inspection.maps[file].owned_only_by({owner}))):
        raise NotEditable("the macro shares its bytes with something else, so no part of it can be masked", _WITHOUT)
