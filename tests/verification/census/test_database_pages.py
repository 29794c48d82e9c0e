"""The census of a database sees the bytes that no row needs; SQLite itself writes all databases here."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing

import pytest

from blankslide.verification.census.account import Account
from blankslide.verification.census.database import take_stock
from blankslide.verification.census.database_pages import numbers_of, unexplained


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self.data, self.size = data, len(data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def data_ranges(self, start: int, end: int):
        yield start, end


def _database(path, *steps: str, page: int = 512, vacuum: int = 0, encoding: str = "UTF-8") -> bytes:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(f"PRAGMA page_size={page}")
        db.execute(f"PRAGMA auto_vacuum={vacuum}")
        db.execute(f"PRAGMA encoding='{encoding}'")
        db.execute("PRAGMA secure_delete=OFF")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA journal_mode=MEMORY")
        db.execute("CREATE TABLE people (name TEXT, blob BLOB)")
        db.execute("CREATE INDEX by_name ON people (name)")
        db.execute("CREATE TABLE bare (name TEXT PRIMARY KEY, more TEXT) WITHOUT ROWID")
        for i in range(60):
            db.execute("INSERT INTO people VALUES (?, ?)", (f"Person-{i:03d}-Name", bytes([i + 1]) * (i * 40)))
            db.execute("INSERT INTO bare VALUES (?, ?)", (f"Bare-{i:03d}-Name", "x" * (i * 9)))
        for step in steps:
            db.execute(step)
    return path.read_bytes()


def _roots(data: bytes) -> list[int]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(data)
        return [root for (root,) in db.execute("SELECT rootpage FROM sqlite_master") if root]


def _rows(data: bytes) -> list[object]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(data)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [*db.execute("SELECT * FROM people ORDER BY name"), *db.execute("SELECT * FROM bare ORDER BY name")]


def _loose(data: bytes) -> bytes:
    return b"".join(data[low:high] for low, high in unexplained(data, _roots(data)))


@pytest.mark.parametrize("page", [512, 4096])
@pytest.mark.parametrize("vacuum", [0, 1])
@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_zeros_over_all_that_is_loose_change_no_row(tmp_path, page, vacuum, encoding) -> None:
    steps = ("DELETE FROM people WHERE rowid % 3 = 0", "DELETE FROM bare WHERE length(more) % 4 = 1")
    data = bytearray(_database(tmp_path / "a.db", *steps, page=page, vacuum=vacuum, encoding=encoding))
    before = _rows(bytes(data))
    for low, high in unexplained(bytes(data), _roots(bytes(data))):
        data[low:high] = bytes(high - low)

    assert _rows(bytes(data)) == before
    assert unexplained(bytes(data), _roots(bytes(data))) == []


@pytest.mark.parametrize("page", [512, 4096])
def test_what_was_deleted_is_loose(tmp_path, page) -> None:
    data = _database(tmp_path / "a.db", "DELETE FROM people WHERE rowid % 3 = 0", page=page)

    assert b"Person-011-Name" not in repr(_rows(data)).encode()
    assert b"Person-011-Name" in _loose(data)


def test_freed_pages_are_loose_and_told(tmp_path) -> None:
    data = _database(tmp_path / "a.db", "DROP TABLE people")
    account = Account()
    take_stock(account, 0, _Bytes(data), "*.db")

    assert b"Person-031-Name" in _loose(data)
    assert any("Person-031-Name" in text.value for text in account.texts)
    assert account.troubles == ["*.db: bytes of the database that no row needs are not empty"]


def test_what_stands_behind_the_last_page_is_loose(tmp_path) -> None:
    data = _database(tmp_path / "a.db", "VACUUM") + b"Left-Behind Nobody"

    assert _loose(data).endswith(b"Left-Behind Nobody")


def test_bytes_behind_the_end_of_an_overflowing_value_are_loose(tmp_path) -> None:
    data = bytearray(_database(tmp_path / "a.db", "VACUUM"))
    ends = [data.rindex(bytes([i + 1]) * 20) + 20 for i in range(30, 60)]
    end = next(e for e in ends if -e % 512 > 20 and not any(data[e : e + -e % 512]))
    data[end + 5 : end + 13] = b"Nobody12"

    assert b"Nobody12" in _loose(bytes(data))


def test_broken_pages_explain_less_and_never_hang(tmp_path) -> None:
    whole = _database(tmp_path / "a.db", "DELETE FROM people WHERE rowid % 3 = 0")
    roots, dice = _roots(whole), random.Random(7)
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(40):
            data[dice.randrange(100, len(data))] = dice.randrange(256)
        cut = bytes(data[: dice.randrange(len(data))])
        assert all(0 <= low < high <= len(data) for low, high in unexplained(cut, roots))
        found = [span for root in (*roots, 0, -1, 1 << 31) for row in numbers_of(cut, root) for span in row]
        assert all(0 <= low <= high <= len(cut) for low, high in found)
