"""The byte map: overlaps are refused, gaps are exact, small and large slides answer alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankslide import spans
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.spans import ByteClass, ByteMap, merge, subtract

SIZE = 400
claims = st.lists(
    st.tuples(
        st.integers(0, SIZE - 1), st.integers(0, 30), st.sampled_from(list(ByteClass)), st.sampled_from(["a", "b", "c"])
    ),
    max_size=12,
)


def build(items: list[tuple[int, int, ByteClass, str]], *, large: bool) -> ByteMap:
    bytemap = ByteMap(SIZE)
    for start, length, cls, owner in items:
        if large:
            bytemap._claim_arrays([start], [length], cls, owner)
        else:
            bytemap.claim(start, start + length, cls, owner)
    bytemap.settle()
    return bytemap


def answer(items: list[tuple[int, int, ByteClass, str]], *, large: bool) -> object:
    try:
        m = build(items, large=large)
    except (ContradictorySlide, DamagedSlide) as error:
        return type(error)
    hits = [m.meets_tissue(i, i + 3) for i in range(0, SIZE - 3)]
    owned = m.owned_only_by({"a", "b"})
    return m.gaps(), hits, sorted((s, e, int(c)) for s, e, c in owned), m.tissue()


@settings(max_examples=300, deadline=None)
@given(claims)
def test_tuples_and_arrays_answer_alike(items: list[tuple[int, int, ByteClass, str]]) -> None:
    assert answer(items, large=False) == answer(items, large=True)


@settings(max_examples=200, deadline=None)
@given(claims)
def test_gaps_and_claims_fill_the_file_exactly(items: list[tuple[int, int, ByteClass, str]]) -> None:
    try:
        m = build(items, large=False)
    except (ContradictorySlide, DamagedSlide):
        return
    covered = {b for s, n, _, _ in items for b in range(s, s + n)}
    gaps = {b for s, e in m.gaps() for b in range(s, e)}
    assert covered | gaps == set(range(SIZE))
    assert not covered & gaps


def test_identical_claims_of_one_class_are_shared() -> None:
    m = ByteMap(100)
    m.claim(10, 20, ByteClass.METADATA, "page 0")
    m.claim(10, 20, ByteClass.METADATA, "page 3")
    m.settle()
    assert m.owned_only_by({"page 3"}) == []
    assert m.owned_only_by({"page 0", "page 3"}) == [(10, 20, ByteClass.METADATA)]


@pytest.mark.parametrize(
    "other", [(15, 25, ByteClass.METADATA), (10, 20, ByteClass.TISSUE), (10, 19, ByteClass.METADATA)]
)
def test_any_other_overlap_refuses_the_slide(other: tuple[int, int, ByteClass]) -> None:
    m = ByteMap(100)
    m.claim(10, 20, ByteClass.METADATA, "page 0")
    m.claim(*other, "page 1")
    with pytest.raises(ContradictorySlide, match="share bytes"):
        m.settle()


@pytest.mark.parametrize(("start", "length"), [(95, 10), (-1, 5), (2**63, 2**63), (0, 101)])
def test_claims_outside_the_file_are_damage(start: int, length: int) -> None:
    m = ByteMap(100)
    with pytest.raises(DamagedSlide):
        m.claim_many((start,), (length,), ByteClass.TISSUE, "page 0")


def test_strips_in_a_row_are_one_claim_until_another_page_shares_one() -> None:
    m = ByteMap(100)
    m.claim_many((10, 20, 30), (10, 10, 5), ByteClass.TISSUE, "page 0")
    m.settle()
    assert m.claims() == [(10, 35, ByteClass.TISSUE, "page 0")]
    m = ByteMap(100)
    m.claim_many((10, 20, 30), (10, 10, 5), ByteClass.TISSUE, "page 0")
    m.claim_many((20,), (10,), ByteClass.TISSUE, "page 1")
    m.settle()
    assert [c[:2] for c in m.claims()] == [(10, 20), (20, 30), (30, 35)]
    m = ByteMap(100)
    m.claim_many((10, 20, 30), (10, 10, 5), ByteClass.TISSUE, "page 0")
    m.claim_many((20,), (10,), ByteClass.ASSOCIATED, "page 1")
    with pytest.raises(ContradictorySlide):
        m.settle()


def test_offsets_and_counts_must_pair() -> None:
    with pytest.raises(DamagedSlide, match="2 offsets but 1 byte counts"):
        ByteMap(100).claim_many((1, 2), (1,), ByteClass.TISSUE, "page 0")


def test_half_a_million_tiles_stay_in_arrays() -> None:
    import numpy as np

    count = 500_000
    m = ByteMap(count * 10 + 50)
    starts = np.arange(count, dtype=np.uint64) * 10 + 50
    m.claim_many(starts, np.full(count, 8, dtype=np.uint64), ByteClass.TISSUE, "page 0")
    m.claim(0, 50, ByteClass.STRUCTURE, "header")
    m.settle()
    assert m.meets_tissue(55, 56)
    assert not m.meets_tissue(58, 60)
    assert not m.meets_tissue(0, 50)
    assert len(m.gaps()) == count
    assert len(m.claims()) == 1


def test_merge_and_subtract() -> None:
    assert merge([(5, 8), (0, 2), (2, 4), (7, 9), (9, 9)]) == [(0, 4), (5, 9)]
    assert subtract([(0, 10), (20, 30)], [(2, 3), (8, 22), (29, 40)]) == [(0, 2), (3, 8), (22, 29)]
    assert spans.LARGE > 1000
