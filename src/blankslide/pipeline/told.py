"""What the census need not explain: pictures and values that the plan tells of anyway, and labels of ours.

What a person asked to keep stands in the plan, so the slide is not clean, and nothing more has to be said of it. A
label of ours is proven byte by byte before it comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.model import Inspection, Plan
    from blankslide.verification.census.grammar import Kept

__all__ = ["Told", "told_of"]


class Told(NamedTuple):
    """What needs no other explanation, because the plan tells of it or because it is a label of ours.

    Attributes
    ----------
    kept
        Its places.
    marks, digests
        What such labels hold, and the SHA-256 of their pictures, where these do not stand in the file as they are.
    """

    kept: Kept
    marks: tuple[str, ...]
    digests: frozenset[bytes]

    @property
    def spans(self) -> dict[int, list[tuple[int, int]]]:
        """The places by file."""
        return self.kept.spans

    def covers(self, file: int, start: int, end: int) -> bool:
        """Whether one place holds the whole of a span."""
        return self.kept.covers(file, start, end)

    def is_mark(self, value: str) -> bool:
        """Whether a text is the mark of such a label, perhaps behind the length of its segment."""
        return any(value.endswith(mark) and len(value) <= len(mark) + 1 for mark in self.marks)


def told_of(inspection: Inspection, planned: Plan) -> Told:
    """Return the places of labels of ours, and of what a person asked to keep: the plan tells of that."""
    from blankslide.spans import merge
    from blankslide.verification.census.grammar import Kept

    kept = {d.id for d in planned.decisions if d.identifying}
    places = [(f.id, p) for f in inspection.findings if f.id in kept for p in f.places]
    spans: list[tuple[int, int, int]] = []
    for file, bytemap in enumerate(inspection.maps):
        owners = {p.where for name, p in places if p.file == file and name.startswith("picture.")}
        own = [(start, end) for start, end, _ in bytemap.owned_only_by(owners)] if owners else []
        own += [(p.start, p.end) for _, p in places if p.file == file]
        spans += [(file, start, end) for start, end in merge(own)]
    parted = [room for room, _ in planned.masks if f"picture.{room.role}" in kept]  # parts of a label that stay
    spans += [(room.blank.file, room.at, room.at) for room in parted]
    held = [d.room.held for d in inspection.drawn if d.speaks and d.room.held is not None]
    held += [room.held for room in parted if room.held is not None]
    marks = tuple(_mark(one.data) for one in held)
    digests = frozenset(sha256(one.data).digest() for one in held)
    return Told(Kept([*spans, *_labels(inspection)]), marks, digests)


def _mark(data: bytes) -> str:
    from blankslide.blanks.label_jpeg import comment

    return comment(data).decode("latin-1")


def _labels(inspection: Inspection) -> Iterator[tuple[int, int, int]]:
    """Yield the places of labels of ours, each byte as we draw it, and of macros that are masked as we do it.

    What stands outside of a mask is the business of `masks_left`.
    """
    for drawn in inspection.drawn:
        if drawn.speaks:
            file = drawn.room.blank.file
            yield from ((file, start, end) for start, end in drawn.spans)
            yield file, drawn.room.at, drawn.room.at
            yield from ((file, slot.start, slot.start) for slot in drawn.room.blank.slots if drawn.room.held is None)
