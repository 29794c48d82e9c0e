"""The report as a table: one row a slide, for whoever counts in a spreadsheet.

It says less than the page: what was found is a number and a list of ids, and what is left is one cell. Cells that a
spreadsheet would take for formulas get an apostrophe.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blankslide.model import Action
from blankslide.presentation.wording import action_name, guarded

_KEEP = action_name(Action.KEEP)
_COLUMNS = (
    "slide",
    "result",
    "why not",
    "mode",
    "format",
    "profile",
    "findings",
    "places",
    "readers",
    "medium",
    "name",
)
_MORE = ("sidecars", "bytes_written", "transaction", "ledger_entry")
_IDS = ("removed", "kept")


def table(data: Mapping[str, Any]) -> str:
    """Return the table as CSV."""
    import csv
    from io import StringIO

    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for row in rows(data):
        writer.writerow([guarded(cell) for cell in row])
    return out.getvalue()


def book(data: Mapping[str, Any]) -> bytes:
    """Return the table as a workbook, with a sheet that says what it is about."""
    from blankslide.records.workbook import workbook

    about = [["about", ""], *([name, data[name]] for name in ("tool", "written", "names")), ["note", data["level_v"]]]
    return workbook({"slides": rows(data), "about": about})


def rows(data: Mapping[str, Any]) -> list[list[object]]:
    """Return the rows for the data of `report.content`, headings first; files that are no slides have no findings."""
    slides = [_row(slide) for slide in data["slides"]]
    others = [[name, "left alone, because it is no slide"] for name in data["others"]]
    return [[*_COLUMNS, *_MORE, *_IDS], *slides, *others]


def _row(slide: Mapping[str, Any]) -> list[object]:
    if "error" in slide:
        return [slide["slide"], slide["result"], slide["error"]]
    findings = slide["findings"]
    return [
        slide["slide"],
        slide["result"],
        "; ".join(slide["left"]),
        *(slide[name] for name in ("mode", "format", "profile")),
        sum(row["fields"] for row in findings),
        sum(row["places"] for row in findings),
        ", ".join(slide["readers"]),
        *(slide[name] for name in ("medium", "name", *_MORE)),
        " ".join(sorted(row["id"] for row in findings if row["action"] != _KEEP)),
        " ".join(sorted(row["id"] for row in findings if row["action"] == _KEEP and row["identifying"])),
    ]
