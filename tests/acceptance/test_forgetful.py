"""Formats that were made forgetful on purpose are not called clean; `make trust` tries all of them."""

from __future__ import annotations

import pytest

from blankslide.formats import all_formats
from blankslide.testing.own.mutant_runs import judged
from blankslide.testing.own.mutants import all_mutants

QUICK = [mutant for mutant in all_mutants() if mutant.quick]


@pytest.mark.parametrize("mutant", QUICK, ids=lambda m: f"{m.sample} {m.name}")
def test_what_a_format_forgets_is_told(mutant) -> None:
    verdict = judged(mutant)
    assert verdict.effective, "the mutant forgets nothing that matters, so nothing was tested"
    assert verdict.word == "OK", (
        f"something planted is left, and nobody says more than of a healthy slide: {verdict.stays}"
    )


def test_there_are_many_mutants_and_every_format_has_some() -> None:
    mutants = all_mutants()
    assert len(mutants) >= 60
    assert len({(m.sample, m.name) for m in mutants}) == len(mutants), "two mutants have one name"
    assert {m.format for m in mutants if m.format} == {form.name for form in all_formats()}
