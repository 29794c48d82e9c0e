"""PNG: text chunks are replaced at their length, and blank pictures fit their room exactly."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from blankslide.containers.streams import png


def picture(words: str = "") -> bytes:
    info, out = PngInfo(), io.BytesIO()
    if words:
        info.add_text("Author", words)
    Image.effect_noise((40, 30), 50).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def test_text_and_what_follows_the_end_are_emptied_and_pixels_stay() -> None:
    data = picture("Ottoline Quillfeather") + b"Thimblewick"
    new = bytearray(data)
    for start, end, piece in png.emptied(data):
        assert len(piece) == end - start
        new[start:end] = piece
    assert b"Quillfeather" not in new
    assert b"Thimblewick" not in new
    with Image.open(io.BytesIO(data)) as old, Image.open(io.BytesIO(new)) as fresh:
        assert old.tobytes() == fresh.tobytes()
        assert not fresh.info
    assert png.emptied(bytes(new)) == []


def test_a_picture_without_text_is_left_alone() -> None:
    assert png.emptied(picture()) == []
    assert png.emptied(b"no picture") == []


@pytest.mark.parametrize("extra", [0, 1, 11, 12, 13, 500])
def test_a_blank_picture_fills_its_room(extra: int) -> None:
    least = next(n for n in range(40, 200) if png.blank(40, 30, n) is not None)
    data = png.blank(40, 30, least + extra)
    assert data is not None
    assert len(data) == least + extra
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == png.size(data) == (40, 30)
        assert image.convert("L").getextrema() == (255, 255)


def test_texts_of_tissue_are_those_that_change_no_pixel() -> None:
    data = picture("words")
    assert png.texts(data) == png.emptied(data) != []
    strange = data[:33] + struct.pack(">I4sII", 4, b"CgBI", 1, 0) + data[33:]
    assert len(png.emptied(strange)) == len(png.texts(strange)) + 1
    assert png.texts(data[:-20]) == [t for t in png.texts(data) if t[1] <= len(data) - 20]


@pytest.mark.parametrize("room", [0, 40])
def test_too_little_room_is_told(room: int) -> None:
    assert png.blank(4000, 3000, room) is None


@pytest.mark.parametrize("cut", [0, 7, 8, 20, 40, 60])
def test_a_cut_picture_is_walked_as_far_as_it_goes(cut: int) -> None:
    assert all(chunk.end <= cut for chunk in png.chunks(picture("words")[:cut]))
