"""The live card: every widget of the review, in the order of what, will, did, proof.

The card draws and forwards; it holds no slide, starts no work and knows no session. Each
`draw` method writes a few traits, so nothing is rebuilt while a person looks at it. What
the person may do next is said by `Controls`, once, in `allow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets as W

from blankslide.jupyter.table import say_again
from blankslide.jupyter.thumbnails import MOST, Picture
from blankslide.presentation import html_card
from blankslide.viewing.picture import in_order

if TYPE_CHECKING:
    from blankslide.jupyter.strings import StringsFold
    from blankslide.jupyter.table import FindingsTable
    from blankslide.presentation.html_card import Tone

_GONE = "gone"
_HOLE = '<div style="width:110px;height:80px;border:1px dashed rgba(128,128,128,.7);border-radius:4px"></div>'
_SMALL_PRINT = (
    "Saved notebooks can keep what widgets show. Finish empties this card: "
    "pictures, values and the filter, before you save."
)


class Headline(NamedTuple):
    """The sentence, the word of its badge, and its colour."""

    text: str
    state: str
    tone: Tone


def _line(*children: Any, **layout: str) -> Any:
    return W.HBox(list(children), layout=W.Layout(align_items="center", flex_flow="row wrap", **layout))


def _show(widget: Any, visible: bool) -> None:
    widget.layout.display = "" if visible else "none"


class Pictures:
    """Up to `MOST` pictures with their captions, filled anew, never made anew."""

    def __init__(self) -> None:
        self._slots = [(W.HTML(), W.Image(format="png", layout=W.Layout(max_height="150px"))) for _ in range(MOST)]
        for _, image in self._slots:
            image.value = b""
        boxes = [W.VBox(list(slot), layout=W.Layout(margin="0 14px 4px 0", display="none")) for slot in self._slots]
        self._row: Any = _line(*boxes)
        self._row.layout.align_items = "flex-start"
        self._banner = W.HTML(layout=W.Layout(display="none"))
        self.widget: Any = W.VBox([self._banner, self._row])
        self.widget.add_class("blankslide-pictures")

    def draw(self, shown: Sequence[Picture], gone: Sequence[str] = (), *, before: str = "") -> None:
        """Show pictures; roles in ``gone`` get a caption only.

        Parameters
        ----------
        before
            A sentence that stands above pictures of before, and marks each of them; empty if they
            are what stands in the file now.
        """
        self._banner.value = html_card.headline(before, "! BEFORE", "hot") if before else ""
        _show(self._banner, bool(before))
        items = {p.role: (f"{p.width}×{p.height}", p.png) for p in shown} | dict.fromkeys(gone, (_GONE, b""))
        roles = in_order(items)
        for i, (caption, image) in enumerate(self._slots):
            role = roles[i] if i < len(roles) else ""
            words, png = items.get(role, ("", b""))
            image.value = png
            _show(image, bool(png))
            unseen = "" if png or words == _GONE or not role else " · cannot be shown"
            old = "before · " if before else ""
            caption.value = html_card.lines([f"{old}{role} · {words}{unseen}"] if role else []) + _HOLE * (
                words == _GONE
            )
            _show(self._row.children[i], bool(role))


class Controls:
    """What the person can choose and press."""

    def __init__(self, profiles: Sequence[tuple[str, str]]) -> None:
        wide = W.Layout(width="auto", margin="2px 16px 2px 2px")
        self.profile = W.Dropdown(
            options=list(profiles),
            description="Profile",
            layout=W.Layout(width="200px", margin="2px 16px 2px 2px"),
            style={"description_width": "initial"},
        )
        self.filter = W.Text(
            placeholder="filter", continuous_update=True, layout=W.Layout(width="180px", margin="2px 16px 2px 2px")
        )
        self.values = W.Checkbox(description="show values", indent=False, layout=wide)
        self.kept = W.Checkbox(description="show what stays", indent=False, layout=wide)
        self.dry_run = W.Checkbox(value=True, description="dry run (nothing is written)", indent=False, layout=wide)
        self.confirm = W.Checkbox(indent=False, layout=W.Layout(width="auto", max_width="100%"))
        self.warning = W.HTML()
        self.go = W.Button(description="Dry run", layout=W.Layout(width="150px"))
        self.cancel = W.Button(description="Cancel", disabled=True, layout=W.Layout(width="100px"))
        self.again = W.Button(description="Look again", layout=W.Layout(width="110px"))
        self.before = W.ToggleButton(description="Show before", layout=W.Layout(width="120px", display="none"))
        self.finish = W.Button(description="Finish", tooltip=_SMALL_PRINT, layout=W.Layout(width="100px"))
        self.danger: Any = W.VBox([self.warning, self.confirm])
        self.danger.add_class("blankslide-danger")

    def allow(self, *, busy: bool, usable: bool, before: bool) -> None:
        """Say what can be pressed now.

        Parameters
        ----------
        busy
            Work is going on: nothing can be pressed but Cancel, see `offer_cancel`.
        usable
            There is a slide that can be worked on.
        before
            There is a picture of before to look at.
        """
        for widget in (self.profile, self.filter, self.values, self.kept, self.dry_run, self.confirm, self.before):
            widget.disabled = busy
        self.again.disabled = busy
        self.cancel.disabled = True  # a run that can still be stopped offers it
        dry = bool(self.dry_run.value)
        shut = busy or not usable or not (dry or bool(self.confirm.value))
        if shut:  # before the word on it changes: a browser draws one change after another
            self.go.disabled = True
        _show(self.danger, not dry)
        _show(self.before, before)
        self.go.description = "Dry run" if dry else "Anonymize"
        self.go.button_style = "" if dry else "danger"
        self.go.disabled = shut

    def offer_cancel(self, can_cancel: bool) -> None:
        """Let a run be stopped, or not any more."""
        self.cancel.disabled = not can_cancel

    def everything(self) -> tuple[Any, ...]:
        """All widgets, to be closed."""
        return (
            self.profile, self.filter, self.values, self.kept, self.dry_run, self.confirm, self.warning, self.go,
            self.cancel, self.again, self.before, self.finish, self.danger,
        )  # fmt: skip


class Card:
    """All widgets of one review, top to bottom.

    Parameters
    ----------
    profiles
        (name shown, name or file) of each profile on offer.
    table
        The findings.
    strings
        Every string that is left.
    """

    def __init__(self, profiles: Sequence[tuple[str, str]], table: FindingsTable, strings: StringsFold) -> None:
        self.controls, self.pictures, self.table, self.strings = Controls(profiles), Pictures(), table, strings
        self._head, self._plan, self._result = W.HTML(), W.HTML(), W.HTML()
        self._bar = W.FloatProgress(min=0.0, max=1.0, layout=W.Layout(width="200px", margin="2px 10px"))
        self._stage = W.HTML()
        c = self.controls
        self._progress = _line(self._bar, self._stage)
        self._middle = (
            self.pictures.widget,
            _line(c.profile, c.filter, c.values, c.kept),
            table.widget,
            self._plan,
            c.dry_run,
            c.danger,
            _line(c.go, c.cancel, c.again, self._progress),
        )
        self._tail = _line(c.before, c.finish, W.HTML(html_card.lines([_SMALL_PRINT])))
        frame = W.Layout(border="1px solid rgba(128,128,128,.35)", padding="10px 14px", max_width="980px")
        children = [self._head, *self._middle, self._result, strings.widget, self._tail]
        self.widget: Any = W.VBox(children, layout=frame)
        self.widget.add_class("blankslide-review")
        self._result.add_class("blankslide-result")

    def draw_head(self, head: Headline) -> None:
        """Draw the sentence that leads."""
        self._head.value = html_card.headline(*head)

    def draw_plan(self, summary: str) -> None:
        """Draw the plan in numbers."""
        self._plan.value = html_card.lines([f"Plan: {summary}"] if summary else [])

    def draw_result(self, sentences: Sequence[str]) -> None:
        """Draw what happened."""
        self._result.value = html_card.lines(sentences)

    def draw_confirmation(self, sentence: str, name: str) -> None:
        """Draw what must be ticked before anything is overwritten."""
        self.controls.warning.value = html_card.headline(sentence, "! no undo", "hot")
        self.controls.confirm.description = f"Yes, overwrite {name}"

    def draw_progress(self, stage: str, part: float, *, visible: bool = True) -> None:
        """Draw how far the work is."""
        self._bar.value = part
        self._stage.value = html_card.lines([stage] if stage else [])
        self._progress.layout.visibility = "visible" if visible else "hidden"

    def empty(self) -> None:
        """Take pictures, values and typed text out of every widget, then close all but head and result."""
        self.pictures.draw(())
        self.table.clear()
        self.strings.close_up()
        self.controls.filter.value = ""
        self.draw_confirmation("", "")
        self.draw_progress("", 0.0, visible=False)
        emptied = (*_below(self._middle), *_below((self.strings.widget, self._tail)), *self.controls.everything())
        self.widget.children = (self._head, self._result)
        say_again(emptied)
        self.table.say_again()
        self.table.close()
        for widget in emptied:
            widget.close()

    def close(self) -> None:
        """Close what `empty` left; call it first."""
        self._head.value = self._result.value = ""
        for widget in (self._head, self._result, self.widget):
            widget.close()


def _below(widgets: Sequence[Any]) -> list[Any]:
    found = []
    for widget in widgets:
        found += [widget, *_below(getattr(widget, "children", ()))]
    return found
