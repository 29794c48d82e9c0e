"""Pages of facts, tables and sentences as PDF, one sheet of A4 each: for certificates and reports of spot-checks.

Every page is tried in smaller and smaller letters, then with fewer ids in a row, until it fits on one sheet; what is
left out is counted, and stands in the attached data. The same data always makes the same file, so a check can draw it
again. The fonts are those that every viewer has, so what is no letter of Latin-1 is shown as a question mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from blankslide.errors import UsageError
from blankslide.records.certificate_pages import Block, Facts, Page, Points, Table

if TYPE_CHECKING:
    from fpdf import FPDF

_MARGIN = 13.0
_TRIES: tuple[tuple[float, int], ...] = ((8.4, 999), (7.6, 999), (6.8, 999), (6.8, 40), (6.8, 16), (6.2, 8), (6.2, 3))
_INK, _SOFT, _LINE = (29, 35, 41), (80, 90, 99), (205, 212, 217)
_GOOD, _BAD = (16, 92, 50), (150, 20, 20)


class Head(NamedTuple):
    """What a whole file says of itself.

    Attributes
    ----------
    title, subject, creator
        In the file's properties; the title also stands on each page.
    written
        When the data was made, in UTC: ``2025-01-31T09:30:00Z``.
    foot, how
        Two lines below each page.
    """

    title: str
    subject: str
    creator: str
    written: str
    foot: str
    how: str


def require() -> None:
    """Refuse a PDF where fpdf2 is not installed.

    Raises
    ------
    UsageError
        Before anything was done.
    """
    try:
        import fpdf  # noqa: F401
    except ImportError:
        raise UsageError(
            "a PDF needs fpdf2, which is not installed", "pip install 'blankslide[pdf]', or name a .html file"
        ) from None


def maker() -> str:
    """Return what made a PDF: others may draw the same data otherwise."""
    import fpdf

    return f"fpdf2 {fpdf.__version__}"


def sheets(head: Head, pages: Sequence[Page], attached: tuple[str, bytes, str], long: int = 24) -> bytes:
    """Return the file.

    Parameters
    ----------
    attached
        Name, bytes and description of the data that is attached.
    long
        A page with a table of more rows is not made to fit on one sheet.
    """
    name, text, description = attached
    document = _document(head)
    document.set_title(head.title)
    document.set_subject(head.subject)
    document.set_creator(head.creator)
    document.set_creation_date(_time(head.written))
    for page in pages:
        _draw(document, head.title, page, *_fitting(head, page, long))
    document.embed_file(bytes=text, basename=name, mime_type="application/json", desc=description)
    return bytes(document.output())


def is_one_sheet(head: Head, page: Page) -> bool:
    """Whether a page fits on one sheet in the smallest letters, with nothing of it left out."""
    size, most = min(_TRIES)[0], 999
    trial = _document(head)
    _draw(trial, head.title, page, size, most)
    return bool(trial.page_no() == 1)


def _time(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _document(head: Head) -> FPDF:
    """Return an empty document; its class is made here, because fpdf2 is loaded only where a PDF is wanted."""
    import fpdf

    class Document(fpdf.FPDF):  # type: ignore[misc,unused-ignore]
        def footer(self) -> None:
            self.set_y(-11)
            self.set_font("Helvetica", size=6)
            self.set_text_color(*_SOFT)
            self.cell(0, 3, _latin(head.foot), new_x="LMARGIN", new_y="NEXT")
            self.cell(0, 3, f"{_latin(head.how)}   Page {self.page_no()} of {{nb}}")

    document = Document(format="A4")
    document.set_lang("en")
    document.set_margins(_MARGIN, 11, _MARGIN)
    document.set_auto_page_break(True, 14)
    return document


def _fitting(head: Head, page: Page, long: int) -> tuple[float, int]:
    """Return the largest letters, and the most ids in a row, with which a page is one sheet; a long table is not."""
    if any(isinstance(block, Table) and len(block.rows) > long for block in page.blocks):
        return 7.4, 999
    for size, most in _TRIES:
        trial = _document(head)
        _draw(trial, head.title, page, size, most)
        if trial.page_no() == 1:
            return size, most
    return _TRIES[-1]


# -- drawing -----------------------------------------------------------------------------


def _draw(to: FPDF, title: str, page: Page, size: float, most: int) -> None:
    to.add_page()
    _line(to, title, 9, _SOFT)
    _line(to, page.title, 13, _INK, "B")
    _line(to, page.word.upper() if not page.good else page.word, 11, _GOOD if page.good else _BAD, "B")
    if page.below:
        _line(to, page.below, size, _SOFT)
    for block in page.blocks:
        _block(to, block, size, most)


def _line(to: FPDF, text: str, size: float, colour: tuple[int, int, int], style: str = "") -> None:
    to.set_font("Helvetica", style, size)
    to.set_text_color(*colour)
    to.multi_cell(0, size * 0.46, _latin(text), new_x="LMARGIN", new_y="NEXT", align="L")


def _block(to: FPDF, block: Block, size: float, most: int) -> None:
    to.ln(size * 0.2)
    _line(to, block.title, size + 0.8, _INK, "B")
    to.ln(0.4)
    if isinstance(block, Facts):
        for term, said in block.rows:
            _fact(to, term, said, size, most)
    elif isinstance(block, Points):
        for sentence in block.sentences:
            _point(to, sentence, size, _BAD if block.bad else _INK)
    else:
        _table(to, block, size, most)


def _fact(to: FPDF, term: str, said: str, size: float, most: int) -> None:
    height, top = size * 0.44, to.get_y()
    if top + 2 * height > to.page_break_trigger:
        to.add_page()
        top = to.get_y()
    to.set_font("Helvetica", size=size)
    to.set_text_color(*_SOFT)
    to.cell(32, height, _latin(term))
    to.set_text_color(*_INK)
    to.set_xy(_MARGIN + 32, top)
    to.multi_cell(0, height, _latin(_shortened(said, most)), new_x="LMARGIN", new_y="NEXT", align="L")


def _point(to: FPDF, sentence: str, size: float, colour: tuple[int, int, int]) -> None:
    to.set_font("Helvetica", size=size)
    to.set_text_color(*colour)
    to.cell(3, size * 0.44, "-")
    to.multi_cell(0, size * 0.44, _latin(sentence), new_x="LMARGIN", new_y="NEXT", align="L")


def _table(to: FPDF, block: Table, size: float, most: int) -> None:
    from fpdf.fonts import FontFace

    to.set_font("Helvetica", size=size - 0.8)
    to.set_text_color(*_INK)
    to.set_draw_color(*_LINE)
    shares = tuple(round(1000 * share) for share in block.widths)
    with to.table(
        borders_layout="HORIZONTAL_LINES",
        col_widths=shares,
        headings_style=FontFace(emphasis="BOLD", color=_INK),
        line_height=(size - 0.8) * 0.46,
        padding=0.4,
        text_align="LEFT",
    ) as table:
        table.row([_latin(cell) for cell in block.head])
        for row in block.rows:
            table.row([_latin(_shortened(cell, most)) for cell in row])


def _shortened(text: str, most: int) -> str:
    """Keep so many parts of a list with commas, and say how many are left out."""
    parts = text.split(", ")
    if len(parts) <= most:
        return text
    return f"{', '.join(parts[:most])} and {len(parts) - most} more, which stand in the attached data"


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1")
