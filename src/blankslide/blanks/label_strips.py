"""Strips laid anew inside of the bytes that a page has: where one needs more room than it had, others have too much.

The order of strips stays, no byte is added, and none is left to nobody: what is too much goes to the strip that bears
the mark, or to the last one before a gap. The page's own numbers then say where its strips are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from blankslide.model import Rank, Slot, Write

if TYPE_CHECKING:
    from blankslide.model import Room

__all__ = ["laid_anew", "pointing"]

_TRIES = 4


def laid_anew(
    room: Room, least: Callable[[int, bool], int | None], bearer: Callable[[list[int]], int]
) -> tuple[Slot, ...] | None:
    """Find new borders for a page's strips.

    Parameters
    ----------
    least
        How many bytes a strip needs, by its number, and whether it bears the mark; None if it cannot be drawn.
    bearer
        Which strip bears the mark, by their lengths.

    Returns
    -------
    tuple of Slot or None
        None if there is not enough room.
    """
    slots = room.blank.slots
    if room.pointers is None or room.held is not None or any(s.end <= s.start for s in slots):
        return None
    plain = [least(number, False) for number in range(len(slots))]
    regions = _regions(slots)
    needs = [need for need in plain if need is not None]
    if len(needs) < len(slots) or sum(needs) > sum(end - start for start, end in regions):
        return None
    bears = bearer(needs)
    for _ in range(_TRIES):
        marked = least(bears, True)
        if marked is None:
            return None
        borders = _borders(regions, [marked if i == bears else need for i, need in enumerate(needs)], bears)
        if borders is None:
            return None
        found = bearer([end - start for start, end in borders])
        if found == bears:
            return tuple(slot._replace(start=a, end=b) for slot, (a, b) in zip(slots, borders, strict=True))
        bears = found
    return None


def pointing(room: Room, slots: Sequence[Slot]) -> list[Write] | None:
    """Return what a page says of its new borders; None if a number does not fit."""
    if room.pointers is None:
        return None
    order, (wide, narrow) = room.blank.coding.order, room.pointers.wide
    starts, lengths = [s.start for s in slots], [s.end - s.start for s in slots]
    if max(starts) >> 8 * wide or max(lengths) >> 8 * narrow:
        return None
    return [
        Write(room.blank.file, at, b"".join(n.to_bytes(width, order) for n in numbers), None, rank)
        for at, width, numbers, rank in (
            (room.pointers.lengths, narrow, lengths, Rank.LENGTH),
            (room.pointers.starts, wide, starts, Rank.POINTER),
        )
    ]


def _regions(slots: Sequence[Slot]) -> list[tuple[int, int]]:
    """Join slots that touch, in the order of the file."""
    out: list[tuple[int, int]] = []
    for start, end in sorted((s.start, s.end) for s in slots):
        if out and out[-1][1] == start:
            out[-1] = out[-1][0], end
        else:
            out.append((start, end))
    return out


def _borders(regions: Sequence[tuple[int, int]], needs: Sequence[int], bears: int) -> list[tuple[int, int]] | None:
    """Put strips one after the other into the regions; none of these may stay empty."""
    out: list[tuple[int, int]] = []
    for start, end in regions:
        at, first = start, len(out)
        while len(out) < len(needs) and at + needs[len(out)] <= end:
            out.append((at, at + needs[len(out)]))
            at = out[-1][1]
        if len(out) == first:
            return None
        takes = bears if first <= bears < len(out) else len(out) - 1
        more = end - at
        out[takes:] = [(a + more * (i > takes), b + more) for i, (a, b) in enumerate(out[takes:], takes)]
    return out if len(out) == len(needs) else None
