"""A schema says nothing but SQL and known names, wherever in it somebody's name stands."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from blankslide.source import MemorySource
from blankslide.verification.census.account import Account, Text
from blankslide.verification.census.database import take_stock
from blankslide.verification.census.grammar import Kept, Rules, explained, vocabulary
from blankslide.verification.census.sql import is_name, is_statement

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = frozenset(("svgpi_@", "optimisticlockfield", "sqlite_stat1"))
WORDS = frozenset("sv xpo slide scan id oid note case x2 tile ix sqlite autoindex".split())


def is_known(name: str) -> bool:
    return is_name(name, WHOLE, WORDS)


@pytest.mark.parametrize(
    "name",
    ["SVSlideXPO", "slide_id", "SVGPI_@", "svgpi_@", "OPTIMISTICLOCKFIELD", "x", "iId_SVSlideXPO", "Scan2", "Slide.Id",
     "Case_00000000", "sqlite_autoindex_SVNoteXPO_1", "TILE", "sqlite_stat1"],
)  # fmt: skip
def test_names_of_known_words_are_known(name: str) -> None:
    assert is_known(name)


@pytest.mark.parametrize(
    "name",
    ["Quixfeld", "SVQuixfeldXPO", "slideQuixfeld", "Slide Id", "Case_1931", "Slide1_Scan2_Id31", "J_F", "JF", "Lock",
     "Li", "\u738b", "slide\u738b", "Slid\u00e9", "\u0661\u0662", "slide-id", "Slide$", "S\u0301lide"],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert not is_known(name)


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE TABLE "SVSlideXPO" ("OID" integer PRIMARY KEY AUTOINCREMENT NOT NULL, [Id] char(36) NULL)',
        "CREATE UNIQUE INDEX x ON SVSlideXPO (slide_id, `OID` ASC)",
        "CREATE TABLE SVNoteXPO (OID int, --               \n Case text DEFAULT '      ' /*    */)",
        "CREATE TABLE Tile (x numeric(20,0) DEFAULT -00000000, Slide DEFAULT x'0000', Case DEFAULT (\"   \"))",
        "create table 'slide' (id int references scan(oid) on delete cascade on conflict ignore)",
        "CREATE TABLE IF NOT EXISTS slide (id int, CONSTRAINT ix_slide UNIQUE (id) ON CONFLICT REPLACE)",
    ],
)
def test_statements_of_sql_and_known_names(sql: str) -> None:
    assert is_statement(sql, is_known)


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE TABLE "Quixfeld" ("OID" integer)',
        "CREATE TABLE slide (Quixfeld int)",
        "CREATE TABLE slide (id Quixfeld)",
        "CREATE TABLE slide (id int CONSTRAINT Quixfeld NOT NULL)",
        "CREATE TABLE slide (id int CONSTRAINT Money NOT NULL)",
        "CREATE TABLE Money (id int)",
        "CREATE INDEX Real ON slide (id)",
        "CREATE INDEX x ON Money (id)",
        "CREATE TABLE slide (id int REFERENCES Match(id))",
        "CREATE TABLE slide (id int DEFAULT 'Quixfeld')",
        "CREATE TABLE slide (id int DEFAULT ''' Quixfeld')",
        "CREATE TABLE slide (id int DEFAULT 'open)",
        "CREATE TABLE slide (id int DEFAULT 47114711)",
        "CREATE TABLE slide (id int DEFAULT 4711.4711)",
        "CREATE TABLE slide (id nvarchar(19310714))",
        "CREATE TABLE slide (id int DEFAULT x'5175697866656c64')",
        "CREATE TABLE slide (id int) -- Quixfeld",
        "CREATE TABLE slide (id int) -- 4711",
        "CREATE TABLE slide (id int /* Quixfeld */)",
        "CREATE TABLE slide (id int /* Quixfeld",
        "CREATE TABLE slide (id int CHECK (id <> 2))",
        "CREATE TABLE slide (id int \u738b)",
    ],
)
def test_statements_that_say_more(sql: str) -> None:
    assert not is_statement(sql, is_known)


def test_long_statements_take_no_long_time() -> None:
    for part in ("'", '"', "/*", "--\n", "a ", "((", "[", "''", "\\", "1.", "`x"):
        is_statement("CREATE TABLE slide (" + part * 100_000, lambda _: True)


LINES = ("schema/table\t=sql", "schema/index\t=sql", "schema/name\t=name", "schema/name\tSVGPI_@",
         "schema/name\tsqlite_autoindex_SVGPI_@_#", "schema/word\t{sv|xpo|slide|id|oid|note}", "*/OID\t#")  # fmt: skip


def left(path: Path, *statements: str) -> list[Text]:
    """Make a database, and return what a vocabulary of few words does not explain."""
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    account = Account()
    take_stock(account, 0, MemorySource(path.read_bytes()), "*.svslide")
    ours = "78e90363-fcf3-85a9-ba2e-2603b9ff528a"
    rules = Rules(vocabulary(LINES), Kept([]), lambda value: value == ours)
    return [text for text in account.texts if not explained(text, rules)]


def test_a_schema_of_known_words_is_explained(tmp_path: Path) -> None:
    table = '"SVGPI_78e90363-fcf3-85a9-ba2e-2603b9ff528a"'
    made = ["CREATE TABLE SVNoteXPO (OID int, --     \n id text)", f"CREATE TABLE {table} (id text PRIMARY KEY)"]
    assert (
        left(tmp_path / "a", *made, "INSERT INTO SVNoteXPO VALUES (3, ' ')", "CREATE INDEX x ON SVNoteXPO (id)") == []
    )


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE Quixfeld (OID int)", "CREATE TABLE slide (Quixfeld int)", "CREATE TABLE slide (Money int, OID int)",
     "CREATE INDEX Quixfeld ON SVNoteXPO (OID)", "CREATE VIEW slide AS SELECT OID FROM SVNoteXPO",
     "CREATE TRIGGER slide AFTER INSERT ON SVNoteXPO BEGIN SELECT OID FROM SVNoteXPO; END",
     'CREATE TABLE "SVGPI_78e90363-fcf3-45a9-ba2e-2603b9ff5280" (id text)', "INSERT INTO SVNoteXPO VALUES (19310714)"],
)  # fmt: skip
def test_a_schema_with_somebodys_word_is_not(tmp_path: Path, statement: str) -> None:
    assert left(tmp_path / "a", "CREATE TABLE SVNoteXPO (OID int)", statement)


def test_no_place_in_words_names_a_table_or_a_column(tmp_path: Path) -> None:
    made = ["CREATE TABLE Quixfeld (Perpetua blob)", "INSERT INTO Quixfeld VALUES (x'00414243444546474849000000')"]
    found = left(tmp_path / "a", *made)
    assert any(text.path == "Quixfeld/Perpetua" for text in found)
    assert not any(word in text.where for text in found for word in ("Quixfeld", "Perpetua"))


def test_names_in_no_encoding_and_numbers_for_names_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    left(path, "CREATE TABLE SVNoteXPO (OIDX int)", "CREATE TABLE slide (OID int)")
    raw = path.read_bytes()
    for old, new in ((b"OIDX", b"OI\xff\xfe"), (b"SVNoteXPO", b"SVNote\xffPO"), (b"tableslide", b"Quixfslide")):
        assert old in raw
        account = Account()
        take_stock(account, 0, MemorySource(raw.replace(old, new)), "*.svslide")
        rules = Rules(vocabulary(LINES), Kept([]), lambda _: False)
        assert account.troubles or any(not explained(text, rules) for text in account.texts)


@pytest.mark.parametrize(
    ("value", "known"),
    [("12345678", True), ("0", True), ("20000000", True), ("20000001", False), ("19310714", False), ("14071931", False),
     ("07141931", False), ("19311407", True), ("-5000000000", False), ("x1234567", False), ("1234567" * 2, False)],
)  # fmt: skip
def test_a_number_of_bytes_fits_into_the_file_and_is_no_day(value: str, known: bool) -> None:
    rules = Rules(vocabulary(("t/size\t=size",)), Kept([]), lambda _: False, sizes=(20_000_000,))
    assert explained(Text(0, "t/size", value, 0, 0, ""), rules) is known
    assert not explained(Text(1, "t/size", value, 0, 0, ""), rules) or value == "0"
