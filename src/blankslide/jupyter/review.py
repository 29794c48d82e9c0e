"""`SlideReview`: one slide in a notebook, from "what is in it" to "prove it".

The review ties three things together: a `Session`, which knows; a `Card`, which shows; and
a `Worker`, which waits. Sessions are touched by one thread at a time: jobs on the worker's,
choices and drawing only while no job runs. During a job only the bar moves.

Dry run is on until the person turns it off; then a sentence names the file and must be
ticked. After a real run both are back where they were. Nothing is hidden from the saved
notebook by luck: `finish` empties the card, and what stays in it holds no value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blankslide import api, cards, wording
from blankslide.errors import BlankslideError, Cancelled, SlidePending
from blankslide.jupyter.card import Card, Headline
from blankslide.jupyter.pictures import Picture, pictures
from blankslide.jupyter.table import FindingsTable
from blankslide.jupyter.work import Worker
from blankslide.naming import name_verdict
from blankslide.policy import PROFILES, Profile
from blankslide.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blankslide.cards import Tone
    from blankslide.model import Outcome

_EMPTIED = "This card was emptied: it holds no pictures and no values."


class SlideReview:
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
        The site's key file; None for the user's own, made on first use.
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
        profile: str = "research",
        ledger: str | None = None,
        key: str | Path | None = None,
        keep: str | Sequence[str] = (),
    ) -> None:
        options = api.options(profile, ledger=ledger, key=key)
        options.keep = keep  # on top of whichever profile is chosen later
        options.resolved()
        self.session = Session(path, options)
        self._profile = profile
        self._before: tuple[Picture, ...] = ()
        self._now: tuple[Picture, ...] = ()
        self._name_withheld = False
        self._mistake = ""
        self._finished = self._sealed = False
        self._card = Card(_profiles(profile, options.profile), FindingsTable(self._keep))
        self._worker = Worker(self._settled, self._failed)
        self._connect()
        self.session.on(self._heard)
        self.look()

    # -- for the person at the keyboard ------------------------------------------------------

    @property
    def outcome(self) -> Outcome | None:
        """What happened, or None so far."""
        return self.session.outcome

    def look(self) -> None:
        """Inspect the slide anew; returns at once in a notebook, see `idle`."""
        self._start(self._load)

    async def idle(self) -> None:
        """Wait until the card has nothing left to do."""
        await self._worker.idle()

    def finish(self) -> None:
        """Empty the card, so that a saved notebook holds no pixels and no values of the slide.

        Headline and result stay. Running work is asked to stop, and emptied when it has.
        """
        self._finished = True
        self.session.cancel()
        if not self._worker.busy:
            self._seal()

    def close(self) -> None:
        """Finish, and take the card off the page."""
        self.finish()
        if self._sealed:
            self._card.close()

    def __repr__(self) -> str:
        return f"<SlideReview {self.session.state}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Show the card; the text beside it says no more than the state."""
        bundle = dict(self._card.widget._repr_mimebundle_(**kwargs) or {})
        return bundle | {"text/plain": repr(self)}

    # -- work, on the worker's thread --------------------------------------------------------

    def _load(self) -> None:
        self.session.load()
        self._before = self._now = self._look_at_pictures()
        found = self.session.inspection
        if found is not None and self.session.path is not None:
            values = [v.reveal() for f in found.findings if f.value is not None for v in (f.value, *f.values)]
            self._name_withheld |= name_verdict(self.session.path.name, values) != "plain"

    def _apply(self) -> None:
        self.session.apply()
        done = self.session.outcome
        if done is not None and done.writes:
            self._now = self._look_at_pictures()

    def _look_at_pictures(self) -> tuple[Picture, ...]:
        if self.session.path is None or self.session.inspection is None or self._finished:
            return ()
        return pictures(self.session.path, self.session.inspection)

    def _heard(self, event: str) -> None:
        if event == "progress":
            stage, part = self.session.stage, self.session.part
            self._worker.hop(lambda: self._moved(stage, part))

    # -- back on the loop --------------------------------------------------------------------

    def _moved(self, stage: str, part: float) -> None:
        if not self._sealed:
            self._card.draw_progress(stage, part)

    def _start(self, job: Any) -> None:
        if self._finished or self._worker.busy:
            return
        self._mistake = ""
        self._card.controls.allow(busy=True, usable=False, before=self._changed)
        self._card.draw_head(Headline(self.session.headline, "… working", "quiet"))
        self._worker.start(job)

    def _settled(self) -> None:
        done = self.session.outcome
        if done is not None and done.content != "untouched":
            self.session.dry_run = True
        if self._finished:
            self._seal()
        else:
            self._draw()

    def _failed(self, mistake: str) -> None:
        self._mistake = f"our own mistake ({mistake}); blankslide verify says what state the slide is in"
        if not self._sealed:
            self._card.draw_result([self._mistake])

    def _seal(self) -> None:
        if self._sealed:
            return
        head = self._headline()
        if self._name_withheld and self.session.path is not None:
            head = head._replace(text=head.text.replace(wording.shown(self.session.path), cards.NAMELESS))
        told = self.session.outcome or self.session.plan
        said = cards.hide_unknown([head.text], told.decisions if told else ())
        self._sealed = True
        self._before = self._now = ()
        self.session.inspection = self.session.plan = None
        self._card.draw_head(head._replace(text=said[0]))
        self._card.draw_result([*self._result(), _EMPTIED])
        self._card.empty()
        self._worker.stop()

    # -- drawing -----------------------------------------------------------------------------

    @property
    def _changed(self) -> bool:
        return self._before is not self._now

    def _draw(self) -> None:
        session, card = self.session, self._card
        card.draw_head(self._headline())
        card.draw_plan(session.summary)
        card.draw_result(self._result())
        name = wording.shown(session.path) if session.path is not None else ""
        card.draw_confirmation(session.confirmation, name)
        card.draw_progress("", session.part if session.state == "done" else 0.0, visible=False)
        card.controls.confirm.value = False
        card.controls.dry_run.value = session.dry_run
        card.controls.profile.value = self._profile
        self._draw_pictures()
        self._draw_table()
        self._allow()

    def _draw_pictures(self) -> None:
        if self._card.controls.before.value:
            self._card.pictures.draw(self._before)
            return
        there = {p.role for p in self._now}
        self._card.pictures.draw(self._now, [p.role for p in self._before if p.role not in there])

    def _draw_table(self) -> None:
        controls = self._card.controls
        word = controls.filter.value.strip()
        rows = self.session.rows(word)
        shown = [r for r in rows if r.sensitive or word or controls.kept.value]
        self._card.table.draw(shown, enabled=True)

    def _allow(self) -> None:
        usable = self.session.plan is not None
        self._card.controls.allow(busy=self._worker.busy, usable=usable, before=self._changed)

    def _headline(self) -> Headline:
        session = self.session
        if session.state == "done" and session.outcome is not None:
            if session.outcome.content == "untouched":
                return Headline(session.headline, "○ dry run", "quiet")
            return Headline(session.headline, *cards.outcome_state(session.outcome))
        if session.state == "refused":
            return Headline(session.headline, *_refusal(session.error))
        if session.plan is None:
            return Headline(session.headline, "", "quiet")
        found = any(r.sensitive for r in session.rows())
        return Headline(session.headline, *(("● identifying", "hot") if found else ("○ nothing found", "quiet")))

    def _result(self) -> list[str]:
        if self._mistake:
            return [self._mistake]
        done = self.session.outcome
        if done is None:
            return []
        if done.content == "untouched":
            return [f"Dry run: {self.session.summary}; nothing was written."]
        return cards.outcome_lines(done)

    # -- what the person does ----------------------------------------------------------------

    def _connect(self) -> None:
        controls = self._card.controls
        controls.profile.observe(self._choose, "value")
        controls.values.observe(self._reveal, "value")
        for widget in (controls.filter, controls.kept):
            widget.observe(lambda _: self._when_free(self._draw_table), "value")
        controls.before.observe(lambda _: self._when_free(self._draw_pictures), "value")
        controls.dry_run.observe(self._dry, "value")
        controls.confirm.observe(lambda _: self._when_free(self._allow), "value")
        controls.go.on_click(lambda _: self._go())
        controls.cancel.on_click(lambda _: self.session.cancel())
        controls.again.on_click(lambda _: self.look())
        controls.finish.on_click(lambda _: self.finish())

    def _when_free(self, draw: Any) -> None:
        if not (self._worker.busy or self._finished):
            draw()

    def _choose(self, change: Any) -> None:
        name = change["new"]
        if name != self._profile and not (self._worker.busy or self._finished):
            self._profile = name
            self._start(lambda: self.session.choose(name))

    def _keep(self, finding: str, keep: bool) -> None:
        self._start(lambda: self.session.keep(finding, keep))

    def _reveal(self, change: Any) -> None:
        self.session.show_values = bool(change["new"])
        self._when_free(self._draw_table)

    def _dry(self, change: Any) -> None:
        # A dry run that waits in the queue must not become a real one.
        if self._worker.busy or self._finished:
            return
        self.session.dry_run = bool(change["new"])
        self._card.controls.confirm.value = False
        self._allow()

    def _go(self) -> None:
        if self.session.dry_run or self._card.controls.confirm.value:
            self._start(self._apply)


def _refusal(error: BlankslideError | None) -> tuple[str, Tone]:
    if isinstance(error, Cancelled):
        return "○ cancelled", "quiet"
    return ("! interrupted" if isinstance(error, SlidePending) else "✗ refused"), "hot"


def _profiles(chosen: str, resolved: str | Profile) -> list[tuple[str, str]]:
    offered = [(name, name) for name in PROFILES]
    if chosen in PROFILES:
        return sorted(offered, key=lambda p: p[1] != chosen)
    return [(resolved.name if isinstance(resolved, Profile) else "your own", chosen), *offered]
