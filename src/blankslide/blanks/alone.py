"""Whether a picture has its bytes for itself: one that shares them cannot be drawn over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from blankslide.model import Inspection, Room, Write

__all__ = ["is_alone"]


def is_alone(room: Room, writes: Iterable[Write], inspection: Inspection) -> bool:
    """Whether nobody else claims a byte of what is drawn; a structure that holds a picture answers for itself."""
    if room.held is not None:
        return True
    owned = inspection.maps[room.blank.file].owned_only_by({room.blank.owner})
    spans = sorted((w.start, w.start + len(w.data)) for w in writes)
    return not subtract(spans, merge((start, end) for start, end, _ in owned))
