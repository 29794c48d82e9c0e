"""JPEG XR: what may be blanked in a container, and that no coefficient changes by it."""

from __future__ import annotations

import random
import struct

import imagecodecs
import numpy as np
import pytest

from blankslide.containers.streams import jpegxr
from blankslide.source import MemorySource

PIXELS = (np.arange(64 * 48 * 3) % 251).astype("uint8").reshape(48, 64, 3)


def container() -> bytes:
    return bytes(imagecodecs.jpegxr_encode(PIXELS, level=0.9))


def talking(stream: bytes, *extra: tuple[int, bytes]) -> bytes:
    """Give a container a second directory behind its picture, with more tags; the old one stays behind."""
    (at,) = struct.unpack_from("<I", stream, 4)
    (count,) = struct.unpack_from("<H", stream, at)
    entries = [struct.unpack_from("<HHII", stream, at + 2 + 12 * i) for i in range(count)]
    values, base = b"", len(stream) + 6 + 12 * (count + len(extra))
    for tag, data in extra:
        if len(data) > 4:
            entries.append((tag, 1, len(data), base + len(values)))
            values += data
        else:
            entries.append((tag, 1, len(data), int.from_bytes(data, "little")))
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in sorted(entries))
    return stream[:4] + struct.pack("<I", len(stream)) + stream[8:] + directory + bytes(4) + values


def blanked(data: bytes) -> bytes:
    out = bytearray(data)
    for start, end, _ in jpegxr.asides(MemorySource(data), 2, len(data) - 2):
        out[start:end] = bytes(end - start)
    return bytes(out)


def test_text_goes_and_every_pixel_stays() -> None:
    told = (0x010E, b"Quillfeather"), (0x02BC, b"<x>Vanterpoole</x>"), (0x013B, b"Bob"), (0x8773, b"a profile")
    data = b"##" + talking(container(), *told)
    new = blanked(data)
    for word in (b"Quillfeather", b"Vanterpoole", b"Bob"):
        assert word in data
        assert word not in new
    assert b"a profile" in new
    assert (imagecodecs.jpegxr_decode(new[2:]) == imagecodecs.jpegxr_decode(data[2:])).all()
    assert not any(text for _, _, text in jpegxr.asides(MemorySource(new), 2, len(new) - 2))


def test_directories_about_who_and_when_go_with_all_they_lead_to() -> None:
    stream = container()
    below = struct.pack("<H", 1) + struct.pack("<HHII", 0x9003, 2, 20, 0) + bytes(4)
    data = bytearray(talking(stream, (0x8769, bytes(4)), (0xEA1C, below), (0xEA1D, b"2019:01:02 03:04:05\0")))
    at = data.index(below)
    struct.pack_into("<I", data, at + 10, data.index(b"2019:"))
    entry = data.index(struct.pack("<HHI", 0x8769, 1, 4))
    struct.pack_into("<HHII", data, entry, 0x8769, 4, 1, at)
    new = blanked(b"##" + bytes(data))[2:]
    assert b"2019:" not in new
    assert struct.pack("<H", 0x9003) not in new[at:]
    assert (imagecodecs.jpegxr_decode(new) == imagecodecs.jpegxr_decode(stream)).all()


def test_nothing_is_given_out_of_an_ordinary_one() -> None:
    stream = container()
    assert not any(text for _, _, text in jpegxr.asides(MemorySource(stream), 0, len(stream)))


@pytest.mark.parametrize(
    "stream", [b"", b"II\xbc\1", b"II\xbc\1\xff\xff\xff\x7f", bytes(64), b"II\xbc\1\x08\0\0\0\xff\xff"]
)
def test_what_is_no_container_has_nothing_beside(stream: bytes) -> None:
    assert jpegxr.asides(MemorySource(stream), 0, len(stream)) == []


def test_damage_gives_places_inside_or_none() -> None:
    good, rnd = talking(container(), (0x010E, b"Quillfeather")), random.Random(3)
    places = [*range(8), *range(len(good) - 150, len(good))]
    for _ in range(1000):
        data = bytearray(good)
        for _ in range(4):
            data[rnd.choice(places)] = rnd.choice([0, 127, 255, rnd.randrange(256)])
        for start, end, _ in jpegxr.asides(MemorySource(bytes(data)), 0, len(data)):
            assert 0 <= start < end <= len(data)


def test_a_picture_of_unknown_length_reaches_to_the_end() -> None:
    data = bytearray(container())
    entry = data.index(struct.pack("<HHI", 0xBCC1, 4, 1))
    data[entry + 8 : entry + 12] = bytes(4)
    spans = jpegxr.asides(MemorySource(bytes(data)), 0, len(data))
    (picture,) = struct.unpack_from("<I", data, entry - 4)
    assert all(end <= picture for _, end, _ in spans)
