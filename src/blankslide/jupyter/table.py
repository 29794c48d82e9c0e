"""The findings, one line each: mark and colour and word, and keep or remove at the end.

What follows from keeping a finding stands in the choice itself, before anybody chooses it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from blankslide.jupyter.lists import Table
from blankslide.jupyter.parts import Box, Says, Text
from blankslide.presentation import html_card, wording

if TYPE_CHECKING:
    from blankslide.session import Row

MOST = 150
"""Lines shown at most; the filter reaches the others."""
_LONGEST = 160
_PLACES = 8
_COLUMNS = (("", "2.6em"), ("what", "25%"), ("where", "17%"), ("class", "4.8em"), ("value", ""), ("action", "11.5em"))
_KEPT = ("keep", "keep · then NOT clean")


class FindingsTable:
    """The table of a live card.

    Parameters
    ----------
    on_keep
        Called with (finding id, keep it) when the person decides about one line.
    """

    def __init__(self, on_keep: Callable[[str, bool], None]) -> None:
        self._table = Table(
            chose=lambda finding, chosen: on_keep(finding, chosen == 1), columns=_COLUMNS, name="findings"
        )
        self._more = Text(live=True)
        self.part = Box(self._table, self._more)

    @property
    def findings(self) -> list[str]:
        """The ids of the findings that are shown."""
        return [str(row["id"]) for row in self._table.rows]

    def choose(self, finding: str, keep: bool) -> None:
        """Do what a person does who keeps or removes a finding."""
        self._table.hear({"do": "choose", "row": finding, "value": int(keep)})

    def draw(self, rows: Sequence[Row], *, enabled: bool) -> None:
        """Fill the lines.

        Parameters
        ----------
        rows
            What to show, in order.
        enabled
            Whether the person may decide now.
        """
        self._table.rows = [_row(row, enabled) for row in rows[:MOST]]
        hidden = len(rows) - MOST
        self._more.lines = [f"{hidden} more: narrow them down with the filter"] if hidden > 0 else []


def _row(row: Row, enabled: bool) -> Says:
    tone = html_card.tone_of(sensitive=row.sensitive, unknown=row.unknown)
    places = [f"{p.where}: bytes {p.start} to {p.end}" for p in row.places[:_PLACES]]
    places += [f"and {len(row.places) - _PLACES} more"] if len(row.places) > _PLACES else []
    what = _short(row.what)
    return {
        "id": row.id,
        "cells": [
            {"badge": row.mark, "tone": tone},
            {"text": what, "title": _short(row.id)},
            {"text": _short(row.where), "title": "\n".join(places)},
            {"text": row.kind},
            {"text": _short(row.value)},
        ],
        "choice": {
            "label": f"keep or remove {what}",
            "options": ["remove" if row.keeps else row.action, _KEPT[row.sensitive]],
            "chosen": int(row.keeps),
            "disabled": not enabled,
        },
    }


def _short(text: str) -> str:
    safe = wording.shown(text, whole=True) if text else ""
    return safe if len(safe) <= _LONGEST else safe[: _LONGEST - 1] + "…"
