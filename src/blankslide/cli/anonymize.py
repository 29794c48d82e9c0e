"""The one command that writes: every slide in place, or every slide into a copy.

What cannot work for any slide – a name for several, a report that cannot be written – is
refused before the first slide is touched. Each slide then has its own line and its own answer.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide import pipeline
from blankslide.cli import show
from blankslide.cli.slides import Row, Runner, exit_code, from_outcome
from blankslide.cli.stopping import STOPPED, stop
from blankslide.errors import BlankslideError, UsageError
from blankslide.presentation import wording as words

if TYPE_CHECKING:
    from blankslide.pipeline import Mode, Options


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
        New name; for one slide only.
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
    if request.name is not None and _are_several(request):
        raise UsageError("--name is for one slide, and there are several")
    if request.report is not None:
        from blankslide.records import report

        report.check(Path(request.report))
    _hold_names(request, options)
    options.cancelled = stop.is_asked
    runner = Runner(request.as_json, request.mode.out, writes=not request.mode.dry_run)
    with stop.held(not request.mode.dry_run):
        code = runner.run(request.paths, lambda path: _one(path, request, options))
        _remark(runner.rows, options)
        if request.report is not None:
            code = _worse(code, _report(Path(request.report), runner, request.with_names))
    return code


def _worse(code: int, of_report: int) -> int:
    """What became of the slides comes first."""
    return code if code == STOPPED else exit_code([code, of_report])


def _are_several(request: Request) -> bool:
    return len(list(islice(pipeline.slides_in(request.paths, _ignore, request.mode.out), 2))) > 1


def _hold_names(request: Request, options: Options) -> None:
    """Refuse a field to be kept that no slide of the run has; one slide alone is asked when it is opened."""
    from blankslide.pipeline.run_choices import proven

    profile = options.resolved()
    if profile.asked and _are_several(request):
        options.profile = proven(profile, pipeline.slides_in(request.paths, _ignore, request.mode.out), options)
        options.keep = options.remove = ()


def _remark(rows: list[Row], options: Options) -> None:
    """Say which names of a profile were of no use: one of them may be mistyped."""
    from blankslide.pipeline.choices import unmatched

    names = unmatched(options.resolved(), (d.id for row in rows for d in row.decisions))
    if names:
        print(f"named in the profile, but in no slide here: {', '.join(names)}", file=sys.stderr)


def _ignore(path: Path) -> None:
    """Files that are no slides are told about later, when the run goes through them."""


def _one(path: Path, request: Request, options: Options) -> Row:
    with show.progress(path, request.as_json) as step:
        options.progress = step
        outcome = pipeline.anonymize(path, options, request.mode, request.name)
    if not request.as_json and request.mode.dry_run:
        show.dry_run(path, outcome)
    elif not request.as_json:
        print(words.after_line(path, outcome, wrote=outcome.writes > 0))
    row = from_outcome(path, outcome)
    if request.mode.dry_run:
        row.code, row.error = 0, None
    return row


def _report(path: Path, runner: Runner, with_names: bool) -> int:
    """Write the report; a failure is told and counts, but undoes nothing."""
    from blankslide.records import report

    try:
        sections = [report.Section(row.path.name, row.outcome, row.error or "") for row in runner.rows]
        report.write(path, sections, with_names, [other.name for other in runner.skipped])
    except BlankslideError as error:
        print(f"{words.shown(path)} · {error.message}", file=sys.stderr)
        return error.exit_code
    return 0
