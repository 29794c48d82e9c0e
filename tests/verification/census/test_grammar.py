"""A value is explained by its place, and never by its look alone."""

from __future__ import annotations

from typing import Any

import pytest

from blankslide.verification.census import grammar
from blankslide.verification.census.account import Text
from blankslide.verification.census.grammar import (
    DIGITS,
    KEPT,
    Kept,
    Rules,
    Vocabulary,
    explained,
    place_of,
    plausible,
    residue,
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
    assert template("+49 264 3779819") != template("49 264 3779819")
    assert template("+1 -2.5 +3e+2") == template("1 2 3")
    assert template("20091231") != template("20")
    assert template("v31.12.2009") != template("v3.12.20")
    assert template("2009-12-31") == "#-#-#"
    assert place_of("270/Level 3/x") == place_of("270/Level 12/x")


@pytest.mark.parametrize("value", ["a@b.org", r"C:\slides", "2009-12-31", "S19-123456", "http://x"])
def test_what_no_kept_text_may_hold(value: str) -> None:
    assert not plausible(value)


# -- what a line may say -----------------------------------------------------------------


def says(line: str, path: str, value: str, *, kept: bool = False, ours: str = "", **more: Any) -> bool:
    rules = Rules(Vocabulary([line]), Kept([(0, 0, 99)] if kept else []), lambda v: v == ours, **more)
    text = Text(0, path, value, 0, len(value), "page 0")
    return explained(text, rules.knowing([text, Text(0, "other", f"01.02{ours}000", 0, 9, "x")]))


def test_a_line_may_offer_a_choice() -> None:
    for value in ("Bright field", "Dark field", "Bright field 40"):
        assert says("270/Mode\t{Bright|Dark} field{| #}", "270/Mode", value)
    assert not says("270/Mode\t{Bright|Dark} field{| #}", "270/Mode", "Thimblewick field")


def test_a_file_may_name_the_slides_own_files_and_no_others() -> None:
    files = frozenset(("case 7.jpg",))
    assert says("*.vms/ImageFile\t=file", "*.vms/ImageFile", "case 7.jpg", files=files)
    assert not says("*.vms/ImageFile\t=file", "*.vms/ImageFile", "Thimblewick.jpg", files=files)
    assert not says("*.vms/ImageFile\t=kept", "*.vms/Other", "case 7.jpg", files=files)
    assert says("*.vms/ImageFile\t=file", "*.vms/ImageFile", "case 7.opt", files=files), "a file that is not there"
    assert not says("*.vms/ImageFile\t=file", "*.vms/ImageFile", "case 7.Thimblewick", files=files)


def test_any_prefix_of_a_name_space_is_that_of_the_vocabulary() -> None:
    line = "270/OME/@xmlns:xsi\thttp://www.w3.org"
    assert says(line, "270/OME/@xmlns:xsi", "http://www.w3.org") is says(line, "270/OME/@xmlns:a", "http://www.w3.org")
    assert Vocabulary([line]).at("270/OME/@xmlns:other") == {"http://www.w3.org"}


def test_a_number_in_a_place_is_any_number() -> None:
    assert says("65449/PSHV.10x\t#", "65449/PSHV.10x", "170")
    assert says("65449/PSHV.10x\t#", "65449/pshv.40x", "170")
    assert says("**/Attribute[DP_GAIN_RGB24]\t#", "270/DataObject/Attribute[DP_GAIN_RGB24]", "3")
    assert not says("271\t#", "272", "3")


def test_a_long_number_stays_only_where_it_is_a_length() -> None:
    assert says("*.vms/PhysicalWidth\t=long", "*.vms/PhysicalWidth", "2032236150", kept=True)
    assert not says("*.vms/PhysicalWidth\t=long", "*.vms/PhysicalWidth", "2032236150")
    assert not says("*.vms/PhysicalWidth\t=kept", "*.vms/PhysicalWidth", "2032236150", kept=True)


@pytest.mark.parametrize("value", ["-12644827", "19191918", "298494, -12644827, 118000"])
def test_a_row_of_lengths_stays(value: str) -> None:
    assert says("65439\t=long", "65439", value, kept=True)


@pytest.mark.parametrize("value", ["19570513", "298494, 20010131, 118000", "12644827 Okafor", "12345678901"])
def test_a_date_or_a_word_is_no_length(value: str) -> None:
    assert not says("65439\t=long", "65439", value, kept=True)


TABLE = "8813342FC9017C112C2BC9057809301FBD117C0F202FC1056C1F1C3BB8006C1B"


@pytest.mark.parametrize("value", [DIGITS, TABLE[:36], "0F" * 16])
def test_a_table_in_hexadecimal_digits_stays_if_the_plan_keeps_it(value: str) -> None:
    assert says("65449/AHEX[#]\t=hex", "65449/AHEX[2]", value, kept=True)
    assert not says("65449/AHEX[#]\t=hex", "65449/AHEX[2]", value)
    assert not says("65449/AHEX[#]\t=kept", "65449/AHEX[2]", TABLE, kept=True)


@pytest.mark.parametrize("value", [b"Okafor, Mildred.".hex(), "0" * 24 + "19570513", "57" * 20, "OKAFORMILDRED" * 3])
def test_digits_that_spell_something_are_no_table(value: str) -> None:
    assert not says("65449/AHEX[#]\t=hex", "65449/AHEX[2]", value, kept=True)


def test_a_version_may_look_like_a_date_and_a_date_may_not() -> None:
    line = "270/Version\t=kept"
    assert says(line, "270/Version", "ZEN 3.1.0.0000", kept=True)
    for value in ("ZEN 12.03.1957", "ZEN 3.1.1957.5", "made 05/13/57"):
        assert not says(line, "270/Version", value, kept=True), value


def test_an_id_of_ours_is_known_among_filling_and_where_it_was_cut_off() -> None:
    ours = "00728C02B35C84049E195302EF7C8FE5"
    for value in (f"01.02{ours}002{'0' * 256}", ours[:16], f"{ours[1:16]}0"):
        assert says("*.dat\t01.02", "*.dat", value, ours=ours), value
    for value in (f"01.02{ours[::-1]}002", ours[::-1][:16], f"01.02{ours}Thimblewick{'0' * 256}"):
        assert not says("*.dat\t01.02", "*.dat", value, ours=ours), value


def test_of_numbers_filled_up_with_zeros_only_short_ones_say_nothing() -> None:
    assert says("*.dat\tx", "*.dat", "00400")
    for value in ("00412345", "10012", "19570513"):
        assert not says("*.dat\tx", "*.dat", value), value


def test_a_short_number_under_an_unknown_key_is_no_number_of_a_strict_slide() -> None:
    assert says("x\ty", "270/Gain", "12", kept=True)
    assert not says("x\ty", "270/Gain", "12", kept=True, numbers=False)
    assert says("270/Gain\t#", "270/Gain", "12", numbers=False)
    assert says("x\ty", "270/Flipped", "False", kept=True, numbers=False), "one bit says nothing of anybody"
    assert not says("x\ty", "270/Flipped", "False", numbers=False), "the plan has to list it"
    assert not says("x\ty", "270/Patient", "True", kept=True, numbers=False)


@pytest.mark.parametrize("name", ["Doe, Jane", "Ann B. Lee", "K. Li; P 7", "Kim: 7744", "Jane Doe", "Doe^Jane"])
def test_short_names_with_a_comma_between_them_are_read_in_loose_text(name: str) -> None:
    assert residue(name, ())
    assert residue(f"\0\0{name}\0", ())


@pytest.mark.parametrize("value", ["Kim", "Kim, 7", "ab,  cd", "a;; bcde", "Kim\0, Lee"])
def test_what_has_fewer_than_five_letters_and_figures_in_a_row_is_not(value: str) -> None:
    assert residue(value, ()) == ""


def test_rows_of_zeros_and_words_with_numbers_in_loose_text() -> None:
    assert residue("Palette_12_3", ["Palette_#_#"]) == ""
    assert residue("Palette_12345678_3", ["Palette_#_#"]) != ""
    assert residue("002" + "0" * 60, []) == ""
    assert residue("0" * 60 + "12345", []) == "12345"


def test_a_version_of_four_parts_is_no_date_and_a_date_is_one() -> None:
    assert plausible("14.0.22.201")
    assert not plausible("Scanned 14.03.2019")
    assert not plausible("14.03.2019.")


def test_a_vocabulary_is_taken_apart_once_and_keeps_no_place_of_a_slide() -> None:
    lines = ("270/AppMag\t#", "**/Make\tZeiss")
    first, second = grammar.vocabulary(lines), grammar.vocabulary(lines)
    assert first.places is second.places
    assert first.at("270/AppMag") == {"#"}
    assert first.at("Roe/Make") == {"Zeiss"}
    assert not second._known
    assert not grammar.vocabulary(lines)._known


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


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_declaration_of_xml_says_nothing_but_its_own_words(quote: str) -> None:
    def says(value: str) -> bool:
        return explained(text("270/?xml", value.replace("'", quote)), rules())

    assert says("version='1.0'")
    assert says("version='1.0' encoding='utf-8' standalone='yes'")
    for more in (
        "version='1.0' encoding='Quillfeather'",
        "version='1.0' Quillfeather",
        "Quillfeather",
        "version='1.0 r'",
    ):
        assert not says(more), more


def test_white_space_in_a_key_does_not_count() -> None:
    assert explained(text("270/App  Mag", "20"), Rules(Vocabulary(["270/App Mag\t#"]), Kept(()), lambda value: False))


def test_a_shape_is_spelled_only_where_the_vocabulary_has_it() -> None:
    known = grammar.vocabulary(("t/id\tT;#|#",))
    assert grammar.spelled(known, "t/id", "T;111|1")
    assert not grammar.spelled(known, "t/id", "T;11111111|1")  # more than seven digits
    assert not grammar.spelled(known, "t/id", "Rose|1")
    assert not grammar.spelled(known, "t/other", "T;111|1")


@pytest.mark.parametrize(
    "value", ["tifffile.py 1950.3.12", "tifffile.py 2026.3.12 Vogts", "Vogts 2026.3.12", "2026.3.12"]
)
def test_only_tifffile_is_called_by_a_day(value: str) -> None:
    assert plausible("tifffile.py 2026.3.3")
    assert not plausible(value)


HEADER = [
    "270/<word>\t{Aperio|Image|Library|v#v|JPEG/RGB|Q=#|-> # x #}", "270/<word>\t# x #",
    "270/<word>\t{[#,#,|(}# x #{)|]}",
    f"270/Top\t{KEPT}", "270/Left\t#",
]  # fmt: skip


def of_header(path: str, value: str, kept: int = 400) -> bool:
    return explained(text(path, value), Rules(Vocabulary(HEADER), Kept([(0, 0, kept)]), lambda _: False, False))


@pytest.mark.parametrize(
    ("path", "value"),
    [("270", "Aperio Image Library v12.0.16"), ("270", "256x192 [0, 0, 256 x 192] (64x64) -> 64x48 JPEG / RGB Q = 30"),
     ("270/256x192 (64x64) JPEG/RGB Q", "30"), ("270/Top", "23.44;Aperio Image Library v10.0.1")],
)  # fmt: skip
def test_words_of_headers_may_stand_in_any_order(path: str, value: str) -> None:
    assert of_header(path, value)


@pytest.mark.parametrize(
    ("path", "value"),
    [("270", "Aperio KOVACS"), ("270", "AperioImage"), ("270", "Aperio 12"), ("270", "(64x64"), ("271", "Aperio Image"),
     ("270/Slide (64x64) JPEG/RGB Q", "30"), ("270/User", "Roe;Aperio Image Library v10.0.1"),
     ("270/Top", "23.44;Aperio Image Roe"), ("270/Top", "1951-03-02;Aperio Image")],
)  # fmt: skip
def test_other_words_make_it_no_header(path: str, value: str) -> None:
    assert not of_header(path, value, 0)


def test_words_of_a_header_may_begin_alike() -> None:
    lines = ["270/<word>\tMotic{| #| #v}", "270/<word>\t# x #{| -}", "270/<word>\t-> # x #", "270/<word>\t-"]
    known = Rules(Vocabulary(lines), Kept([]), lambda _: False, False)
    for value in ("Motic 256x192", "Motic 1.0 256x192", "Motic 1.0.2 256x192 - 64x48 -", "256x192 -> 64x48"):
        assert explained(text("270", value), known)
    for value in ("Motic 1.0 4711", "Motic x 256x192", "256x192 - Roe", "256x192 " * 4000 + "Roe", "-", " ;,"):
        assert explained(text("270", value), known) is (value in ("-", " ;,"))


def test_what_is_longer_than_any_header_is_none() -> None:
    assert of_header("270", "256x192 " * 400)
    assert not of_header("270", "256x192 " * 4000, 0)


def test_a_value_before_a_header_must_be_kept() -> None:
    assert of_header("270/Left", "23.44;Aperio Image")
    assert not of_header("270/Left", "23.44;Aperio Image Roe")
    assert not of_header("270/Top", "23.44;Aperio Image Library v10.0.1", 12)


def test_a_key_in_a_line_that_begins_with_a_semicolon_is_a_plain_key() -> None:
    line = text("65449/;ExcitationIndex", "6")
    assert explained(line, rules((0, 5, 40)))
    assert not explained(line, rules((0, 5, 40), numbers=False))
    assert not explained(text("65449/;PatientNumber", "6"), rules((0, 5, 40)))


def test_a_decimal_comma_makes_a_number() -> None:
    assert explained(text("270/Stain", "0,2498765432"), rules((0, 5, 40)))
    assert not explained(text("270/Stain", "0,2498765432"), rules((0, 5, 12)))
    assert not explained(text("270/Stain", "19510302,4711"), rules((0, 5, 40)))
