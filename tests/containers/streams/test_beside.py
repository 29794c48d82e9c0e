"""What stands behind the end of a strip is found in each codec, exactly; broken streams are left to the readers."""

from __future__ import annotations

import lzma
import zlib

import numpy as np
import pytest

from blankslide.containers.streams.beside import beside
from blankslide.containers.streams.lzw import end

imagecodecs = pytest.importorskip("imagecodecs")
TEXT = b"Thimblewick, Nora"
PIXELS = (np.indices((24, 40, 3)).sum(axis=0) * 7 % 253).astype(np.uint8)
SIZE = PIXELS.nbytes
STREAMS = {
    1: PIXELS.tobytes(),
    5: bytes(imagecodecs.lzw_encode(PIXELS.tobytes())),
    8: zlib.compress(PIXELS.tobytes()),
    32946: zlib.compress(PIXELS.tobytes(), 1),
    32773: bytes(imagecodecs.packbits_encode(PIXELS.tobytes())),
    33003: bytes(imagecodecs.jpeg2k_encode(PIXELS, codecformat="j2k")),
    34925: lzma.compress(PIXELS.tobytes(), lzma.FORMAT_XZ),
    50000: bytes(imagecodecs.zstd_encode(PIXELS.tobytes())),
    50001: bytes(imagecodecs.webp_encode(PIXELS)),
    7: bytes(imagecodecs.jpeg_encode(PIXELS)),
    34933: bytes(imagecodecs.png_encode(PIXELS)),
}


@pytest.mark.parametrize("codec", STREAMS)
def test_text_behind_a_stream_is_found_and_only_that(codec: int) -> None:
    data = STREAMS[codec]
    assert beside(codec, data, SIZE) == []
    assert beside(codec, data + bytes(len(TEXT)), SIZE) == [] or codec == 34933
    found = beside(codec, data + TEXT, SIZE)
    (part,) = found
    assert (data + TEXT)[part.start : part.end].lstrip(b"\0") == TEXT  # the encoder of LZW writes a byte behind its end
    assert len(part.new or b"") == part.end - part.start


@pytest.mark.parametrize("codec", [7, 33003, 50001, 34933])
def test_what_is_no_picture_of_its_codec_is_told_of_whole(codec: int) -> None:
    assert beside(codec, TEXT, SIZE) == [(0, len(TEXT), None)]
    assert beside(codec, bytes(40), SIZE) == []


@pytest.mark.parametrize("codec", [8, 34925])
def test_a_stream_of_more_pixels_than_the_tile_has_is_told_of_whole(codec: int) -> None:
    assert beside(codec, STREAMS[codec], SIZE - 1) == [(0, len(STREAMS[codec]), None)]


@pytest.mark.parametrize("codec", [5, 8, 32773, 34925])
def test_a_broken_stream_is_for_the_readers(codec: int) -> None:
    data = STREAMS[codec]
    assert beside(codec, data[: len(data) // 2], SIZE) == []
    assert codec == 32773 or beside(codec, b"\x83" + data[1 : len(data) // 3], SIZE) == []


def test_text_in_a_chunk_of_webp_is_found() -> None:
    data = STREAMS[50001]
    chunk = b"EXIF" + len(TEXT).to_bytes(4, "little") + TEXT + b"\0"
    grown = data[:4] + (len(data) - 8 + len(chunk)).to_bytes(4, "little") + data[8:] + chunk
    (found,) = beside(50001, grown, SIZE)
    assert grown[found.start : found.end] == TEXT
    assert beside(50001, b"RIFF" + grown[4:8] + b"WAVE" + grown[12:], SIZE) == []


def test_lzw_ends_behind_its_end_code_however_long_it_is() -> None:
    noise = np.random.default_rng(1).integers(0, 256, 40_000, dtype=np.uint8).tobytes()
    whole = bytes(imagecodecs.lzw_encode(noise))  # several clear codes
    assert end(whole + TEXT) == len(whole)
    assert end(whole[:-2]) is None
    assert end(whole[:2000]) is None
    assert end(b"\x80") is None
    assert end(b"\0" + whole[1:]) is None
    assert end(b"\x80\0") is None
