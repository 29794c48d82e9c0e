"""The audit as one HTML page: the sum first, then every slide with something left, then the others by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from blankslide.records.report_html import document


def page(data: Mapping[str, Any]) -> str:
    """Return the page for the data of `audit.content`."""
    slides: Sequence[Mapping[str, Any]] = data["slides"]
    left = [slide for slide in slides if slide["left"]]
    return document(
        "What is left in these slides",
        [
            f'<p class="soft">{escape(data["tool"])} · {escape(data["written"])} · names: {escape(data["names"])}</p>',
            _sum(data["sum"], data["other_files"]),
            *map(_slide, left),
            _names("Nothing left that was found", (s["slide"] for s in slides if s["result"] == "nothing left")),
            _names(
                "Refused, so nothing is known of them",
                (f"{s['slide']}: {s['error']}" for s in slides if s["result"] == "refused"),
            ),
        ],
    )


def _sum(total: Mapping[str, Any], others: int) -> str:
    colour = "bad" if total["something_left"] else "good"
    head = (
        f'<p><span class="{colour}">{total["something_left"]} of {total["slides"]} slides have something left</span>'
        f" · {total['nothing_left']} have nothing left that was found · {total['refused']} refused"
        f" · {others} other files were not looked at</p>"
    )
    things = _table(
        ("what is left", "class", "id", "slides"),
        ([thing["what"], thing["class"], thing["id"], thing["slides"]] for thing in total["things"]),
    )
    formats = _table(
        ("format", "something left", "nothing left", "refused"),
        (
            [name, *(count.get(result, 0) for result in ("something_left", "nothing_left", "refused"))]
            for name, count in total["formats"].items()
        ),
    )
    return f"<section><h2>In sum</h2>{head}{things}{formats}</section>"


def _slide(slide: Mapping[str, Any]) -> str:
    rows = ([one["what"], one["class"], one["id"], one["count"]] for one in slide["left"])
    return (
        f'<section><h2>{escape(slide["slide"])}</h2><p class="soft">{escape(slide["format"])}</p>'
        f"{_table(('what is left', 'class', 'id', 'places'), rows)}</section>"
    )


def _names(title: str, names: Iterable[str]) -> str:
    rows = "".join(f"<li>{escape(name)}</li>" for name in names)
    return f"<section><h2>{escape(title)}</h2><ul>{rows}</ul></section>" if rows else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
