"""How large the pictures are in truth, and where they lie beside the slide.

Only the thumbnail shares the tissue's scale. Label and macro are photographs of the glass,
and files do not say at which scale; the glass does: a slide measures 25 × 75 mm, so a macro
that shows all of it is 75 mm wide, one of the free part at least 60 mm, and a label is as
high as the glass. Everything is in micrometres, the origin is the slide's upper left corner.

Several slides stand in rows, one below the other, so that no label can be taken for another slide's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

GLASS_SHORT, GLASS_LONG, MACRO_LEAST = 25_000.0, 75_000.0, 60_000.0
ROW_GAP = GLASS_SHORT / 5
"""Between one slide and the next one below it."""
_ORDER = ("thumbnail", "label", "macro")


class Placement(NamedTuple):
    """Micrometres per pixel (y, x) and the upper left corner (y, x) in micrometres."""

    scale: tuple[float, float]
    translate: tuple[float, float]


def physical_scale(role: str, size: tuple[int, int], slide: tuple[float, float]) -> tuple[float, float]:
    """Say how large a pixel of a picture is.

    Parameters
    ----------
    role
        ``label``, ``macro``, ``thumbnail`` or another.
    size
        Width and height of the picture in pixels.
    slide
        Width and height of the slide's tissue area in micrometres.

    Returns
    -------
    tuple of float
        Micrometres per pixel (y, x).
    """
    width, height = size
    if role == "thumbnail":  # its sides were rounded, or it shows a little less: it is never stretched
        fits = min(slide[1] / height, slide[0] / width)
        return fits, fits
    long, short = max(width, height), min(width, height)
    whole = min(GLASS_LONG, max(MACRO_LEAST, GLASS_SHORT * long / short))
    edge = whole if role == "macro" else GLASS_SHORT
    return edge / long, edge / long


def place(
    sizes: Mapping[str, tuple[int, int]], slide: tuple[float, float], edge: float | None = None
) -> dict[str, Placement]:
    """Lay pictures out to the right of the slide, side by side.

    Parameters
    ----------
    sizes
        Width and height in pixels of each picture by role.
    slide
        Width and height of the slide's tissue area in micrometres.
    edge
        Where the tissue ends to the right, if there is more of it than that area.
    """
    gap = slide[0] * 0.05
    right = max(slide[0], edge or 0.0) + gap
    placed = {}
    for role in sorted(sizes, key=lambda r: (_ORDER.index(r) if r in _ORDER else len(_ORDER), r)):
        scale = physical_scale(role, sizes[role], slide)
        placed[role] = Placement(scale, (0.0, right))
        right += sizes[role][0] * scale[1] + gap
    return placed
