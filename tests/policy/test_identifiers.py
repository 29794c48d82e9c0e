"""Patterns that say which parts of a name stay: what they find, what is never kept, and which ones are refused."""

from __future__ import annotations

import random
import re
import time

import pytest

from blankslide.errors import UsageError
from blankslide.policy.file_names import name_verdict
from blankslide.policy.identifiers import Identifiers, tells
from blankslide.policy.pseudonyms import case_name

LAB = r"(?P<case>[A-Z]\d{2}-\d{3,6})_(?P<specimen>[A-Z]\d?)_(?P<block>\d{1,2})(?:_(?P<stain>HE|GFAP|\w+))?"


def test_a_name_is_taken_apart() -> None:
    lab = Identifiers.of("lab", LAB)
    assert lab.fields == {"specimen", "block", "stain"}
    found = lab.parts("S19-12345_A_3_HE")
    assert found is not None
    assert (found.kept, found.gone, found.case) == (
        {"specimen": "A", "block": "3", "stain": "HE"},
        ("S19-12345",),
        "S19-12345",
    )
    assert "12345" not in repr(found)
    short = lab.parts(" S19-12345_A_3 ")
    assert short is not None
    assert set(short.kept) == {"specimen", "block"}
    for other in ("S19-12345_A", "x S19-12345_A_3_HE", "S19-12345_A_3_HE.svs", "S19-12345_A_3_" + "H" * 100):
        assert lab.parts(other) is None


@pytest.mark.parametrize(
    "part", ["A", "12", "HE", "CD3", "PD-L1", "Ki 67", "a.b", "GFAP", "gfap2", "AE1-AE3", "\u03ba"]
)
def test_parts_that_say_nothing_may_be_kept(part: str) -> None:
    assert Identifiers.of("lab", LAB).is_safe(part)


@pytest.mark.parametrize(
    "part",
    [
        "Mustermann",
        "HE Zweig",
        "1957",
        "S19-12345",
        "12345",
        "19-12345",
        "",
        " A",
        "A/B",
        "..",
        "A\nB",
        "a" * 25,
        "1.2.57",
    ],
)
def test_parts_that_could_be_a_person_or_a_case_may_not(part: str) -> None:
    assert not Identifiers.of("lab", LAB).is_safe(part)


@pytest.mark.parametrize(
    ("text", "gone", "told"),
    [
        ("S19-12345", "S19-12345", True),
        ("s1912345", "S19-12345", True),
        ("123", "S19-123", True),
        ("A123", "S19-00123", True),
        ("0123", "S19-123", True),
        ("19", "S19-123", False),
        ("A3", "S19-123", False),
        ("HE", "he", True),
        ("CHE", "HE", True),
        ("A", "a", True),
        ("AB", "a", False),
        ("B", "", False),
    ],
)
def test_what_repeats_something_of_the_case_is_known(text: str, gone: str, told: bool) -> None:
    assert tells(text, (gone,)) is told


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        (r"(?P<case>\d+", "no regular expression", "write one such as"),
        (r"(?P<case>\d+)_(?P<case>x)", "no regular expression", "write one such as"),
        (r"(?P<case>\d+)_(?P<blok>\d)", "a group 'blok'", "did you mean block"),
        (r"(?P<case>\d+)_(?P<ward>\d)", "a group 'ward'", "groups that are kept are"),
        (r"(?P<block>\d)", "what the case is", "(?P<case>"),
        (r"(?P<case>\d+)", "keeps nothing", "specimen"),
        (r"(?P<case>(\d+)+)(?P<block>x)", "repeats what repeats", "once"),
        (r"(?P<case>(?:a|a)*)(?P<block>x)", "repeats what repeats", "once"),
        (r"(?P<case>(?:a?){30}a{30})(?P<block>x)", "repeats what repeats", "once"),
        (r"(?P<case>.+)_(?P<specimen>.+)_(?P<block>.+)_(?P<stain>.+)", "leaves open", "[^_]+_[^_]+"),
        (r"(?P<case>a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?)(?P<block>b)", "leaves open", "[^_]+"),
        (r"(?P<case>\d+)(?=x)(?P<block>\d)", "position 13", "groups"),
        (r"(?P<case>\d+)(?P<block>\d+?)", "position", "greedy"),
        (r"(?P<case>\d)(?P<block>\d)\1", "position", "groups"),
        (r"(?i)(?P<case>\d)(?P<block>\d)", "position 0", "groups"),
        ("(?P<case>a)(?P<block>b)" + "c" * 500, "longer than", "several"),
    ],
)
def test_mistakes_in_a_pattern_are_one_sentence_with_a_way_out(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        Identifiers.of("lab", text)
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.sentence()


@pytest.mark.parametrize(
    "text",
    [
        r"(?P<case>[^_]+)_(?P<specimen>[^_]+)_(?P<block>[^_]+)_(?P<stain>[^_]+)",
        r"^(?P<case>\d{2}\.\d+)(?P<block>[A-Z]\d*)?(?:-(?P<stain>\w+))?$",
        r"(?P<case>\w\d+)(?:_|-| )(?P<block>\d+)(?:_(?P<stain>HE|CD\d+))?.*",
        r"(?:LAB;)?(?P<case>[A-Z]{1,2}\d{2}/\d+);(?P<specimen>[IVX]+);(?P<block>\d+);(?P<level>\d+)",
        r"(?P<patient>[^,]+), (?P<date>\d{4}-\d\d-\d\d) (?P<case>\d+) (?P<block>\d+)",
    ],
)
def test_patterns_that_people_write_are_taken(text: str) -> None:
    assert Identifiers.of("lab", text).fields


def test_no_pattern_that_is_taken_is_slow() -> None:
    chance, taken = random.Random(4), 0
    atoms = ["a", "b", "[ab]", ".", r"\w", "[^a]"]
    for _ in range(400):
        pieces = [
            chance.choice(atoms) + chance.choice(["", "", "*", "+", "?", "{2,5}"]) for _ in range(chance.randint(2, 9))
        ]
        at = sorted(chance.sample(range(len(pieces) + 1), 2))
        pieces[at[0] : at[1]] = [
            chance.choice(["(?:{})?", "(?:{}|b)", "(?:{})", "(?:a|{})"]).format("".join(pieces[at[0] : at[1]]))
        ]
        try:
            made = Identifiers.of("lab", f"(?P<case>{''.join(pieces)})(?P<block>x)")
        except UsageError:
            continue
        taken += 1
        for name in ("a" * 100, "ab" * 50, "b" * 99 + "y"):
            begun = time.process_time()
            made.parts(name)
            assert time.process_time() - begun < 1.0, made.text
    assert taken > 100


def test_a_pseudonym_of_a_case_is_the_same_for_all_its_slides_and_says_nothing() -> None:
    key = bytes(range(32))
    name = case_name("S19-12345", key)
    assert name == case_name(" s19-12345", key) != case_name("S19-12346", key)
    assert re.fullmatch("case-[0-9a-f]{24}", name)
    assert name_verdict(f"{name}-A-HE.svs") == "unknown"
    for number in range(300):  # whatever digits the chance gives it
        assert name_verdict(f"{case_name(str(number), key)}-A.svs") == "unknown"
    assert name_verdict("case-1234567-A.svs") == "identifying"
    assert name_verdict(f"{name}-S19-12345.svs") == "identifying"
