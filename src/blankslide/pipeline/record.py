"""The ledger entry of an outcome: what was done, to what kind of thing, judged by whom; no value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.model import Outcome
    from blankslide.pipeline.stages import Options


def record(outcome: Outcome, name: str, options: Options) -> None:
    """Append the outcome to the ledger, once for each transaction, without any value."""
    ledger = options.ledger
    if ledger is None or ledger.contains(outcome.transaction):
        return
    outcome.ledger_sequence = ledger.append(_entry(outcome, name, options))


def _entry(outcome: Outcome, name: str, options: Options) -> Mapping[str, object]:
    from blankslide import __version__
    from blankslide.pseudonyms import slide_name

    return {
        "transaction": outcome.transaction,
        "slide": slide_name(name, options.key) if options.key else "",
        "tool": __version__,
        "mode": "copy" if outcome.copied else "in place",
        "format": outcome.format,
        "profile": outcome.profile,
        "content": outcome.content,
        "medium": outcome.medium,
        "name": outcome.name,
        "readers": list(outcome.readers),
        "findings": [
            {"id": d.public_id, "class": d.cls.value, "action": d.action.value, "count": d.number}
            for d in outcome.decisions
        ],
        "residue": len(outcome.residue),
        "bytes": outcome.bytes_written,
    }
