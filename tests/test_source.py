"""The little that parsers and formats know of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.source import MemorySource, Window, any_data

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


def test_what_lies_between_tiles_is_read_and_no_block_around_it() -> None:
    asked: list[tuple[int, int]] = []

    class Counting(MemorySource):
        def read(self, offset: int, length: int) -> bytes:
            asked.append((offset, length))
            return super().read(offset, length)

    source = Window(Counting(bytes(9000) + b"x" + bytes(9000)))
    assert not any_data(source, 8999, 9000)
    assert any_data(source, 9000, 9001)
    assert asked == [(8999, 1), (9000, 1)]
