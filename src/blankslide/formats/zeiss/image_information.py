"""What a CZI says about its image: levels (directory), pixel size and objective (XML)."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from blankslide.errors import ContradictorySlide
from blankslide.model import Level

if TYPE_CHECKING:
    from blankslide.containers.czi import Entry
    from blankslide.containers.xml import Element

__all__ = ["levels", "mpp", "objective", "ratio"]


def ratio(entry: Entry) -> int:
    """By which factor a tile is stored smaller than it is on the slide."""
    return max(1, round(max(entry.width / entry.stored[0], entry.height / entry.stored[1])))


def levels(entries: list[Entry]) -> tuple[Level, ...]:
    """Return the levels, one for each factor by which tiles are stored smaller.

    Raises
    ------
    ContradictorySlide
        If a level would be larger than the slide.
    """
    sizes: dict[int, tuple[int, int]] = {}
    for entry in entries:
        across, down = sizes.get(ratio(entry), (0, 0))
        sizes[ratio(entry)] = max(across, entry.stored[0]), max(down, entry.stored[1])
    flat = [e for e in entries if e.stored == (e.width, e.height)] or entries
    width = max(e.x + e.width for e in flat) - min(e.x for e in flat)
    height = max(e.y + e.height for e in flat) - min(e.y for e in flat)
    if max(sizes) > max(width, height):
        raise ContradictorySlide("a level of the CZI is larger than the slide")
    # the last levels of a long and thin slide are one pixel high
    return tuple(Level(max(1, width // r), max(1, height // r), *sizes[r], 0) for r in sorted(sizes))


def _number(text: str) -> float:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        return 0.0
    return found if isfinite(found) else 0.0


def mpp(root: Element | None) -> tuple[float, float] | None:
    """Micrometres per pixel (x, y), from the metres in the XML."""
    found: dict[str, float] = {}
    for element in root.walk() if root is not None else ():
        value = element.find("Value") if element.name == "Distance" else None
        if value is not None:
            found.setdefault(element.value("Id"), _number(value.text) * 1e6)
    sides = found.get("X", 0.0), found.get("Y", 0.0)
    return sides if all(0 < s < 1e4 for s in sides) else None


def objective(root: Element | None) -> float | None:
    """Magnification of the objective that the image refers to."""
    if root is None:
        return None
    used = root.find("ObjectiveRef")
    for element in root.walk():
        if element.name == "Objective" and (used is None or element.value("Id") == used.value("Id")):
            power = element.find("NominalMagnification")
            return (_number(power.text) or None) if power is not None else None
    return None
