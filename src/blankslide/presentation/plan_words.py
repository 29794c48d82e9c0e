"""What a plan and a run mean, in words a tired person understands: no number of bytes, no code.

What goes is named as a person would: *label, macro and 6 fields*. What follows from keeping or removing one
finding is said before it is chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from blankslide.model import KEPT_PART, MASKED, Action, Decision, Outcome, PhiClass
from blankslide.presentation import wording

if TYPE_CHECKING:
    from pathlib import Path

_ROLES = ("label", "macro", "thumbnail")
NOTHING = "nothing to do"


def count_words(decisions: Sequence[Decision], parts: Collection[str] = ()) -> str:
    """Name pictures by their role, and count fields: *label, macro and 6 fields*; empty for none.

    Parameters
    ----------
    parts
        Roles of pictures of which only a part goes.
    """
    pictures: dict[str, int] = {}
    for decision in decisions:
        if decision.cls is PhiClass.IMAGE:
            word = decision.id.removeprefix("picture.").split(".")[0].split(" ")[0]
            role = word if word in _ROLES else "picture"
            pictures[role] = pictures.get(role, 0) + 1
    ranks = {role: rank for rank, role in enumerate(_ROLES)}
    words = [
        _named(role, parts) if count == 1 and role in ranks else _plural(count, role)
        for role, count in sorted(pictures.items(), key=lambda item: ranks.get(item[0], len(ranks)))
    ]
    fields = sum(decision.cls is not PhiClass.IMAGE for decision in decisions)
    words += [_plural(fields, "field")] if fields else []
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _named(role: str, parts: Collection[str]) -> str:
    return f"a part of the {role}" if role in parts else role


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def going(decisions: Sequence[Decision]) -> list[Decision]:
    """Return the decisions by which something goes or is replaced."""
    return [decision for decision in decisions if decision.action is not Action.KEEP]


def going_words(decisions: Sequence[Decision], parts: Collection[str] = ()) -> str:
    """Say what goes: *label, macro and 6 fields*, or that there is nothing to do."""
    return count_words(going(decisions), parts) or NOTHING


def before_words(path: str | Path, title: str, decisions: Sequence[Decision]) -> str:
    """Headline before anything happened."""
    found = count_words(wording.sensitive(decisions))
    said = f"{found} can identify the patient" if found else "nothing in it can identify the patient"
    return f"{wording.shown(path)} · {title} · {said}"


def consequence(decision: Decision, keep: bool, identifies: bool) -> str:
    """Say what follows if a finding is kept or goes, before that is chosen.

    Parameters
    ----------
    decision
        What is planned for it now.
    keep
        Whether it would be kept.
    identifies
        Whether it then still identifies.
    """
    if keep:
        return "keep: it stays readable, and the slide ends NOT clean" if identifies else "keep: it stays as it is"
    if decision.cls is PhiClass.IMAGE and decision.action is Action.DUMMY:
        return "remove: the new label takes its place; nothing brings the old one back"
    if decision.cls is PhiClass.IMAGE:
        return "remove: the picture is made blank; nothing brings it back"
    if decision.cls is PhiClass.SCIENCE:
        return "remove: the value goes for good, and programs that need it (scale, colours) miss it"
    if decision.cls is PhiClass.LINK:
        return "remove: another id takes its place, the same one in all files of the site"
    return "remove: the value goes for good"


def done_words(decision: Decision, parts: Collection[str] = ()) -> str:
    """Say what was done to a finding.

    Parameters
    ----------
    parts
        Roles of pictures of which only a part went.
    """
    if decision.id.removeprefix("picture.") in parts:
        return "a part of it made blank"
    if decision.cls is PhiClass.IMAGE:
        return "new label in its place" if decision.action is Action.DUMMY else "made blank"
    done = {Action.REMOVE: "removed", Action.ZERO: "emptied", Action.DUMMY: "replaced", Action.CLEAN: "cleaned"}
    return done.get(decision.action, "new id")


def parts_of(outcome: Outcome) -> frozenset[str]:
    """Return the roles of pictures of which a part was left."""
    masked = any(note.startswith(MASKED) for note in outcome.notes)
    return frozenset([*["macro"] * masked, *["label"] * (KEPT_PART in outcome.residue)])


def verified_words(outcome: Outcome) -> str:
    """Say what a second look at a slide found, without its name."""
    return wording.after_line("x", outcome, wrote=False).removeprefix("x · ").replace(" · nothing to do", "")
