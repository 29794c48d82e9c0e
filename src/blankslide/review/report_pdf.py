"""The report of a spot-check as PDF: one sheet of A4, with the report's data attached to it.

Every slide of the sample has its row, as long as that fits on the sheet. Where it does not, those have one that failed,
have a note or were not looked at; of the others the numbers are listed, and the attached data has them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from blankslide.records.certificate_pages import Block, Facts, Page, Points, Table
from blankslide.records.sheets_pdf import Head, is_one_sheet, maker, sheets
from blankslide.review.report_data import HOW, digest, facts, has_failed

ATTACHED = "spot-check.json"
_WORDS = {"pass": "pass", "fail": "FAIL", "": "not looked at"}
_ROWS = 60


def pdf(data: Mapping[str, Any], text: bytes) -> bytes:
    """Return the file.

    Parameters
    ----------
    text
        All data, as it is attached.
    """
    head = Head(
        "Spot-check of de-identified slides",
        f"sample of {data['size']}, {maker()}",
        data["tool"],
        max((said["time"] for slide in data["slides"] for said in slide["verdicts"].values()), default=_NEVER),
        f"Data: SHA-256 {digest(data)}",
        "What the bound says, and how to draw the sample by hand: docs/spotcheck.md",
    )
    page = _page(data, data["slides"])
    if len(data["slides"]) > _ROWS or not is_one_sheet(head, page):
        page = _page(data, [slide for slide in data["slides"] if not _is_plain(slide)])
    return sheets(head, [page], (ATTACHED, text, "the data of the spot-check"), long=_ROWS)


_NEVER = "1970-01-01T00:00:00Z"


def _page(data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Page:
    good = data["complete"] and not any(map(has_failed, data["slides"]))
    word = "no failure" if good else f"{data['failed']} failed" if data["failed"] else "not complete"
    told = {**facts(data), "Sample drawn by": HOW}
    blocks: list[Block] = [Facts("What was drawn and said", list(told.items()))]
    if rows:
        blocks.append(_table(rows, data["reviewers"]))
    left = [slide["number"] for slide in data["slides"] if slide not in rows]
    if left:
        blocks.append(Points("Passed by all, without a note", [f"numbers {_ranges(left)} of the sample"]))
    return Page("Spot-check", word, good, data["result"], blocks)


def _is_plain(slide: Mapping[str, Any]) -> bool:
    said = slide["verdicts"].values()
    return bool(said) and all(each["verdict"] == "pass" and not each["note"] for each in said)


def _table(slides: Sequence[Mapping[str, Any]], reviewers: Sequence[str]) -> Table:
    head = ["no.", "slide", *reviewers, "note", "when"]
    each = 0.3 / len(reviewers)
    return Table(
        "Slides", head, [_row(slide, reviewers) for slide in slides], [0.06, 0.26, *[each] * len(reviewers), 0.22, 0.16]
    )


def _row(slide: Mapping[str, Any], reviewers: Sequence[str]) -> list[str]:
    said = slide["verdicts"]
    words = [_WORDS[said[who]["verdict"] if who in said else ""] for who in reviewers]
    notes = " / ".join(each["note"] for each in said.values() if each["note"])
    last = max((each["time"] for each in said.values()), default="")
    return [str(slide["number"]), slide["slide"], *words, notes, last.replace("T", " ").removesuffix("Z")]


def _ranges(numbers: Sequence[int]) -> str:
    """Write 1, 2, 3, 5 as ``1-3, 5``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)
