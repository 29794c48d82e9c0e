"""What a card says of a session, in the words of all faces: the headline with its badge, the plan, what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.errors import BlankslideError, Cancelled, SlidePending
from blankslide.jupyter.card import Headline
from blankslide.presentation import html_card
from blankslide.presentation.plan_words import verified_words

if TYPE_CHECKING:
    from blankslide.presentation.html_card import Tone
    from blankslide.session import Session


def headline(session: Session, name: str) -> Headline:
    """Return the sentence that leads, and its badge.

    Parameters
    ----------
    name
        Of the slide, as it may be shown.
    """
    done = session.outcome
    if session.stale:
        return Headline(f"{name} · changed on the disk after it was read: look again", "! changed", "hot")
    if session.state == "done" and done is not None:
        if done.content == "untouched":
            return Headline(session.headline, "○ dry run", "quiet")
        return Headline(session.headline, *html_card.outcome_state(done))
    if session.state == "refused":
        return Headline(session.headline, *_refusal(session.error))
    if session.plan is None:
        return Headline(session.headline, "", "quiet")
    found = any(row.sensitive for row in session.rows())
    return Headline(session.headline, *(("● identifying", "hot") if found else ("○ nothing found", "quiet")))


def _refusal(error: BlankslideError | None) -> tuple[str, Tone]:
    if isinstance(error, Cancelled):
        return "○ cancelled", "quiet"
    return ("! interrupted" if isinstance(error, SlidePending) else "✗ refused"), "hot"


def planned(session: Session) -> list[str]:
    """Say what a run would do, and what stays although it may identify."""
    plan = session.plan
    if plan is None:
        return []
    stays = html_card.hide_unknown(plan.left, plan.decisions)
    goes = f"{session.in_words} · " if plan.patches else ""
    return [f"Plan: {goes}{session.summary}", *(f"stays although it may identify: {what}" for what in stays)]


def result(session: Session) -> list[str]:
    """Say what happened."""
    done = session.outcome
    if done is None or session.stale:
        return _verdict(session)
    if done.content == "untouched":
        return [f"Dry run: {session.summary}; nothing was written.", *_verdict(session)]
    return [*html_card.outcome_lines(done), *_verdict(session)]


def _verdict(session: Session) -> list[str]:
    found = session.verdict
    if isinstance(found, BlankslideError):
        return [f"Verify: {found.sentence()}"]
    return [] if found is None else [f"Verify: {verified_words(found)}"]
