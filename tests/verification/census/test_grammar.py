"""A value is explained by its place, and never by its look alone."""

from __future__ import annotations

import pytest

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


def test_a_choice_is_written_out() -> None:
    vocabulary = Vocabulary(["270\t{label|macro}{| # x #}"])
    assert vocabulary.at("270") == {"label", "macro", "label # x #", "macro # x #"}


@pytest.mark.parametrize("value", ["119376003", "433466003", "111741"])
def test_a_kept_number_of_a_coding_scheme_is_explained(value: str) -> None:
    known = Rules(Vocabulary(["**/CodeValue\t=code"]), Kept([(0, 10, 10)]), lambda _: False)
    assert explained(Text(0, "A/CodeValue", value, 10, 10, ""), known)
    assert not explained(Text(0, "A/CodeValue", value, 20, 20, ""), known)
    assert not explained(Text(0, "A/CodeValue", f"{value[:-1]}{(int(value[-1]) + 1) % 10}99", 10, 10, ""), known)


def test_an_id_of_ours_that_is_filled_with_zeros_is_one_word() -> None:
    assert template("Image:X0001" + "0" * 30) == template("Image:X0002") == "Image:X@"
    assert template("X4711199") != "X@"
