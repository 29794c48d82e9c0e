"""What a plan says to others names no field that nobody knows: its name may be somebody's."""

from __future__ import annotations

from blankslide.model import Action, Decision, Outcome, PhiClass, Plan
from blankslide.model.plan import public_sentence
from blankslide.presentation.html_card import outcome_card, plan_card

NAME = "quillfeatherjane"


def decision(id: str, title: str, cls: PhiClass = PhiClass.UNKNOWN) -> Decision:
    return Decision(id, title, cls, Action.KEEP, 1, "page 1", True)


def test_no_card_shows_the_key_of_a_kept_unknown_field_wherever_it_stands_in_the_id() -> None:
    for named in (f"aperio.description.{NAME}", f"ome.xml.{NAME}.value", f"zeiss.metadata.a.{NAME}.b.c"):
        kept = decision(named, NAME.upper())
        left = (f"kept: {named}", f"{named}: cannot be removed without understanding it")
        cards = (
            plan_card(Plan("research", (kept,), (), left)),
            outcome_card(Outcome("residue", decisions=(kept,), residue=left)),
        )
        for card in cards:
            assert NAME not in card.lower()


def test_a_longer_id_is_taken_out_before_the_one_that_begins_it() -> None:
    both = decision("a.b.c", "C field"), decision(f"a.b.c-{NAME}", NAME)
    assert NAME not in public_sentence(f"a.b.c-{NAME} is left", both)


def test_known_fields_keep_their_names() -> None:
    known = decision("aperio.description.user", "User", PhiClass.DIRECT)
    assert public_sentence("kept: aperio.description.user", (known,)) == "kept: aperio.description.user"
