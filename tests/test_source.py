"""The little that parsers and formats know of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.errors import DamagedSlide
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


def test_a_window_answers_as_its_file_whatever_it_knows() -> None:
    """Over the border of a block, at the end, and refusing what lies beyond, with the blocks read before or not."""
    data = bytes(range(256)) * 80
    file = MemorySource(data)
    places = [(at, length) for at in (0, 5, 8190, 8192, 20470, 20480, 20481, -3) for length in (0, 1, 2, 9, 9000, -1)]
    for known in (False, True):
        for at, length in places:
            window = Window(file)
            if known:
                assert [window.read(start, 1) for start in (0, 8192, 16384)] == [b"\0"] * 3
            if at < 0 or length < 0 or at + length > len(data):
                with pytest.raises(DamagedSlide):
                    window.read(at, length)
            else:
                assert window.read(at, length) == data[at : at + length]
