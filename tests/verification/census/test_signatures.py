"""Where a picture begins is found wherever it stands; three letters alone are none."""

from __future__ import annotations

import io
import random
import re
import struct
from importlib import import_module
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from blankslide.verification.census import signatures
from blankslide.verification.census.streams import picture_starts, sniff

if TYPE_CHECKING:
    from pathlib import Path

NOISE = np.random.default_rng(3).integers(0, 255, (32, 40, 3), dtype=np.uint8)


def saved(kind: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(NOISE).save(stream, kind, **how)
    return stream.getvalue()


def tiff(**how: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, NOISE, photometric="rgb", **how)
    return stream.getvalue()


def old_bitmap() -> bytes:
    """Return a bitmap with the header of twelve bytes that OS/2 had."""
    return struct.pack("<2sIHHIIHHHH", b"BM", 26 + 40 * 32 * 3, 0, 0, 26, 12, 40, 32, 1, 24) + NOISE.tobytes()


KINDS: dict[str, tuple[str, bytes]] = {
    "jpeg": ("jpeg", saved("JPEG")),
    "exif jpeg": ("jpeg", saved("JPEG", exif=b"Exif\0\0II*\0")),
    "jpeg with comment first": ("jpeg", b"\xff\xd8\xff\xfe\0\4Hi" + saved("JPEG")[2:]),
    "bare jpeg": ("jpeg", imagecodecs.jpeg8_encode(NOISE)),
    "png": ("png", saved("PNG")),
    "bmp": ("bmp", saved("BMP")),
    "old bmp": ("bmp", old_bitmap()),
    "gif": ("gif", saved("GIF")),
    "webp": ("webp", saved("WEBP")),
    "lossless webp": ("webp", saved("WEBP", lossless=True)),
    "extended webp": ("webp", saved("WEBP", exif=b"Exif\0\0")),
    "tiff": ("tiff", tiff()),
    "motorola tiff": ("tiff", tiff(byteorder=">")),
    "bigtiff": ("tiff", tiff(bigtiff=True)),
    "motorola bigtiff": ("tiff", tiff(bigtiff=True, byteorder=">")),
    "jp2": ("jp2", imagecodecs.jpeg2k_encode(NOISE, codecformat="JP2")),
    "j2k": ("j2k", imagecodecs.jpeg2k_encode(NOISE, codecformat="J2K")),
    "jxr": ("jxr", imagecodecs.jpegxr_encode(NOISE)),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("before", [b"", b"B", b"BM", b"IIM", b"MM\0", b"\xff", b"\xff\xd8", b"\0" * 999, b"RIFF"])
def test_a_picture_is_found_wherever_it_stands(name: str, before: bytes) -> None:
    kind, picture = KINDS[name]
    assert sniff(before + picture, len(before)) == kind
    assert (len(before), kind) in picture_starts(before + picture + b"behind")


@pytest.mark.parametrize("name", KINDS)
def test_places_are_what_sniffing_at_each_byte_finds(name: str) -> None:
    data = b"II*\0" + KINDS[name][1][:3000] + b"BMII*\0MM\0*\xff\xd8\xff" + KINDS[name][1]
    assert picture_starts(data) == [(at, kind) for at in range(len(data)) if (kind := sniff(data, at))]


def test_pictures_beside_each_other_are_all_found_in_order() -> None:
    data, places = b"", []
    for kind, picture in KINDS.values():
        places.append((len(data), kind))
        data += picture + b"..."
    assert set(places) <= set(picture_starts(data))
    assert picture_starts(data) == sorted(picture_starts(data))


@pytest.mark.parametrize(
    "text",
    [
        b"BMW, BM of the month, GIF89, JFIF, RIFF WEBP, II*, PNG",
        b"\xff\xd8\xff\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(30),
        b"\xff\xd8\xff\xe0\0\1\xff\xda" + bytes(30),
        b"BM" + bytes(60),
        b"BM" + bytes(8) + struct.pack("<IIiiHH", 54, 40, 10, 10, 2, 24) + bytes(40),
        b"II*\0\x08\0\0\0\0\0" + bytes(40),
        b"MM\0*\0\0\0\x08\0\1\0\0\0\xff" + bytes(40),
        b"II*\0\xff\xff\xff\x7f" + bytes(40),
        b"II\xbc\1\xff\xff\0\0" + bytes(40),
        b"\xff\x4f\xff\x51\0\x2f" + bytes(40),
        b"\x89PNG\r\n\x1a\n" + bytes(20),
        b"GIF89a",
    ],
)
def test_what_only_begins_like_a_picture_is_none(text: bytes) -> None:
    assert picture_starts(text) == []
    assert all(sniff(text, at) is None for at in range(len(text) + 2))


@pytest.mark.parametrize("name", KINDS)
def test_pictures_that_are_cut_off_and_any_place_raise_nothing(name: str) -> None:
    picture = KINDS[name][1]
    for end in range(60):
        sniff(picture[:end])
        picture_starts(picture[:end])
    assert sniff(picture, len(picture) + 99) is None


def test_noise_holds_no_picture() -> None:
    assert picture_starts(random.Random(1).randbytes(1 << 20)) == []
    assert picture_starts(bytes(1 << 20)) == []


@pytest.mark.parametrize(
    "unit", [b"BM", b"\xff\xd8\xff", b"II*\0", b"BM" + bytes(12) + b"\x28\0\0\0", b"\xff", b"jP  \r\n\x87\n"]
)
def test_looks_at_hostile_bytes_grow_with_their_length(unit: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def looks(count: int) -> int:
        seen: list[int] = []
        monkeypatch.setattr(signatures, "sniff", lambda data, at: seen.append(at))
        picture_starts(unit * count)
        return len(seen)

    assert looks(4_000) <= 2 * looks(2_000) + 2 <= 8_002


def test_each_expression_of_the_streams_is_possessive() -> None:
    found = 0
    for name in (
        "jp2k_segments",
        "jp2k_walk",
        "jpeg_scan",
        "jpeg_walk",
        "coded",
        "packed_walk",
        "signatures",
        "surplus",
    ):
        for value in vars(import_module(f"blankslide.verification.census.{name}")).values():
            pattern = getattr(value, "pattern", getattr(getattr(value, "__self__", None), "pattern", None))
            if isinstance(pattern, bytes):
                bare = re.sub(rb"\\.|\[[^\]]*\]", b"x", pattern)
                assert not re.search(rb"[*+](?<!\+\+)(?!\+)", bare), pattern
                found += 1
    assert found >= 9


def test_the_pictures_of_real_slides_are_found(shared: Path) -> None:
    path = shared / "aperio" / "CMU-1-Small-Region.svs"
    kinds = [kind for _, kind in picture_starts(path.read_bytes())]
    assert kinds.count("tiff") == 1
    assert kinds.count("jpeg") >= 130 + 48 + 27
