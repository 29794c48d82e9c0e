"""Whether the report of a spot-check is still what it was: its words, and its place in the ledger.

The data is taken out of the page or PDF again and the page is drawn anew from it, so a word that somebody changed on
the page alone is seen. The ledger's entry of the check has the digest of the data, so data that somebody changed is
seen, too. Nothing in a report is believed before it has the shape of one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import UsageError
from blankslide.records import sheet_check
from blankslide.review import report

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.ledger import Ledger

_KIND = sheet_check.Kind(
    word="report",
    not_one="this is no report of a spot-check, or it is damaged",
    largest=64 << 20,
    opening=report.OPENING,
    closing=report.CLOSING,
    holds_data=lambda stream: stream.startswith(b"{") and b'"spot_check"' in stream,
    drawn=lambda suffix, data: report.drawn(suffix, data),
)


class Answer(NamedTuple):
    """What is said of a report, and whether that speaks for it; None if it cannot be told."""

    holds: bool | None
    sentence: str


def check(path: Path, ledger: Ledger | None) -> list[Answer]:
    """Hold a report's words against its data, and its data against the ledger.

    Raises
    ------
    UsageError
        If it is none.
    EnvironmentProblem
        If it, or the ledger, cannot be read.
    """
    sheet = sheet_check.read(path, _KIND)
    data = _shaped(sheet.text)
    return [Answer(*sheet_check.words(sheet, data, _KIND)), _signed(data, ledger)]


def _shaped(text: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(text)
        if data["spot_check"] != 1:
            raise UsageError("this report was made by another version of Blankslide", "check it with that one")
        report.drawn(".html", data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(_KIND.not_one) from None
    return data  # type: ignore[no-any-return]


def _signed(data: Mapping[str, Any], ledger: Ledger | None) -> Answer:
    number = data.get("ledger_entry")
    if not isinstance(number, int):
        return Answer(None, "it was not signed, so nobody can tell whether its data was changed")
    if ledger is None or ledger.head() is None:
        return Answer(None, "there is no ledger here to compare it with (--ledger URL)")
    if ledger.check():
        return Answer(False, "the chain of the ledger is broken: see blankslide ledger check")
    entry: Mapping[str, Any] = next((r["entry"] for _, r in ledger.entries() if r["seq"] == number), {})
    known = entry.get("reports") if entry.get("kind") == "spot-check" else None
    if isinstance(known, list) and report.digest(data) in known:
        return Answer(True, f"its data is what was signed: entry {number} of the ledger")
    return Answer(False, f"CHANGED: entry {number} of the ledger is not about this data")
