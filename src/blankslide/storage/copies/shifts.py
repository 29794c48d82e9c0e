"""Where bytes of a slide stand in a copy whose patches are longer or shorter than what they replace.

In place every patch keeps its length, so all offsets stay. Only in a copy may a header grow: what
follows it moves. `Shift` is the one place that knows by how much; without such a patch it is the
identity and costs nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.model import Patch

Range = tuple[int, int]


class Shift:
    """Offsets of one file of the slide, as offsets of its copy.

    Parameters
    ----------
    patches
        Of this file only, disjoint, in any order.

    Attributes
    ----------
    total
        By how many bytes the copy is longer.
    """

    def __init__(self, patches: Iterable[Patch]) -> None:
        self._ends: list[int] = []
        self._by: list[int] = []
        self.total = 0
        uneven = [p for p in patches if p.data is not None and len(p.data) != p.length]
        for patch in sorted(uneven, key=lambda p: p.offset):
            self.total += len(patch.data or b"") - patch.length
            self._ends.append(patch.offset + patch.length)
            self._by.append(self.total)

    def __call__(self, offset: int) -> int:
        """Return where a byte that stays, or the start of a patch, stands in the copy."""
        i = bisect_right(self._ends, offset)
        return offset + (self._by[i - 1] if i else 0)

    def spans(self, spans: Iterable[Range]) -> Sequence[Range]:
        """Move ranges none of which meets a patch."""
        if not self._ends:
            return list(spans)
        return [(self(start), self(start) + end - start) for start, end in spans]
