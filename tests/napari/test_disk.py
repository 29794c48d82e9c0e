"""What the dock and the layers say of a slide that somebody else changes while it is open: another tool, a copy, rm."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.samples.kit.patients import invent
from blankslide.testing.built import build_aperio
from blankslide.viewing.placeholder import labelled

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Desk


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return path


def by_command_line(path: Path) -> None:
    command = [sys.executable, "-m", "blankslide", "anonymize", "--in-place", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def headline(desk: Desk) -> str:
    return str(desk.panel.headline.text())


def state(desk: Desk) -> str:
    return str(desk.panel.state.text())


def is_seen(desk: Desk, words: str) -> None:
    desk.bot.waitUntil(lambda: words in headline(desk), timeout=20_000)
    desk.settle()


def says_removed(layer: Any) -> bool:
    """Whether a layer tells that its picture was removed, instead of showing one."""
    pixels = np.asarray(layer.data)
    return np.array_equal(pixels, labelled(pixels.shape, "label: removed", pixels.dtype))


def test_clean_is_not_said_of_a_slide_whose_original_was_put_back(desk: Desk, slide: Path, tmp_path: Path) -> None:
    original = tmp_path / "original"
    shutil.copy(slide, original)
    desk.open(slide)
    desk.anonymize()
    desk.panel.review.verify()
    desk.settle()
    assert "● clean" in state(desk)
    assert "Verified: clean" in desk.texts()
    assert says_removed(desk.layer("label"))
    shutil.copy(original, slide)
    is_seen(desk, "label, macro and 23 fields can identify the patient")
    assert "identifies" in state(desk)
    assert "clean" not in state(desk)
    assert "Verified: clean" not in desk.texts()
    assert "The file changed on the disk" in desk.texts()
    assert not says_removed(desk.layer("label")), "the layer shows the label that stands there again"
    assert "label" in desk.panel.review.pictures.now


def test_what_the_command_line_has_cleaned_is_shown_as_it_is(desk: Desk, slide: Path) -> None:
    desk.open(slide)
    assert not says_removed(desk.layer("label"))
    by_command_line(slide)
    is_seen(desk, "nothing in it can identify the patient")
    assert says_removed(desk.layer("label"))
    assert desk.session.summary == "nothing to do"


def test_a_slide_that_is_gone_leaves_the_window_and_comes_back(desk: Desk, slide: Path, tmp_path: Path) -> None:
    desk.open(slide)
    slide.rename(tmp_path / "elsewhere")
    is_seen(desk, "the slide does not exist")
    assert "refused" in state(desk)
    assert desk.roles() == [], "no label of a slide that is not there"
    assert desk.panel.review.pictures.now == {}
    (tmp_path / "elsewhere").rename(slide)
    is_seen(desk, "can identify the patient")
    desk.bot.waitUntil(lambda: "label" in desk.roles(), timeout=20_000)  # one layer at each turn of the window


def test_layers_of_a_slide_that_was_not_under_review_catch_up_when_it_is(
    desk: Desk, slide: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.svs"
    shutil.copy(slide, other)
    desk.open(slide)
    desk.open(other)
    first = next(layer for layer in desk.viewer.layers if layer.name == "slide · label")
    desk.viewer.layers.selection.active = next(layer for layer in desk.viewer.layers if "other" in layer.name)
    desk.settle()
    assert desk.session.path == other
    by_command_line(slide)
    desk.viewer.layers.selection.active = first
    desk.settle()
    assert desk.session.path == slide
    desk.bot.waitUntil(lambda: says_removed(first), timeout=20_000)
    assert "nothing in it can identify" in headline(desk)


def test_what_was_confirmed_is_not_done_to_another_file(desk: Desk, slide: Path, tmp_path: Path) -> None:
    """The person said yes to what stood in the question, and another slide stands there now."""
    another = tmp_path / "another"
    build_aperio(another, size=(512, 384), factors=(1, 2), patient=invent(7))
    desk.open(slide)
    desk.tick(desk.panel.foot.mode.dry_run)
    desk.click(desk.panel.foot.run)
    dialog = desk.dialog()
    shutil.copy(another, slide)
    desk.click(dialog.yes)
    desk.settle()
    assert slide.read_bytes() == another.read_bytes(), "nothing was written"
    assert "The file changed on the disk" in desk.texts()
    assert "can identify the patient" in headline(desk)
