"""Unknown numbers stay under keys of measures only."""

from __future__ import annotations

import pytest

from blankslide.model import Action, Finding, PhiClass, Place
from blankslide.model.sensitive import Sensitive
from blankslide.policy.measures import harmless, is_measure
from blankslide.policy.profiles import RESEARCH

MEASURES = (
    "Gamma",
    "Focus Offset",
    "LineAreaXOffset",
    "EXPOSURE_TIME",
    "Filtered",
    "level[3].tile-width",
    "TransformationXX",
    "Scan Resolution",
    "WhiteBalanceRed",
    "Quality",
)
TELLING = (
    "MRN",
    "Patient ID",
    "Birth Year",
    "Case No",
    "DOB",
    "Age",
    "Fallnummer",
    "Geburtsjahr",
    "H-Nr",
    "No",
    "Number",
    "Index",
    "Patient Width",
    "Slide Number",
    "Kovacs",
    "Kovacs Gamma",
    "tag 65000",
    "Gamma 4711",
    "",
    "幅",
)


@pytest.mark.parametrize("key", MEASURES)
def test_a_small_number_stays_under_the_key_of_a_measure(key: str) -> None:
    assert is_measure(key)


@pytest.mark.parametrize("key", TELLING)
def test_a_small_number_goes_under_every_other_key(key: str) -> None:
    assert not is_measure(key)
    for value in ("4711", "1950", "true", "17.12345"):
        finding = Finding("a.b", key, PhiClass.UNKNOWN, (Place(0, "page 0", 0, 1),), (), Sensitive(value))
        assert RESEARCH.action(finding) is Action.REMOVE
        assert not RESEARCH.decide(finding).identifying


@pytest.mark.parametrize("value", ["0.123456789012345678901", "1.5e-1234", "12345", "1" * 300 + ".0"])
def test_numbers_of_many_digits_are_never_harmless(value: str) -> None:
    assert not harmless(value)
