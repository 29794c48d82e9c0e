"""The report as one HTML page: no script, nothing loaded, light and dark, fit for printing.

Everything that comes from outside this file is escaped; a content policy forbids the page
to load or run anything, should an escape ever be missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5b6670; --line: #d5dbe0; --page: #fff; --good: #1a6b3c;
  --bad: #a32020; --card: #f6f8f9 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaed; --soft: #a3adb5; --line: #3a434b; --page: #14181b;
  --good: #6cc894; --bad: #ff9d96; --card: #1c2226 } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem; margin-bottom: 0 } h2 { font-size: 1.15rem; margin: 0 } .soft { color: var(--soft) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem;
  margin: 1.2rem 0; break-inside: avoid-page }
.good { color: var(--good) } .bad { color: var(--bad) } .good, .bad { font-weight: 600 }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-size: .9rem }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .8rem 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere } code { font-size: .85em } ul { margin: .3rem 0; padding-left: 1.2rem }
@media print { body { margin: 0; max-width: none; font-size: 11px } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(data: Mapping[str, Any]) -> str:
    """Return the page for the data of `report.content`."""
    slides: Sequence[Mapping[str, Any]] = data["slides"]
    clean = sum(slide["result"] == "clean" for slide in slides)
    return document(
        "De-identification report",
        [
            f'<p class="soft">{escape(data["tool"])} · {escape(data["written"])} · {clean} of {len(slides)} clean'
            f" · names: {escape(data['names'])}</p>",
            *map(_section, slides),
            _others(data["others"]),
            f"<p><strong>{escape(data['level_v'])}</strong></p>",
        ],
    )


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole page of the house's style around parts that are markup already."""
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>',
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            *parts,
            "</body></html>\n",
        ]
    )


def _others(names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = "".join(f"<li>{escape(name)}</li>" for name in names)
    return f"<section><h2>Left alone, because they are no slides</h2><ul>{listed}</ul></section>"


def _section(slide: Mapping[str, Any]) -> str:
    colour = "good" if slide["result"] == "clean" else "bad"
    title = f'<h2>{escape(slide["slide"])} · <span class="{colour}">{escape(slide["result"])}</span></h2>'
    if "error" in slide:
        return f"<section>{title}<p>{escape(slide['error'])}</p></section>"
    return "".join(
        [
            "<section>",
            title,
            _facts(slide),
            _left(slide["left"]),
            _levels(slide["levels"]),
            _findings(slide["findings"]),
            "</section>",
        ]
    )


def _facts(slide: Mapping[str, Any]) -> str:
    tissue = slide["tissue"]
    digests = "not taken: readers compared sampled pixels, and no byte of tissue was planned to change"
    if tissue:
        digests = f"{tissue['before']} before and after, {tissue['algorithm']}"
        if tissue["before"] != tissue["after"]:
            digests = f"DIFFERENT: {tissue['before']} before, {tissue['after']} after, {tissue['algorithm']}"
    entry = slide["ledger_entry"]
    facts = {
        "Format": slide["format"],
        "Profile": f"{slide['profile']}, {slide['mode']}",
        "Judged by": ", ".join(slide["readers"]) or "nobody",
        "Tissue": digests,
        "Pictures": slide["pictures"],
        "Medium": f"{slide['medium']}: {slide['medium_in_words']}",
        "File name": slide["name"],
        "Files beside it": f"{slide['sidecars']}, left as they are" if slide["sidecars"] else "none of the same name",
        "Ledger": f"entry {entry}, transaction {slide['transaction']}" if entry else "no entry",
    }
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(str(v))}</dd>" for k, v in facts.items()) + "</dl>"


def _left(sentences: Iterable[str]) -> str:
    rows = "".join(f"<li>{escape(s)}</li>" for s in sentences)
    return f'<p class="bad">Left in it</p><ul>{rows}</ul>' if rows else ""


def _findings(rows: Iterable[Mapping[str, Any]]) -> str:
    body = "".join(map(_finding, rows))
    head = "".join(f'<th scope="col">{h}</th>' for h in ("!", "found", "where", "places", "class", "action"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else "<p>Nothing found.</p>"


def _finding(row: Mapping[str, Any]) -> str:
    cells = [
        "●" if row["identifying"] else "○",
        f"{escape(row['what'])}{_several(row)} <code>{escape(row['id'])}</code>",
        escape(", ".join(row["where"])),
        str(row["places"]),
        escape(row["class"]),
        escape(row["action"]),
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _several(row: Mapping[str, Any]) -> str:
    return f" ({row['fields']})" if row["fields"] > 1 else ""


def _levels(levels: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, level in levels.items():
        word = "reached" if level["reached"] else "not claimed" if name == "V" else "not reached"
        colour = "good" if level["reached"] else "soft"
        rows.append(f'<dt>Level {name}</dt><dd><span class="{colour}">{word}</span> – {escape(level["meaning"])}</dd>')
    return f"<dl>{''.join(rows)}</dl>"
