"""A large database speaks as a small one does, and of its pixels only some are read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import md5
from typing import TYPE_CHECKING

import pytest

from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.drawing import tissue
from blankslide.source import MemorySource
from blankslide.verification.census.account import Account
from blankslide.verification.census.database import IN_MEMORY, take_stock
from blankslide.verification.census.database_pages import unexplained
from blankslide.verification.census.database_trees import Trees

if TYPE_CHECKING:
    from pathlib import Path

TILES = 220


class Counting(MemorySource):
    """Bytes that count what is read of them."""

    __slots__ = ("count",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.count = 0

    def read(self, offset: int, length: int) -> bytes:
        self.count += length
        return super().read(offset, length)


@pytest.fixture(scope="module")
def tile() -> bytes:
    return jpeg(tissue(192, 192, 1), 95)[:-2].ljust(20500, b"\xa5") + b"\xff\xd9"


@pytest.fixture(scope="module")
def whole(tile: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return cleaned(built(tmp_path_factory.mktemp("db") / "a.svslide", tile))[0]


def built(path: Path, tile: bytes, *steps: tuple[str, tuple[object, ...]]) -> bytes:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for pragma in ("page_size = 4096", "journal_mode = OFF", "synchronous = OFF", "secure_delete = OFF"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("CREATE TABLE tiles (id TEXT PRIMARY KEY, data BLOB, size INT)")
        db.execute("CREATE TABLE notes (what TEXT)")
        for i in range(TILES):
            own = tile[:-6] + i.to_bytes(4, "big") + tile[-2:]
            db.execute("INSERT INTO tiles VALUES (?, ?, ?)", (f"T;{i}|{7 * i}", own, 20000 + i))
            total = md5(own, usedforsecurity=False).digest()
            db.execute("INSERT INTO tiles VALUES (?, ?, ?)", (f"T;{i}|{7 * i}#", total, 16))
        db.execute("VACUUM")
        for step, values in steps:
            db.execute(step, values)
    return path.read_bytes()


def taken(data: bytes, *, thorough: bool = False) -> tuple[Account, int]:
    account, source = Account(), Counting(data)
    take_stock(account, 0, source, "*.svslide", thorough, lambda path, shape: path == "tiles/id" and shape[:2] == "T;")
    return account, source.count


def said(account: Account) -> set[str]:
    return {text.value for text in account.texts if text.path.startswith(("tiles/", "notes/", "beside", "loose"))}


def test_rows_speak_pixels_are_sampled_and_sums_are_silent(whole: bytes) -> None:
    assert len(whole) > IN_MEMORY
    account, read = taken(whole)

    assert account.troubles == []
    assert read < len(whole) / 2
    assert {text.path for text in account.texts if text.path.startswith("tiles/")} == {"tiles/id", "tiles/size"}
    assert 40 < len(account.pictures) < 100
    ids = [text.value for text in account.texts if text.path == "tiles/id"]
    assert 4 < len(ids) < 24  # one for each shape

    assert len(taken(whole, thorough=True)[0].pictures) == TILES


@pytest.mark.parametrize("number", [3, 101, TILES])
def test_a_name_in_any_row_is_told(tmp_path: Path, tile: bytes, number: int) -> None:
    data = built(
        tmp_path / "a.svslide",
        tile,
        ("UPDATE tiles SET id = 'T;5|Thimblewick' WHERE rowid = ?", (2 * number - 1,)),
        ("UPDATE tiles SET data = ? WHERE rowid = ?", (b"\1\2Nonesuch Jane\3", 2 * number)),
        ("UPDATE tiles SET size = 19850412 WHERE rowid = ?", (2 * number,)),
        ("INSERT INTO notes VALUES (?)", ("Ambrosius " + "x " * 4000 + "Wintergreen",)),
        ("INSERT INTO tiles VALUES ('T;9|9', ?, 5)", (b"Case of Hazelnut " * 800,)),
    )
    told = " ".join(said(taken(data)[0]))

    for name in ("Thimblewick", "Nonesuch Jane", "19850412", "Ambrosius", "Wintergreen", "Hazelnut"):
        assert name in told


def test_all_pixels_are_read_when_one_of_some_speaks(tmp_path: Path, tile: bytes) -> None:
    def commented(text: bytes) -> bytes:
        return tile[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + tile[2:]

    steps = [("UPDATE tiles SET data = ? WHERE rowid = ?", (commented(b"Tapioca Jones"), 2 * 150 - 1))]
    assert "Tapioca Jones" in said(taken(built(tmp_path / "a", tile, *steps))[0])  # the largest of all
    steps.append(("UPDATE tiles SET data = ? WHERE rowid = ?", (commented(b"of Mr Pendlebury here"), 1)))
    assert {"Tapioca Jones", "of Mr Pendlebury here"} <= said(taken(built(tmp_path / "b", tile, *steps))[0])


def test_what_no_row_needs_is_loose_wherever_it_stands(tmp_path: Path, tile: bytes) -> None:
    deleted = ("DELETE FROM notes", ())
    notes = [("INSERT INTO notes VALUES (?)", (f"Freed {name} " * 900,)) for name in ("Thimblewick", "Marchpane")]
    data = built(tmp_path / "a.svslide", tile, *notes, deleted)
    account, _ = taken(data)
    assert account.troubles == ["*.svslide: bytes of the database that no row needs are not empty"]
    assert "Freed Marchpane" in " ".join(said(account))


def test_what_stands_behind_the_end_of_a_tile_is_loose(whole: bytes) -> None:
    data = bytearray(whole)
    end = data.index(b"\0\0\0\7\xff\xd9") + 8  # in its last page, behind the value after it
    assert not any(data[end : end + 40])
    data[end + 8 : end + 19] = b"Thimblewick"
    assert "Thimblewick" in said(taken(bytes(data))[0])


def test_chains_that_are_not_straight_are_followed(tmp_path: Path, tile: bytes) -> None:
    bent = [("DELETE FROM tiles WHERE rowid % 14 = 1", ())]
    bent += [("INSERT INTO tiles VALUES (?, ?, 5)", (f"T;1|{9000 + i}", tile + tile)) for i in range(14)]
    bent += [("DROP TABLE notes", ())]
    data = built(tmp_path / "a.svslide", tile, *bent)
    data, same = cleaned(data)
    assert data == same
    account, _ = taken(data)
    assert account.troubles == []
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(data)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def cleaned(data: bytes) -> tuple[bytes, bytes]:
    """Return a database without what each of both readers finds that no row needs."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(data)
        roots = [root for (root,) in db.execute("SELECT rootpage FROM sqlite_master") if root]
    trees = Trees(MemorySource(data))
    for root in (1, *roots):
        for _ in trees.rows(root):
            pass
    return without_spans(data, trees.loose(thorough=False)), without_spans(data, unexplained(data, roots))


def without_spans(data: bytes, spans: list[tuple[int, int]]) -> bytes:
    out = bytearray(data)
    for low, high in spans:
        out[low:high] = bytes(high - low)
    return bytes(out)
