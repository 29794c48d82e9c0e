"""The TIFF writer, judged by tifffile and by reading single fields with struct."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
import tifffile

from blankslide.samples.kit.tiff_values import (
    ASCII,
    BYTE,
    IFD,
    LONG,
    LONG8,
    SHORT,
    Value,
    ascii,
    byte,
    double,
    long,
    long8,
    rational,
    short,
    slong,
    undefined,
)
from blankslide.samples.kit.tiff_writer import EXIF_IFD, GPS_IFD, SUB_IFDS, Blob, Layout, Page, write_tiff

VARIANTS = [(False, "<"), (False, ">"), (True, "<"), (True, ">")]

if TYPE_CHECKING:
    from pathlib import Path


def grey(rows: int = 4, **more: Value) -> dict[int, Value]:
    """Tags of an uncompressed grey picture, 8 pixels wide, in strips of two rows."""
    tags = {256: short(8), 257: short(rows), 258: short(8), 259: short(1), 262: short(1), 277: short(1), 278: short(2)}
    return tags | {int(tag.removeprefix("t")): value for tag, value in more.items()}


def number(path: Path, layout: Layout, at: int, code: str) -> int:
    with path.open("rb") as file:
        file.seek(at)
        return int(struct.unpack(layout.byteorder + code, file.read(struct.calcsize("<" + code)))[0])


@pytest.mark.parametrize(("big", "order"), VARIANTS)
def test_tifffile_reads_pixels_and_every_type(tmp_path: Path, big: bool, order: str) -> None:
    path = tmp_path / "all.tif"
    more = {"t270": ascii("words"), "t282": rational(0.25), "t700": byte(b"<x/>"), "t55001": double(0.5, -2.0)}
    more |= {"t55000": slong(-3, 7), "t34675": undefined(b"profile"), "t55010": Value(IFD, (8,))}
    strips = [bytes(range(16)), bytes(range(16, 32))]
    layout = write_tiff(path, [Page(grey(**more), strips)], big=big, byteorder=order)
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        assert tif.is_bigtiff is big
        assert tif.byteorder == order
        assert page.asarray().tobytes() == bytes(range(32))
        tags = page.tags
        assert (tags[270].value, tags[282].value, bytes(tags[700].value)) == ("words", (1, 4), b"<x/>")
        assert (tags[55000].value, tags[55001].value, tags[34675].value) == ((-3, 7), (0.5, -2.0), b"profile")
        for code, spot in layout.pages[0].entries.items():
            assert (tags[code].offset, tags[code].valueoffset) == (spot.at, spot.value_at)
    assert path.stat().st_size == layout.size


@pytest.mark.parametrize(("big", "order"), VARIANTS)
def test_layout_names_pointers(tmp_path: Path, big: bool, order: str) -> None:
    path = tmp_path / "chain.tif"
    layout = write_tiff(path, [Page(grey(2), [b"a" * 16]), Page(grey(2), [b"b" * 16])], big=big, byteorder=order)
    pointer = "Q" if big else "L"
    first, second = layout.pages
    assert number(path, layout, layout.first_at, pointer) == first.at
    assert number(path, layout, first.next_at, pointer) == second.at
    assert number(path, layout, second.next_at, pointer) == 0
    assert path.read_bytes()[second.strips[0][0] :][:16] == b"b" * 16


@pytest.mark.parametrize(("kind", "code"), [(SHORT, "H"), (LONG, "L"), (LONG8, "Q")])
def test_integer_types_are_chosen_per_tag(tmp_path: Path, kind: int, code: str) -> None:
    path = tmp_path / "types.tif"
    layout = write_tiff(path, [Page(grey(2), [b"x" * 16], types={273: kind, 279: LONG})], big=True)
    entries = layout.pages[0].entries
    assert (entries[273].type, entries[279].type) == (kind, LONG)
    assert number(path, layout, entries[273].value_at, code) == layout.pages[0].strips[0][0]


def test_children_are_reached_only_through_their_tag(tmp_path: Path) -> None:
    path = tmp_path / "children.tif"
    exif = Page({36867: ascii("2023:01:02 03:04:05")})
    gps = Page({1: ascii("N")})
    sub = [Page(grey(2), [b"s" * 16]), Page(grey(2), [b"t" * 16])]
    page = Page(grey(2), [b"m" * 16], children={SUB_IFDS: sub, EXIF_IFD: [exif], GPS_IFD: [gps]})
    layout = write_tiff(path, [page])
    with tifffile.TiffFile(path) as tif:
        assert len(tif.pages) == 1
        assert [p.asarray().tobytes()[:1] for p in tif.pages[0].pages] == [b"s", b"t"]
        assert tif.pages[0].tags[EXIF_IFD].value["DateTimeOriginal"] == "2023:01:02 03:04:05"
        assert tif.pages[0].tags[GPS_IFD].value["GPSLatitudeRef"] == "N"
    spots = layout.pages[0].children
    assert [len(spots[tag]) for tag in (SUB_IFDS, EXIF_IFD, GPS_IFD)] == [2, 1, 1]


def test_shared_values_and_strips_stand_once(tmp_path: Path) -> None:
    path = tmp_path / "shared.tif"
    text = ascii("one string for all", share="text")
    pages = [Page(grey(t270=text), [Blob(b"same" * 4, share="s")] * 2) for _ in range(3)]
    layout = write_tiff(path, pages)
    assert len({spot.entries[270].value_at for spot in layout.pages}) == 1
    assert len({strip for spot in layout.pages for strip in spot.strips}) == 1
    assert path.read_bytes().count(b"one string for all") == 1
    assert path.read_bytes().count(b"same" * 4) == 1


def test_one_shared_name_with_two_contents_is_refused(tmp_path: Path) -> None:
    pages = [Page({270: ascii(text, share="text")}) for text in ("first text", "other text")]
    with pytest.raises(ValueError, match="overlap"):
        write_tiff(tmp_path / "bad.tif", pages)


def test_small_value_out_of_line_and_false_count(tmp_path: Path) -> None:
    path = tmp_path / "odd.tif"
    odd = Value(ASCII, b"ab\0", outline=True)
    layout = write_tiff(path, [Page({270: odd, 271: Value(BYTE, b"abcdefgh", count=4000)})])
    spot = layout.pages[0].entries[270]
    assert not spot.inline
    assert path.read_bytes()[spot.value_at :][:3] == b"ab\0"
    assert number(path, layout, layout.pages[0].entries[271].at + 4, "L") == 4000


@pytest.mark.parametrize("by", ["page", "part"])
def test_order_on_disk(tmp_path: Path, by: str) -> None:
    path = tmp_path / "order.tif"
    pages = [Page(grey(t270=ascii("text of page")), [b"a" * 16, b"b" * 16], disk_order=(1, 0)) for _ in range(2)]
    layout = write_tiff(path, pages, order=("values", "ifd", "strips"), by=by, disk_order=(1, 0))
    first, second = layout.pages
    assert second.entries[270].value_at < second.at < second.strips[1][0] < second.strips[0][0]
    if by == "page":
        assert second.strips[0][0] < first.entries[270].value_at
    else:
        assert first.at < second.strips[1][0]
    assert tifffile.imread(path, key=1).tobytes() == b"a" * 16 + b"b" * 16


def test_filler_belongs_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "filler.tif"
    layout = write_tiff(path, [Page(grey(t270=ascii("some words")), [b"a" * 16, b"b" * 16])], filler=b"GARBAGE")
    data = path.read_bytes()
    assert data.count(b"GARBAGE") == len(layout.gaps) >= 4
    assert all(data[at : at + length] == b"GARBAGE" for at, length in layout.gaps)
    assert tifffile.imread(path).tobytes() == b"a" * 16 + b"b" * 16


def test_twenty_gigabytes_cost_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tif"
    far = 20 << 30
    pages = [Page(grey(2), [Blob(b"z" * 16, at=far)]), Page(grey(2), [b"y" * 16], at=far + 4096)]
    layout = write_tiff(path, pages, big=True)
    assert layout.pages[0].strips == [(far, 16)]
    assert layout.pages[1].strips[0][0] == far + 4096
    assert path.stat().st_size > far
    if hasattr(path.stat(), "st_blocks"):
        assert path.stat().st_blocks * 512 < 1 << 20
    with tifffile.TiffFile(path) as tif:
        assert [page.asarray().tobytes()[:1] for page in tif.pages] == [b"z", b"y"]


def test_offset_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        write_tiff(tmp_path / "far.tif", [Page(grey(2), [Blob(b"z" * 16, at=1 << 33)])])


def test_parts_placed_onto_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="overlap"):
        write_tiff(tmp_path / "over.tif", [Page({256: long(1), 257: long8(1)}, [Blob(b"z" * 16, at=4)])], big=True)
