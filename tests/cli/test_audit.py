"""`audit` says what is left in slides, whoever has been over them, and changes nothing."""

from __future__ import annotations

import csv
import errno
import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.cli import main
from blankslide.storage.volume import DiskVolume
from blankslide.testing import built
from blankslide.testing.faults import FaultyVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "Thimblewick"


@pytest.fixture
def ended(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(each) for each in arguments])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return run


@pytest.fixture
def archive(make: Callable[..., Any], tmp_path: Path, ended: Any) -> Path:
    """A folder with a slide that was never edited, a clean one, one that kept its macro, and a damaged one."""
    for name in ("a/slide-1.svs", "a/slide-2.svs", "b/slide-3.svs"):
        make(name)
    assert ended("anonymize", "--in-place", "--ledger", "none", tmp_path / "b" / "slide-3.svs")[0] == 0
    half = tmp_path / "a" / "slide-2.svs"
    assert ended("anonymize", "--in-place", "--keep", "macro", "--ledger", "none", half)[0] == 1
    slide = (tmp_path / "a" / "slide-1.svs").read_bytes()
    (tmp_path / "b" / "slide-4.svs").write_bytes(slide[:4] + b"\xff\xff\xff\x7f" + slide[8:])
    (tmp_path / "notes.doc").write_text("no slide")
    return tmp_path


def test_each_slide_has_its_line_and_all_have_a_sum(archive: Path, ended: Any) -> None:
    before = {path: path.read_bytes() for path in archive.rglob("*.svs")}
    code, told, errors = ended("audit", archive)
    lines = {line.split(" · ")[0]: line for line in told.splitlines() if " · " in line}
    assert code == 1
    assert "Label picture; Macro picture; " in lines["slide-1.svs"]
    assert "fields (" in lines["slide-1.svs"]
    assert "left: Macro picture" in lines["slide-2.svs"]
    assert "Label" not in lines["slide-2.svs"]
    assert "nothing left that can be found – checked by OpenSlide, tifffile" in lines["slide-3.svs"]
    assert "4 slides: 2 with something left, 1 with nothing left, 1 refused" in told
    assert "     2 with image" in told
    assert "slide-4.svs · " in errors
    assert "1 other file was left alone" in errors
    assert NAME not in told + errors
    assert {path: path.read_bytes() for path in archive.rglob("*.svs")} == before


def test_of_a_damaged_slide_it_tells_how_much_can_be_read(archive: Path, ended: Any) -> None:
    """A tool that destroys a slide may leave all in it: that nobody can open it says nothing."""
    code, told, errors = ended("audit", archive / "b" / "slide-4.svs")
    assert (code, "1 refused" in told) == (1, True)
    assert " texts can be read in it that nothing explains" in errors
    (archive / "b" / "slide-4.svs").write_bytes(b"II*\0" + bytes(300))
    code, told, errors = ended("audit", archive / "b" / "slide-4.svs")
    assert (code, "can be read" in errors) == (3, False)


def test_of_a_damaged_set_all_its_files_are_read(tmp_path: Path, ended: Any) -> None:
    """Only the folder of a MIRAX slide says who it is: its main file is a picture."""
    built.builders()["mirax.mrxs"](tmp_path / "one.mrxs")
    index = tmp_path / "one" / "Index.dat"
    index.write_bytes(index.read_bytes()[:40])
    for named in (tmp_path / "one.mrxs", tmp_path / "one", tmp_path):
        code, told, errors = ended("audit", named)
        assert (code, "1 refused" in told, " texts and 10 pictures can be read in it" in errors) == (1, True, True)
    for file in (tmp_path / "one").iterdir():
        file.write_bytes(bytes(99))
    code, _, errors = ended("audit", tmp_path / "one.mrxs")
    assert (code, "can be read" in errors) == (3, False)


def test_nothing_left_is_exit_zero(archive: Path, ended: Any) -> None:
    assert ended("audit", archive / "b" / "slide-3.svs")[0] == 0


def test_a_name_that_identifies_and_files_beside_count(archive: Path, ended: Any) -> None:
    done = archive / "b" / "slide-3.svs"
    done.with_suffix(".xml").write_text("<Annotations/>")
    code, told, _ = ended("audit", done)
    assert (code, "left as they are beside it: slide-3.xml" in told) == (1, True)
    done.with_suffix(".xml").unlink()
    done.rename(done.with_name("Mustermann, Erika 1962-04-01.svs"))
    code, told, _ = ended("audit", archive / "b")
    assert (code, "the file name itself may identify" in told) == (1, True)


def test_an_interrupted_run_is_told(archive: Path, ended: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from blankslide.storage import transaction

    slide = archive / "a" / "slide-1.svs"
    with monkeypatch.context() as patch:
        patch.setattr(transaction, "DiskVolume", lambda: FaultyVolume(DiskVolume(), 12, errno.EIO))
        assert ended("anonymize", "--in-place", "--ledger", "none", slide)[0] == 5
    file = archive / "audit.csv"
    code, told, _ = ended("audit", "--report", file, slide)
    assert (code, "interrupted – run recover" in told) == (5, True)
    assert "1 slide: 0 with something left, 0 with nothing left, 1 refused" in told, "nobody has looked into it"
    (row,) = list(csv.DictReader(file.read_text("utf-8").splitlines()))
    assert (row["result"], "run: blankslide recover" in row["why refused"]) == ("refused", True)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".html"])
def test_the_file_says_the_same_and_no_value(archive: Path, ended: Any, suffix: str) -> None:
    (archive / "a" / "slide-1.svs").rename(archive / "a" / f"{NAME} S20-1234.svs")
    file = archive / f"audit{suffix}"
    assert ended("audit", "--report", file, archive / "a", archive / "b")[0] == 1
    text = file.read_text("utf-8")
    assert NAME not in text
    assert "(name withheld)" in text
    assert "slide-3.svs" in text
    assert "Macro picture" in text
    ended("audit", "--report", file, "--with-names", archive / "a")
    assert NAME in file.read_text("utf-8"), "the site asked for names"


def test_the_table_has_a_row_for_each_thing_left(archive: Path, ended: Any) -> None:
    file = archive / "audit.csv"
    ended("audit", "--report", file, archive / "a" / "slide-2.svs", archive / "b")
    rows = list(csv.DictReader(StringIO(file.read_text("utf-8"))))
    assert [(row["slide"], row["what is left"]) for row in rows if row["class"] == "image"] == [
        ("slide-2.svs", "Macro picture")
    ]
    assert [row["result"] for row in rows if row["slide"] == "slide-3.svs"] == ["nothing left"]
    assert [bool(row["why refused"]) for row in rows if row["slide"] == "slide-4.svs"] == [True]


def test_json_has_the_contracts_slides_and_the_sum(archive: Path, ended: Any) -> None:
    code, told, _ = ended("audit", "--json", archive)
    said = json.loads(told)
    assert code == 1
    assert {"path", "format", "content", "medium", "name", "findings", "error"} <= set(said["slides"][0])
    total = said["sum"]
    assert (total["slides"], total["something_left"], total["nothing_left"], total["refused"]) == (4, 2, 1, 1)
    assert total["formats"]["Aperio SVS"] == {"something_left": 2, "nothing_left": 1}
    assert {"id": "picture.macro", "class": "image", "what": "Macro picture", "slides": 2} in total["things"]


def test_a_file_that_cannot_be_written_ends_it_before_a_slide_is_looked_at(archive: Path, ended: Any) -> None:
    code, told, errors = ended("audit", "--report", archive / "audit.doc", archive)
    assert (code, told) == (2, "")
    assert "must end in .html, .json, .csv or .xlsx" in errors


def test_each_format_is_audited_before_and_after(tmp_path: Path, ended: Any) -> None:
    for name, file in (("zeiss-raw.czi", "x.czi"), ("philips-isyntax.isyntax", "y.isyntax")):
        built.builders()[name](tmp_path / file)
    assert "2 with something left" in ended("audit", tmp_path)[1]
    assert ended("anonymize", "--in-place", "--ledger", "none", tmp_path)[0] == 0
    code, told, _ = ended("audit", tmp_path)
    assert (code, "2 with nothing left" in told) == (0, True)
