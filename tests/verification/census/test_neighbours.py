"""A file that a slide names and that nobody opened is told, without its name."""

from __future__ import annotations

import pytest

from blankslide.verification.census.account import Text
from blankslide.verification.census.neighbours import unopened

PRESENT = ["slide.vms", "Slide_macro.JPG", "note.txt", "other.svs"]
OWN = ["slide.vms"]


def _texts(*values: str) -> list[Text]:
    return [Text(0, "key", value, 0, 0, "a file") for value in values]


@pytest.mark.parametrize(
    "value",
    ["Slide_macro.JPG", "slide_macro.jpg", "D:\\scans\\Slide_macro.JPG", " ./Slide_macro.JPG\0", '"slide_macro.jpg"'],
)
def test_a_file_that_is_named_is_part_of_the_slide(value) -> None:
    assert unopened(_texts(value), PRESENT, OWN) == ["the slide names 1 file beside it that nobody has opened"]


@pytest.mark.parametrize("value", ["slide.vms", "macro.jpg", "a note.txt", "other", "", "."])
def test_what_is_opened_or_not_there_is_nothing(value) -> None:
    assert unopened(_texts(value), PRESENT, OWN) == []


def test_several_are_counted_once_each() -> None:
    told = unopened(_texts("note.txt", "note.txt", "x/other.svs"), PRESENT, OWN)

    assert told == ["the slide names 2 files beside it that nobody has opened"]
