"""The end of a large JPEG: what is no coded data is found, however far before the end of its room."""

from __future__ import annotations

import io
from typing import Any

import pytest

from blankslide.containers.streams.jpeg import asides
from blankslide.containers.streams.jpeg_tail import tail
from blankslide.samples.hamamatsu.slide import jpeg_with_restarts, restarts
from blankslide.source import MemorySource

NAME = b"OKAFOR MILDRED 1950-05-12"


def picture(size: tuple[int, int] = (256, 192)) -> Any:
    from PIL import Image

    return Image.effect_noise(size, 90).convert("RGB")


@pytest.fixture(scope="module")
def stream() -> bytes:
    out = io.BytesIO()
    picture().save(out, "JPEG", quality=80)
    return out.getvalue()


def found(data: bytes, last: int = 0) -> list[tuple[bytes, bool]]:
    return [(a.text, a.behind) for a in asides(MemorySource(data), 0, len(data), last) if a.behind or a.text]


def segment(body: bytes, marker: int = 0xFE) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def test_a_stream_in_order_has_nothing_aside(stream: bytes) -> None:
    assert found(stream) == []
    for padding in (bytes(9), b"\xff" * 9, b"\xff\xd9", bytes(70_000), b"\xff" * 300_000):
        assert found(stream + padding) == []


@pytest.mark.parametrize("marker", [0xFE, 0xE1, 0xED])
def test_a_segment_between_the_data_and_the_end_is_text(stream: bytes, marker: int) -> None:
    assert found(stream[:-2] + segment(NAME, marker) + stream[-2:]) == [(NAME, False)]


@pytest.mark.parametrize(
    "behind",
    [
        NAME + b"x" * 70_000,
        NAME + b"x" * 70_000 + b"\xff\xd9",
        NAME.decode().encode("utf-16-le") * 3000 + b"\xff\xd9",
        b"\xff\xd8" + segment(NAME) + bytes(range(256)) * 300 + b"\xff\xd9",
    ],
    ids=["text", "text that ends like a picture", "UTF-16", "another picture"],
)
def test_data_behind_the_end_are_found_however_long_they_are(stream: bytes, behind: bytes) -> None:
    assert found(stream + behind) == [(behind, True)]


def test_the_last_restart_tells_where_to_begin() -> None:
    stream = jpeg_with_restarts(picture(), 8)
    behind = bytes(range(1, 255)) * 400 + b"\xff\xd9"
    assert found(stream + behind, restarts(stream)[-1]) == [(behind, True)]


def test_a_progressive_picture_has_tables_between_its_scans() -> None:
    out = io.BytesIO()
    picture((900, 700)).save(out, "JPEG", quality=90, progressive=True)
    assert found(out.getvalue()) == []


def test_an_end_in_order_costs_one_short_read() -> None:
    class Counting(MemorySource):
        read_bytes = 0

        def read(self, offset: int, length: int) -> bytes:
            self.read_bytes += length
            return super().read(offset, length)

    out = io.BytesIO()
    picture((2048, 1024)).save(out, "JPEG", quality=90)
    source = Counting(out.getvalue())
    assert tail(source, 0, source.size, 600) == []
    assert source.size > 1 << 19
    assert source.read_bytes <= 1 << 16
