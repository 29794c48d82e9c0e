"""The table of an NDPI's restart intervals says nothing, but only if it leads to them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from blankslide.source import MemorySource
from blankslide.testing.built import build_hamamatsu
from blankslide.verification.census.ifds import Entry, Walk
from blankslide.verification.census.stock import take_stock
from blankslide.verification.census.tags import is_structure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL: dict[str, Any] = {"size": (1024, 768), "factors": (1, 2), "macro_size": None, "map_page": False}


@pytest.fixture
def slide(tmp_path: Path) -> bytearray:
    build_hamamatsu(tmp_path / "s.ndpi", **SMALL)
    return bytearray((tmp_path / "s.ndpi").read_bytes())


def entry_of(data: bytearray, code: int) -> tuple[Walk, Entry]:
    walk = Walk(MemorySource(bytes(data)))
    entry = walk.directories[0].first(code)
    assert entry is not None
    return walk, entry


def told(data: bytearray, code: int) -> bool:
    walk, entry = entry_of(data, code)
    texts = take_stock([("s.ndpi", walk.source)]).texts
    spoken = any(text.path == str(code) for text in texts)
    assert spoken is not is_structure(walk, walk.directories[0], entry)
    return spoken


def changed(data: bytearray, code: int, numbers: np.ndarray[Any, Any]) -> bytearray:
    _, entry = entry_of(data, code)
    data[entry.start : entry.end] = numbers.astype("<u4").tobytes()
    return data


def test_where_intervals_begin_is_structure(slide: bytearray) -> None:
    _, entry = entry_of(slide, 65426)
    assert entry.number > 100
    assert not told(slide, 65426)
    assert not told(slide, 65432)


def test_a_page_in_intervals_is_a_level_and_not_a_thumbnail_that_is_looked_at_whole(slide: bytearray) -> None:
    assert [p.proven for p in take_stock([("s.ndpi", MemorySource(bytes(slide)))]).pictures] == ["level", "thumbnail"]
    walk, entry = entry_of(slide, 65426)
    moved = changed(slide, 65426, walk.array(entry) + 1)
    assert "level" not in [p.proven for p in take_stock([("s.ndpi", MemorySource(bytes(moved)))]).pictures]


@pytest.mark.parametrize("what", ["letters", "one more", "outside", "down", "dates"])
def test_numbers_that_lead_elsewhere_are_told(slide: bytearray, what: str) -> None:
    walk, entry = entry_of(slide, 65426)
    numbers = walk.array(entry)
    if what == "letters":
        numbers[:8] = np.frombuffer(b"Okafor M", np.uint8)
    elif what == "one more":
        numbers[1:-1] += 1
    elif what == "outside":
        numbers[-1] = 1 << 28
    elif what == "down":
        numbers[5] = numbers[4]
    else:
        numbers[-1] = 19570513
    assert told(changed(slide, 65426, numbers), 65426)


def test_upper_halves_that_lead_elsewhere_are_told(slide: bytearray) -> None:
    walk, entry = entry_of(slide, 65432)
    numbers = walk.array(entry)
    numbers[-4:] = 57
    assert told(changed(slide, 65432, numbers), 65432)


class Sparse:
    """A file of 10 GB that is zeros but for its first bytes and some markers."""

    size = 10 << 30

    def __init__(self, head: bytes, markers: list[int]) -> None:
        self.head, self.markers = head, markers

    def read(self, offset: int, length: int) -> bytes:
        """Return zeros, the head's bytes, and the markers."""
        out = bytearray(self.head[offset : offset + length].ljust(length, b"\0"))
        for at in self.markers:
            if offset <= at and at + 2 <= offset + length:
                out[at - offset : at - offset + 2] = b"\xff\xd0"
        return bytes(out)

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield nothing: nobody asks here."""
        yield from ()


@pytest.mark.parametrize(("moved", "structure"), [(0, True), (1, False)])
def test_without_upper_halves_numbers_begin_again_after_each_four_gigabytes(moved: int, structure: bool) -> None:
    places, strip, length, mask = [20, 3 << 30, 6 << 30, (9 << 30) + moved], 4096, 9 << 30 | 1 << 20, (1 << 32) - 1
    rows = [(256, 3, 1, 64), (257, 3, 1, 64), (273, 4, 1, strip), (279, 4, 1, length), (65420, 4, 1, 1)]
    rows.append((65426, 4, len(places), 1024))
    table = b"".join(struct.pack("<HHII", code, kind, count, value & mask) for code, kind, count, value in rows)
    high = struct.pack("<6I", *(value >> 32 for *_, value in rows))
    head = b"II*\0" + struct.pack("<QH", 12, len(rows)) + table + bytes(8) + high
    head = head.ljust(1024, b"\0") + struct.pack("<4I", *(place & mask for place in places))
    walk = Walk(Sparse(head, [strip + place - 2 for place in (20, 3 << 30, 6 << 30, 9 << 30)]))
    page = walk.directories[0]
    entry = page.first(65426)
    assert entry is not None
    assert is_structure(walk, page, entry) is structure
