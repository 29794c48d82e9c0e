"""The list of slides that faces show, and runs over slides of it: planned, asked about, done, tried again."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from blankslide import api
from blankslide.batch import Done
from blankslide.errors import UsageError
from blankslide.review.bulk import BulkRun, Choices
from blankslide.review.slide_list import SlideList
from blankslide.testing.built import build_aperio, builders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two slides of two formats in two folders, a broken one, and a file that is none."""
    root = tmp_path / "in"
    (root / "deep").mkdir(parents=True)
    build_aperio(root / "a.svs", size=(512, 384), factors=(1, 2))
    builders()["ventana-plain.tif"](root / "deep" / "b.tif")
    (root / "c.svs").write_bytes(b"II*\0 broken")
    (root / "notes.txt").write_text("no slide")
    return root


def looked(folder: Path, jobs: int = 1) -> SlideList:
    made = SlideList([folder], api.options(ledger="none", looks=True), jobs)
    made.look(made.take)
    return made


def run(slides: SlideList, choices: Choices, ledger: Path) -> tuple[BulkRun, list[Done]]:
    done: list[Done] = []

    def told(event: object) -> None:
        slides.take(event)  # type: ignore[arg-type]
        if isinstance(event, Done):
            done.append(event)

    with BulkRun(slides.paths, api.options(ledger=ledger), choices, told) as made:
        made.plan()
        made.go()
    return made, done


def test_a_row_says_what_is_in_a_slide_and_shows_its_tissue(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    rows = {row.name: row for row in looked(folder).rows}
    assert list(rows) == ["a.svs", "c.svs", os.path.join("deep", "b.tif")]
    first, broken, third = rows.values()
    assert (first.state, first.title, first.mark) == ("to do", "Aperio SVS", "●")
    assert first.findings.startswith("2 pictures and ")
    assert first.picture is not None
    assert first.picture.shape[2] == 3
    assert max(first.picture.shape) <= 96
    assert (third.state, third.title) == ("to do", "Ventana BIF")
    assert broken.state == "refused"
    assert "nothing was changed" in broken.told
    assert broken.picture is None
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_thumbnail_that_shows_the_label_is_not_in_the_list(tmp_path: Path) -> None:
    """MIRAX calls a photograph of the whole glass its thumbnail; what is shown instead is the coarsest level."""
    import numpy as np

    from blankslide.review.looking import PICTURE
    from blankslide.viewing import open_pyramid
    from blankslide.viewing.picture import small

    (tmp_path / "in").mkdir()
    builders()["mirax.mrxs"](tmp_path / "in" / "mirax.mrxs")
    (row,) = looked(tmp_path / "in").rows
    with open_pyramid(tmp_path / "in" / "mirax.mrxs") as pyramid:
        thumbnail, tissue = (small(each, *PICTURE) for each in (pyramid.pictures["thumbnail"], pyramid.levels[-1]))
    assert row.picture is not None
    assert np.array_equal(row.picture, tissue)
    assert not np.array_equal(row.picture, thumbnail)


def test_rows_are_narrowed_by_words_and_by_states(folder: Path) -> None:
    slides = looked(folder)
    assert [row.name for row in slides.shown("APERIO")] == ["a.svs"]
    assert [row.name for row in slides.shown(show="needs a look")] == ["c.svs"]
    assert len(slides.shown(show="to do")) == 2
    assert slides.shown("b.tif", "done") == []
    assert slides.headline() == "3 slides · 2 to do · 1 refused"


def test_a_run_is_asked_about_before_it_begins_and_done_then(folder: Path, tmp_path: Path) -> None:
    slides, ledger = looked(folder), tmp_path / "ledger.jsonl"
    before = (folder / "a.svs").read_bytes()
    with BulkRun(slides.paths, api.options(ledger=ledger), Choices(jobs=1), slides.take) as waiting:
        with pytest.raises(UsageError, match="asked about"):
            waiting.go()
        question = waiting.plan()
    assert question.warning == "This overwrites 2 slides themselves. There is no way back."
    assert question.lines[0].startswith("3 slides, 2 formats · 1 cannot be done")
    assert len(question.reasons) == 1
    assert (folder / "a.svs").read_bytes() == before
    assert not ledger.exists()
    made, done = run(slides, Choices(jobs=1), ledger)
    assert [event.outcome.content for event in sorted(done, key=lambda event: event.number)] == [
        "clean",
        "untouched",
        "clean",
    ]
    assert [row.word for row in slides.rows] == ["clean", "refused", "clean"]
    assert "checked by" in slides.rows[0].told
    assert made.closing().startswith("2 clean · 1 refused: ")
    assert len(ledger.read_text().splitlines()) == 2
    assert [row.state for row in looked(folder).rows] == ["nothing to do", "refused", "nothing to do"]


def test_clean_bytes_under_a_name_that_strict_does_not_accept_need_a_look(folder: Path, tmp_path: Path) -> None:
    (folder / "a.svs").rename(folder / "S19-12345.svs")
    slides = looked(folder)
    with BulkRun([folder], api.options("strict", ledger=tmp_path / "l.jsonl"), Choices(), slides.take) as made:
        made.plan()
        summary = made.go()
    row = next(row for row in slides.rows if row.name == "S19-12345.svs")
    assert summary.exit_code == 1
    assert (row.state, row.mark, row.word) == ("not as asked", "!", "clean, but not as asked")
    assert "the file name itself may identify" in row.told
    assert row in slides.shown(show="needs a look")
    assert row not in slides.shown(show="done")


def test_only_chosen_slides_are_copied_into_the_folders_that_all_would_have(folder: Path, tmp_path: Path) -> None:
    slides, out = looked(folder), tmp_path / "out"
    out.mkdir()
    only = slides.paths_of(slides.shown("b.tif"))
    _, done = run(slides, Choices(out, "STUDY-{n:02}", only, jobs=0), tmp_path / "ledger.jsonl")
    assert len(done) == 1
    assert [str(path.relative_to(out)) for path in out.rglob("*.tif")] == [os.path.join("deep", "STUDY-03.tif")]
    assert [row.word for row in slides.rows] == ["to do", "refused", "copy clean"]
    assert "the original still holds everything" in slides.rows[2].told


def test_what_could_not_be_done_is_tried_again(folder: Path, tmp_path: Path) -> None:
    slides = looked(folder)
    shutil.copyfile(folder / "a.svs", folder / "c.svs")
    again = slides.paths_of([row for row in slides.rows if row.is_to_be_tried_again])
    assert again == {folder / "c.svs"}
    run(slides, Choices(only=again, jobs=0), tmp_path / "ledger.jsonl")
    assert [row.word for row in slides.rows] == ["to do", "clean", "to do"]


def test_a_stopped_run_says_which_slides_were_not_begun(folder: Path, tmp_path: Path) -> None:
    slides, stop = looked(folder), []
    options = api.options(ledger=tmp_path / "ledger.jsonl")
    with BulkRun(slides.paths, options, Choices(jobs=0), slides.take, lambda: bool(stop)) as made:
        made.plan()
        stop.append(True)
        summary = made.go()
    assert summary.stopped
    assert [row.word for row in slides.rows] == ["not begun", "refused", "not begun"]
    assert all(row.is_to_be_tried_again for row in slides.rows)


def test_a_look_ends_when_it_is_stopped(folder: Path) -> None:
    slides = SlideList([folder], api.options(ledger="none", looks=True), 1)
    slides.look(slides.take, lambda: True)
    assert all(row.state == "found" for row in slides.rows)
