"""The collector of findings: one mechanism for all formats, whatever comes first."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest

from blankslide.errors import DamagedSlide
from blankslide.formatkit.findings import DIRECT, IMAGE, UNKNOWN, FindingCollector, places_in
from blankslide.model import Cut, Edit, Fill, Finding, Part, Place, TextBlock, Write

PLACES = (Place(0, "page 0", 10, 20), Place(0, "page 1", 30, 40), Place(1, "page 0", 10, 20))


def only(found: FindingCollector) -> Finding:
    (finding,) = found.finish()
    return finding


@pytest.mark.parametrize("order", list(permutations([True, True, False])))
def test_strong_wins_in_any_order(order: tuple[bool, ...]) -> None:
    found = FindingCollector()
    for place, weak in zip(PLACES, order, strict=True):
        found.add("picture.thumbnail", "Thumbnail", IMAGE, place, (), None, weak)
    assert not only(found).weak


@pytest.mark.parametrize("weak", [True, False])
def test_what_is_weak_in_all_places_is_weak(weak: bool) -> None:
    found = FindingCollector()
    for place in PLACES:
        found.add("x.model", "Model", DIRECT, place, (), "M", weak)
    assert only(found).weak is weak


@pytest.mark.parametrize("first", [True, False])
def test_strong_wins_among_values_of_several_pieces(first: bool) -> None:
    found = FindingCollector()
    for weak in (first, not first):
        found.add_spans("picture.thumbnail", "Thumbnail", IMAGE, "table", [(1, 2), (5, 9)], (), None, weak)
    assert not only(found).weak


def test_each_place_edit_and_value_stands_once_in_its_order() -> None:
    found, block = FindingCollector(), TextBlock(0, 0, 99)
    edits: list[Edit] = [Cut(block, 10, 20), Fill(0, 10, 20), Write(0, 30, b"x")]
    for _ in range(3):
        for place, edit, value in zip(PLACES, edits, ("b", "a", "b"), strict=True):
            found.add("x.user", "User", DIRECT, place, (edit,), value)
        found.add_spans("x.user", "User", DIRECT, "page 9", [(1, 2), (1, 2)], edits, "a")
    finding = only(found)
    assert finding.places == (*PLACES, Place(0, "page 9", 1, 2))
    assert list(finding.edits) == edits
    assert [v.reveal() for v in (finding.value, *finding.values) if v is not None] == ["b", "a"]


def test_parts_of_two_structures_are_two_edits() -> None:
    class Nothing:
        def writes(self, parts: object, key: object) -> list[Write]:
            return []

    found, one, other = FindingCollector(), Nothing(), Nothing()
    for rewrite in (one, other, one):
        found.add("x.user", "User", DIRECT, PLACES[0], (Part(rewrite, "user"),), None)
    assert only(found).edits == (Part(one, "user"), Part(other, "user"))


def test_findings_come_in_the_order_of_their_first_place() -> None:
    found = FindingCollector()
    for id_ in ("x.b", "x.a", "x.b", "x.c"):
        found.add(id_, id_, UNKNOWN, PLACES[0], (), None)
    assert [f.id for f in found.finish()] == ["x.b", "x.a", "x.c"]


def _one(found: FindingCollector) -> None:
    found.add("x.user", "User", DIRECT, PLACES[0], (), "Quixfeld")


def _two(found: FindingCollector) -> None:
    found.add_spans("x.user", "User", DIRECT, "table", [(0, 1), (1, 2)], (), "Quixfeld")


@pytest.mark.parametrize(("add", "times"), [(_one, 4), (_two, 2)])
def test_more_places_than_the_limit_refuse_the_slide(add: Callable[[FindingCollector], None], times: int) -> None:
    found = FindingCollector(limit=4)
    for _ in range(times):
        add(found)
    with pytest.raises(DamagedSlide) as refusal:
        _one(found)
    assert "Quixfeld" not in str(refusal.value)


def test_nothing_shows_a_value() -> None:
    found = FindingCollector()
    _one(found)
    shown = [repr(found), repr(vars(found)), repr(only(found)), repr(only(found).value)]
    assert not [text for text in shown if "Quixfeld" in text]


def test_values_carry_the_encoding_that_is_set_last() -> None:
    found = FindingCollector()
    _one(found)
    found.encoding = "utf-16-le"
    assert only(found).encoding == "utf-16-le"


def test_a_small_file_has_few_places() -> None:
    """A megabyte with a hundred thousand places took minutes."""
    assert places_in(1 << 20) == 1 << 13
    assert places_in(1 << 24) == 1 << 17
    assert places_in(1 << 27) == places_in(1 << 50) == 1 << 20
    found = FindingCollector(places_in(1000))
    for i in range(1 << 13):
        found.add("x", "X", DIRECT, Place(0, "page 0", i, i + 1), (), None)
    with pytest.raises(DamagedSlide):
        found.add("x", "X", DIRECT, Place(0, "page 0", 0, 1), (), None)
