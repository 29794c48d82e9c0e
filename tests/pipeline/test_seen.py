"""How a plan tells what was seen in pictures: where and how often, never what it says."""

from __future__ import annotations

from blankslide.found.asking import Answer
from blankslide.model import Action, Blank, Coding, Decision, PhiClass, Plan, Room
from blankslide.model.found import Found
from blankslide.pipeline.seen import _is_masked, gone_pictures, mask_around, told
from blankslide.presentation.wording import count_phrase


def picture(role: str, action: Action) -> Decision:
    return Decision(f"picture.{role}", role, PhiClass.IMAGE, action, 1, "page 1", False)


def box(where: str, kind: str = "text", x: int = 1) -> Found:
    return Found(where, kind, x, 2, 30, 40, 0.9, (100, 200))  # type: ignore[arg-type]


PLAN = Plan("research", (picture("label", Action.REMOVE), picture("thumbnail", Action.KEEP)), ())


def test_what_goes_with_its_picture_is_told_and_leaves_nothing() -> None:
    plan = told(PLAN, Answer((box("label"), box("label", "unread barcode")), ()))
    rows = {d.id: (d.action, d.place_count, d.identifying) for d in plan.decisions[2:]}
    assert rows == {
        "found.label.text": (Action.REMOVE, 1, False),
        "found.label.unread-barcode": (Action.REMOVE, 1, False),
    }
    assert plan.left == ()
    assert count_phrase(plan.decisions) == "1 picture can identify the patient"


def test_what_stays_keeps_the_slide_from_being_clean() -> None:
    plan = told(PLAN, Answer((box("thumbnail"), box("thumbnail", x=50), box("level 2", "barcode")), ()))
    assert plan.left == (
        "kept: text in the thumbnail (2 places)",
        "kept: a barcode in the edges of the lowest level (1 place)",
    )
    assert [(d.id, d.where) for d in plan.decisions if d.identifying] == [
        ("found.thumbnail.text", "thumbnail 1,2 30×40; thumbnail 50,2 30×40"),
        ("found.level.barcode", "level 2 1,2 30×40"),
    ]


def test_a_picture_that_nobody_could_look_at_is_told_unless_it_goes() -> None:
    plan = told(PLAN, Answer((), ("label", "thumbnail")))
    assert plan.left == ("the thumbnail could not be looked at for text",)


def test_telling_twice_says_it_once() -> None:
    answer = Answer((box("thumbnail"),), ())
    once = told(PLAN, answer)
    assert told(once, answer) == once


def test_pictures_that_go_are_known_by_their_decisions() -> None:
    assert gone_pictures(PLAN) == {"label"}


def test_of_a_masked_macro_what_is_outside_of_the_mask_stays() -> None:
    room = Room(Blank(0, "macro", Coding(7), ()), "macro", 100, 200, 0)
    plan = Plan("research", (picture("macro", Action.REMOVE),), (), masks=((room, (0, 0, 50, 200)),))
    assert gone_pictures(plan) == frozenset()
    assert _is_masked(box("macro", x=5), plan)
    assert _is_masked(box("macro", x=24), plan)  # its rim reaches out of the mask
    assert not _is_masked(box("macro", x=35), plan)
    assert not _is_masked(box("label", x=5), plan)
    (row,) = told(plan, Answer((box("macro", x=60),), ())).decisions[1:]
    assert (row.id, row.identifying) == ("found.macro.text", True)


def at(x: int, y: int, size: tuple[int, int]) -> Found:
    return Found("macro", "text", x, y, 30, 20, 0.9, size)


def test_a_mask_is_proposed_over_the_end_of_the_glass_that_has_the_boxes() -> None:
    assert mask_around([at(20, 40, (1280, 430)), at(200, 90, (1280, 430))]) == (0, 0, 250, 430)
    assert mask_around([at(1100, 40, (1280, 430))]) == (1080, 0, 200, 430)
    assert mask_around([at(20, 900, (430, 1280))]) == (0, 880, 430, 400)
    assert mask_around([at(20, 40, (1280, 430)), at(1200, 40, (1280, 430))]) is None
    assert mask_around([box("label")]) is None


def test_a_proposed_mask_is_a_note_and_no_decision() -> None:
    plan = told(PLAN, Answer((at(20, 40, (1280, 430)),), ()))
    assert plan.notes == ("a mask that covers what was found in the macro: --mask-macro 0,0,70,430 (look at it first)",)
    assert plan.masks == ()
