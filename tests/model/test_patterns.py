"""Patterns that compile on first use behave like compiled ones."""

from __future__ import annotations

import re

import pytest

from blankslide.model.patterns import pattern


def test_every_method_works_and_is_kept() -> None:
    lazy = pattern(r"(a)(b)?", re.IGNORECASE)
    assert lazy.fullmatch("AB") is not None
    assert lazy.sub("x", "zab") == "zx"
    assert [m[0] for m in lazy.finditer("a ab")] == ["a", "ab"]
    assert lazy.pattern == r"(a)(b)?"
    assert "fullmatch" in vars(lazy)


def test_nothing_is_compiled_before_use() -> None:
    broken = pattern("(")
    with pytest.raises(re.error):
        broken.match("x")
