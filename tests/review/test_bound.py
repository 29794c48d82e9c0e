"""The bound is exact: held against scipy's distribution, and against all draws of small numbers."""

from __future__ import annotations

from itertools import combinations

import pytest

from blankslide.errors import UsageError
from blankslide.review.bound import at_most, chance, sample_size

CASES = [
    (1, 1, 1, 0), (10, 3, 4, 0), (10, 3, 4, 2), (10, 10, 3, 1), (412, 20, 59, 0), (412, 21, 58, 1), (1000, 10, 258, 0),
    (1000, 50, 100, 3), (5000, 100, 200, 7), (100_000, 1000, 299, 0), (1_000_000, 10_000, 298, 0), (300, 200, 150, 90),
    (1_000_000, 10_000, 5000, 40), (1_000_000, 500, 20_000, 12), (2_000, 1_000, 1_500, 740), (50, 25, 50, 24),
]  # fmt: skip


@pytest.mark.parametrize(("total", "bad", "size", "failures"), CASES)
def test_the_chance_is_that_of_the_hypergeometric_distribution(total: int, bad: int, size: int, failures: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = float(stats.hypergeom(total, bad, size).cdf(failures))
    assert chance(total, bad, size, failures) == pytest.approx(expected, abs=1e-9)


def test_the_chance_is_counted_right_where_all_draws_can_be_tried() -> None:
    for total, size in ((6, 3), (7, 2), (5, 5), (8, 4)):
        draws = list(combinations(range(total), size))
        for bad in range(total + 1):
            for failures in range(size + 1):
                seen = sum(sum(slide < bad for slide in draw) <= failures for draw in draws)
                assert chance(total, bad, size, failures) == pytest.approx(seen / len(draws), abs=1e-12)


@pytest.mark.parametrize(("total", "size", "failures"), [(412, 59, 0), (412, 59, 2), (1000, 258, 0), (20, 20, 3)])
def test_one_more_bad_slide_would_have_shown(total: int, size: int, failures: int) -> None:
    most = at_most(total, size, failures)
    assert chance(total, most, size, failures) > 0.05
    assert most == total - size + failures or chance(total, most + 1, size, failures) <= 0.05


def test_the_numbers_people_know() -> None:
    assert sample_size(1_000_000, 0.01) == 298  # "no failure in 299: at most 1 %", where there is no end of slides
    assert sample_size(1_000_000, 0.05) == 59
    assert sample_size(412, 0.05) < 59, "of a finite number fewer are enough"
    assert sample_size(30, 0.0) == 29 + (at_most(30, 29) > 0)
    assert at_most(100, 100, 4) == 4, "who has looked at all of them knows"
    assert at_most(100, 0) == 100, "who has looked at none knows nothing"


def test_a_sample_is_the_smallest_that_is_enough() -> None:
    for total in (1, 2, 10, 59, 412, 2000):
        for share in (0.0, 0.01, 0.05, 0.2):
            size = sample_size(total, share)
            allowed = int(share * total + 1e-9)
            assert at_most(total, size) <= allowed
            assert size == 0 or at_most(total, size - 1) > allowed


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: at_most(10, 11), "no larger than the whole"),
        (lambda: at_most(10, 5, 6), "no larger than the whole"),
        (lambda: at_most(10, 5, 0, 1.0), "confidence"),
        (lambda: sample_size(0, 0.1), "no slide"),
        (lambda: sample_size(10, 1.0), "share"),
    ],
)
def test_numbers_that_cannot_be_are_refused(call: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call()  # type: ignore[operator]
