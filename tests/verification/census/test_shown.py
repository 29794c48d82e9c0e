"""A picture that a reader shows, and that no account has, is told."""

from __future__ import annotations

from blankslide.verification.census.account import Picture
from blankslide.verification.census.shown import unaccounted
from blankslide.verification.views import UNSEEN, PictureView, ReaderView


def _view(*pictures: PictureView) -> ReaderView:
    return ReaderView("OpenSlide", pictures=pictures)


_MACRO = PictureView("macro", (600, 200), "digest", False)
_SAID = ["OpenSlide shows a picture of 600 × 200 that is in no account"]


def _known(width: int, height: int) -> Picture:
    return Picture(0, "page 1", width, height, "other", 8, 8)


def test_what_no_account_has_is_told() -> None:
    assert unaccounted([_view(_MACRO)], [_known(100, 100)]) == _SAID


def test_what_the_census_has_found_is_told_there() -> None:
    assert unaccounted([_view(_MACRO)], [_known(600, 200)]) == []


def test_one_picture_explains_one_of_its_size_to_each_reader() -> None:
    twice = _view(_MACRO, _MACRO._replace(name="label"))

    assert unaccounted([_view(_MACRO), _view(_MACRO)], [_known(600, 200)]) == []
    assert unaccounted([twice], [_known(600, 200)]) == _SAID


def test_blank_pictures_and_those_that_nobody_decodes_need_no_account() -> None:
    assert unaccounted([_view(_MACRO._replace(blank=True), _MACRO._replace(digest=""))], []) == []


def test_before_the_first_write_what_the_plan_removes_needs_none() -> None:
    unseen = _view(_MACRO._replace(digest=UNSEEN), _MACRO._replace(name=""))

    assert unaccounted([unseen], [], gone=["macro"], gone_sizes=[(600, 200)]) == []
    assert unaccounted([unseen], []) == _SAID
