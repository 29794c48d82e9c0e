"""How the nouns are shown: as text that any encoding can hold, and in a notebook by whoever said that they draw them.

The nouns know no face. `blankslide.presentation.html_card` draws the cards and says so here when it is
imported; the API says so for it, so that the cards load only when a notebook asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_drawers: list[Callable[[object], str]] = []


def draw_with(drawer: Callable[[object], str]) -> None:
    """Let ``drawer`` make the HTML of inspections, plans and outcomes from now on."""
    _drawers[:] = [drawer]


def plain_text(path: str | Path) -> str:
    """Return a path or text as what any encoding of all letters can hold: odd bytes are escaped.

    The file system's own encoding is not asked: where it is ASCII, it could not hold our own signs.
    """
    text = str(path)
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a surrogate pair that no file name gave us
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def html_of(noun: object) -> str | None:
    """Return the card of a noun, or None if nobody draws it: a notebook then shows its repr."""
    return _drawers[0](noun) if _drawers else None
