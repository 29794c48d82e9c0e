"""The 64-bit variety of TIFF: every offset exact, and no byte believed."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.containers.tiff.directories import Tiff
from blankslide.containers.tiff.ndpi import Ndpi, high_word, is_ndpi
from blankslide.errors import DamagedSlide, NotASlide
from blankslide.samples.kit.ndpi_writer import write_ndpi
from blankslide.samples.kit.tiff_values import Value, ascii, long, short, slong
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GB = 1 << 30


class Sparse:
    """A source of any size that is zero but for a few pieces."""

    def __init__(self, size: int, pieces: dict[int, bytes]) -> None:
        self.size = size
        self.pieces = pieces

    def read(self, offset: int, length: int) -> bytes:
        if offset + length > self.size:
            raise DamagedSlide("outside")
        out = bytearray(length)
        for at, data in self.pieces.items():
            low, high = max(at, offset), min(at + len(data), offset + length)
            if low < high:
                out[low - offset : high - offset] = data[low - at : high - at]
        return bytes(out)

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        yield from ((max(a, start), min(a + len(d), end)) for a, d in sorted(self.pieces.items()))


def directory(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """Tag, type, count and 64-bit value or offset of each entry."""
    table = b"".join(struct.pack("<HHLL", t, k, n, v & 0xFFFFFFFF) for t, k, n, v in entries)
    high = struct.pack(f"<{len(entries)}L", *(v >> 32 for *_, v in entries))
    return struct.pack("<H", len(entries)) + table + struct.pack("<Q", following) + high


def source(at: int, body: bytes, size: int = 0, more: dict[int, bytes] | None = None) -> Sparse:
    head = b"II*\0" + struct.pack("<Q", at)
    return Sparse(max(size, at + len(body)), {0: head, at: body, **(more or {})})


def test_offsets_take_their_own_high_word_and_no_neighbours() -> None:
    """A neighbour that stands inline has a high word of zero (wsi-anon 28)."""
    entries = [(65423, 4, 1, 7), (65427, 2, 9, 5 * GB + 3), (65441, 3, 1, 2), (65442, 2, 6, 9 * GB + 1)]
    tiff = Ndpi(source(12 * GB, directory([(65420, 4, 1, 1), *entries]), 12 * GB + 4096))
    page = tiff.first
    assert [(e.tag, e.start) for e in page.entries if e.inline is None] == [(65427, 5 * GB + 3), (65442, 9 * GB + 1)]
    assert page.number(65441) == 2


@pytest.mark.parametrize("at", [2**32 - 1, 2**32, 2**32 + 1, 2**33 - 1, 2**33, 2**33 + 5, 3 * 2**32])
def test_strips_beyond_4_and_8_gb_are_exact(at: int) -> None:
    """wsi-anon 29 is off by one beyond 8 GB."""
    tiff = Ndpi(source(64, directory([(65420, 4, 1, 1), (273, 4, 1, at), (279, 4, 1, 2**32 + 9)]), 40 * GB))
    assert tiff.first.segments() == ((at,), (2**32 + 9,))


def test_the_directory_ends_behind_its_high_words() -> None:
    body = directory([(65420, 4, 1, 1), (256, 4, 1, 10)], following=0)
    page = Ndpi(source(40, body)).first
    assert (page.offset, page.end, page.next_pos) == (40, 40 + len(body), 40 + 2 + 24)


def test_the_chain_is_followed_with_64_bits() -> None:
    first = directory([(65420, 4, 1, 1)], following=6 * GB)
    second = directory([(256, 4, 1, 5)])
    tiff = Ndpi(source(64, first, 7 * GB, {6 * GB: second}))
    assert [(p.offset, p.pointer) for p in tiff.pages] == [(64, 4), (6 * GB, 64 + 2 + 12)]


def test_a_loop_is_refused() -> None:
    with pytest.raises(DamagedSlide, match="loops"):
        _ = Ndpi(source(64, directory([(65420, 4, 1, 1)], following=64))).pages


def test_negative_numbers_of_64_bits() -> None:
    tiff = Ndpi(source(64, directory([(65420, 4, 1, 1), (65424, 9, 1, 2**64 - 5)])))
    assert tiff.first.ints(65424) == (-5,)


@pytest.mark.parametrize("kind", [1, 3, 11])
def test_a_high_word_on_a_type_without_room_is_refused(kind: int) -> None:
    with pytest.raises(DamagedSlide, match="high word"):
        _ = Ndpi(source(64, directory([(65420, 4, 1, 1), (258, kind, 1, 1 << 32)]))).first


def test_the_high_word_of_an_inline_number_is_located() -> None:
    body = directory([(65420, 4, 1, 1), (256, 4, 1, 3), (65490, 4, 1, 7 << 32 | 1)])
    tiff = Ndpi(source(40, body))
    page = tiff.first
    span = high_word(tiff, page.entries, page.tags[65490])
    assert span == (40 + 2 + 36 + 8 + 8, 40 + 2 + 36 + 8 + 12)
    assert tiff.source.read(span[0], 4) == struct.pack("<L", 7)
    assert high_word(tiff, page.entries, page.tags[256]) is None


@pytest.mark.parametrize("text", [b"AB\0", b"ABC\0", b"\0", b"A\0", b"ABC"])
def test_short_text_is_out_of_line(text: bytes) -> None:
    tiff = Ndpi(source(40, directory([(65420, 4, 1, 1), (65427, 2, len(text), 200)]), 300, {200: text}))
    entry = tiff.first.tags[65427]
    assert (entry.start, entry.inline) == (200, None)
    assert tiff.first.text(65427) == text.rstrip(b"\0").decode()


def test_short_text_inline_is_taken_where_it_is_no_offset_to_text() -> None:
    """wsi-anon 30 takes such text for an address."""
    value = int.from_bytes(b"AB\0\0", "little")
    body = directory([(65420, 4, 1, 1), (65427, 2, 3, value)])
    for more in ({}, {value: b"\xff\xd8\xff"}):
        tiff = Ndpi(source(40, body, 1000 if not more else 20000, more))
        assert tiff.first.text(65427) == "AB"
        assert tiff.first.tags[65427].start == 40 + 2 + 12 + 8


TWO = int.from_bytes(b"A\0\0\0", "little"), int.from_bytes(b"B\0\0\0", "little")


def test_short_text_is_read_as_the_files_other_short_texts_are() -> None:
    """At the place that the letter is as an offset stands text, or what is left of one."""
    entries = [(65420, 4, 1, 1), (65427, 2, 2, TWO[0]), (65442, 2, 2, TWO[1])]
    for told, inline in (((65476, 2, 1, 0), True), ((65476, 2, 3, 0x0102FF), False)):
        file = source(400, directory([*entries, told]), 0x20000, {0x40: b"KL\0M\0\0", 0x0102FF: b"RU\0"})
        assert file.read(TWO[0], 2) == b"L\0"
        page = Ndpi(file).first
        assert [page.tags[t].inline is not None for t in (65427, 65442)] == [inline, inline]
        assert page.text(65427) == ("A" if inline else "L")


def test_an_offset_to_text_leads_into_no_picture() -> None:
    entries = [(273, 4, 1, 0x30), (279, 4, 1, 0x100), (65420, 4, 1, 1), (65427, 2, 2, TWO[0])]
    page = Ndpi(source(400, directory(entries), 0, {0x30: b"\xff\xd8", TWO[0]: b"L\0"})).first
    assert page.text(65427) == "A"


def test_short_text_that_is_nowhere_is_refused() -> None:
    with pytest.raises(DamagedSlide, match="neither"):
        _ = Ndpi(source(40, directory([(65420, 4, 1, 1), (65427, 2, 3, 0xFFFFFF)]), 300)).first


@pytest.mark.parametrize("count", [1 << 31, (1 << 32) - 1])
def test_values_outside_the_file_are_refused(count: int) -> None:
    with pytest.raises(DamagedSlide, match="outside"):
        _ = Ndpi(source(40, directory([(65420, 4, 1, 1), (65426, 4, count, 200)]), 300)).first


def test_only_files_with_the_mark_are_of_this_kind(tmp_path: Path) -> None:
    assert is_ndpi(source(40, directory([(65420, 4, 1, 1)])))
    assert not is_ndpi(source(40, directory([(256, 4, 1, 1)])))
    plain = tmp_path / "a.tif"
    write_tiff(plain, [Page({256: long(4), 257: long(4), 65420: long(1)}, [bytes(16)])])
    assert not is_ndpi(MemorySource(plain.read_bytes())), "32-bit offsets lead elsewhere"


@pytest.mark.parametrize("head", [b"MM\0*", b"II+\0", b"\x89PNG"])
def test_other_headers_are_no_ndpi(head: bytes) -> None:
    body = source(40, directory([(65420, 4, 1, 1)]))
    body.pieces[0] = head + body.pieces[0][4:]
    assert not is_ndpi(body)
    with pytest.raises((NotASlide, DamagedSlide)):
        Ndpi(body)


def test_what_the_writer_says_is_what_the_parser_finds(tmp_path: Path) -> None:
    path = tmp_path / "a.ndpi"
    tags = {65420: long(1), 256: long(70000), 65424: slong(-3), 65427: ascii("x"), 258: short(8, 8, 8)}
    layout = write_ndpi(path, [Page(dict(tags), [b"one"]), Page(dict(tags), [b"two"], at=3 << 32)])
    with path.open("rb") as file:
        file.seek(3 << 32)
        tail = file.read()
        file.seek(0)
        pieces = {0: file.read(4096), 3 << 32: tail}
    tiff = Ndpi(Sparse(layout.size, pieces))
    assert [p.offset for p in tiff.pages] == [s.at for s in layout.pages]
    for page, spot in zip(tiff.pages, layout.pages, strict=True):
        assert {e.tag: e.start for e in page.entries} == {t: s.value_at for t, s in spot.entries.items()}
        assert page.text(65427) == "x"
        assert page.next_pos == spot.next_at


@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_give_pages_or_a_documented_error(noise: bytes, at: int) -> None:
    data = b"II*\0" + struct.pack("<Q", 12 + at) + noise
    is_ndpi(MemorySource(data))
    try:
        for page in Ndpi(MemorySource(data)).pages:
            for entry in page.entries:
                page.raw(entry)
    except (DamagedSlide, NotASlide):
        pass


@given(st.integers(0, 2**64 - 1), st.sampled_from([1, 2, 3, 4, 5, 7, 9, 11, 12, 13, 16]), st.integers(0, 2**32 - 1))
def test_any_entry_is_inside_the_file_or_refused(value: int, kind: int, count: int) -> None:
    body = source(40, directory([(65420, 4, 1, 1), (65427, kind, count, value)]), 4000)
    try:
        entry = Ndpi(body).first.tags[65427]
    except DamagedSlide:
        return
    assert 0 <= entry.start <= entry.end <= body.size


def test_a_classic_parser_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, [Page({256: long(4), 257: long(4), 270: ascii("ab")}, [bytes(16)])])
    assert Tiff(MemorySource(path.read_bytes())).first.tags[270].inline == b"ab\0"
    assert Value(4, (1,)).length == 1
