"""Long ledgers for tests: a chain of any length, written at once and not synced line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.records.chain import GENESIS, Head, make_line, parse
from blankslide.records.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def entry(number: int, **more: object) -> dict[str, object]:
    """Return an entry as the pipeline writes them, of an invented run."""
    findings = [
        {"id": "picture.label", "class": "I", "action": "X", "count": 1},
        {"id": "aperio.description.user", "class": "D", "action": "X", "count": 1},
        {"id": "aperio.description.unknown", "class": "?", "action": "X", "count": 2},
        {"id": "picture.thumbnail", "class": "I", "action": "K", "count": 1},
    ]
    return {
        "transaction": f"{number:032x}",
        "slide": f"slide-{number:024x}",
        "tool": "0.1.0",
        "mode": "copy",
        "format": "aperio",
        "profile": "research",
        "content": "clean",
        "medium": "relocated",
        "name": "plain",
        "readers": ["OpenSlide", "tifffile"],
        "findings": findings,
        "residue": 0,
        "bytes": 4096,
        "versions": {"OpenSlide": "4.0.1", "tifffile": "2026.1.1"},
        "after": f"{number:064x}",
    } | more


def write_chain(path: Path, count: int, more: Mapping[str, object] | None = None) -> Ledger:
    """Add that many entries to a ledger, numbered on; ``more`` is in each of them."""
    ledger = Ledger(path)
    head = ledger.head() or Head(0, GENESIS)
    with path.open("ab") as file:
        for number in range(head.sequence + 1, head.sequence + count + 1):
            line = make_line(entry(number, **(more or {})), head, [])
            file.write(line)
            record = parse(line.removesuffix(b"\n"))
            if record is None:
                raise ValueError("the entry is no plain JSON")
            head = Head(record["seq"], record["hash"])
    return ledger
