"""The ledger as a table for people with a spreadsheet: CSV, xlsx or JSON, written row by row.

Spreadsheets guess: a text that begins like a formula is one to them, and a row of digits is a number or a day. So in
CSV such cells get an apostrophe, and in xlsx every cell says itself what it is: times are times, all else is text.
A reader sees the old file or the whole new one. Old names are added only by who holds the link table; such a file is
readable by its owner only, and no temporary file ever holds one elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from blankslide.errors import EnvironmentProblem, NoPermission, NoSpace, UsageError
from blankslide.presentation.wording import guarded
from blankslide.records.ledger_rows import COLUMNS, NAMES

if TYPE_CHECKING:
    from pathlib import Path

Row = Mapping[str, Any]

_SUFFIXES = (".csv", ".xlsx", ".json")
_SHEET_ROWS, _LONGEST_CELL = (1 << 20) - 1, 32_767
_WIDTHS = {
    "entry": 8, "when": 20, "output": 30, "requester": 18, "specimen": 14, "block": 8, "slide": 8, "stain": 12,
    "format": 20, "profile": 12, "how": 10, "result": 12, "left": 34, "judges": 26, "pictures": 24, "fields": 50,
    "medium": 38,
    "name": 14, "pseudonym": 32, "tool": 18, "run": 34, "old": 40, "new": 40,
}  # fmt: skip


def check(path: Path) -> None:
    """Refuse a table that cannot be written, before anything is done.

    Raises
    ------
    UsageError
        If its name does not end in .csv, .xlsx or .json, or what xlsx needs is not installed.
    EnvironmentProblem
        If its folder is missing or refuses.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError("the table's name must end in .csv, .xlsx or .json")
    if path.suffix.lower() == ".xlsx":
        from importlib.util import find_spec

        if find_spec("xlsxwriter") is None:
            raise UsageError("an .xlsx table needs a package that is not installed", "pip install blankslide[tables]")
    folder = path.absolute().parent
    if not folder.is_dir() or path.is_dir():
        raise EnvironmentProblem("the table cannot be written there: no such folder, or a folder of that name")
    if not os.access(folder, os.W_OK):
        raise NoPermission("the table cannot be written there")


def write(path: Path, rows: Iterable[Row], with_names: bool = False) -> int:
    """Write a table.

    Parameters
    ----------
    rows
        From `ledger_rows.rows`, gone through once.
    with_names
        Whether they hold old names, too.

    Returns
    -------
    int
        How many rows there were.

    Raises
    ------
    UsageError, EnvironmentProblem
        If it cannot be written.
    """
    check(path)
    columns = (NAMES if with_names else {}) | COLUMNS
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx, ".json": _write_json}
    draft = path.with_name(f".{os.urandom(6).hex()}.tmp")
    counted = _Counted(rows)
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if with_names else 0o666)
        with os.fdopen(handle, "wb") as file:
            writers[path.suffix.lower()](file, counted, columns, with_names)
        os.replace(draft, path)
    except OSError as problem:
        raise _trouble(problem) from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return counted.count


class _Counted:
    """Rows that count themselves while they are gone through."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            yield row


def _trouble(problem: OSError) -> EnvironmentProblem:
    import errno

    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace("the disk is full, so the table cannot be written")
    return EnvironmentProblem(f"the table cannot be written: {problem.strerror or 'unknown error'}")


def _write_csv(file: IO[bytes], rows: Iterable[Row], columns: Mapping[str, str], with_names: bool) -> None:
    """Write what Excel and LibreOffice open by a click: with a byte order mark, every text in quotes."""
    import csv
    from io import TextIOWrapper

    text = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(columns.values())
    for row in rows:
        writer.writerow([_csv_cell(row.get(key, "")) for key in columns])
    text.flush()
    text.detach()


def _csv_cell(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else guarded(value)


def _write_json(file: IO[bytes], rows: Iterable[Row], columns: Mapping[str, str], with_names: bool) -> None:
    file.write(b'{"entries": [')
    for number, row in enumerate(rows):
        file.write((b",\n" if number else b"\n") + as_json(row).encode())
    file.write(b"\n]}\n")


def as_json(row: Row) -> str:
    """Return a row as one JSON object on one line; the keys are those of `COLUMNS`."""
    import json

    told = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}
    return json.dumps(told, ensure_ascii=True)


def _write_xlsx(file: IO[bytes], rows: Iterable[Row], columns: Mapping[str, str], with_names: bool) -> None:
    """Write a workbook; XlsxWriter keeps its rows in temporary files, but not if old names are among them."""
    from tempfile import TemporaryDirectory

    if with_names:
        _fill_workbook(file, rows, columns, {"in_memory": True})
        return
    with TemporaryDirectory(prefix="blankslide-") as scratch:
        _fill_workbook(file, rows, columns, {"constant_memory": True, "tmpdir": scratch})


def _fill_workbook(
    file: IO[bytes], rows: Iterable[Row], columns: Mapping[str, str], settings: Mapping[str, Any]
) -> None:
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import XlsxWriterException

    texts = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    book = Workbook(file, {**texts, **settings})
    try:
        _fill_sheets(book, rows, columns)
        book.close()
    except XlsxWriterException as problem:
        cause = problem.args[0] if problem.args else None
        raise cause if isinstance(cause, OSError) else OSError("the workbook was not finished") from None
    finally:
        for sheet in book.worksheets():  # what broke off has left its temporary files open
            if getattr(sheet, "row_data_fh", None) is not None:
                sheet.row_data_fh.close()


def _fill_sheets(book: Any, rows: Iterable[Row], columns: Mapping[str, str]) -> None:
    """Write the rows; what does not fit on a sheet goes on to the next."""
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})
    sheet = _new_sheet(book, 1, columns, bold)
    line, number = 0, 1
    for row in rows:
        if line >= _SHEET_ROWS:
            number += 1
            sheet, line = _new_sheet(book, number, columns, bold), 0
        line += 1
        for column, key in enumerate(columns):
            value = row.get(key, "")
            if isinstance(value, datetime):
                sheet.write_datetime(line, column, value.replace(tzinfo=None), moment)
            elif isinstance(value, int):
                sheet.write_number(line, column, value)
            else:
                sheet.write_string(line, column, str(value or "")[:_LONGEST_CELL])


def _new_sheet(book: Any, number: int, columns: Mapping[str, str], bold: Any) -> Any:
    sheet = book.add_worksheet("Ledger" if number == 1 else f"Ledger {number}")
    sheet.freeze_panes(1, 0)
    for column, (key, title) in enumerate(columns.items()):
        sheet.set_column(column, column, _WIDTHS[key])
        sheet.write_string(0, column, title, bold)
    sheet.autofilter(0, 0, _SHEET_ROWS, len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return sheet
