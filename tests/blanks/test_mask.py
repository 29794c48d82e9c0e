"""A part of a macro made blank in each codec: nothing else moves, and what is one byte off is not taken for ours."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from blankslide.blanks import mask
from blankslide.containers.tiff.directories import Tiff
from blankslide.formatkit.tiff_pictures import label_rooms
from blankslide.samples.kit.codecs import bands, jpeg, jpeg_abbreviated
from blankslide.samples.kit.tiff_values import short, undefined
from blankslide.samples.kit.tiff_writer import Page, write_tiff
from blankslide.source import MemorySource

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.blanks.jpeg_blocks import Box
    from blankslide.model import Room

WIDTH, HEIGHT, ROWS = 300, 120, 16
BOXES = [(0, 0, 100, HEIGHT), (151, 20, 300, 77), (0, 64, 300, HEIGHT)]


def photograph(mode: str = "RGB") -> Image.Image:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = 120 + 80 * np.sin(x / 7.0)[..., None] * np.cos(y[..., None] / np.array([5.0, 9.0, 13.0]))
    noise = np.random.default_rng(4).normal(0, 6, waves.shape)
    return Image.fromarray(np.clip(waves + noise, 0, 250).astype(np.uint8)).convert(mode)


def strips(name: str, predictor: int) -> list[bytes]:
    """Let libtiff code strips."""
    out = io.BytesIO()
    info = {317: predictor} if predictor != 1 else {}
    photograph().save(out, "TIFF", compression=name, tiffinfo=info, strip_size=ROWS * WIDTH * 3)
    with tifffile.TiffFile(io.BytesIO(out.getvalue())) as tif:
        page: Any = tif.pages[0]
        return [out.getvalue()[a : a + n] for a, n in zip(page.dataoffsets, page.databytecounts, strict=True)]


def page(kind: str) -> Page:
    tags = {256: short(WIDTH), 257: short(HEIGHT), 258: short(8, 8, 8), 262: short(2), 277: short(3), 278: short(ROWS)}
    if kind == "raw":
        return Page(tags | {259: short(1)}, [band.tobytes() for band in bands(photograph(), ROWS)])
    if kind in ("jpeg", "abbreviated"):
        tags |= {259: short(7), 262: short(6), 530: short(2, 2)}
        if kind == "jpeg":
            return Page(tags, [jpeg(band, 85) for band in bands(photograph(), ROWS)])
        split = [jpeg_abbreviated(band, 85) for band in bands(photograph(), ROWS)]
        return Page(tags | {262: short(2), 347: undefined(split[0].tables)}, [s.stream for s in split])
    number, name, predictor = {"lzw": (5, "tiff_lzw", 2), "deflate": (8, "tiff_adobe_deflate", 1)}[kind]
    return Page(tags | {259: short(number), 317: short(predictor)}, strips(name, predictor))


def room_of(data: bytes) -> Room:
    (room,) = label_rooms(Tiff(MemorySource(data)).pages[0], "macro")
    return room


def masked(path: Path, kind: str, box: Box) -> tuple[bytes, bytes, mask.Masked]:
    """Write a page, mask it, and return the file before and after."""
    write_tiff(path, [page(kind)])
    old = path.read_bytes()
    room = room_of(old)
    assert mask.written(room, MemorySource(old)) is None
    drawn = mask.draw(room, box, MemorySource(old))
    assert drawn is not None
    new = bytearray(old)
    for write in drawn.writes:
        new[write.start : write.start + len(write.data)] = write.data
    assert len(new) == len(old)
    path.write_bytes(new)
    return old, bytes(new), drawn


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("kind", ["raw", "jpeg", "abbreviated", "lzw", "deflate"])
def test_inside_is_white_outside_is_what_it_was_and_again_nothing_changes(tmp_path: Path, kind: str, box: Box) -> None:
    path = tmp_path / "x.tif"
    old, new, drawn = masked(path, kind, box)
    left, top, right, bottom = box
    before, after = tifffile.imread(io.BytesIO(old)).astype(int), tifffile.imread(path).astype(int)
    assert after[top:bottom, left:right].min() >= 254  # the mark may change raw samples by one
    a, b, c, d = drawn.gone
    assert (a <= left, b <= top, c >= right, d >= bottom) == (True,) * 4
    changed = (before != after).any(axis=2)
    changed[max(0, b - 1) : d + 1, max(0, a - 1) : c + 1] = False
    assert not changed.any()
    if kind in ("raw", "lzw", "deflate"):
        assert drawn.gone == box
    found = mask.written(room_of(new), MemorySource(new))
    assert found is not None
    assert found.box == box
    assert all(
        any(s.start <= low and high <= s.end for s in room_of(new).blank.slots) or kind in ("raw", "lzw", "deflate")
        for low, high in found.spans
    )
    again = mask.draw(room_of(new), box, MemorySource(new))
    assert again is not None
    if kind != "deflate":
        assert all(new[w.start : w.start + len(w.data)] == w.data for w in again.writes)


@pytest.mark.parametrize("kind", ["raw", "jpeg", "lzw", "deflate"])
def test_one_other_byte_inside_and_it_is_not_ours(tmp_path: Path, kind: str) -> None:
    """What is shown inside of a mask that claims to be ours may never be anything but one colour."""
    _, new, _ = masked(tmp_path / "x.tif", kind, BOXES[0])
    room, rng = room_of(new), np.random.default_rng(3)
    for slot in (room.blank.slots[0], room.blank.slots[3], room.blank.slots[-1]):
        first = new.find(b"\xff\xda", slot.start) + 14 if kind == "jpeg" else slot.start
        for at in rng.integers(first, slot.end, 12).tolist():
            bad = bytearray(new)
            bad[at] ^= 1 << int(rng.integers(8))
            if mask.written(room, MemorySource(bytes(bad))) is None:
                continue
            shown = tifffile.imread(io.BytesIO(bytes(bad)))[:, :100]
            assert shown.min() >= 254, at - slot.start


def test_a_mark_alone_proves_nothing(tmp_path: Path) -> None:
    """A photograph with our comment in it is a photograph."""
    path = tmp_path / "x.tif"
    note = mask.mark(BOXES[0])
    coded = [jpeg(band, 85) for band in bands(photograph(), ROWS)]
    coded[0] = coded[0][:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + coded[0][2:]
    tags = page("jpeg").tags
    write_tiff(path, [Page(tags, coded)])
    data = path.read_bytes()
    assert mask.written(room_of(data), MemorySource(data)) is None
    assert mask.marked(note) == BOXES[0]
    assert mask.marked(note.replace(b",100,", b",101,")) is None
    assert mask.marked(b"") is None


def test_text_beside_the_pictures_goes_also_where_nothing_is_masked(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    coded = [jpeg(band, 85) for band in bands(photograph(), ROWS)]
    coded = [c[:2] + b"\xff\xfe\0\x0aROE^JANE" + c[2:] + b"ROE^JANE" for c in coded]
    write_tiff(path, [Page(page("jpeg").tags, coded)])
    old = path.read_bytes()
    drawn = mask.draw(room_of(old), (0, 0, WIDTH, 20), MemorySource(old))
    assert drawn is not None
    assert len(drawn.writes) == len(coded)
    assert not any(b"ROE" in write.data for write in drawn.writes)


def test_what_cannot_be_masked(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    _, new, _ = masked(path, "raw", BOXES[0])
    room = room_of(new)
    packed = room._replace(blank=room.blank._replace(coding=room.blank.coding._replace(compression=34712)))
    assert mask.draw(packed, BOXES[0], MemorySource(new)) is None
    assert mask.draw(room, (WIDTH, 0, WIDTH + 9, 9), MemorySource(new)) is None
    assert mask.draw(room, (5, 5, 9, 9), MemorySource(new)) is None  # no room for the mark in a row of four pixels
    shared = room._replace(blank=room.blank._replace(slots=(room.blank.slots[0],) * 8))
    assert mask.draw(shared, BOXES[0], MemorySource(new)) is None
