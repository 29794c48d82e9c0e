"""A thumbnail whose rows have run off is the slide's; a label is not, however its rows lie."""

from __future__ import annotations

import numpy as np
import pytest

from blankslide.verification.census.pixels import Look
from blankslide.verification.census.sheared import sheared_likeness


def _tissue(seed: int) -> np.ndarray:
    dice = np.random.default_rng(seed)
    grey = np.full((512, 512), 235, np.float32)
    y, x = np.mgrid[:512, :512]
    for _ in range(24):
        cy, cx, size, dark = *dice.uniform(0, 512, 2), dice.uniform(30, 90), dice.uniform(40, 140)
        grey = np.where((y - cy) ** 2 + (x - cx) ** 2 < size**2, grey * 0.6 + dark * 0.4, grey)
    return grey


def _look(grey: np.ndarray) -> Look:
    whole = grey.reshape(64, 8, 64, 8).mean((1, 3)).astype(np.float32)
    return Look(512, 512, (), whole, flat=False)


def _sheared(grey: np.ndarray, far: float) -> np.ndarray:
    return np.stack([np.roll(row, round(far * y)) for y, row in enumerate(grey)])


@pytest.mark.parametrize("far", [-1.2, -0.66, 0.0, 0.25, 0.9])
def test_rows_that_run_off_are_put_straight(far) -> None:
    slide = _tissue(1)

    assert sheared_likeness(_look(_sheared(slide, far)), _look(slide)).verdict == "same"


def test_another_picture_is_not_the_slide_however_its_rows_lie() -> None:
    assert all(sheared_likeness(_look(_tissue(seed)), _look(_tissue(1))).verdict == "other" for seed in range(2, 5))


def test_a_label_pasted_on_a_sheared_thumbnail_is_seen() -> None:
    slide = _tissue(1)
    pasted = _sheared(slide, 0.5)
    pasted[200:300, 200:330] = 250
    pasted[230:260, 210:320:6] = 10

    assert sheared_likeness(_look(pasted), _look(slide)).verdict == "other"


def test_nothing_to_see_is_no_likeness() -> None:
    empty = _look(np.full((512, 512), 235, np.float32))

    assert sheared_likeness(empty, _look(_tissue(1))).verdict == "none"
    assert sheared_likeness(_look(_tissue(1))._replace(whole=None), _look(_tissue(1))).verdict == "none"
