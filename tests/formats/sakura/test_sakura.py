# ruff: noqa: S608
"""Sakura svslide: what a database remembers, pages that must add up, and indexes that stay in order."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from blankslide import pipeline
from blankslide.errors import NotEditable
from blankslide.formats.sakura.format import FORMAT
from blankslide.samples.kit.patients import invent
from blankslide.samples.sakura import build_sakura, names, pieces
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import has_piece
from blankslide.testing.own.databases import KEY, SMALL, built, change, cleaned, looks, rows, table_of, tiles_of
from blankslide.testing.spellings import places_of
from blankslide.verification.observe import observe

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted


class Sakura(FormatConformance):
    format = FORMAT
    suffix = ".svslide"
    small: ClassVar[dict[str, Any]] = SMALL
    recipe: ClassVar[dict[str, Any]] = {}
    expected = frozenset({"picture.label", "picture.macro", "sakura.table-name", "sakura.slack", "sakura.free-pages"})

    def build(self, path: Path, **overrides: Any) -> Planted:
        settings = {**self.recipe.get("settings", {}), **({} if self.recipe else overrides.get("settings", {}))}
        return build_sakura(path, **{**self.recipe, **overrides, "settings": settings})

    def tissue(self, before: Mapping[str, bytes], name: str) -> list[tuple[int, int, int]]:
        """Everything of the tiles that SQLite hands out and that can be found again in the file."""
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(before[name])
            (table,) = db.execute("SELECT TableName FROM DataManagerSQLiteConfigXPO").fetchone()
            asked = db.execute(f"SELECT data FROM \"{table}\" WHERE id LIKE 'T;%' AND id NOT LIKE '%#'")
            return [(0, *piece) for (data,) in asked for piece in pieces(before[name], data[data.index(b"\xff\xda") :])]

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        return list(complaints(before[path.name], planted, path))


def complaints(before: bytes, planted: Planted, path: Path) -> Iterator[str]:
    """Hold a slide against its past, as OpenSlide and SQLite see both."""
    old = path.with_name("before.svslide")
    old.write_bytes(before)
    was, now, tiles = looks(old), looks(path), tiles_of(old)
    old.unlink()
    if rows(path, "PRAGMA integrity_check") != [("ok",)]:
        yield "SQLite calls the database unsound"
    if tiles_of(path) != tiles:
        yield "SQLite sees other tiles"
    if was["pixels"] != now["pixels"]:
        yield "OpenSlide sees other tissue"
    if was["pictures"].keys() != now["pictures"].keys():
        yield "OpenSlide lists other pictures"
    for role, picture in now["pictures"].items():
        blank = all(low == high for low, high in picture.getextrema())
        if blank is (role == "thumbnail") or picture.size != was["pictures"][role].size:
            yield f"the {role} is not as it should be"
    for kept in planted.kept:
        if not now["known"].get(kept.key) == was["known"].get(kept.key) == kept.value:
            yield f"OpenSlide sees another {kept.key}"
    after = path.read_bytes()
    for removed in planted.removed:
        if removed.value and places_of(removed.value, after):
            yield f"a value of {removed.id} is left"
    for picture in planted.pictures:
        coded = b"".join(before[at : at + size] for at, size in picture.strips)
        if picture.role != "thumbnail" and has_piece(coded, after):
            yield f"a piece of the old {picture.role} is left"


class TestPagesOf4096(Sakura):
    pass


class TestPagesOf1024(Sakura):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {**SMALL, "settings": {"page_size": 1024}}


class TestShrinkingByItselfWithTextInTiles(Sakura):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {
        **SMALL,
        "settings": {"page_size": 512, "auto_vacuum": 2},
        "comment": b"operator Ottoline Quillfeather",
        "grid": False,
    }
    expected = Sakura.expected | {"jpeg.tile-text"}

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        left = super().complaints(before, planted, path)
        assert b"Quillfeather" not in path.read_bytes()
        return [c for c in left if c != "SQLite sees other tiles"]  # their comments are part of them


class TestTextsOfTwoBytes(Sakura):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {**SMALL, "settings": {"page_size": 2048, "encoding": "UTF-16le"}}


# -- values ------------------------------------------------------------------------------


def test_levels_pixel_size_and_magnification(tmp_path: Path) -> None:
    inspection = pipeline.inspect(built(tmp_path))
    assert [(v.width, v.height) for v in inspection.levels] == [(192, 128), (96, 64)]
    assert inspection.mpp == pytest.approx((0.5, 0.5))
    assert inspection.objective == 20
    assert {a.role: (a.width, a.height) for a in inspection.associated} == {
        "label": (120, 150),
        "macro": (200, 70),
        "thumbnail": (48, 32),
    }


def test_dates_stay_dates_and_ids_stay_ids(tmp_path: Path) -> None:
    path = built(tmp_path)
    cleaned(path)
    ((slide, date),) = rows(path, "SELECT SlideId, Date FROM SVSlideDataXPO")
    assert date == "1970-01-01 00:00:00"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", slide)


def test_an_id_becomes_the_same_wherever_it_stands(tmp_path: Path) -> None:
    ids = names(invent(8))
    path = built(tmp_path, more=[f"UPDATE SVHRScanDataXPO SET ScanId = '{ids['slide']}'"])
    cleaned(path)
    assert rows(path, "SELECT SlideId FROM SVSlideDataXPO") == rows(path, "SELECT ScanId FROM SVHRScanDataXPO")


def test_the_table_of_tiles_gets_another_name_everywhere(tmp_path: Path) -> None:
    path = built(tmp_path)
    old = table_of(path)
    cleaned(path)
    new = table_of(path)
    assert new != old
    assert len(new) == len(old)
    assert rows(path, f"SELECT data FROM \"{new}\" WHERE id = '++MagicBytes'") == [("SVGigaPixelImage",)]
    assert [r[0] for r in rows(path, "SELECT name FROM sqlite_master WHERE name LIKE '%SVGPI_%'")] == [
        new,
        f"sqlite_autoindex_{new}_1",
    ]


def test_an_index_over_an_id_is_put_in_its_new_order(tmp_path: Path) -> None:
    for seed in range(8, 16):  # in some of them the ids change places
        path = built(tmp_path, patient=invent(seed))
        cleaned(path)
        for (id_,) in rows(path, "SELECT Id FROM SVScannedImageDataXPO"):
            through = "SELECT count(*) FROM SVScannedImageDataXPO INDEXED BY iId_SVScannedImageDataXPO WHERE Id = "
            assert rows(path, f"{through}'{id_}'") == [(1,)]


@pytest.mark.parametrize("column", ["Description", "SlideId", "Date", "TotalDataSizeBytes"])
def test_an_index_over_any_column_keeps_telling_the_truth(tmp_path: Path, column: str) -> None:
    path = built(tmp_path, more=[f"CREATE INDEX x ON SVSlideDataXPO ({column}, m_labelScan, Creator)"])
    cleaned(path)
    through = f"SELECT {column}, count(*) FROM SVSlideDataXPO INDEXED BY x WHERE {column} > ''"
    ((value, number),) = rows(path, through)
    assert number == (0 if column == "TotalDataSizeBytes" else 1)
    assert value is None or "Thimble" not in value


def test_ids_that_must_differ_need_a_key(tmp_path: Path) -> None:
    more = ["CREATE UNIQUE INDEX x ON SVScannedImageDataXPO (Id)"]
    path = built(tmp_path, more=more)
    before = path.read_bytes()
    with pytest.raises(NotEditable, match="site key"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before
    cleaned(path)


@pytest.mark.parametrize("how", ["Creator DESC", "Creator COLLATE NOCASE"])
def test_an_index_with_an_order_of_its_own_is_refused(tmp_path: Path, how: str) -> None:
    path = built(tmp_path, more=[f"CREATE INDEX x ON SVSlideDataXPO ({how})"])
    with pytest.raises(NotEditable, match="order of its own"):
        pipeline.inspect(path)


def test_an_index_over_what_is_no_column_is_refused(tmp_path: Path) -> None:
    """It cannot be kept in step with its rows, and an index out of step makes the database unsound."""
    path = built(tmp_path, more=["CREATE INDEX x ON SVSlideDataXPO (upper(Creator))"])
    with pytest.raises(NotEditable, match="no column"):
        pipeline.inspect(path)


def test_values_of_another_type_than_their_column(tmp_path: Path) -> None:
    odd = [
        "UPDATE SVSlideDataXPO SET HRScanCount = 'Mossgarden', Creator = 19310714, Keywords = x'4d6f7373676172'",
        "UPDATE SVHRScanDataXPO SET FocusStack = 'Brackenholt sat here'",
        "UPDATE SVHRScanDataXPO SET PosOnSlideMm = 4711471147",
    ]
    path = built(tmp_path, more=odd)
    cleaned(path)
    assert rows(path, "SELECT HRScanCount, Creator, Keywords FROM SVSlideDataXPO") == [(" " * 10, " " * 8, bytes(7))]
    assert rows(path, "SELECT FocusStack FROM SVHRScanDataXPO") == [(" " * 20,)]
    assert rows(path, "SELECT PosOnSlideMm FROM SVHRScanDataXPO") == [(0,)]


def test_a_picture_in_an_unknown_column_goes(tmp_path: Path) -> None:
    path = built(
        tmp_path, more=["UPDATE SVAuditXPO SET Patient = (SELECT Image FROM SVScannedImageDataXPO WHERE OID = 1)"]
    )
    assert "picture.unknown" in {f.id for f in pipeline.inspect(path).findings}
    cleaned(path)
    assert rows(path, "SELECT Patient FROM SVAuditXPO") == rows(
        path, "SELECT Image FROM SVScannedImageDataXPO WHERE OID = 1"
    )


def test_a_picture_that_no_slide_names_goes(tmp_path: Path) -> None:
    copy = "INSERT INTO SVScannedImageDataXPO (Id, Image) SELECT Id, Image FROM SVScannedImageDataXPO WHERE OID = 1"
    path = built(tmp_path, more=[copy])
    label = rows(path, "SELECT Image FROM SVScannedImageDataXPO WHERE OID = 3")[0][0]
    cleaned(path)
    scan = label[label.index(b"\xff\xda") + 14 :]
    assert not has_piece(scan, path.read_bytes())


def test_a_picture_that_is_no_jpeg_is_emptied(tmp_path: Path) -> None:
    path = built(
        tmp_path, more=["UPDATE SVScannedImageDataXPO SET Image = x'424d5468696d626c657769636b' WHERE OID = 1"]
    )
    cleaned(path)
    assert rows(path, "SELECT Image FROM SVScannedImageDataXPO WHERE OID = 1") == [(bytes(13),)]


@pytest.mark.parametrize("profile", ["research", "strict"])
def test_text_inside_a_thumbnail_goes_whether_it_stays_or_not(tmp_path: Path, profile: str) -> None:
    path = built(tmp_path)
    (old,) = rows(path, "SELECT ThumbnailImage FROM SVHRScanDataXPO")[0]
    noted = old[:2] + b"\xff\xfe\0\x0cMossgarden" + old[2:] + b"Ozymandel"
    change(path, f"UPDATE SVHRScanDataXPO SET ThumbnailImage = x'{noted.hex()}'")
    before = looks(path)["pictures"]["thumbnail"].tobytes()
    cleaned(path, profile=profile)
    data = path.read_bytes()
    assert b"Mossgarden" not in data
    assert b"Ozymandel" not in data
    assert (looks(path)["pictures"]["thumbnail"].tobytes() == before) is (profile == "research")


def test_comments_and_defaults_of_the_schema_go(tmp_path: Path) -> None:
    told = "CREATE TABLE SVNoteXPO (OID int, -- by Ignatia Zweigspitz\n Place text DEFAULT 'Utopia' /*MRN1*/)"
    path = built(tmp_path, more=[told, "INSERT INTO SVNoteXPO (OID) VALUES (1)"])
    cleaned(path)
    data = path.read_bytes()
    for word in (b"Zweigspitz", b"Utopia", b"MRN1"):
        assert word not in data


def test_views_and_triggers_are_not_understood(tmp_path: Path) -> None:
    path = built(tmp_path, more=["CREATE VIEW Quillfeather AS SELECT Creator FROM SVSlideDataXPO"])
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert outcome.content == "residue"
    assert not any("Quillfeather" in sentence for sentence in outcome.residue)


def test_a_row_with_a_telling_number_is_not_called_clean(tmp_path: Path) -> None:
    path = built(tmp_path, more=["INSERT INTO SVAuditXPO VALUES (19310714, NULL, NULL)"])
    assert pipeline.anonymize_in_place(path, pipeline.Options(key=KEY)).content == "residue"


def test_names_of_other_tables_with_numbers_are_replaced(tmp_path: Path) -> None:
    path = built(tmp_path, more=['CREATE TABLE "Case_19310714" (OID integer primary key, "x" int)'])
    cleaned(path)
    assert rows(path, "SELECT name FROM sqlite_master WHERE name LIKE 'Case%'") == [("Case_00000000",)]


# -- judges, peers -----------------------------------------------------------------------


def test_both_judges_agree(tmp_path: Path) -> None:
    path = built(tmp_path)
    before = {v.reader: v for v in observe(path) if v.opened}
    assert before.keys() == {"OpenSlide", "SQLite"}
    assert [v.size for v in before["SQLite"].levels] == [v.size for v in before["OpenSlide"].levels]
    assert before["SQLite"].mpp == before["OpenSlide"].mpp
    assert {p.name: p.size for p in before["SQLite"].pictures} == {p.name: p.size for p in before["OpenSlide"].pictures}
    assert set(pipeline.anonymize_in_place(path).readers) == {"OpenSlide", "SQLite"}


def test_the_judge_sees_an_unsound_database_and_a_changed_tile(tmp_path: Path) -> None:
    from blankslide.verification.compare import compare

    path, other = built(tmp_path), tmp_path / "t.svslide"
    shutil.copyfile(path, other)
    tile = tiles_of(path)["T;0|0;1;0;0"]
    darker = tiles_of(path)["T;0|0;1;2;0"]
    assert tile != darker
    change(other, f"UPDATE \"{table_of(other)}\" SET data = x'{darker.hex()}' WHERE id = 'T;0|0;1;0;0'")
    assert "SQLite" not in compare(observe(path), observe(other), gone=frozenset()).agreed
    data = bytearray(path.read_bytes())
    index = rows(path, "SELECT rootpage FROM sqlite_master WHERE name = 'iId_SVScannedImageDataXPO'")[0][0]
    first = (index - 1) * 1024 + 8
    data[first : first + 4] = data[first + 2 : first + 4] + data[first : first + 2]
    other.write_bytes(data)
    assert next(v for v in observe(other) if v.reader == "SQLite").reason == "ValueError"


def test_peers_a2_2_no_picture_is_chosen_by_a_word_in_a_text(tmp_path: Path) -> None:
    path = built(tmp_path, more=["UPDATE SVHRScanDataXPO SET Name = 'label macro', Description = 'macro of a label'"])
    before = looks(path)["pictures"]["thumbnail"].tobytes()
    cleaned(path)
    assert looks(path)["pictures"]["thumbnail"].tobytes() == before


def test_peers_b_3_and_9_pictures_that_stay_listed_decode(tmp_path: Path) -> None:
    path = built(tmp_path)
    cleaned(path)
    seen = looks(path)
    assert set(seen["pictures"]) == {"label", "macro", "thumbnail"}


def test_peers_b_7_a_second_run_says_clean_and_writes_nothing(tmp_path: Path) -> None:
    path = built(tmp_path)
    cleaned(path)
    assert pipeline.verify(path, pipeline.Options(key=KEY)).content == "clean"


def test_peers_b_23_and_25_no_tail_of_a_longer_text_is_left(tmp_path: Path) -> None:
    long = "Wilhelmette Vanterpoole of the Clinic of Utopia South, seen for the third time"
    path = built(
        tmp_path, more=[f"UPDATE SVSlideDataXPO SET Keywords = '{long}'", "UPDATE SVSlideDataXPO SET Keywords = 'x'"]
    )
    cleaned(path)
    data = path.read_bytes()
    assert not any(long[n : n + 6].encode() in data for n in range(len(long) - 6))


def test_peers_b_42_two_slides_of_one_second_get_different_ids(tmp_path: Path) -> None:
    ids = []
    for seed in (8, 9):
        path = built(tmp_path, patient=invent(seed))
        cleaned(path)
        ids.append(rows(path, "SELECT SlideId FROM SVSlideDataXPO")[0])
    assert ids[0] != ids[1]
