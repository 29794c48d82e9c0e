"""Philips: rows of numbers are numbers, and no telephone's."""

from __future__ import annotations

import re

import pytest

from blankslide.formats.philips.vocabulary import NUMBERS


@pytest.mark.parametrize("row", ["0 1 2 3 4", "640 1 1663", '"0.000250000" "0.000250000"', "-3 7 1e+3", "3"])
def test_rows_of_numbers_stay(row: str) -> None:
    assert re.fullmatch(NUMBERS, row)


@pytest.mark.parametrize("row", ["+49 264 3779819", "+1 212 5550147", "0 +49 264"])
def test_a_plus_in_a_row_of_numbers_is_a_telephones(row: str) -> None:
    assert not re.fullmatch(NUMBERS, row)
