"""In which order findings are listed, the same on a terminal, in cards and in tables, and as rows of plain data.

Rows are lists of dicts, which every library for tables takes. They hold no value, and names of unknown fields are
withheld: a notebook saves what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from blankslide.model import Decision, Finding, Inspection, PhiClass, Plan
from blankslide.model.plan import UNKNOWN_TITLE, public_sentence
from blankslide.presentation.wording import action_word, can_identify, class_word

if TYPE_CHECKING:
    from blankslide.model import Outcome


def in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """Sort decisions: what can identify comes before what merely stays; in both pictures, fields, unknown fields."""
    return sorted(decisions, key=_rank)


def rows(noun: Inspection | Plan | Outcome) -> list[dict[str, Any]]:
    """Return a row for each finding, as plain data that every library for tables takes.

        >>> plan = blankslide.plan("slide.svs")
        >>> [row["id"] for row in blankslide.rows(plan) if row["class"] == "image" and row["action"] != "keep"]
        ['picture.label', 'picture.macro']

    With pandas: ``pandas.DataFrame(blankslide.rows(plan))``. The keys are ``id``, ``what``, ``class``, ``places`` and
    ``where``; of plans and outcomes ``action`` and ``identifies``, too. No row holds a value, and names of unknown
    fields are withheld.
    """
    if isinstance(noun, Inspection):
        return [_found(finding) for finding in noun.findings]
    return [_row(d) | {"action": action_word(d), "identifies": can_identify(d)} for d in in_order(noun.decisions)]


def _found(finding: Finding) -> dict[str, Any]:
    from blankslide.policy.profiles import RESEARCH

    return _row(RESEARCH.decide(finding))  # its action is not asked for


def _row(decision: Decision) -> dict[str, Any]:
    unknown = decision.cls is PhiClass.UNKNOWN
    return {
        "id": decision.public_id,
        "what": UNKNOWN_TITLE if unknown else decision.title,
        "class": class_word(decision.cls),
        "places": decision.place_count,
        "where": decision.where,
    }


def table(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Return a row for each slide, as plain data: what became of it, why, and what was removed.

        >>> outcomes = map(blankslide.verify, blankslide.slides("ARCHIVE"))
        >>> [row["content"] for row in blankslide.table(outcomes)]
        ['residue', 'residue']

    With pandas: ``pandas.DataFrame(blankslide.table(outcomes))``. Old and new names stand in it, so keep it apart from
    what is shared.
    """
    return [_slide(outcome) for outcome in outcomes]


def _slide(outcome: Outcome) -> dict[str, Any]:
    return {
        "slide": "" if outcome.path is None else str(outcome.path),
        "result": outcome.target,
        "clean": bool(outcome),
        "content": outcome.content,
        "exit_code": outcome.exit_code,
        "reason": public_sentence(outcome.reason, outcome.decisions),
        "format": outcome.title,
        "profile": outcome.profile,
        "name": outcome.name,
        "medium": outcome.medium,
        "readers": ", ".join(outcome.readers),
        "findings": len(outcome.decisions),
        "removed": " ".join(outcome.removed),
        "bytes_written": outcome.bytes_written,
        "seconds": round(sum(outcome.seconds.values()), 3),
    }


def _rank(decision: Decision) -> tuple[bool, bool, bool]:
    return not can_identify(decision), decision.cls is not PhiClass.IMAGE, decision.cls is PhiClass.UNKNOWN
