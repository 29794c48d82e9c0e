"""Tables that LibreOffice has written: forty slides are renamed by one, and what is wrong is told before a slide is.

It makes numbers and dates of what looks like them, as every spreadsheet does; each kind of file is made in one call.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import blankslide
from blankslide.batch.name_table import NO_ROW, NameTable, read_table
from blankslide.batch.queue import Task
from blankslide.errors import UsageError
from blankslide.samples import builders

Put = Callable[..., Path]

CP1252 = "csv:Text - txt - csv (StarCalc):59,34,1"
ODD = ("M\u00fcller, Gr\u00f6\u00dfe 1", "0012", "2024-05-03", "a; b", "00007", "4711", "\u00c5ngstr\u00f6m \u20ac 3")
PLAIN = tuple(f"S24-{1000 + i}" for i in range(29))
OTHERS = ("Pr\u00e4parat 1.mrxs", "mirax 2.mrxs", "series \u00e4", "series 0815")
SLIDES = (*(f"{name}.ndpi" for name in (*ODD, *PLAIN)), *OTHERS)
NEW = {name: f"STUDY-{i:03}" for i, name in enumerate(SLIDES)}
ROWS = [[name.removesuffix(".ndpi"), new, "remark"] for name, new in NEW.items()]
TABLES = {
    "names": ROWS,
    "twice": [*ROWS[:-1], [ROWS[-1][0], ROWS[0][1].lower() + ".NDPI", ""]],
    "missing": ROWS[1:],
    "rounded": [*ROWS, ["12345678901234567890", "x", ""]],
}


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the tables as LibreOffice writes them: ``names.xlsx``, ``names.ods`` … and CSV."""
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    pytest.importorskip("python_calamine", reason="the extra `tables` is not installed")
    folder = tmp_path_factory.mktemp("tables")
    (folder / "typed").mkdir()
    for name, rows in TABLES.items():
        with (folder / "typed" / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["old", "new", "remark"], *rows])
    typed = sorted(map(str, (folder / "typed").iterdir()))
    office = ("soffice", f"-env:UserInstallation={(folder / 'office').as_uri()}", "--headless")
    for kind in ("xlsx", "ods", CP1252):
        wanted = ("--infilter=Text - txt - csv (StarCalc):44,34,76", "--convert-to", kind, "--outdir", str(folder))
        done = subprocess.run([*office, *wanted, *typed], capture_output=True, timeout=300)
        if not (folder / f"names.{kind.partition(':')[0]}").exists():
            pytest.skip(f"LibreOffice writes no {kind} here: {done.stderr.decode(errors='replace')[-200:]}")
    return folder


@pytest.fixture
def archive(put: Put, tmp_path: Path) -> Path:
    """Return a folder with forty slides, of which two are of MRXS and two of DICOM."""
    root = tmp_path / "archive"
    for i, name in enumerate((*ODD, *PLAIN)):
        put("small.ndpi", root / f"box {i % 4}", f"{name}.ndpi")
    for name in OTHERS[:2]:
        put("mirax.mrxs", root / "more")
        for suffix in (".mrxs", ""):
            os.rename(root / "more" / f"mirax{suffix}", root / "more" / (name.removesuffix(".mrxs") + suffix))
    (root / OTHERS[2]).mkdir()
    builders()["dicom-native.dcm"](root / OTHERS[2] / "s.dcm")
    shutil.copytree(root / OTHERS[2], root / OTHERS[3])
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def named(table: NameTable) -> dict[str, str | None]:
    tasks = [Task(i, Path("/archive", name)) for i, name in enumerate(SLIDES, 1)]
    return {task.path.name: task.refusal or task.name for task in table.named(tasks, None, False)}


def test_the_office_has_changed_what_was_typed(tables: Path) -> None:
    text = (tables / "names.csv").read_bytes().decode("cp1252")
    assert text.startswith("old;new;remark")
    assert "0012" not in text
    assert "M\u00fcller, Gr\u00f6\u00dfe 1;STUDY-000" in text


@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv"])
def test_every_slide_finds_its_row_in_each_kind_of_file(tables: Path, kind: str) -> None:
    table = read_table(tables / f"names.{kind}")
    assert named(table) == NEW
    assert not table.unused


@pytest.mark.slow
def test_forty_slides_are_renamed(tables: Path, archive: Path) -> None:
    outcomes = blankslide.anonymize_many(archive, in_place=True, names=tables / "names.xlsx", ledger="none", jobs=2)
    assert (len(outcomes), all(outcomes)) == (40, True), [o.reason for o in outcomes if not o]
    assert {o.target.partition(".")[0][:9] for o in outcomes} == set(NEW.values())
    left = {path.name.partition(".")[0] for path in archive.rglob("*.*") if path.suffix in (".ndpi", ".mrxs")}
    assert left == {new for name, new in NEW.items() if not name.startswith("series")}
    assert (archive / "more" / NEW[OTHERS[0]] / "Slidedat.ini").exists()
    again = blankslide.anonymize_many(archive, in_place=True, names=tables / "names.ods", ledger="none", jobs=2)
    assert not any(o.transaction for o in again)


@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv"])
def test_what_is_wrong_is_told_before_the_first_write(tables: Path, archive: Path, kind: str) -> None:
    before = contents(archive)
    with pytest.raises(UsageError, match="rows 2 and 41 of the table give the same new name"):
        blankslide.anonymize_many(archive, in_place=True, names=tables / f"twice.{kind}", ledger="none", jobs=0)
    if kind != "csv":  # what CSV has lost nobody can see
        with pytest.raises(UsageError, match="row 42 of the table has a number of more than 15 digits"):
            read_table(tables / f"rounded.{kind}")
    wanted = {"names": tables / f"missing.{kind}", "ledger": "none", "jobs": 0, "every": True}
    outcomes = blankslide.anonymize_many(archive / "box 0", in_place=True, **wanted)  # type: ignore[arg-type]
    assert [o.path.name for o in outcomes if NO_ROW in o.error] == [SLIDES[0]]
    assert not any(outcomes)
    assert contents(archive) == before
