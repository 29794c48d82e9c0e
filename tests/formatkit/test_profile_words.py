"""Names of colour profiles: makers' words stay, all others go."""

from __future__ import annotations

import pytest

from blankslide.formatkit.profile_words import PROFILE_NAME, is_profile_text


@pytest.mark.parametrize(
    "text",
    [
        "sRGB IEC61966-2.1", "ScanScope v1", "AT2", "GT450", "Generic RGB Profile", "ePathology GT450DX",
        "Copyright (c)",
        "Copyright (c) 1998 Hewlett-Packard Company", "Adobe RGB (1998)", "No copyright, use freely", "NanoZoomer S360",
        "Reference Viewing Condition in IEC61966-2.1", "Huron LE v3", "Copyright Apple Inc., 2019", "ScanScope v1.2",
    ],
)  # fmt: skip
def test_words_of_makers_stay(text: str) -> None:
    assert is_profile_text(text)
    assert PROFILE_NAME.fullmatch(f"{text}.icc")


@pytest.mark.parametrize(
    "text",
    [
        "KOVACS ANN MRN 4711", "St. Adam Hospital", "ScanScope of Dr Smith", "4711 2019", "sRGB 12.05.1950",
        "Camera 4711",
        "Copyright 1950", "ScanScope SN 7392", "sRGB 1950-05-12", "sRGB\0Okafor", "sRGB \u9ad8\u6a4b", "RGB 1 2 3 4",
    ],
)  # fmt: skip
def test_any_other_word_goes(text: str) -> None:
    assert not is_profile_text(text)
