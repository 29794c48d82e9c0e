"""SQLite's pages, held against SQLite: the same rows, each page owned once, each byte used or slack."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.containers.sqlite.pages import Database
from blankslide.containers.sqlite.records import asides, columns, number, record, strangers, varint
from blankslide.errors import DamagedSlide, NotEditable, SlideError
from blankslide.source import MemorySource
from blankslide.spans import merge, subtract

if TYPE_CHECKING:
    from pathlib import Path


def grown(path: Path, seed: int, **settings: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Write a database with a past, and return its tables by name."""
    rnd = random.Random(seed)
    with closing(sqlite3.connect(path)) as db:
        for name, value in {"secure_delete": 0, **settings}.items():
            db.execute(f"PRAGMA {name} = {value!r}")
        db.execute("CREATE TABLE a (k integer primary key, t text, n, b blob)")
        db.execute("CREATE INDEX i ON a (t, n)")
        db.execute("CREATE TABLE z (x)")
        for _ in range(rnd.randrange(5, 400)):
            text = "".join(rnd.choices("abcXYZ äß", k=rnd.choice((0, 3, 40, 700))))
            value = rnd.choice((None, 0, 1, -1, 127, -30000, 1 << 40, -(1 << 62), 0.5, 1e300, text))
            db.execute(
                "INSERT INTO a (t, n, b) VALUES (?, ?, ?)", (text, value, rnd.randbytes(rnd.choice((0, 9, 5000))))
            )
            if rnd.random() < 0.3:
                db.execute("DELETE FROM a WHERE k = ?", (rnd.randrange(1, 300),))
        db.commit()
        return {name: list(db.execute(f"SELECT * FROM {name} ORDER BY rowid")) for name in ("a", "z")}  # noqa: S608


def read(
    db: Database, root: int, *, index: bool = False, spans: list[tuple[int, int]] | None = None
) -> list[tuple[Any, ...]]:
    out = []
    for cell in db.walk(root, index=index):
        own_spans = db.spans(cell.payload)
        if spans is not None:
            spans += own_spans
        raw = b"".join(db.source.read(a, b - a) for a, b in own_spans)
        values: list[Any] = []
        for value in record(raw, len(raw)) or []:
            own = raw[value.start : value.end]
            decoded = {"null": lambda _: None, "text": lambda o: o.decode(db.encoding), "blob": bytes}
            values.append(decoded[value.kind](own) if value.kind in decoded else number(value, own))
        out.append((cell.rowid, *values))
    return out


@pytest.mark.parametrize("settings", [{}, {"auto_vacuum": 1}, {"encoding": "UTF-16be"}])
@pytest.mark.parametrize("page_size", [512, 1024, 4096, 65536])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_rows_and_every_page_once(tmp_path: Path, page_size: int, seed: int, settings: dict[str, Any]) -> None:
    path = tmp_path / "x"
    tables = grown(path, seed, page_size=page_size, **settings)
    data = path.read_bytes()
    db = Database(MemorySource(data))
    db.read_upkeep()
    spans: list[tuple[int, int]] = []
    schema = {row[2]: row[4] for row in read(db, 1, spans=spans)}
    assert [row[:1] + row[2:] for row in read(db, schema["a"], spans=spans)] == tables["a"]
    assert read(db, schema["z"]) == tables["z"] == []
    entries = [row[1:] for row in read(db, schema["i"], index=True, spans=spans)]
    assert sorted(map(repr, entries)) == sorted(repr((t, n, k)) for k, t, n, _ in tables["a"])
    assert set(db.owned[1:]) == {1}
    used, slack = merge(db.used), merge(db.slack)
    assert subtract(slack, used) == slack, "what is needed is not slack"
    for start, end in subtract([(0, len(data))], merge([*used, *slack, *spans])):
        assert not any(data[start:end]), "bytes without a use"


def test_slack_can_be_zeroed_and_sqlite_does_not_mind(tmp_path: Path) -> None:
    path = tmp_path / "x"
    tables = grown(path, 3, page_size=1024)
    data = bytearray(path.read_bytes())
    db = Database(MemorySource(bytes(data)))
    db.read_upkeep()
    for row in read(db, 1):
        read(db, row[4], index=row[1] == "index")
    assert db.slack
    for start, end in db.slack:
        data[start:end] = bytes(end - start)
    path.write_bytes(data)
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert list(after.execute("SELECT * FROM a ORDER BY k")) == tables["a"]


def test_changed_bytes_raise_documented_errors_only(tmp_path: Path) -> None:
    path = tmp_path / "x"
    grown(path, 4, page_size=512, auto_vacuum=1)
    data, rnd = path.read_bytes(), random.Random(9)
    for _ in range(300):
        broken = bytearray(data)
        at = rnd.randrange(len(data)) // 512 * 512 + rnd.randrange(40)
        broken[at] = rnd.choice((0, 255, broken[at] ^ 1))
        try:
            db = Database(MemorySource(bytes(broken)))
            db.read_upkeep()
            for row in read(db, 1):
                read(db, int(row[4] or 0), index=row[1] == "index")
        except (SlideError, UnicodeDecodeError):  # decoding is this test's own
            continue


@pytest.mark.parametrize("value", [0, 1, 127, 128, 16383, 16384, (1 << 56) - 1, 1 << 56, (1 << 64) - 1])
def test_numbers_of_one_to_nine_bytes(value: int) -> None:
    if value < 1 << 56:
        groups = [value >> 7 * i & 0x7F for i in range(max(1, -(-value.bit_length() // 7)))][::-1]
        coded = bytes([g | 0x80 for g in groups[:-1]] + [groups[-1]])
    else:
        coded = bytes([value >> 8 >> 7 * i & 0x7F | 0x80 for i in range(7, -1, -1)] + [value & 0xFF])
    assert varint(coded, 0) == (value, len(coded))


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE TABLE "a b" ("OID" integer PRIMARY KEY, [x y] nvarchar(1,2), `z` int DEFAULT (1), PRIMARY KEY("q"))',
        'CREATE TABLE t (OID, /* , not, this */ "x y" -- (nor this\n , z)',
    ],
)
def test_columns_are_read_whatever_stands_between(statement: str) -> None:
    found, _ = columns(statement)
    assert found == ["OID", "x y", "z"]


def test_tables_whose_values_stand_elsewhere_are_refused() -> None:
    for statement in ("CREATE TABLE t (a primary key) WITHOUT ROWID", "CREATE TABLE t (a, b AS (a))"):
        with pytest.raises(NotEditable):
            columns(statement)
    with pytest.raises(DamagedSlide):
        columns("CREATE TABLE t")


def test_free_texts_of_a_statement() -> None:
    statement = "CREATE TABLE t (a text DEFAULT 'x''y', b REFERENCES t, /* c */ d -- e\n)"
    assert [statement[a:b] for a, b, _ in asides(statement)] == ["x''y", " c ", " e"]


@pytest.mark.parametrize(
    ("default", "found", "fill"),
    [
        ("19310714", "19310714", "0"),
        ("-19310714.5", "19310714.5", "0"),
        ("x'4d6f7373'", "4d6f7373", "0"),
        ("('Moss')", "Moss", " "),
        ('"Moss garden"', "Moss garden", " "),
        ("(1 + 19310714)", "19310714", "0"),
    ],
)
def test_default_values_of_every_kind_are_free_texts(default: str, found: str, fill: str) -> None:
    statement = f"CREATE TABLE t (a text DEFAULT {default} NOT NULL, b char(36), c DEFAULT 1931)"
    assert [(statement[a:b], sign) for a, b, sign in asides(statement)] == [(found, fill)]
    assert not strangers(statement, {"t", "a", "b", "c"})


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a Mossgarden)",
        "CREATE TABLE t (a text DEFAULT Mossgarden)",
        "CREATE TABLE t (a char(19310714))",
        "CREATE TABLE t (a text COLLATE 'Mossgarden 1931')",
        'CREATE TABLE t (a int, CONSTRAINT "Mossgarden" UNIQUE (a))',
        "CREATE TABLE t (a int) Mossgarden",
    ],
)
def test_what_is_neither_sql_nor_a_name_is_seen(statement: str) -> None:
    assert strangers(statement, {"t", "a"})


def test_names_made_of_names_are_known() -> None:
    assert not strangers('CREATE INDEX "iSize_t" ON t (a) -- by Moss', {"t", "a", "isize_t"})
    assert not strangers("CREATE TABLE t (a int, CONSTRAINT FK_t_a FOREIGN KEY (a) REFERENCES t)", {"t", "a"})


def test_conditions_on_values_are_refused() -> None:
    with pytest.raises(NotEditable, match="conditions"):
        columns("CREATE TABLE t (a text CHECK (a <> 'Moss'))")
