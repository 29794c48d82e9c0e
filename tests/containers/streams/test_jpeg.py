"""Segments of a JPEG: what decoders act on is no text, whatever is written behind it."""

from __future__ import annotations

import random

import imagecodecs
import numpy as np
import pytest

from blankslide.containers.streams import jpeg
from blankslide.errors import DamagedSlide
from blankslide.source import MemorySource

ADOBE, JFIF = b"Adobe\0\x64\0\0\0\0\0", b"JFIF\0\1\1\0\0\1\0\1\0\0"
NAME = b"Mildred Okafor"


def stream(*segments: tuple[int, bytes]) -> bytes:
    parts = [b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + body for marker, body in segments]
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xda\0\2coded\xff\xd9"


@pytest.mark.parametrize(("marker", "head"), [(0xEE, ADOBE), (0xE0, JFIF)], ids=["APP14", "APP0"])
def test_only_what_stands_behind_the_usual_bytes_is_text(marker: int, head: bytes) -> None:
    for behind in (b"", b"\0", bytes(40)):
        assert jpeg.comment_segments(stream((marker, head + behind))) == []
    for behind in (b"x", NAME, bytes(30) + NAME):
        data = stream((marker, head + behind))
        assert [data[s.start : s.end] for s in jpeg.comment_segments(data)] == [behind]


@pytest.mark.parametrize("body", [NAME, b"JFIF " + NAME, b"ICC_PROFILE " + NAME, ADOBE[:11], JFIF[:13]])
@pytest.mark.parametrize("marker", [0xE0, 0xE2, 0xEE])
def test_what_only_resembles_a_known_segment_goes_whole(marker: int, body: bytes) -> None:
    data = stream((marker, body))
    assert [data[s.start : s.end] for s in jpeg.comment_segments(data)] == [body]


def test_the_same_bytes_stand_aside_before_and_after() -> None:
    data = stream((0xEE, ADOBE + NAME), (0xFE, NAME), (0xE0, JFIF + NAME), (0xDB, bytes(65)))
    before = jpeg.asides(MemorySource(data), 0, len(data))
    blank = data.replace(NAME, bytes(len(NAME)))
    after = jpeg.asides(MemorySource(blank), 0, len(blank))
    assert [a[:2] for a in before] == [a[:2] for a in after]
    assert [a.text for a in before] == [NAME] * 3
    assert not any(a.text for a in after)


@pytest.mark.parametrize(
    ("marker", "body", "kept"),
    [(0xEE, b"Adobe Mildre\2d Okafor", (0, 1, 2, 3, 4, 11)), (0xE0, b"JFIF\0MildredOkafor", (0, 1, 2, 3, 4))],
    ids=["APP14", "APP0"],
)
def test_a_name_inside_the_usual_bytes_goes_and_the_flag_stays(marker: int, body: bytes, kept: tuple[int, ...]) -> None:
    data = bytearray(stream((marker, body)))
    for _, start, end in jpeg.comment_segments(bytes(data)):
        data[start:end] = bytes(end - start)
    assert data[6 : 6 + len(body)] == bytes(b if i in kept else 0 for i, b in enumerate(body))
    assert jpeg.comment_segments(bytes(data)) == []


def split() -> tuple[bytes, bytes]:
    """Return a stream of tables, and one that needs them."""
    whole = bytes(imagecodecs.jpeg_encode(np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3)))
    found, frame = list(jpeg.segments(whole)), whole.index(b"\xff\xc0")
    tables = [whole[s.start - 4 : s.end] for s in found if s.marker in (0xDB, 0xC4)]
    return b"\xff\xd8" + b"".join(tables) + b"\xff\xd9", b"\xff\xd8" + whole[frame : frame + 19] + whole[
        found[-1].end :
    ]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_end_of_tables_is_no_text_however_many_bytes_fill_in_front_of_it(count: int) -> None:
    tables, stream = split()
    filled = tables.replace(b"\xff\xdb", b"\xff" * count + b"\xff\xdb")[:-2] + b"\xff" * count + b"\xff\xd9"
    assert jpeg.beside_tables(tables) == jpeg.beside_tables(filled) == []
    pixels = imagecodecs.jpeg8_decode(stream, tables=tables)
    assert np.array_equal(imagecodecs.jpeg8_decode(stream, tables=filled), pixels)
    assert jpeg.beside_tables(filled + b"Doe, Jane") == [(len(filled), len(filled) + 9)]
    assert jpeg.beside_tables(filled[:-2] + b"\xff\xdb\0\x43") is None
    text = filled[:-2] + b"Doe, Jane"
    assert jpeg.beside_tables(text) == [(len(filled) - 2 - count, len(text))]
    assert jpeg.beside_tables(filled[:-1]) == []


def test_the_end_of_tables_stays_when_what_stands_in_front_of_it_goes() -> None:
    tables, _ = split()
    end = len(tables) - 2
    assert jpeg.beside_tables(tables[:end] + b"\0\0" + tables[end:]) == []
    text = tables[:end] + b"Doe, Jane" + tables[end:]
    assert jpeg.beside_tables(text) == [(end, end + 9)]
    assert jpeg.beside_tables(text + b"Jane Doe") == [(end, end + 9), (end + 11, end + 19)]


PIECES = (
    *(b"\xff\xd8", b"\xff\xd9", b"\xff\xdb\0\x04\1\2", b"\xff\xda\0\x02", b"\xff\0", b"\xff\xd0", b"\xff", b"\0\0"),
    *(b"\xff\xfe\0\x0bDoe, Jane", b"\xff\xe1\0\x06Doe!", b"\xff\xe0\0\x07Doe\0\0", b"\xff\xef\0\x02", b"\xff\xfe"),
    *(b"Doe, Jane", b"pixels"),
)


def test_streams_behind_each_other_are_bare_only_if_each_of_them_is() -> None:
    draw = random.Random(12)
    pieces = (*PIECES, b"\xff\xd9\xff\xd8", b"\xff\xfe\xff\xd8")
    quiet = 0
    for _ in range(20000):
        streams = [b"\xff\xd8" + b"".join(draw.choices(pieces, k=draw.randrange(3))) + b"\xff\xd9" for _ in range(3)]
        streams = [stream[: -2 if draw.random() < 0.1 else None] for stream in streams]
        lengths = [len(stream) for stream in streams]
        at = draw.randrange(4)  # where a border may be told wrongly
        if at < 2:
            lengths[at : at + 2] = lengths[at] + 2, lengths[at + 1] - 2
        told = jpeg.are_bare(b"".join(streams), lengths)
        assert told == (at > 1 and all(jpeg.are_bare(stream, (len(stream),)) for stream in streams))
        quiet += told
    assert quiet > 100


def test_a_stream_without_room_for_words_is_told_as_the_walk_from_marker_to_marker_tells_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = random.Random(11)
    streams = [b"".join(draw.choices(PIECES, k=draw.randrange(9))) for _ in range(20000)]
    streams += [b"\xff\xd8" + stream + b"\xff\xd9" for stream in streams]
    bare = [stream for stream in streams if jpeg.are_bare(stream, (len(stream),))]
    assert len(bare) > 1000
    quick = [jpeg.beside(stream) for stream in streams]
    monkeypatch.setattr(jpeg, "are_bare", lambda data, lengths: False)
    assert quick == [jpeg.beside(stream) for stream in streams]
    assert not any(jpeg.beside(stream) for stream in bare)


@pytest.mark.parametrize("said", [0x0110, 0x0310])
def test_a_segment_that_is_said_to_hold_the_scan_is_no_text(said: int) -> None:
    whole = bytes(imagecodecs.jpeg_encode(np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)))
    assert whole[2:6] == b"\xff\xe0\0\x10"
    assert not jpeg.loses_its_way(whole)
    assert not jpeg.loses_its_way(whole[:200])
    broken = whole[:4] + said.to_bytes(2, "big") + whole[6:]
    assert jpeg.loses_its_way(broken)
    with pytest.raises(DamagedSlide, match="do not lead"):
        jpeg.asides(MemorySource(broken), 0, len(broken))
