"""Segments that lie together are read at once, to the byte as each would be alone."""

from __future__ import annotations

import random

import numpy as np

from blankslide.source import MemorySource
from blankslide.verification.census.tiff_pages import Together


class _Counted(MemorySource):
    """Notes what is read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.spans: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.spans.append((offset, offset + length))
        return super().read(offset, length)


def _read(source: _Counted, starts: list[int], lengths: list[int]) -> list[bytes]:
    together = Together(source, np.array(starts, np.int64), np.array(lengths, np.int64))
    return [together.read(a, n) for a, n in zip(starts, lengths, strict=True) if n and 0 <= a <= a + n <= source.size]


def test_many_small_segments_are_a_few_questions() -> None:
    """A megabyte of forty thousand tiles was asked for forty thousand times, and as often again."""
    source = _Counted(random.Random(1).randbytes(3 << 20))
    starts = list(range(0, 3 << 20, 16))
    assert b"".join(_read(source, starts, [16] * len(starts))) == source._data
    assert len(source.spans) <= 4
    assert max(end - start for start, end in source.spans) <= 1 << 20


def test_only_bytes_of_segments_are_read_however_they_lie() -> None:
    dice = random.Random(2)
    for _ in range(200):
        source = _Counted(dice.randbytes(400))
        starts, lengths, at = [], [], 0
        for _ in range(20):
            at = dice.choice((at, at, at, dice.randrange(-9, 400), 1 << 62))
            starts.append(at)
            lengths.append(dice.choice((0, 1, 7, 7, 30, 1 << 62)))
            at += lengths[-1]
            at %= 500
        data = source._data
        kept = [(a, n) for a, n in zip(starts, lengths, strict=True) if n and 0 <= a <= a + n <= 400]
        assert _read(source, starts, lengths) == [data[a : a + n] for a, n in kept]
        owned = {i for a, n in kept for i in range(a, a + n)}
        assert all(i in owned for a, b in source.spans for i in range(a, b))
