"""New names for many slides, by a table that people keep: CSV, or a sheet of a workbook.

CSV is read as spreadsheets write it: with commas, semicolons or tabs, in UTF-8 with or without its mark, in UTF-16 or
in Windows' Western letters. Two columns count: what a slide is called now – its name, its path or a barcode in it – and
what it shall be called. What contradicts itself is told before a slide is opened, by the numbers of the rows: cells may
hold names of people, so no error repeats one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.batch.barcodes import barcodes
from blankslide.batch.names import stem_of
from blankslide.errors import BlankslideError, EnvironmentProblem, UsageError

if TYPE_CHECKING:
    from blankslide.batch.queue import Task

_BOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_SEPARATORS = ";,\t|"
_LARGEST = 64 << 20
_EXACT = 1e15
NO_ROW = "no row of the table names this slide"


class NameTable:
    """Old names and new ones.

    Parameters
    ----------
    rows
        Number of the row, old name and new name.

    Attributes
    ----------
    unused
        Numbers of rows that no slide has asked for yet.

    Raises
    ------
    UsageError
        If two rows name one slide, or give the same name.
    """

    fields: frozenset[str] = frozenset()

    def __init__(self, rows: Iterable[tuple[int, str, str]]) -> None:
        self._new: dict[str, tuple[int, str]] = {}
        self._given: dict[str, int] = {}
        self._slides: dict[int, str] = {}
        for number, old, new in rows:
            _require_name(number, old, new)
            other = self._new.setdefault(_plain(old), (number, new))[0]
            if other != number:
                raise UsageError(f"rows {other} and {number} of the table name the same slide")
            other = self._given.setdefault(_plain(stem_of(Path(new))), number)
            if other != number:
                raise UsageError(f"rows {other} and {number} of the table give the same new name")
        self.unused = set(self._given.values())

    def __repr__(self) -> str:
        return f"<NameTable of {len(self._new)} rows>"

    def old_names(self) -> list[tuple[int, str]]:
        """Return the rows' numbers and old names, as they are compared."""
        return [(number, old) for old, (number, _) in self._new.items()]

    def named(self, tasks: Iterable[Task], key: bytes | None, in_place: bool) -> Iterator[Task]:
        """Give every slide its name; one without a row gets a refusal, one in place that has its name keeps it.

        Raises
        ------
        UsageError
            If one row fits two slides; in place also if a row gives a name that another row knows a slide by: once the
            first is renamed, a second run would take it for the other, and give it the other's name.
        """
        if in_place:
            self._refuse_chains()
        for task in tasks:
            if in_place and self._has_its_name(task):
                yield task
                continue
            found = self._row_by_name(task)
            if found is None:
                codes = barcodes(task.path)
                if codes is None:  # it waits to be recovered, and says so itself
                    yield task
                    continue
                found = self._row_by_code(codes)
            if found is None:
                yield task._replace(refusal=NO_ROW)
                continue
            number, new = found
            if self._slides.setdefault(number, str(task.path)) != str(task.path):
                raise UsageError(f"row {number} of the table fits two slides", "write their paths below the folder")
            self.unused.discard(number)
            yield task._replace(name=new)

    def _refuse_chains(self) -> None:
        olds: dict[str, set[tuple[str, int]]] = {}
        homes: dict[int, str] = {}
        for old, (number, _) in self._new.items():
            folder, _, name = old.rpartition("/")
            homes[number] = folder
            for each in {_unpadded(name), _unpadded(_plain(stem_of(Path(name))))}:
                olds.setdefault(each, set()).add((folder, number))
        for new, number in self._given.items():
            home = homes[number]
            for folder, other in sorted(olds.get(_unpadded(new), ()), key=lambda each: each[1]):
                if other != number and (folder == home or not (folder and home)):
                    raise UsageError(
                        f"row {number} of the table gives a name by which row {other} knows a slide, so in place nobody"
                        " could tell later which of them it is",
                        "give names that no slide has, or make copies with --out DIR",
                    )

    def _has_its_name(self, task: Task) -> bool:
        number = self._given.get(_plain(stem_of(task.path)))
        if number is None or self._row_by_name(task) is not None:
            return False
        self.unused.discard(number)
        return True

    def _row_by_code(self, codes: Iterable[str]) -> tuple[int, str] | None:
        rows = {self._new[code] for code in map(_plain, codes) if code in self._new}
        return rows.pop() if len(rows) == 1 else None

    def _row_by_name(self, task: Task) -> tuple[int, str] | None:
        """Look for the whole path, the path below what was named, and the name; each with and without suffix."""
        place = task.place
        above = place[: len(place) - len(task.path.name)]
        whole = task.path.absolute()
        names = (str(whole), str(whole.parent / stem_of(whole)), place, above + stem_of(task.path))
        for name in (*names, task.path.name, stem_of(task.path)):
            if (found := self._new.get(_plain(name))) is not None:
                return found
        return self._row_by_number(stem_of(task.path))

    def _row_by_number(self, stem: str) -> tuple[int, str] | None:
        """Look for 12 if the slide is called 0012: a spreadsheet makes a number of that, and its zeros are gone.

        If there is a slide called 12 as well, the row fits two slides, and that is told.
        """
        is_number = stem.isascii() and stem.isdecimal() and stem.startswith("0")
        return self._new.get(stem.lstrip("0") or "0") if is_number else None


class _Rounded(str):
    """A number with more digits than a spreadsheet keeps."""

    __slots__ = ()


def _require_name(number: int, old: str, new: str) -> None:
    if not old or not new:
        raise UsageError(f"row {number} of the table has no {'new' if old else 'old'} name")
    if any(sign in new for sign in "/\\"):
        raise UsageError(f"the new name in row {number} of the table must be a plain file name, without folders")


def _plain(name: str) -> str:
    """Return a name as it is compared: people's tables differ in capitals, accents' spelling and slashes."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./")).casefold()


def _unpadded(name: str) -> str:
    """Return a name as spreadsheets leave it, if it is a number with zeros before it."""
    return (name.lstrip("0") or "0") if name.isascii() and name.isdecimal() else name


# -- reading ---------------------------------------------------------------------------------


def read_table(path: Path, columns: str | None = None) -> NameTable:
    """Read a table.

    Parameters
    ----------
    columns
        Headings of the two columns, with a comma between them; ``old,new`` by default.

    Raises
    ------
    UsageError
        If it is no table, or contradicts itself.
    EnvironmentProblem
        If it cannot be read.
    """
    old, new = _headings(columns)
    try:
        return NameTable(_two_columns(_rows(path), old, new))
    except BlankslideError as error:
        raise type(error)(f"{path.name!r}: {error.message}", error.hint) from None


def _rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError("the table of names is too large to be one")
        return _book(path) if path.suffix.lower() in _BOOKS else _csv(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise UsageError("there is no such table of names", "name a .csv, .xlsx or .ods file with --names") from None
    except OSError as error:
        raise EnvironmentProblem(f"the table of names cannot be read: {error.strerror}") from None


def _headings(columns: str | None) -> tuple[str, str]:
    names = [name.strip() for name in (columns or "old,new").split(",")]
    if len(names) != 2 or not all(names) or names[0].casefold() == names[1].casefold():
        raise UsageError("--names-columns takes the headings of two columns", "write OLD,NEW")
    return names[0], names[1]


def _two_columns(rows: Sequence[Sequence[str]], old: str, new: str) -> Iterator[tuple[int, str, str]]:
    start = next((i for i, row in enumerate(rows) if any(row)), None)
    if start is None:
        raise UsageError("the table of names is empty")
    headings = [cell.strip().casefold() for cell in rows[start]]
    places = []
    for name in (old, new):
        if headings.count(name.casefold()) != 1:
            problem = "no column" if name.casefold() not in headings else "several columns"
            raise UsageError(f"the table of names has {problem} {name!r}", "say which with --names-columns OLD,NEW")
        places.append(headings.index(name.casefold()))
    for number, row in enumerate(rows[start + 1 :], start + 2):
        if any(cell.strip() for cell in row):
            cells = [row[place] if place < len(row) else "" for place in places]
            if any(isinstance(cell, _Rounded) for cell in cells):
                raise UsageError(
                    f"row {number} of the table has a number of more than 15 digits, which spreadsheets round",
                    "make the column text, and type it again",
                )
            yield number, cells[0].strip(), cells[1].strip()


def _csv(data: bytes) -> list[list[str]]:
    import csv
    from io import StringIO

    text = _decoded(data)
    first = text.lstrip().partition("\n")[0]
    if first.lower().startswith("sep=") and len(first.rstrip("\r\n")) == 5:  # Excel's own way of saying it
        separator, text = first[4], "\n" + text.lstrip().partition("\n")[2]
    else:
        separator = max(_SEPARATORS, key=first.count)
    try:
        return [*csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)]
    except csv.Error:
        raise UsageError("the table of names is no CSV file: a quotation mark has no other half") from None


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:4096]:
        raise UsageError("the table of names is no text", f"write CSV, or one of {', '.join(_BOOKS)}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _book(path: Path) -> list[list[str]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise UsageError(
            "this kind of table needs python-calamine", "pip install blankslide[tables], or save it as CSV"
        ) from None
    try:
        book = CalamineWorkbook.from_path(str(path))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError):
        raise UsageError("the table of names is no workbook, or is damaged") from None
    return [[_cell(cell) for cell in row] for row in rows]


def _cell(value: object) -> str:
    """Return a cell as a person sees it: spreadsheets keep whole numbers as fractions."""
    if isinstance(value, float) and abs(value) >= _EXACT:
        return _Rounded(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
