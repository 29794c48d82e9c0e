# ruff: noqa: S608
"""Svslides as databases: tiles in any order of pages, what SQLite leaves behind, and what is refused."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.errors import BlankslideError, ContradictorySlide, DamagedSlide, NotEditable, SlideError
from blankslide.testing.own.databases import KEY, built, change, cleaned, looks, rows, table_of, tiles_of

if TYPE_CHECKING:
    from pathlib import Path

# -- tiles -------------------------------------------------------------------------------


def test_strange_names_and_values_among_the_tiles_go(tmp_path: Path) -> None:
    path = built(tmp_path)
    table = table_of(path)
    strange = {"Seen by Mossgarden 1931": b"by Ozymandel", "Operator": b"Thaddeon Mossgarden"}
    for name, data in strange.items():
        change(path, f"INSERT INTO \"{table}\" VALUES ('{name}', {len(data)}, x'{data.hex()}')")
    cleaned(path)
    data = path.read_bytes()
    for word in (b"Mossgarden", b"Ozymandel", b"Thaddeon"):
        assert word not in data
    assert len(rows(path, f'SELECT id FROM "{table_of(path)}" ORDER BY id')) == len(tiles_of(path)) + 6


def test_strange_numbers_in_the_header_of_the_tiles_go(tmp_path: Path) -> None:
    path = built(tmp_path)
    header = bytearray(rows(path, f"SELECT data FROM \"{table_of(path)}\" WHERE id = 'Header'")[0][0])
    header[46:50] = b"1931"
    header += b"Ozymandel"
    change(path, f"UPDATE \"{table_of(path)}\" SET data = x'{header.hex()}' WHERE id = 'Header'")
    cleaned(path)
    (after,) = rows(path, f"SELECT data FROM \"{table_of(path)}\" WHERE id = 'Header'")[0]
    assert after == bytes(header[:46]) + bytes(4) + bytes(header[50:54]) + bytes(9)


def test_checks_of_tiles_stay_unless_they_are_something_else(tmp_path: Path) -> None:
    path = built(tmp_path)
    change(path, f"UPDATE \"{table_of(path)}\" SET data = 'Thaddeon Mossgarden' WHERE id = 'T;0|0;1;0;0#'")
    cleaned(path)
    tiles = tiles_of(path)
    assert tiles["T;0|0;1;0;0#"] == " " * 19
    others = {n: d for n, d in tiles.items() if not n.endswith("#") and n != "T;0|0;1;0;0"}
    assert others
    assert all(tiles[f"{n}#"] == hashlib.md5(d).digest() for n, d in others.items())  # noqa: S324


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_a_value_that_is_part_of_the_names_of_tiles_is_a_coincidence(tmp_path: Path, encoding: str) -> None:
    more = ["UPDATE SVSlideDataXPO SET DiagnosisCode = '128|0'"]
    path = built(tmp_path, more=more, settings={"page_size": 1024, "encoding": encoding})
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "clean"
    assert outcome.coincidences == ("sakura.svslidedataxpo.diagnosiscode",)
    assert rows(path, "SELECT DiagnosisCode FROM SVSlideDataXPO") == [(" " * 5,)]


def test_a_strange_value_in_the_grid_goes(tmp_path: Path) -> None:
    path = built(tmp_path, more=["UPDATE tile SET ROWINDEX = 'Ozymandel' WHERE rowid = 3"])
    cleaned(path)
    assert rows(path, "SELECT ROWINDEX FROM tile WHERE rowid = 3") == [(" " * 9,)]


def test_tiles_that_stand_in_any_order_of_pages_are_found(tmp_path: Path) -> None:
    """Chains through freed pages are not straight: then they are followed."""
    path = built(tmp_path)
    table = table_of(path)
    some = [n for n in tiles_of(path) if not n.endswith("#")]
    change(path, f'CREATE TABLE aside AS SELECT * FROM "{table}"')
    for name in some[::2]:
        change(path, f"DELETE FROM \"{table}\" WHERE id = '{name}'")
    for name in some[::-2]:
        change(path, f"UPDATE \"{table}\" SET data = data || x'00' WHERE id = '{name}'")
        change(path, f"INSERT OR REPLACE INTO \"{table}\" SELECT * FROM aside WHERE id = '{name}'")
    change(path, f'INSERT OR REPLACE INTO "{table}" SELECT * FROM aside', "DROP TABLE aside")
    before = tiles_of(path)
    cleaned(path)
    assert tiles_of(path) == before


def test_what_stands_behind_a_tile_in_its_last_page_goes(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    ends = {n: data.index(d[-64:]) + 64 for n, d in tiles_of(path).items() if not n.endswith("#") and len(d) > 1100}
    name, at = next((n, end) for n, end in ends.items() if -end % 1024 > 20)
    tile = tiles_of(path)[name]
    data[at + 3 : at + 20] = b"Xanthippus, 1931."
    path.write_bytes(data)
    assert "sakura.slack" in {f.id for f in pipeline.inspect(path).findings}
    cleaned(path)
    assert b"Xanthippus" not in path.read_bytes()
    assert tiles_of(path)[name] == tile


def test_thorough_runs_follow_every_chain_and_find_text_in_any_tile(tmp_path: Path) -> None:
    path = built(tmp_path)
    table = table_of(path)
    name = [n for n in tiles_of(path) if not n.endswith("#")][-1]
    tile = tiles_of(path)[name]
    noted = tile[:2] + b"\xff\xfe\0\x0cMossgarden" + tile[2:]
    change(path, f"UPDATE \"{table}\" SET data = x'{noted.hex()}' WHERE id = '{name}'")
    first = min(n for n in tiles_of(path) if n.split(";")[2:] == name.split(";")[2:])
    cleaned(path, thorough=True)
    assert first <= name
    assert b"Mossgarden" not in path.read_bytes()


def test_text_behind_the_end_of_a_tile_goes(tmp_path: Path) -> None:
    path = built(tmp_path)
    tail = b"Quillfeather 1931".hex()
    change(path, f"UPDATE \"{table_of(path)}\" SET data = data || x'{tail}' WHERE id = 'T;0|0;1;1;0'")
    before = looks(path)["pixels"]
    cleaned(path)
    assert b"Quillfeather" not in path.read_bytes()
    assert looks(path)["pixels"] == before


def test_a_strange_name_that_cannot_keep_its_place_is_not_called_clean(tmp_path: Path) -> None:
    path = built(tmp_path)
    change(path, f"INSERT INTO \"{table_of(path)}\" VALUES ('T;0|0;1;0;0#Mossgarden', 1, x'01')")
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "residue"
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


# -- what SQLite leaves ------------------------------------------------------------------


def test_freed_pages_free_blocks_and_unused_ends_are_emptied(tmp_path: Path) -> None:
    path = built(tmp_path)
    words = [f"Nobody{n} Thimblewick" for n in range(60)]
    change(
        path,
        *(f"INSERT INTO SVAuditXPO VALUES ({n + 10}, '{w * (1 + n % 9 * 20)}', NULL)" for n, w in enumerate(words)),
    )
    change(path, "DELETE FROM SVAuditXPO WHERE OID % 2", "UPDATE SVAuditXPO SET Station = 'Nobody' WHERE OID > 9")
    change(path, "DELETE FROM SVAuditXPO WHERE OID > 30")
    assert b"Nobody7" in path.read_bytes()
    cleaned(path)
    data = path.read_bytes()
    assert b"Thimblewick" not in data
    assert b"Nobody" not in data
    size = path.stat().st_size
    change(path, "INSERT INTO SVAuditXPO VALUES (77, 'still usable', NULL)")
    assert path.stat().st_size == size, "freed pages can be used again"
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_pages_that_nothing_leads_to_are_emptied(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    pages = struct.unpack_from(">I", data, 28)[0]
    data += b"Mossgarden ".ljust(1024, b"y")
    struct.pack_into(">I", data, 28, pages + 1)
    path.write_bytes(data)
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "clean"
    assert b"Mossgarden" not in path.read_bytes()


def test_what_stands_behind_the_last_page_is_emptied(tmp_path: Path) -> None:
    path = built(tmp_path)
    path.write_bytes(path.read_bytes() + b"Mossgarden" * 500)
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "clean"
    assert b"Mossgarden" not in path.read_bytes()


def test_statistics_of_indexes_stay(tmp_path: Path) -> None:
    path = built(tmp_path, more=["ANALYZE"])
    before = rows(path, "SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 'SVScannedImageDataXPO'")
    cleaned(path)
    assert rows(path, "SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 'SVScannedImageDataXPO'") == before


# -- refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal", "-WAL", "-mj12345678"])
def test_a_log_or_journal_beside_the_slide_is_refused(tmp_path: Path, end: str) -> None:
    path = built(tmp_path)
    (tmp_path / f"s.svslide{end}").write_bytes(b"")
    before = path.read_bytes()
    with pytest.raises(NotEditable, match="journal"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def test_a_real_journal_of_a_running_program_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE SVSlideDataXPO SET Creator = 'x'")
        assert (tmp_path / "s.svslide-journal").exists()
        with pytest.raises(NotEditable, match="journal"):
            pipeline.anonymize_in_place(path)
        db.rollback()


def test_write_ahead_mode_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path, more=["PRAGMA user_version = 1"])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    assert [p.name for p in tmp_path.iterdir()] == ["s.svslide"]
    with pytest.raises(NotEditable, match="write-ahead"):
        pipeline.inspect(path)


Damage = Callable[[bytearray], None]


def put(at: int, fmt: str, value: int) -> Damage:
    return lambda data: struct.pack_into(fmt, data, at, value)


@pytest.mark.parametrize(
    ("what", "damage", "error"),
    [
        ("reserved bytes", put(20, ">B", 8), NotEditable),
        ("an unknown version", put(18, ">B", 3), NotEditable),
        ("a page size that cannot be", put(16, ">H", 1000), DamagedSlide),
        ("more pages than the file has", put(28, ">I", 0xFFFFFFFF), DamagedSlide),
        ("a free page that does not exist", put(32, ">I", 0xFFFFFFFF), DamagedSlide),
        ("a free page that is a table", put(32, ">I", 2), SlideError),
        ("more free pages than there are", put(36, ">I", 9999), DamagedSlide),
        ("a first page that is no tree", put(100, ">B", 0), DamagedSlide),
        ("more cells than a page holds", put(103, ">H", 0xFFFF), DamagedSlide),
        ("a free block outside of the page", put(101, ">H", 0xFFFF), DamagedSlide),
        ("an unknown encoding", put(56, ">I", 9), DamagedSlide),
    ],
)
def test_damaged_headers_are_refused(tmp_path: Path, what: str, damage: Damage, error: type[SlideError]) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)
    with pytest.raises(error):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == data, what


def test_lengths_of_nine_bytes_are_no_reason_to_reserve_memory(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    cell = struct.unpack_from(">H", data, 108)[0]
    data[cell : cell + 9] = b"\xff" * 9
    path.write_bytes(data)
    with pytest.raises(SlideError):
        pipeline.inspect(path)


def test_a_tree_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    root = rows(path, f"SELECT rootpage FROM sqlite_master WHERE name = '{table_of(path)}'")[0][0]
    data = bytearray(path.read_bytes())
    start = (root - 1) * 1024
    assert data[start] == 5
    struct.pack_into(">I", data, start + 8, root)
    path.write_bytes(data)
    with pytest.raises(ContradictorySlide, match="share a page"):
        pipeline.inspect(path)


def test_a_chain_that_leads_back_to_itself_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    label = rows(path, "SELECT Image FROM SVScannedImageDataXPO WHERE OID = 1")[0][0]
    data = bytearray(path.read_bytes())
    page = data.index(label[1500:1532]) // 1024 * 1024
    struct.pack_into(">I", data, page, page // 1024 + 1)
    path.write_bytes(data)
    with pytest.raises(ContradictorySlide, match="share a page"):
        pipeline.inspect(path)


def test_a_chain_of_a_tile_that_goes_on_behind_its_end_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    tiles = [d for n, d in tiles_of(path).items() if not n.endswith("#") and len(d) > 1100]
    ends = [
        at for at in (data.find(d[-40:]) // 1024 * 1024 for d in tiles) if at >= 0 and data[at : at + 4] == bytes(4)
    ]
    assert ends
    struct.pack_into(">I", data, ends[0], 2)
    path.write_bytes(data)
    with pytest.raises(DamagedSlide, match="longer than it says"):
        pipeline.inspect(path)


def test_one_picture_for_label_and_macro_is_a_contradiction(tmp_path: Path) -> None:
    path = built(tmp_path, more=["UPDATE SVSlideDataXPO SET m_overviewScan = 1"])
    with pytest.raises(ContradictorySlide, match="label and as macro"):
        pipeline.inspect(path)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM DataManagerSQLiteConfigXPO",
        "INSERT INTO DataManagerSQLiteConfigXPO (TableName) VALUES ('tile')",
        "UPDATE DataManagerSQLiteConfigXPO SET TableName = 'nothing'",
        "CREATE TABLE bare (a text primary key) WITHOUT ROWID",
        "CREATE TABLE sums (a int, b int AS (a + 1))",
    ],
)
def test_databases_that_are_not_as_they_should_be_are_refused(tmp_path: Path, statement: str) -> None:
    path = built(tmp_path, more=[statement])
    before = path.read_bytes()
    with pytest.raises(SlideError):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET data = 'x' WHERE id = '++MagicBytes'", "DELETE FROM {} WHERE id = 'Header'"]
)
def test_a_table_of_tiles_without_magic_or_header_is_refused(tmp_path: Path, statement: str) -> None:
    path = built(tmp_path)
    change(path, statement.format(f'"{table_of(path)}"'))
    with pytest.raises(SlideError):
        pipeline.inspect(path)


def test_any_other_database_is_no_slide(tmp_path: Path) -> None:
    path = tmp_path / "x.svslide"
    change(path, "CREATE TABLE a (b)", "INSERT INTO a VALUES ('c')")
    with pytest.raises(BlankslideError, match="not a slide I know: SQLite database"):
        pipeline.inspect(path)


def test_check_sums_of_many_tiles_are_no_text(tmp_path: Path) -> None:
    """In one of twelve sums some letters can be read by chance; but each is the sum of a tile that is there."""
    path = built(tmp_path, size=(256, 192), side=32, scales=(1,))
    before = tiles_of(path)
    assert len(before) == 2 * 3 * 8 * 6
    cleaned(path)
    assert tiles_of(path) == before


def sums_are_true(path: Path) -> bool:
    tiles = tiles_of(path)
    names = [name for name in tiles if not name.endswith("#")]
    return all(tiles[f"{n}#"] == hashlib.md5(tiles[n], usedforsecurity=False).digest() for n in names)


def test_a_check_sum_of_what_is_gone_goes_too(tmp_path: Path) -> None:
    """Whoever has the sum of a tile with its comment can try all names and numbers until one fits."""
    path = built(tmp_path, comment=b"Thaddeon Mossgarden, 4711")
    assert sums_are_true(path)
    old = {data for name, data in tiles_of(path).items() if name.endswith("#")}
    cleaned(path)
    assert sums_are_true(path)
    assert not any(check in path.read_bytes() for check in old)


def test_sums_of_tiles_with_something_behind_them_are_put_right(tmp_path: Path) -> None:
    path = built(tmp_path)
    name, tail = "T;0|0;1;1;0", b"Quillfeather 1931"
    data = tiles_of(path)[name] + tail
    check = hashlib.md5(data, usedforsecurity=False).hexdigest()
    update = f'UPDATE "{table_of(path)}" SET data = '
    change(path, f"{update} x'{data.hex()}' WHERE id = '{name}'", f"{update} x'{check}' WHERE id = '{name}#'")
    before = tiles_of(path)
    cleaned(path)
    assert sums_are_true(path)
    assert {n for n, d in tiles_of(path).items() if before[n] != d} == {name, f"{name}#"}


def test_sums_of_another_kind_of_tiles_that_change_are_emptied(tmp_path: Path) -> None:
    path = built(tmp_path, comment=b"Thaddeon Mossgarden, 4711")
    table, name = table_of(path), "T;0|0;1;1;0"
    other = hashlib.md5(b"of something else", usedforsecurity=False)
    change(path, f"UPDATE \"{table}\" SET data = x'{other.hexdigest()}' WHERE id = '{name}#'")
    words = hashlib.md5(tiles_of(path)["T;0|0;1;0;0"], usedforsecurity=False).hexdigest().upper()
    change(path, f"UPDATE \"{table}\" SET data = '{words}' WHERE id = 'T;0|0;1;0;0#'")
    cleaned(path)
    tiles = tiles_of(path)
    assert tiles[f"{name}#"] == bytes(16)
    assert tiles["T;0|0;1;0;0#"] == hashlib.md5(tiles["T;0|0;1;0;0"], usedforsecurity=False).hexdigest().upper()


def test_a_name_in_the_place_of_a_sum_goes_where_tiles_lose_their_text_too(tmp_path: Path) -> None:
    path = built(tmp_path, comment=b"Thaddeon Mossgarden, 4711")
    change(path, f"UPDATE \"{table_of(path)}\" SET data = 'Thaddeon Mossgarden' WHERE id = 'T;0|0;1;0;0#'")
    cleaned(path)
    assert tiles_of(path)["T;0|0;1;0;0#"] == " " * 19
