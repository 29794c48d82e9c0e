"""Tables of the ledger open in a spreadsheet as they are meant: nothing is a formula, times are times."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.errors import BlankslideError, UsageError
from blankslide.records import ledger_export
from blankslide.records.ledger_export import check, write
from blankslide.records.ledger_rows import COLUMNS, Wanted, removed_words, rows
from blankslide.testing.own.chains import entry, write_chain

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.records.ledger import Ledger

FORMULA = '=HYPERLINK("http://x";"y")'
KEPT = {"specimen": "0012", "block": "A1", "slide": "3", "stain": "Ki-67"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    path = tmp_path / "l.jsonl"
    write_chain(path, 2, {"output": "STUDY-0001.svs", "requester": 'Bücherei, "Süd"; x', "kept": KEPT})
    left = {"content": "residue", "residue": 2, "told": ["kept: macro", "left: a.b"], "output": FORMULA}
    write_chain(path, 1, left)
    return write_chain(path, 1, {"requester": "-2+3", "residue": 1, "content": "residue", "medium": "shared"})


def table(ledger: Ledger, wanted: Wanted = Wanted()) -> Any:  # noqa: B008 - it is frozen
    return rows((record for _, record in ledger.entries()), wanted)


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))


def test_a_row_says_in_words_what_the_entry_says(ledger: Ledger) -> None:
    first, _, third, fourth = table(ledger)
    assert list(first) == list(COLUMNS)
    assert (first["entry"], first["output"], first["format"]) == (1, "STUDY-0001.svs", "Aperio SVS")
    assert [first[name] for name in KEPT] == list(KEPT.values())
    assert isinstance(first["when"], datetime)
    assert (first["result"], third["result"]) == ("clean", "NOT clean")
    assert (first["pictures"], first["fields"]) == ("label", "user, 1 unknown")
    assert (first["left"], third["left"], fourth["left"]) == ("", "kept: macro; left: a.b", "1 thing")
    assert first["medium"] == "the original still holds everything"


@pytest.mark.parametrize("odd", [None, "x", [], [5], [{}], [{"id": 5, "action": "X"}]])
def test_odd_findings_are_no_reason_to_fail(odd: object) -> None:
    assert all(isinstance(text, str) for text in removed_words(odd))


def test_an_entry_of_another_version_is_shown_as_far_as_it_is_known(tmp_path: Path) -> None:
    (row,) = table(write_chain(tmp_path / "l.jsonl", 1, {"format": "of-tomorrow", "content": "sparkling", "kept": 5}))
    assert (row["format"], row["result"], row["block"]) == ("of-tomorrow", "sparkling", "")


def test_filters(ledger: Ledger) -> None:
    def numbers(**wanted: Any) -> list[int]:
        return [row["entry"] for row in table(ledger, Wanted(**wanted))]

    assert numbers(not_clean=True) == [3, 4]
    assert numbers(requester='BÜCHEREI, "SÜD"; X') == [1, 2]
    assert numbers(name="study-0001") == [1, 2]
    assert numbers(name="x", pseudonym=entry(3)["slide"]) == [3]
    assert numbers(name=str(entry(2)["slide"])) == [2]
    assert numbers(since=datetime(2020, 1, 1, tzinfo=UTC)) == [1, 2, 3, 4]
    assert numbers(since=datetime(2999, 1, 1, tzinfo=UTC)) == []


def test_csv_is_what_excel_opens(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    assert write(path, table(ledger)) == 4
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 5
    found = read_csv(path)
    assert found[0]["requester"] == 'Bücherei, "Süd"; x'
    assert found[0]["specimen"] == "0012"
    assert found[2]["output name"] == "'" + FORMULA
    assert found[3]["requester"] == "'-2+3"
    assert datetime.strptime(found[0]["when (UTC)"], "%Y-%m-%d %H:%M:%S").year > 2000


def test_json_holds_the_same(ledger: Ledger, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    write(path, table(ledger))
    found = json.loads(path.read_text("ascii"))["entries"]
    assert [each["entry"] for each in found] == [1, 2, 3, 4]
    assert found[2]["output"] == FORMULA
    write(path, [])
    assert json.loads(path.read_text("ascii")) == {"entries": []}


def test_xlsx_holds_times_as_times_and_texts_as_texts(ledger: Ledger, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")
    calamine = pytest.importorskip("python_calamine", reason="python-calamine is not installed")
    path = tmp_path / "t.xlsx"
    write(path, table(ledger))
    found = calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    head, *cells = found
    assert head == list(COLUMNS.values())
    by_name = [dict(zip(head, row, strict=True)) for row in cells]
    assert isinstance(by_name[0]["when (UTC)"], datetime)
    assert by_name[0]["specimen"] == "0012"
    assert by_name[2]["output name"] == FORMULA
    assert by_name[3]["requester"] == "-2+3"


def test_more_rows_than_a_sheet_has_go_on_to_the_next(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")
    calamine = pytest.importorskip("python_calamine", reason="python-calamine is not installed")
    monkeypatch.setattr(ledger_export, "_SHEET_ROWS", 3)
    path = tmp_path / "t.xlsx"
    assert write(path, table(ledger)) == 4
    book = calamine.CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["Ledger", "Ledger 2"]
    assert [len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names] == [4, 2]


@pytest.mark.slow  # LibreOffice takes five seconds to start
def test_libreoffice_opens_both(ledger: Ledger, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")
    out = tmp_path / "out"
    for suffix in ("csv", "xlsx"):
        write(tmp_path / f"t_{suffix}.{suffix}", table(ledger))
    command = [office, f"-env:UserInstallation=file://{tmp_path}/office", "--headless"]
    command += ["--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", str(out)]
    for suffix, more in (("xlsx", []), ("csv", ["--infilter=CSV:44,34,76"])):  # else it asks, and nobody is there
        file = str(tmp_path / f"t_{suffix}.{suffix}")
        done = subprocess.run([*command, *more, file], capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
    for suffix, guard in (("csv", "'"), ("xlsx", "")):
        first, _, third, _ = read_csv(out / f"t_{suffix}.csv")
        assert first["requester"] == 'Bücherei, "Süd"; x'
        assert third["output name"] == guard + FORMULA
        assert first["output name"] == "STUDY-0001.svs"
        assert third["result"] == "NOT clean"


def test_old_names_are_for_their_owner_alone(tmp_path: Path) -> None:
    for suffix in ("csv", "xlsx", "json"):
        path = tmp_path / f"t.{suffix}"
        write(path, [{"entry": 1, "old": "S19-1234 Roe.svs"}], with_names=True)
        if os.name == "posix":
            assert path.stat().st_mode & 0o077 == 0


def test_old_names_go_through_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xlsxwriter", reason="XlsxWriter is not installed")
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    write(tmp_path / "t.xlsx", [{"entry": 1, "old": "S19-1234 Roe.svs"}], with_names=True)
    assert [path.name for path in tmp_path.iterdir()] == ["t.xlsx"]


@pytest.mark.parametrize("name", ["t.pdf", "t", "slide.svs", "absent/t.csv", "folder.csv"])
def test_a_table_that_cannot_be_is_refused_first(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BlankslideError):
        check(tmp_path / name)


def test_what_xlsx_needs_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        check(tmp_path / "t.xlsx")
    assert "blankslide[tables]" in caught.value.sentence()


def test_a_table_that_breaks_off_leaves_the_old_one(tmp_path: Path, ledger: Ledger) -> None:
    def broken() -> Any:
        yield from table(ledger)
        raise OSError(28, "No space left on device")

    for suffix in ("csv", "xlsx", "json"):
        path = tmp_path / f"t.{suffix}"
        path.write_text("old")
        with pytest.raises(BlankslideError, match="disk is full"):
            write(path, broken())
        assert path.read_text() == "old"
    assert not list(tmp_path.glob(".*.tmp"))
