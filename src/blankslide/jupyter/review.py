"""`SlideReview`: one slide in a notebook, from "what is in it" to "prove it".

The review ties three things together: a `Session`, which knows; a `Card`, which shows; and
a `Worker`, which waits. Sessions are touched by one thread at a time: jobs on the worker's,
choices and drawing only while no job runs. During a job only the bar moves.

Dry run is on until the person turns it off; then a sentence names the file and must be
ticked. After a real run both are back where they were. What a saved notebook holds is the
summary of `still` and nothing else, whether the card was finished or not.

A state word stands only above pictures and findings of the same state of the file. Another
card or the command line may change it, so the disk is asked before anything is drawn, when
the card is touched or shown again, and once a second where a loop runs.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from blankslide import api
from blankslide.errors import BlankslideError
from blankslide.jupyter import saying
from blankslide.jupyter.card import Card, Headline
from blankslide.jupyter.closeup import CloseUp
from blankslide.jupyter.marks import marks_of
from blankslide.jupyter.reporting import unwritable, written
from blankslide.jupyter.showing import OnAPage, Shown
from blankslide.jupyter.still import still_of
from blankslide.jupyter.strings import StringsFold
from blankslide.jupyter.table import FindingsTable
from blankslide.jupyter.thumbnails import Picture, pictures
from blankslide.jupyter.wishing import WishForm
from blankslide.jupyter.worker import Worker
from blankslide.model import Stage
from blankslide.pipeline.pictures import look_at_pictures
from blankslide.policy.profiles import PROFILES, Profile
from blankslide.presentation import html_card, wording
from blankslide.presentation.found_words import found_sentence
from blankslide.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blankslide.jupyter.parts import Part
    from blankslide.jupyter.sheet import Sheet
    from blankslide.model import Inspection, Outcome
    from blankslide.model.found import Found
    from blankslide.wishes import Wish

_EMPTIED = "This card was emptied: it holds no pictures and no values."
_CHANGED = "The file changed on the disk since this card had read it, so it was read anew."
_BEFORE = "These pictures are from BEFORE the run; they are not what the file holds now."
_RUNNING = "These pictures are from BEFORE the run that is going on."
_READING = "reading every string …"
_LEGIBLE = "looking for text and barcodes in the pictures …"
_FIRST_LOOK = 2.0
"""Seconds that a cell waits for the first look, so that its output says what was found."""
_TRIES = 3
_EVERY = 1.0
"""Seconds between two looks at the disk."""
_cards: weakref.WeakSet[SlideReview] = weakref.WeakSet()


class SlideReview(OnAPage):
    """Review and anonymize one slide in a notebook; show it as the last line of a cell.

    Parameters
    ----------
    path
        The slide.
    profile
        ``research``, ``strict`` or a TOML file.
    ledger
        ``none``, a ``.jsonl`` file, or None for the user's own ledger.
    key
        The site's key file; None for the user's own. If it is not there, the first real run makes it.
    keep
        Roles of pictures, or ids of findings, that win over the profile.

    Raises
    ------
    UsageError, EnvironmentProblem
        If the profile is wrong, or key or ledger cannot be used. What is wrong with the
        slide is shown in the card instead.
    """

    def __init__(
        self,
        path: str | Path,
        profile: str | Path = "research",
        ledger: str | Path | None = None,
        key: str | Path | None = None,
        keep: str | Sequence[str] = (),
    ) -> None:
        profile = os.fspath(profile)
        options = api.options(profile, ledger=ledger, key=key)
        options.keep = keep  # on top of whichever profile is chosen later
        options.resolved()
        self.session = Session(path, options)
        self._profile = profile
        self._before: tuple[Picture, ...] = ()
        self._now: tuple[Picture, ...] = ()
        self._pictured: object = None
        self._watched: asyncio.AbstractEventLoop | None = None
        self._reread = False
        self._mistake = self._reported = self._found_told = ""
        self._legible: tuple[Found, ...] = ()
        self._finished = self._sealed = False
        self._closeup, self._wishes = CloseUp(self._slide), WishForm(self._ask)
        parts = FindingsTable(self._keep), StringsFold(self._turn_strings), self._closeup, self._wishes
        self._card = Card(_profiles(profile, options.profile), *parts)
        self._closeup.send = self._card.sheet.send
        self._shown = Shown(self._card.sheet)
        self._worker = Worker(self._settled, self._failed)
        self._connect()
        self.session.on(self._heard)
        _cards.add(self)
        self.look()

    # -- for the person at the keyboard ------------------------------------------------------

    @property
    def outcome(self) -> Outcome | None:
        """What happened, or None so far."""
        return self.session.outcome

    def look(self) -> None:
        """Inspect the slide anew; returns at once in a notebook, see `idle`."""
        self._start(self._load)

    def check(self) -> bool:
        """Read the slide anew if its file changed since; True if there was nothing to do."""
        if self._finished or self._worker.busy or not self.session.stale:
            return True
        self._wipe()
        self._reread = True
        self._start(self._load)
        return False

    async def idle(self) -> None:
        """Wait until the card has nothing left to do."""
        await self._worker.idle()

    def finish(self) -> None:
        """Empty the card, so that a saved notebook holds no pixels and no values of the slide.

        Headline and result stay. Running work is asked to stop; what it found out is emptied when it has, and
        what is shown at once: a notebook may be saved before that.
        """
        self._finished = True
        self.session.cancel()
        if self._worker.busy:
            self._wipe()
            self._card.controls.filter.value = ""
        else:
            self._seal()

    def close(self) -> None:
        """Finish, and take the card off the page."""
        self.finish()
        if self._sealed:
            self._card.close()

    def stand_in(self, sheet: Sheet) -> Part:
        """Return the card as a part of another one, which is on a page already."""
        self._closeup.send = sheet.send
        return self._card.sheet.root

    def __repr__(self) -> str:
        return f"<SlideReview {self.session.state}>"

    def _look_first(self) -> None:
        self.check()
        if self._worker.rests(_FIRST_LOOK) and not self._sealed:
            self._draw_still()
        elif not self._card.sheet.still:
            self._card.sheet.still = html_card.rows_card(f"{html_card.NAMELESS} · looking …", "", "quiet", (), (), ())

    # -- work, on the worker's thread --------------------------------------------------------

    def _load(self) -> None:
        self.session.load()
        self._pictured = None
        self._catch_up()
        self._before = self._now

    def _catch_up(self) -> None:
        """Bring pictures and findings to the state of the file, whoever changed it."""
        done, old = self.session.outcome, self._now
        ours = self.session.state == "done" and done is not None and done.writes > 0
        for _ in range(_TRIES):
            if self.session.stale:
                self._reread, ours = True, False
                self.session.load()
            if self.session.seen != self._pictured:
                self._now = self._look_at_pictures()
                self._legible, self._found_told = (), ""  # of pictures as they were
                self._pictured = self.session.seen
            if not self.session.stale:
                break
        if self._now is not old and not ours:
            self._before = self._now

    def _find(self) -> None:
        """Find what is legible in the pictures; only boxes come back."""
        if self.session.path is None:
            return
        self._legible = ()
        try:
            self._legible = look_at_pictures(self.session.path)
            self._found_told = found_sentence(self._legible)
        except BlankslideError as error:
            self._found_told = error.sentence()

    def _look_at_pictures(self) -> tuple[Picture, ...]:
        main, found = self.session.main_file, self.session.inspection
        return () if main is None or found is None or self._finished else pictures(main, found)

    def _heard(self, event: str) -> None:
        if self.session.state == "working":
            stage, part = self.session.stage, self.session.fraction
            self._worker.call_on_loop(lambda: self._moved(stage, part))

    # -- back on the loop --------------------------------------------------------------------

    def _moved(self, stage: Stage, part: float) -> None:
        if not self._sealed:
            self._card.controls.offer_cancel(self.session.can_cancel)
            ended = f" · {stage} done" if stage is not Stage.START else ""
            self._card.draw_progress(f"{wording.next_stage(stage)}{ended}", part)

    def _start(self, job: Callable[[], None], words: str = "looking …") -> None:
        if self._finished or self._worker.busy:
            return
        self._mistake = self._reported = ""
        self._closeup.shut()  # nothing of ours is open while a slide is written
        self._card.controls.before.value = False
        self._card.controls.allow(busy=True, usable=self.session.plan is not None, before=self._changed)
        self._wishes.allow(busy=True, usable=self.session.plan is not None)
        self._card.draw_head(Headline(f"{self._shown_name} · {words}", "… working", "quiet"))
        self._card.strings.say(words if words == _READING else "")
        self._card.draw_result([])  # what was said of the last run is not true of this one
        self._watch()
        self._worker.start(job)

    def _then_catch_up(self, job: Callable[[], None]) -> Callable[[], None]:
        def both() -> None:
            job()
            self._catch_up()

        return both

    def _settled(self) -> None:
        done = self.session.outcome
        if done is not None and done.content != "untouched":
            self.session.dry_run = True
        if self._finished:
            self._seal()
        else:
            self._draw()
            self._reread = False
            self._draw_strings()
        if done is not None and done.writes:
            for card in tuple(_cards):
                card.check()

    def _watch(self) -> None:
        """Ask the disk now and then, as long as this card and the loop live."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if loop is not self._watched:
            self._watched = loop
            loop.call_later(_EVERY, _tick, weakref.ref(self), loop)

    def _failed(self, mistake: str) -> None:
        self._mistake = f"our own mistake ({mistake}); blankslide verify says what state the slide is in"
        if not self._sealed:
            self._wipe()  # whatever is shown may be of another state of the file
            self._card.draw_result([self._mistake])

    def _seal(self) -> None:
        if self._sealed:
            return
        self._draw_still([_EMPTIED])
        self._sealed = True
        _cards.discard(self)
        self._before = self._now = ()
        self.session.inspection = self.session.plan = self.session.strings = None
        self._card.empty()
        self._closeup.end()
        self._worker.stop()
        self._shown.over(repr(self))

    # -- drawing -----------------------------------------------------------------------------

    @property
    def _changed(self) -> bool:
        return self._before is not self._now

    @property
    def _shown_name(self) -> str:
        return wording.shown(self.session.path) if self.session.path is not None else ""

    def _draw(self) -> None:
        session, card = self.session, self._card
        if session.stale:
            self._wipe()
        else:
            self._draw_pictures()
            self._draw_table()
            card.draw_plan(saying.planned(session))
        card.draw_head(self._headline())
        card.draw_result(self._result())
        verb = "judge" if session.has_nothing_to_do else "overwrite"
        card.draw_confirmation(session.confirmation, f"Yes, {verb} {self._shown_name}")
        self._wishes.trouble.lines = [session.wrong.sentence()] if session.wrong is not None else []
        card.draw_progress("", session.fraction if session.state == "done" else 0.0, visible=False)
        card.controls.confirm.value = False
        card.controls.dry_run.value = session.dry_run
        card.controls.profile.value = self._profile
        self._allow()
        self._draw_still()

    def _draw_still(self, more: Sequence[str] = ()) -> None:
        self._card.sheet.still = still_of(self.session, self._headline(), [*self._result(), *more])

    def _wipe(self) -> None:
        """Take away what is not true of the file any more."""
        self._before = self._now = ()
        self._closeup.shut()
        self._card.pictures.draw(())
        self._card.table.draw((), enabled=False)
        self._card.strings.say("")
        self._card.draw_plan(())

    def _draw_pictures(self) -> None:
        if self._card.controls.before.value and self._changed:
            self._card.pictures.draw(self._before, before=_BEFORE)
            return
        there = {p.role for p in self._now}
        marks = marks_of(self._legible, self.session.wish, self._now)
        self._closeup.outline(marks)
        self._card.pictures.draw(self._now, [p.role for p in self._before if p.role not in there], marks=marks)

    def _draw_table(self) -> None:
        controls = self._card.controls
        word = controls.filter.value.strip()
        rows = self.session.rows(word)
        shown = [r for r in rows if r.sensitive or word or controls.kept.value]
        self._card.table.draw(shown, enabled=True, follows=self.session.consequences)

    def _turn_strings(self, is_open: bool) -> None:
        if is_open and not (self._worker.busy or self._finished) and self.check():
            self._draw_strings()

    def _draw_strings(self) -> None:
        """Show every string if the person looks at them; they are listed first if that was not done yet."""
        session, fold = self.session, self._card.strings
        if not fold.is_open or self._worker.busy:
            return
        if session.can_read and not (session.stale or self._mistake):
            self._start(self._then_catch_up(session.read_strings), _READING)
        else:
            fold.show(session.strings_title, session.strings_summary, session.strings or ())

    def _allow(self) -> None:
        usable = self.session.plan is not None and not self.session.stale
        busy, wish = self._worker.busy, self.session.wish
        self._card.controls.allow(busy=busy, usable=usable, before=self._changed, copies=wish.copies)
        self._card.controls.go.disabled |= self.session.wrong is not None
        self._wishes.allow(busy=busy, usable=usable)
        self._card.strings.part.shown = usable or busy

    def _headline(self) -> Headline:
        return saying.headline(self.session, self._shown_name)

    def _result(self) -> list[str]:
        if self._mistake:
            return [self._mistake]
        more = filter(None, [self._reported, self._found_told])
        return [*([_CHANGED] if self._reread else []), *saying.result(self.session), *more]

    # -- what the person does ----------------------------------------------------------------

    def _connect(self) -> None:
        controls = self._card.controls
        controls.profile.observe(self._choose)
        controls.values.observe(self._reveal)
        controls.filter.observe(lambda _: self._when_free(self._draw_table))
        controls.kept.observe(lambda _: self._when_free(self._draw_table))
        controls.before.observe(lambda _: self._when_free(self._draw_pictures))
        controls.dry_run.observe(self._dry)
        controls.confirm.observe(lambda _: self._when_free(self._allow))
        controls.go.on_click(self._go)
        controls.cancel.on_click(self.session.cancel)
        controls.again.on_click(self.look)
        controls.tissue.on_click(lambda: self._when_free(self._closeup.enlarge))
        controls.legible.on_click(lambda: self._start(self._then_catch_up(self._find), _LEGIBLE))
        controls.verify.on_click(lambda: self._start(self._then_catch_up(self.session.verify), "judging …"))
        controls.finish.on_click(self.finish)

    def _when_free(self, draw: Callable[[], None]) -> None:
        if not (self._worker.busy or self._finished) and self.check():
            draw()

    def _slide(self) -> tuple[Path, Inspection] | None:
        """Return the slide, if it may be looked at closely now."""
        main, found = self.session.main_file, self.session.inspection
        if self._worker.busy or self._finished or main is None or found is None or not self.check():
            return None
        return main, found

    def _choose(self, name: str) -> None:
        if name != self._profile and not (self._worker.busy or self._finished):
            self._profile = name
            self._start(self._then_catch_up(lambda: self.session.choose(name)))

    def _ask(self, wish: Wish) -> None:
        self._start(self._then_catch_up(lambda: self.session.ask(wish)))

    def _keep(self, finding: str, keep: bool) -> None:
        self._start(self._then_catch_up(lambda: self.session.keep(finding, keep)))

    def _reveal(self, show: bool) -> None:
        self.session.show_values = show
        self._when_free(self._draw_table)

    def _dry(self, dry: bool) -> None:
        # A dry run that waits in the queue must not become a real one.
        if self._worker.busy or self._finished:
            return
        self.session.dry_run = dry
        self._card.controls.confirm.value = False
        self._when_free(self._allow)

    def _go(self) -> None:
        dry, copies = self.session.dry_run, self.session.wish.copies
        if self._finished or self._worker.busy or not (dry or copies or self._card.controls.confirm.value):
            return
        if self.session.wrong is not None:
            return
        if not self.check() and not dry:
            return  # what was confirmed is not what stands there now
        if not (dry or copies):
            self._card.pictures.draw(self._now, before=_RUNNING)
        doing = "planning …" if dry else "making a clean copy …" if copies else "anonymizing in place …"
        self._start(self._then_catch_up(self._run), doing)

    def _run(self) -> None:
        file, dry = self._wishes.report_file, self.session.dry_run
        if file is not None and not dry and (trouble := unwritable(file)):
            self._reported = f"no report, and nothing was done: {trouble}"
            return
        self.session.apply()
        if file is not None and not dry:
            self._reported = written(file, self.session)


def _tick(seen: weakref.ref[SlideReview], loop: asyncio.AbstractEventLoop) -> None:
    review = seen()
    if review is not None and not review._finished:
        review.check()
        loop.call_later(_EVERY, _tick, seen, loop)


def _profiles(chosen: str, resolved: object) -> list[tuple[str, str]]:
    offered = [(name, name) for name in PROFILES]
    if chosen in PROFILES:
        return sorted(offered, key=lambda p: p[1] != chosen)
    return [(resolved.name if isinstance(resolved, Profile) else "your own", chosen), *offered]
