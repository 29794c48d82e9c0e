"""Many slides, one exit code: each slide has its own line and one bad slide never stops the others.

Two things do stop them: a person (`stopping`) and an output that cannot be written (`output`). The slide
in hand is finished first, or left as it was, and then it is said how far the run has come.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blankslide import pipeline
from blankslide.cli import output
from blankslide.cli.stopping import STOPPED, stop
from blankslide.errors import BlankslideError, Cancelled, NoPermission, worst_code
from blankslide.model.shown import plain_text
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.model import Content, Decision, Inspection, Medium, NameVerdict, Outcome
    from blankslide.pipeline import Readable


# What `dataclass` writes by itself is compiled at each start, so only its list of fields is used.
@dataclass(init=False, repr=False, eq=False, match_args=False, slots=True)
class Row:
    """What is to be said of one slide."""

    path: Path
    format: str
    content: Content
    medium: Medium
    name: NameVerdict
    decisions: tuple[Decision, ...]
    error: str | None
    code: int
    values: dict[str, list[str]]
    target: str
    sidecars: tuple[str, ...]
    readable: list[Readable]
    outcome: Outcome | None

    def __init__(
        self,
        path: Path,
        format: str = "",
        content: Content = "untouched",
        medium: Medium = "unknown",
        name: NameVerdict = "unknown",
        decisions: tuple[Decision, ...] = (),
        error: str | None = None,
        code: int = 0,
        values: dict[str, list[str]] | None = None,
        target: str = "",
        sidecars: tuple[str, ...] = (),
        readable: list[Readable] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        self.path = path
        self.format = format
        self.content = content
        self.medium = medium
        self.name = name
        self.decisions = decisions
        self.error = error
        self.code = code
        self.values = {} if values is None else values
        self.target = target
        self.sidecars = sidecars
        self.readable = [] if readable is None else readable
        self.outcome = outcome

    @property
    def is_done(self) -> bool:
        """Whether the slide is what was wanted, or was judged not to be, and does not wait."""
        return self.code != 5 and self.outcome is not None and self.outcome.content != "untouched"

    def as_json(self) -> dict[str, Any]:
        """The contract's object for this slide."""
        from blankslide.model import Outcome

        told = Outcome(
            self.content,
            self.medium,
            self.name,
            self.format,
            decisions=self.decisions,
            target=self.target,
            sidecars=self.sidecars,
            path=self.path,
            error=self.error or "",
        ).as_json()
        for item in told["findings"]:
            if item["id"] in self.values:
                item["values"] = self.values[item["id"]]
        return told | ({"readable": [line._asdict() for line in self.readable]} if self.readable else {})


def from_outcome(path: Path, outcome: Outcome) -> Row:
    """Make a row of an outcome."""
    return Row(
        path,
        outcome.format,
        outcome.content,
        outcome.medium,
        outcome.name,
        outcome.decisions,
        outcome.reason or None,
        outcome.exit_code,
        target=outcome.target,
        sidecars=outcome.sidecars,
        outcome=outcome,
    )


def values_of(inspection: Inspection) -> dict[str, list[str]]:
    """Every finding's values in clear: only for ``--show-values``."""
    return {f.id: [v.reveal() for v in (f.value, *f.values)] for f in inspection.findings if f.value is not None}


class Runner:
    """Runs one command over many slides and keeps the score.

    Parameters
    ----------
    as_json
        Print one JSON object at the end instead of lines.
    outside
        Folder whose slides are left out when a directory around it is gone through.
    failed
        Called with the row of each slide that was refused, or not begun.
    writes
        Whether slides are changed: then a signal waits until the slide in hand is finished.
    trouble
        Asked after each slide; what it says ends the run.

    Attributes
    ----------
    more
        Asked at the end for what else belongs into the JSON.
    """

    def __init__(
        self,
        as_json: bool,
        outside: str | Path | None = None,
        failed: Callable[[Row], None] | None = None,
        *,
        writes: bool = False,
        trouble: Callable[[], str] = str,
    ) -> None:
        self.as_json = as_json
        self.failed = failed
        self.outside = outside
        self.writes = writes
        self.trouble = trouble
        self.more: Callable[[], dict[str, Any]] = dict
        self.rows: list[Row] = []
        self.skipped: list[Path] = []
        self._rest_unknown = False

    def run(self, paths: Iterable[str], work: Callable[[Path], Row]) -> int:
        """Do ``work`` for every slide; return the contract's exit code."""
        named = tuple(paths)
        with stop.held(self.writes):
            with suppress(KeyboardInterrupt):  # raised only while nothing is written
                self._go_through(named, work)
            if self._has_to_end():
                self._count_rest(named)
            return self._conclude()

    def _go_through(self, paths: Sequence[str], work: Callable[[Path], Row]) -> None:
        for name in paths:
            before = len(self.rows)
            looking = _Looking(name, self.as_json)
            for path in pipeline.slides_in([name], self.skipped.append, self.outside, self._unreadable, looking):
                looking.clear()
                self.rows.append(self._one(path, work))
                if self._has_to_end():
                    return
            looking.clear()
            if len(self.rows) == before:
                print(words.empty_line(name), file=sys.stderr)

    def _has_to_end(self) -> bool:
        return stop.asked or bool(output.problem() or self.trouble())

    def _one(self, path: Path, work: Callable[[Path], Row]) -> Row:
        try:
            return work(path)
        except (BlankslideError, OSError) as error:
            return self._refused(path, pipeline.problem_of(error))

    def _unreadable(self, path: Path) -> None:
        self.rows.append(self._refused(path, NoPermission("the folder cannot be read")))

    def _refused(self, path: Path, problem: BlankslideError) -> Row:
        if not self.as_json:
            print(words.error_line(path, problem), file=sys.stderr)
        content: Content = "pending" if problem.exit_code == 5 else "untouched"
        code = STOPPED if isinstance(problem, Cancelled) else problem.exit_code
        row = Row(path, content=content, error=problem.sentence(), code=code)
        if self.failed is not None:
            self.failed(row)
        return row

    # -- the end ---------------------------------------------------------------------------

    def _count_rest(self, paths: Sequence[str]) -> None:
        """Add a row for each slide that was not begun, as far as they are found soon: a person is waiting."""
        seen = {row.path for row in self.rows}
        latest = time.monotonic() + _PATIENCE

        def looked(slide: bool) -> None:
            if time.monotonic() > latest:
                raise TimeoutError

        try:
            for path in pipeline.slides_in(paths, lambda other: None, self.outside, looked=looked):
                if path not in seen:
                    row = Row(path, error="not begun: the run was stopped \u00b7 nothing was changed")
                    self.rows.append(row)
                    if self.failed is not None:
                        self.failed(row)
        except (TimeoutError, KeyboardInterrupt):
            self._rest_unknown = True

    def _conclude(self) -> int:
        ended_early = self._has_to_end()
        if self.as_json:
            import json

            slides, others = [r.as_json() for r in self.rows], [plain_text(path) for path in self.skipped]
            print(json.dumps({"slides": slides, "others": others, **self.more()}, ensure_ascii=True, indent=1))
        elif self.skipped:
            count = len(self.skipped)
            print(f"{count} other file{'s were' if count != 1 else ' was'} left alone", file=sys.stderr)
        lost = output.problem()
        if ended_early or lost:
            self._tell_how_far()
        if self.trouble():
            print(self.trouble(), file=sys.stderr)
        code = worst_code(r.code for r in self.rows)
        if stop.asked:
            return code if code == 5 else STOPPED
        return code or (output.FAILED if lost or self.trouble() else 0)

    def _tell_how_far(self) -> None:
        """Say what became of the slides, whatever became of their lines."""
        begun = "stopped: " if stop.asked else ""
        if not self.writes:
            if stop.asked:
                print(f"{begun}nothing was changed", file=sys.stderr)
            return
        done, waits = sum(r.is_done for r in self.rows), sum(r.code == 5 for r in self.rows)
        untouched = f"{len(self.rows) - done - waits}{' or more' if self._rest_unknown else ''} untouched"
        parts = [
            f"{done} done",
            *([f"{waits} wait{'s' if waits == 1 else ''} for recover"] if waits else []),
            untouched,
        ]
        print(begun + ", ".join(parts), file=sys.stderr)


_PATIENCE = 2.0


class _Looking:
    """Says that directories are gone through: on a terminal twice a second, else seldom."""

    def __init__(self, name: str, quiet: bool) -> None:
        self._name = name
        self._terminal = sys.stderr.isatty()
        self._pause = 0.5 if self._terminal else 20.0
        self._quiet = quiet and not self._terminal
        self._next = time.monotonic() + self._pause
        self._count = 0
        self._shown = False

    def __call__(self, slide: bool) -> None:
        """Count a file; end the run if a person asked for it."""
        if stop.asked:
            raise KeyboardInterrupt
        self._count += slide
        if not self._quiet and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._pause
            line = f"looking through {words.shown(self._name)}: {self._count} slides"
            self._shown = self._terminal
            print(f"\r\x1b[K{line}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr)
            sys.stderr.flush()

    def clear(self) -> None:
        """Make room for other lines."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False
