"""What goes, in words; what follows from keeping or removing; what was found in pictures."""

from __future__ import annotations

from blankslide.model import KEPT_PART, Action, Decision, Outcome, PhiClass
from blankslide.model.found import Found
from blankslide.presentation import plan_words as words
from blankslide.presentation.found_words import found_sentence
from blankslide.presentation.html_card import outcome_state


def decision(id: str, cls: PhiClass = PhiClass.QUASI, action: Action = Action.REMOVE) -> Decision:
    return Decision(id, id, cls, action, 1, "page 0", False)


LABEL, MACRO = decision("picture.label", PhiClass.IMAGE), decision("picture.macro", PhiClass.IMAGE)


def test_pictures_are_named_and_fields_are_counted() -> None:
    fields = [decision(f"aperio.field-{n}") for n in range(6)]
    assert words.going_words([MACRO, *fields, LABEL]) == "label, macro and 6 fields"
    assert words.going_words([LABEL, fields[0]]) == "label and 1 field"
    assert words.going_words([LABEL]) == "label"
    assert words.going_words([MACRO, MACRO]) == "2 macros"
    assert words.going_words([decision("picture.preview", PhiClass.IMAGE)]) == "1 picture"
    assert words.going_words([LABEL, MACRO], {"macro"}) == "label and a part of the macro"
    assert words.going_words([LABEL, MACRO], {"label"}) == "a part of the label and macro"
    kept = LABEL._replace(action=Action.KEEP)
    assert words.going_words([kept]) == "nothing to do"
    assert words.going_words([]) == "nothing to do"


def test_consequences_are_said_before() -> None:
    assert "NOT clean" in words.consequence(LABEL, True, identifies=True)
    assert "NOT clean" not in words.consequence(LABEL, True, identifies=False)
    assert "blank" in words.consequence(LABEL, False, identifies=True)
    new = LABEL._replace(action=Action.DUMMY)
    assert "new label" in words.consequence(new, False, identifies=True)
    assert "scale" in words.consequence(decision("mpp", PhiClass.SCIENCE), False, identifies=False)
    assert "another id" in words.consequence(decision("uid", PhiClass.LINK), False, identifies=True)


def test_what_was_done_is_said_of_each() -> None:
    assert words.done_words(LABEL) == "made blank"
    assert words.done_words(LABEL._replace(action=Action.DUMMY)) == "new label in its place"
    assert words.done_words(MACRO, {"macro"}) == "a part of it made blank"
    assert words.done_words(MACRO, {"label"}) == "made blank"
    assert words.parts_of(Outcome("residue", residue=(KEPT_PART,))) == {"label"}
    assert words.parts_of(Outcome("clean", notes=("the macro is masked: 0,0,9,9 is blank",))) == {"macro"}
    assert words.parts_of(Outcome("clean")) == frozenset()
    assert words.done_words(decision("user")) == "removed"
    assert words.done_words(decision("uid", PhiClass.LINK, Action.UID)) == "new id"


def test_a_second_judgement_is_told_without_the_name() -> None:
    told = words.verified_words(Outcome("clean", readers=("OpenSlide 4", "tifffile 1")))
    assert told == "clean – checked by OpenSlide and tifffile"


def test_what_is_legible_is_counted_by_kind_and_never_quoted() -> None:
    size = (100, 50)
    found = [Found("label", "text", 1, 2, 30, 4, 0.9, size)] * 2 + [Found("macro", "barcode", 1, 2, 30, 4, 0.9, size)]
    assert found_sentence(found) == "Legible in pictures: label: 2 lines of text; macro: 1 barcode"
    assert found_sentence([]) == "Nothing legible was found in its pictures."


def test_the_badge_says_clean_only_where_the_exit_code_is_zero() -> None:
    asked = {"readers": ("OpenSlide 4",), "name": "identifying"}
    fine, not_fine = (Outcome("clean", strict_name=strict, **asked) for strict in (False, True))  # type: ignore[arg-type]
    assert (fine.exit_code, outcome_state(fine)) == (0, ("✓ clean", "good"))
    assert (not_fine.exit_code, outcome_state(not_fine)) == (1, ("! clean, but not as asked", "hot"))
