"""Plants in svslide databases: columns, blobs, unknown tables, schema, tiles, and bytes that no table leads to.

SQLite itself writes whatever it can be asked to write. Bytes beside its tables are put into pages by their number:
the head of the file, the unused middle of a page, the pages behind the last one.
"""

# ruff: noqa: S608 – names of tables and columns are those of our own samples

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from blankslide.testing.planting.sets import Found, Members, blob, secret, sets

if TYPE_CHECKING:
    from random import Random

_ORDINARY = ("Description", "Creator", "DiagnosisCode", "Keywords", "OperatorLogin", "Name", "CameraSerial", "Date")
_COLUMNS = ("Patient", "Comment", "LabelText", "m_barcode", "LastUser", "Notes", "Guid", "Blob", "Extra")
_LEAF = (0x0D, 0x0A, 0x05, 0x02)


@contextlib.contextmanager
def database(members: Members) -> Iterator[sqlite3.Connection]:
    """Open the slide's database in a file of its own, and keep what it is afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "slide.db"
        path.write_bytes(members.files[members.main])
        with contextlib.closing(sqlite3.connect(path)) as db:
            yield db
            db.commit()
        members.files[members.main] = path.read_bytes()


def tables(db: sqlite3.Connection) -> list[str]:
    """Names of all tables but the one of tiles and SQLite's own."""
    rows = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [name for (name,) in rows if not name.startswith(("sqlite_", "SVGPI_"))]


def _tiles(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'SVGPI%'").fetchone()[0])


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]


def _text(raw: bytes) -> str:
    try:
        return raw.decode().replace("\0", "")
    except UnicodeDecodeError:
        return raw.decode("latin-1").replace("\0", "")


def _bound(db: sqlite3.Connection, raw: bytes, rng: Random) -> tuple[str, object]:
    """A value for a cell: text if the bytes are some, else a blob; by lot a blob anyway."""
    with contextlib.suppress(UnicodeDecodeError):
        text = raw.decode()
        if "\0" not in text and rng.random() < 0.7:
            return "text", text
    return "blob", raw


@sets("svslide", "sakura", times=3)
def plant_cell(members: Members, rng: Random) -> Found | None:
    """A value in a column that is there, known or not, of any declared type."""
    hidden = secret(rng)
    with database(members) as db:
        filled = [t for t in tables(db) if db.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0]]
        table = rng.choice(filled)
        column = rng.choice([c for c in _columns(db, table) if c not in ("OID", "TILEID")])
        usual = column in _ORDINARY
        if usual:
            hidden = secret(rng, plain=True)
        kind, value = _bound(db, hidden.raw, rng)
        last = db.execute(f'SELECT max(rowid) FROM "{table}"').fetchone()[0]
        db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (value, last))
    return Found(f"cell: {kind}", f"{hidden.encoding}, {table}.{column}", usual and kind == "text", hidden.needles)


@sets("svslide", "sakura")
def plant_column(members: Members, rng: Random) -> Found | None:
    """A value in a column that nobody knows, in a table that is there."""
    hidden = secret(rng)
    with database(members) as db:
        table, column = rng.choice(tables(db)), rng.choice(_COLUMNS)
        kind = rng.choice(("text", "blob", "int", "", "datetime"))
        db.execute(f'ALTER TABLE "{table}" ADD COLUMN "{column}X" {kind} NULL')
        _, value = _bound(db, hidden.raw, rng)
        if not db.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]:
            db.execute(f'INSERT INTO "{table}" DEFAULT VALUES')
        db.execute(f'UPDATE "{table}" SET "{column}X" = ?', (value,))
    return Found(f"unknown column: {kind or 'no type'}", f"{hidden.encoding}, {table}.{column}X", False, hidden.needles)


@sets("svslide", "sakura", times=2)
def plant_table(members: Members, rng: Random) -> Found | None:
    """A table that nobody knows, of texts, blobs, pictures or many rows; a view, a trigger; an index over a text."""
    hidden = secret(rng)
    stream, kind, needles = blob(rng)
    how = rng.choice(("text", "blob", "picture", "many rows", "long text", "without rowid", "index", "temporary-like"))
    with database(members) as db:
        name = rng.choice(("AuditXPO", "SVNotesXPO", "sqlite_like", "XPWeakReference", "Settings"))
        name = name.replace("sqlite_", "sq_")
        _, value = _bound(db, hidden.raw, rng)
        extra = " WITHOUT ROWID" if how == "without rowid" else ""
        db.execute(f'CREATE TABLE "{name}" ("Id" integer PRIMARY KEY NOT NULL, "Data"){extra}')
        rows = {"blob": hidden.raw, "picture": stream, "long text": hidden.raw * 400}
        for number in range(300 if how == "many rows" else 1):
            db.execute(f'INSERT INTO "{name}" VALUES (?, ?)', (number, rows.get(how, value)))
        if how == "index":
            db.execute(f'CREATE INDEX "iData" ON "{name}" ("Data")')
    pictured = how == "picture"
    return Found(
        f"unknown table: {how}", kind if pictured else hidden.encoding, False, needles if pictured else hidden.needles
    )


@sets("svslide", "sakura", times=2)
def plant_schema(members: Members, rng: Random) -> Found | None:
    """The schema itself: names, defaults, comments, conditions, views, triggers."""
    hidden = secret(rng, plain=True)
    word = _text(hidden.raw).replace('"', "'").replace("'", "´")
    forms = {
        "name of a table": f'CREATE TABLE "{word}" (a int)',
        "name of a column": f'CREATE TABLE Extra ("{word}" int)',
        "default": f"CREATE TABLE Extra (a text DEFAULT '{word}')",
        "comment": f"CREATE TABLE Extra (a int /* {word} */)",
        "comment at the end of a line": f"CREATE TABLE Extra (a int -- {word}\n)",
        "condition": f"CREATE TABLE Extra (a text CHECK (a <> '{word}'))",
        "type": f'CREATE TABLE Extra (a "{word}")',
        "view": f"CREATE VIEW Extra AS SELECT '{word}' AS a",
        "trigger": f"CREATE TRIGGER Extra AFTER INSERT ON SVSlideDataXPO BEGIN SELECT '{word}'; END",
        "name of an index": f'CREATE INDEX "{word}" ON SVSlideDataXPO ("Creator")',
        "index over a part": f"CREATE INDEX Extra ON SVSlideDataXPO (Creator) WHERE Creator <> '{word}'",
        "generated column": f"CREATE TABLE Extra (a int, b text AS ('{word}'))",
        "collation-like": f'CREATE TABLE Extra (a int REFERENCES "{word}" (a))',
    }
    how = rng.choice(sorted(forms))
    with database(members) as db:
        db.execute(forms[how])
    return Found(f"schema: {how}", hidden.encoding, False, (word.encode(), *hidden.needles))


@sets("svslide", "sakura", times=2)
def plant_free(members: Members, rng: Random) -> Found | None:
    """What SQLite leaves behind: deleted rows, shortened values, dropped tables, free pages."""
    hidden = secret(rng)
    how = rng.choice(("deleted row", "deleted long row", "shortened value", "dropped table", "deleted rows of tiles"))
    raw = hidden.raw
    with database(members) as db:
        db.execute("PRAGMA secure_delete = 0")
        db.execute("CREATE TABLE IF NOT EXISTS SVUndoXPO (OID integer PRIMARY KEY, Was text, Data image)")
        table = "SVUndoXPO"
        insert = f"INSERT INTO {table} (OID, Data) VALUES (?, ?)"
        if how == "deleted rows of tiles":
            db.execute(f'INSERT INTO "{_tiles(db)}" VALUES (?, ?, ?)', ("T;x", len(raw), raw * 30))
            db.commit()
            db.execute(f"DELETE FROM \"{_tiles(db)}\" WHERE id = 'T;x'")
        elif how == "dropped table":
            db.execute("CREATE TABLE Gone (a)")
            db.execute("INSERT INTO Gone VALUES (?)", (raw * 3,))
            db.commit()
            db.execute("DROP TABLE Gone")
        elif how == "shortened value":
            db.execute(insert, (77, raw * 3))
            db.commit()
            db.execute(f"UPDATE {table} SET Data = x'00' WHERE OID = 77")
        else:
            db.execute(insert, (77, raw * (900 if "long" in how else 1)))
            db.commit()
            db.execute(f"DELETE FROM {table} WHERE OID = 77")
    data = members.files[members.main]
    needles = tuple(n for n in hidden.needles if n in data)
    return Found(f"left behind: {how}", hidden.encoding, True, needles) if needles else None


@sets("svslide", "sakura", times=2)
def plant_page(members: Members, rng: Random) -> Found | None:
    """Bytes that no table leads to: reserved ones of the head, the middle of a page, behind the last page."""
    hidden = secret(rng)
    data = bytearray(members.files[members.main])
    size, raw = int.from_bytes(data[16:18], "big"), hidden.raw
    how = rng.choice(
        (
            "reserved bytes of the head",
            "numbers of the head",
            "middle of a page",
            "behind the last page",
            "one more page",
        )
    )
    if how == "reserved bytes of the head":
        raw = raw[:20]
        data[72 : 72 + len(raw)] = raw
    elif how == "numbers of the head":
        raw = raw[:4] * 2
        data[60:64], data[68:72] = raw[:4].ljust(4, b"!"), raw[:4].ljust(4, b"!")
        raw = bytes(data[60:64])
    elif how == "middle of a page":
        raw = _middle(data, size, raw, rng)
    elif how == "behind the last page":
        data += raw
    else:
        data += raw.ljust(size, b"\0")[:size]
    members.files[members.main] = bytes(data)
    needles = tuple(n for n in (raw, *hidden.needles) if len(n) >= 4 and n in data)
    return Found(f"page: {how}", hidden.encoding, False, needles)


def _middle(data: bytearray, size: int, raw: bytes, rng: Random) -> bytes:
    """Write between the pointers and the cells of a page of a table or an index."""
    pages = list(range(len(data) // size))
    rng.shuffle(pages)
    for page in pages:
        at = page * size
        head = at + (100 if page == 0 else 0)
        if data[head] not in _LEAF:
            continue
        count = int.from_bytes(data[head + 3 : head + 5], "big")
        start = head + (8 if data[head] > 9 else 12) + 2 * count
        stop = at + (int.from_bytes(data[head + 5 : head + 7], "big") or 65536)
        if stop - start > len(raw) + 8 and not any(data[start:stop]):
            data[start + 3 : start + 3 + len(raw)] = raw
            return raw
    return b""


@sets("svslide", "sakura", times=2)
def plant_tile(members: Members, rng: Random) -> Found | None:
    """In the table of tiles: a comment in a tile, a text behind it, a row that is no tile, a name of one."""
    hidden = secret(rng)
    raw = hidden.raw
    how = rng.choice(("comment", "behind the end", "another row", "name of a row", "check sum", "head", "size"))
    with database(members) as db:
        table = _tiles(db)
        rows = db.execute(f"SELECT id, data FROM \"{table}\" WHERE id LIKE 'T;%' AND id NOT LIKE '%#'").fetchall()
        name, old = rng.choice(rows)
        if how in ("comment", "behind the end"):
            import hashlib

            segment = b"\xff\xfe" + (len(raw) + 2).to_bytes(2, "big") + raw
            new = old[:2] + segment + old[2:] if how == "comment" else old + raw
            change = f'UPDATE "{table}" SET data = ?, size = ? WHERE id = ?'
            db.execute(change, (new, len(new), name))
            db.execute(change, (hashlib.md5(new, usedforsecurity=False).digest(), 16, f"{name}#"))
        elif how in ("another row", "name of a row"):
            word = _text(raw) if how == "name of a row" else "Notes"
            with contextlib.suppress(UnicodeEncodeError):
                db.execute(f'INSERT INTO "{table}" VALUES (?, ?, ?)', (word, len(raw), raw))
        elif how == "size":
            with contextlib.suppress(UnicodeEncodeError):
                db.execute(f'UPDATE "{table}" SET size = ? WHERE id = ?', (_text(raw), name))
        else:
            which = "Header" if how == "head" else f"{name}#"
            db.execute(f'UPDATE "{table}" SET data = data || ? WHERE id = ?', (raw, which))
    return Found(f"tiles: {how}", hidden.encoding, False, hidden.needles)


@sets("svslide", "sakura")
def plant_picture(members: Members, rng: Random) -> Found | None:
    """Another picture in place of label, macro, thumbnail or their small copies; or behind one of them."""
    stream, kind, needles = blob(rng)
    hidden = secret(rng)
    how = rng.choice(("another picture", "another picture", "text behind a picture", "text in place of a picture"))
    places = [("SVScannedImageDataXPO", c) for c in ("Image", "ThumbnailImage")] + [
        ("SVHRScanDataXPO", "ThumbnailImage")
    ]
    table, column = rng.choice(places)
    value = {"another picture": stream, "text in place of a picture": hidden.raw}.get(how)
    with database(members) as db:
        row = db.execute(f'SELECT max(rowid), "{column}" FROM "{table}"').fetchone()
        value = row[1] + hidden.raw if value is None else value
        db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (value, row[0]))
    pictured = how == "another picture"
    usual = pictured and "jpeg" in kind and table.startswith("SVScanned")
    encoding = f"{kind if pictured else hidden.encoding}, {table}.{column}"
    return Found(f"pictures: {how}", encoding, usual, needles if pictured else hidden.needles)


@sets("svslide", "sakura")
def plant_number_cell(members: Members, rng: Random) -> Found | None:
    """A number of somebody, or a day as a number, in any column."""
    number = rng.choice((rng.randrange(10**9, 10**10), 19570513, 20231109, rng.randrange(10**7, 10**8) + 0.5))
    with database(members) as db:
        filled = [t for t in tables(db) if db.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0]]
        table = rng.choice(filled)
        column = rng.choice([c for c in _columns(db, table) if c not in ("OID", "TILEID")])
        last = db.execute(f'SELECT max(rowid) FROM "{table}"').fetchone()[0]
        db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE rowid = ?', (number, last))
        stored = db.execute(f'SELECT "{column}", typeof("{column}") FROM "{table}" WHERE rowid = ?', (last,)).fetchone()
    import struct

    forms = {"real": struct.pack(">d", float(number)), "text": str(stored[0]).encode()}
    raw = forms.get(stored[1], int(number).to_bytes(6 if number > 1 << 31 else 4, "big"))
    return Found("number", f"{number} as {stored[1]}, {table}.{column}", False, (raw,))
