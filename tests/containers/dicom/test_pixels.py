"""The pixels of a DICOM file: frames are found where they are, and tables that lie are refused."""

from __future__ import annotations

import struct

import pytest

from blankslide.containers.dicom.pixels import frames_of, native_size, padding, read_pixels, surplus, white
from blankslide.errors import DamagedSlide
from blankslide.source import MemorySource

START = 10
FRAMES = (b"first!", b"second..", b"3rd.")


def element(tag: int, body: bytes, kind: bytes = b"OB", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, kind, 0, size) + body


def item(body: bytes, tag: int = 0xE000) -> bytes:
    return struct.pack("<HHI", 0xFFFE, tag, len(body)) + body


def encapsulated(
    table: bytes | None = None, frames: tuple[bytes, ...] = FRAMES, end: bytes = item(b"", 0xE0DD)
) -> bytes:
    offsets = [sum(8 + len(each) for each in frames[:i]) for i in range(len(frames))]
    table = struct.pack(f"<{len(offsets)}I", *offsets) if table is None else table
    return element(0x7FE00010, item(table) + b"".join(map(item, frames)) + end, length=0xFFFFFFFF)


def read(data: bytes, every: bool = True, implicit: bool = False) -> tuple[MemorySource, object]:
    source = MemorySource(bytes(START) + data)
    return source, read_pixels(source, START, implicit, every)


def contents(data: bytes, spans: tuple[tuple[int, int], ...]) -> list[bytes]:
    return [(bytes(START) + data)[a:b] for a, b in spans]


@pytest.mark.parametrize("table", [None, b"", bytes(12)])
def test_fragments_are_found_with_a_table_an_empty_one_and_one_of_zeros(table: bytes | None) -> None:
    data = encapsulated(table)
    pixels = read_pixels(MemorySource(bytes(START) + data), START, False, True)
    assert contents(data, pixels.fragments) == list(FRAMES)
    assert frames_of(pixels, 3) == [(f,) for f in pixels.fragments]
    assert frames_of(pixels, 1) == [pixels.fragments]
    assert pixels.end == START + len(data)


def test_only_the_ends_of_a_long_level_are_read() -> None:
    data = encapsulated(frames=(*FRAMES, *FRAMES))
    pixels = read_pixels(MemorySource(bytes(START) + data), START, False, False)
    assert contents(data, pixels.fragments) == [FRAMES[0], FRAMES[2]]


def test_frames_of_several_fragments_are_told_apart_by_the_table() -> None:
    table = struct.pack("<2I", 0, 14)  # two fragments belong to the second frame
    data = encapsulated(table)
    pixels = read_pixels(MemorySource(bytes(START) + data), START, False, True)
    assert [contents(data, frame) for frame in frames_of(pixels, 2)] == [[FRAMES[0]], [FRAMES[1], FRAMES[2]]]
    assert contents(data, surplus(pixels, 2)) == [FRAMES[2]]
    assert surplus(pixels, 3) == ()
    with pytest.raises(DamagedSlide, match="do not match"):
        frames_of(pixels, 5)


def test_native_pixels_are_a_span_with_an_extended_table_before_them() -> None:
    table = element(0x7FE00001, struct.pack("<2Q", 0, 20), b"OV")
    data = table + element(0x7FE00010, b"x" * 12)
    pixels = read_pixels(MemorySource(bytes(START) + data), START, False, True)
    assert (pixels.extended, pixels.encapsulated, pixels.end - pixels.body) == (True, False, 12)
    implicit = struct.pack("<HHI", 0x7FE0, 0x0010, 8) + bytes(8)
    assert read_pixels(MemorySource(implicit), 0, True, True).body == 8


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no pixels"),
        (element(0x7FE10010, b""), "no pixels"),
        (element(0x7FE00010, b"x" * 12, length=13), "ends before its pixels"),
        (element(0x7FE00008, bytes(8)) + encapsulated(), "an element that no slide has"),
        (element(0x7FE00001, bytes(7), b"OV") + encapsulated(), "an element that no slide has"),
        (element(0x7FE00001, struct.pack("<2Q", 9, 9), b"OV") + encapsulated(), "extended offset table"),
        (element(0x7FE00001, struct.pack("<2Q", 0, 1 << 40), b"OV") + encapsulated(), "extended offset table"),
        (element(0x7FE00010, item(b"", 0xE0DD), length=0xFFFFFFFF), "begin with an offset table"),
        (encapsulated(b"abc"), "begin with an offset table"),
        (encapsulated(struct.pack("<2I", 14, 0)), "does not lead to fragments"),
        (encapsulated(struct.pack("<2I", 0, 15)), "does not lead to fragments"),
        (encapsulated(struct.pack("<2I", 0, 9999)), "does not lead to fragments"),
        (encapsulated(end=b""), "not closed"),
        (encapsulated(end=b"\xfe\xff\0\xe0\xff\xff\0\0"), "outside of the file"),
        (encapsulated(end=item(b"", 0xE00D)), "outside of the file"),
    ],
)
def test_what_leads_nowhere_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(DamagedSlide, match=words):
        read(data)


def test_a_table_that_leads_between_fragments_is_refused_without_reading_all() -> None:
    with pytest.raises(DamagedSlide, match="does not lead to a fragment"):
        read(encapsulated(struct.pack("<2I", 0, 15)), every=False)


def test_padding_has_the_very_length_or_is_none() -> None:
    for implicit, least in ((True, 8), (False, 12)):
        assert [len(padding(length, implicit) or b"") for length in (least, least + 2, 400)] == [least, least + 2, 400]
        assert padding(least - 2, implicit) is padding(least + 1, implicit) is None


def test_sizes_and_white_follow_the_colour_model() -> None:
    assert native_size(4, 2, 3, 8, 2, "RGB") == 48
    assert native_size(4, 2, 3, 8, 2, "YBR_FULL_422") == 32
    assert native_size(3, 1, 1, 1, 1, "MONOCHROME2") == 1
    assert [white(each) for each in ("RGB", "MONOCHROME2", "MONOCHROME1", "YBR_FULL")] == [255, 255, 0, 128]
