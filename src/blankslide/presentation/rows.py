"""In which order findings are listed: the same on a terminal, in cards and in tables."""

from __future__ import annotations

from collections.abc import Iterable

from blankslide.model import Decision, PhiClass
from blankslide.presentation.wording import can_identify


def in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """Sort decisions: what can identify comes before what merely stays; in both pictures, fields, unknown fields."""
    return sorted(decisions, key=_rank)


def _rank(decision: Decision) -> tuple[bool, bool, bool]:
    return not can_identify(decision), decision.cls is not PhiClass.IMAGE, decision.cls is PhiClass.UNKNOWN
