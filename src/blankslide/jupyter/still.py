"""The summary that a saved notebook shows of a card: headline and table, without values, pictures and names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blankslide.presentation import html_card, wording
from blankslide.presentation.html_card import NAMELESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.jupyter.card import Headline
    from blankslide.model import Outcome
    from blankslide.session import Session

_WHERE = "values, pictures and names are shown while the kernel runs, and never saved"


def still_of(session: Session, head: Headline, said: Sequence[str]) -> str:
    """Return the summary of a review.

    Parameters
    ----------
    head
        Its headline as it is shown, with its badge.
    said
        What else the card says of the last run.
    """
    done, plan = session.outcome, session.plan
    ran = done is not None and done.content != "untouched"
    noun = done if done is not None and ran else plan
    decisions = noun.decisions if noun is not None else ()
    text = head.text
    if done is not None and ran and not session.stale:
        text = wording.after_line(NAMELESS, nameless(done), wrote=done.writes > 0)
    names = (
        {session.path.name, *(f.name for f in (session.inspection.files if session.inspection else ()))}
        if (session.path is not None)
        else set()
    )
    lines = [*(wording.shape_phrase(session.inspection) for _ in range(1) if session.inspection), *said, _WHERE]
    hidden = html_card.hide_unknown([without(line, names) for line in (text, *lines)], decisions)
    done_well = done is not None and done.content == "clean" and done.writes > 0
    return html_card.summary_card(
        hidden[0],
        head.state,
        head.tone,
        hidden[1:],
        decisions,
        noun.profile if noun is not None else "",
        done=done_well,
    )


def nameless(outcome: Outcome) -> Outcome:
    """Return an outcome that tells no name."""
    told = replace(outcome, residue=tuple(html_card.hide_unknown(outcome.residue, outcome.decisions)))
    told.target = "(name withheld)" if outcome.target else ""
    told.sidecars = ()
    return told


def without(text: str, names: set[str]) -> str:
    """Return a sentence without the names of files."""
    for name in sorted(filter(None, names), key=len, reverse=True):
        for shape in (wording.shown(name), name):
            text = text.replace(shape, NAMELESS)
    return text
