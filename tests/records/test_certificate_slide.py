"""Which entries of a ledger a certificate takes for its slide's, and what it says of the others."""

from __future__ import annotations

from typing import Any

import pytest

from blankslide.model import Outcome
from blankslide.records.certificate_pages import pages
from blankslide.records.certificate_slide import Book, Judged, of_slide

NOW, BEFORE = "a" * 64, "b" * 64


def part(*entries: dict[str, Any], name: str = "slide.svs") -> dict[str, Any]:
    """Return what is said of a clean slide, with these entries in the ledger."""
    judged = Judged(name, Outcome("clean", name="plain"), pseudonym="slide-1", keyed=NOW)
    book = Book([judged])
    for number, entry in enumerate(entries, 1):
        findings = entry.pop("findings", [])
        made = {"findings": findings, "mode": "in place", "content": "clean", "medium": "unknown", **entry}
        book.add({"seq": number, "hash": "h", "time": "t", "entry": made})
    return of_slide(1, judged, book.of(judged))


def words_of(slide: dict[str, Any]) -> str:
    ledger = {"asked": True, "entries": 9, "head": "h", "whole": True, "problem": ""}
    rest = {
        "tool": "",
        "written": "",
        "profile": "",
        "thorough": False,
        "link_table": "",
        "not_claimed": [],
        "seal": None,
    }
    return str(pages({"slides": [slide], "ledger": ledger, **rest}))


def test_the_last_entry_under_the_slides_own_name_is_its_own() -> None:
    """Copies of one slide have the same content, and an entry each."""
    found = part(
        {"after": NOW, "slide": "slide-2"}, {"after": NOW, "slide": "slide-1"}, {"after": NOW, "slide": "slide-3"}
    )
    assert (found["done"]["sequence"], found["same"], found["same_name"]) == (2, [1, 3], True)
    renamed = part({"after": NOW, "slide": "slide-2"})
    assert (renamed["done"]["sequence"], renamed["same_name"]) == (1, False)
    assert "it was renamed, or is a copy" in words_of(renamed)


def test_an_earlier_run_is_another_entry_and_not_about_the_slide_as_it_is() -> None:
    found = part({"after": BEFORE, "slide": "slide-1"}, {"after": NOW, "slide": "slide-1", "profile": "strict"})
    assert (found["done"]["sequence"], found["done"]["profile"], found["earlier"], found["unsure"]) == (
        2,
        "strict",
        [1],
        [],
    )
    assert "of this slide in an earlier state, or of another one" in words_of(found)


def test_a_later_change_is_told() -> None:
    found = part({"after": BEFORE, "slide": "slide-1"})
    assert (found["done"], found["earlier"]) == (None, [1])
    assert "if that was this slide, its bytes have been changed since" in words_of(found)


def test_an_entry_without_a_digest_is_not_believed_to_be_about_the_slide() -> None:
    found = part({"slide": "slide-1"})
    assert (found["done"], found["earlier"], found["unsure"]) == (None, [], [1])
    assert "whether it is about this slide is not known" in words_of(found)


def test_a_name_that_many_slides_have_does_not_fill_the_page() -> None:
    assert part(*({"after": BEFORE, "slide": "slide-1"} for _ in range(30)))["earlier"] == [*range(21, 31)]


@pytest.mark.parametrize(
    ("action", "cls", "gone"), [("U", "D", "no"), ("D", "K", "no"), ("D", "D", "yes"), ("X", "K", "yes")]
)
def test_item_18_is_no_where_ids_may_have_become_codes(action: str, cls: str, gone: str) -> None:
    row = {"id": "x.y", "class": cls, "action": action, "count": 1}
    assert part({"after": NOW, "slide": "slide-1", "findings": [row]})["hipaa"]["18"]["gone"] == gone


def test_a_name_made_with_the_key_is_a_code() -> None:
    found = part({"after": NOW, "slide": "slide-1"}, name="slide-0123456789abcdef01234567.svs")
    assert (found["hipaa"]["18"]["gone"], found["hipaa"]["13"]["gone"]) == ("no", "yes")


def test_findings_of_one_id_and_action_are_added_up() -> None:
    rows = [{"id": "v.unknown", "class": "?", "action": "X", "count": count} for count in (2, 3)]
    (row,) = part({"after": NOW, "slide": "slide-1", "findings": rows})["done"]["findings"]
    assert (row["fields"], row["count"]) == (2, 5)
