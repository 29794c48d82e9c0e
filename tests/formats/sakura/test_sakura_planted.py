# ruff: noqa: S608
"""Sakura svslide: words and numbers in places that are not made for them.

Each was once left behind by a run that called the slide clean. Numbers are looked for as SQLite
stores them, words as they are.
"""

from __future__ import annotations

import io
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.errors import DamagedSlide, NotEditable
from blankslide.testing.own.databases import KEY, built, change, cleaned, looks, rows, table_of, tiles_of

if TYPE_CHECKING:
    from pathlib import Path

WORD, NUMBER = b"Quixfeld", 47114711
HEX = WORD.hex()
AS_STORED = struct.pack(">I", NUMBER)


def run(path: Path, *statements: str) -> None:
    """Run statements in which ``TILES`` is the table of tiles."""
    change(path, *(s.replace("TILES", f'"{table_of(path)}"') for s in statements))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE TILES SET size = {} WHERE id = 'T;0|0;1;0;0'",
        "UPDATE TILES SET size = {} WHERE id = 'T;0|0;1;0;0#'",
        "UPDATE TILES SET size = {} WHERE id = '++VersionBytes'",
        "UPDATE TILES SET size = {} WHERE id = 'TOTAL_SIZE'",
        "UPDATE tile SET COLUMNINDEX = {} WHERE rowid = 1",
        "UPDATE SVSlideDataXPO SET TotalDataSizeBytes = {}",
        "UPDATE sqlite_sequence SET seq = {} WHERE name = 'XPObjectType'",
        "PRAGMA user_version = {}",
        "PRAGMA application_id = {}",
    ],
)
def test_a_number_that_is_larger_than_its_meaning_goes(tmp_path: Path, statement: str) -> None:
    path = built(tmp_path)
    run(path, statement.format(NUMBER))
    assert AS_STORED in path.read_bytes()
    before = looks(path)["pixels"]
    cleaned(path)
    assert AS_STORED not in path.read_bytes()
    assert looks(path)["pixels"] == before


def test_sizes_of_rows_are_put_right(tmp_path: Path) -> None:
    path = built(tmp_path)
    run(path, f"UPDATE TILES SET size = {NUMBER} WHERE id = 'T;0|0;1;0;0'")
    cleaned(path)
    ask = f"SELECT size = length(CAST(data AS blob)) FROM \"{table_of(path)}\" WHERE id = 'T;0|0;1;0;0'"
    assert rows(path, ask) == [(1,)]


def test_a_number_in_an_unknown_column_of_the_grid_goes(tmp_path: Path) -> None:
    path = built(tmp_path)
    run(path, "ALTER TABLE tile ADD COLUMN Patient int", "UPDATE tile SET Patient = 71471 WHERE rowid = 1")
    cleaned(path)
    assert rows(path, "SELECT Patient FROM tile WHERE rowid = 1") == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        f"INSERT INTO TILES VALUES ('{WORD.decode()}', 1, x'01')",
        f"UPDATE TILES SET data = x'{HEX}{HEX}' WHERE id = 'T;0|0;1;0;0#'",
        f"UPDATE SVHRScanDataXPO SET PosOnSlideMm = x'{WORD[:7].hex()}40'",
        'ALTER TABLE SVAuditXPO ADD COLUMN n text DEFAULT "Quixfeld Perpetua"',
        "CREATE TABLE SVOneXPO (a int, n text DEFAULT ('Quixfeld'))",
    ],
)
def test_a_word_goes(tmp_path: Path, statement: str) -> None:
    path = built(tmp_path)
    run(path, statement)
    assert WORD[:7] in path.read_bytes()
    cleaned(path)
    assert WORD[:7] not in path.read_bytes()


@pytest.mark.parametrize("default", [str(NUMBER), f"-{NUMBER}", f"x'{HEX}'"])
def test_numbers_and_blobs_as_defaults_go(tmp_path: Path, default: str) -> None:
    path = built(tmp_path)
    run(path, f"ALTER TABLE SVAuditXPO ADD COLUMN n DEFAULT {default}")
    cleaned(path)
    data = path.read_bytes()
    assert str(NUMBER).encode() not in data
    assert HEX.encode() not in data


def test_words_in_the_header_go(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    data[48:52], data[96:100] = WORD[:4], WORD[4:]
    path.write_bytes(data)
    cleaned(path)
    assert path.read_bytes()[48:52] == path.read_bytes()[96:100] == bytes(4)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE SVAuditXPO ADD COLUMN Case_47114711 int",
        'CREATE TABLE SVOneXPO (a int, n text, CONSTRAINT "Quixfeld Perpetua" UNIQUE (n))',
        "CREATE TABLE SVOneXPO (a int, n Quixfeld)",
        f"CREATE TABLE SVOneXPO (a int, n nvarchar({NUMBER}))",
        f"UPDATE TILES SET rowid = {NUMBER} WHERE id = 'T;0|0;1;0;0#'",
    ],
)
def test_what_cannot_be_replaced_is_not_called_clean(tmp_path: Path, statement: str) -> None:
    path = built(tmp_path)
    run(path, statement)
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "residue"
    assert not any("Quixfeld" in sentence or str(NUMBER) in sentence for sentence in outcome.residue)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        (["INSERT INTO TILES VALUES ('T;9|0;1;0;0', 3, 'Quixfeld')"], "a tile is not"),
        ([f"INSERT INTO TILES VALUES ('T;9|0;1;0;0', 3, x'{HEX}')"], "a tile is not"),
        (["UPDATE tile SET TILEID = 'Quixfeld'", "CREATE INDEX x ON tile (TILEID)"], "where no tile does"),
        (["CREATE INDEX x ON TILES (size)"], "like any other"),
        (["CREATE INDEX x ON SVSlideDataXPO (m_labelScan) WHERE Keywords <> 'Quixfeld'"], "some of its"),
        (["CREATE INDEX x ON SVSlideDataXPO (Creator || 'x')"], "no column"),
        (["CREATE TABLE SVOneXPO (a text CHECK (a <> 'Quixfeld'))"], "conditions"),
        (['CREATE TABLE "SVGPI_2" (id text, size int, data blob)'], "second table"),
    ],
)
def test_what_would_break_the_database_or_the_tissue_is_refused(
    tmp_path: Path, statements: list[str], why: str
) -> None:
    path = built(tmp_path)
    run(path, *statements)
    before = path.read_bytes()
    with pytest.raises(NotEditable, match=why):
        pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert path.read_bytes() == before


def test_a_name_in_other_capitals_is_refused(tmp_path: Path) -> None:
    """A pseudonym of another spelling is another pseudonym, and the index would lose its table."""
    path = built(tmp_path)
    change(path, f'CREATE INDEX x ON "{table_of(path).upper()}" (id)')
    with pytest.raises(NotEditable, match="two ways"):
        pipeline.inspect(path)


@pytest.mark.parametrize("change_of", [str.lower, str.upper])
def test_known_names_in_other_capitals_mean_the_same(tmp_path: Path, change_of: Callable[[str], str]) -> None:
    path = built(tmp_path)
    names = ("ResolutionMmPerPix", "m_labelScan", "NominalLensMagnification")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA writable_schema = 1")
        for name in names:
            db.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?)", (name, change_of(name)))
        db.commit()
    cleaned(path, profile="strict")
    assert looks(path)["known"]["openslide.mpp-x"] == "0.5"
    assert rows(path, "SELECT m_labelScan FROM SVSlideDataXPO") == [(1,)]


def test_text_behind_tiles_that_stand_in_one_page_goes(tmp_path: Path) -> None:
    path = built(tmp_path, settings={"page_size": 65536})
    run(path, f"UPDATE TILES SET data = data || x'{HEX}' WHERE id = 'T;0|0;1;1;0'")
    before = looks(path)["pixels"]
    cleaned(path)
    assert WORD not in path.read_bytes()
    assert looks(path)["pixels"] == before


def test_a_second_end_marker_hides_nothing_from_a_thorough_run(tmp_path: Path) -> None:
    path = built(tmp_path)
    run(path, f"UPDATE TILES SET data = data || x'{HEX}ffd9' WHERE id = 'T;0|0;1;1;0'")
    before = looks(path)["pixels"]
    cleaned(path, thorough=True)
    assert WORD not in path.read_bytes()
    assert looks(path)["pixels"] == before


def test_the_end_of_a_long_comment_in_every_tile_goes(tmp_path: Path) -> None:
    path = built(tmp_path, comment=b"x" * 9000 + WORD)
    before = looks(path)["pixels"]
    assert len(tiles_of(path)) > 0
    cleaned(path)
    assert WORD not in path.read_bytes()
    assert looks(path)["pixels"] == before


@pytest.mark.parametrize("valid", [True, False])
def test_text_in_the_colour_profile_of_a_thumbnail_goes(tmp_path: Path, valid: bool) -> None:
    text = b"text\0\0\0\0" + WORD.ljust(24, b"\0")
    head = bytearray(128)
    head[24:36], head[36:40] = struct.pack(">6H", 1931, 7, 14, 1, 2, 3), b"acsp" if valid else b"none"
    profile = bytes(head) + struct.pack(">I4sII", 1, b"cprt", 144, len(text)) + text
    path = built(tmp_path)
    ((old,),) = rows(path, "SELECT ThumbnailImage FROM SVHRScanDataXPO")
    payload = b"ICC_PROFILE\0\1\1" + profile
    new = old[:2] + b"\xff\xe2" + struct.pack(">H", len(payload) + 2) + payload + old[2:]
    run(path, f"UPDATE SVHRScanDataXPO SET ThumbnailImage = x'{new.hex()}'")
    before = looks(path)["pictures"]["thumbnail"].tobytes()
    cleaned(path)
    assert WORD not in path.read_bytes()
    assert head[24:36] not in path.read_bytes()
    assert looks(path)["pictures"]["thumbnail"].tobytes() == before


@pytest.mark.parametrize("kept", [3, 700])
def test_a_thumbnail_that_nobody_can_decode_goes(tmp_path: Path, kept: int) -> None:
    path = built(tmp_path)
    run(path, f"UPDATE SVHRScanDataXPO SET ThumbnailImage = substr(ThumbnailImage, 1, {kept})")
    cleaned(path)
    assert pipeline.verify(path, pipeline.Options(key=KEY)).content == "clean"


def test_a_date_in_other_digits_goes(tmp_path: Path) -> None:
    path = built(tmp_path, more=["UPDATE SVSlideDataXPO SET Date = '\u0661\u0669\u0663\u0661-07-14'"])
    cleaned(path)
    assert rows(path, "SELECT trim(Date) FROM SVSlideDataXPO") == [("",)]


def test_a_map_of_pages_with_words_in_it_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path, settings={"page_size": 1024, "auto_vacuum": 1})
    data = bytearray(path.read_bytes())
    data[1064:1072] = WORD
    path.write_bytes(data)
    with pytest.raises(DamagedSlide, match="map of its pages"):
        pipeline.inspect(path)


def test_a_statement_with_an_end_in_its_middle_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA writable_schema = 1")
        db.execute("UPDATE sqlite_master SET sql = sql || char(0) || 'Quixfeld' WHERE name = 'SVUndoXPO'")
        db.commit()
    with pytest.raises(DamagedSlide, match="before its length"):
        pipeline.inspect(path)


def test_tiles_far_outside_of_the_picture_are_a_contradiction(tmp_path: Path) -> None:
    path = built(tmp_path)
    run(path, "INSERT INTO TILES SELECT 'T;4711471|0;1;0;0', size, data FROM TILES WHERE id = 'T;0|0;1;0;0'")
    with pytest.raises(Exception, match="far outside"):
        pipeline.inspect(path)


def test_a_damaged_slide_in_two_byte_texts_is_still_called_a_slide(tmp_path: Path) -> None:
    path = built(tmp_path, settings={"page_size": 1024, "encoding": "UTF-16le"})
    data = bytearray(path.read_bytes())
    struct.pack_into(">H", data, 101, 0xFFFF)
    path.write_bytes(data)
    with pytest.raises(DamagedSlide):
        pipeline.inspect(path)


@pytest.mark.parametrize("row", [0, 2])
def test_a_weak_thumbnail_does_not_shelter_what_is_no_picture(tmp_path: Path, row: int) -> None:
    """Two scans, one with a sound thumbnail, one with a "JPEG" full of a name, in either order."""
    false = (b"\xff\xd8\xff\xe0" + b"Perpetua Quixfeld, born 1.2.1934 " * 4).hex()
    more = [
        "CREATE TEMP TABLE copy AS SELECT * FROM SVHRScanDataXPO",
        f"UPDATE copy SET OID = {row}, ThumbnailImage = x'{false}'",
        "INSERT INTO SVHRScanDataXPO SELECT * FROM copy",
    ]
    path = built(tmp_path, more=more)
    assert WORD in path.read_bytes()
    cleaned(path)
    assert WORD not in path.read_bytes()


def test_an_ordinary_profile_of_a_thumbnail_is_no_text(tmp_path: Path) -> None:
    from PIL import Image, ImageCms

    path, out = built(tmp_path), io.BytesIO()
    ((old,),) = rows(path, "SELECT ThumbnailImage FROM SVHRScanDataXPO")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.open(io.BytesIO(old)).save(out, "JPEG", icc_profile=profile)
    run(path, f"UPDATE SVHRScanDataXPO SET ThumbnailImage = x'{out.getvalue().hex()}'")
    cleaned(path)
    ((new,),) = rows(path, "SELECT ThumbnailImage FROM SVHRScanDataXPO")
    assert b"ICC_PROFILE" in new
    assert b"sRGB built-in" not in new


def test_a_table_called_after_somebody_is_named_in_no_sentence(tmp_path: Path) -> None:
    path = built(tmp_path, more=["CREATE TABLE Quixfeld (Perpetua blob)", f"INSERT INTO Quixfeld VALUES (x'{HEX}')"])
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "residue"
    assert not any(name in sentence for sentence in outcome.residue for name in ("Quixfeld", "Perpetua"))


@pytest.mark.parametrize(("profile", "after"), [("research", (40, 1, 2.5)), ("strict", (0, 1, 0.0))])
def test_a_small_number_under_a_measures_name_stays_under_research_only(
    tmp_path: Path, profile: str, after: tuple[float, ...]
) -> None:
    more = [f"ALTER TABLE SVHRScanDataXPO ADD COLUMN {c}" for c in ("ExposureTime int", "Flag int", "Scale double")]
    path = built(tmp_path, more=[*more, "UPDATE SVHRScanDataXPO SET ExposureTime = 40, Flag = 1, Scale = 2.5"])
    cleaned(path, profile=profile)
    assert rows(path, "SELECT ExposureTime, Flag, Scale FROM SVHRScanDataXPO") == [after]
