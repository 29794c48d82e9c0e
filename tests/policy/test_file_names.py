"""What a file name says of itself."""

from __future__ import annotations

import pytest

from blankslide.policy.file_names import name_verdict


@pytest.mark.parametrize(
    "name",
    [
        "S19-12345-A1.svs",
        "19-12345.svs",
        "SP 2019 00123 A.ndpi",
        "1234567.svs",
        "2019-04-12 scan.svs",
        "20190412.svs",
        "12.04.1957.svs",
    ],
)
def test_case_numbers_and_dates_identify(name: str) -> None:
    assert name_verdict(name) == "identifying"


@pytest.mark.parametrize(
    "name",
    ["slide 0231.svs", "image_01.svs", "b414003d-95c6-48b0-9369-8010ed517ba7.svs", "1.2.826.0.1.3680043.8.498.dcm"],
)
def test_numbers_and_random_ids_are_plain(name: str) -> None:
    assert name_verdict(name) == "plain"


def test_a_removed_value_in_the_name_identifies() -> None:
    assert name_verdict("CMU-1-Small-Region.svs") == "unknown"
    assert name_verdict("CMU-1-Small-Region.svs", ["cmu-1"]) == "identifying"
    assert name_verdict("CMU-1-Small-Region.svs", ["mal"]) == "unknown"


def test_a_removed_value_is_not_looked_for_in_a_pseudonym_of_ours() -> None:
    ours = "slide-1171b5926052d319063cb79e.svs"
    assert name_verdict(ours, ["Slide", "5926"]) == "plain"
    assert name_verdict(f"KOVACS {ours}", ["Kovacs"]) == "identifying"
    assert name_verdict("slide 17.svs", ["Slide 17"]) == "identifying"
