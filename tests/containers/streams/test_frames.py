"""What a coded picture says of itself, whether it ends, and whether there are tables for it."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest

from blankslide.containers.streams.frames import MAGIC, frame_of, is_begun, is_cut, lacks_tables

PIXELS = np.arange(24 * 32 * 3, dtype=np.uint8).reshape(24, 32, 3)
CODED = {
    "jpeg": bytes(imagecodecs.jpeg_encode(PIXELS)),
    "jp2k": bytes(imagecodecs.jpeg2k_encode(PIXELS, codecformat="J2K", level=50)),
    "png": bytes(imagecodecs.png_encode(PIXELS)),
}


@pytest.mark.parametrize("codec", CODED)
def test_pictures_of_one_size_have_one_frame_and_those_of_another_have_another(codec: str) -> None:
    data = CODED[codec]
    coders = {"jpeg": imagecodecs.jpeg_encode, "png": imagecodecs.png_encode}
    again = coders.get(codec, lambda p: imagecodecs.jpeg2k_encode(p, codecformat="J2K", level=50))
    assert data.startswith(MAGIC)
    frame = frame_of(data)
    assert frame is not None
    assert frame[0] == codec
    assert frame == frame_of(bytes(again(PIXELS // 2)))
    assert frame != frame_of(bytes(again(PIXELS[:16].copy())))


@pytest.mark.parametrize("codec", CODED)
def test_a_picture_without_its_end_is_cut(codec: str) -> None:
    data = CODED[codec]
    assert not is_cut(data)
    assert not is_cut(data + b"\0\0behind")
    assert is_cut(data[: len(data) // 2])


def test_what_is_no_picture_has_no_frame_and_is_not_cut() -> None:
    for data in (b"", b"\xff\xd8\xff", b"\xff\x4f\xff\x51\0", b"\x89PNG\r\n\x1a\n", b"II*\0" + bytes(64), bytes(64)):
        assert frame_of(data) is None
    assert not is_cut(bytes(64))


def test_tables_are_looked_for_in_both_places() -> None:
    whole = CODED["jpeg"]
    scan = whole.index(b"\xff\xda")
    frame = whole.index(b"\xff\xc0")
    end = frame + 2 + int.from_bytes(whole[frame + 2 : frame + 4], "big")
    bare = b"\xff\xd8" + whole[frame:end] + whole[scan:]
    tables = b"\xff\xd8" + whole[2:frame].partition(b"\xff\xdb")[1] + whole[2:frame].partition(b"\xff\xdb")[2]
    tables += whole[end:scan] + b"\xff\xd9"
    assert not lacks_tables([whole], b"")
    assert not lacks_tables([bare], tables)
    assert lacks_tables([bare], b"")
    assert lacks_tables([bare], tables.replace(b"\xff\xdb", b"\xff\xfe"))
    assert lacks_tables([bare], tables.replace(b"\xff\xc4", b"\xff\xfe"))
    assert lacks_tables([bare], tables[:-40])
    assert not lacks_tables([b"\xff\xd8\xff\xd9"], b"")


@pytest.mark.parametrize("codec", CODED)
def test_a_picture_has_begun_wherever_it_is_cut_off_behind_its_mark(codec: str) -> None:
    data = CODED[codec]
    assert all(is_begun(data[:end]) for end in range(8, len(data), 7))
    assert not is_begun(b"\0" + data)


@pytest.mark.parametrize(
    "behind",
    ["ffff", "ffd8ff", "00", "e00002", "e0000400ff", "fffe0008", "c0000b080010001003112200110211", "da0008", "f0ff00"],
)
def test_a_jpegs_mark_alone_begins_none(behind: str) -> None:
    assert not is_begun(bytes.fromhex("ffd8ff" + behind) + b"\xf0" * 9)


def test_a_stream_of_more_tiles_than_a_picture_has_is_not_blanked_and_takes_no_time() -> None:
    import struct

    from blankslide.containers.streams import jp2k

    data = CODED["jp2k"]
    assert jp2k.blank(data) is not None
    siz = data.index(b"\xff\x51") + 4
    many = data[: siz + 2] + struct.pack(">8I", 1 << 16, 1 << 16, 0, 0, 300, 300, 0, 0) + data[siz + 34 :]
    assert jp2k.blank(many) is None
    counted = []
    kept, jp2k._packets = jp2k._packets, lambda *given: counted.append(given) or 0
    try:
        assert jp2k.blank(many) is None
    finally:
        jp2k._packets = kept
    assert 0 < len(counted) <= 1 << 15
