"""The fold "Readable strings" of the card: every string that is left, shown in the page and saved nowhere.

The list is made when the person has opened the fold, and the page makes texts of it, never markup.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from blankslide.jupyter.lists import Table
from blankslide.jupyter.parts import Field, Fold, Says, Text
from blankslide.presentation import wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.pipeline import Readable

TITLE = "Readable strings"
MOST = 400
"""Lines in the page at most; the filter reaches the others."""
_LONGEST = 2000
_COLUMNS = (("!", "1.8em"), ("text", ""), ("where", "22%"), ("why", "18%"))


class StringsFold:
    """The fold; it holds the list as long as it is open.

    Parameters
    ----------
    on_turn
        Called with whether the person has opened or closed it.
    """

    def __init__(self, on_turn: Callable[[bool], None]) -> None:
        self._on_turn = on_turn
        self._lines: Sequence[Readable] = ()
        self._told, self._more = Text(live=True), Text(live=True)
        self._filter = Field(
            "", lambda _: self._draw(), label="Filter strings", placeholder="filter strings", type="search", shown=False
        )
        self._table = Table(columns=_COLUMNS, name="every string that can be read")
        self.part = Fold(self._told, self._filter, self._table, self._more, does=self._turned, label=TITLE)

    @property
    def is_open(self) -> bool:
        """Whether the person looks at it."""
        return self.part.value

    def _turned(self, is_open: bool) -> None:
        if not is_open:
            self._fill(TITLE, "", ())
        self._on_turn(is_open)

    def say(self, told: str) -> None:
        """Show a sentence and no list."""
        self._fill(TITLE, told, ())

    def show(self, title: str, told: str, lines: Sequence[Readable]) -> None:
        """Show the list, if the fold is open."""
        if self.is_open:
            self._fill(title, told, lines)

    def close_up(self) -> None:
        """Close the fold in every page that shows it, and take the list out of it."""
        self._fill(TITLE, "", ())
        self.part.value = False

    def _fill(self, title: str, told: str, lines: Sequence[Readable]) -> None:
        self._lines = lines
        if not lines:
            self._filter.value = ""
        self.part.label = title
        self._told.lines = [told] if told else []
        self._filter.shown = bool(lines)
        self._draw()

    def _draw(self) -> None:
        word = self._filter.value.lower()
        rows = [row(number, line) for number, line in enumerate(self._lines)]
        found = [r for r in rows if word in " ".join(str(c.get("text", "")) for c in r["cells"]).lower()]
        self._table.rows = found[:MOST]
        hidden = len(found) - MOST
        self._more.lines = [f"{hidden} more: narrow them down with the filter"] if hidden > 0 else []


def row(number: int, line: Readable) -> Says:
    """Return a row of the table for one string, safe to be shown: mark, text, place and reason."""
    text = wording.shown(line.text, whole=True)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    why = wording.string_reason(line.why, line.field)
    return {
        "id": str(number),
        "tone": "" if line.why else "new",
        "cells": [
            {"text": wording.string_mark(line.why)},
            {"text": text},
            {"text": line.where, "title": wording.shown(line.place, whole=True)},
            {"text": why},
        ],
    }
