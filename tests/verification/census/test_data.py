"""Files as a plan would leave them, read in any portion, are what writing would make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from blankslide.source import MemorySource
from blankslide.verification.census.data import Change, Overlay, Stream, joined, pieces, without

if TYPE_CHECKING:
    from pathlib import Path

FILE = bytes(range(1, 201))


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    edges = sorted(draw(st.sets(st.integers(0, 200), min_size=2, max_size=12)))
    out = []
    for start, end in zip(edges[::2], edges[1::2], strict=False):
        data = draw(st.one_of(st.none(), st.binary(min_size=end - start, max_size=end - start)))
        out.append(Change(start, end, data, draw(st.integers(0, 255))))
    return draw(st.permutations(out))


def written(made: list[Change]) -> bytes:
    out = bytearray(FILE)
    for change in made:
        out[change.start : change.end] = (
            change.data if change.data is not None else bytes([change.byte]) * (change.end - change.start)
        )
    return bytes(out)


@given(changes(), st.integers(0, 200), st.integers(0, 200))
def test_every_portion_is_what_writing_would_make(made: list[Change], a: int, b: int) -> None:
    low, high = min(a, b), max(a, b)
    assert Overlay(MemorySource(FILE), made).read(low, high - low) == written(made)[low:high]


def test_a_stream_is_a_file(tmp_path: Path) -> None:
    stream = Stream(MemorySource(FILE))
    stream.seek(-10, 2)
    assert stream.read(4) == FILE[190:194]
    assert stream.tell() == 194
    assert stream.read() == FILE[194:]
    assert stream.read(5) == b""
    buffer = bytearray(8)
    stream.seek(3)
    assert stream.readinto(buffer) == 8
    assert bytes(buffer) == FILE[3:11]


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).map(tuple), max_size=8)


@given(SPANS, SPANS)
def test_without_leaves_exactly_the_rest(spans: list[tuple[int, int]], holes: list[tuple[int, int]]) -> None:
    rest = {n for a, b in without(joined(spans), joined(holes)) for n in range(a, b)}
    assert rest == {n for a, b in spans for n in range(a, b)} - {n for a, b in holes for n in range(a, b)}


def test_pieces_overlap_and_leave_out_zeros() -> None:
    size = (1 << 20) + 100
    data = bytearray(3 * (1 << 20))
    data[size - 3 : size + 3] = b"JANE R"
    found = list(pieces(MemorySource(bytes(data)), [(0, len(data))]))
    assert any(b"JANE R" in piece for _, piece in found)
    assert all(any(piece) for _, piece in found)
    assert len(found) < 3
