"""The sample is drawn by a seed, and anybody who has it draws the same."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from blankslide.review.draw import digest, drawn, new_seed

NAMES = [f"case {number:02}/slide.svs" for number in range(40)]


def test_the_same_seed_draws_the_same_in_any_order() -> None:
    assert drawn(NAMES, 7, 8841) == drawn(NAMES[::-1], 7, 8841)
    assert drawn(NAMES, 7, 8841) != drawn(NAMES, 7, 8842)
    assert drawn(NAMES, 7, 8841) == drawn(NAMES, 12, 8841)[:7], "more of them are the same and some more"


def test_it_can_be_drawn_by_hand() -> None:
    numbers = {sha256(f"8841 {name}".encode()).hexdigest(): name for name in NAMES}
    assert drawn(NAMES, 3, 8841) == [numbers[key] for key in sorted(numbers)[:3]]


def test_every_slide_has_its_chance() -> None:
    seen = Counter(name for seed in range(2000) for name in drawn(NAMES, 10, seed))
    assert len(seen) == 40
    assert all(380 < count < 620 for count in seen.values()), "500 each, but for chance"


def test_odd_names_are_names() -> None:
    assert len(drawn(["a\udcff.svs", "b\n.svs", "a\udcff.svs"], 5, 1)) == 2


def test_the_digest_tells_sets_apart_and_holds_no_name() -> None:
    assert digest(NAMES) == digest(NAMES[::-1])
    assert digest(NAMES) != digest(NAMES[1:])
    assert 0 <= new_seed() < 1_000_000
