"""The view-model that every face observes: one slide, from "what is in it" to "prove it".

A `Session` holds what a person sees and may choose; it decides nothing itself. Faces call
its methods, listen with `on`, and draw `headline`, `rows`, `summary`. The methods block:
a face runs `load` and `apply` in its own worker and hops back to its own thread in the
callback, because callbacks run on whatever thread made the change.

Dry run is on until the person turns it off. Values are masked until asked for.

What a session knows is true of the files as they stood when it looked. Another card or the
command line can change them: `Session.stale` asks the disk, and faces ask it before they draw
a state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from blankslide import pipeline
from blankslide.errors import BlankslideError, SlideChanged
from blankslide.looks import Look, Standing, look_at, look_of, main_of, standing
from blankslide.model import Action, Decision, Inspection, Outcome, PhiClass, Place, Plan, Stage
from blankslide.model.changed import changed
from blankslide.pipeline import Options
from blankslide.policy.profiles import RESEARCH
from blankslide.presentation import wording
from blankslide.presentation.plan_words import before_words, consequence, going_words
from blankslide.presentation.rows import in_order
from blankslide.wishes import Wish

if TYPE_CHECKING:
    from blankslide.pipeline import Readable
    from blankslide.policy.profiles import Profile

State = Literal["empty", "loading", "ready", "working", "done", "refused"]
Event = Literal["state", "rows", "progress", "strings"]
Listener = Callable[[Event], None]
MASK = "••••"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the findings table.

    Attributes
    ----------
    mark, what, where, kind, action
        Sign, title, place, class word and action word, as every face shows them.
    value
        Masked unless the session shows values; empty for pictures.
    sensitive, unknown
        For sorting and for colour, which is never the only sign.
    places
        Where it stands in the file.
    """

    id: str
    mark: str
    what: str
    where: str
    kind: str
    action: str
    value: str
    sensitive: bool
    unknown: bool
    keeps: bool
    places: tuple[Place, ...]


class Session:
    """One slide under review.

    Parameters
    ----------
    path
        The slide, or None to start empty.
    options
        Profile, key, ledger; the profile can be changed by `choose`.
    """

    def __init__(self, path: str | Path | None = None, options: Options | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self.options = options or Options()
        self.state: State = "empty"
        self.dry_run = True
        self.show_values = False
        self.inspection: Inspection | None = None
        self.plan: Plan | None = None
        self.outcome: Outcome | None = None
        self.error: BlankslideError | None = None
        self.stage = Stage.START
        self.fraction = 0.0
        self.seen: Standing | None = None
        self.strings: tuple[Readable, ...] | None = None
        self.unread: BlankslideError | None = None
        self.wish = Wish()
        self.wrong: BlankslideError | None = None
        self.verdict: Outcome | BlankslideError | None = None
        self._copies: Path | None = None
        self._files: tuple[Path, ...] = ()
        self._kept: set[str] = set()
        self._removed: set[str] = set()
        self._listeners: list[Listener] = []
        self._cancelled = False

    # -- listening -------------------------------------------------------------------------

    def on(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(event)`` at every change; returns the function that stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _emit(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    def _go(self, state: State) -> None:
        self.state = state
        self._emit("state")

    # -- what is in it ---------------------------------------------------------------------

    def load(self, known: Look | None = None) -> None:
        """Inspect and plan. Blocks; never raises: a refusal becomes the state ``refused``.

        Parameters
        ----------
        known
            What somebody else has found; it spares the look if it is still true and was planned in the same way.
        """
        self.outcome = self.error = None
        self._go("loading")
        self._replan("ready", known)

    def _replan(self, state: State, known: Look | None = None) -> None:
        if self.path is None:
            self._go("empty")
            return
        try:
            self._look(self.path, known)
        except BlankslideError as error:
            self.error = error
            self._go("refused")
            return
        self.error = None
        self._emit("rows")
        self._go(state)

    def _look(self, path: Path, known: Look | None = None) -> None:
        """Inspect and plan, and remember of which state of the files that is true."""
        self.strings = self.unread = self.verdict = None  # they were of the file as it was, and of another profile
        self._files = self._files or (main_of(path),)
        self.seen = standing(self._files)
        try:
            self.options.find_key()  # another run can have made it
            chosen = self._chosen()
            name = self.wish.name_for(path, chosen) if chosen.label else None
            if known is None or name or not (known.answers(chosen) and known.still_true()):
                known = look_at(path, chosen, self._files, name)
            else:
                pipeline.refuse_pending(self._files[0])  # a run that was interrupted may not have written yet
        except BlankslideError:
            self.inspection = self.plan = None
            raise
        self.inspection, self.plan = known.inspection, known.plan
        self._files, self.seen = known.files, known.seen

    @property
    def main_file(self) -> Path | None:
        """The main file of the slide: a person may have named another one of it, or its folder."""
        return self._files[0] if self._files else self.path

    @property
    def stale(self) -> bool:
        """Whether a file of the slide changed, by whomever, since it was looked at."""
        return self.seen is not None and self.seen != self.standing

    @property
    def standing(self) -> Standing:
        """How the files of the slide stand on the disk now."""
        return standing(self._files)

    def _profile(self) -> Profile:
        """Return the profile with what was chosen in the table."""
        profile = self.options.resolved().keeping(*sorted(self._kept)).removing(*sorted(self._removed))
        rows = profile.proven.union(self._kept, self._removed)  # no need to be found again
        return profile._replace(proven=rows)

    def _chosen(self) -> Options:
        return changed(
            self.options if self.wrong else self.wish.options(self.options),
            profile=self._profile() if self.wrong else self.wish.profile(self._profile()),
            keep=(),
            remove=(),
            progress=self._progress,
            cancelled=lambda: self._cancelled,
        )

    # -- what will happen ------------------------------------------------------------------

    def choose(self, profile: str) -> None:
        """Take another profile and plan anew; what the last run said was said under the one before."""
        self.options.profile = profile
        self.outcome = None
        self._replan("ready")

    def ask(self, wish: Wish) -> None:
        """Take what is wanted beside the profile; a wish that makes no sense is told by ``wrong``, and not planned."""
        before = self._planned_by()
        self.wish = wish
        self.wrong = wish.problem(self._profile())
        if self._planned_by() == before:
            self._emit("state")
        else:
            self.outcome = None
            self._replan("ready")

    def _planned_by(self) -> tuple[Wish, bool]:
        """Return what of the wish a plan depends on: where the result goes does not matter to it."""
        wish = self.wish
        return wish._replace(mode="", folder=None, name=wish.name if wish.label else ""), self.wrong is not None

    @property
    def label_text(self) -> str:
        """The text of the new label; a pseudonym in it is an example as long as the site has no key.

        Raises
        ------
        UsageError
            If it cannot be printed.
        """
        if self.path is None:
            return ""
        from blankslide.pipeline.labelling import with_label

        chosen = self._chosen()
        name = self.wish.name_for(self.path, chosen)
        label = with_label(chosen, (self.main_file or self.path).name, name).new_label
        return "" if label is None else label.text

    @property
    def name_identifies(self) -> bool:
        """Whether the slide's own name may identify."""
        if self.path is None or self.inspection is None:
            return False
        from blankslide.policy.file_names import name_verdict

        values = [v.reveal() for f in self.inspection.findings if f.value is not None for v in (f.value, *f.values)]
        return name_verdict(self.path.name, values) == "identifying"

    def consequences(self, finding: str) -> tuple[str, str]:
        """Say what follows if a finding is kept, and if it goes; empty for one that is not there."""
        decision = next((d for d in self.plan.decisions if d.id == finding), None) if self.plan else None
        found = next((f for f in self.inspection.findings if f.id == finding), None) if self.inspection else None
        if decision is None or found is None:
            return "", ""
        identifies = RESEARCH.keeping(finding).decide(found).identifying
        return consequence(decision, True, identifies), consequence(decision, False, identifies)

    def keep(self, finding: str, keep: bool) -> None:
        """Keep or remove one finding against the profile, and plan anew; what the profile says needs no exception."""
        self.outcome = None
        self._kept.discard(finding)
        self._removed.discard(finding)
        found = next((f for f in self.inspection.findings if f.id == finding), None) if self.inspection else None
        if found is not None:
            by_profile = self._chosen().resolved().action(found) is Action.KEEP
            if keep != by_profile:
                (self._kept if keep else self._removed).add(finding)
        self.wrong = self.wish.problem(self._profile())
        self._replan("ready")

    def reveal(self, show: bool) -> None:
        """Show or mask values on this screen."""
        self.show_values = show
        self._emit("rows")

    def rows(self, contains: str = "") -> list[Row]:
        """Rows of the table, in the order of all faces: what can identify first.

        Parameters
        ----------
        contains
            Only rows whose title, id, place or class holds this text.
        """
        if self.plan is None or self.inspection is None:
            return []
        found = {f.id: f for f in self.inspection.findings}
        rows = []
        for decision in in_order(self.plan.decisions):
            finding = found[decision.id]
            value = "" if finding.value is None else (finding.value.reveal() if self.show_values else MASK)
            rows.append(_row(decision, value, finding.places))
        word = contains.lower()
        return [r for r in rows if word in f"{r.what} {r.id} {r.where} {r.kind}".lower()]

    # -- every string that is left -----------------------------------------------------------

    def read_strings(self) -> None:
        """List every string that can be read in the slide. Blocks; never raises; costs an account of its bytes.

        Afterwards ``strings`` holds them, or ``unread`` says why there are none. Both are forgotten with what was
        found in the slide: after a choice or a run the list is another.
        """
        self.strings = self.unread = None
        if self.path is not None and self.plan is not None:
            try:
                self.options.find_key()
                found = tuple(pipeline.readable(self.path, self._chosen()))
                if self.stale:
                    raise SlideChanged("the file changed after it was looked at", "look at it again")
                self.strings = found
            except BlankslideError as error:
                self.unread = error
        self._emit("strings")

    @property
    def can_read(self) -> bool:
        """Whether strings are still to be listed, and could be."""
        return (
            self.plan is not None and self.state in ("ready", "done") and self.strings is None and self.unread is None
        )

    @property
    def strings_title(self) -> str:
        """What stands above the list, open or closed."""
        return "Readable strings" + (f" ({len(self.strings)})" if self.strings is not None else "")

    @property
    def strings_summary(self) -> str:
        """How many there are and how many nothing explains, or why they cannot be listed."""
        if self.unread is not None:
            return self.unread.sentence()
        return wording.strings_phrase([line.why for line in self.strings]) if self.strings is not None else ""

    # -- what happened ---------------------------------------------------------------------

    def apply(self) -> None:
        """Do it, or plan only while `dry_run` is on. Blocks; never raises."""
        if self.path is None:
            return
        self._cancelled = False
        self.outcome = self.error = self.strings = self.unread = self.verdict = None
        self.stage, self.fraction = Stage.START, 0.0
        self._go("working")
        proofs: list[Look] = []
        try:
            self.options.find_key()
            chosen = self._chosen()
            mode, name = self.wish.mode_for(self.dry_run), self.wish.name_for(self.path, chosen)
            self._copies = self.wish.folder if self.wish.copies else None
            if mode.out is None and name is None:
                chosen.seen_after = lambda found, plan: proofs.append(look_of(self._files, found, plan, chosen))
            self.outcome = pipeline.anonymize(self.path, chosen, mode, name)
        except BlankslideError as error:
            self.error = error
            self._replan_quietly()
            self._go("refused")
            return
        self._follow(self.outcome)
        if (self.outcome.writes and not self.outcome.copied) or self.stale:  # else what was found still stands there
            self._replan_quietly(proofs[-1] if proofs else None)  # the proof of the run was a look, too
        self._go("done")

    def _follow(self, outcome: Outcome) -> None:
        """Go on with a slide under its new name."""
        if self.path is None or self.dry_run or outcome.copied or not outcome.target:
            return
        for there in (self.path.with_name(outcome.target), self._files[0].with_name(outcome.target)):
            if there.exists() and there != self.path:
                self.path, self._files = there, ()
                return

    @property
    def result(self) -> Path | None:
        """Where the slide is that the last run made clean: the copy, wherever another may go, or the slide itself."""
        done = self.outcome
        if done is not None and done.copied and done.content != "untouched" and self._copies is not None:
            return self._copies / done.target if done.target else None
        return self.path

    def verify(self) -> None:
        """Judge the result as it is. Blocks; never raises: ``verdict`` holds the answer, or why there is none."""
        self.verdict = None
        if self.result is not None:
            try:
                self.verdict = pipeline.verify(self.result, Wish().options(self._chosen()))
            except BlankslideError as error:
                self.verdict = error
        self._emit("state")

    def _replan_quietly(self, known: Look | None = None) -> None:
        if self.path is None:
            return
        with suppress(BlankslideError):
            self._look(self.path, known)
        self._emit("rows")

    def cancel(self) -> None:
        """Ask a running `apply` to stop; it obeys only before the commit point."""
        self._cancelled = True

    @property
    def can_cancel(self) -> bool:
        """Whether `apply` runs, and its commit point is still ahead."""
        return self.state == "working" and self.stage.before_commit

    def _progress(self, stage: Stage, part: float) -> None:
        self.stage, self.fraction = stage, part
        self._emit("progress")

    # -- in words --------------------------------------------------------------------------

    @property
    def headline(self) -> str:
        """The one sentence that leads every face."""
        if self.path is None:
            return "no slide chosen"
        if self.error is not None:
            return wording.error_line(self.path, self.error)
        if self.outcome is not None and self.state == "done":
            if self.outcome.content == "untouched":
                return f"{wording.shown(self.path)} · dry run: nothing was changed"
            return wording.after_line(self.path, self.outcome, wrote=self.outcome.writes > 0)
        if self.inspection is not None and self.plan is not None:
            return wording.before_line(self.path, self.inspection.title, self.plan.decisions)
        return f"{wording.shown(self.path)} · looking …"

    @property
    def summary(self) -> str:
        """The plan in numbers: ``4 places, 0.46 MB``."""
        if self.plan is None:
            return ""
        count = len(self.plan.patches)
        if not count:
            return "nothing to do"
        return f"{count} place{'s' if count != 1 else ''}, {self.plan.bytes_changed / 1e6:.2f} MB"

    @property
    def has_nothing_to_do(self) -> bool:
        """Whether a run would write nothing into the slide."""
        return self.plan is not None and not self.plan.patches

    @property
    def in_words(self) -> str:
        """What goes, in words: ``label, macro and 6 fields``."""
        if self.plan is None:
            return ""
        return going_words(self.plan.decisions if self.plan.patches else (), {room.role for room, _ in self.plan.masks})

    @property
    def found_line(self) -> str:
        """What is in the slide, in words, whatever became of the last run."""
        if self.path is None or self.inspection is None or self.plan is None:
            return self.headline
        decisions = self.plan.decisions
        if not self.plan.patches:  # what was removed before is found again in some formats, and nothing is left to do
            decisions = tuple(decision for decision in decisions if decision.identifying)
        return before_words(self.path, self.inspection.title, decisions)

    @property
    def confirmation(self) -> str:
        """What must be confirmed before writing in place."""
        name = wording.shown(self.path) if self.path is not None else ""
        called = f" The result is named by {wording.shown(self.wish.name, whole=True)}." if self.wish.name else ""
        if self.wish.copies:
            there = wording.shown(self.wish.folder or "", whole=True)
            return f"This makes a clean copy of {name} in {there}.{called} {name} itself stays and holds everything."
        if self.has_nothing_to_do:
            return f"Nothing in {name} has to go: it is judged, and nothing is written into it.{called}"
        others = len({patch.file for patch in self.plan.patches} - {0}) if self.plan is not None else 0
        more = f" and {others} more file{'s' if others != 1 else ''} of the slide" if others else ""
        return f"This overwrites {name} itself{more}.{called} There is no way back."


def _row(decision: Decision, value: str, places: Sequence[Place]) -> Row:
    unknown = decision.cls is PhiClass.UNKNOWN
    keeps = decision.action is Action.KEEP
    return Row(
        id=decision.id,
        mark=wording.mark(decision),
        what=decision.title,
        where=decision.where,
        kind=wording.class_word(decision.cls),
        action=wording.action_word(decision),
        value=value,
        sensitive=wording.can_identify(decision),
        unknown=unknown,
        keeps=keeps,
        places=tuple(places),
    )
