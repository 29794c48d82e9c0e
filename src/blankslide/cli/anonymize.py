"""The one command that writes: every slide in place, or every slide into a copy.

What cannot work for any slide – a name for several, a report that cannot be written – is
refused before the first slide is touched. Each slide then has its own line and its own answer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide import pipeline
from blankslide.cli import show
from blankslide.cli.settling import settle
from blankslide.cli.slides import Row, Runner, from_outcome
from blankslide.cli.stopping import STOPPED, stop
from blankslide.errors import UsageError, worst_code
from blankslide.pipeline.run_choices import are_several, hold
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.pipeline import Mode, Options
    from blankslide.policy.profiles import Profile


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for.

    Attributes
    ----------
    paths
        Slides and directories.
    mode
        In place, into copies, or only a plan.
    name
        New name, or a pattern of it; for one slide only.
    report
        File to write a report to.
    with_names
        Show names in it that are not known to be plain.
    """

    paths: tuple[str, ...]
    mode: Mode
    name: str | None
    report: str | None
    as_json: bool
    with_names: bool = False


def anonymize(request: Request, options: Options) -> int:
    """Do it for every slide; return the exit code.

    Raises
    ------
    BlankslideError
        If the request cannot be met for any slide; nothing was touched.
    """
    if request.name is not None and are_several(request.paths, request.mode.out):
        raise UsageError("one name is for one slide, and there are several", "--name STUDY-{n:04} gives each its own")
    if request.report is not None:
        from blankslide.records import report

        report.check(Path(request.report))
    hold(request.paths, request.mode.out, options)
    options.cancelled = stop.is_asked
    runner = Runner(request.as_json, request.mode.out, writes=not request.mode.dry_run)
    with stop.held(not request.mode.dry_run):
        code = runner.run(request.paths, lambda path: _one(path, request, options))
        settle(options.ledger)
        if request.mode.dry_run and not request.as_json:
            _tell_next(runner.rows, in_place=request.mode.out is None)
        remark((d.id for row in runner.rows for d in row.decisions), options.resolved())
        if request.report is not None:
            from blankslide.cli.reporting import write_report

            sections = [report.Section(row.path.name, row.outcome, row.error or "") for row in runner.rows]
            code = _worse(code, write_report(request.report, sections, runner.skipped, request.with_names))
    return code


def _tell_next(rows: Iterable[Row], in_place: bool) -> None:
    from blankslide.cli.next_steps import after_dry_run

    identifies = any(words.sensitive(row.decisions) for row in rows if row.error is None)
    if line := after_dry_run(identifies, in_place):
        print(line)


def _worse(code: int, of_report: int) -> int:
    """What became of the slides comes first."""
    return code if code == STOPPED else worst_code([code, of_report])


def remark(ids: Iterable[str], profile: Profile) -> None:
    """Say which names of a profile no slide had: one of them may be mistyped."""
    from blankslide.pipeline.choices import unmatched

    names = unmatched(profile, ids)
    if names:
        print(f"named in the profile, but in no slide here: {', '.join(names)}", file=sys.stderr)


def _named(path: Path, request: Request, options: Options) -> tuple[str | None, Options]:
    if request.name is None:
        return None, options
    from blankslide.batch.single import named_by

    return named_by(request.name, path, options, request.mode)


def _one(path: Path, request: Request, options: Options) -> Row:
    with show.progress(path, request.as_json) as step:
        options.progress = step
        name, own = _named(path, request, options)
        outcome = pipeline.anonymize(path, own, request.mode, name)
    if not request.as_json and request.mode.dry_run:
        show.dry_run(path, outcome)
    elif not request.as_json:
        offer = " \u00b7 --name NEW gives it another" if outcome.name == "identifying" and not outcome.copied else ""
        print(words.after_line(path, outcome, wrote=outcome.writes > 0) + offer)
    row = from_outcome(path, outcome)
    if request.mode.dry_run:
        row.code, row.error = 0, None
    return row
