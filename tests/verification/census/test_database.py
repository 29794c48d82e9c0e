"""A database is read as SQLite reads it: schema, and cell by cell."""

from __future__ import annotations

import sqlite3
import struct
from hashlib import md5
from typing import TYPE_CHECKING

import pytest

from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.drawing import label
from blankslide.samples.kit.patients import invent
from blankslide.source import MemorySource
from blankslide.verification.census.account import Account
from blankslide.verification.census.database import MAGIC, in_memory, large_one, take_stock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    path = tmp_path / "a.svslide"
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE "odd ""name" (Patient TEXT, Weight REAL, Picture BLOB, Notes BLOB)')
        picture = jpeg(label(invent(1), (160, 120), 1), 80)
        row = ("Thimblewick", 71.5, picture, b"\0\1" + "Nonesuch".encode("utf-16-le"))
        database.execute('INSERT INTO "odd ""name" VALUES (?, ?, ?, ?)', row)
    database.close()
    return path.read_bytes()


def taken(data: bytes, how: Callable[..., None] = take_stock) -> Account:
    account = Account()
    how(account, 0, MemorySource(data), "*.svslide")
    return account


both = pytest.mark.parametrize("how", [in_memory, large_one])


@both
def test_every_cell_speaks_with_its_table_and_column(file: bytes, how: Callable[..., None]) -> None:
    assert file.startswith(MAGIC)
    account = taken(file, how)
    told = {t.path: t.value for t in account.texts}
    assert told['odd "name/Patient'] == "Thimblewick"
    assert told['odd "name/Weight'] == "71.5"
    assert any("Nonesuc" in value for value in told.values())
    assert [(p.width, p.height) for p in account.pictures if p.proven == "stream"] == [(160, 120)]
    assert "CREATE TABLE" in told["schema/table"]


@both
def test_a_check_sum_of_a_value_is_no_text_and_any_other_is(tmp_path: Path, how: Callable[..., None]) -> None:
    path, tile = tmp_path / "a.svslide", bytes(range(200))
    true = md5(tile, usedforsecurity=False).digest()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (id TEXT, data BLOB)")
        values = [true, true.hex().encode(), tile, b"\1Thimblewick\2\3\4\5", b"deadbeefThimblewickThimblewick0b"]
        database.executemany("INSERT INTO t VALUES (?, ?)", [(f"T;{i}", value) for i, value in enumerate(values)])
    database.close()
    read = [
        v for v in (t.value for t in taken(path.read_bytes(), how).texts if t.path == "t/data") if v not in str(tile)
    ]
    assert sorted(read)[-2:] == ["Thimblewick", "deadbeefThimblewickThimblewick0b"]
    assert true.hex() not in read


def test_what_sqlite_cannot_read_is_a_trouble_without_a_value(file: bytes) -> None:
    account = taken(file[:100] + b"Thimblewick, " * 200)
    assert account.troubles[0] == "*.svslide: SQLite cannot read it (DatabaseError)"
    assert not any("Thimble" in trouble for trouble in account.troubles)
    assert any("Thimblewick" in text.value for text in account.texts)


@both
@pytest.mark.parametrize("page", [512, 4096])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_a_number_stands_where_its_bytes_are(
    tmp_path: Path, page: int, encoding: str, how: Callable[..., None]
) -> None:
    path = tmp_path / "a.svslide"
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA page_size = {page}")
        database.execute(f"PRAGMA encoding = '{encoding}'")
        database.execute(
            "CREATE TABLE t (OID INTEGER PRIMARY KEY, Name TEXT, Number INT, More BLOB, Real REAL, End TEXT)"
        )
        database.execute("CREATE INDEX i ON t (Number, Name, More, Real, End)")  # all of it, in another order
        for row in range(200):
            values = (
                1000 - 5 * row,
                "x" * (row % 7),
                70_000 + row,
                bytes(row * 9),
                row / 7 + 0.1,
                "y" * (row * 7 % 520),
            )
            database.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", values)
        database.execute("ALTER TABLE t ADD COLUMN Late INT DEFAULT 77")
    database.close()
    data = path.read_bytes()
    found = taken(data, how).texts
    numbers = [t for t in found if t.path == "t/Number"]
    assert {int(t.value) for t in numbers} == set(range(70_000, 70_200))
    assert all(int.from_bytes(data[t.start : t.end], "big") == int(t.value) for t in numbers)
    reals = [t for t in found if t.path == "t/Real" and t.start]
    assert 190 < len(reals) < 200 + (page > 512)  # but for those that are divided between two pages
    assert all(f"{struct.unpack('>d', data[t.start : t.end])[0]:.10g}" == t.value for t in reals)
    assert {(t.start, t.end) for t in found if t.path in ("t/OID", "t/Late")} == {(0, 0)}


@both
def test_yes_and_no_are_no_text(tmp_path: Path, how: Callable[..., None]) -> None:
    path = tmp_path / "a.svslide"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a INT, b INT, c INT, d REAL, e TEXT)")
        database.execute("INSERT INTO t VALUES (0, 1, 2, 1.5, '1')")
    database.close()
    assert {t.path[2:]: t.value for t in taken(path.read_bytes(), how).texts if t.path.startswith("t/")} == {
        "c": "2",
        "d": "1.5",
        "e": "1",
    }
