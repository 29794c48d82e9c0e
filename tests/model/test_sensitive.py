"""A sensitive value leaves only through `reveal`."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import pytest

from blankslide.model import Finding, PhiClass, Place
from blankslide.model.sensitive import Sensitive

SECRET = "Wanda Pryor"


@pytest.mark.parametrize("shown", [str, repr, "{}".format, "{:>20}".format, lambda v: f"{v!r}", lambda v: f"{[v]}"])
def test_no_way_of_printing_shows_it(shown: object) -> None:
    text = shown(Sensitive(SECRET))  # type: ignore[operator]
    assert SECRET not in text
    assert "11 chars" in text


def test_it_cannot_be_pickled_copied_or_serialised() -> None:
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            leak(Sensitive(SECRET))


def test_logging_and_tracebacks_show_a_length(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("x").warning("found %s", Sensitive(b"\x01\x02"))
    assert "<2 bytes>" in caplog.text


def test_findings_show_no_value() -> None:
    found = Finding("a.b", "B", PhiClass.DIRECT, (Place(0, "page 0", 1, 2),), (), Sensitive(SECRET))
    assert SECRET not in repr(found)
    assert found.value is not None
    assert found.value.reveal() == SECRET


def test_values_compare_by_identity_only() -> None:
    assert Sensitive("a") != Sensitive("a")
    assert len({Sensitive("a"), Sensitive("a")}) == 2
    assert not Sensitive("")
