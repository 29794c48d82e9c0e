"""Tags that say how large a pixel is, as geographers and gel scanners write them, and converters of slides too.

They are science where nothing else says it. A scale has a fixed number of values, each of which can be the size of
something; a place on Earth is none, so tie points go.

Source: GeoTIFF 1.1, sections 7.2 and B.5; Molecular Dynamics' tags.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from blankslide.containers.tiff.directories import Entry, Ifd

__all__ = ["SCALES", "is_scale"]

#: ModelPixelScale, ModelTransformation, MD ScalePixel: tag -> type and number of values.
SCALES = {33550: (12, 3), 34264: (12, 16), 33446: (5, 1)}
_SMALLEST, _LARGEST = 1e-12, 1e7
_LETTERS = pattern(rb"[\x20-\x7e]{6,}")


def is_scale(ifd: Ifd, entry: Entry) -> bool:
    """Whether a tag of `SCALES` has its type, its number of values, and sizes that something can have."""
    if (entry.type, entry.number) != SCALES.get(entry.tag):
        return False
    numbers = ifd.tiff.numbers(ifd, entry) or ()
    sizes = all(isfinite(n) and (n == 0 or _SMALLEST <= abs(n) <= _LARGEST) for n in numbers)
    return sizes and not _LETTERS.search(ifd.raw(entry))
