"""Looking: what is in slides, on the screen, as JSON, or as the inventory of an archive.

The inventory is a CSV file with one row a slide and no values; rows are written as they come,
so that a long run that is stopped leaves what it has seen. Names follow the rule of `naming`:
plain ones are shown without their folders, others by number, unless names are asked for.
Spreadsheets take some cells for formulas: those get a leading apostrophe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from blankslide import pipeline
from blankslide.cli import show
from blankslide.cli.slides import Row, Runner, values_of
from blankslide.errors import EnvironmentProblem, NoPermission, UsageError
from blankslide.model import PhiClass
from blankslide.model.shown import plain_text
from blankslide.policy.file_names import name_verdict, public_name
from blankslide.presentation import wording as words
from blankslide.presentation.wording import guarded

if TYPE_CHECKING:
    from blankslide.model import Inspection, Plan
    from blankslide.pipeline import Options

_COLUMNS = ("path", "format", "levels", "width", "height", "mpp_x", "mpp_y", "objective")
_CLASSES = tuple(PhiClass)


class Request(NamedTuple):
    """What a person asked for.

    ``table`` is the CSV file, if one is wanted, ``with_names`` shows all paths in it; ``readable`` lists every
    string of the slide; ``profile`` is what it was called.
    """

    paths: tuple[str, ...]
    table: str | None
    show_values: bool
    as_json: bool
    with_names: bool = False
    readable: bool = False
    profile: str = "research"


def inspect(request: Request, options: Options) -> int:
    """Look at every slide; return the exit code.

    Raises
    ------
    BlankslideError
        If the inventory cannot be written; no slide was looked at.
    """
    table: AbstractContextManager[Inventory | None] = nullcontext()
    if request.table:
        table = inventory(request.table, request.with_names)
    with table as book:
        add = book.add if book else None

        def work(path: Path) -> Row:
            inspection, plan = pipeline.plan(path, options)
            values = values_of(inspection)
            row = Row(path, inspection.format, decisions=plan.decisions, values=values if request.show_values else {})
            names = [path.name, *(f.name for f in inspection.files[1:])]
            row.name = pipeline.worst_name(names, values, options.key, inspection.format)
            others = pipeline.sidecars_of(pipeline.main_file(path), [f.name for f in inspection.files])
            row.sidecars = tuple(dict.fromkeys((*inspection.beside, *others)))
            if request.readable:
                row.readable = pipeline.readable(path, options)
            _tell(row, inspection, plan, request)
            if add:
                add(row, inspection)
            return row

        runner = Runner(
            request.as_json,
            failed=partial(add, inspection=None) if add else None,
            trouble=lambda: book.problem if book else "",
        )
        code = runner.run(request.paths, work)
        if not (request.as_json or request.table):
            _tell_next(request, runner.rows)
        return code


def _tell_next(request: Request, rows: Sequence[Row]) -> None:
    """Say what to do next: clean what can identify, else ask readers; nothing if no slide could be looked at."""
    seen = [row for row in rows if row.error is None]
    chosen = [] if request.profile == "research" else ["--profile", request.profile]
    paths = [f"./{path}" if path.startswith("-") else path for path in request.paths]  # no option of the next command
    if any(words.sensitive(row.decisions) for row in seen):
        verb = "batch" if len(seen) > 1 else "anonymize"
        short = f"blankslide {verb} --in-place, with these paths"
        why = "there is no way back; --out DIR makes a copy instead"
        print(show.next_line([verb, "--in-place", *chosen, *paths], short, why))
    elif seen:
        short = "blankslide verify, with these paths"
        print(show.next_line(["verify", *chosen, *paths], short, "asks independent readers"))


def _tell(row: Row, inspection: Inspection, plan: Plan, request: Request) -> None:
    if request.as_json:
        return
    if request.table:
        print(words.before_line(row.path, inspection.title, plan.decisions))
    else:
        show.inspection(row.path, inspection, plan, row.values, row.sidecars)
    if request.readable:
        show.readable(row.readable)


class Inventory:
    """The CSV file: a row that cannot be written is the file's problem and not the slide's.

    Attributes
    ----------
    problem
        Why a row could not be written, or empty; nothing is written after that.
    """

    def __init__(self, file: TextIO, with_names: bool) -> None:
        self._file = file
        self._with_names = with_names
        self._numbers = count(1)
        import csv

        self._table = csv.writer(file)
        self.problem = ""
        self._write(
            [*_COLUMNS, *(f"{words.class_word(c)}_findings" for c in _CLASSES), "name", "sidecars", "error"],
        )

    def add(self, row: Row, inspection: Inspection | None) -> None:
        """Add what is known of a slide."""
        name = _name(row, inspection, next(self._numbers), self._with_names)
        self._write([guarded(cell) for cell in cells(row, inspection, name)])

    def _write(self, row: Sequence[object]) -> None:
        if self.problem:
            return
        try:
            self._table.writerow(row)
            self._file.flush()
        except OSError as error:
            self.problem = f"the inventory is not complete, it could not be written: {error.strerror}"


@contextmanager
def inventory(name: str, with_names: bool = False) -> Iterator[Inventory]:
    """Open the CSV file and yield what adds rows.

    Raises
    ------
    UsageError
        If the name does not end in ``.csv``, so that no slide is overwritten by mistake.
    EnvironmentProblem
        If it cannot be written.
    """
    if not name.lower().endswith(".csv"):
        problem = f"the inventory's name must end in .csv, and {Path(name).name!r} does not"
        raise UsageError(problem, "name another file with --csv")
    file = _opened(name)
    try:
        book = Inventory(file, with_names)
        if book.problem:
            raise EnvironmentProblem(book.problem)
        yield book
    finally:
        with suppress(OSError):  # what is still in the buffer was told about when it could not be flushed
            file.close()


def _opened(name: str) -> TextIO:
    try:
        return open(name, "w", newline="", encoding="utf-8")
    except PermissionError:
        raise NoPermission(f"the inventory {Path(name).name!r} cannot be written here") from None
    except OSError as error:
        problem = f"the inventory {Path(name).name!r} cannot be written: {error.strerror}"
        raise EnvironmentProblem(problem, "name another file with --csv") from None


def _name(row: Row, inspection: Inspection | None, number: int, with_names: bool) -> str:
    """Return what stands for the slide: folders only for those who asked for names."""
    path = Path(plain_text(row.path))
    verdict = row.name if inspection is not None else name_verdict(path.name)
    return public_name(str(path) if with_names else path.name, verdict, number, with_names)


def cells(row: Row, inspection: Inspection | None, name: str) -> Sequence[object]:
    """Return one row: what is known of a slide, as numbers and words, never a value."""
    known: list[object] = [""] * (len(_COLUMNS) - 2)
    counts: list[object] = [""] * len(_CLASSES)
    if inspection is not None:
        size: Sequence[object] = inspection.levels[0][:2] if inspection.levels else ("", "")
        known = [len(inspection.levels), *size, *(inspection.mpp or ("", "")), inspection.objective or ""]
        found = Counter(d.cls for d in row.decisions)
        counts = [found[cls] for cls in _CLASSES]
    return [name, row.format, *known, *counts, row.name, len(row.sidecars), row.error or ""]
