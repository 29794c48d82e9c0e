"""Whoever writes a profile has to name ids: each face shows those of all that can identify, in the same words."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import blankslide
from blankslide.model import Action, PhiClass
from blankslide.presentation import wording
from blankslide.session import Session
from blankslide.testing import built

if TYPE_CHECKING:
    from pathlib import Path

Run = Callable[..., Any]


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    built.aperio(tmp_path / "slide.svs", size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    return tmp_path / "slide.svs"


@pytest.fixture
def ids(slide: Path) -> list[str]:
    """Return the ids that go; keys of unknown fields are withheld where others read it."""
    return [d.id for d in blankslide.plan(slide).decisions if d.action is not Action.KEEP]


@pytest.fixture
def public(slide: Path) -> list[str]:
    return sorted({d.public_id for d in blankslide.plan(slide).decisions if d.action is not Action.KEEP})


def test_the_terminal(slide: Path, ids: list[str], run_here: Run) -> None:
    for command in (["inspect"], ["anonymize", "--dry-run"]):
        said = [line.split()[1] for line in run_here(*command, slide).out.splitlines() if line.startswith((" ●", " ?"))]
        assert sorted(said) == sorted(ids)
        rows = run_here(*command, "--json", slide).slides[0]["findings"]
        assert set(ids) == {row["id"] for row in rows if row["action"] != "K"}


@pytest.mark.parametrize("suffix", ["html", "json", "csv"])
def test_the_reports(slide: Path, public: list[str], run_here: Run, suffix: str) -> None:
    report = slide.with_name(f"report.{suffix}")
    assert run_here("anonymize", "--in-place", "--report", report, slide).code == 0
    text = report.read_text("utf-8")
    if suffix == "csv":
        (row,) = csv.DictReader(text.splitlines())
        assert (row["removed"].split(), row["kept"]) == (public, "")
    elif suffix == "json":
        rows = json.loads(text)["slides"][0]["findings"]
        assert sorted({row["id"] for row in rows if row["action"] != "keep"}) == public
    else:
        assert all(f"<code>{name}</code>" in text for name in public)


def test_a_report_names_what_is_kept_although_it_identifies(slide: Path, run_here: Run) -> None:
    report = slide.with_name("report.csv")
    assert run_here("anonymize", "--in-place", "--keep", "macro", "--report", report, slide).code == 1
    (row,) = csv.DictReader(report.read_text("utf-8").splitlines())
    assert row["kept"] == "picture.macro"
    assert "picture.macro" not in row["removed"].split()


def test_the_cards_of_notebooks(slide: Path, public: list[str]) -> None:
    cards = [blankslide.inspect(slide), blankslide.plan(slide), blankslide.anonymize(slide, in_place=True)]
    for card in cards:
        assert all(f">{name}</code>" in card._repr_html_() for name in public)


def test_the_review_of_notebooks(slide: Path, ids: list[str]) -> None:
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")
    from blankslide.jupyter.table import FindingsTable

    session = Session(slide)
    session.load()
    table = FindingsTable(lambda finding, keep: None)
    table.draw(session.rows(), enabled=True)
    tips = [cell.get("title") for row in table._table.rows for cell in row["cells"]]
    assert set(ids) <= set(tips)


def test_napari(slide: Path, ids: list[str], request: pytest.FixtureRequest) -> None:
    pytest.importorskip("qtpy", reason="Qt is not installed: the napari face needs blankslide[napari]")
    request.getfixturevalue("qapp")
    from blankslide._napari.dock_words import place_line
    from blankslide._napari.table import WHAT, FindingsTable

    session = Session(slide)
    session.load()
    rows = session.rows()
    table = FindingsTable()
    table.fill(rows, show_values=False)
    tips = [table.item(number, WHAT).toolTip() for number in range(table.rowCount())]
    assert set(ids) <= set(tips)
    assert all(row.id in place_line(row) for row in rows)


def test_words_of_classes_and_actions_are_the_same_everywhere(slide: Path, run_here: Run) -> None:
    """They are made in one place; a face that spelled one itself would show here."""
    decisions = blankslide.plan(slide).decisions
    words = {(wording.class_word(d.cls), wording.action_word(d)) for d in decisions if d.action is not Action.KEEP}
    table = run_here("inspect", slide).out
    session = Session(slide)
    session.load()
    report = slide.with_name("r.json")
    run_here("anonymize", "--in-place", "--report", report, slide)
    told = json.loads(report.read_text("utf-8"))["slides"][0]["findings"]
    assert {(row.kind, row.action) for row in session.rows() if row.sensitive} == words
    assert {(row["class"], row["action"]) for row in told if row["action"] != "keep"} == words
    lines = [line.split() for line in table.splitlines() if line.startswith((" ●", " ?"))]
    shown = {(" ".join(w for w in line if w in all_classes()), line[-1]) for line in lines}
    assert shown == {(cls, action.split()[-1]) for cls, action in words}


def all_classes() -> set[str]:
    return {wording.class_word(cls) for cls in PhiClass}
