"""How a notebook shows the nouns: by whoever said that they draw them.

The nouns know no face. `blankslide.presentation.html_card` draws the cards and says so here when it is
imported; the API says so for it, so that the cards load only when a notebook asks.
"""

from __future__ import annotations

from collections.abc import Callable

_drawers: list[Callable[[object], str]] = []


def draw_with(drawer: Callable[[object], str]) -> None:
    """Let ``drawer`` make the HTML of inspections, plans and outcomes from now on."""
    _drawers[:] = [drawer]


def html_of(noun: object) -> str | None:
    """Return the card of a noun, or None if nobody draws it: a notebook then shows its repr."""
    return _drawers[0](noun) if _drawers else None
