"""A certificate as one HTML page: no script, nothing loaded, light and dark, one sheet of paper a slide.

The certificate's data stands in it as a block that no browser runs, with every ``<`` written as an escape of JSON, so
that nothing in it can end the block. Everything else that comes from the data is escaped, and a content policy
forbids the page to load or run anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from blankslide.presentation import certificate_words as words
from blankslide.records.certificate_pages import Block, Facts, Page, Points, Table

OPENING = '<script type="application/json" id="certificate">'
CLOSING = "</script>"
_TITLE = "Certificate of de-identification"
_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #56616b; --line: #d0d7dc; --paper: #fff; --good: #17643a;
  --bad: #a01c1c; --card: #f6f8f9 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaed; --soft: #a9b3bb; --line: #3a434b; --paper: #14181b;
  --good: #74cf9c; --bad: #ffa39c; --card: #1c2226 } }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: .95rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.35rem; margin: 0 } h2 { font-size: 1.15rem; margin: 0 } h3 { font-size: .95rem; margin: 1rem 0 .3rem }
.soft { color: var(--soft); margin: .1rem 0 } .good { color: var(--good) } .bad { color: var(--bad) }
.word { font-weight: 700 }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem;
  margin: 1.2rem 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .87rem }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line) }
td:last-child, td:nth-child(2) { overflow-wrap: anywhere; min-width: 7rem }
td:first-child, th { white-space: nowrap }
dl { display: grid; grid-template-columns: minmax(7.5rem, 9rem) 1fr; gap: .12rem 1rem; margin: 0;
  font-size: .93rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere } ul { margin: 0; padding-left: 1.2rem }
footer { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .4rem } }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --good: #0b5a2c; --bad: #900;
  --card: #fff } @page { size: A4; margin: 11mm }
  html { font-size: 9.6px } body { margin: 0; padding: 0; max-width: none; font-size: .95rem; line-height: 1.32 }
  section { break-after: page; border: 0; padding: 0; margin: .5rem 0 } section:last-of-type {
  break-after: auto } h3 { margin: .5rem 0 .1rem; break-after: avoid } tr { break-inside: avoid } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(pages: Sequence[Page], text: bytes, digest: str) -> str:
    """Return the page.

    Parameters
    ----------
    text
        The sealed data in canonical form, which the page holds.
    digest
        SHA-256 of what the seal is of.
    """
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f'<meta name="viewport" content="width=device-width"><title>{_TITLE}</title>',
            f"<style>{_STYLE}</style></head><body>",
            f"<header><h1>{_TITLE}</h1></header><main>",
            *map(_section, pages),
            "</main>",
            f"<footer><p>Data in this page: SHA-256 {digest}. {escape(words.HOW)}</p></footer>",
            OPENING + text.decode("ascii").strip().replace("<", "\\u003c") + CLOSING,
            "</body></html>\n",
        ]
    )


def _section(page: Page) -> str:
    colour = "good" if page.good else "bad"
    sign = "&#10003;" if page.good else "&#10007;"
    return "".join(
        [
            f'<section><h2>{escape(page.title)} <span class="word {colour}">{sign} {escape(page.word)}</span></h2>',
            f'<p class="soft">{escape(page.below)}</p>' if page.below else "",
            *map(_block, page.blocks),
            "</section>",
        ]
    )


def _block(block: Block) -> str:
    title = f"<h3>{escape(block.title)}</h3>"
    if isinstance(block, Facts):
        rows = "".join(f"<dt>{escape(term)}</dt><dd>{escape(said)}</dd>" for term, said in block.rows)
        return f"{title}<dl>{rows}</dl>"
    if isinstance(block, Points):
        colour = ' class="bad"' if block.bad else ""
        return f"{title}<ul{colour}>{''.join(f'<li>{escape(s)}</li>' for s in block.sentences)}</ul>"
    return title + _table(block)


def _table(block: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in block.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
