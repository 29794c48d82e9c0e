"""A sample is the same in every run, holds both ends, and is all of the sweep where that is asked for."""

from __future__ import annotations

import pytest

from blankslide.testing.sampled import sampled


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BLANKSLIDE_WHOLE", raising=False)


@pytest.mark.parametrize("few", [2, 3, 10, 99])
def test_a_sample_has_both_ends_and_keeps_the_order(few: int) -> None:
    cases = range(100, 300, 2)
    tried = sampled(cases, few, "a sweep")
    assert len(tried) == few
    assert (tried[0], tried[-1]) == (100, 298)
    assert tried == sorted(set(tried) & set(cases))


def test_it_is_the_same_each_time_and_another_one_for_another_sweep() -> None:
    cases = range(1000)
    assert sampled(cases, 20, "one") == sampled(cases, 20, "one") != sampled(cases, 20, "other")


@pytest.mark.parametrize(("value", "whole"), [("1", True), ("yes", True), ("", False), ("0", False)])
def test_all_are_tried_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, value: str, whole: bool) -> None:
    monkeypatch.setenv("BLANKSLIDE_WHOLE", value)
    assert (sampled(range(50), 5, "a sweep") == list(range(50))) is whole


def test_a_short_sweep_is_never_cut() -> None:
    assert sampled("abc", 3, "a sweep") == ["a", "b", "c"]
    assert sampled((), 3, "a sweep") == []
