"""The little that parsers and formats know of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.source import MemorySource, any_data

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Counted(MemorySource):
    """Counts how often somebody asks for its holes."""

    asked = 0

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        self.asked += 1
        return super().data_ranges(start, end)


def test_small_parts_are_read_without_a_question_for_holes() -> None:
    """A megabyte of small deleted segments asked for its holes a hundred thousand times."""
    for size in (0, 1, 16, 17, 4096, 4097, 1 << 16):
        source = _Counted(bytes(size))
        assert not any_data(source, 0, size)
        assert source.asked == (size > 4096)
        for at in {0, size // 2, size - 1} if size else ():
            spoken = _Counted(bytes(at) + b"A" + bytes(size - at - 1))
            assert any_data(spoken, 0, size)
            assert not any_data(spoken, 0, at)
            assert not any_data(spoken, at + 1, size)
