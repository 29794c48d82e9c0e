"""The census of an SQLite database, as SQLite itself reads it: schema, and cell by cell.

What no query reaches (freed pages, unused bytes of pages, what stands behind the last page) is read as loose bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import error as Broken
from typing import TYPE_CHECKING

from blankslide.verification.census.account import Account, Text
from blankslide.verification.census.database_cells import SUMS, as_sum, speak_number, speak_value, sum_of
from blankslide.verification.census.database_pages import numbers_of, unexplained
from blankslide.verification.census.loose import speak_loose

if TYPE_CHECKING:
    import sqlite3

    from blankslide.source import ByteSource
    from blankslide.verification.census.data import Span
    from blankslide.verification.census.database_large import Spelled

MAGIC = b"SQLite format 3\0"
IN_MEMORY = 4 << 20
"""Bytes up to which a database is handed to SQLite, and all of its values are looked at."""


def take_stock(
    account: Account,
    file: int,
    source: ByteSource,
    where: str,
    thorough: bool = False,
    spelled: Spelled = lambda path, shape: False,
) -> None:
    """Add all texts and pictures of a database to the account.

    Parameters
    ----------
    thorough
        Look at all pixels of a large database, too.
    spelled
        Whether a vocabulary has a place for values of a shape; of a large database such values are told once.
    """
    if source.size <= IN_MEMORY:
        in_memory(account, file, source, where)
    else:
        large_one(account, file, source, where, thorough, spelled)


def large_one(
    account: Account,
    file: int,
    source: ByteSource,
    where: str,
    thorough: bool = False,
    spelled: Spelled = lambda path, shape: False,
) -> None:
    """Add what a large database says, page by page, and but for most of the pixels."""
    import sqlite3

    from blankslide.verification.census.database_large import Large
    from blankslide.verification.census.database_trees import Trees

    trees = Trees(source)
    large = Large(account, file, trees, where, thorough, spelled)
    rows = large.schema()
    for row in rows:
        _speak_schema(account, file, [_plain(row[i]) for i in (0, 1, 2, 4)], where)
    for kind, name, _, root, sql in rows:
        try:
            if root and kind == b"table":
                large.table(name, root, sql)
            elif root:
                large.index(root)
        except (sqlite3.Error, IndexError, Broken) as problem:
            account.troubles.append(f"{where}: a table cannot be read ({type(problem).__name__})")
    remains = trees.loose(thorough)
    if trees.broken:
        account.troubles.append(f"{where}: the pages of the database contradict each other")
    _remains(account, file, source, remains, where)


def in_memory(account: Account, file: int, source: ByteSource, where: str) -> None:
    """Add all texts and pictures of a database that SQLite reads in memory."""
    import sqlite3

    raw = source.read(0, source.size)
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(raw)
        database.text_factory = bytes
        _schema(account, file, database, where)
        tables = database.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'table'").fetchall()
        for name, root in tables:
            _table(account, file, database, name, numbers_of(raw, int(root or 0)), where)
        roots = [int(root) for (root,) in database.execute("SELECT rootpage FROM sqlite_master") if root]
    except (sqlite3.Error, UnicodeDecodeError) as problem:  # the latter for a column's name in no encoding
        account.troubles.append(f"{where}: SQLite cannot read it ({type(problem).__name__})")
        roots = []
    finally:
        database.close()
    _remains(account, file, source, unexplained(raw, roots), where)


def _remains(account: Account, file: int, source: ByteSource, spans: Sequence[Span], where: str) -> None:
    """Tell what is left of deleted rows; in pieces of pages a picture is no picture any more, but it is not gone."""
    if spans:
        account.troubles.append(f"{where}: bytes of the database that no row needs are not empty")
        speak_loose(account, file, source, spans, "loose", f"{where}, bytes that no row needs")


def _quoted(name: bytes) -> str:
    return '"' + name.decode("utf-8", "replace").replace('"', '""') + '"'


_KINDS = ("table", "index", "view", "trigger")


def _schema(account: Account, file: int, database: sqlite3.Connection, where: str) -> None:
    for row in database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"):
        _speak_schema(account, file, [_plain(value) for value in row], where)


def _speak_schema(account: Account, file: int, row: Sequence[str], where: str) -> None:
    kind, name, owner, told = row
    own = f"schema/{kind}" if kind in _KINDS else "schema/other"
    texts = [
        ("schema/name", name),
        ("schema/name", owner),
        (own, told),
        *([(own, kind)] if kind not in _KINDS else []),
    ]
    account.texts += [Text(file, path, value, 0, 0, f"{where}, schema") for path, value in texts if value]


def _plain(value: object) -> str:
    """Return a value of the schema as text, with its line ends, because they end comments."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)


def _table(
    account: Account,
    file: int,
    database: sqlite3.Connection,
    name: bytes,
    places: Iterator[list[Span]],
    where: str,
) -> None:
    """Add names of columns, and all cells; a table may be called after somebody, so no place in words names it.

    A check sum of another value in the table is none: by chance some letters can be read in one of twelve.
    """
    # without an index, rows come in the order in which they stand in the file
    rows = database.execute(f"SELECT * FROM {_quoted(name)} NOT INDEXED")  # noqa: S608 a name from its own schema
    columns = [column[0] for column in rows.description]
    account.texts += [Text(file, "schema/name", column, 0, 0, f"{where}, schema") for column in columns]
    table, sums = name.decode("utf-8", "replace"), set[bytes]()
    waiting: list[tuple[str, bytes]] = []
    for row in rows:
        spans = next(places, [])
        for number, value in enumerate(row):
            path = f"{table}/{columns[number]}"
            if not isinstance(value, bytes):
                span = spans[number] if number < len(spans) else (0, 0)
                speak_number(account, file, path, value, span, where)
            elif len(value) in SUMS:
                waiting.append((path, value))
            else:
                sums.add(sum_of(value))
                speak_value(account, file, path, value, f"{where}, a table")
    for path, value in waiting:
        if as_sum(value) not in sums:
            speak_value(account, file, path, value, f"{where}, a table")


__all__ = ["MAGIC", "in_memory", "large_one", "take_stock"]
