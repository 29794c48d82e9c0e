"""A TIFF is counted to its last byte: values, unused bytes, pictures by their pixels, and what is left."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tifffile import TiffFile

from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.drawing import label, tissue
from blankslide.samples.kit.patients import invent
from blankslide.samples.kit.tiff_values import Value, ascii, byte, long, rational, short
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource
from blankslide.testing.built import build_argos, build_hamamatsu
from blankslide.testing.planting.tiff_patch import Tiff as Patched
from blankslide.testing.planting.tiff_patch import longs
from blankslide.verification.census import tiff
from blankslide.verification.census.before import look_before
from blankslide.verification.census.ifds import Walk
from blankslide.verification.census.memory import Memory
from blankslide.verification.census.stock import take_stock
from blankslide.verification.census.tiff_pages import page_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from blankslide.verification.census.account import Account

FIELD = tissue(512, 384, 3)
NAME = b"Thimblewick"


def tags(picture: Image.Image, **more: Value) -> dict[int, Value]:
    return {
        254: long(0), 256: short(picture.width), 257: short(picture.height), 258: short(8, 8, 8), 259: short(7),
        262: short(6), 277: short(3), 284: short(1), 530: short(2, 2),
    }  # fmt: skip


def level(picture: Image.Image, more: Mapping[int, Value] | None = None, behind: bytes = b"") -> Page:
    side = 128
    tiles = [
        jpeg(picture.crop((x, y, x + side, y + side)), 80) + behind
        for y in range(0, picture.height, side)
        for x in range(0, picture.width, side)
    ]
    return Page({**tags(picture), 322: short(side), 323: short(side), **(more or {})}, tiles, tiled=True)


def strip(picture: Image.Image, more: Mapping[int, Value] | None = None) -> Page:
    return Page({**tags(picture), 278: short(picture.height), **(more or {})}, [jpeg(picture, 80)])


LEVELS = [level(FIELD), level(FIELD.reduce(2))]


def taken(path: Path, *pages: Page, filler: bytes = b"", thorough: bool = False) -> Account:
    write_tiff(path, [*LEVELS, *pages] if pages and pages[0].strips else list(pages) or LEVELS, filler=filler)
    return take_stock([(path.name, MemorySource(path.read_bytes()))], thorough=thorough)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "slide.tif"


def names(account: Account) -> list[tuple[str, str]]:
    return [(t.path, t.where) for t in account.texts if NAME.decode() in t.value]


def test_two_levels_say_nothing_but_their_structure(file: Path) -> None:
    account = taken(file)
    assert [(p.where, p.proven) for p in account.pictures] == [("page 0", "level"), ("page 1", "level")]
    assert (account.texts, account.troubles) == ([], [])


@pytest.mark.parametrize(
    ("picture", "proven"),
    [(FIELD.reduce(3), "thumbnail"), (label(invent(1), (170, 128), 1), "other")],
    ids=["thumbnail", "label"],
)
def test_a_picture_is_what_its_pixels_show(file: Path, picture: Image.Image, proven: str) -> None:
    account = taken(file, strip(picture))
    assert account.pictures[2].proven == proven
    assert (account.pictures[2].where, account.pictures[2].width) == ("page 2", picture.width)


def test_a_picture_of_one_colour_is_blank(file: Path) -> None:
    from PIL import Image

    account = taken(file, strip(Image.new("RGB", (170, 128), "white")))
    assert [p.proven for p in account.pictures] == ["level", "level", "blank"]
    assert account.texts == []


@pytest.mark.parametrize("behind", [b"", NAME])
def test_a_picture_that_is_alone_owns_its_strips_and_nothing_behind_them(file: Path, behind: bytes) -> None:
    strips = [jpeg(FIELD.crop((0, y, 512, y + 64)), 80) + behind for y in range(0, 384, 64)]
    write_tiff(file, [Page({**tags(FIELD), 278: short(64)}, strips)])
    account = take_stock([(file.name, MemorySource(file.read_bytes()))])
    assert [p.proven for p in account.pictures] == ["unclear"]
    assert {t.value for t in account.texts} == ({NAME.decode()} if behind else set())


def test_a_value_of_spaces_says_nothing(file: Path) -> None:
    assert taken(file, level(FIELD.reduce(4), {270: ascii(b" " * 20)})).texts == []


def test_a_subdirectory_and_what_only_it_leads_to_are_found(file: Path) -> None:
    hidden = strip(label(invent(1), (170, 128), 1), {270: ascii(NAME)})
    account = taken(file, Page({**LEVELS[0].tags}, LEVELS[0].strips, tiled=True, children={330: [hidden]}))
    assert ("270", "page 2, SubIFD 0") in names(account)
    assert [p.proven for p in account.pictures if "SubIFD" in p.where] == ["other"]


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({270: ascii(NAME)}, "270"),
        ({65000: byte(NAME)}, "65000"),
        ({40093: byte(NAME.decode().encode("utf-16-le"))}, "40093"),
        ({296: ascii(NAME)}, "296"),  # a tag of structure with another type
        ({320: short(*NAME, *[0] * 757)}, "320"),  # a colour map in which letters stand
    ],
)
def test_a_value_is_structure_only_as_the_table_says(file: Path, more: dict[int, Value], path: str) -> None:
    account = taken(file, strip(FIELD.reduce(3), more))
    assert [t.where for t in account.texts if t.path.partition("/")[0] == path] != []


def test_numbers_are_told_as_numbers(file: Path) -> None:
    account = taken(file, strip(FIELD.reduce(3), {282: rational(20000), 65001: long(19570513)}))
    assert [(t.path, t.value) for t in account.texts] == [("65001", "19570513")]


def test_the_unused_bytes_of_an_entry_are_read(file: Path) -> None:
    write_tiff(file, LEVELS)
    data = bytearray(file.read_bytes())
    walk = Walk(MemorySource(bytes(data)))
    entry = walk.directories[0].first(259)
    assert entry is not None
    data[entry.end : entry.end + 2] = b"Qx"
    (text,) = take_stock([("a.tif", MemorySource(bytes(data)))]).texts
    assert (text.path, text.value, text.where) == ("259/slack", "Qx", "page 0")


def proven(path: Path, *pages: Page) -> list[str]:
    """Write pages, and nothing else, and say what each picture is proven to be."""
    write_tiff(path, list(pages))
    account = take_stock([(path.name, MemorySource(path.read_bytes()))])
    return [picture.proven for picture in account.pictures]


@pytest.mark.parametrize("by", [64, 128])
def test_steps_of_a_few_pixels_are_levels_by_their_shape(file: Path, by: int) -> None:
    steps = [level(FIELD.reduce(2**n)) for n in range(by.bit_length())]
    assert proven(file, *steps) == ["level"] * len(steps)


@pytest.mark.parametrize("size", [(8, 8), (7, 3), (12, 9)])
def test_a_small_page_of_another_shape_or_size_is_none(file: Path, size: tuple[int, int]) -> None:
    found = proven(file, *LEVELS, level(label(invent(3), (120, 90)).resize(size)))
    assert found[:2] == ["level", "level"]
    assert found[2] != "level"


@pytest.mark.parametrize("by", [16, 64])
@pytest.mark.parametrize("size", [(96, 96), (40, 14), (14, 90)])
def test_what_stands_beside_a_small_page_in_its_tile_is_looked_at(file: Path, size: tuple[int, int], by: int) -> None:
    """Who decodes the tile sees a label; readers of the page see 32 × 24 or 8 × 6 pixels."""
    tile = FIELD.reduce(by).crop((0, 0, 128, 128))
    sizes = {256: short(512 // by), 257: short(384 // by)}
    assert proven(file, *LEVELS, level(tile, sizes)) == ["level"] * 3
    tile.paste(label(invent(3), (120, 90)).resize(size), (128 - size[0], 128 - size[1]))
    assert proven(file, *LEVELS, level(tile, sizes))[2] != "level"


def test_the_only_picture_explains_its_own_bytes_and_no_others(file: Path) -> None:
    """The only page is the slide. A second picture is told of, and the page with it."""
    assert proven(file, strip(FIELD)) == ["unclear"]
    with file.open("ab") as tail:
        tail.write(jpeg(label(invent(3), (200, 240)), 80))
    assert len(take_stock([("a.tif", MemorySource(file.read_bytes()))]).pictures) == 2
    assert len(proven(file, strip(FIELD), strip(label(invent(3), (200, 240))))) > 1


def test_bytes_that_nothing_needs_are_read(file: Path) -> None:
    assert {where for _, where in names(taken(file, filler=NAME))} == {"bytes that nothing needs"}


def test_what_stands_behind_the_end_of_a_tile_speaks(file: Path) -> None:
    account = taken(file, level(FIELD, behind=b""), level(FIELD.reduce(2), behind=NAME))
    assert ("coded", "page 3, segment 0") in names(account)


def test_a_tile_more_than_the_grid_needs_is_loose(file: Path) -> None:
    page = level(FIELD.reduce(2))
    more = jpeg(label(invent(1), (128, 128), 1), 80)
    account = taken(file, Page(page.tags, [*page.strips, more], tiled=True))
    assert [p.proven for p in account.pictures if p.where == "bytes that nothing needs"] != []


def test_a_page_knows_its_grid(file: Path) -> None:
    write_tiff(file, [*LEVELS, strip(FIELD.reduce(3))])
    walk = Walk(MemorySource(file.read_bytes()))
    page = page_of(walk, walk.directories[0])
    assert page is not None
    assert (page.width, page.height, page.needed, page.tiled, page.size_of(11)) == (512, 384, 12, True, (128, 128))
    last = page_of(walk, walk.directories[2])
    assert last is not None
    assert (last.needed, last.size_of(0)) == (1, (last.width, last.height))


def test_a_page_without_segments_is_no_picture(file: Path) -> None:
    write_tiff(file, [*LEVELS, Page({270: ascii(NAME)})])
    walk = Walk(MemorySource(file.read_bytes()))
    assert page_of(walk, walk.directories[2]) is None


def test_a_value_that_is_too_large_to_be_read_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff, "_WHOLE", 100)
    assert taken(file, strip(FIELD.reduce(3), {65000: byte(NAME * 20)})).troubles == [
        "page 2, tag 65000: a value is too large to be read"
    ]


def test_a_file_that_leads_outside_itself_is_a_trouble_without_values(file: Path) -> None:
    write_tiff(file, LEVELS)
    data = file.read_bytes()[:-40]
    account = take_stock([(f"{NAME.decode()}.tif", MemorySource(data))])
    assert account.troubles == ["*.tif: cannot be read a second time (Broken)"]
    assert NAME.decode() not in repr(account)


# -- before ------------------------------------------------------------------------------


def test_a_page_that_shows_the_slide_and_would_change_is_in_danger(file: Path) -> None:
    layout = write_tiff(file, [*LEVELS, strip(FIELD.reduce(3)), strip(label(invent(1), (170, 128), 1))])
    source = MemorySource(file.read_bytes())
    spans = [(at, at + size) for page in layout.pages[2:] for at, size in page.strips]
    memory = Memory()
    found = look_before([source], {0: sorted(spans)}, memory)
    assert [(e.where, e.width, e.proven) for e in found] == [("page 2", FIELD.reduce(3).width, "thumbnail")]
    assert look_before([source], {}, memory) == []
    assert look_before([MemorySource(b"no slide at all")], {0: [(0, 4)]}, memory) == []


def test_only_pages_whose_pixels_change_are_in_danger(file: Path) -> None:
    layout = write_tiff(file, [*LEVELS, strip(FIELD.reduce(3))])
    source = MemorySource(file.read_bytes())
    start, size = layout.pages[1].strips[2]
    end = start + size
    for span, endangered in (((end - 40, end - 20), ["page 1"]), ((end, end), []), ((0, 8), [])):
        assert [e.where for e in look_before([source], {0: [span]}, Memory())] == endangered


def test_a_tile_that_is_left_out_is_unseen_and_not_white(tmp_path: Path) -> None:
    path = tmp_path / "slide.avs"
    build_argos(path, size=(300, 256), factors=(1, 2), tile=128, macro_size=(240, 80))
    account = take_stock([("slide.avs", MemorySource(path.read_bytes()))])
    assert [p.proven for p in account.pictures[:4]] == ["level", "level", "thumbnail", "other"]


def test_a_picture_that_is_alone_holds_its_own_bytes(file: Path) -> None:
    """Nobody can say what a lone page shows; its coded data is one picture, not two, and what is beside it is read."""
    write_tiff(file, [level(FIELD.crop((0, 0, 128, 128)), behind=NAME)])
    account = take_stock([(file.name, MemorySource(file.read_bytes()))])
    assert [(p.where, p.proven) for p in account.pictures] == [("page 0", "unclear")]
    assert names(account) == [("coded", "page 0, segment 0")]


@pytest.mark.parametrize(("times", "proven"), [(32, "level"), (8, "unclear")])
def test_a_level_that_is_too_small_for_a_word_needs_to_be_no_more_than_like_the_slide(
    file: Path, times: int, proven: str
) -> None:
    """Of a few pixels any blur makes something else; of a larger picture it is told that it is no reduction."""
    pixels = np.asarray(FIELD.reduce(times)).reshape(-1, 3).copy()
    moved = np.random.default_rng(3).permutation(len(pixels))[: len(pixels) // 3]
    pixels[moved] = pixels[np.roll(moved, 1)]
    account = taken(file, level(Image.fromarray(pixels.reshape(384 // times, 512 // times, 3))))
    assert account.pictures[2].proven == proven, account.pictures[2].reason


@pytest.mark.parametrize("look", ["take_stock", "look_before"])
def test_what_tifffile_logs_is_not_heard(file: Path, caplog: pytest.LogCaptureFixture, look: str) -> None:
    """It reads a tag of an NDPI as a list, and says what it found."""
    build_hamamatsu(file, size=(256, 192), factors=(1, 2), tags={"level0": {65426: long(2)}})
    source = MemorySource(file.read_bytes())
    if look == "take_stock":
        take_stock([("s.ndpi", source)])
    else:
        look_before([source], {}, Memory())
    assert caplog.records == []
    with TiffFile(file, is_ndpi=True) as tiff:
        assert len(tiff.pages) > 1
    assert caplog.records != []


def test_letters_in_the_words_of_an_ndpi_that_no_value_uses_are_read(file: Path) -> None:
    """In the upper half of a number; and in an entry whose short text leads to zeros elsewhere as well."""
    name = int.from_bytes(b"Mike", "little")
    more = {65490: long(name << 32 | 7), 65491: Value(2, b"Kim\0", outline=True)}
    build_hamamatsu(file, size=(256, 192), factors=(1, 2), macro_size=None, map_page=False, tags={"level0": more})
    data = file.read_bytes().ljust(8 << 20, b"\0")
    told = {t.path: t.value for t in take_stock([("s.ndpi", MemorySource(data))]).texts if t.path.endswith("slack")}
    assert told == {"65490/slack": "Mike", "65491/slack": "Kim\0"}


def fraction(number: int, below: int) -> Value:
    return Value(5, (number, below))


@pytest.mark.parametrize(
    ("code", "value"), [(282, fraction(47110815, 1)), (287, fraction(1471108153, 10)), (278, long(47110815))]
)
def test_a_number_that_nothing_can_be_as_large_as_is_no_structure(file: Path, code: int, value: Value) -> None:
    account = taken(file, strip(FIELD.reduce(3), {code: value}))
    assert [t.path for t in account.texts] == [str(code)]


@pytest.mark.parametrize(
    ("code", "value"), [(282, fraction(47110815, 1000)), (278, long(0xFFFFFFFF)), (286, fraction(3, 2))]
)
def test_a_number_that_something_is_as_large_as_is_structure(file: Path, code: int, value: Value) -> None:
    assert taken(file, strip(FIELD.reduce(3), {code: value})).texts == []


def test_a_fraction_that_was_emptied_is_nothing(file: Path) -> None:
    account = taken(file, strip(FIELD.reduce(3), {65098: fraction(0, 0), 65099: fraction(1, 0)}))
    assert {t.path: t.value for t in account.texts} == {"65098": "0", "65099": "nan"}


@pytest.mark.parametrize(
    ("code", "value"),
    [
        (282, Value(5, (int.from_bytes(b"Kort", "little"), int.from_bytes(b"eni", "little")))),
        (297, short(1961, 703)),
        (321, short(1961, 703)),
        (281, short(1961, 1961, 1961)),
        (515, short(1961)),
    ],
    ids=["resolution that spells", "page", "halftone", "sample", "restarts"],
)
def test_short_numbers_are_structure_only_as_large_as_the_page_can_use(file: Path, code: int, value: Value) -> None:
    account = taken(file, strip(FIELD.reduce(3), {code: value}))
    assert {t.path.split("/")[0] for t in account.texts} == {str(code)}


@pytest.mark.parametrize(
    ("code", "value"), [(297, short(2, 7)), (321, short(12, 250)), (281, short(255, 255, 255)), (280, short(0, 0, 0))]
)
def test_short_numbers_that_the_page_can_use_are_structure(file: Path, code: int, value: Value) -> None:
    assert taken(file, strip(FIELD.reduce(3), {code: value})).texts == []


@pytest.mark.parametrize("which", ["places", "lengths"])
def test_places_and_lengths_of_nothing_are_read(file: Path, which: str) -> None:
    write_tiff(file, LEVELS)
    patch = Patched(file.read_bytes())
    more, none = struct.unpack("<3L", NAME + b"\0"), (0, 0, 0)
    places, lengths = (patch.find(0, code) for code in (324, 325))
    assert places is not None
    assert lengths is not None
    new = (longs(324, *places.numbers, *(more if which == "places" else ())),
           longs(325, *lengths.numbers, *(none if which == "places" else more)))  # fmt: skip
    patch.put(0, *new)
    account = take_stock([(file.name, MemorySource(bytes(patch.data)))])
    assert {"324" if which == "places" else "325"} == {t.path.split("/")[0] for t in account.texts}


def test_a_tile_of_nothing_may_stand_nowhere_or_at_another_end(file: Path) -> None:
    write_tiff(file, LEVELS)
    for place, told in ((0, set()), (None, set()), (47110815, {"324"})):
        patch = Patched(file.read_bytes())
        (start, size), *_ = patch.pieces(0)
        others = (
            [n for one in patch.pieces(0)[1:] for n in one[:1]],
            [n for one in patch.pieces(0)[1:] for n in one[1:]],
        )
        at = others[0][0] if place is None else place
        patch.data[start : start + size] = bytes(size)
        patch.put(0, longs(324, at, *others[0]), longs(325, 0, *others[1]))
        account = take_stock([(file.name, MemorySource(bytes(patch.data)))])
        assert {t.path.split("/")[0] for t in account.texts} & {"324", "325"} == told
