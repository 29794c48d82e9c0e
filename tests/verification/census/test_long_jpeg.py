"""A stream of gigabytes is read at both ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.drawing import tissue
from blankslide.verification.census.long_jpeg import ends

STREAM = jpeg(tissue(256, 192, 3), 80)
SCAN = STREAM.index(b"\xff\xda") + 14
NAME = b"Okafor, Mildred 1957"
SIZE = 6 << 30


class Sparse:
    """A file of 6 GB that is zeros but for some places."""

    size = SIZE + 100

    def __init__(self, parts: Mapping[int, bytes]) -> None:
        self.parts = parts

    def read(self, offset: int, length: int) -> bytes:
        """Return zeros, and what stands at a place."""
        out = bytearray(length)
        for at, data in self.parts.items():
            low, high = max(at, offset), min(at + len(data), offset + length)
            if low < high:
                out[low - offset : high - offset] = data[low - at : high - at]
        return bytes(out)

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield nothing: nobody asks here."""
        yield from ()


def told(front: bytes = b"", behind: bytes = b"", before: bytes = b"") -> list[bytes]:
    head = STREAM[:2] + front + STREAM[2 : SCAN + 4000]
    tail = b"\x81" * 60 + before + b"\xff\xd9" + behind
    file = Sparse({100: head, 100 + SIZE - len(tail): tail})
    return [file.read(low, high - low) for low, high in ends(file, 100, SIZE)]


def segment(code: int, body: bytes) -> bytes:
    return bytes((0xFF, code)) + (len(body) + 2).to_bytes(2, "big") + body


def test_a_plain_stream_says_nothing() -> None:
    assert told() == []
    assert told(front=segment(0xEE, b"Adobe\0\x64\0\0\0\0\1"), behind=bytes(90)) == []


@pytest.mark.parametrize("code", [0xFE, 0xE0, 0xE1, 0xED, 0xEE, 0xF7])
def test_texts_in_front_of_the_scan_are_read(code: int) -> None:
    assert told(front=segment(code, NAME)) == [NAME]
    assert told(front=segment(code, b"JFIF\0" + NAME)) == [b"JFIF\0" + NAME]
    assert NAME in told(front=NAME)[0]


@pytest.mark.parametrize("end", [b"", b"\xff\xd9", bytes(30)])
def test_texts_behind_the_end_are_read(end: bytes) -> None:
    assert told(behind=NAME + end) == [(NAME + end).rstrip(b"\0")]
    assert told(before=NAME) == [NAME]


def test_what_is_no_jpeg_is_left_to_others() -> None:
    assert ends(Sparse({100: NAME}), 100, SIZE) == []
