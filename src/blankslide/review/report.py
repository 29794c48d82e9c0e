"""The report of a spot-check: one page, what was drawn and how, what was said, and what follows; no value, no picture.

The page and the PDF are drawn from the data (`report_data`) alone and hold it, and the ledger's entry of the check has
the data's digest: so a page that somebody edited is seen (`report_check`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from blankslide.errors import UsageError
from blankslide.records.report_html import document
from blankslide.review.report_data import HOW, content, digest, digests, facts, has_failed, text_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SUFFIXES", "check_target", "content", "digest", "digests", "drawn", "page", "write"]

SUFFIXES = (".html", ".htm", ".pdf", ".json")
OPENING, CLOSING = '<script type="application/json" id="spot-check">', "</script>"
MARKS = {"pass": "✓ pass", "fail": "✗ FAIL", "": "not looked at"}


# -- the file ----------------------------------------------------------------------------


def check_target(path: Path) -> None:
    """Refuse a report that cannot be made, before any slide is looked at.

    Raises
    ------
    UsageError
        If the suffix is none of ours, or what a PDF needs is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError("the report's name must end in .html, .pdf or .json")
    if path.suffix.lower() == ".pdf":
        from blankslide.records.sheets_pdf import require

        require()


def write(path: Path, data: Mapping[str, Any]) -> None:
    """Write a report as HTML, PDF or JSON; a reader sees the old file or the whole new one.

    Raises
    ------
    UsageError, EnvironmentProblem
        If it cannot be written.
    """
    from blankslide.records.report import write_text

    check_target(path)
    write_text(path, drawn(path.suffix.lower(), data))


def drawn(suffix: str, data: Mapping[str, Any]) -> bytes:
    """Return the bytes of a report's file: they depend on the data only, and on fpdf2's version for a PDF."""
    if suffix == ".json":
        return text_of(data)
    if suffix == ".pdf":
        from blankslide.review.report_pdf import pdf

        return pdf(data, text_of(data))
    return page(data).encode()


# -- the page ----------------------------------------------------------------------------


def page(data: Mapping[str, Any]) -> str:
    """Return the report as an HTML page, fit for printing; its data stands in it as a block that no browser runs."""
    colour = "bad" if any(map(has_failed, data["slides"])) else "good"
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts(data).items())
    return document(
        "Spot-check",
        [
            f'<p class="soft">{escape(data["tool"])}</p>',
            f'<section><p class="{colour}">{escape(data["result"])}</p><dl>{listed}</dl></section>',
            f"<section><h2>Slides</h2>{_table(data['slides'])}</section>",
            f'<p class="soft">{escape(HOW)}</p>',
            OPENING + text_of(data).decode("ascii").strip().replace("<", "\\u003c") + CLOSING,
        ],
    )


def _table(slides: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (slide["number"], slide["slide"], who, MARKS[said["verdict"]], said["note"], said["time"])
        for slide in slides
        for who, said in (slide["verdicts"] or {"": {"verdict": "", "note": "", "time": ""}}).items()
    ]
    head = "".join(f'<th scope="col">{name}</th>' for name in ("no.", "slide", "reviewer", "verdict", "note", "when"))
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
