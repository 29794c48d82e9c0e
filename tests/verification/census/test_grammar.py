"""A value is explained by its place, and never by its look alone."""

from __future__ import annotations

import pytest

from blankslide.verification.census import grammar
from blankslide.verification.census.account import Text
from blankslide.verification.census.grammar import (
    KEPT,
    Kept,
    Rules,
    Vocabulary,
    explained,
    place_of,
    plausible,
    template,
)

LINES = ["270/AppMag\t#", "270\tJPEG/RGB Q=#", f"270/Stain\t{KEPT}", "270/User\t", "ini/[LEVEL_#]/*\tround"]


def rules(*kept: tuple[int, int, int], ours: str = "", numbers: bool = True) -> Rules:
    return Rules(Vocabulary(LINES), Kept(kept), lambda value: bool(ours) and value == ours, numbers)


def text(path: str, value: str, start: int = 10) -> Text:
    return Text(0, path, value, start, start + len(value), "page 0")


@pytest.mark.parametrize(
    ("path", "value"),
    [("270/AppMag", "20"), ("270/AppMag", " 40.0 "), ("270", "JPEG/RGB Q=70"), ("270/User", "    "),
     ("ini/[LEVEL_3]/SHAPE", "round"),
     ("270/Anything", "xxxxxxx")],
)  # fmt: skip
def test_words_in_their_place_are_explained(path: str, value: str) -> None:
    assert explained(text(path, value), rules())


@pytest.mark.parametrize(
    ("path", "value"),
    [("270/AppMag", "Jane"), ("270/AppMag", "20091231"), ("270/User", "JPEG/RGB Q=30"), ("270/Operator", "20"),
     ("270", "Jane Roe"), ("270/Stain", "H&E"), ("ini/[LEVEL_3]", "round"), ("270/User", "4711")],
)  # fmt: skip
def test_all_else_is_not(path: str, value: str) -> None:
    assert not explained(text(path, value), rules((0, 0, 5)))


def test_a_kept_text_must_be_listed_by_the_plan_and_be_free_of_dates_and_numbers() -> None:
    assert explained(text("270/Stain", "H&E"), rules((0, 5, 20)))
    assert not explained(text("270/Stain", "H&E"), rules((0, 5, 12)))
    assert not explained(text("270/Stain", "H&E"), rules((1, 5, 20)))
    assert not explained(text("270/Stain", "1957-03-12"), rules((0, 5, 40)))


def test_an_unknown_key_may_keep_a_short_number_that_the_plan_lists() -> None:
    assert explained(text("270/Gamma2", "2.2"), rules((0, 0, 50)))
    assert not explained(text("270/Gamma2", "2.2"), rules())
    assert not explained(text("270/Gamma2", "2.2"), rules((0, 0, 50), numbers=False))
    assert not explained(text("270/MRN", "4711"), rules((0, 0, 50)))
    assert not explained(text("270/Gamma2", "47111234"), rules((0, 0, 50)))


def test_ours_is_explained_anywhere() -> None:
    assert explained(text("270/User", "X0ABCDEF"), rules(ours="X0ABCDEF"))


def test_templates() -> None:
    assert template("46000x32914 [0,100 46000x32914]  (256x256)\nJPEG/RGB Q=30") == template(
        "1024x768 [0,1 9x9] (128x128) JPEG/RGB Q=7"
    )
    assert template("v12.0.15") == template("v11.2.1")
    assert template("1 2 3 4 5") == template("9 8 7 6 5 4 3 2")
    assert template("20091231") != template("20")
    assert template("v31.12.2009") != template("v3.12.20")
    assert template("2009-12-31") == "#-#-#"
    assert place_of("270/Level 3/x") == place_of("270/Level 12/x")


@pytest.mark.parametrize("value", ["a@b.org", r"C:\slides", "2009-12-31", "S19-123456", "http://x"])
def test_what_no_kept_text_may_hold(value: str) -> None:
    assert not plausible(value)


def test_a_vocabulary_is_taken_apart_once_and_keeps_no_place_of_a_slide() -> None:
    lines = ("270/AppMag\t#", "**/Make\tZeiss")
    first, second = grammar.vocabulary(lines), grammar.vocabulary(lines)
    assert first.places is second.places
    assert first.at("270/AppMag") == {"#"}
    assert first.at("Roe/Make") == {"Zeiss"}
    assert not second._known
    assert not grammar.vocabulary(lines)._known
