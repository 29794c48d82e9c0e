"""The inventory of an archive: one row a slide, errors included, no values, no formulas."""

from __future__ import annotations

import csv
import os
from typing import TYPE_CHECKING

import pytest

from blankslide.cli import inspect
from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.pipeline import Options
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

    from copies.conftest import Slide


def inventory_of(folder: Path, table: Path, *paths: str, with_names: bool = False) -> tuple[int, list[dict[str, str]]]:
    given = paths or (str(folder),)
    request = inspect.Request(given, str(table), show_values=False, as_json=True, with_names=with_names)
    code = inspect.inspect(request, Options())
    with table.open(newline="", encoding="utf-8") as file:
        return code, list(csv.DictReader(file))


def test_one_row_a_slide_with_its_shape_and_counts(slide: Slide, tmp_path: Path) -> None:
    (slide.path.parent / "notes.txt").write_text("no slide")
    (slide.path.parent / "slide.xml").write_text("<a/>")
    code, (row,) = inventory_of(slide.path.parent, tmp_path / "i.csv")
    assert code == 0
    assert row["path"] == "slide.svs"
    shape = [row[k] for k in ("format", "levels", "width", "height", "mpp_x", "mpp_y", "objective", "name", "sidecars")]
    assert shape == ["aperio", "3", "512", "384", "0.499", "0.499", "20.0", "plain", "1"]
    assert row["image_findings"] == "3"
    assert int(row["direct_findings"]) >= 5
    assert row["error"] == ""


def test_a_damaged_slide_has_a_row_too(slide: Slide, tmp_path: Path) -> None:
    broken = slide.path.with_name("broken.svs")
    broken.write_bytes(slide.before.data[:-100])
    code, rows = inventory_of(slide.path.parent, tmp_path / "i.csv")
    assert code == 3
    assert [bool(r["error"]) for r in rows] == [True, False]
    assert rows[0]["levels"] == ""


def test_no_value_is_in_it(slide: Slide, tmp_path: Path) -> None:
    inventory_of(slide.path.parent, tmp_path / "i.csv")
    data = (tmp_path / "i.csv").read_bytes()
    assert [v for v in slide.before.values if len(v) >= 5 and places_of(v, data)] == []


@pytest.mark.parametrize("name", ["Doe_Jane.svs", "S19-12345.svs", "1957-03-04.svs", "broken Doe.svs"])
def test_names_and_folders_of_patients_are_not_in_it(slide: Slide, tmp_path: Path, name: str) -> None:
    folder = slide.path.parent / "Roe, Richard"
    folder.mkdir()
    slide.path.rename(folder / name)
    (slide.path.parent / "a.svs").write_bytes(slide.before.data)
    if name.startswith("broken"):
        (folder / name).write_bytes(slide.before.data[:-100])
    (folder / "slide 3.svs").write_bytes(slide.before.data)
    _, rows = inventory_of(slide.path.parent, tmp_path / "i.csv")
    assert sorted(r["path"] for r in rows) == ["slide 1 (name withheld)", "slide 2 (name withheld)", "slide 3.svs"]
    text = (tmp_path / "i.csv").read_text("utf-8")
    assert not any(part in text for part in ("Doe", "Roe", "Richard", "S19", "1957", str(tmp_path)))
    inventory_of(slide.path.parent, tmp_path / "i.csv", with_names=True)
    assert str(folder / name) in (tmp_path / "i.csv").read_text("utf-8").replace('""', '"')


@pytest.mark.parametrize("name", ["=cmd|calc.svs", "+1.svs", "-1.svs", "@sum.svs", "\tx.svs"])
def test_names_are_no_formulas(slide: Slide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    slide.path.rename(slide.path.with_name(name))
    monkeypatch.chdir(slide.path.parent)
    _, (row,) = inventory_of(slide.path.parent, tmp_path / "i.csv", name, with_names=True)
    assert row["path"] == f"'{name}"


def test_numbers_stay_numbers() -> None:
    assert inspect.guarded(-1.5) == -1.5
    assert inspect.guarded("1-2") == "1-2"


def test_odd_names_do_not_break_rows(slide: Slide, tmp_path: Path) -> None:
    odd = os.path.join(os.fsencode(slide.path.parent), b'a\n"\xff,b.svs')
    os.rename(slide.path, odd)
    code, rows = inventory_of(slide.path.parent, tmp_path / "i.csv", with_names=True)
    assert (code, len(rows)) == (0, 1)
    assert rows[0]["path"].endswith('a\n"\\xff,b.svs')


def test_only_csv_so_that_no_slide_is_overwritten(slide: Slide) -> None:
    with pytest.raises(UsageError):
        inventory_of(slide.path.parent, slide.path)
    assert slide.is_untouched()


def test_a_place_that_cannot_be_written_is_refused(slide: Slide, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem):
        inventory_of(slide.path.parent, tmp_path / "missing" / "i.csv")
