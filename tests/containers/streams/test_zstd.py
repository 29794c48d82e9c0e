"""Zstandard: what stands in frames that decoders pass over."""

from __future__ import annotations

import struct

import imagecodecs

from blankslide.containers.streams import zstd
from blankslide.source import MemorySource


def skipped(data: bytes, number: int = 0) -> bytes:
    return struct.pack("<II", 0x184D2A50 + number, len(data)) + data


def found(data: bytes) -> list[bytes]:
    return [
        data[a:b] for a, b in zstd.skippable(MemorySource(b"##" + data), 2, 2 + len(data)) for a, b in [(a - 2, b - 2)]
    ]


def test_skippable_frames_are_found_among_others() -> None:
    for size in (1, 300, 70_000, 500_000):
        frame = bytes(imagecodecs.zstd_encode(bytes(i * i % 251 for i in range(size))))
        data = skipped(b"one") + frame + skipped(b"two", 15) + frame + skipped(b"")
        assert found(data) == [b"one", b"two"], size
        assert found(frame) == []


def test_broken_rows_end_where_they_break() -> None:
    frame = bytes(imagecodecs.zstd_encode(bytes(1000)))
    for cut in range(len(frame)):
        assert found(skipped(b"one") + frame[:cut]) == [b"one"]
    assert found(skipped(b"one")[:-1]) == []
    assert found(b"nothing of the kind" + skipped(b"one")) == []


def test_blocks_without_end_are_not_followed_for_ever() -> None:
    head = struct.pack("<IBB", 0xFD2FB528, 0x20, 0)
    assert found(head + bytes(3) * 200_000 + skipped(b"one")) == []
