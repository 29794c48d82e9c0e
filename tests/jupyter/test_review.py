"""The review without a browser: its widgets are moved by code, the slide is real."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")

import ipywidgets as W

from blankslide import api
from blankslide.errors import ProfileError
from blankslide.jupyter import SlideReview
from blankslide.model import Stage
from blankslide.session import MASK
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path


def states() -> str:
    """The state of every widget alive, as a saved notebook would hold it."""
    return str(W.Widget.get_manager_state(widgets=None)["state"])


@pytest.fixture(autouse=True)
def no_widgets_from_elsewhere() -> Iterator[None]:
    W.Widget.close_all()
    yield
    W.Widget.close_all()


@pytest.fixture
def review(built: Any) -> SlideReview:
    """A review outside of any loop, so that every step is done when the call returns."""
    folder = built.path.parent
    return SlideReview(built.path, ledger=str(folder / "ledger.jsonl"), key=folder / "site.key")


def parts(review: SlideReview) -> Any:
    return review._card.controls


def text(review: SlideReview) -> str:
    """All that a person can read in the card; once it is finished, in what stays of it."""
    return review._card.sheet.still if review._finished else review._card.sheet.words()


def images(review: SlideReview) -> list[bytes]:
    return [item["image"] for item in review._card.pictures.list.items if item["image"]]


def lines(review: SlideReview) -> list[str]:
    return review._card.table.findings


def anonymize(review: SlideReview) -> None:
    parts(review).dry_run.value = False
    parts(review).confirm.value = True
    parts(review).go.click()


def test_the_card_opens_with_the_sentence_three_pictures_and_sensitive_rows(review: SlideReview) -> None:
    said = text(review)
    assert "slide.svs · Aperio SVS · 2 pictures and 23 fields can identify the patient" in said
    assert "● identifying" in said
    assert len(images(review)) == 3
    assert len(lines(review)) == 25
    assert lines(review)[:2] == ["picture.label", "picture.macro"]
    assert "20 places, 0.41 MB" in said


def test_values_are_masked_until_asked_for(review: SlideReview, built: Any) -> None:
    fields = [r.value for r in built.key.removed if len(r.value) > 4]
    assert not any(v in text(review) for v in fields)
    assert MASK in text(review)
    parts(review).values.value = True
    assert "Thimblewick, Percivus" in text(review)
    parts(review).values.value = False
    assert not any(v in text(review) for v in fields)


def test_the_filter_reaches_what_is_folded(review: SlideReview) -> None:
    parts(review).filter.value = "icc"
    assert lines(review) == ["tiff.icc-profile.date", "tiff.icc-profile.text"]
    parts(review).filter.value = ""
    assert len(lines(review)) == 25
    parts(review).kept.value = True
    assert len(lines(review)) == 29


def test_keep_and_remove_change_the_plan(review: SlideReview) -> None:
    before = review.session.summary
    review._card.table.choose("aperio.description.user", keep=True)
    assert next(r for r in review.session.rows() if r.id == "aperio.description.user").keeps
    assert "kept: aperio.description.user" in review.session.plan.left  # type: ignore[union-attr]
    assert "stays although it may identify: kept: aperio.description.user" in text(review)
    review._card.table.choose("aperio.description.user", keep=False)
    assert review.session.summary == before


def test_the_profile_can_be_changed(review: SlideReview) -> None:
    assert "picture.thumbnail" not in lines(review)
    parts(review).profile.value = "strict"
    assert review.session.plan is not None
    assert review.session.plan.profile == "strict"
    assert "picture.thumbnail" in lines(review)


def test_a_profile_of_ones_own_is_offered_by_its_name(built: Any, tmp_path: Path) -> None:
    own = tmp_path / "site.toml"
    own.write_text('name = "our site"\nbase = "strict"\n', encoding="utf-8")
    review = SlideReview(built.path, str(own), ledger="none")
    assert parts(review).profile.chosen_words == "our site"
    with pytest.raises(ProfileError):
        SlideReview(built.path, "no such profile", ledger="none")


def test_a_dry_run_changes_nothing_and_says_so(review: SlideReview, built: Any) -> None:
    before = built.path.read_bytes()
    assert parts(review).go.label == "Dry run"
    parts(review).go.click()
    assert "dry run: nothing was changed" in text(review)
    assert built.path.read_bytes() == before


def test_nothing_is_overwritten_before_the_sentence_is_ticked(review: SlideReview, built: Any) -> None:
    before = built.path.read_bytes()
    controls = parts(review)
    assert not controls.danger.shown
    controls.dry_run.value = False
    assert controls.danger.shown
    assert "This overwrites slide.svs itself. There is no way back." in text(review)
    assert "slide.svs" in controls.confirm.label
    assert controls.go.label == "Anonymize"
    assert controls.go.disabled
    controls.go.click()  # a click that a front end should not have sent
    assert built.path.read_bytes() == before
    controls.confirm.value = True
    assert not controls.go.disabled
    parts(review).profile.value = "strict"
    assert not controls.confirm.value, "another plan needs another yes"


def test_anonymizing_leaves_a_clean_slide_and_no_old_picture(review: SlideReview, built: Any) -> None:
    label = max(images(review), key=len)
    olds = set(images(review))
    anonymize(review)
    assert review.outcome is not None
    assert review.outcome.content == "clean"
    assert "slide.svs · clean – checked by OpenSlide and tifffile, tissue unchanged" in text(review)
    assert "label · gone" in text(review)
    assert "macro · gone" in text(review)
    assert len(images(review)) == 1
    assert label in olds
    assert api.verify(built.path).content == "clean"
    data = built.path.read_bytes()
    assert [r.id for r in built.key.removed if len(r.value) > 4 and r.value.encode(r.encoding) in data] == []
    assert parts(review).dry_run.value, "a real run puts the safety back on"
    assert not parts(review).confirm.value


def test_before_and_after_can_be_compared(review: SlideReview) -> None:
    assert not parts(review).before.shown
    olds = images(review)
    anonymize(review)
    assert parts(review).before.shown
    parts(review).before.value = True
    assert images(review) == olds
    parts(review).before.value = False
    assert len(images(review)) == 1


@pytest.mark.parametrize("shown", [False, True])
def test_after_finish_no_widget_holds_a_value_or_a_pixel(review: SlideReview, built: Any, shown: bool) -> None:
    parts(review).values.value = True
    if shown:
        anonymize(review)
        parts(review).before.value = True
    assert any(v in text(review) for v in built.values()) or shown
    assert [v for v in built.values() if v in states()] == [], "and before it, no state of a widget does either"
    parts(review).filter.value = "Thimblewick"
    review.finish()
    assert [v for v in built.values() if v in states()] == []
    assert images(review) == []
    assert lines(review) == []
    assert parts(review).filter.value == ""
    assert review._before == review._now == ()
    assert review.session.inspection is None
    assert "holds no pictures and no values" in text(review)
    assert ("clean" in text(review)) is shown


def test_after_finish_an_identifying_name_is_left_out(tmp_path: Path) -> None:
    build_aperio(tmp_path / "S19-12345.svs")
    review = SlideReview(tmp_path / "S19-12345.svs", ledger="none")
    assert "S19-12345" in text(review)
    review.finish()
    assert "S19-12345" not in states()
    assert "this slide · " in text(review)


def test_close_takes_everything_away(review: SlideReview) -> None:
    review.close()
    assert images(review) == []
    assert review._card.sheet.words().strip() == ""
    assert "slide.svs" not in states()


def test_the_text_beside_the_card_says_the_state_only(review: SlideReview) -> None:
    bundle = review._repr_mimebundle_()
    assert bundle["text/plain"] == "<SlideReview ready>"
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_what_is_no_slide_is_refused_in_the_card(tmp_path: Path) -> None:
    (tmp_path / "notes.svs").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    review = SlideReview(tmp_path / "notes.svs", ledger="none")
    assert "nothing was changed" in text(review)
    assert "✗ refused" in text(review)
    assert parts(review).go.disabled
    dead = ("Profile", "Filter", "show ", "How", "Dry run", "dry run", "Cancel", "Yes", "Find", "Verify", "Readable")
    assert [word for word in dead if word in text(review)] == []
    assert "Look again" in text(review)


def test_a_copy_under_a_new_name_with_a_report(review: SlideReview, built: Any, tmp_path: Path) -> None:
    before = built.path.read_bytes()
    wishes = review._wishes
    wishes.mode.value = "copy"
    assert "a copy needs a folder to go to" in wishes.trouble.words()
    assert parts(review).go.disabled
    wishes.folder.value = str(tmp_path / "clean")
    assert wishes.trouble.words() == ""
    wishes.name.value = "STUDY-7"
    parts(review).dry_run.value = False
    assert not parts(review).danger.shown, "nothing is overwritten"
    wishes.report.value = str(tmp_path / "nowhere" / "report.html")
    parts(review).go.click()
    assert "no report, and nothing was done" in text(review)
    assert not (tmp_path / "clean").exists()
    wishes.report.value = str(tmp_path / "report.html")
    parts(review).dry_run.value = False
    parts(review).go.click()
    assert review.outcome is not None
    assert review.outcome.content == "clean"
    assert [path.name for path in (tmp_path / "clean").iterdir()] == ["STUDY-7.svs"]
    assert (tmp_path / "report.html").exists()
    assert built.path.read_bytes() == before
    assert "report: report.html" in text(review)
    parts(review).verify.click()
    assert "Verify: clean – checked by" in text(review)
    assert "STUDY-7" not in review._card.sheet.still
    review.finish()
    assert "STUDY-7" not in states()


def test_a_new_label_is_asked_for(review: SlideReview, built: Any) -> None:
    pytest.importorskip("segno")
    review._wishes.label.value = "{nonsense}"
    assert review._wishes.trouble.words() != ""
    review._wishes.label.value = "STUDY-7"
    assert review._wishes.trouble.words() == ""
    anonymize(review)
    assert review.outcome is not None
    assert review.outcome.content == "clean"
    assert "label" in [item["key"] for item in review._card.pictures.list.items if item["image"]]


def test_hostile_values_stay_texts(tmp_path: Path) -> None:
    patient = "<img src=x onerror=alert(1)>"
    build_aperio(tmp_path / "slide.svs")
    data = (tmp_path / "slide.svs").read_bytes()
    for old in (b"Thimblewick, Percivus prostate apex",):
        data = data.replace(old, patient.encode().ljust(len(old), b"!"))
    (tmp_path / "slide.svs").write_bytes(data)
    review = SlideReview(tmp_path / "slide.svs", ledger="none")
    parts(review).values.value = True
    assert patient in text(review), "as a text; that pages make no markup of it is shown in a browser"
    assert "<img" not in review._card.sheet.still


# -- beside a running loop ---------------------------------------------------------------------


def held_at(review: SlideReview, stage: Stage) -> tuple[threading.Event, threading.Event]:
    """Hold the worker at a stage of the run until the second event is set."""
    arrived, gate = threading.Event(), threading.Event()

    def hold(event: str) -> None:
        if event == "progress" and review.session.stage == stage:
            arrived.set()
            assert gate.wait(60)

    review.session.on(hold)
    return arrived, gate


async def reached(event: threading.Event) -> int:
    beats = 0
    while not event.is_set():
        await asyncio.sleep(0.005)
        beats += 1
        assert beats < 10_000
    return beats


def test_the_kernel_answers_while_the_slide_is_written(built: Any) -> None:
    async def scene() -> SlideReview:
        review = SlideReview(built.path, ledger="none")
        assert "looking" in text(review)
        await review.idle()
        controls = parts(review)
        controls.dry_run.value = False
        controls.confirm.value = True
        arrived, gate = held_at(review, Stage.WRITE)
        controls.go.click()
        await reached(arrived)
        assert [controls.go.disabled, controls.cancel.disabled, controls.values.disabled] == [True, True, True]
        assert "write" in review._card._bar.words_beside
        controls.go.click()  # a second click while it runs is no second run
        for _ in range(10):
            await asyncio.sleep(0.001)
        gate.set()
        await review.idle()
        return review

    review = asyncio.run(scene())
    assert review.outcome is not None
    assert review.outcome.writes > 0
    assert review.outcome.content == "clean"
    assert parts(review).cancel.disabled


@pytest.mark.parametrize("stage", list(Stage)[1:])
def test_cancel_is_offered_exactly_before_the_commit_point(built: Any, stage: Stage) -> None:
    if stage in (Stage.COPY, Stage.DIGEST):
        pytest.skip("a card makes no copies")

    async def scene() -> None:
        review = SlideReview(built.path, ledger="none")
        assert parts(review).cancel.disabled  # a look cannot be stopped
        await review.idle()
        parts(review).dry_run.value = False
        parts(review).confirm.value = True
        arrived, gate = held_at(review, stage)
        parts(review).go.click()
        await reached(arrived)
        await asyncio.sleep(0.02)
        assert parts(review).cancel.disabled is not stage.before_commit
        gate.set()
        await review.idle()
        assert parts(review).cancel.disabled

    asyncio.run(scene())


def test_cancel_before_the_commit_point_leaves_the_file_alone(built: Any) -> None:
    before = built.path.read_bytes()

    async def scene() -> SlideReview:
        review = SlideReview(built.path, ledger="none")
        await review.idle()
        parts(review).dry_run.value = False
        parts(review).confirm.value = True
        arrived, gate = held_at(review, Stage.PLAN)
        parts(review).go.click()
        await reached(arrived)
        parts(review).cancel.click()
        gate.set()
        await review.idle()
        return review

    review = asyncio.run(scene())
    assert "cancelled before anything was written" in text(review)
    assert "○ cancelled" in text(review)
    assert built.path.read_bytes() == before
    assert not parts(review).dry_run.value, "it did not happen, so the choice still stands"
    parts(review).profile.value = "strict"
    assert "can identify the patient" in text(review)


def test_a_dry_run_that_waits_never_becomes_a_real_one(built: Any) -> None:
    before = built.path.read_bytes()

    async def scene() -> SlideReview:
        review = SlideReview(built.path, ledger="none")
        await review.idle()
        arrived, gate = held_at(review, Stage.PLAN)
        parts(review).go.click()
        parts(review).dry_run.value = False
        parts(review).confirm.value = True
        await reached(arrived)
        gate.set()
        await review.idle()
        return review

    review = asyncio.run(scene())
    assert built.path.read_bytes() == before
    assert review.session.dry_run
    assert parts(review).dry_run.value


def test_finish_during_a_run_empties_the_card_when_it_ends(built: Any) -> None:
    async def scene() -> SlideReview:
        review = SlideReview(built.path, ledger="none")
        await review.idle()
        parts(review).values.value = True
        parts(review).dry_run.value = False
        parts(review).confirm.value = True
        arrived, gate = held_at(review, Stage.WRITE)
        parts(review).go.click()
        await reached(arrived)
        parts(review).filter.value = "Thimblewick"
        review.finish()
        # the notebook may be saved before the work has ended
        assert images(review) == []
        assert [v for v in built.values() if v in states()] == []
        gate.set()
        await review.idle()
        return review

    review = asyncio.run(scene())
    assert [v for v in built.values() if v in states()] == []
    assert images(review) == []
    assert review.outcome is not None
    assert review.outcome.content == "clean"
    assert "clean – checked by" in text(review)


def test_a_mistake_of_ours_is_shown_without_its_message(review: SlideReview, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise LookupError("Thimblewick")

    monkeypatch.setattr("blankslide.jupyter.review.pictures", broken)
    review.look()
    assert "our own mistake (LookupError)" in text(review)
    assert "Thimblewick" not in text(review)
