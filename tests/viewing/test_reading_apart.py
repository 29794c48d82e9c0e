"""Which parts of a level are looked at, and what is proposed of what was read."""

from __future__ import annotations

import numpy as np
import pytest

from blankslide.viewing.reading_apart import EDGE, MOST_PIECES, _common, _named, _parts, plain, rim


def test_a_small_level_is_looked_at_as_a_whole() -> None:
    assert rim(1400, 900) == [(0, 0, 1400, 900)]


@pytest.mark.parametrize("size", [(2220, 2967), (6000, 4000), (1600, 300)])
def test_of_a_larger_one_all_of_its_rim(size: tuple[int, int]) -> None:
    seen = np.zeros(size[::-1], np.uint8)
    for x, y, w, h in rim(*size):
        seen[y : y + h, x : x + w] += 1
    edge = min(EDGE, (min(size) + 1) // 2)
    seen[edge : size[1] - edge, edge : size[0] - edge] += 1
    assert seen.min() == 1
    assert seen.max() <= 2  # of an uneven width the middle line


def test_of_a_huge_one_a_spread() -> None:
    pieces = rim(100_000, 80_000)
    assert len(pieces) <= MOST_PIECES
    assert {y for _, y, _, _ in pieces} >= {0, 80_000 - EDGE}


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 2), (4, 5, 3), (4, 5, 4)])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_every_picture_becomes_three_colours_of_eight_bits(shape: tuple[int, ...], kind: str) -> None:
    pixels = plain(np.arange(np.prod(shape)).reshape(shape).astype(kind))
    assert pixels.shape == (4, 5, 3)
    assert pixels.dtype == np.uint8


def test_a_row_is_proposed_if_its_whole_name_was_read() -> None:
    texts = ["S23 - 4711", "h&e", "A1"]
    assert [*_named(texts, ["s23-4711", "S23-47", "H&E", "a1"])] == [0, 2]


def test_parts_are_proposed_once() -> None:
    pattern = r"(?P<case>S\d\d-\d+)_(?P<block>\w+)_(?P<stain>HE|PAS)"
    texts = ["S23-4711_A1_HE", "S23-4711_A1_HE", "Quillfeather"]
    assert [*_parts(texts, [pattern])] == [{"case": "S23-4711", "block": "A1", "stain": "HE"}]


def test_a_stain_and_a_block_are_proposed_where_they_stand_alone() -> None:
    texts = ["H&E", "Block A2", "B12", "Quillfeather", "S23-4711", "12.03.1957"]
    assert [*_common(texts)] == [{"stain": "H&E"}, {"block": "A2"}, {"block": "B12"}]
