"""All mutants, of all formats: `make trust` runs them, and every run of the tests a few that are quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.testing.own import mutants_kit, mutants_large, mutants_pages, mutants_sets

if TYPE_CHECKING:
    from blankslide.testing.own.forgetful import Mutant


def all_mutants() -> tuple[Mutant, ...]:
    """Return all mutants; those of one sample follow each other, because its slide is built once."""
    found = (*mutants_pages.MUTANTS, *mutants_large.MUTANTS, *mutants_sets.MUTANTS, *mutants_kit.MUTANTS)
    return tuple(sorted(found, key=lambda mutant: mutant.sample))
