"""Reads the rows of an svslide's tables, except those of tiles, and the copies of values in indexes.

One slide row names the rows of the label's and the macro's scan; each scan row holds its picture
twice, large and as a thumbnail. Only that naming tells the role of a picture; a picture that no
row names goes too.

Promise: each value is empty, legal for its known column, or part of a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable
from blankslide.formatkit import jpeg_blanks
from blankslide.formatkit.label_rooms import held_room
from blankslide.formatkit.vocabulary import whole_slug
from blankslide.formats.sakura.columns import (
    HOUSEKEEPING,
    TABLES,
    TILE_COLUMNS,
    Field,
    blank_of,
    is_name,
    is_size,
)
from blankslide.formats.sakura.indexes import Change, Entry, Indexes
from blankslide.formats.sakura.pictures import Blob, Pictures
from blankslide.formats.sakura.schema import masked, read_fields
from blankslide.model import AssociatedImage, Edit, Part, PhiClass, Place, Room

if TYPE_CHECKING:
    from blankslide.containers.sqlite.pages import Database
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.formats.sakura.columns import Rule
    from blankslide.formats.sakura.schema import Index, Schema, Table

__all__ = ["CONFIG", "Rows", "table_name"]

CONFIG = "DataManagerSQLiteConfigXPO"
SLIDE, SCAN, PICTURES = "SVSlideDataXPO", "SVHRScanDataXPO", "SVScannedImageDataXPO"
#: Columns that hold the name of a table or an index.
_NAMING = {(CONFIG, "TableName"), ("sqlite_sequence", "name"), ("sqlite_stat1", "tbl"), ("sqlite_stat1", "idx")}
_SHORTEST_HIT = 5
_LARGEST_ROW = 9999
_TITLES = {"label": "Label picture", "macro": "Macro picture", "thumbnail": "Thumbnail", "unknown": "Picture"}
_ROLES = ("label", "macro")
Row = dict[str, Field]


def table_name(schema: Schema) -> str:
    """Return the name of the table of tiles, from the one row of the configuration.

    Raises
    ------
    DamagedSlide, ContradictorySlide
        If there is not exactly one row, or no table has the name.
    """
    rows = list(schema.rows(schema.tables[CONFIG]))
    names = [f.text for _, row in rows for f in row if f.column == "TableName"]
    if len(names) != 1:
        raise ContradictorySlide("the database does not name exactly one table of tiles")
    alike = [t for t in schema.tables if masked(t) == masked(names[0])]
    if names[0] not in schema.tables and len(alike) != 1:
        raise DamagedSlide("the database names a table of tiles that it does not have")
    return names[0] if names[0] in schema.tables else alike[0]


class Rows:
    """The rows of all tables except ``others``.

    Attributes
    ----------
    spans, pictures
        The ranges of values and of pictures.
    associated
        Pictures that readers list.
    """

    def __init__(
        self, db: Database, schema: Schema, found: FindingCollector, kept: list[Place], others: set[str]
    ) -> None:
        self.db, self.schema, self.found, self.kept = db, schema, found, kept
        self.spans: list[tuple[int, int]] = []
        self.pictures: list[tuple[int, int]] = []
        self.associated: list[AssociatedImage] = []
        self.indexes, self.thumbnails = Indexes(), Pictures()
        self.tables: dict[str, dict[int, Row]] = {}
        self._changes: dict[tuple[str, int, str], Change] = {}
        self._roles: dict[int, str] = {}
        own = [t for name, t in schema.tables.items() if name not in others]
        if any([c.lower() for c in t.columns] == TILE_COLUMNS for t in own):
            raise NotEditable("the database has a second table of tiles, and only one is known to be of this slide")
        for table in sorted(own, key=lambda t: t.name != SLIDE):  # the slide's row says which picture is which
            self._table(table)
        for index in schema.indexes:
            if index.table not in others:
                self._index(index)

    # -- tables --------------------------------------------------------------------------

    def _table(self, table: Table) -> None:
        rows: dict[int, Row] = {}
        for rowid, fields in self.schema.rows(table):
            row: Row = {}
            for i, field in enumerate(fields):
                row[field.column if field.column not in row else f"{field.column}+{i}"] = field
            rows[rowid] = row
            if table.name == SLIDE:
                self._name_pictures(row)
            if abs(rowid) > _LARGEST_ROW:
                self._strange_row(table.name, rowid)
            for field in fields:
                self._field(table.name, rowid, field)
        self.tables[table.name] = rows

    def _name_pictures(self, row: Row) -> None:
        for role, column in zip(_ROLES, ("m_labelScan", "m_overviewScan"), strict=True):
            field = row.get(column)
            if field is not None and field.kind == "int" and self._roles.setdefault(int(field.number), role) != role:
                raise ContradictorySlide("one picture is named as label and as macro")

    def _strange_row(self, table: str, rowid: int) -> None:
        title = "Large number of a row"
        self.found.add_spans("sakura.rows.number", title, PhiClass.UNKNOWN, _where(table), [(0, 0)], [], str(rowid))

    def _field(self, table: str, rowid: int, field: Field) -> None:
        """Keep a legal value, ignore an empty one, report all others."""
        picture = field.kind == "blob" and field.raw[:3] == b"\xff\xd8\xff"
        (self.pictures if picture else self.spans).extend(field.spans)
        if (table, field.column) in _NAMING and field.kind == "text":
            if not self.schema.is_known(field.text):
                raise ContradictorySlide("the database refers to a table that it does not have")
            self.schema.name(field)
            return
        rule = TABLES.get(table, {}).get(field.column) or HOUSEKEEPING.get(field.column)
        legal = callable(rule) and (field.kind == "null" or rule(field))
        if legal and not (is_size(rule) and field.kind == "int" and field.number > self.db.source.size):
            if field.kind == "text" and len(field.raw) >= _SHORTEST_HIT:
                self.kept += [Place(0, _where(table), start, end) for start, end in field.spans]
            return
        blank = blank_of(field)
        if rule is PhiClass.IMAGE and table == SCAN:
            self._list("thumbnail", rowid, field)
        if rule is PhiClass.IMAGE and field.column == "Image" and rowid in self._roles:
            self._list(self._roles[rowid], rowid, field)
        if blank != field.raw:
            change = self._change(table, rowid, field, rule, picture, blank)
            self._changes[table, rowid, field.column] = change
            self._add(change, table, field)

    def _list(self, role: str, rowid: int, field: Field) -> None:
        frame = jpeg_blanks.parse(field.raw) if field.raw[:2] == b"\xff\xd8" else None
        if frame is not None:
            self.associated.append(AssociatedImage(role, frame.width, frame.height, rowid, "JPEG"))

    def _change(self, table: str, rowid: int, field: Field, rule: Rule | None, picture: bool, blank: bytes) -> Change:
        """Say which finding a value belongs to."""
        if rule is PhiClass.IMAGE or picture:
            role = (
                "thumbnail" if table == SCAN else self._roles.get(rowid, "unknown") if table == PICTURES else "unknown"
            )
            role = role if rule is PhiClass.IMAGE else "unknown"
            return Change(f"picture.{role}", _TITLES[role], PhiClass.IMAGE, blank)
        cls = rule if isinstance(rule, PhiClass) else PhiClass.UNKNOWN
        bare = field.kind == "text" and field.text.isascii() and len(field.spans) == 1
        broken = cls is PhiClass.LINK and not bare  # then it cannot be replaced character by character
        cls = PhiClass.DIRECT if broken else cls
        plain = is_name(table) and is_name(field.column)
        id_ = f"sakura.{whole_slug(table)}.{whole_slug(field.column)}" if plain else "sakura.unnamed.value"
        id_ += "-value" if broken else ""
        return Change(id_, field.column if plain else "Value", cls, blank)

    def _add(self, change: Change, table: str, field: Field, *more: Edit) -> None:
        # a picture that cannot be decoded is not kept
        weak = change.id == "picture.thumbnail" and _is_whole(field)
        edits = [*more, *field.overwritten(0, change.blank)]
        if weak:
            edits = [*more, self.thumbnails.add(self.found, change.id, _where(table), field, change.blank)]
        value = _said(field)
        role, rooms = change.id.removeprefix("picture."), tuple[Room, ...]()
        if table == PICTURES and field.column == "Image" and len(edits) > len(more):
            frame = jpeg_blanks.parse(field.raw)
            rooms = held_room(Blob(field), frame, role, field.spans[0][0], edits[len(more) :])
            rooms = tuple(room._replace(also=more) for room in rooms)
        where = _where(table)
        self.found.add_spans(change.id, change.title, change.cls, where, field.spans, edits, value, weak, rooms)

    # -- indexes -------------------------------------------------------------------------

    def _index(self, index: Index) -> None:
        entries = list(self._entries(index))
        base = self.db.offset(entries[0].cell.page) if entries else 0
        self.indexes.add(index, base, entries)

    def _entries(self, index: Index) -> Iterator[Entry]:
        """Yield the entries in order, and report those copies whose value may go."""
        table = self.tables.get(index.table)
        if table is None:
            raise DamagedSlide("an index of the database belongs to no table")
        for cell in self.db.walk(index.root, index=True):
            fields = read_fields(self.db, cell, ())
            if not fields or fields[-1].kind != "int":
                raise DamagedSlide("an index of the database leads to no row")
            rowid = int(fields[-1].number)
            changes = [self._copy(index.table, rowid, field) for field in fields[:-1]]
            for field in fields:
                self.spans += field.spans
            yield Entry(cell, fields, [*changes, None])

    def _copy(self, table: str, rowid: int, copy: Field) -> Change | None:
        """Find the value of the row that an index repeats, and return its change."""
        row = self.tables[table].get(rowid, {})
        same = [name for name, field in row.items() if _equal(field, copy)]
        found = {self._changes.get((table, rowid, row[name].column)) for name in same}
        if not same and not (copy.kind == "null" or (copy.kind == "int" and abs(copy.number) <= _LARGEST_ROW)):
            self.found.add_spans("sakura.index.value", "Value of an index", PhiClass.UNKNOWN, "index", copy.spans, [])
        change = next(iter(found)) if len(found) == 1 else None
        if len({c.blank if c and c.cls is not PhiClass.LINK else c for c in found}) > 1:
            raise NotEditable("an index repeats a value that stands in two columns of different meaning")
        change = change or next((c for c in found if c), None)
        if change is not None:
            if change.cls is PhiClass.LINK and len(copy.spans) != 1:
                raise NotEditable("an id stands in two pages of an index, so it cannot be replaced")
            self._add(change, table, copy, Part(self.indexes, change.id))
        return change


def _is_whole(field: Field) -> bool:
    return jpeg_blanks.parse(field.raw) is not None and b"\xff\xd9" in field.raw


def _equal(a: Field, b: Field) -> bool:
    if a.kind in ("int", "real") and b.kind in ("int", "real"):
        return a.number == b.number
    return a.kind == b.kind and a.raw == b.raw


def _said(field: Field) -> str | None:
    """Return a value as text, for the person and for the search; None if it is not text or number."""
    if field.kind == "text":
        return field.text
    if field.kind in ("int", "real"):
        return str(field.number)
    text = field.raw.strip(b"\0")
    return text.decode() if text.isascii() and text.decode().isprintable() else None


def _where(table: str) -> str:
    return f"table {table}" if table in TABLES or table == CONFIG else "another table"
