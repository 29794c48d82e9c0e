"""The fold "Readable strings" of the card: every string that is left, shown in the page and saved nowhere.

Notebooks can keep the state of every widget. So the list is no state: it goes to the page as a message, when the
person has opened the fold, and the page makes texts of it, never markup. No widget of ipywidgets takes messages,
therefore this one is made with anywidget; where that is not installed the card says how to see the list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as W

from blankslide.presentation import html_card, wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.pipeline import Readable

TITLE = "Readable strings"
MOST = 400
"""Lines in the page at most; its filter reaches the others."""
_LONGEST = 2000
_WITHOUT = "To list every string that is left: pip install anywidget, or run blankslide inspect --readable."
_CODE = """
function render({model, el}) {
  const make = (tag, parent, text = "") => {
    const made = document.createElement(tag);
    made.textContent = text;
    return parent.appendChild(made);
  };
  let lines = [];
  const fold = make("details", el), title = make("summary", fold, TITLE);
  const told = make("div", fold), filter = make("input", fold), area = make("div", fold), more = make("div", fold);
  fold.className = "blankslide-strings";
  filter.type = "search";
  filter.placeholder = filter.ariaLabel = "filter strings";
  area.tabIndex = 0;
  area.className = "blankslide-strings-list";
  told.role = "status";
  const draw = () => {
    const word = filter.value.toLowerCase();
    const found = lines.filter(line => line.join(" ").toLowerCase().includes(word));
    const table = document.createElement("table");
    const head = make("tr", make("thead", table));
    ["!", "text", "where", "why"].forEach(name => make("th", head, name).scope = "col");
    const body = make("tbody", table);
    found.slice(0, MOST).forEach(([mark, text, where, place, why]) => {
      const row = make("tr", body);
      row.className = mark ? "new" : why;
      [mark, text, where, why].forEach(cell => make("td", row, cell));
      row.cells[2].title = place;
    });
    area.replaceChildren(...(lines.length ? [table] : []));
    filter.hidden = area.hidden = !lines.length;
    more.textContent = found.length > MOST ? `${found.length - MOST} more: narrow them down with the filter` : "";
  };
  const empty = () => { lines = []; filter.value = told.textContent = ""; draw(); };
  fold.addEventListener("toggle", () => { if (!fold.open) empty(); model.send({open: fold.open}); });
  filter.addEventListener("input", draw);
  model.on("msg:custom", said => {
    title.textContent = said.title;
    if (said.fold) fold.open = false;
    if (!fold.open) return;
    told.textContent = said.told;
    lines = said.lines;
    draw();
  });
  empty();
}
export default {render};
"""
_STYLE = """
.blankslide-strings { margin: 6px 0; line-height: 1.4; color: inherit; max-width: 950px; }
.blankslide-strings summary { cursor: pointer; padding: 2px 4px; }
.blankslide-strings input { margin: 4px 0; padding: 2px 6px; width: 180px; color: inherit; background: transparent;
  border: 1px solid rgba(128,128,128,.6); border-radius: 3px; font: inherit; }
.blankslide-strings-list { max-height: 230px; overflow: auto; }
.blankslide-strings table { border-collapse: collapse; width: 100%; table-layout: fixed; color: inherit; }
.blankslide-strings :is(th, td) { text-align: left; vertical-align: baseline; padding: 2px 10px 2px 4px;
  overflow-wrap: anywhere; border-bottom: 1px solid rgba(128,128,128,.25); white-space: pre-wrap; color: inherit; }
.blankslide-strings th:nth-child(1) { width: 1.2em; }
.blankslide-strings th:nth-child(3) { width: 22%; }
.blankslide-strings th:nth-child(4) { width: 18%; }
.blankslide-strings tr.new { background: rgba(240,160,0,.28); }
.blankslide-strings tr.new td:first-child { font-weight: bold; }
.blankslide-strings tr.format { opacity: .68; }
"""


def _anywidget() -> Any:
    """Return the library, or None where it is not installed."""
    try:
        import anywidget
    except ImportError:
        return None
    return anywidget


class StringsFold:
    """The fold; it holds no list itself.

    Parameters
    ----------
    on_turn
        Called with whether the person has opened or closed it.
    """

    def __init__(self, on_turn: Callable[[bool], None]) -> None:
        self.is_open = False
        self._on_turn = on_turn
        self.widget: Any = W.HTML(html_card.lines([_WITHOUT])) if _anywidget() is None else _made()
        if _anywidget() is not None:
            self.widget.on_msg(self._hear)

    def _hear(self, _: object, said: Any, __: object = None) -> None:
        if isinstance(said, dict) and isinstance(said.get("open"), bool) and said["open"] != self.is_open:
            self.is_open = said["open"]
            self._on_turn(self.is_open)

    def say(self, told: str) -> None:
        """Show a sentence and no list."""
        self._send(TITLE, told, ())

    def show(self, title: str, told: str, lines: Sequence[Readable]) -> None:
        """Show the list, if the fold is open."""
        if self.is_open:
            self._send(title, told, [cells(line) for line in lines])

    def close_up(self) -> None:
        """Close the fold in every page that shows it, and take the list out of it."""
        self.is_open = False
        self._send(TITLE, "", (), fold=True)

    def _send(self, title: str, told: str, lines: Sequence[Sequence[str]], *, fold: bool = False) -> None:
        if _anywidget() is not None:
            self.widget.send({"title": title, "told": told, "lines": list(lines), "fold": fold})


def cells(line: Readable) -> list[str]:
    """Return mark, text, place in words, path and reason of one string, safe to be shown."""
    text = wording.shown(line.text, whole=True)
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    why = wording.string_reason(line.why, line.field)
    return [wording.string_mark(line.why), text, line.where, wording.shown(line.place, whole=True), why]


def _made() -> Any:
    code = _CODE.replace("TITLE", f'"{TITLE}"').replace("MOST", str(MOST))
    return type("Strings", (_anywidget().AnyWidget,), {"_esm": code, "_css": _STYLE})()
