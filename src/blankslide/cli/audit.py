"""The audit of an archive: a line for each slide, the sum of all, and a file for whoever has to answer for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide import pipeline
from blankslide.cli import show
from blankslide.cli.slides import Row, Runner, from_outcome
from blankslide.cli.stopping import STOPPED
from blankslide.errors import BlankslideError, SlideError, worst_code
from blankslide.model import PhiClass
from blankslide.pipeline.unclaimed import Unclaimed, unclaimed_in
from blankslide.presentation import wording as words
from blankslide.records import audit as records
from blankslide.records import report

if TYPE_CHECKING:
    from blankslide.model import Outcome
    from blankslide.pipeline import Options

_IMAGE = words.class_word(PhiClass.IMAGE)
_FEW, _MOST = 4, 12


class Request(NamedTuple):
    """What a person asked for: slides and folders, a file to write, names in it, and JSON instead of lines."""

    paths: tuple[str, ...]
    report: str | None
    with_names: bool
    as_json: bool


def audit(request: Request, options: Options) -> int:
    """Look at every slide; return the exit code.

    Raises
    ------
    BlankslideError
        If the file could not be written; no slide was looked at.
    """
    if request.report is not None:
        report.check(Path(request.report))

    def work(path: Path) -> Row:
        with show.progress(path, request.as_json):
            outcome = pipeline.verify(path, options)
        row = from_outcome(path, outcome)
        row.code = outcome.exit_code or int(bool(records.left_in(outcome)))
        if not request.as_json:
            print(line(path, outcome))
        return row

    def refused(row: Row) -> None:
        """A slide that no format takes may hold everything still."""
        if row.code != SlideError.exit_code or not row.path.exists():
            return
        found = unclaimed_in(row.path, options)
        if found.texts or found.pictures:
            told = _unclaimed(found)
            row.code, row.error = 1, f"{row.error} · {told}"
            if not request.as_json:
                print(f"{words.shown(row.path)} · {told}", file=sys.stderr)

    runner = Runner(request.as_json, failed=refused)
    runner.more = lambda: {"sum": records.totals(_audited(runner.rows))}
    code = runner.run(request.paths, work)
    slides = _audited(runner.rows)
    if not request.as_json:
        print("\n".join(sum_lines(records.totals(slides))))
    if request.report is None:
        return code
    of_report = _write(Path(request.report), slides, len(runner.skipped), request.with_names)
    return code if code == STOPPED else worst_code([code, of_report])


def _unclaimed(found: Unclaimed) -> str:
    counts = ((len(found.texts), "text"), (found.pictures, "picture"))
    told = " and ".join(f"{count} {word}{'s' if count != 1 else ''}" for count, word in counts if count)
    return f"{told} can be read in it that nothing explains"


def line(path: Path, outcome: Outcome) -> str:
    """Say of one slide what is left in it."""
    begin = f"{words.shown(path)} · {outcome.title or 'a run waits'}"
    if outcome.content == "pending":
        return words.after_line(path, outcome, wrote=False)
    left = records.left_in(outcome)
    if not left:
        return f"{begin} · nothing left that can be found – checked by {', '.join(outcome.readers)}"
    return f"{begin} · left: {'; '.join(_phrases(left))}"


def _phrases(left: Sequence[records.Left]) -> Iterator[str]:
    """Name pictures and what is not in the slide's fields; count fields, with the first few of them."""
    fields = [one.what for one in left if one.is_field and one.cls != _IMAGE]
    yield from (one.what for one in left if one.cls == _IMAGE)
    if fields:
        more = ", ..." if len(fields) > _FEW else ""
        yield f"{len(fields)} field{'s' if len(fields) != 1 else ''} ({', '.join(fields[:_FEW])}{more})"
    yield from (one.what for one in left if not one.is_field and not one.is_unexplained)
    unexplained = [one.what for one in left if one.is_unexplained]
    if unexplained and not any(one.is_field for one in left):
        yield from (what.removeprefix(records.CENSUS) for what in unexplained)
    elif unexplained:
        yield "more that nothing explains"


def sum_lines(total: Mapping[str, Any]) -> Iterator[str]:
    """Say what is left in all slides together."""
    slides = total["slides"]
    yield ""
    yield (
        f"{slides} slide{'s' if slides != 1 else ''}: {total['something_left']} with something left,"
        f" {total['nothing_left']} with nothing left, {total['refused']} refused"
    )
    for name, count in total["classes"].items():
        yield f"  {count:>6} with {name}"
    things = total["things"]
    if things:
        yield "most often: " + ", ".join(f"{one['what']} ({one['slides']})" for one in things[:_MOST])
    if len(things) > _MOST:
        yield f"{len(things) - _MOST} more kinds: ask for a file by --report"


def _audited(rows: Sequence[Row]) -> list[records.Audited]:
    return [records.Audited(row.path.name, _read(row.outcome), row.error or _why_not(row)) for row in rows]


def _read(outcome: Outcome | None) -> Outcome | None:
    """Return the outcome of a slide that was looked at; one that waits was not, so nothing is known of it."""
    return None if outcome is None or outcome.content == "pending" else outcome


def _why_not(row: Row) -> str:
    return "an earlier run was interrupted · run: blankslide recover" if row.code == 5 else ""


def _write(path: Path, slides: Sequence[records.Audited], others: int, with_names: bool) -> int:
    """Write the file; return the exit code of that alone."""
    data = records.content(slides, with_names, others)
    try:
        report.write_text(path, _text(path, data))
    except BlankslideError as error:
        print(f"{words.shown(path)} · {error.message}", file=sys.stderr)
        return error.exit_code
    return 0


def _text(path: Path, data: Mapping[str, Any]) -> str | bytes:
    if path.suffix.lower() == ".xlsx":
        from blankslide.records.workbook import workbook

        return workbook({"left": records.rows(data)})
    if path.suffix.lower() == ".csv":
        return records.table(data)
    if path.suffix.lower() == ".json":
        import json

        return json.dumps(data, ensure_ascii=True, indent=1) + "\n"
    from blankslide.records.audit_html import page

    return page(data)
