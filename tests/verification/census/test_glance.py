"""Least and greatest values of a picture's channels."""

from __future__ import annotations

import numpy as np
import pytest

from blankslide.verification.census.glance import extremes


@pytest.mark.parametrize("shape", [(7, 5, 3), (64, 48, 1), (2, 9, 5, 4), (1, 1, 3), (6, 4)])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32])
def test_extremes_are_those_of_each_channel_and_of_no_other(shape: tuple[int, ...], kind: type[np.generic]) -> None:
    array = np.random.default_rng(1).integers(0, 99, shape).astype(kind)
    for one in (array, array[..., ::-1], array[::2]):
        low, high = extremes(one)
        every = tuple(range(one.ndim - 1))
        assert (low == one.min(every)).all()
        assert (high == one.max(every)).all()


def test_one_value_that_differs_is_seen_wherever_it_is() -> None:
    for place in ((0, 0, 0), (31, 31, 2), (5, 30, 1)):
        array = np.full((32, 32, 3), 250, np.uint8)
        array[place] = 0
        assert extremes(array)[0][place[2]] == 0


def test_nothing_has_no_extremes() -> None:
    with pytest.raises(ValueError, match=r"."):
        extremes(np.empty((0, 4, 3), np.uint8))
