"""A card that only looks, or makes a dry run, leaves nothing in the person's home."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide.policy.pseudonyms import is_ours

pytest.importorskip("ipywidgets")

from blankslide.jupyter import SlideReview

if TYPE_CHECKING:
    from pathlib import Path


def files(home: Path) -> set[str]:
    return {p.name for p in home.rglob("*") if p.is_file()}


def test_a_card_makes_the_key_with_the_first_real_run(built: Any, home: Path) -> None:
    review = SlideReview(built.path)
    controls = review._card.controls
    controls.profile.value = "strict"
    controls.go.click()
    assert review.outcome is not None
    assert review.outcome.content == "untouched"
    assert not list(home.rglob("*"))
    controls.dry_run.value = False
    controls.confirm.value = True
    controls.go.click()
    assert review.outcome.content == "clean"
    assert files(home) == {"site.key", "ledger.jsonl"}
    assert review.session.summary == "nothing to do"  # the card knows the ids of the key that was made


def test_a_card_takes_up_a_key_that_was_made_after_it_was_opened(built: Any, home: Path, tmp_path: Path) -> None:
    from blankslide import api
    from blankslide.home import load_key

    review = SlideReview(built.path)
    api.anonymize(built.path, in_place=True)
    review.check()
    assert review.session.options.key == load_key()
    assert review.session.summary == "nothing to do"
    assert is_ours("0", load_key())


def test_a_named_key_is_not_made_by_looking(built: Any, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "site.key"
    SlideReview(built.path, key=key, ledger="none")
    assert not key.parent.exists()
