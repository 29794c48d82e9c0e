"""A card never shows a state above pictures of another state: not after another card, not during a run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")

import ipywidgets as W

from blankslide import api
from blankslide.jupyter import SlideReview
from blankslide.model import Stage
from blankslide.testing.built import build_aperio


class Built(NamedTuple):
    path: Path


Change = Callable[[Path], None]


@pytest.fixture(autouse=True)
def no_widgets_from_elsewhere() -> Iterator[None]:
    W.Widget.close_all()
    yield
    W.Widget.close_all()


@pytest.fixture
def built(tmp_path: Path) -> Built:
    """Return a small slide in a folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    build_aperio(folder / "slide.svs", size=(512, 384), factors=(1, 2))
    return Built(folder / "slide.svs")


def review_of(path: Path) -> SlideReview:
    return SlideReview(path, ledger="none", key=path.parent / "site.key")


def text(review: SlideReview) -> str:
    """All that a person can read in the card; what is folded away does not count."""
    return review._card.sheet.words()


def images(review: SlideReview) -> list[bytes]:
    return [item["image"] for item in review._card.pictures.list.items if item["image"]]


def anonymize(review: SlideReview) -> None:
    controls = review._card.controls
    controls.dry_run.value = False
    controls.confirm.value = True
    controls.go.click()


def by_command_line(path: Path) -> None:
    command = [sys.executable, "-c", "from blankslide.cli import main; main()", "anonymize", "--in-place", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def by_python(path: Path) -> None:
    api.anonymize(path, in_place=True, ledger="none", key=path.parent / "site.key")


def by_another_card(path: Path) -> None:
    anonymize(review_of(path))


def label_of(review: SlideReview) -> bytes:
    """The label as the card shows it: the taller of the two pictures that go."""
    from PIL import Image

    shown = [(Image.open(BytesIO(png)).size, png) for png in images(review)]
    return next(png for (width, height), png in shown if height > width)


others = pytest.mark.parametrize("change", [by_another_card, by_command_line])


@others
def test_no_clean_above_a_label_that_somebody_else_removed(built: Built, change: Change) -> None:
    """The second run has nothing to write, so the picture was not read anew."""
    review = review_of(built.path)
    label, places = label_of(review), review.session.summary
    change(built.path)
    anonymize(review)
    assert "✓ clean" in text(review)
    assert label not in images(review)
    assert len(images(review)) == 1
    assert places not in text(review)
    assert "nothing to do" in text(review)


@pytest.mark.parametrize("touch", ["dry run", "profile", "values", "filter", "before", "shown again", "look"])
def test_whatever_is_touched_next_shows_the_slide_as_it_is(built: Built, touch: str) -> None:
    review = review_of(built.path)
    label, places = label_of(review), review.session.summary
    by_python(built.path)
    controls = review._card.controls
    {
        "dry run": controls.go.click,
        "profile": lambda: setattr(controls.profile, "value", "strict"),
        "values": lambda: setattr(controls.values, "value", True),
        "filter": lambda: setattr(controls.filter, "value", "label"),
        "before": lambda: setattr(controls.before, "value", True),
        "shown again": review._repr_mimebundle_,
        "look": review.look,
    }[touch]()
    assert label not in images(review)
    assert "2 pictures" not in text(review)
    assert places not in text(review)
    assert not [r for r in review.session.rows() if r.id == "picture.label"]


def test_a_card_is_told_at_once_when_another_one_wrote(built: Built) -> None:
    review = review_of(built.path)
    label = label_of(review)
    by_another_card(built.path.parent / "." / built.path.name)
    assert label not in images(review)
    assert "● identifying" not in text(review)
    assert "changed on the disk" in text(review)


def test_clean_does_not_outlive_the_file_it_was_said_of(built: Built) -> None:
    review = review_of(built.path)
    anonymize(review)
    assert "✓ clean" in text(review)
    built.path.unlink()
    build_aperio(built.path)
    review._card.controls.kept.value = True
    assert "✓ clean" not in text(review)
    assert "● identifying" in text(review)
    assert len(images(review)) == 3
    assert not review._card.controls.before.shown


def test_in_a_notebook_nobody_has_to_touch_the_card(built: Built) -> None:
    async def scene() -> SlideReview:
        review = review_of(built.path)
        await review.idle()
        label = label_of(review)
        await asyncio.to_thread(by_python, built.path)
        for _ in range(200):
            if label not in images(review):
                break
            await asyncio.sleep(0.05)
        await review.idle()
        assert label not in images(review)
        return review

    review = asyncio.run(scene())
    assert "● identifying" not in text(review)
    assert "changed on the disk" in text(review)


def test_a_file_that_never_rests_gets_no_state_and_no_pictures(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    review = review_of(built.path)
    load = review.session.load

    def meddled() -> None:
        load()
        os.utime(built.path)

    monkeypatch.setattr(review.session, "load", meddled)
    os.utime(built.path)
    review._card.controls.kept.value = True
    assert images(review) == []
    assert "● identifying" not in text(review)
    assert "changed on the disk" in text(review)
    assert review._card.controls.go.disabled


# -- words during a run ------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [Stage.OPEN, Stage.OBSERVE, Stage.JOURNAL, Stage.WRITE])
def test_no_word_of_the_dry_run_stands_while_it_is_written(built: Built, stage: Stage) -> None:
    async def scene() -> tuple[str, str]:
        review = review_of(built.path)
        await review.idle()
        controls = review._card.controls
        controls.go.click()
        await review.idle()
        assert "nothing was written" in text(review)
        arrived, gate = threading.Event(), threading.Event()

        def hold(event: str) -> None:
            if event == "progress" and review.session.stage == stage:
                arrived.set()
                assert gate.wait(60)

        review.session.on(hold)
        controls.dry_run.value = False
        controls.confirm.value = True
        controls.go.click()
        while not arrived.is_set():
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        said, bar = text(review), review._card._bar.words_beside
        gate.set()
        await review.idle()
        assert "✓ clean" in text(review)
        return said, bar

    said, bar = asyncio.run(scene())
    for promise in ("nothing was written", "nothing was changed", "dry run:", "Dry run:"):
        assert promise not in said
    assert "anonymizing" in said
    if stage is Stage.JOURNAL:
        assert "writing" in bar
    if stage is Stage.WRITE:
        assert "writing" not in bar


# -- before and after --------------------------------------------------------------------------


def test_pictures_of_before_stand_under_a_banner(built: Built) -> None:
    review = review_of(built.path)
    anonymize(review)
    banner = "BEFORE the run"
    assert banner not in text(review)
    before = review._card.controls.before
    before.value = True
    assert len(images(review)) == 3
    assert banner in text(review)
    assert text(review).count("before · ") == 3
    before.value = False
    assert banner not in text(review)
    assert "before · " not in text(review)


def test_the_next_look_does_not_begin_with_before(built: Built) -> None:
    review = review_of(built.path)
    anonymize(review)
    review._card.controls.before.value = True
    review.look()
    assert not review._card.controls.before.value
    assert len(images(review)) == 1
    assert "BEFORE" not in text(review)


def test_after_an_interruption_no_old_picture_is_shown(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    from blankslide.storage.transaction import Transaction

    review = review_of(built.path)
    label = label_of(review)

    def broken(self: Any, *args: Any) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "finish", broken)
        anonymize(review)
    assert "! interrupted" in text(review)
    assert label not in images(review)
    assert "gone" not in text(review)
    review.look()
    assert label not in images(review)
