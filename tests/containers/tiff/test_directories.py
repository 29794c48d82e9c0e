"""The TIFF parser: every integer type, both orders and sizes, positions, and damage."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankslide.containers.tiff import directories as T
from blankslide.containers.tiff.directories import Tiff
from blankslide.errors import BlankslideError, DamagedSlide, NotASlide
from blankslide.samples.kit.tiff_values import ascii, byte, double, long, long8, rational, short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from pathlib import Path

PAGE = {256: short(16), 257: short(16), 258: short(8, 8, 8), 270: ascii("hello"), 277: short(3)}


def page(**more: object) -> Page:
    return Page({**PAGE, 278: short(16)}, strips=[b"a" * 20, b"b" * 30])


def parse(path: Path) -> Tiff:
    return Tiff(MemorySource(path.read_bytes()))


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_every_order_size_and_integer_type(tmp_path: Path, big: bool, order: str, kind: int) -> None:
    path = tmp_path / "a.tif"
    one = page()
    one.types = {273: kind, 279: kind}
    layout = write_tiff(path, [one, page()], big=big, byteorder=order)  # type: ignore[arg-type]
    tiff = parse(path)
    assert [p.offset for p in tiff.pages] == [p.at for p in layout.pages]
    assert [p.next_pos for p in tiff.pages] == [p.next_at for p in layout.pages]
    assert tiff.pages[1].pointer == layout.pages[0].next_at
    for got, want in zip(tiff.pages, layout.pages, strict=True):
        starts, lengths = got.segments()
        assert list(zip(starts, lengths, strict=True)) == want.strips
        for tag, spot in want.entries.items():
            entry = got.tags[tag]
            assert (entry.pos, entry.start, entry.end - entry.start) == (spot.at, spot.value_at, spot.length)
            assert (entry.inline is not None) is spot.inline


def test_long8_offsets_and_mixed_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    one = page()
    one.types = {273: 16, 279: 3}
    layout = write_tiff(path, [one], big=True)
    starts, lengths = parse(path).first.segments()
    assert list(zip(starts, lengths, strict=True)) == layout.pages[0].strips


def test_more_than_four_thousand_values_become_an_array(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, [Page({**PAGE, 700: long(*range(5000))})])
    tiff = parse(path)
    values = tiff.first.ints(700)
    assert not isinstance(values, tuple)
    assert [int(v) for v in values] == list(range(5000))


def test_children_are_found_wherever_they_hang(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    exif = Page({36867: ascii("2020:01:02 03:04:05")})
    sub = Page(dict(PAGE), strips=[b"x" * 9])
    write_tiff(path, [Page({**PAGE}, strips=[b"y"], children={T.EXIF_IFD: [exif], T.SUB_IFDS: [sub, sub]})])
    names = [ifd.name for ifd in parse(path).first.family()]
    assert parse(path).pages[0].children
    tiff = parse(path)
    names = sorted(ifd.name for ifd in tiff.pages[0].family())
    assert names == ["page 0", "page 0 EXIF", "page 0 sub 0", "page 0 sub 1"]


def test_numbers_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_tiff(path, [Page({**PAGE, 282: rational(2.5), 55002: double(0.5, 1.25), 55010: byte(b"\1\2")})])
    first = parse(path).first
    tiff = first.tiff
    assert tiff.numbers(first, first.tags[282]) == (2.5,)
    assert tiff.numbers(first, first.tags[55002]) == (0.5, 1.25)
    assert tiff.numbers(first, first.tags[55010]) is None
    assert first.text(270) == "hello"
    assert first.text(999) is None
    assert first.number(256) == 16


@pytest.mark.parametrize("head", [b"", b"II", b"\x89PNG\r\n\x1a\n" + b"\0" * 20, b"MM\0\x2c" + b"\0" * 20])
def test_other_files_are_not_tiff(head: bytes) -> None:
    with pytest.raises(NotASlide):
        Tiff(MemorySource(head))


def damaged(path: Path, at: int, data: bytes) -> Tiff:
    raw = bytearray(path.read_bytes())
    raw[at : at + len(data)] = data
    return Tiff(MemorySource(bytes(raw)))


def test_a_loop_is_damage_and_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    layout = write_tiff(path, [page(), page()])
    first, second = layout.pages
    for at in (first.next_at, second.next_at):
        with pytest.raises(DamagedSlide, match="loops"):
            _ = damaged(path, at, struct.pack("<I", first.at)).pages


@pytest.mark.parametrize("offset", [1, 4, 2**32 - 1])
def test_directories_outside_the_file_are_damage(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "a.tif"
    layout = write_tiff(path, [page()])
    with pytest.raises(DamagedSlide, match="outside the file"):
        _ = damaged(path, layout.pages[0].next_at, struct.pack("<I", offset)).pages


def test_counts_of_two_to_the_63_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    layout = write_tiff(path, [page()], big=True)
    spot = layout.pages[0].entries[270]
    with pytest.raises(DamagedSlide, match="outside the file"):
        _ = damaged(path, spot.at + 4, struct.pack("<Q", 2**63)).pages


def test_absurd_directories_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    layout = write_tiff(path, [page()], big=True)
    for count in (0, 5000, 2**60):
        with pytest.raises(DamagedSlide, match="announces"):
            _ = damaged(path, layout.pages[0].at, struct.pack("<Q", count)).pages
    with pytest.raises(DamagedSlide, match="unknown type 99"):
        _ = damaged(path, layout.pages[0].entries[270].at + 2, struct.pack("<H", 99)).pages
    with pytest.raises(DamagedSlide, match="header"):
        _ = damaged(path, 4, b"\x07")


def test_an_endless_chain_is_cut_off(tmp_path: Path) -> None:
    count = T.MAX_IFDS + 2
    body = b"".join(struct.pack("<HHHIII", 1, 256, 4, 1, 16, 8 + 18 * (i + 1)) for i in range(count))
    with pytest.raises(DamagedSlide, match="more than 16384"):
        _ = Tiff(MemorySource(b"II*\0\x08\0\0\0" + body)).pages


def test_duplicate_tags_are_all_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    layout = write_tiff(path, [Page({**PAGE, 271: ascii("abcdefgh"), 272: ascii("ijklmnop")})])
    tiff = damaged(path, layout.pages[0].entries[272].at, struct.pack("<H", 271))
    assert [e.tag for e in tiff.first.entries].count(271) == 2
    assert tiff.first.text(271) == "abcdefgh"


@settings(max_examples=400)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=6), st.integers(0, 3))
def test_any_damage_is_parsed_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes, cut: int
) -> None:
    raw = bytearray(_seed(tmp_path_factory))
    at %= len(raw)
    raw[at : at + len(junk)] = junk
    data = bytes(raw[: len(raw) - cut * 17])
    try:
        for one in Tiff(MemorySource(data)).pages:
            for ifd in one.family():
                for entry in ifd.entries:
                    ifd.raw(entry)
                ifd.segments()
    except BlankslideError:
        pass


_SEEDS: list[bytes] = []


def _seed(factory: pytest.TempPathFactory) -> bytes:
    if not _SEEDS:
        path = factory.mktemp("seed") / "a.tif"
        exif = Page({36867: ascii("2020:01:02 03:04:05")})
        pages = [
            Page({**PAGE, 347: undefined(b"\xff" * 40)}, strips=[b"x" * 40] * 3, children={T.EXIF_IFD: [exif]}),
            Page({**PAGE, 330: long8(0)}, strips=[b"z" * 30]),
        ]
        write_tiff(path, pages, big=True)
        _SEEDS.append(path.read_bytes())
    return _SEEDS[0]
