"""The live card: every part of the review, in the order of what, will, did, proof.

The card draws and forwards; it holds no slide, starts no work and knows no session. Each
`draw` method says a few things to parts, so nothing is rebuilt while a person looks at it. What
the person may do next is said by `Controls`, once, in `allow`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from blankslide.jupyter.lists import PictureList
from blankslide.jupyter.parts import Bar, Box, Button, Check, Choice, Field, Head, Text, Toggle
from blankslide.jupyter.sheet import Sheet
from blankslide.viewing.picture import in_order

if TYPE_CHECKING:
    from blankslide.jupyter.closeup import CloseUp
    from blankslide.jupyter.marks import Mark, Marks
    from blankslide.jupyter.parts import Part, Says
    from blankslide.jupyter.strings import StringsFold
    from blankslide.jupyter.table import FindingsTable
    from blankslide.jupyter.thumbnails import Picture
    from blankslide.jupyter.wishing import WishForm
    from blankslide.presentation.html_card import Tone

_GONE = "gone"
_FINISH = (
    "No saved notebook holds pictures, values or names from this card. "
    "Finish takes them out of this page, too, and leaves the result."
)


class Headline(NamedTuple):
    """The sentence, the word of its badge, and its colour."""

    text: str
    state: str
    tone: Tone


class Pictures:
    """The pictures beside the tissue, with their captions.

    Parameters
    ----------
    on_enlarge
        Called with the role of a picture that a person wants to see larger.
    """

    def __init__(self, on_enlarge: Callable[[str], None] = lambda role: None) -> None:
        self._banner = Head(level=3, shown=False)
        self.list = PictureList(on_enlarge, name="label, macro and thumbnail")
        self.part = Box(self._banner, self.list, style="pictures-box")

    def draw(
        self, shown: Sequence[Picture], gone: Sequence[str] = (), *, before: str = "", marks: Marks | None = None
    ) -> None:
        """Show pictures; roles in ``gone`` get a caption only.

        Parameters
        ----------
        marks
            By role, what is outlined in a picture.
        before
            A sentence that stands above pictures of before, and marks each of them; empty if they
            are what stands in the file now.
        """
        self._banner.say(text=before, state="! BEFORE" if before else "", tone="hot", shown=bool(before))
        marks = marks or {}
        items = {p.role: _item(p, bool(before), marks.get(p.role, ())) for p in shown}
        items |= {role: _gone(role) for role in gone}
        self.list.items = [items[role] for role in in_order(items)]
        self.part.shown = bool(items) or bool(before)


def _item(picture: Picture, old: bool, marks: Sequence[Mark]) -> Says:
    words = f"{'before · ' if old else ''}{picture.role} · {picture.width}×{picture.height}"
    seen = bool(picture.png)
    return {
        "key": picture.role,
        "caption": words if seen else f"{words} · cannot be shown",
        "alt": f"{picture.role} of the slide{', as it was before the run' if old else ''}",
        "image": picture.png if seen else None,
        "why": "" if seen else picture.why,
        "opens": f"enlarge, turn and zoom: {picture.role}" if seen and not old else "",
        "marks": [mark._asdict() for mark in marks],
    }


def _gone(role: str) -> Says:
    return {"key": role, "caption": f"{role} · {_GONE}", "alt": "", "image": None, "why": "removed", "opens": ""}


class Controls:
    """What the person can choose and press."""

    def __init__(self, profiles: Sequence[tuple[str, str]]) -> None:
        self.profile = Choice(profiles, label="Profile")
        self.filter = Field("", label="Filter findings", placeholder="filter", type="search")
        self.values = Check(False, label="show values")
        self.kept = Check(False, label="show what stays")
        self.dry_run = Check(True, label="dry run (nothing is written)")
        self.confirm = Check(False)
        self.warning = Text(tone="strong", live=True)
        self.go = Button(label="Dry run")
        self.cancel = Button(label="Cancel", disabled=True)
        self.again = Button(label="Look again")
        self.before = Toggle(False, label="Show before", shown=False)
        self.tissue = Button(label="Look at the tissue")
        self.legible = Button(label="Find text", tip="look for text, barcodes and ink in the pictures")
        self.verify = Button(label="Verify", tip="let independent readers judge the slide as it is")
        self.finish = Button(label="Finish", tip=_FINISH)
        self.danger = Box(self.warning, self.confirm, style="danger", name="confirmation", shown=False)

    def allow(self, *, busy: bool, usable: bool, before: bool, copies: bool = False) -> None:
        """Say what can be pressed now; what a refused slide has no use for is not there.

        Parameters
        ----------
        busy
            Work is going on: nothing can be pressed but Cancel, see `offer_cancel`.
        usable
            There is a slide that can be worked on.
        before
            There is a picture of before to look at.
        copies
            A copy is made, so nothing is overwritten that must be confirmed.
        """
        for part in (self.profile, self.filter, self.values, self.kept, self.dry_run, self.confirm, self.before):
            part.disabled = busy
        self.again.disabled = self.tissue.disabled = self.verify.disabled = self.legible.disabled = busy
        self.cancel.disabled = True  # a run that can still be stopped offers it
        of_use: tuple[Part, ...] = (
            self.profile,
            self.filter,
            self.values,
            self.kept,
            self.dry_run,
            self.go,
            self.cancel,
        )
        for each in (*of_use, self.tissue, self.legible, self.verify):
            each.shown = usable or busy
        dry = self.dry_run.value
        self.danger.shown = (usable or busy) and not (dry or copies)
        self.before.shown = before
        self.go.say(
            label="Dry run" if dry else "Anonymize a copy" if copies else "Anonymize",
            danger=not (dry or copies),
            disabled=busy or not usable or not (dry or copies or self.confirm.value),
        )

    def offer_cancel(self, can_cancel: bool) -> None:
        """Let a run be stopped, or not any more."""
        self.cancel.disabled = not can_cancel


class Card:
    """All parts of one review, top to bottom.

    Parameters
    ----------
    profiles
        (name shown, name or file) of each profile on offer.
    table
        The findings.
    strings
        Every string that is left.
    closeup
        The enlarged view.
    wishes
        What else is wanted of a run.
    """

    def __init__(
        self,
        profiles: Sequence[tuple[str, str]],
        table: FindingsTable,
        strings: StringsFold,
        closeup: CloseUp,
        wishes: WishForm,
    ) -> None:
        self.controls, self.table, self.strings = Controls(profiles), table, strings
        self.closeup, self.wishes = closeup, wishes
        self.pictures = Pictures(closeup.enlarge)
        self._head, self._plan, self._result = Head(level=2), Text(), Text(live=True)
        self._bar = Bar(label="progress of the run", shown=False)
        c = self.controls
        self._children: tuple[Part, ...] = (
            self._head,
            self.pictures.part,
            closeup.part,
            Box(c.profile, c.filter, c.values, c.kept, style="line", name="what is shown"),
            table.part,
            self._plan,
            wishes.part,
            c.dry_run,
            c.danger,
            Box(c.go, c.cancel, c.again, c.tissue, c.legible, c.verify, self._bar, style="line", name="what to do"),
            self._result,
            strings.part,
            Box(c.before, c.finish, Text(lines=[_FINISH]), style="line"),
        )
        self.sheet = Sheet(Box(*self._children, name="slide review"))
        self.sheet.widget.add_class("blankslide-review")

    def draw_head(self, head: Headline) -> None:
        """Draw the sentence that leads."""
        self._head.say(**head._asdict())

    def draw_plan(self, sentences: Sequence[str]) -> None:
        """Draw what a run would do."""
        self._plan.lines = list(sentences)

    def draw_result(self, sentences: Sequence[str]) -> None:
        """Draw what happened."""
        self._result.lines = list(sentences)

    def draw_confirmation(self, sentence: str, question: str) -> None:
        """Draw what must be ticked before anything is overwritten."""
        self.controls.warning.lines = [sentence]
        self.controls.confirm.label = question

    def draw_progress(self, stage: str, part: float, *, visible: bool = True) -> None:
        """Draw how far the work is."""
        self._bar.shown = visible
        self._bar.move(part, stage)

    def empty(self) -> None:
        """Take everything out of every part, and the card out of every page but for its summary."""
        self.pictures.draw(())
        self.closeup.shut()
        self.table.draw((), enabled=False)
        self.strings.close_up()
        self.wishes.empty()
        self.controls.filter.value = ""
        self.draw_plan(())
        self.draw_confirmation("", "")
        self.draw_progress("", 0.0, visible=False)
        self.sheet.root.children = (self._head, self._result)
        self.sheet.close()

    def close(self) -> None:
        """Take away what `empty` left; call it first."""
        self._head.text, self._head.state, self._result.lines = "", "", ()
        self.sheet.widget.close()
