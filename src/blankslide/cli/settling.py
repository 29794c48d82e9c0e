"""The end of a run that records: its ledger's mirror gets a moment to catch up."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blankslide.records.ledger import Ledger


def settle(ledger: Ledger | None) -> None:
    """Say once, on standard error, what keeps a mirror from catching up; that changes no slide's answer."""
    trouble = ledger.settle() if ledger is not None else ""
    if trouble:
        print(trouble, file=sys.stderr)
