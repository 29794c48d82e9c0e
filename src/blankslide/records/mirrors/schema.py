"""The mirror's table: one row an entry, made of the ledger's line and of nothing else.

So a row can be made anew at any time, held against the chain, and against the line that it holds itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Table

    from blankslide.records.chain import Record

NAME = "blankslide_ledger"
_TEXTS = (
    ("transaction", "transaction"),
    ("pseudonym", "slide"),
    ("mode", "mode"),
    ("format", "format"),
    ("profile", "profile"),
    ("content", "content"),
    ("medium", "medium"),
    ("name", "name"),
    ("tool", "tool"),
)
KEPT = ("specimen", "block", "slide", "stain")
"""What is kept of a slide's identifiers, as it is called in entries and columns."""


@cache
def table() -> Table:
    """Return the table as SQLAlchemy knows it."""
    from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, String, Table

    moment = DateTime(timezone=True).with_variant(String(), "sqlite")
    texts = [name for name, _ in _TEXTS] + ["judges", "hash", "prev", "line"]
    return Table(
        NAME,
        MetaData(),
        Column("chain", String, primary_key=True),
        Column("seq", BigInteger, primary_key=True),
        Column("time", moment, nullable=False),
        *(Column(name, String, nullable=False) for name in texts),
        *(Column(name, String) for name in ("output", "requester", *KEPT)),
        *(Column(name, Integer, nullable=False) for name in ("removed", "remaining")),
    )


def statements(kind: str) -> list[str]:
    """Return what makes the table: the file of this package, its statements parted by empty lines."""
    text = files("blankslide.records.mirrors").joinpath(f"{kind}.sql").read_text("utf-8")
    return [each.strip().removesuffix(";") for each in text.split("\n\n") if each.strip()]


def row_of(chain: str, raw: bytes, record: Record, kind: str) -> dict[str, Any]:
    """Return the row for an entry.

    Parameters
    ----------
    chain
        Hash of the ledger's first entry.
    raw, record
        Its line, as text and understood.

    Raises
    ------
    ValueError
        If the line's time is none.
    """
    entry: Mapping[str, Any] = record["entry"]
    moment = datetime.fromisoformat(str(record["time"]))
    kept, readers, findings = entry.get("kept"), entry.get("readers"), entry.get("findings")
    kept = kept if isinstance(kept, dict) else {}
    findings = findings if isinstance(findings, list) else []
    return {
        "chain": chain,
        "seq": record["seq"],
        "time": record["time"] if kind == "sqlite" else moment,
        "hash": record["hash"],
        "prev": record["prev"],
        "line": raw.decode("ascii"),
        **{column: _text(entry.get(key)) or "" for column, key in _TEXTS},
        "judges": ", ".join(map(str, readers)) if isinstance(readers, list) else "",
        "output": _text(entry.get("output")),
        "requester": _text(entry.get("requester")),
        **{name: _text(kept.get(name)) for name in KEPT},
        "removed": sum(isinstance(each, dict) and each.get("action") != "K" for each in findings),
        "remaining": entry["residue"] if isinstance(entry.get("residue"), int) else 0,
    }


def _text(value: object) -> str | None:
    """Return a text as databases can hold it; None for nothing."""
    if not isinstance(value, str) or not value:
        return None
    return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
