"""What the plan keeps of a description, the census explains: their tables are written apart, and have to agree.

Headers of descriptions are put together by each scanner in another way. So headers are drawn from the words that a
format keeps, in any order, and values from the patterns of its keys; whatever the plan leaves of them must be a row of
words or a value that the format's vocabulary knows. Where they disagree a healthy slide ends NOT clean.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankslide.formatkit import text_pieces
from blankslide.formats import aperio, huron, mikroscan, motic, threedhistech_tiff, trestle, vocabulary_of
from blankslide.model.patterns import Lazy
from blankslide.verification.census.account import Text
from blankslide.verification.census.grammar import Kept, Rules, explained, vocabulary
from blankslide.verification.census.leaves import leaves

if TYPE_CHECKING:
    from blankslide.formatkit.text_style import Style

FORMATS = (aperio, huron, mikroscan, motic, threedhistech_tiff, trestle)
HEADED = tuple(f for f in FORMATS if f._STYLE.maker)
LIKE_A_DAY = re.compile(r"\d\d\.\d\d\.\d\d")
A_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")  # a number to the plan, not to the census
BEGINNINGS = {
    "aperio": ("Aperio Image Library v12.0.16", "Aperio Leica Biosystems GT450 DX v1.1.0", "Aperio", "Motic V1.0.0"),
    "mikroscan": ("Mikroscan Image Structure",),
    "motic": ("Motic EasyScan 1.0.2", "Motic"),
    "threedhistech_tiff": ("256x192 (64x64) JPEG/RGB Q=80", "256x192"),
}


def left(name: str, text: str, kept: list[tuple[int, int]]) -> list[str]:
    """Return what the census of a format does not explain of a description, of which some spans are kept."""
    rules = Rules(vocabulary(vocabulary_of(name)), Kept((0, a, b) for a, b in kept), lambda value: False)
    found = (Text(0, f"270/{e.path}" if e.path else "270", e.value, e.start, e.end, "page 0") for e in leaves(text))
    return [f"{one.path}: {one.value}" for one in found if not explained(one, rules)]


def words_of(style: Style) -> st.SearchStrategy[str]:
    """Draw a word of a header."""
    form = style.header_words.pattern.removeprefix("((?>(?:(?:").partition(r")(?![^\s;])")[0]
    return st.from_regex(re.compile(f"(?:{form})", re.ASCII), fullmatch=True)


@pytest.mark.parametrize("form", HEADED, ids=lambda f: f.FORMAT.name)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_a_header_that_the_plan_keeps_is_explained(form: object, data: st.DataObject) -> None:
    style, name = form._STYLE, form.FORMAT.name  # type: ignore[attr-defined]
    begins = data.draw(st.sampled_from(BEGINNINGS[name]))
    words = data.draw(st.lists(words_of(style), max_size=6))
    parts = (" ", " ", "\r\n", ";")  # a line that is nothing but brackets would begin a section
    text = begins + "".join(data.draw(st.sampled_from(parts[: 2 if w[0] == "[" else 4])) + w for w in words)
    pieces = text_pieces.read_header(style, text)
    if not pieces.gone and not LIKE_A_DAY.search(text):  # the census believes no version that may be a date
        assert left(name, text, pieces.kept) == []


@pytest.mark.parametrize("form", FORMATS, ids=lambda f: f.FORMAT.name)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_a_value_that_the_plan_keeps_is_explained(form: object, data: st.DataObject) -> None:
    style, name = form._STYLE, form.FORMAT.name  # type: ignore[attr-defined]
    known = {key: legal for key, legal in style.science.items() if isinstance(legal, Lazy)}
    key = data.draw(st.sampled_from(sorted(known)))
    value = data.draw(st.from_regex(re.compile(known[key].pattern, re.ASCII), fullmatch=True))
    separator = {"huron": "\n", "trestle": ";"}.get(name, "|")
    text = f"{separator}{key} = {value}{separator}quality = 80"
    pieces = text_pieces.read_pairs(style, text)
    if not pieces.gone and not value.startswith("00") and not A_DAY.search(value):
        assert left(name, text, pieces.kept) == []


@pytest.mark.parametrize(
    "text", ["KOVACS", "Aperio KOVACS", "4711", "1951-03-02", "Aperio 4711", "Q=30 Rose", "12345678x90"]
)
def test_a_name_and_a_number_are_no_words_of_a_header(text: str) -> None:
    assert left("aperio", text, []) != []
    behind = f"|MRN = 1;Aperio Image Library v12.0.16 {text}|MPP = 0.5"
    assert left("aperio", behind, []) != []


def test_a_value_before_a_header_is_judged_by_its_key() -> None:
    again = "Aperio Image Library v10.2.41 \r\n46920x33014 [0,100 46000x32914] (256x256) JPEG/RGB Q=30"
    text = f"|Top = 23.4;{again}|MPP = 0.5"
    assert left("aperio", text, [(0, len(text))]) == []
    text = f"|Patient = KOVACS;{again}|MPP = 0.5"
    assert left("aperio", text, [(0, len(text))]) != []
