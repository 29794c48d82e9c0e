"""One run over slides of a list: planned whole, asked about in words, then done; for every face.

    with BulkRun(...) as run:            in a thread of the face
        run.plan()                       a dry run: nothing is written
        ... run.question ...             the face asks its person
        run.go()

A person who says no has changed nothing. A run is ended by ``stopped``: slides in hand are finished, or left as they
are where nothing of them was written, and no other is begun.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blankslide.batch import Batch, Done, Event, Orders, Request, naming_of, usual_jobs
from blankslide.batch.in_words import overview_lines, summary_lines
from blankslide.errors import UsageError
from blankslide.pipeline.run_choices import hold
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.batch import Overview, Summary
    from blankslide.pipeline import Options

_MOST_REASONS = 6


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose for a run.

    Attributes
    ----------
    out
        Folder for copies; None to edit the slides where they stand.
    name
        Pattern for names, as of ``batch --name``; None for as they are.
    only
        The slides to be done, of those below the folder; None for all.
    jobs
        How many processes; None for as many as usual.
    """

    out: Path | None = None
    name: str | None = None
    only: frozenset[Path] | None = None
    jobs: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked before anything is written.

    Attributes
    ----------
    lines
        The plan in numbers, the main sentence first.
    reasons
        Why slides cannot be done, each with how many.
    warning
        What cannot be taken back.
    can_go
        Whether there is anything to be done at all.
    slides
        How many slides will be gone through.
    """

    lines: tuple[str, ...]
    reasons: tuple[str, ...]
    warning: str
    can_go: bool
    slides: int = 0


class BulkRun:
    """One run; `plan` first, then `go`. Both block. A context manager.

    Parameters
    ----------
    paths
        Slides, sets and folders, as of the list.
    options
        Profile, key, ledger, label.
    tell
        Called with every event, in the thread that runs it, to be handed to `SlideList.take`.
    stopped
        Asked often; once true, no other slide is begun.

    Raises
    ------
    BlankslideError
        If the run makes no sense; nothing was touched.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        options: Options,
        choices: Choices,
        tell: Callable[[Event], None],
        stopped: Callable[[], bool] = bool,
    ) -> None:
        hold(paths, choices.out, options)
        self.choices = choices
        self.question: Question | None = None
        self._tell, self._stopped, self._going = tell, stopped, False
        naming = naming_of(choices.name, None, options.resolved().identifiers)
        orders = Orders.of(options, choices.out)
        jobs = usual_jobs() if choices.jobs is None else choices.jobs
        request = Request(tuple(paths), orders, jobs, None, naming, only=choices.only)
        self._batch = Batch(request, self._told, stopped)

    def __enter__(self) -> BulkRun:
        return self

    def __exit__(self, *error: object) -> None:
        self._batch.__exit__(*error)

    def _told(self, event: Event) -> None:
        """Pass on what a list shows: of the plan, only what cannot be done."""
        if self._going or isinstance(event, Done):
            self._tell(event)

    def plan(self) -> Question:
        """Plan every slide, changing nothing, and return what is to be asked.

        Raises
        ------
        BlankslideError
            If two slides would get one name, or the like.
        """
        overview = self._batch.plan()
        self.question = _question(overview, self.choices.out)
        return self.question

    def go(self) -> Summary:
        """Do what was planned; `plan` comes first.

        Raises
        ------
        UsageError
            If nothing was planned: nobody can have said yes to it.
        EnvironmentProblem
            If no process can be started.
        """
        if self.question is None:
            raise UsageError("a run is planned and asked about before it begins")
        self._going = True
        return self._batch.run()

    def closing(self) -> str:
        """Say what became of all."""
        return summary_lines(self._batch.summary, len(self._batch.others), None)[0]


def _question(overview: Overview, out: Path | None) -> Question:
    count = sum(line.to_do for line in overview.formats.values()) if out is None else overview.goes_on_with
    reasons = [f"{reason} ({number})" for reason, number in overview.refused.most_common(_MOST_REASONS)]
    slides = f"{count} slide{'s' if count != 1 else ''}"
    if not count:
        warning = "There is nothing to do."
    elif out is None:
        themselves = "itself" if count == 1 else "themselves"
        warning = f"This overwrites {slides} {themselves}. There is no way back."
    else:
        copies = "1 copy" if count == 1 else f"{count} copies"
        warning = f"This writes {copies} to {words.shown(out)}. The slides themselves stay as they are."
    return Question(
        tuple(overview_lines(overview, out is not None)), tuple(reasons), warning, count > 0, overview.goes_on_with
    )
