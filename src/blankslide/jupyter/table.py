"""The findings, one line each: mark and colour and word, and keep or remove at the end.

Lines are widgets that are filled anew, never made anew: a slide has dozens of findings, and
a notebook keeps the state of every widget it ever saw, so a line that is dropped with a
value in it would be saved. `FindingsTable.clear` empties them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from blankslide.presentation import html_card, wording

if TYPE_CHECKING:
    from blankslide.session import Row

MOST = 150
"""Lines shown at most; the filter reaches the others."""
_LONGEST = 160
_GRID = (
    "display:grid;grid-template-columns:2.1em minmax(8em,2.2fr) minmax(6em,1.6fr) 5em minmax(4em,2.2fr);"
    "column-gap:10px;align-items:center;line-height:1.35;overflow-wrap:anywhere;width:100%"
)
_PLACES = 8
_CHOICE = "128px"


class FindingsTable:
    """The table of a live card.

    Parameters
    ----------
    on_keep
        Called with (finding id, keep it) when the person decides about one line.
    """

    def __init__(self, on_keep: Callable[[str, bool], None]) -> None:
        self._on_keep = on_keep
        self._lines: list[_Line] = []
        self._head = W.HTML(layout=W.Layout(width=f"calc(100% - {_CHOICE} - 26px)"))  # margins and scroll bar
        self._more = W.HTML()
        self._rows = W.VBox(layout=W.Layout(max_height="208px", overflow="hidden scroll", width="100%"))
        self._rows.add_class("blankslide-rows")
        self.widget: Any = W.VBox([self._head, self._rows, self._more], layout=W.Layout(width="100%"))

    def draw(self, rows: Sequence[Row], *, enabled: bool) -> None:
        """Fill the lines; those not needed are emptied.

        Parameters
        ----------
        rows
            What to show, in order.
        enabled
            Whether the person may decide now.
        """
        shown = rows[:MOST]
        while len(self._lines) < len(shown):
            self._lines.append(_Line(self._on_keep))
        for line, row in zip(self._lines, shown, strict=False):
            line.fill(row, enabled)
        for line in self._lines[len(shown) :]:
            line.clear()
        self._head.value = _grid("", "what", "where", "class", "value", weight=600) if shown else ""
        children = tuple(line.box for line in self._lines[: len(shown)])
        if self._rows.children != children:
            self._rows.children = children
        hidden = len(rows) - len(shown)
        self._more.value = html_card.lines([f"{hidden} more: narrow them down with the filter"] if hidden else [])

    def clear(self) -> None:
        """Empty every line that was ever filled."""
        self.draw((), enabled=False)

    def say_again(self) -> None:
        """Send the state of all lines once more, those that are not shown now, too."""
        say_again([widget for line in self._lines for widget in line.widgets])

    def close(self) -> None:
        """Close all widgets; call `clear` first."""
        for line in self._lines:
            line.close()
        for widget in (self._head, self._more, self._rows, self.widget):
            widget.close()


def say_again(widgets: Sequence[Any]) -> None:
    """Send the state of widgets once more, from the cell that runs now.

    Programs that run notebooks keep what a cell's own messages say. What a timer of an earlier cell has emptied is
    still full for them.
    """
    for widget in widgets:
        if widget.comm is not None:
            widget.send_state()


class _Line:
    """One finding: its text, and the choice."""

    def __init__(self, on_keep: Callable[[str, bool], None]) -> None:
        self._on_keep = on_keep
        self._finding = ""
        self._filling = False
        self._text = W.HTML(layout=W.Layout(flex="1 1 auto", width="auto", min_width="0", margin="0 8px 0 0"))
        self._choice = W.Dropdown(options=[("remove", False), ("keep", True)], layout=W.Layout(width=_CHOICE))
        self._choice.observe(self._chosen, "value")
        self.box: Any = W.HBox([self._text, self._choice], layout=W.Layout(align_items="center", flex="0 0 auto"))

        self.widgets = (self._text, self._choice, self.box)

    def fill(self, row: Row, enabled: bool) -> None:
        self._filling = True
        self._finding = row.id
        self._text.value = _row(row)
        removal = "remove" if row.keeps else row.action
        options = ((removal, False), ("keep", True))
        if tuple(self._choice.options) != options:
            self._choice.options = options
        self._choice.value = row.keeps
        self._choice.disabled = not enabled
        self._filling = False

    def clear(self) -> None:
        self._finding = ""
        self._text.value = ""

    def close(self) -> None:
        for widget in self.widgets:
            widget.close()

    def _chosen(self, change: Any) -> None:
        if not self._filling and self._finding:
            self._on_keep(self._finding, bool(change["new"]))


def _row(row: Row) -> str:
    tone = html_card.tone_of(sensitive=row.sensitive, unknown=row.unknown)
    places = [f"{p.where}: bytes {p.start} to {p.end}" for p in row.places[:_PLACES]]
    places += [f"and {len(row.places) - _PLACES} more"] if len(row.places) > _PLACES else []
    return _grid(
        html_card.badge(row.mark, tone),
        f'<span title="{escape(_short(row.id))}">{escape(_short(row.what))}</span>',
        f'<span title="{escape(chr(10).join(places))}">{escape(_short(row.where))}</span>',
        escape(row.kind),
        escape(_short(row.value)),
    )


def _short(text: str) -> str:
    safe = wording.shown(text, whole=True) if text else ""
    return safe if len(safe) <= _LONGEST else safe[: _LONGEST - 1] + "…"


def _grid(*cells: str, weight: int = 400) -> str:
    inner = "".join(f"<span>{cell}</span>" for cell in cells)
    return f'<div style="{_GRID};font-weight:{weight}">{inner}</div>'
