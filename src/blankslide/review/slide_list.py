"""A list of slides under review, for every face: one row a slide, filled by processes, narrowed by words and states.

`SlideList.look` blocks and belongs into a thread of the face; what it tells is handed to `SlideList.take` in the thread
that draws, so the rows need no lock. A run (`bulk`) tells in the same way. Nothing that a row holds is written
anywhere.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from blankslide.batch import Done, Event, Orders, Queued, Running, Staged, usual_jobs
from blankslide.batch.crew import Crew
from blankslide.batch.queue import Aside, tasks
from blankslide.errors import Cancelled
from blankslide.presentation import wording as words
from blankslide.review.looking import CODE

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Outcome
    from blankslide.pipeline import Options
    from blankslide.review.looking import Pixels

State = Literal[
    "found",
    "to do",
    "nothing to do",
    "refused",
    "interrupted",
    "running",
    "clean",
    "not as asked",
    "not clean",
    "waiting",
]
Show = Literal["all", "to do", "needs a look", "done"]

STATES: dict[Show, frozenset[State]] = {
    "to do": frozenset(("to do", "running", "interrupted", "waiting")),
    "needs a look": frozenset(("refused", "interrupted", "not as asked", "not clean", "waiting")),
    "done": frozenset(("clean", "nothing to do")),
}
"""Which states a choice of what to show means; ``all`` means every one."""

SHOWS: tuple[Show, ...] = ("all", "to do", "needs a look", "done")
_MARKS: dict[State, str] = {
    "found": "…",
    "to do": "●",
    "nothing to do": "○",
    "refused": "✗",
    "interrupted": "!",
    "running": "▶",
    "clean": "✓",
    "not as asked": "!",
    "not clean": "!",
    "waiting": "…",
}
_WORDS: dict[State, str] = {
    "found": "looking …",
    "not as asked": words.NOT_AS_ASKED,
    "not clean": "NOT clean",
    "waiting": "not begun",
}
_PENDING, _STOPPED = 5, 130


@dataclass(frozen=True, slots=True)
class Looked:
    """A slide was looked at; nothing was changed.

    Attributes
    ----------
    writes
        Bytes that a run would write.
    picture
        Rows, columns and red, green, blue of 8 bits, or None.
    """

    number: int
    path: Path = field(repr=False)
    outcome: Outcome = field(repr=False)
    writes: int = 0
    picture: Pixels | None = field(default=None, repr=False)


@dataclass(slots=True, eq=False)
class Row:
    """One slide.

    Attributes
    ----------
    name
        Its path below the folder, safe to be shown.
    title, findings
        Of the format; what can identify, in words.
    told
        What is said of it beside its state: why it was refused, what was left, what a run is at.
    part
        How much of its run is done, from 0 to 1.
    target
        What its copy is called, or what it is called now.
    copied
        Whether the state is that of a copy; the slide itself still holds everything.
    """

    number: int
    path: Path = field(repr=False)
    name: str = ""
    title: str = ""
    findings: str = ""
    state: State = "found"
    told: str = ""
    part: float = 0.0
    picture: Pixels | None = field(default=None, repr=False)
    target: str = ""
    copied: bool = False

    @property
    def mark(self) -> str:
        """One sign, so that colour is never the only one."""
        return _MARKS[self.state]

    @property
    def word(self) -> str:
        """The state in a word or two."""
        word = _WORDS.get(self.state, self.state)
        return f"copy {word}" if self.copied else word

    @property
    def is_to_be_tried_again(self) -> bool:
        """Whether another run may do better than the one before."""
        return self.state in ("refused", "interrupted", "waiting")


class SlideList:
    """The slides of a folder, or of several.

    Parameters
    ----------
    paths
        Slides, sets and folders.
    options
        With which it is looked at them: profile and key.
    jobs
        How many processes look.

    Attributes
    ----------
    rows
        One a slide, in the order in which they were found.
    """

    def __init__(self, paths: Sequence[Path], options: Options, jobs: int | None = None) -> None:
        self.paths = tuple(paths)
        self.rows: list[Row] = []
        self._orders = Orders.of(options, asks="nothing")
        self._jobs = usual_jobs() if jobs is None else jobs
        self._by_path: dict[Path, Row] = {}

    def look(self, tell: Callable[[Event | Looked], None], stopped: Callable[[], bool] = bool) -> None:
        """Find the slides and look at each. Blocks.

        Parameters
        ----------
        tell
            Called in this thread with `Queued` and `Looked`, to be handed to `take`.
        stopped
            Asked often; once true, no other slide is looked at.

        Raises
        ------
        EnvironmentProblem
            If no process can be started.
        """

        def looked(slide: bool) -> None:
            if stopped():
                raise Cancelled("stopped while slides were looked for")

        found = tasks(self.paths, None, Aside(looked=looked))
        with Crew(self._orders, self._jobs, CODE) as crew:
            try:
                for told in crew.work("plan", found, stopped):
                    if isinstance(told, Queued):
                        tell(told)
                    elif isinstance(told, tuple):
                        task, (outcome, foreseen, picture) = told
                        if outcome.error_code != _STOPPED:
                            tell(Looked(task.number, task.path, outcome, foreseen.writes if foreseen else 0, picture))
            except Cancelled:
                return

    # -- what is told ----------------------------------------------------------------------

    def take(self, event: Event | Looked) -> Row | None:
        """Take in what was told, and return the row that it is about; None if it is about none."""
        row = self._by_path.get(event.path)
        if isinstance(event, Queued):
            return self._queued(event) if row is None else row
        if row is None:
            return None
        if isinstance(event, Looked):
            _look(row, event)
        elif isinstance(event, Running):
            row.state, row.told, row.part = "running", "opening", 0.0
        elif isinstance(event, Staged):
            row.told, row.part = words.next_stage(event.stage), event.part
        elif isinstance(event, Done):
            _done(row, event)
        return row

    def _queued(self, event: Queued) -> Row:
        row = Row(event.number, event.path, words.shown(_below(event.path, self.paths), whole=True))
        self._by_path[event.path] = row
        self.rows.append(row)
        return row

    # -- what is shown ---------------------------------------------------------------------

    def shown(self, contains: str = "", show: Show = "all") -> list[Row]:
        """Return the rows that hold a text in any column, and are in one of the states."""
        word, states = contains.lower(), STATES.get(show)
        return [row for row in self.rows if (states is None or row.state in states) and word in _text(row)]

    def paths_of(self, rows: Sequence[Row]) -> frozenset[Path]:
        """Return the paths of rows, for a run of these alone."""
        return frozenset(row.path for row in rows)

    def headline(self) -> str:
        """Say how many slides there are, and how they stand."""
        count = len(self.rows)
        parts = [f"{count} slide{'s' if count != 1 else ''}"]
        counts = Counter(row.state for row in self.rows)
        parts += [f"{counts[state]} {_WORDS.get(state, state)}" for state in _MARKS if counts[state]]
        return " · ".join(parts) if count else "no slide yet"


def _below(path: Path, roots: Sequence[Path]) -> str:
    for root in roots:
        try:
            return str(path.relative_to(root)) if path != root else path.name
        except ValueError:
            continue
    return os.path.basename(path)


def _text(row: Row) -> str:
    return f"{row.name}\n{row.title}\n{row.findings}\n{row.word}\n{row.told}".lower()


def _look(row: Row, event: Looked) -> None:
    outcome = event.outcome
    row.title, row.picture, row.told = outcome.title, event.picture, ""
    if outcome.error:
        row.state = "interrupted" if outcome.error_code == _PENDING else "refused"
        row.told = outcome.error
        return
    row.findings = words.findings_phrase(outcome.decisions)
    row.state = "to do" if event.writes else "nothing to do"


def _state_of(outcome: Outcome) -> State:
    if outcome.content == "clean":
        return "not as asked" if outcome.exit_code else "clean"
    return "not clean" if outcome.content == "residue" else "to do"


def _done(row: Row, event: Done) -> None:
    """Say what became of a slide; the word clean is said only of what was judged."""
    outcome, row.part = event.outcome, 1.0
    row.target, row.copied = outcome.target, outcome.copied and not outcome.error
    if not event.begun:
        row.state, row.told = "waiting", outcome.error
    elif outcome.exit_code == _PENDING:
        row.state, row.told = "interrupted", outcome.error or "run it again: nothing is lost"
    elif outcome.error:
        row.state, row.told = "refused", outcome.error
    else:
        row.state = _state_of(outcome)
        row.title = outcome.title or row.title
        line = words.after_line(row.path, outcome, wrote=outcome.writes > 0).partition(" · ")[2]
        leads, dash, rest = line.partition(" – ")
        row.told = rest if dash and "clean" in leads else line
        if row.target and not row.copied:
            row.path = row.path.with_name(row.target)
