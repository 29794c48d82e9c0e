"""`BatchReview`: a folder of slides as one list, planned, run, stopped and told of.

The list and the run are those of `blankslide.review`; the card draws and forwards. A run is planned first, and begins
only when what will be overwritten has been said and ticked.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from blankslide import api
from blankslide.batch import Done
from blankslide.errors import BlankslideError
from blankslide.jupyter.face import Face, Rows
from blankslide.jupyter.lists import Table
from blankslide.jupyter.parts import Bar, Box, Button, Check, Choice, Field, Text
from blankslide.jupyter.reporting import unwritable, written_many
from blankslide.jupyter.review import SlideReview
from blankslide.jupyter.thumbnails import png_of
from blankslide.policy.profiles import PROFILES
from blankslide.presentation.html_card import NAMELESS
from blankslide.records import report
from blankslide.review.bulk import BulkRun, Choices, Question
from blankslide.review.slide_list import Show, SlideList
from blankslide.wishes import COPY, IN_PLACE, Wish, typed_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blankslide.batch import Event
    from blankslide.jupyter.parts import Says
    from blankslide.presentation.html_card import Tone
    from blankslide.review.slide_list import Looked, Row

MOST = 200
"""Rows in the page at most; the filter reaches the others."""
_EVERY = 0.3
_COLUMNS = (
    ("", "2.6em"), ("slide", "24%"), ("picture", "112px"), ("format", "15%"), ("what is in it", "19%"), ("state", ""),
    ("", "6.4em"),
)  # fmt: skip
_TONES: dict[str, Tone] = {
    "to do": "hot", "refused": "hot", "interrupted": "hot", "not as asked": "hot", "not clean": "hot",
    "clean": "good",
}  # fmt: skip


class BatchReview(Face):
    """Review and anonymize the slides of a folder in a notebook; show it as the last line of a cell.

    Parameters
    ----------
    paths
        A folder, or several; slides and sets are taken, too.
    profile
        ``research``, ``strict`` or a TOML file.
    ledger
        ``none``, a ``.jsonl`` file, the URL of a mirror, or None for the user's own ledger.
    key
        The site's key file; None for the user's own.
    jobs
        How many processes; None for as many as there are processors, up to four.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the profile is wrong, or key or ledger cannot be used.
    """

    def __init__(
        self,
        paths: str | Path | Iterable[str | Path],
        profile: str | Path = "research",
        ledger: str | Path | None = None,
        key: str | Path | None = None,
        jobs: int | None = None,
    ) -> None:
        named = [paths] if isinstance(paths, str | os.PathLike) else [*paths]
        self._paths = tuple(Path(name) for name in named)
        self._ledger, self._key, self._jobs = ledger, key, jobs
        self._profile = os.fspath(profile)
        self.options = api.options(self._profile, ledger=ledger, key=key)
        self.options.resolved()
        self.slides = SlideList(self._paths, self.options, jobs)
        self._run: BulkRun | None = None
        self._stopping = self._dirty = self._reports = False
        self._closing: list[str] = []
        self._sections: list[report.Section] = []
        self._review: SlideReview | None = None
        super().__init__("blankslide-batch", "slides of a folder", *self._parts())
        self.look()

    def _parts(self) -> tuple[Box | Table | Text, ...]:
        own = [] if self._profile in PROFILES else [(Path(self._profile).name, self._profile)]
        self.filter = Field("", lambda _: self._draw(), label="Filter slides", placeholder="filter", type="search")
        self.show = Choice([(s, s) for s in get_args(Show)], None, lambda _: self._draw(), label="Show")
        self.profile = Choice(
            [*own, *((name, name) for name in PROFILES)], self._profile, self._choose, label="Profile"
        )
        self.mode = Choice([("in place", IN_PLACE), ("into copies", COPY)], None, self._changed, label="Work")
        self.folder = Field("", self._changed, label="Folder of the copies", placeholder="CLEAN", shown=False)
        self.name = Field("", self._changed, label="New names", placeholder="{pseudonym}")
        self.report = Field("", label="Report", placeholder="report.html")
        self.plan = Button(self._plan, label="Plan", tip="looks at every slide and changes nothing")
        self.confirm = Check(False, lambda _: self._allow(self._worker.busy), shown=False)
        self.go = Button(self._go, label="Start", danger=True, disabled=True)
        self.cancel = Button(self._stop, label="Cancel after the slide in hand", disabled=True)
        self.again = Button(self.look, label="Look again")
        self.end = Button(self.finish, label="Finish")
        self._question, self._bar = Text(live=True, tone="strong"), Bar(label="progress of the run", shown=False)
        self._table = Table(pressed=self._open, columns=_COLUMNS, name="slides", least="860px")
        self._more, self._inner = Text(live=True), Box()
        self._danger = Box(self._question, self.confirm, style="danger", name="confirmation", shown=False)
        return (
            Box(self.filter, self.show, style="line", name="what is shown"),
            self._table,
            self._more,
            self._inner,
            Box(self.profile, self.mode, self.folder, self.name, self.report, style="line", name="how it is done"),
            self._danger,
            Box(self.plan, self.go, self.cancel, self.again, self.end, self._bar, style="line", name="what to do"),
        )

    # -- for the person at the keyboard ------------------------------------------------------

    def look(self) -> None:
        """Find the slides anew; returns at once in a notebook, see `idle`."""
        if self._worker.busy or self._finished:
            return
        self._shut()
        self._forget()
        self.slides = SlideList(self._paths, self.options, self._jobs)
        self._stopping = False
        self._start(self._look, "looking …")

    # -- work, on the worker's thread --------------------------------------------------------

    def _look(self) -> None:
        self._guarded(lambda: self.slides.look(self._tell, lambda: self._stopping))

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except BlankslideError as error:
            self._closing = [error.sentence()]

    def _tell(self, event: Event | Looked) -> None:
        self._worker.call_on_loop(lambda: self._told(event))

    def _planned(self, choices: Choices) -> None:
        run = BulkRun(self._paths, self.options, choices, self._tell, lambda: self._stopping)
        self._run = run
        run.__enter__()
        run.plan()

    def _ran(self, run: BulkRun, file: Path | None) -> None:
        try:
            run.go()
            self._closing = [run.closing()]
        finally:
            run.__exit__(None, None, None)
            self._run = None
        if file is not None:
            self._closing.append(written_many(file, self._sections))

    # -- back on the loop --------------------------------------------------------------------

    def _told(self, event: Event | Looked) -> None:
        if self._sealed:
            return
        self.slides.take(event)
        if isinstance(event, Done) and self._reports:
            self._sections.append(report.section(event.outcome))
        if self._dirty:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # outside of a notebook it is drawn at the end
        self._dirty = True
        loop.call_later(_EVERY, self._draw_soon)

    def _draw_soon(self) -> None:
        self._dirty = False
        if self._worker.busy and not self._sealed:
            self._draw_rows()
            self._lead(self.slides.headline(), "… working")

    def _draw(self) -> None:
        if self._sealed:
            return
        self._draw_rows()
        if not self._worker.busy:
            self._lead(self.slides.headline(), *self._state())
            self._say(self._closing)

    def _state(self) -> tuple[str, Tone]:
        states = {row.state for row in self.slides.rows}
        if states & {"refused", "interrupted", "not as asked", "not clean"}:
            return "! look at it", "hot"
        if states & {"to do", "waiting"}:
            return "● identifying", "hot"
        if states == {"clean"}:  # nobody has judged what was only looked at
            return "✓ clean", "good"
        if "found" in states:
            return "… not all were looked at", "quiet"
        return ("○ nothing to do" if states else ""), "quiet"

    def _draw_rows(self) -> None:
        show: Show = self.show.value  # type: ignore[assignment]
        rows = self.slides.shown(self.filter.value.strip(), show)
        busy = self._worker.busy
        self._table.rows = [_row(row, busy) for row in rows[:MOST]]
        hidden = len(rows) - MOST
        self._more.lines = [f"{hidden} more: narrow them down with the filter"] if hidden > 0 else []
        done = [row.part for row in self.slides.rows]
        running = self._run is not None and busy and any(row.part for row in self.slides.rows)
        self._bar.shown = running
        if running:
            left = sum(row.state in ("clean", "not as asked", "not clean", "nothing to do") for row in self.slides.rows)
            self._bar.move(sum(done) / max(1, len(done)), f"{left} of {len(done)} done")

    def _allow(self, busy: bool) -> None:
        question = self._run.question if self._run is not None else None
        ready = question is not None and question.can_go and not busy
        for part in (self.filter, self.show):
            part.disabled = False
        for each in (self.profile, self.mode, self.folder, self.name, self.report):
            each.disabled = busy
        self.plan.disabled = self.again.disabled = busy
        self.folder.shown = self.mode.value == COPY
        self._danger.shown = question is not None and not busy
        self._question.lines = _asked(question) if question is not None else []
        self.confirm.say(shown=ready, label="Yes, I have read this and want it", disabled=busy)
        self.go.disabled = not (ready and self.confirm.value)
        self.cancel.disabled = not busy or self._stopping

    # -- what the person does ----------------------------------------------------------------

    def _choose(self, profile: str) -> None:
        if self._worker.busy or profile == self._profile:
            return
        try:
            self.options = api.options(profile, ledger=self._ledger, key=self._key)
        except BlankslideError as error:  # its file went away: what is chosen is what a run would take
            self.profile.value = self._profile
            self._say([error.sentence()])
            return
        self._profile = profile
        self.look()

    def _changed(self, _: object) -> None:
        """Another wish needs another plan, and another yes."""
        if not self._worker.busy:
            self._forget()
            self._allow(False)

    def _forget(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.__exit__(None, None, None)
        self.confirm.value = False
        self._closing = []

    def _plan(self) -> None:
        if self._worker.busy or self._finished:
            return
        self._shut()
        self._forget()
        wish = Wish(self.mode.value, typed_path(self.folder.value), self.name.value.strip())
        try:
            wish.mode_for(dry_run=False)
        except BlankslideError as error:
            self._say([error.sentence()])
            return
        choices = Choices(wish.folder if wish.copies else None, wish.name or None, None, self._jobs)
        self._stopping = False
        self._start(lambda: self._guarded(lambda: self._planned(choices)), "planning every slide …")

    def _go(self) -> None:
        run, file = self._run, self.report.value.strip()
        if run is None or run.question is None or not self.confirm.value or self._worker.busy:
            return
        target = typed_path(file)
        if target is not None and (trouble := unwritable(target)):
            self._say([f"no report, and nothing was done: {trouble}"])
            return
        self._reports, self._sections = target is not None, []
        self._stopping = False
        self.confirm.value = False
        self._start(lambda: self._guarded(lambda: self._ran(run, target)), "anonymizing …")

    def _stop(self) -> None:
        self._stopping = True
        self.cancel.disabled = True

    def _open(self, number: str) -> None:
        """Open one slide as a review of its own, inside this card."""
        row = next((row for row in self.slides.rows if str(row.number) == number), None)
        if row is None or self._worker.busy or self._finished:
            return
        self._shut()
        try:
            self._review = SlideReview(row.path, self._profile, self._ledger, self._key)
        except BlankslideError as error:
            self._say([error.sentence()])
            return
        self._inner.children = (self._review.stand_in(self._sheet), Button(self._shut, label="Close this review"))

    def _shut(self) -> None:
        review, self._review = self._review, None
        self._inner.children = ()
        if review is not None:
            review.close()

    # -- what stays --------------------------------------------------------------------------

    def _summary(self) -> tuple[str, Sequence[str], Rows]:
        rows = [(str(row.number), row.title, row.findings, row.word) for row in self.slides.rows[:MOST]]
        return self.slides.headline(), [], (("slide", "format", "what was in it", "state"), rows)

    def _empty(self) -> None:
        self._shut()
        self._forget()
        self._table.rows = ()
        for field in (self.filter, self.folder, self.name, self.report):
            field.value = ""
        self._sections.clear()


def _row(row: Row, busy: bool) -> Says:
    return {
        "id": str(row.number),
        "cells": [
            {"badge": row.mark, "tone": _TONES.get(row.state, "quiet")},
            {"text": row.name},
            {"image": png_of(row.picture), "alt": "the tissue, small"} if row.picture is not None else {"text": ""},
            {"text": row.title},
            {"text": row.findings},
            {"text": row.told if row.told.startswith(row.word) else " · ".join(filter(None, (row.word, row.told)))},
        ],
        "press": {"label": "Review", "name": f"review {row.name or NAMELESS}", "disabled": busy},
    }


def _asked(question: Question) -> list[str]:
    return [question.lines[0], *(f"cannot be done: {reason}" for reason in question.reasons), question.warning]
