"""A workbook (.xlsx) of plain tables: the first line stays in sight, and each cell is the text or number that it is.

Nothing is ever a formula or a link: texts come from file names and sentences, and are written as texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any

from blankslide.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIX = ".xlsx"
Rows = Sequence[Sequence[object]]
_LONGEST_CELL, _WIDEST, _NARROWEST = 32_767, 60, 8
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


def require() -> None:
    """Refuse a workbook while nothing is done yet, if nobody here can write one.

    Raises
    ------
    UsageError
        If XlsxWriter is not installed.
    """
    if find_spec("xlsxwriter") is None:
        raise UsageError("an .xlsx file needs XlsxWriter", "pip install blankslide[tables], or name a .csv file")


def workbook(sheets: Mapping[str, Rows]) -> bytes:
    """Return a workbook.

    Parameters
    ----------
    sheets
        Title -> rows, the headings first.
    """
    from xlsxwriter import Workbook

    out = BytesIO()
    with Workbook(out, _PLAIN) as book:
        bold, wrapped = (
            book.add_format({"bold": True, "bottom": 1}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        top = book.add_format({"valign": "top"})
        for title, rows in sheets.items():
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            widths = [min(max(map(_width, column)) + 2, _WIDEST) for column in _columns(rows)]
            for at, width in enumerate(widths):
                sheet.set_column(at, at, max(width, _NARROWEST))
            for number, row in enumerate(rows):
                for at, cell in enumerate(row):
                    style = bold if not number else wrapped if _width(cell) > _WIDEST else top
                    _write(sheet, number, at, cell, style)
            if len(rows) > 1:
                sheet.autofilter(0, 0, len(rows) - 1, len(widths) - 1)
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, cell: object, style: Any) -> None:
    if isinstance(cell, int | float):
        sheet.write_number(row, column, cell, style)
    elif cell is not None and cell != "":
        text = str(cell)
        sheet.write_string(
            row, column, text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "\u2026", style
        )


def _columns(rows: Rows) -> Iterable[list[object]]:
    for at in range(max(map(len, rows), default=0)):
        yield [row[at] for row in rows if at < len(row)]


def _width(cell: object) -> int:
    return 0 if cell is None else len(str(cell))
