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
    """Return the table for the data of `report.content`; files that are no slides are rows without findings."""
    import csv
    from io import StringIO

    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, *_MORE, *_IDS])
    for slide in data["slides"]:
        writer.writerow([guarded(cell) for cell in _row(slide)])
    for name in data["others"]:
        writer.writerow([guarded(name), "left alone, because it is no slide"])
    return out.getvalue()


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
