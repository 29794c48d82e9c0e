"""The schema of an svslide: tables and indexes, and what identifies in their names and SQL.

The table of tiles has another name in each slide, and names stand in many places: in the schema
(three times for each table), in the configuration, in SQLite's own tables. UUIDs and long numbers
in names are ids. Each is replaced by the same one of the same length in all these places, so the
SQL stays valid. The slide is refused if two tables could get the same name, or if a name is
divided between two pages.

Comments and default values in SQL are free text. A name that no scanner is known to give (`names`),
and anything else that is neither SQL nor a name, is reported without an edit, and so are views and
triggers, because they are programs; the slide is then not called clean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from blankslide.containers.sqlite.records import Value, asides, columns, computes, record, strangers
from blankslide.errors import DamagedSlide, NotEditable
from blankslide.formatkit.findings import FindingCollector
from blankslide.formats.sakura.columns import Field, is_name, spelled
from blankslide.formats.sakura.names import is_known
from blankslide.model import PhiClass
from blankslide.model.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from blankslide.containers.sqlite.pages import Cell, Database

__all__ = ["Index", "Schema", "Table", "masked", "read_fields"]

_LINK = pattern(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|(?<=[\w\"'\[`])[0-9a-fA-F]{32}|\d{4,}"
)
_COLUMNS = ("type", "name", "tbl_name", "rootpage", "sql")
_LONGEST = 64 << 20
_MOST = 4096
_MOST_BYTES = 256 << 20


class Table(NamedTuple):
    """A table: its name, first page, columns, and the column that holds the row's number."""

    name: str
    root: int
    columns: list[str]
    key: int | None


class Index(NamedTuple):
    """An index of a table; ``plain`` if it sorts by bytes, ascending."""

    table: str
    root: int
    unique: bool
    plain: bool


def read_fields(db: Database, cell: Cell, names: Iterable[str]) -> list[Field]:
    """Read a whole row; values behind the known columns are named ``extra``.

    Raises
    ------
    NotEditable
        If it is larger than any picture beside the tissue.
    """
    if cell.payload.size > _LONGEST:
        raise NotEditable("a row of the database is larger than any picture that is no tissue")
    spans = tuple(db.spans(cell.payload))
    raw = b"".join(db.source.read(a, b - a) for a, b in spans)
    whole = Field("", Value("blob", 0, len(raw), 0), raw, spans)
    values = record(raw, len(raw)) or []
    known = [*names][: len(values)]
    known += ["extra"] * (len(values) - len(known))
    return [
        Field(n, v, raw[v.start : v.end], tuple(whole.pieces(v.start, v.end)), db.encoding)
        for n, v in zip(known, values, strict=True)
    ]


def masked(name: str) -> str:
    """Return a name with zeros in place of its ids, which is the same before and after a run."""
    return _LINK.sub(lambda m: re.sub(r"\w", "0", m[0]), name)


def _text(field: Field) -> str:
    try:
        return field.raw.decode(field.encoding)
    except UnicodeDecodeError:
        raise DamagedSlide("a text of the database is not in the database's encoding") from None


class Schema:
    """The schema, read from the first page and its tree.

    Parameters
    ----------
    db
        The database.
    found
        Where findings go; None while a slide is only detected.
    """

    def __init__(self, db: Database, found: FindingCollector | None) -> None:
        self.db, self.found = db, found or FindingCollector()
        self.tables: dict[str, Table] = {}
        self._objects: list[str] = []
        self._said: set[tuple[int, int]] = set()
        self.indexes: list[Index] = []
        self.spans: list[tuple[int, int]] = []
        self._linked: list[str] = []
        self._known: set[str] = set()
        self._taken = 0
        rows = [read_fields(db, cell, _COLUMNS) for cell in db.walk(1)]
        if len(rows) > _MOST or any(len(row) != len(_COLUMNS) for row in rows):
            raise DamagedSlide("the database's schema is broken")
        for row in rows:
            self._entry(row)
        alike = {masked(name): name for name in self.tables}
        # after an interrupted run, an index may still use the old name of its table
        self.indexes = [i._replace(table=alike.get(masked(i.table), i.table)) for i in self.indexes]
        if found is not None:
            self._report(rows)

    def _entry(self, row: list[Field]) -> None:
        kind, name, table = (_text(f) for f in row[:3])
        sql = _text(row[4]) if row[4].kind == "text" else ""
        root = int(row[3].number) if row[3].kind == "int" else 0
        low = sql.lower()
        self._objects.append(name)
        if "\0" in sql:
            raise DamagedSlide("a statement of the database ends before its length")
        if name.startswith("sqlite_stat") and name != "sqlite_stat1":
            raise NotEditable("the database keeps samples of its values for its own use")
        if kind == "table" and root:
            name = spelled(name)
            if name in self.tables:
                raise DamagedSlide("the database has two tables of one name")
            names, key = columns(sql)
            self.tables[name] = Table(name, root, [spelled(n, name) for n in names], key)
        elif kind == "index" and root:
            plain = not re.search(r"\bdesc\b|\bcollate\b", low)
            if re.search(r"\bwhere\b", low):
                raise NotEditable("an index of the database holds some of its table's rows only, by their values")
            if computes(sql):
                raise NotEditable("an index of the database repeats what stands in no column")
            unique = not sql or re.match(r"\s*create\s+unique\b", low) is not None
            self.indexes.append(Index(spelled(table), root, unique, plain))

    # -- findings ------------------------------------------------------------------------

    def _report(self, rows: list[list[Field]]) -> None:
        names = {_text(f) for row in rows for f in row[1:3]}
        self._linked = sorted((n for n in names if masked(n) != n), key=len, reverse=True)
        if len({masked(n) for n in self._objects}) != len(self._objects):
            raise NotEditable("two tables of the database differ in an identifying name only")
        self._known = {n.lower() for n in self._objects}
        self._known.update(c.lower() for t in self.tables.values() for c in t.columns)
        for row in rows:
            self.spans += [span for field in row for span in field.spans]
            self.name(row[1])
            self.name(row[2])
            if row[4].kind == "text":
                self._statement(row)

    def _statement(self, row: list[Field]) -> None:
        field, kind, sql = row[4], row[0].text, _text(row[4])
        for name in self._linked:
            for match in re.finditer(re.escape(name), sql, re.IGNORECASE):
                if match[0] != name:  # both spellings would get different replacements
                    raise NotEditable("an identifying name in the database is spelled in two ways")
                self._links(field, sql, match.start(), name)
        for start, end, fill in asides(sql):
            low, high = _bytes(field, sql, start), _bytes(field, sql, end)
            blank = fill.encode(field.encoding) * ((high - low) // len(fill.encode(field.encoding)))
            self._add("schema.text", "Free text", field, low, high, sql[start:end], blank)
        strange = kind not in ("table", "index") or (kind == "table" and not row[3].number)
        words = [_unlinked(row[1].text), _unlinked(row[2].text)]
        table = self.tables.get(spelled(row[1].text))
        words += table.columns if table else ()
        # ids in names of columns are not replaced, because the SQL around them cannot be understood for certain
        plain = all(is_name(w) and is_known(w) and not _LINK.search(w) for w in words if w)
        if strange or strangers(sql, self._known) or not plain:
            title = "Program in the schema" if strange else "Name of a table or column"
            self._add("schema.program" if strange else "schema.name", title, field, 0, len(field.raw), None, None)

    def name(self, field: Field) -> None:
        """Report the ids in a value that names a table or an index."""
        if field.kind == "text":
            self._links(field, _text(field), 0, _text(field))

    def is_known(self, name: str) -> bool:
        """Whether something in the schema has this name, or will have it after the edit."""
        return masked(name).lower() in {masked(n).lower() for n in self._objects}

    def _links(self, field: Field, text: str, at: int, name: str) -> None:
        for match in _LINK.finditer(name):
            if not match[0].strip("0-"):
                continue
            low, high = (_bytes(field, text, at + edge) for edge in match.span())
            spans = field.pieces(low, high)
            if len(spans) > 1:
                raise NotEditable("a name in the database stands in two pages, so it cannot be replaced")
            if self._said.intersection(spans):  # one name can be part of another
                continue
            self._said.update(spans)
            edits = field.overwritten(low, masked(match[0]).encode(field.encoding))
            self.found.add_spans(
                "sakura.table-name", "Name of a table", PhiClass.LINK, "schema", spans, edits, match[0]
            )

    def _add(
        self, id: str, title: str, field: Field, low: int, high: int, value: str | None, blank: bytes | None
    ) -> None:
        edits = field.overwritten(low, blank) if blank else []
        self.found.add_spans(f"sakura.{id}", title, PhiClass.UNKNOWN, "schema", field.pieces(low, high), edits, value)

    # -- for detection -------------------------------------------------------------------

    def rows(self, table: Table) -> Iterator[tuple[int, list[Field]]]:
        """Yield number and values of each row of a small table.

        Raises
        ------
        NotEditable
            If it has more or larger rows than any table but that of tiles.
        """
        for count, cell in enumerate(self.db.walk(table.root)):
            self._taken += cell.payload.size
            if count >= _MOST or self._taken > _MOST_BYTES:
                raise NotEditable("a table that is not of tiles has more rows than any scanner writes")
            yield cell.rowid, read_fields(self.db, cell, table.columns)


def _unlinked(name: str) -> str:
    return _LINK.sub("", name)


def _bytes(field: Field, text: str, at: int) -> int:
    return len(text[:at].encode(field.encoding))
