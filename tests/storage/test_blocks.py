from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.errors import InternalError
from blankslide.model import Patch, Rank
from blankslide.source import MemorySource
from blankslide.storage.blocks import (
    BLOCK,
    Block,
    compile_blocks,
    kept_digest,
    near_digest,
    patched_ranges,
    touched,
    would_write,
)

SIZE = 10 * BLOCK + 77
DATA = random.Random(1).randbytes(SIZE)


def _laid(data: bytes, pieces: list[Patch] | list[Block]) -> bytes:
    image = bytearray(data)
    for piece in pieces:
        new = bytes([piece.byte]) * piece.length if piece.data is None else piece.data
        image[piece.offset : piece.offset + piece.length] = new
    return bytes(image)


@st.composite
def _patches(draw: st.DrawFn) -> list[Patch]:
    cuts = sorted(draw(st.lists(st.integers(0, SIZE), min_size=2, max_size=14, unique=True)))
    out = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        rank = draw(st.integers(0, 3))
        byte = draw(st.sampled_from([0, 0, 255]))
        data = random.Random(start).randbytes(end - start) if draw(st.booleans()) else None
        out.append(Patch(0, start, end - start, data, byte if data is None else 0, rank))
    return draw(st.permutations(out))


@given(_patches())
def test_blocks_are_whole_disjoint_ordered_and_give_the_patched_file(patches: list[Patch]) -> None:
    blocks = compile_blocks(patches, [MemorySource(DATA)])
    assert _laid(DATA, blocks) == _laid(DATA, patches)
    assert all(b.offset % BLOCK == 0 and (b.length % BLOCK == 0 or b.offset + b.length == SIZE) for b in blocks)
    assert [(b.rank, b.offset) for b in blocks] == sorted((b.rank, b.offset) for b in blocks)
    spans = sorted((b.offset, b.offset + b.length) for b in blocks)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    ranges = patched_ranges(patches, 1)[0]
    assert touched(ranges, SIZE) == touched(spans, SIZE)


@given(_patches())
def test_digests_are_the_same_before_during_and_after(patches: list[Patch]) -> None:
    ranges = patched_ranges(patches, 1)[0]
    states = [DATA, _laid(DATA, patches[: len(patches) // 2]), _laid(DATA, patches)]
    assert len({kept_digest(MemorySource(state), ranges) for state in states}) == 1
    assert len({near_digest(MemorySource(state), ranges) for state in states}) == 1


def test_a_block_takes_the_highest_rank_of_its_patches() -> None:
    patches = [Patch(0, 10, 5, b"abcde", rank=Rank.PAYLOAD), Patch(0, 40, 1, b"x", rank=Rank.POINTER)]
    (block,) = compile_blocks(patches, [MemorySource(DATA)])
    assert (block.offset, block.length, block.rank) == (0, BLOCK, Rank.POINTER)


def test_the_inside_of_a_fill_stays_a_fill_and_neighbours_join() -> None:
    patches = [
        Patch(0, 100, 3 * BLOCK - 100, None),
        Patch(0, 3 * BLOCK, 2 * BLOCK, None),
        Patch(0, 5 * BLOCK, 9, b"9" * 9),
    ]
    edge, fill, tail = compile_blocks(patches, [MemorySource(DATA)])
    assert (fill.offset, fill.length, fill.data) == (BLOCK, 4 * BLOCK, None)
    assert edge.data == DATA[:100] + bytes(BLOCK - 100)
    assert tail.data is not None
    assert tail.data[9:] == DATA[5 * BLOCK + 9 : 6 * BLOCK]


def test_an_edge_that_becomes_uniform_becomes_a_fill() -> None:
    source = MemorySource(bytes(BLOCK) + b"x" * 50 + bytes(BLOCK - 50))
    (block,) = compile_blocks([Patch(0, BLOCK, 50, b"\0" * 50)], [source])
    assert block == Block(0, BLOCK, BLOCK, None, 0, 0)


def test_files_are_kept_apart_and_empty_patches_skipped() -> None:
    sources = [MemorySource(DATA), MemorySource(b"short")]
    blocks = compile_blocks([Patch(1, 1, 2, b"--"), Patch(0, 0, 1, b"!"), Patch(0, 9, 0, b"")], sources)
    assert [(b.file, b.offset, b.length) for b in blocks] == [(0, 0, BLOCK), (1, 0, 5)]
    assert blocks[1].data == b"s--rt"


@pytest.mark.parametrize(
    "patches",
    [
        [Patch(0, 0, 5, None), Patch(0, 4, 5, None)],
        [Patch(0, SIZE - 1, 2, None)],
        [Patch(0, -1, 2, None)],
        [Patch(0, 0, 3, b"four")],
        [Patch(0, 0, 3, None, 256)],
        [Patch(1, 0, 3, None)],
    ],
)
def test_patches_that_make_no_sense_are_refused(patches: list[Patch]) -> None:
    with pytest.raises(InternalError):
        compile_blocks(patches, [MemorySource(DATA)])


def test_digests_notice_every_kept_byte_that_they_cover() -> None:
    ranges = [(100, 200)]
    for changed in (0, 99, 200, BLOCK - 1):
        other = bytearray(DATA)
        other[changed] ^= 1
        assert kept_digest(MemorySource(bytes(other)), ranges) != kept_digest(MemorySource(DATA), ranges)
        assert near_digest(MemorySource(bytes(other)), ranges) == near_digest(MemorySource(DATA), ranges)
    other[BLOCK] ^= 1
    assert near_digest(MemorySource(bytes(other)), ranges) != near_digest(MemorySource(DATA), ranges)


def test_a_file_without_untouched_blocks_has_no_witness() -> None:
    assert near_digest(MemorySource(b"tiny"), [(1, 2)]) == ""
    assert near_digest(MemorySource(DATA), []) != ""


def test_a_value_is_found_only_where_patches_write() -> None:
    text = b"User = kept|" + b"." * 20
    blocks = [Block(0, BLOCK, len(text), text, 0, 0)]
    patched = [[(BLOCK + 12, BLOCK + 32)]]
    assert not would_write(b"User", blocks, patched)
    assert would_write(b"|.", blocks, patched)
    assert would_write(b"...", blocks, patched)
    assert not would_write(b"absent", blocks, patched)
    assert not would_write(b"", blocks, patched)


def test_compiling_a_typical_slide_is_fast() -> None:
    from time import process_time

    source = MemorySource(bytes(4_000_000))
    patches = [Patch(0, 300_000 * i + 777, 300_000 if i == 3 else 900, None if i % 2 else b"n" * 900) for i in range(9)]
    best = 1.0
    for _ in range(50):
        start = process_time()
        compile_blocks(patches, [source])
        best = min(best, process_time() - start)
    assert best < 500e-6, "the target is 100 µs; five times that leaves room for a busy machine"


def test_fills_with_different_bytes_stay_apart() -> None:
    patches = [Patch(0, 0, BLOCK, None, 0), Patch(0, BLOCK, BLOCK, None, 255)]
    assert [b.byte for b in compile_blocks(patches, [MemorySource(DATA)])] == [0, 255]
