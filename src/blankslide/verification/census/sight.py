"""What the pages of a slide looked like before, and which of them a plan would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.pixels import Look
    from blankslide.verification.census.tiff_pages import Page


@dataclass(slots=True)
class Sight:
    """What each page looked like, by number of file and offset of its directory, and which bytes would change."""

    looks: dict[tuple[int, int], Look] = field(default_factory=dict)
    changes: Mapping[int, Sequence[Span]] = field(default_factory=dict)

    def is_touched(self, file: int, page: Page) -> bool:
        """Whether one of a page's segments would change."""
        spans = self.changes.get(file)
        if not spans:
            return False
        import numpy as np

        low = np.array([start for start, _ in spans])
        high = np.array([end for _, end in spans])
        count = min(page.needed, len(page.offsets))
        starts, ends = page.offsets[:count], page.offsets[:count] + page.lengths[:count]
        return bool((np.searchsorted(low, ends, side="left") > np.searchsorted(high, starts, side="right")).any())
