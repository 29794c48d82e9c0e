"""The cards for a folder, a spot-check and the ledger, moved by code; slides, verdicts and entries are real."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anywidget", reason="anywidget is not installed: the notebook face needs blankslide[jupyter]")

import ipywidgets as W

from blankslide import api
from blankslide.errors import EnvironmentProblem, UsageError
from blankslide.jupyter import AuditLog, BatchReview, SpotCheck
from blankslide.testing.built import build_aperio

SMALL: dict[str, Any] = {"size": (512, 384), "factors": (1, 2)}
PATIENT = "Thimblewick, Percivus"


@pytest.fixture(autouse=True)
def no_widgets_from_elsewhere() -> Iterator[None]:
    W.Widget.close_all()
    yield
    W.Widget.close_all()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in ("one.svs", "S19-12345.svs"):
        build_aperio(folder / name, **SMALL)
    (folder / "broken.svs").write_bytes(b"II*\0" + bytes(60))
    return folder


def own(archive: Path) -> dict[str, Any]:
    return {"ledger": str(archive.parent / "ledger.jsonl"), "key": archive.parent / "site.key"}


def states() -> str:
    return str(W.Widget.get_manager_state(widgets=None)["state"])


def cleaned(archive: Path) -> None:
    api.anonymize_many(archive, in_place=True, jobs=0, **own(archive))


# -- a folder ----------------------------------------------------------------------------------


def test_a_folder_is_listed_planned_asked_about_and_done(archive: Path) -> None:
    batch = BatchReview(archive, jobs=0, **own(archive))
    assert "3 slides · 2 to do · 1 refused" in batch._sheet.words()
    assert "the TIFF file has no directory" in batch._sheet.words()
    before = {path: path.read_bytes() for path in archive.iterdir()}
    batch.go.click()
    assert batch.go.disabled, "nothing was planned"
    batch.plan.click()
    assert "This overwrites 2 slides themselves. There is no way back." in batch._sheet.words()
    batch.go.click()
    assert {path: path.read_bytes() for path in archive.iterdir()} == before, "and nobody said yes"
    batch.confirm.value = True
    batch.name.value = "{pseudonym}"
    assert not batch.confirm.value, "another wish needs another plan"
    assert batch.go.disabled
    batch.name.value = ""
    batch.plan.click()
    batch.confirm.value = True
    batch.report.value = str(archive.parent / "report.html")
    batch.go.click()
    assert "2 clean · 1 refused" in batch._sheet.words()
    assert api.verify(archive / "one.svs").content == "clean"
    assert (archive.parent / "report.html").exists()
    batch.filter.value = "one.svs"
    assert len(batch._table.rows) == 1
    batch.filter.value = ""
    batch.show.value = "needs a look"
    assert len(batch._table.rows) == 1
    assert "S19-12345" not in states()
    batch.finish()
    assert "S19-12345" not in batch._sheet.still
    assert "Aperio SVS" in batch._sheet.still


def test_clean_is_said_of_a_folder_only_when_its_slides_were_judged(archive: Path) -> None:
    (archive / "broken.svs").unlink()
    cleaned(archive)
    batch = BatchReview(archive, jobs=0, **own(archive))
    assert "2 slides · 2 nothing to do" in batch._sheet.words()
    assert "○ nothing to do" in batch._sheet.words()
    assert "✓ clean" not in batch._sheet.words(), "it was only looked at"
    for row in batch.slides.rows:
        row.state = "found"
    batch._draw()
    assert "… not all were looked at" in batch._sheet.words()
    assert "✓ clean" not in batch._sheet.words()
    batch.finish()


def test_copies_go_where_they_are_wanted_and_a_folder_must_be_named(archive: Path) -> None:
    batch = BatchReview(archive, jobs=0, **own(archive))
    before = (archive / "one.svs").read_bytes()
    batch.mode.value = "copy"
    batch.plan.click()
    assert "a copy needs a folder to go to" in batch._sheet.words()
    batch.folder.value = str(archive.parent / "clean")
    batch.plan.click()
    assert "This writes 2 copies to clean." in batch._sheet.words()
    batch.confirm.value = True
    batch.go.click()
    assert (archive / "one.svs").read_bytes() == before
    assert len(list((archive.parent / "clean").glob("*.svs"))) == 2
    batch.finish()


def test_a_profile_that_went_away_is_not_the_one_that_is_shown(archive: Path) -> None:
    """What the card names is what a run would take; why it is not the other is said in the card, not in a log."""
    (archive / "broken.svs").unlink()
    profile = archive.parent / "own.toml"
    profile.write_text('name = "own"\nbase = "research"\n')
    batch = BatchReview(archive, profile, jobs=0, **own(archive))
    batch.profile.value = "strict"
    profile.unlink()
    batch.profile.hear({"do": "set", "value": 0})
    assert "own.toml cannot be read" in batch._sheet.words()
    assert batch.profile.chosen_words == "strict"
    assert batch.options.resolved().name == "strict"
    (archive.parent / "site.key").unlink(missing_ok=True)
    (archive.parent / "site.key").write_bytes(b"short")
    batch._table.hear({"do": "row", "row": batch._table.rows[0]["id"]})
    assert "site.key" in batch._sheet.words()
    batch.finish()


def test_one_slide_of_the_list_is_reviewed_inside_the_card(archive: Path) -> None:
    batch = BatchReview(archive, jobs=0, **own(archive))
    row = next(row for row in batch._table.rows if row["cells"][1]["text"] == "one.svs")
    batch._table.hear({"do": "row", "row": row["id"]})
    assert "one.svs · Aperio SVS · 2 pictures and 23 fields can identify the patient" in batch._sheet.words()
    inner = batch._review
    assert inner is not None
    inner._card.controls.dry_run.value, inner._card.controls.confirm.value = False, True
    inner._card.controls.go.click()
    assert "✓ clean" in batch._sheet.words()
    batch.look()
    assert batch._review is None
    assert "3 slides · 1 to do · 1 nothing to do · 1 refused" in batch._sheet.words()
    batch.finish()


def test_a_run_can_be_stopped_and_the_loop_answers_meanwhile(archive: Path) -> None:
    for number in range(4):
        build_aperio(archive / f"more-{number}.svs", **SMALL)

    async def scene() -> tuple[BatchReview, float]:
        batch = BatchReview(archive, jobs=1, **own(archive))
        await batch.idle()
        batch.plan.click()
        await batch.idle()
        batch.confirm.value = True
        batch.go.click()
        longest, stopped = 0.0, False
        while batch._worker.busy:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            longest = max(longest, time.perf_counter() - began - 0.005)
            if not stopped and any(row.state == "clean" for row in batch.slides.rows):
                batch.cancel.click()
                stopped = True
        await batch.idle()
        return batch, longest

    batch, longest = asyncio.run(scene())
    words = [row.state for row in batch.slides.rows]
    assert "clean" in words
    assert "waiting" in words, "what was not begun is told"
    assert longest < 0.2, f"the loop was held up for {longest * 1000:.0f} ms"
    assert "stopped: " in batch._sheet.words()
    batch.finish()


# -- a spot-check ------------------------------------------------------------------------------


def test_a_planted_failure_is_seen_judged_signed_and_reported(archive: Path) -> None:
    (archive / "broken.svs").unlink()
    cleaned(archive)
    build_aperio(archive / "late.svs", **SMALL)
    record, report = archive.parent / "record.json", archive.parent / "spot.json"
    spot = SpotCheck(archive, "A. Reviewer", record=record, seed=7, **own(archive))
    assert "3 slides · sample of 3 (seed 7)" in spot._sheet.words()
    assert spot.sign.disabled
    at = spot._position
    spot._key("ArrowRight")
    assert spot._position == (at + 1) % 3
    spot._key("ArrowLeft")
    assert next(item["key"] for item in spot._corners.items) == "corner top left"
    while not spot.check.is_complete:
        page = spot.page
        assert page is not None
        if not page.clean:
            assert PATIENT in spot._sheet.words()
            spot.note.value = "a label is there"
        spot._key("p" if page.clean else "F")
    assert PATIENT not in states()
    assert "1 of 3 failed of 3 slides" in spot._sheet.words()
    assert not spot.sign.disabled
    spot.report.value = str(report)
    spot.sign.click()
    assert "signed by A. Reviewer · ledger entry 3" in spot._sheet.words()
    assert json.loads(report.read_text())["failed"] == 1
    assert spot.sign.disabled
    spot.finish()
    assert "1 of 3 failed" in spot._sheet.still
    assert "late.svs" not in spot._sheet.still
    assert "A. Reviewer" not in spot._sheet.still


def test_a_sample_is_drawn_from_a_ledger(archive: Path) -> None:
    cleaned(archive)
    build_aperio(archive / "late.svs", **SMALL)
    book = own(archive)["ledger"]
    spot = SpotCheck(book, "A. Reviewer", folder=archive, key=own(archive)["key"])
    assert spot.check.of == 2, "the broken one and the one that came late are not of the ledger"
    assert "the sample says nothing of: 2 here" in spot._sheet.words()
    spot.finish()
    (archive.parent / "empty").mkdir()
    with pytest.raises(UsageError, match="no slide to draw from"):
        SpotCheck(archive.parent / "empty", "A. Reviewer", ledger="none")


def test_enlarged_tissue_follows_the_slide_that_is_shown(archive: Path) -> None:
    (archive / "broken.svs").unlink()
    spot = SpotCheck(archive, "A. Reviewer", ledger="none")
    spot._pictures.hear({"do": "enlarge", "value": "label"})
    assert spot._closeup.part.shown
    spot._key("ArrowRight")
    assert not spot._closeup.part.shown
    spot.finish()


# -- the ledger --------------------------------------------------------------------------------


def test_the_ledger_is_searched_checked_and_exported(archive: Path) -> None:
    cleaned(archive)
    book = Path(own(archive)["ledger"])
    audit = AuditLog(**own(archive))
    assert "ledger.jsonl · 2 entries" in audit._sheet.words()
    audit.name.value = "one.svs"
    assert len(audit._table.rows) == 1
    audit.name.value = "S19-12345.svs"
    assert len(audit._table.rows) == 1, "found by its old name, through the key"
    audit.name.value = ""
    audit.since.value = "yesterday"
    assert "the first day is no day" in audit._sheet.words()
    audit.since.value = "2100-01-01"
    assert audit._table.rows == []
    audit.since.value = ""
    audit.check.click()
    assert "2 entries, whole" in audit._sheet.words()
    assert "✓ whole" in audit._sheet.words()
    audit.export.click()
    assert "needs a file to go to" in audit._sheet.words()
    audit.file.value = str(archive.parent / "table.csv")
    audit.export.click()
    assert (archive.parent / "table.csv").read_text().count("\n") == 3
    lines = book.read_bytes().splitlines(keepends=True)
    book.write_bytes(lines[0].replace(b'"clean"', b'"cleam"') + b"".join(lines[1:]))
    audit.again.click()
    audit.check.click()
    assert "✗ NOT whole" in audit._sheet.words()
    audit.finish()
    assert "one.svs" not in audit._sheet.still


def test_how_the_mirror_stands_is_said(archive: Path) -> None:
    pytest.importorskip("sqlalchemy")
    cleaned(archive)
    mirror = f"{own(archive)['ledger']},sqlite:///{archive.parent / 'mirror.db'}"
    audit = AuditLog(mirror, key=own(archive)["key"])
    audit.check.click()
    assert "mirror in" in audit._sheet.words()
    assert "behind by 2 entries" in audit._sheet.words() or "✗ NOT whole" in audit._sheet.words()
    audit.finish()


def test_a_ledger_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="there is no such ledger"):
        AuditLog(tmp_path / "no.jsonl")
    with pytest.raises(UsageError, match="no ledger called none"):
        AuditLog("none")


def test_a_mistake_of_ours_is_told_without_its_message(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise LookupError(PATIENT)

    monkeypatch.setattr("blankslide.jupyter.spot_check.page_of", broken)
    spot = SpotCheck(archive, "A. Reviewer", ledger="none")
    assert "our own mistake (LookupError)" in spot._sheet.words()
    assert PATIENT not in spot._sheet.words()
    spot.finish()


def test_a_ledger_that_went_away_is_not_whole(archive: Path) -> None:
    """What an earlier check said, and the entries that stood there, are not shown of a file that is not there."""
    cleaned(archive)
    audit = AuditLog(archive.parent / "ledger.jsonl", archive.parent / "site.key")
    audit.check.click()
    assert "✓ whole" in audit._sheet.words()
    assert audit._table.rows
    (archive.parent / "ledger.jsonl").rename(archive.parent / "elsewhere")
    audit.check.click()
    assert "whole" not in audit._sheet.words()
    assert "its file does not exist" in audit._sheet.words()
    assert not audit._table.rows
    (archive.parent / "ledger.jsonl").mkdir()
    audit.check.click()
    assert "whole" not in audit._sheet.words()
    audit.finish()
