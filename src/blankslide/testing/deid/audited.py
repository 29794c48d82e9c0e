"""What our audit says of what a tool has made of a slide, held against what the score found left in it.

The score looks for what it knows was planted; the audit knows nothing of that. So each can be wrong without the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blankslide.testing.deid.key import HIDDEN, REMOVED
from blankslide.testing.deid.score import Audit

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.testing.deid.key import Item
    from blankslide.testing.deid.score import Result

NAMED, READ, DOUBT, MISSED = "named", "read", "doubt", "missed"
"""The audit lists a thing by what it is; it has read it, and nothing explains it; it only says that there is more than
it can explain; it says nothing."""
_PICTURE = "picture."
_A_PICTURE = ": a picture of "


def says(audit: Audit, item: Item) -> str:
    """Say what the audit says of a thing that is left: `NAMED`, `READ`, `DOUBT` or `MISSED`."""
    if item.what in audit.ids or _PICTURE + item.role in audit.ids:
        return NAMED
    values = [item.text] if item.text else [needle.decode("latin-1") for needle in item.needles]
    if any(value in text for value in values for text in audit.texts):
        return READ
    if item.action == HIDDEN and audit.pictures:
        return READ
    return DOUBT if audit.others else MISSED


def with_audit(result: Result, made: Path) -> Result:
    """Return the result with what the audit says of the slide that a tool has made."""
    return replace(result, audit=audit(made))


def audit(made: Path) -> Audit:
    """Audit a slide as ``blankslide audit`` does, without a ledger and without the site's key."""
    from blankslide import pipeline
    from blankslide.errors import BlankslideError
    from blankslide.pipeline.strings import readable
    from blankslide.pipeline.unclaimed import unclaimed_in
    from blankslide.records.audit import LEFT, left_in

    options = pipeline.Options()
    try:
        outcome = pipeline.verify(made, options)
        texts = [line.text for line in readable(made, options) if not line.explained]
    except BlankslideError:
        found = unclaimed_in(made, options)
        return Audit(others=len(found.texts) + found.pictures, texts=found.texts, pictures=found.pictures)
    ids = frozenset(decision.id for decision in outcome.decisions if LEFT + decision.id in outcome.residue)
    others = [one for one in left_in(outcome) if not one.is_field and one.id not in ("name", "beside")]
    pictures = sum(_A_PICTURE in one.id or one.id.startswith(_PICTURE) for one in others)
    return Audit(ids, len(others), tuple(texts), pictures)


def left_of(result: Result) -> list[Item]:
    """Return what the score found left of what had to go."""
    return [
        judged.item for judged in result.judged if judged.right is False and judged.item.action in (REMOVED, HIDDEN)
    ]
