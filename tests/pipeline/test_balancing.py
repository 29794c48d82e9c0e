"""What the pictures of the second account mean for the verdict."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from blankslide.pipeline.balancing import _pictures_left
from blankslide.verification.census.account import Account, Picture

if TYPE_CHECKING:
    from blankslide.model import Inspection, Plan

INSPECTION = cast("Inspection", SimpleNamespace(associated=()))
PLAN = cast("Plan", SimpleNamespace(decisions=()))


def _left(*pictures: Picture) -> int:
    return len(_pictures_left(Account(pictures=list(pictures)), INSPECTION, PLAN))


@pytest.mark.parametrize("proven", ["unclear", "other"])
def test_a_picture_found_by_content_is_told_even_if_it_is_the_only_one(proven) -> None:
    assert _left(Picture(0, "in base64", 200, 240, proven, 100, 900)) == 1


def test_the_only_page_is_the_slide_though_nothing_proves_it() -> None:
    page = Picture(0, "page 0", 2000, 2400, "unclear", 8, 8)

    assert _left(page) == 0
    assert _left(page, page._replace(where="page 1", start=90, end=90)) == 2
    assert _left(page._replace(proven="other")) == 1
