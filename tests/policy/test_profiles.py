"""Profiles: the built-in ones, the allow-list rule, and a site's own in TOML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.errors import ProfileError
from blankslide.model import Action, Finding, PhiClass, Place
from blankslide.model.sensitive import Sensitive
from blankslide.policy.measures import harmless
from blankslide.policy.profiles import RESEARCH, STRICT, load, mistakes_in

if TYPE_CHECKING:
    from pathlib import Path


def finding(
    cls: PhiClass, value: str | None = "x", *, weak: bool = False, id: str = "a.b.c", title: str = "Gamma"
) -> Finding:
    return Finding(id, title, cls, (Place(0, "page 0", 0, 1),), (), Sensitive(value) if value else None, weak)


@pytest.mark.parametrize("cls", [PhiClass.DIRECT, PhiClass.QUASI, PhiClass.DEVICE, PhiClass.PATH, PhiClass.IMAGE])
def test_research_removes_what_identifies(cls: PhiClass) -> None:
    assert RESEARCH.action(finding(cls)) is Action.REMOVE


def test_research_replaces_links_and_keeps_weak() -> None:
    assert RESEARCH.action(finding(PhiClass.LINK)) is Action.DUMMY
    assert RESEARCH.action(finding(PhiClass.DEVICE, weak=True)) is Action.KEEP
    assert STRICT.action(finding(PhiClass.DEVICE, weak=True)) is Action.REMOVE


@pytest.mark.parametrize("value", ["true", "NO", "5", "-12", "1234", "0.4990", "-.5", "3.", "1.5e-06"])
def test_harmless_unknown_values_survive_research_only(value: str) -> None:
    assert harmless(value)
    assert RESEARCH.action(finding(PhiClass.UNKNOWN, value)) is Action.KEEP
    assert STRICT.action(finding(PhiClass.UNKNOWN, value)) is Action.REMOVE


@pytest.mark.parametrize(
    "value", ["12345", "J. Doe", "12.04.57", "1,5", "", "0x12", "Smith 4", "1 2 3", "10.1.2.3", "80103774.0"]
)
def test_other_unknown_values_go(value: str) -> None:
    assert not harmless(value)
    assert RESEARCH.action(finding(PhiClass.UNKNOWN, value or None)) is Action.REMOVE


def test_a_blob_without_value_is_not_harmless() -> None:
    assert RESEARCH.action(finding(PhiClass.UNKNOWN, None)) is Action.REMOVE


def test_keeping_something_identifying_is_said() -> None:
    decision = RESEARCH.keeping("picture.macro").decide(finding(PhiClass.IMAGE, None, id="picture.macro"))
    assert decision.action is Action.KEEP
    assert decision.identifying
    assert not RESEARCH.decide(finding(PhiClass.UNKNOWN, "5")).identifying


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "site.toml"
    path.write_text(text)
    return str(path)


def test_a_site_profile_builds_on_a_base(tmp_path: Path) -> None:
    profile = load(
        write(
            tmp_path, 'name = "our site"\nbase = "strict"\n[classes]\nquasi = "keep"\n[findings]\n"a.*" = "replace"\n'
        )
    )
    assert profile.name == "our site"
    assert profile.action(finding(PhiClass.QUASI, id="z.date")) is Action.KEEP
    assert profile.action(finding(PhiClass.QUASI, id="a.date")) is Action.DUMMY
    assert profile.names


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('name = "x"\nbase = "mild"\n', 2, "research or strict"),
        ('[classes]\nquasi = "remove"\nqwasi = "keep"\n', 3, "not a class"),
        ('name = "x"\n\n[findings]\n"a.b" = "shred"\n', 4, "must be keep, remove"),
        ('nmae = "x"\n', 1, "not a key"),
        ("names = 3\n", 1, "true or false"),
        ('classes = "all"\n', 1, "must be a table"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(ProfileError, match=rf"site\.toml, line {line}: .*{says}"):
        load(write(tmp_path, text))


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="line 2"):
        load(write(tmp_path, 'name = "x"\nbase = \n'))


def test_missing_profiles_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no profile 'mild'"):
        load("mild")
    with pytest.raises(ProfileError, match="cannot be read"):
        load(str(tmp_path / "none.toml"))
    assert ProfileError("x").exit_code == 2


# -- all mistakes at once ------------------------------------------------------------------


def test_every_mistake_is_told_once_with_its_own_line(tmp_path: Path) -> None:
    text = (
        'name = "x"  # direkt\nbase = "stricht"\nnames = "yes"\nbase2 = 1\n[classes]\ndirekt = "remove"\n'
        'quasi = "delete"\nQ = "keep"\nimage = "remove"\n[findings]\n"a.b" = "shred"\nnames = "rplace"\na.c = 7\n'
    )
    found = [(e.message, e.hint) for e in mistakes_in(write(tmp_path, text))]
    assert [message.split(", ", 1)[1].split(":")[0] for message, _ in found] == [
        f"line {n}" for n in (2, 3, 4, 6, 7, 11, 12, 13)
    ]
    hints = "\n".join(hint for _, hint in found)
    for word in ("strict?", "without quotes", "base?", "direct?", "remove?", "replace?"):
        assert word in hints


def test_a_class_that_is_named_twice_is_a_mistake(tmp_path: Path) -> None:
    (error,) = mistakes_in(write(tmp_path, '[classes]\nquasi = "keep"\nQ = "remove"\n'))
    assert "line 3: the class of 'Q' is named twice" in error.message


@pytest.mark.parametrize("text", ["", '[findings]\na.b.c = "keep"\n', '[findings.a]\n"b.c" = "keep"\n'])
def test_a_right_profile_has_no_mistakes(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    assert mistakes_in(path) == []
    assert (load(path).action(finding(PhiClass.DIRECT)) is Action.KEEP) == bool(text), "ids need no quotes"


@pytest.mark.parametrize(
    ("text", "says"), [('base = ["strict"]\n', "research or strict"), ("findings = 3\n", r"write \[findings\]")]
)
def test_values_of_other_types_are_mistakes_too(tmp_path: Path, text: str, says: str) -> None:
    (error,) = mistakes_in(write(tmp_path, text))
    with pytest.raises(ProfileError):
        load(write(tmp_path, text))
    assert says.replace("\\", "") in f"{error.message} {error.hint}"


def test_a_mistyped_name_of_a_profile_is_asked_about() -> None:
    with pytest.raises(ProfileError) as caught:
        load("reserch")
    assert caught.value.hint == "did you mean research?"
    assert mistakes_in("strict") == []


PATTERNS = """
base = "strict"

[identifiers]
scanner = '(?P<case>[A-Z]\\d\\d-\\d+)_(?P<block>\\w)'
barcode = '(?P<case>\\d+);(?P<stain>HE|PAS)'
"""


def test_a_profile_holds_patterns_for_names(tmp_path: Path) -> None:
    profile = load(write(tmp_path, PATTERNS))
    assert [each.name for each in profile.identifiers] == ["scanner", "barcode"]
    assert profile.identifiers[1].fields == {"stain"}
    assert STRICT.identifiers == ()


def test_a_wrong_pattern_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"site.toml, line 6: the pattern 'barcode' has a group 'stian'") as caught:
        load(write(tmp_path, PATTERNS.replace("stain", "stian")))
    assert caught.value.hint == "did you mean stain?"
    with pytest.raises(ProfileError, match=r"line 3: the pattern 'x' must be a text"):
        load(write(tmp_path, "[identifiers]\n# x\nx = 3\n"))
