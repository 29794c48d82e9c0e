"""Thousands of slides: the plan of all of them, then one line a slide, then what became of them.

Standard output has one line a slide, or the objects of ``--json`` and ``--json-lines``, written as slides are finished.
All else – the plan, how far it is, the summary – is standard error's, but for a dry run, of which it is the result.
On a terminal only slides that need a person's eye stay on the screen.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from blankslide.batch import (
    Batch,
    Done,
    Event,
    NameTable,
    Orders,
    Pattern,
    Planned,
    Queued,
    Request,
    Shard,
    Staged,
    Summary,
    read_table,
)
from blankslide.batch.in_words import overview_lines, summary_lines
from blankslide.cli import output
from blankslide.cli.anonymize import remark
from blankslide.cli.counter import Counter
from blankslide.cli.reporting import write_report
from blankslide.cli.settling import settle
from blankslide.cli.stopping import STOPPED, stop
from blankslide.errors import worst_code
from blankslide.model.shown import plain_text
from blankslide.pipeline.run_choices import hold
from blankslide.presentation import wording as words
from blankslide.records import report

if TYPE_CHECKING:
    from blankslide.batch import Naming, Overview
    from blankslide.model import Decision, Outcome
    from blankslide.pipeline import Mode, Options

Style = Literal["lines", "json", "json-lines"]
_OPENING = '{"slides": ['


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for, as they typed it.

    Attributes
    ----------
    name
        Pattern for names.
    names, names_columns
        Table of names, and the headings of its columns.
    blind
        Number the slides in an order that tells nothing.
    every
        Begin only if every slide can be done.
    """

    paths: tuple[str, ...]
    mode: Mode
    name: str | None = None
    names: str | None = None
    names_columns: str | None = None
    blind: bool = False
    jobs: int = 1
    shard: str | None = None
    every: bool = False
    scheduler: str | None = None
    style: Style = "lines"
    report: str | None = None
    with_names: bool = False


def batch(asked: Asked, options: Options) -> int:
    """Plan and do everything; return the exit code.

    Raises
    ------
    BlankslideError
        If the request makes no sense, or nothing of it can be done; nothing was touched.
    """
    if asked.report is not None:
        report.check(Path(asked.report), asked.names)
    naming = _naming(asked, options)
    shard = None if asked.shard is None else Shard.parse(asked.shard)
    hold(asked.paths, asked.mode.out, options)
    orders = Orders.of(options, asked.mode.out, "everything" if asked.every else "access")
    paths = tuple(map(Path, asked.paths))
    request = Request(
        paths, orders, asked.jobs, shard, naming, asked.mode.dry_run, asked.every, asked.scheduler, asked.blind
    )
    teller = _Teller(asked)
    with stop.held(not asked.mode.dry_run), Batch(request, teller, _has_to_end, teller.counter.looked) as engine:
        try:
            overview = engine.plan()
            teller.planned(engine, overview)
            summary = engine.run()
        except BaseException:
            teller.cut_off(engine)
            raise
        settle(options.ledger)
        teller.finished(engine)
        remark(teller.ids, options.resolved())
        return _code(asked, engine, teller, summary)


def _naming(asked: Asked, options: Options) -> Naming | None:
    if asked.names is not None:
        return read_table(Path(asked.names), asked.names_columns)
    return None if asked.name is None else Pattern(asked.name, options.resolved().identifiers)


def _has_to_end() -> bool:
    return stop.asked or bool(output.problem())


def _code(asked: Asked, engine: Batch, teller: _Teller, summary: Summary) -> int:
    summary.stopped = summary.stopped and stop.asked  # an output that cannot be written ends the run, too
    code = summary.exit_code
    if asked.report is not None:
        of_report = write_report(asked.report, teller.sections, engine.others, asked.with_names)
        code = code if code == STOPPED else worst_code([code, of_report])
    return code or (output.FAILED if output.problem() else 0)


@dataclass(slots=True)
class _Teller:
    """Watches a run and tells of it, in the style that was asked for."""

    asked: Asked
    counter: Counter = field(init=False)
    sections: list[report.Section] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    _same: dict[object, object] = field(default_factory=dict)
    _places: dict[int, str] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self.counter = Counter(self.asked.style != "lines")

    # -- events ----------------------------------------------------------------------------

    def __call__(self, event: Event) -> None:
        """Take in an event."""
        if isinstance(event, Queued):
            self.counter.queued()
        elif isinstance(event, Planned):
            task = event.forecast.task
            self._places[task.number] = task.place
            self.counter.planned(task, event.forecast.weight)
        elif isinstance(event, Staged):
            self.counter.at(words.shown(event.path), words.next_stage(event.stage))
        elif isinstance(event, Done):
            self._done(event)

    def _done(self, event: Done) -> None:
        outcome = event.outcome
        self.counter.clear()
        if event.begun:
            self.counter.done(event.number)
        self.ids.update(d.id for d in outcome.decisions)
        if self.asked.report is not None:
            outcome.decisions = self._shared(outcome.decisions)
            self.sections.append(report.section(outcome))
        place = self._places.pop(event.number, str(event.path))
        if self.asked.style == "lines":
            self._line(place, outcome, event.begun)
        else:
            self._object(outcome)
        sys.stdout.flush()  # whoever reads on a pipe wants to see it now
        self.counter.show()

    def _shared(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        """Return decisions of which equal ones are the same object: slides of one scanner have the same ones."""
        one = tuple(self._same.setdefault(d, d) for d in decisions)
        return self._same.setdefault(one, one)  # type: ignore[return-value]

    def _line(self, place: str, outcome: Outcome, begun: bool) -> None:
        name = words.shown(place, whole=True)
        if outcome.error:
            if begun:
                print(f"{name} \u00b7 {outcome.error}", file=sys.stderr)
        elif self.asked.mode.dry_run:
            print(words.before_line(place, outcome.title, outcome.decisions, whole=True))
        elif not (self.counter.is_terminal and outcome):
            print(words.after_line(place, outcome, wrote=bool(outcome.transaction), whole=True))

    def _object(self, outcome: Outcome) -> None:
        text = json.dumps(outcome.as_json(), ensure_ascii=True)
        if self.asked.style == "json":
            print((",\n" if self._count else _OPENING) + text, end="")
        else:
            print(text)
        self._count += 1

    # -- the whole -------------------------------------------------------------------------

    def planned(self, engine: Batch, overview: Overview) -> None:
        """Tell the plan."""
        self.counter.clear()
        for path in engine.empty:
            print(words.empty_line(path), file=sys.stderr)
        if self.asked.style == "lines":
            self._say(overview_lines(overview, self.asked.mode.out is not None))
        naming = engine.request.naming
        if isinstance(naming, NameTable) and naming.unused and self.asked.shard is None:
            rows = ", ".join(map(str, sorted(naming.unused)[:12])) + " \u2026" * (len(naming.unused) > 12)
            print(f"rows of the table that no slide here asks for: {rows}", file=sys.stderr)
        if engine.is_refused and not self.asked.mode.dry_run:
            count = sum(bool(each.code) for each in engine.forecasts)
            print(f"--all: {count} of {overview.slides} slides cannot be done, so none is begun", file=sys.stderr)
        self.counter.begin()

    def finished(self, engine: Batch) -> None:
        """Tell what became of everything."""
        self.counter.clear()
        summary = engine.summary
        if self.asked.style == "lines":
            self._say(summary_lines(summary, len(engine.others), self.asked.report))
            self._tell_next(summary)
            return
        self._close(engine)

    def cut_off(self, engine: Batch) -> None:
        """End the object that was begun: the run has ended before its slides were done, and says why itself."""
        self.counter.clear()
        if self.asked.style == "json" and self._count:
            self._close(engine)

    def _close(self, engine: Batch) -> None:
        whole = {"others": [plain_text(path) for path in engine.others], "summary": engine.summary.as_json()}
        text = json.dumps(whole, ensure_ascii=True)
        begun = "" if self._count else _OPENING
        print(f"{begun}], {text[1:]}" if self.asked.style == "json" else text)

    def _tell_next(self, summary: Summary) -> None:
        if self.asked.mode.dry_run and summary.planned:
            from blankslide.cli.next_steps import after_dry_run

            self._say([line for line in (after_dry_run(True, self.asked.mode.out is None),) if line])

    def _say(self, lines: list[str]) -> None:
        for line in lines:
            print(line, file=sys.stdout if self.asked.mode.dry_run else sys.stderr)


__all__ = ["Asked", "batch"]
