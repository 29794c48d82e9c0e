"""The read-only card of a notebook: HTML for Inspection, Plan and Outcome.

A notebook keeps what a cell shows, so these cards are written for people who will never
see the slide: values are masks, a file name that is not known to be plain is left out, and so is the
name of an unknown field, since a key that nobody knows can itself be somebody's name.

Every text is escaped here and nowhere else; slide metadata is untrusted. Styles are inline
and take their ink from the page, so the card reads the same on a dark and a light theme.
Colour always comes with a mark and a word. No script, no link, no picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from html import escape
from typing import Literal

from blankslide.model import Decision, Inspection, Outcome, PhiClass, Plan
from blankslide.model.plan import UNKNOWN_TITLE, public_sentence
from blankslide.model.shown import draw_with
from blankslide.policy.file_names import name_verdict, public_name
from blankslide.policy.profiles import RESEARCH
from blankslide.presentation import wording
from blankslide.presentation.rows import in_order

Tone = Literal["hot", "unknown", "keep", "good", "quiet"]
MASK = "••••"
NAMELESS = "this slide"

# White on each of these, and each on white and on near-black, can be told apart by everybody.
_FILL: dict[Tone, str] = {
    "hot": "#b3261e",
    "unknown": "#8a5a00",
    "keep": "#4a5b70",
    "good": "#1b6e3c",
    "quiet": "#5f6368",
}
_LINE = "1px solid rgba(128,128,128,.35)"
_CELL = f"text-align:left;vertical-align:baseline;padding:3px 14px 3px 0;border:0;border-bottom:{_LINE};color:inherit"
_TABLE = "border-collapse:collapse;margin:8px 0 0;table-layout:auto;border:0;color:inherit;font-size:inherit"
_FRAME = f"border:{_LINE};border-radius:6px;padding:10px 14px;max-width:920px;font-size:13px;line-height:1.45"
_STATE: dict[str, tuple[str, Tone]] = {
    "clean": ("✓ clean", "good"),
    "residue": ("✗ NOT clean", "hot"),
    "pending": ("! interrupted", "hot"),
    "untouched": ("○ untouched", "quiet"),
}
_MEDIUM = {
    "overwritten": "the old bytes were overwritten on the disk",
    "relocated": "old blocks may remain on this disk",
    "shared": "another file shares the old blocks on this disk",
    "unknown": "not known whether this disk overwrites old blocks",
}
LINKABLE = "The tissue itself stays linkable to the original slide; level V is never claimed."


# -- pieces that the live card uses too ------------------------------------------------------


def badge(text: str, tone: Tone) -> str:
    """Return a word on a coloured ground."""
    style = f"background:{_FILL[tone]};color:#fff;border-radius:4px;padding:1px 7px;white-space:nowrap;"
    style += "display:inline-block;line-height:1.5;min-width:1em;text-align:center"
    return f'<span style="{style}">{escape(text)}</span>'


def tone_of(*, sensitive: bool, unknown: bool) -> Tone:
    """Return the colour of a row: what can identify, what nobody knows, what merely stays."""
    if not sensitive:
        return "keep"
    return "unknown" if unknown else "hot"


def headline(text: str, state: str, tone: Tone) -> str:
    """Return the leading sentence with the state beside it.

    Parameters
    ----------
    text
        The sentence, unescaped.
    state
        One or two words for the badge, or empty.
    tone
        Colour of the badge.
    """
    mark = f"&ensp;{badge(state, tone)}" if state else ""
    return (
        f'<div style="font-size:15px;font-weight:600;line-height:1.5;overflow-wrap:anywhere">{escape(text)}{mark}</div>'
    )


def lines(sentences: Iterable[str]) -> str:
    """Return small print, one line a sentence."""
    return "".join(f'<div style="opacity:.85;line-height:1.5">{escape(s)}</div>' for s in sentences)


def outcome_state(outcome: Outcome) -> tuple[str, Tone]:
    """Return the state's word with its mark, and its colour; *clean* only where nothing speaks against it."""
    if outcome.content == "clean" and outcome.exit_code:
        return f"! {wording.NOT_AS_ASKED}", "hot"
    return _STATE[outcome.content]


def outcome_lines(outcome: Outcome) -> list[str]:
    """Say what the headline leaves out: amount, medium, judges, record. Holds no value."""
    said = []
    if outcome.writes:
        said.append(f"{outcome.bytes_written / 1e6:.2f} MB overwritten · {_MEDIUM[outcome.medium]}")
    if outcome.readers and outcome.content != "clean":
        said.append(f"judged by {', '.join(outcome.readers)}")
    if outcome.name == "identifying":
        said.append("the file name itself may identify the patient")
    if outcome.ledger_sequence is not None:
        said.append(f"ledger entry {outcome.ledger_sequence}")
    if outcome.coincidences:
        same = ", ".join(hide_unknown(outcome.coincidences, outcome.decisions))
        said.append(f"also inside a kept value, by coincidence: {same}")
    return [*said, *outcome.notes, *([LINKABLE] if outcome.content == "clean" else [])]


def hide_unknown(sentences: Iterable[str], decisions: Sequence[Decision]) -> list[str]:
    """Return sentences as they may be saved: without the names of unknown fields."""
    return [wording.shown(public_sentence(sentence, decisions), whole=True) for sentence in sentences]


# -- the three cards -------------------------------------------------------------------------


def inspection_card(found: Inspection) -> str:
    """Return the card of what is in a slide, as the profile ``research`` sees it."""
    decisions = tuple(RESEARCH.decide(f) for f in found.findings)
    masked = {f.id for f in found.findings if f.value is not None}
    said = [wording.shape_phrase(found)]
    pictures = [f"{a.role} {a.width}×{a.height}" for a in found.associated]
    said += [f"pictures: {', '.join(pictures)}"] if pictures else []
    said += [
        "values are hidden; SlideReview shows them on request, and names unknown fields",
        *found.left,
        *found.notes,
    ]
    top = wording.before_line(_name(found), found.title, decisions)
    return _card(headline(top, *_found_state(decisions)) + lines(said) + _table(decisions, RESEARCH.name, masked))


def plan_card(plan: Plan) -> str:
    """Return the card of what would happen."""
    count = len(plan.patches)
    size = f"{count} place{'s' if count != 1 else ''}, {plan.bytes_changed / 1e6:.2f} MB would be overwritten"
    top = f"Plan · {plan.profile} · {size if count else 'nothing to do'}"
    stays = [f"stays although it may identify: {s}" for s in hide_unknown(plan.left, plan.decisions)]
    body = headline(top, "○ nothing changed yet", "quiet") + lines(stays)
    return _card(body + _table(plan.decisions, plan.profile, ()))


def outcome_card(outcome: Outcome) -> str:
    """Return the card of what happened."""
    told = replace(outcome, residue=tuple(hide_unknown(outcome.residue, outcome.decisions)))
    top = wording.after_line(NAMELESS, told, wrote=outcome.writes > 0)
    body = headline(top, *outcome_state(outcome)) + lines(outcome_lines(outcome))
    done = outcome.content == "clean" and outcome.writes > 0
    return _card(body + _table(outcome.decisions, outcome.profile, (), done=done))


def summary_card(
    text: str,
    state: str,
    tone: Tone,
    said: Iterable[str],
    decisions: Sequence[Decision] = (),
    profile: str = "",
    *,
    done: bool = False,
) -> str:
    """Return a card for a saved notebook: a headline, sentences, and a table without values.

    Parameters
    ----------
    text, said
        Sentences that hold no value and no name.
    done
        Whether what the decisions say was done.
    """
    return _card(headline(text, state, tone) + lines(said) + _table(decisions, profile, (), done=done))


def rows_card(
    text: str,
    state: str,
    tone: Tone,
    said: Iterable[str],
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
) -> str:
    """Return a card for a saved notebook that lists slides or entries; nothing in it may be a value or a name."""
    body = headline(text, state, tone) + lines(said)
    if rows:
        head = "".join(f'<th scope="col" style="{_CELL};font-weight:600">{escape(name)}</th>' for name in columns)
        cells = ("".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row) for row in rows)
        inner = "".join(f"<tr>{row}</tr>" for row in cells)
        body += f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{inner}</tbody></table>'
    return _card(body)


def _name(found: Inspection) -> str:
    name = found.files[0].name if found.files else NAMELESS
    values = [v.reveal() for f in found.findings if f.value is not None for v in (f.value, *f.values)]
    return public_name(name, name_verdict(name, values), NAMELESS)


def _found_state(decisions: Sequence[Decision]) -> tuple[str, Tone]:
    return ("● identifying", "hot") if wording.sensitive(decisions) else ("○ nothing found", "quiet")


def _card(inner: str) -> str:
    return f'<div class="blankslide-card" style="{_FRAME}">{inner}</div>'


# -- table -----------------------------------------------------------------------------------


def _table(decisions: Sequence[Decision], profile: str, masked: Iterable[str], *, done: bool = False) -> str:
    rows = in_order(decisions)
    at_risk = wording.sensitive(rows)
    kept = rows[len(at_risk) :]
    return _rows(at_risk, profile, set(masked), done) + _folded(kept, profile, set(masked))


def _folded(kept: Sequence[Decision], profile: str, masked: set[str]) -> str:
    if not kept:
        return ""
    summary = f'<summary style="cursor:pointer;margin-top:6px">{len(kept)} more that stay</summary>'
    return f"<details>{summary}{_rows(kept, profile, masked, done=False)}</details>"


def _rows(decisions: Sequence[Decision], profile: str, masked: set[str], done: bool) -> str:
    if not decisions:
        return ""
    names = ["what", "where", "class", *(["value"] if masked else []), profile]
    head = "".join(f'<th scope="col" style="{_CELL};font-weight:600">{escape(n)}</th>' for n in names)
    body = "".join(f"<tr>{_cells(d, masked, done)}</tr>" for d in decisions)
    return f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cells(decision: Decision, masked: set[str], done: bool) -> str:
    unknown = decision.cls is PhiClass.UNKNOWN
    title = UNKNOWN_TITLE if unknown else wording.shown(decision.title, whole=True)
    action = wording.action_word(decision)
    cells = [
        f"{_mark(decision, done)}&ensp;{escape(title)} {_id(decision)}",
        escape(decision.where),
        escape(wording.class_word(decision.cls)),
        *([MASK if decision.id in masked else ""] if masked else []),
        escape(f"done: {action}" if done else action),
    ]
    return "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)


def _id(decision: Decision) -> str:
    """Return the finding's id, small: it is what profiles name. That of an unknown field is withheld like its key."""
    safe = wording.shown(decision.public_id, whole=True)
    return f'<code style="font-size:.85em;opacity:.75;background:none;color:inherit">{escape(safe)}</code>'


def _mark(decision: Decision, done: bool) -> str:
    if done:
        return badge("✓", "good")
    tone = tone_of(sensitive=wording.can_identify(decision), unknown=decision.cls is PhiClass.UNKNOWN)
    return badge(wording.mark(decision), tone)


def card_of(noun: object) -> str:
    """Return the card of an inspection, a plan or an outcome.

    Raises
    ------
    TypeError
        For anything else.
    """
    if isinstance(noun, Inspection):
        return inspection_card(noun)
    if isinstance(noun, Plan):
        return plan_card(noun)
    if isinstance(noun, Outcome):
        return outcome_card(noun)
    raise TypeError("only inspections, plans and outcomes have a card")


draw_with(card_of)
