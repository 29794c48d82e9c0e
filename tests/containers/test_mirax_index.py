"""The index of two tables: what it finds, and what it does not follow."""

from __future__ import annotations

import struct

import pytest

from blankslide.containers import mirax_index
from blankslide.errors import DamagedSlide
from blankslide.samples.mirax.files import index_bytes
from blankslide.source import MemorySource
from blankslide.spans import LARGE

ID = "0123456789ABCDEF0123456789ABCDEF"
TILES = [(i, 296 + 10 * i, 10, i % 2) for i in range(13)]


def built() -> bytes:
    return index_bytes(ID, 3, {0: TILES, 2: TILES[:1]}, [None, (296, 7, 4)], (1, (400, 9, 4)))


def test_records_of_both_tables_are_found_by_slot() -> None:
    index = mirax_index.parse(MemorySource(built()), 32, 3, 2)
    assert index.id == (5, 37)
    assert list(struct.iter_unpack("<4i", index.layered[0])) == TILES
    assert sorted(index.layered) == [0, 2]
    assert index.single == {1: (mirax_index.Entry(4, 296, 303),)}


def test_only_the_older_table_and_its_record_belong_to_nobody() -> None:
    data = built()
    index = mirax_index.parse(MemorySource(data), 32, 3, 2)
    owned = sum(end - start for start, end in {*index.structure, index.id})
    assert len(data) - owned == 2 * 4 + 36


@pytest.mark.parametrize("count", [3, LARGE + 1])
def test_entries_are_grouped_by_file_in_two_ways_alike(count: int) -> None:
    entries = b"".join(struct.pack("<4i", i, 296 + i, 5, i % 2) for i in range(count))
    found = mirax_index.grouped(entries)
    assert sorted(found) == [0, 1]
    assert [int(s) for s in found[1][0]] == [296 + i for i in range(1, count, 2)]
    assert {int(n) for n in found[0][1]} == {5}


@pytest.mark.parametrize("count", [1, LARGE + 1])
def test_negative_offsets_are_refused_in_two_ways_alike(count: int) -> None:
    with pytest.raises(DamagedSlide):
        mirax_index.grouped(struct.pack("<4i", 0, -1, 5, 0) * count)


def test_pages_that_overlap_do_not_multiply() -> None:
    """Each page claims to hold all that follows, and the next one begins four bytes later."""
    size = 40_000
    data = bytearray(b"01.02" + ID.encode() + struct.pack("<iii", 45, 0, 49) + struct.pack("<ii", 0, 57) + bytes(size))
    for at in range(57, 57 + size // 2, 8):
        struct.pack_into("<ii", data, at, (len(data) - at - 8) // 16, at + 8)
    with pytest.raises(DamagedSlide, match="longer"):
        mirax_index.parse(MemorySource(bytes(data)), 32, 1, 0)


def test_more_pages_than_any_index_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of eight bytes costs two hundred in memory."""
    monkeypatch.setattr(mirax_index, "MAX_PAGES", 3)
    with pytest.raises(DamagedSlide, match="more pages"):
        mirax_index.parse(MemorySource(built()), 32, 3, 2)


def test_more_single_records_than_any_index_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirax_index, "MAX_SINGLES", 0)
    with pytest.raises(DamagedSlide, match="single records"):
        mirax_index.parse(MemorySource(built()), 32, 3, 2)


@pytest.mark.parametrize("count", [1, LARGE + 1])
def test_an_entry_that_is_cut_off_is_refused(count: int) -> None:
    with pytest.raises(DamagedSlide, match="inside an entry"):
        mirax_index.grouped(bytes(16 * count + 7))
