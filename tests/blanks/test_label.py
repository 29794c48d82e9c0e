"""New labels: legible in the old codec, in the old room, known as ours by drawing them again, and by nothing less."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
import zxingcpp
from PIL import Image

from blankslide.blanks import label, label_jpeg
from blankslide.blanks.label_art import art
from blankslide.blanks.letters import HIGH, LETTERS, WIDE
from blankslide.containers.tiff.directories import Tiff
from blankslide.formatkit.tiff_pictures import label_rooms
from blankslide.model import Blank, Coding, Room, Slot
from blankslide.policy.labels import is_printable
from blankslide.samples.kit.codecs import bands, jpeg, jpeg_abbreviated
from blankslide.samples.kit.tiff_values import short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from pathlib import Path

CODE = "slide-0123456789abcdef01234567"
TEXT = f"{CODE}\nSTUDY-7\nH&E A1"
WIDTH, HEIGHT = 256, 240


def photograph(mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(17).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def strips(name: str, rows: int, predictor: int, mode: str) -> list[bytes]:
    """Let libtiff code strips."""
    out = io.BytesIO()
    image = photograph(mode)
    info = {317: predictor} if predictor != 1 else {}
    image.save(out, "TIFF", compression=name, tiffinfo=info, strip_size=rows * WIDTH * len(image.getbands()))
    with tifffile.TiffFile(io.BytesIO(out.getvalue())) as tif:
        page: Any = tif.pages[0]
        return [out.getvalue()[a : a + n] for a, n in zip(page.dataoffsets, page.databytecounts, strict=True)]


def written(path: Path, coded: list[bytes], compression: int, rows: int, tags: dict[int, Any]) -> Room:
    """Write a page of strips, draw a label into it, and see that nothing outside its slots changes."""
    own = {256: short(WIDTH), 257: short(HEIGHT), 258: short(8, 8, 8), 259: short(compression), 262: short(2)}
    own |= {277: short(3), 278: short(rows), 284: short(1)} | tags
    write_tiff(path, [Page(own, coded)])
    old = path.read_bytes()
    (room,) = label_rooms(Tiff(MemorySource(old)).pages[0], "label")
    assert label.written(room, MemorySource(old)) is None
    writes = label.draw(room, TEXT, MemorySource(old))
    assert writes is not None
    new = bytearray(old)
    for write in writes:
        new[write.start : write.start + len(write.data)] = write.data
    path.write_bytes(new)
    assert len(new) == len(old)
    assert {(w.start, len(w.data)) for w in writes} == {(s.start, s.end - s.start) for s in room.blank.slots}
    again = MemorySource(bytes(new))
    found = label.written(room, again)
    assert found is not None
    assert found.text == TEXT
    assert all(any(s.start <= a < b <= s.end for s in room.blank.slots) for a, b in found.spans)
    assert label.draw(room, TEXT, again) == writes
    return room


def assert_shows(path: Path, slack: int, inverse: bool = False) -> None:
    """Two readers see the drawing, and a third one reads the code."""
    wanted = art(TEXT, WIDTH, HEIGHT)
    assert wanted is not None
    with Image.open(path) as image:
        grey = np.asarray(image.convert("L"))
    seen = tifffile.imread(path)
    for pixels in (grey, (255 - seen if inverse else seen).reshape(HEIGHT, WIDTH, -1)[..., 0]):
        lowered = [art(TEXT, WIDTH, HEIGHT, False, n) for n in range(8)]
        assert min(np.abs(pixels.astype(int) - a).max() for a in lowered if a is not None) <= slack
        assert [code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(pixels))] == [CODE]


# -- the drawing ------------------------------------------------------------------------------


def test_every_letter_that_may_be_asked_for_can_be_drawn() -> None:
    assert all(is_printable(letter) for letter in LETTERS if letter != " ")
    assert not any(is_printable(chr(i)) for i in range(256) if chr(i) not in LETTERS)
    assert all(len(columns) == WIDE and max(columns) < 1 << HIGH for columns in LETTERS.values())
    assert len(set(LETTERS.values())) == len(LETTERS)


@pytest.mark.parametrize("text", ["", " A", "A\n", "A\n\nB", "é", "A\0", "A" * 97, "A\nB\nC\nD\nE", "A|B"])
def test_what_cannot_be_printed(text: str) -> None:
    assert not is_printable(text)


@pytest.mark.parametrize(("width", "height", "end"), [(387, 463, False), (300, 200, False), (1280, 431, True)])
def test_the_code_can_be_read_at_many_sizes(width: int, height: int, end: bool) -> None:
    drawn = art(TEXT, width, height, end)
    assert drawn is not None
    assert drawn.shape == (height, width)
    assert set(np.unique(drawn)) == {0, 255}
    assert [code.text for code in zxingcpp.read_barcodes(drawn)] == [CODE]
    if end:
        assert drawn[:, height:].min() == 255


@pytest.mark.parametrize(("width", "height"), [(1283, 431), (404, 1167)])
def test_the_label_end_may_be_the_other_one(width: int, height: int) -> None:
    drawn = art(TEXT, width, height, True, 0, True)
    assert drawn is not None
    side = min(width, height)
    assert [code.text for code in zxingcpp.read_barcodes(np.ascontiguousarray(drawn[-side - 8 :, -side - 8 :]))] == [
        CODE
    ]
    assert drawn[: height - side if height > side else height, : width - side if width > side else width].min() == 255


def test_a_picture_without_room_for_the_code_gets_none() -> None:
    assert art(TEXT, 100, 100) is None


# -- codecs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "number", "rows", "predictor"),
    [
        ("tiff_lzw", 5, 7, 2),
        ("tiff_lzw", 5, HEIGHT, 1),
        ("tiff_adobe_deflate", 8, 16, 2),
        ("tiff_deflate", 32946, 7, 1),
    ],
)
def test_lzw_and_deflate(tmp_path: Path, name: str, number: int, rows: int, predictor: int) -> None:
    path = tmp_path / "x.tif"
    written(path, strips(name, rows, predictor, "RGB"), number, rows, {317: short(predictor)})
    assert_shows(path, 0)


@pytest.mark.parametrize(("mode", "photometric"), [("RGB", 2), ("L", 1), ("L", 0)])
def test_raw(tmp_path: Path, mode: str, photometric: int) -> None:
    path = tmp_path / "x.tif"
    coded = [band.tobytes() for band in bands(photograph(mode), 16)]
    count = len(mode)
    tags = {258: short(*[8] * count), 262: short(photometric), 277: short(count)}
    written(path, coded, 1, 16, tags)
    assert_shows(path, 1, photometric == 0)


@pytest.mark.parametrize("rows", [16, HEIGHT])
@pytest.mark.parametrize("quality", [50, 95])
def test_whole_jpeg(tmp_path: Path, rows: int, quality: int) -> None:
    path = tmp_path / "x.tif"
    coded = [jpeg(band, quality) for band in bands(photograph(), rows)]
    written(path, coded, 7, rows, {262: short(6), 530: short(2, 2)})
    assert_shows(path, 96)


def test_abbreviated_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    split = [jpeg_abbreviated(band, 80) for band in bands(photograph(), 16)]
    written(path, [s.stream for s in split], 7, 16, {347: undefined(split[0].tables)})
    assert_shows(path, 96)


def test_strips_with_shared_tables_never_mix_with_others(tmp_path: Path) -> None:
    """Readers go on with the tables of one strip in the next; where room is short, edges get soft instead."""
    path = tmp_path / "x.tif"
    split = [jpeg_abbreviated(band, 60) for band in bands(photograph(), 16)]
    coded, tables = [s.stream for s in split], {347: undefined(split[0].tables)}
    room = written(path, coded, 7, 16, tables)
    source = MemorySource(path.read_bytes())
    drawn = [source.read(slot.start, slot.end - slot.start)[:-2].rstrip(b"\xff") for slot in room.blank.slots]
    most = max(range(len(drawn)), key=lambda i: len(drawn[i]))
    coded[most] = coded[most][:200] + bytes(len(drawn[most]) * 9 // 10 - 200)  # too little for all values of a block
    room = written(path, coded, 7, 16, tables)
    source = MemorySource(path.read_bytes())
    heads = [source.read(slot.start, 400) for slot in room.blank.slots]
    assert not any(b"\xff\xdb" in head or b"\xff\xc4" in head for head in heads)
    assert_shows(path, 255)


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("more", [{}, {"subsampling": 2}, {"restart_marker_blocks": 5}])
def test_one_stream_under_its_own_tables_or_new_ones(optimize: bool, more: dict[str, int]) -> None:
    """Optimised tables lack codes that the drawing needs; a stream of one grey has little room."""
    grey = art(TEXT, WIDTH, HEIGHT)
    assert grey is not None
    for image in (photograph(), photograph("L")):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=70, optimize=optimize, **more)
        old = out.getvalue()
        for room in (len(old), 10_000):
            new = label_jpeg.draw(old, b"", grey, None, b"note", room)
            assert new is not None
            assert len(new) == room
            assert label_jpeg.comment(new) == b"note"
            assert label_jpeg.draw(new, b"", grey, None, b"note", room) == new
            with Image.open(io.BytesIO(new)) as drawn:
                assert drawn.mode == image.mode
                assert np.abs(np.asarray(drawn.convert("L")).astype(int) - grey).mean() < 4
        assert label_jpeg.draw(old, b"", grey, None, b"note", 2000) is None


def test_a_stream_of_another_form_is_replaced_by_a_simple_one_where_tables_are_its_own(tmp_path: Path) -> None:
    """Progressive ones, and those whose beginning is gone: a DICOM header may take bytes of the picture."""
    grey, out = art(TEXT, WIDTH, HEIGHT), io.BytesIO()
    assert grey is not None
    photograph().save(out, "JPEG", progressive=True)
    assert label_jpeg.draw(out.getvalue(), b"", grey, None, b"", len(out.getvalue())) is None
    for number, old in enumerate((out.getvalue(), out.getvalue()[200:])):
        path = tmp_path / f"{number}.tif"
        written(path, [old], 7, HEIGHT, {262: short(6), 530: short(2, 2)})
        assert_shows(path, 96)


# -- what is no label of ours ---------------------------------------------------------------------


@pytest.mark.parametrize("compression", [1, 5, 7, 8])
def test_one_other_byte_and_it_is_not_ours(tmp_path: Path, compression: int) -> None:
    """A mark alone proves nothing: neither with a photograph behind it, nor with one dot more on the label."""
    path = tmp_path / "x.tif"
    if compression == 1:
        coded = [band.tobytes() for band in bands(photograph(), 16)]
    elif compression == 7:
        coded = [jpeg(band, 80) for band in bands(photograph(), 16)]
    else:
        coded = strips({5: "tiff_lzw", 8: "tiff_adobe_deflate"}[compression], 16, 1, "RGB")
    colour = 6 if compression == 7 else 2
    room = written(path, coded, compression, 16, {262: short(colour), 530: short(2, 2)})
    good = path.read_bytes()
    rng = np.random.default_rng(4)
    for slot in (room.blank.slots[0], room.blank.slots[4], room.blank.slots[-1]):
        # headers of JPEG are the old picture's, and drawn under again: what they hold is the census's business
        scan = good.find(b"\xff\xda", slot.start) + 14 if compression == 7 else slot.start
        for at in rng.integers(scan, slot.end, 8).tolist():
            bad = bytearray(good)
            bad[at] ^= 1 << int(rng.integers(8))
            assert label.written(room, MemorySource(bytes(bad))) is None, at - slot.start


def test_text_with_a_wrong_sum_is_no_mark() -> None:
    good = label.mark("STUDY-7", 3, 1)
    assert label.marked(good) == ("STUDY-7", (3, 1))
    assert label.marked(good.replace(b"STUDY-7", b"STUDY-8")) is None
    assert label.marked(good + b"\0") is None
    assert label.marked(b"") is None


def test_shared_and_missing_slots_get_no_label() -> None:
    coding, source = Coding(1, 2, 8, 3), MemorySource(bytes(WIDTH * HEIGHT * 3))
    half = WIDTH * HEIGHT * 3 // 2
    slot = Slot(0, half, WIDTH, HEIGHT // 2)
    for slots in ((slot, slot), (slot, slot._replace(start=half, end=half)), ()):
        room = Room(Blank(0, "label", coding, slots), "label", WIDTH, HEIGHT, 0)
        assert label.draw(room, TEXT, source) is None
