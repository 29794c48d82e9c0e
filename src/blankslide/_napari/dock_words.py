"""What the dock says of a session: the state in a word with a colour, levels, a place.

Colour is never the only sign; the words stand beside it. Sentences about a slide come from
`blankslide.presentation.wording`, as for every other face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blankslide.errors import Cancelled, SlidePending
from blankslide.presentation import wording

if TYPE_CHECKING:
    from blankslide.model import Inspection
    from blankslide.session import Row, Session

GREEN, AMBER, RED, GREY = "green", "amber", "red", "grey"
_ON_DARK = {GREEN: "#4cc96f", AMBER: "#f0a830", RED: "#ff7b7b", GREY: "#b4b4b4"}
_ON_LIGHT = {GREEN: "#17602f", AMBER: "#7a4f00", RED: "#b3201f", GREY: "#565a5e"}
"""Each has a contrast of 4.5 to the ground of napari's themes, which small words need to be read (WCAG AA)."""


class State(NamedTuple):
    """A word and its colour."""

    word: str
    colour: str

    def on(self, dark: bool) -> str:
        """Return the colour as it can be read on a dark ground, or on a light one."""
        return (_ON_DARK if dark else _ON_LIGHT)[self.colour]


CHANGED = State("changed", RED)
"""Of a slide that somebody else has changed since it was looked at."""


def state_of(session: Session, busy: bool) -> State:
    """Say how the slide stands."""
    if session.path is None:
        return State("no slide", GREY)
    if busy:
        return State("working", AMBER)
    if session.state == "refused" and not was_cancelled(session):
        return State("interrupted" if is_pending(session) else "refused", RED)
    outcome = session.outcome
    if session.state == "done" and outcome is not None:
        if outcome.content == "clean" and outcome.exit_code:
            return State("not as asked", RED)
        if outcome.content == "clean":
            return State("copy clean" if outcome.copied else "clean", GREEN)
        if outcome.content != "untouched":
            return State("NOT clean" if outcome.content == "residue" else "interrupted", RED)
    if session.plan is not None and not session.plan.patches:
        return State("nothing to do", GREY)
    return State("identifies", RED)


def was_cancelled(session: Session) -> bool:
    """Whether the last run was stopped before anything was written: the slide is as it was, and can be done."""
    return isinstance(session.error, Cancelled)


def headline(session: Session, is_changed: bool = False) -> str:
    """Say how the slide stands: what is in it, as long as nothing was written, or that it is another one now."""
    if session.path is None:
        return "Open a slide to begin."
    if is_changed:
        return f"{wording.shown(session.path)} · changed on the disk after it was read"
    dry = session.state == "done" and session.outcome is not None and session.outcome.content == "untouched"
    if session.state == "ready" or dry or was_cancelled(session):
        return session.found_line
    return session.headline


def is_pending(session: Session) -> bool:
    """Whether an earlier run waits to be finished."""
    return isinstance(session.error, SlidePending)


def button(session: Session, dry_run: bool) -> str:
    """Name the button by what it will do."""
    if is_pending(session) and not dry_run:
        return "Finish the interrupted run"
    if dry_run:
        return "Preview plan"
    return "Make a clean copy" if session.wish.copies else "Anonymize"


def plan_line(session: Session) -> str:
    """Say what would go and what stays, in words."""
    if session.plan is None:
        return ""
    goes = session.in_words
    line = f"Plan ({session.plan.profile}): {goes}" + (" will go" if session.plan.patches else "")
    return "\n".join([line, *(f"stays: {left}" for left in session.plan.left), *session.plan.notes])


def result_line(session: Session) -> str:
    """Say what happened, without the name that leads the dock."""
    if session.path is None:
        return ""
    if session.state == "done" and session.outcome is not None and session.outcome.content == "untouched":
        called = wording.shown(session.outcome.target) if session.outcome.target else ""
        said = ["dry run: nothing was changed"]
        said += [f"{session.in_words} would go"] if session.plan is not None and session.plan.patches else []
        said += [f"the result would be called {called}"] if called else []
        return " · ".join(said)
    return session.headline.removeprefix(f"{wording.shown(session.path)} · ")


def levels_line(inspection: Inspection | None) -> str:
    """List every level with size and resolution."""
    if inspection is None:
        return ""
    if not inspection.levels:
        return wording.NO_LEVEL
    top = inspection.levels[0]
    parts = []
    for level in inspection.levels:
        mpp = f" ({inspection.mpp[0] * top.width / level.width:.4g} µm/px)" if inspection.mpp else ""
        parts.append(f"{level.width}×{level.height}{mpp}")
    return f"{len(parts)} level{'s' if len(parts) != 1 else ''}: " + ", ".join(parts)


def place_line(row: Row | None, consequences: tuple[str, str] = ("", "")) -> str:
    """Say what a finding is, what follows if it is kept or goes, and where it stands, byte for byte."""
    if row is None:
        return ""
    places = [f"{p.where}, bytes {p.start}–{p.end}" for p in row.places[:2]]
    if len(row.places) > 2:
        places.append(f"and {len(row.places) - 2} more")
    head = f"{row.what} · {row.kind} · {row.action}" + (
        f" · {wording.shown(row.value, whole=True)}" if row.value else ""
    )
    other = consequences if not row.keeps else consequences[::-1]
    return "\n".join([head, wording.shown(row.id, whole=True), *filter(None, other), *places])
