"""An entry of the ledger as a person reads it: one row, in words.

Everything that shows entries uses it: the list on a terminal, and tables for a spreadsheet. Nothing here looks
anything up, but for the titles of formats; old names come from whoever holds the link table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.records.chain import Record

COLUMNS: dict[str, str] = {
    "entry": "entry",
    "when": "when (UTC)",
    "output": "output name",
    "requester": "requester",
    "specimen": "specimen",
    "block": "block",
    "slide": "slide",
    "stain": "stain",
    "format": "format",
    "profile": "profile",
    "how": "how",
    "result": "result",
    "left": "what is left",
    "judges": "checked by",
    "pictures": "pictures removed",
    "fields": "fields removed",
    "medium": "old data on the disk",
    "name": "file name is",
    "pseudonym": "pseudonym",
    "tool": "tool",
    "run": "run",
}
"""Keys of a row, in their order, and what stands above them."""
NAMES = {"old": "OLD NAME", "new": "new name"}
"""What the link table adds."""
_RESULTS = {"clean": "clean", "residue": "NOT clean", "untouched": "nothing was changed", "pending": "interrupted"}
_EARLIEST = 1900
_KEPT = ("specimen", "block", "slide", "stain")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries a person wants to see.

    Attributes
    ----------
    since
        Not before this moment, as the ledger writes it.
    name
        Part of the output name, whatever its capitals.
    pseudonym
        Or this pseudonym.
    not_clean
        Only those that ended NOT clean.
    requester
        Only those of this one, whatever its capitals.
    """

    since: datetime | None = None
    name: str | None = None
    pseudonym: str = ""
    not_clean: bool = False
    requester: str | None = None

    def suits(self, record: Record) -> bool:
        """Whether an entry is wanted."""
        entry = record["entry"]
        if self.not_clean and entry.get("content") == "clean":
            return False
        if self.requester is not None and str(entry.get("requester", "")).casefold() != self.requester.casefold():
            return False
        if self.name is not None and not self._is_called(entry):
            return False
        return self.since is None or (moment_of(record) or self.since) >= self.since

    def _is_called(self, entry: Mapping[str, Any]) -> bool:
        low = (self.name or "").casefold()
        slide = str(entry.get("slide", ""))
        is_it = bool(self.pseudonym) and slide == self.pseudonym
        return is_it or low in str(entry.get("output", "")).casefold() or (bool(low) and slide.startswith(low))


def rows(records: Iterable[Record], wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Yield the rows of the entries that are wanted, one at a time."""
    return (row_of(record) for record in records if wanted.suits(record))


def moment_of(record: Record) -> datetime | None:
    """Return when an entry was written, in UTC; None if it does not say so."""
    try:
        moment = datetime.fromisoformat(str(record["time"])).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= _EARLIEST else None  # spreadsheets know no earlier one


def row_of(record: Record) -> dict[str, Any]:
    """Return an entry's row: the keys of `COLUMNS`, a number, a moment, and texts."""
    entry: Mapping[str, Any] = record["entry"]
    kept = entry.get("kept")
    kept = kept if isinstance(kept, dict) else {}
    readers = entry.get("readers")
    is_copy = entry.get("mode") == "copy"
    pictures, fields = removed_words(entry.get("findings"))
    return {
        "entry": record["seq"],
        "when": moment_of(record),
        "output": _text(entry.get("output")),
        "requester": _text(entry.get("requester")),
        **{name: _text(kept.get(name)) for name in _KEPT},
        "format": _title(_text(entry.get("format"))),
        "profile": _text(entry.get("profile")),
        "how": _text(entry.get("mode")),
        "result": _RESULTS.get(str(entry.get("content")), _text(entry.get("content"))),
        "left": _left(entry),
        "judges": ", ".join(map(_text, readers)) if isinstance(readers, list) else "",
        "pictures": pictures,
        "fields": fields,
        "medium": words.medium_words(str(entry.get("medium", "")), copied=is_copy),
        "name": _text(entry.get("name")),
        "pseudonym": _text(entry.get("slide")),
        "tool": f"Blankslide {_text(entry.get('tool'))}",
        "run": _text(entry.get("transaction")),
    }


def removed_words(findings: object) -> tuple[str, str]:
    """Say what went: pictures by name, and fields by name, but unknown ones by number."""
    pictures: dict[str, None] = {}
    fields: dict[str, None] = {}
    unknown = 0
    for each in findings if isinstance(findings, list) else ():
        if not isinstance(each, dict) or each.get("action") == "K":
            continue
        name = _text(each.get("id"))
        last = name.rpartition(".")[2].replace("-", " ")
        if name.startswith("picture."):
            pictures[last] = None
        elif last == "unknown":
            unknown += 1
        else:
            fields[last] = None
    parts = [*fields, *([f"{unknown} unknown"] if unknown else [])]
    return ", ".join(pictures), ", ".join(parts)


def _left(entry: Mapping[str, Any]) -> str:
    told, count = entry.get("told"), entry.get("residue")
    if isinstance(told, list) and told:
        return "; ".join(map(_text, told))
    if not isinstance(count, int) or not count:
        return ""
    return f"{count} thing{'s' if count != 1 else ''}"


@cache
def _title(name: str) -> str:
    """Return how people call a format; the ledger of a later version may know others."""
    from blankslide.errors import BlankslideError
    from blankslide.formats import format_named

    try:
        return format_named(name).title
    except (BlankslideError, LookupError):
        return name


def _text(value: object) -> str:
    """Return a text that can be shown anywhere."""
    return words.shown(value, whole=True) if isinstance(value, str) else ""
