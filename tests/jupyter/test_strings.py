"""The fold in the card: every string that is left, in the page and in no saved notebook."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed: the notebook face needs blankslide[jupyter]")
pytest.importorskip("anywidget", reason="anywidget is not installed: the notebook face needs blankslide[jupyter]")

import ipywidgets as W

from blankslide import api, pipeline
from blankslide.jupyter import SlideReview
from blankslide.jupyter.strings import row

PATIENT = "Thimblewick, Percivus"


def states() -> str:
    return str(W.Widget.get_manager_state(widgets=None)["state"])


def opened(built: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[SlideReview, list[Any]]:
    """Return a review outside of any loop, and what its fold sends to the page."""
    W.Widget.close_all()
    review = SlideReview(built.path, ledger="none", key=built.path.with_name("site.key"))
    sent: list[Any] = []
    widget = review._card.sheet.widget
    monkeypatch.setattr(widget, "send", lambda said, blobs: sent.append(said))
    widget._handle_custom_msg({"hello": "a page"}, [])
    sent.clear()
    return review, sent


def turn(review: SlideReview, on: bool) -> None:
    """Open or close the fold as the page does."""
    fold = review._card.strings.part
    review._card.sheet.widget._handle_custom_msg({"part": fold.id, "do": "set", "value": on}, [])


def listed(review: SlideReview) -> list[Any]:
    return list(review._card.strings._table.rows)


def anonymize(review: SlideReview) -> None:
    controls = review._card.controls
    controls.dry_run.value, controls.confirm.value = False, True
    controls.go.click()


def test_nothing_is_read_until_the_fold_is_opened_and_then_it_is_the_list_of_all_faces(
    built: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    review, sent = opened(built, monkeypatch)
    assert review.session.strings is None
    assert sent == []
    turn(review, True)
    assert "reading every string …" in str(sent)
    said = pipeline.readable(built.path, api.options("research", ledger="none", looks=True))
    assert list(review.session.strings or ()) == said
    assert listed(review) == [row(number, line) for number, line in enumerate(said)]
    assert review._card.strings.part.label == f"Readable strings ({len(said)})"
    assert PATIENT in str(sent)
    turn(review, False)
    assert listed(review) == []
    review.look()
    assert review.session.strings is None, "nobody looks at it, so it is not made anew"
    review.close()


def test_no_state_of_a_widget_ever_holds_a_string(built: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    review, sent = opened(built, monkeypatch)
    turn(review, True)
    assert PATIENT in str(sent), "the search must see what is there"
    fields = [r.value for r in built.key.removed if len(r.value) > 4]
    assert [v for v in fields if v in states()] == []
    review.finish()
    assert sent[-1] == {"gone": True}
    assert listed(review) == []
    assert not review._card.strings.is_open
    assert review.session.strings is None
    assert [v for v in built.values() if v in states()] == []


def test_a_run_takes_the_old_list_away_and_brings_what_is_left(built: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    review, sent = opened(built, monkeypatch)
    turn(review, True)
    at = len(sent)
    anonymize(review)
    assert review.outcome is not None
    assert review.outcome.content == "clean"
    assert PATIENT not in str(sent[at:])
    assert review._card.strings._told.words().endswith("each is explained")
    assert listed(review)
    review.close()
