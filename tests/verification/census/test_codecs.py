"""Every codec but JPEG: a real encoder's stream is whole, what is planted in it is beside, and hostile ones end."""

from __future__ import annotations

import bz2
import io
import itertools
import lzma
import random
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pydicom.pixels.encoders import RLELosslessEncoder

from blankslide.verification.census import jp2k_walk
from blankslide.verification.census.streams import Coded, beside

WHO = b"Jane Roe 1950-02-03 MRN 4711-0815"
SIDE = 48
NOISE = np.random.default_rng(11).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
RAW = NOISE.tobytes()


def coded(compression: int, **other: int) -> Coded:
    return Coded(compression, SIDE, SIDE, 3, 8)._replace(**other)


def pillow(kind: str, image: Any = None, **how: Any) -> bytes:
    stream = io.BytesIO()
    (image or Image.fromarray(NOISE)).save(stream, kind, **how)
    return stream.getvalue()


def bare(**how: Any) -> bytes:
    """Return the picture as OpenJPEG writes it, without the comment that names OpenJPEG."""
    stream = imagecodecs.jpeg2k_encode(NOISE, codecformat="J2K", **how)
    at = stream.find(b"\xff\x64")
    return stream[:at] + stream[at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big") :] if at >= 0 else stream


J2K = bare(level=0)
JP2 = imagecodecs.jpeg2k_encode(NOISE, level=0, codecformat="JP2")
PNG = pillow("PNG")
WEBP, LOSSY = pillow("WEBP", lossless=True), pillow("WEBP", quality=80)
JXR = imagecodecs.jpegxr_encode(NOISE)
RLE = bytes(
    RLELosslessEncoder.encode(
        RAW, rows=SIDE, columns=SIDE, samples_per_pixel=3, bits_allocated=8, bits_stored=8, pixel_representation=0,
        photometric_interpretation="RGB", number_of_frames=1, planar_configuration=0,
    )
)  # fmt: skip
assert not RLE[-1], "filled up to an even length"
RLE = RLE[:-1]
JLS = re.sub(rb"\xff\xe8\0[\x08-\x20](SPIFF.{25}|.{6})", b"", imagecodecs.jpegls_encode(NOISE), flags=re.S)
LZW = imagecodecs.lzw_encode(RAW)
SPREAD = b"".join(bytes((1, 65 + i % 3)) * 3 + bytes((i,)) * 90 for i in range(72))
assert len(SPREAD) == len(RAW)

STREAMS: dict[str, tuple[bytes, Coded]] = {
    "run lengths of dicom": (RLE, coded(-1)),
    "jpeg-ls": (JLS, coded(-2)),
    "raw": (RAW, coded(1)),
    "lzw": (LZW, coded(5)),
    "deflate": (zlib.compress(RAW), coded(8)),
    "adobe deflate": (zlib.compress(RAW, 9), coded(32946)),
    "packbits": (imagecodecs.packbits_encode(SPREAD), coded(32773)),
    "zstd": (imagecodecs.zstd_encode(RAW), coded(50000)),
    "zstd of zeros": (imagecodecs.zstd_encode(bytes(len(RAW))), coded(34926)),
    "lzma": (lzma.compress(RAW), coded(34925)),
    "lerc": (imagecodecs.lerc_encode(NOISE), coded(34887)),
    "jpeg xr": (JXR, coded(34934)),
    "jpeg xr of ndpi": (JXR, coded(22610)),
    "png": (PNG, coded(34933)),
    "webp": (WEBP, coded(34927)),
    "lossy webp": (LOSSY, coded(50001)),
    "jpeg 2000": (J2K, coded(33005)),
    "lossy jpeg 2000": (bare(level=50), coded(33003)),
    "jpeg 2000 of one resolution": (bare(level=0, resolutions=1), coded(33004)),
}


def inside(stream: bytes, ranges: list[tuple[int, int]] | None, text: bytes = WHO) -> bool:
    assert ranges is not None, "the stream was not taken for one"
    assert all(0 <= a < b <= len(stream) for a, b in ranges)
    assert all(b < c for (_, b), (c, _) in itertools.pairwise(ranges))
    at = stream.index(text)
    return any(a <= at and at + len(text) <= b for a, b in ranges)


@pytest.mark.parametrize("codec", STREAMS)
def test_a_real_stream_holds_nothing_else(codec: str) -> None:
    stream, what = STREAMS[codec]
    assert beside(stream, what) == []


@pytest.mark.parametrize("codec", STREAMS)
@pytest.mark.parametrize("gap", [0, 7, 3000])
def test_what_stands_behind_the_end_is_beside_and_zeros_are_not(codec: str, gap: int) -> None:
    stream, what = STREAMS[codec]
    planted = stream + bytes(gap) + WHO + bytes(gap)
    assert inside(planted, beside(planted, what))
    assert beside(stream + bytes(gap), what) == []


@pytest.mark.parametrize("codec", STREAMS)
def test_a_stream_of_another_size_is_none_or_has_a_surplus(codec: str) -> None:
    stream, what = STREAMS[codec]
    assert beside(stream, what._replace(height=SIDE + 1)) is None
    assert beside(stream, what._replace(width=2 * SIDE)) is None
    assert beside(stream, what._replace(height=1, width=1)) != [] or "jpeg" in codec
    assert beside(b"", what) is None


@pytest.mark.parametrize("codec", [c for c in STREAMS if c != "lzw"])
def test_a_stream_that_is_cut_off_is_none(codec: str) -> None:
    stream, what = STREAMS[codec]
    last = len(stream) - (2 if "2000" in codec else 0)  # its end marker may lack
    for end in {*range(0, last, 211), *range(max(0, last - 9), last)}:
        assert beside(stream[:end], what) is None, end


@pytest.mark.parametrize("codec", STREAMS)
def test_bytes_changed_at_random_raise_nothing(codec: str) -> None:
    stream, what = STREAMS[codec]
    chance = random.Random(5)
    for _ in range(60):
        other = bytearray(stream)
        for _ in range(chance.randrange(1, 5)):
            other[chance.randrange(min(len(other), 200))] = chance.randrange(256)
        ranges = beside(bytes(other), what)
        assert ranges is None or all(a < b <= len(stream) for a, b in ranges)


@pytest.mark.parametrize("codec", STREAMS)
def test_impossible_sizes_are_none(codec: str) -> None:
    stream, what = STREAMS[codec]
    for other in (
        {"width": 0},
        {"height": 0},
        {"samples": 0},
        {"bits": 0},
        {"width": -1, "height": -1},
        {"height": 1 << 40},
    ):
        assert beside(stream, what._replace(**other)) is None


def marker(code: int, body: bytes) -> bytes:
    return bytes((0xFF, code)) + (len(body) + 2).to_bytes(2, "big") + body


def behind_size(extra: bytes, stream: bytes = J2K) -> bytes:
    at = stream.index(b"\xff\x52")
    return stream[:at] + extra + stream[at:]


def in_part(extra: bytes, at_end: bool = False) -> bytes:
    """Return the codestream with bytes in its tile-part's header, or behind its packets; the part says so."""
    at, data, end = J2K.index(b"\xff\x90"), J2K.index(b"\xff\x93"), len(J2K) - 2
    size = (int.from_bytes(J2K[at + 6 : at + 10], "big") + len(extra)).to_bytes(4, "big")
    middle = J2K[at + 10 : end] + extra if at_end else J2K[at + 10 : data] + extra + J2K[data:end]
    return J2K[: at + 6] + size + middle + J2K[end:]


def longer(code: int) -> bytes:
    at = J2K.index(bytes((0xFF, code)))
    size = int.from_bytes(J2K[at + 2 : at + 4], "big")
    return J2K[:at] + marker(code, J2K[at + 4 : at + 2 + size] + WHO) + J2K[at + 2 + size :]


WAVELETS = {
    "comment": behind_size(marker(0x64, b"\0\1" + WHO)),
    "comment in a tile-part": in_part(marker(0x64, b"\0\1" + WHO)),
    "unknown segment": behind_size(marker(0x77, WHO)),
    "long size": longer(0x51),
    "long coding": longer(0x52),
    "long quanta": longer(0x5C),
    "place of components": behind_size(marker(0x63, WHO)),
    "lengths of tile-parts": behind_size(marker(0x55, b"\0\x40" + WHO[:32])),
    "lengths of packets": in_part(marker(0x58, b"\0" + WHO)),
    "lengths of packets before all parts": behind_size(marker(0x58, b"\0" + WHO)),
    "orders": behind_size(marker(0x5F, WHO)),
    "region": behind_size(marker(0x5E, b"\0\0\0" + WHO)),
    "second coding": behind_size(marker(0x52, J2K[J2K.index(b"\xff\x52") + 4 :][:10] + WHO)),
    "behind the packets": in_part(WHO, at_end=True),
    "picture behind the packets": in_part(b"\xff\xd8" + WHO + b"\xff\xd8\1", at_end=True),
    "between part and end": J2K[:-2] + WHO + J2K[-2:],
}


@pytest.mark.parametrize("place", WAVELETS)
def test_what_is_put_into_a_codestream_is_beside(place: str) -> None:
    stream = WAVELETS[place]
    text = WHO[:32] if place == "lengths of tile-parts" else WHO
    assert inside(stream, beside(stream, coded(33005)), text)


def test_of_two_equal_segments_none_is_vouched_for() -> None:
    at = J2K.index(b"\xff\x52")
    twice = J2K[:at] + J2K[at : at + 14] + J2K[at:]
    assert beside(twice, coded(33005)) == [(at, at + 28)]


def test_lists_of_lengths_that_add_up_are_ordinary() -> None:
    body = len(J2K) - 2 - J2K.index(b"\xff\x93") - 2
    packed = bytes((0x80 | body >> 14 & 0x7F, 0x80 | body >> 7 & 0x7F, body & 0x7F))
    assert beside(in_part(marker(0x58, b"\0" + packed)), coded(33005)) == []
    size = len(J2K) - 2 - J2K.index(b"\xff\x90")
    for style, entry in ((0x40, size.to_bytes(4, "big")), (0x50, b"\0" + size.to_bytes(4, "big"))):
        assert beside(behind_size(marker(0x55, bytes((0, style)) + entry)), coded(33005)) == []


def test_a_part_without_a_length_ends_at_the_end_of_the_stream() -> None:
    at = J2K.index(b"\xff\x90") + 6
    open_end = J2K[:at] + bytes(4) + J2K[at + 4 :]
    assert beside(open_end, coded(33005)) == []
    assert inside(open_end + WHO, beside(open_end + WHO, coded(33005)))
    assert beside(open_end[:-2], coded(33005)) is None


def box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def in_header(extra: bytes) -> bytes:
    at = JP2.index(b"jp2h") - 4
    size = int.from_bytes(JP2[at : at + 4], "big")
    return JP2[:at] + box(b"jp2h", JP2[at + 8 : at + size] + extra) + JP2[at + size :]


def test_boxes_of_jp2() -> None:
    plain = beside(JP2, coded(34712))
    assert plain is not None
    assert [JP2[a:b] for a, b in plain if b"OpenJPEG" not in JP2[a:b]] == []  # it leaves its own name, in a comment
    boxes = JP2.index(b"jp2h") - 4
    planted = [JP2[:boxes] + box(kind, WHO) + JP2[boxes:] for kind in (b"xml ", b"uuid", b"jp2i", b"free", b"jp2h")]
    planted += [in_header(box(b"colr", b"\2\0\0" + WHO)), in_header(box(b"ihdr", WHO)), in_header(box(b"res ", WHO))]
    planted += [in_header(WHO), in_header(box(b"cdef", b"\0\0" + WHO)), in_header(box(b"note", WHO))]
    planted += [JP2[:12] + box(b"ftyp", b"jp2 \0\0\0\0jp2 " + WHO) + JP2[32:], JP2 + box(b"jp2c", WHO), JP2 + WHO]
    for stream in planted:
        assert inside(stream, beside(stream, coded(34712))), stream[:120]
    assert beside(JP2[: JP2.index(b"jp2c") - 4], coded(34712)) is None


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def test_chunks_of_png() -> None:
    kinds = (
        b"tEXt",
        b"zTXt",
        b"iTXt",
        b"tIME",
        b"eXIf",
        b"iCCP",
        b"prVt",
        b"PLTE",
        b"gAMA",
        b"pHYs",
        b"cHRM",
        b"tRNS",
        b"sBIT",
    )
    planted = [PNG[:33] + chunk(kind, WHO) + PNG[33:] for kind in kinds[:8]]
    planted += [PNG[:33] + chunk(kind, bytes(12) + WHO) + PNG[33:] for kind in kinds[8:]]
    start, size = 33, int.from_bytes(PNG[33:37], "big")
    planted.append(PNG[:33] + chunk(b"IDAT", PNG[start + 8 : start + 8 + size] + WHO) + PNG[start + 12 + size :])
    planted.append(PNG[:-12] + chunk(b"IDAT", WHO) + PNG[-12:])
    planted.append(PNG[:-12] + chunk(b"IEND", WHO))
    for stream in planted:
        assert inside(stream, beside(stream, coded(34933))), stream[:80]
    wrong = PNG[:29] + b"JANE" + PNG[33:]
    assert inside(wrong, beside(wrong, coded(34933)), b"JANE")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_pngs_of_all_kinds_of_pixels(mode: str) -> None:
    image = Image.fromarray(NOISE[..., 0].astype(np.uint16)) if mode == "I;16" else Image.fromarray(NOISE).convert(mode)
    samples, bits = {"1": (1, 1), "LA": (2, 8), "RGBA": (4, 8), "I;16": (1, 16)}.get(mode, (1, 8))
    assert beside(pillow("PNG", image), coded(34933, samples=samples, bits=bits)) == []


def test_texts_that_pillow_writes_into_pngs_and_webps() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Patient", WHO.decode())
    stream = pillow("PNG", pnginfo=words)
    assert inside(stream, beside(stream, coded(34933)))
    for how in ({"exif": b"Exif\0\0" + WHO}, {"xmp": WHO}, {"icc_profile": WHO}):
        stream = pillow("WEBP", lossless=True, **how)
        assert inside(stream, beside(stream, coded(50001)))


def test_chunks_of_webp() -> None:
    def riff(body: bytes) -> bytes:
        return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WEBP" + body

    def part(kind: bytes, body: bytes) -> bytes:
        return kind + len(body).to_bytes(4, "little") + body + b"J" * (len(body) % 2)

    inner, size = WEBP[12:], int.from_bytes(WEBP[16:20], "little")
    grown = riff(b"VP8L" + (size + len(WHO) + 1).to_bytes(4, "little") + inner[8 : 8 + size] + WHO + b"!")
    for stream in (
        riff(inner + part(b"NOTE", WHO)),
        riff(inner + inner[:8] + WHO),
        riff(inner + part(b"VP8X", bytes(10) + WHO)),
        grown,
    ):
        assert inside(stream, beside(stream, coded(50001)))
    assert inside(riff(inner + part(b"NOTE", WHO)), beside(riff(inner + part(b"NOTE", WHO)), coded(50001)), WHO + b"J")
    moving = io.BytesIO()
    other = Image.fromarray(NOISE[::-1].copy())
    Image.fromarray(NOISE).save(moving, "WEBP", save_all=True, append_images=[other], lossless=True)
    assert beside(moving.getvalue(), coded(50001)) is None  # its pictures are frames; none is the one


def test_a_directory_of_jpeg_xr_holds_what_a_picture_needs() -> None:
    resolution = JXR.index(b"\x82\xbc\x0b\0")
    renamed = JXR[:resolution] + struct.pack("<HHI4s", 0xBC05, 2, 4, b"JANE") + JXR[resolution + 12 :]
    assert inside(renamed, beside(renamed, coded(22610)), b"JANE")
    far = JXR[:resolution] + struct.pack("<HHII", 0x010E, 2, len(WHO), len(JXR)) + JXR[resolution + 12 :] + WHO
    assert inside(far, beside(far, coded(22610)))
    place = JXR.index(b"\xc1\xbc\4\0") + 8
    surplus = (
        JXR[:place]
        + (int.from_bytes(JXR[place : place + 4], "little") + len(WHO)).to_bytes(4, "little")
        + JXR[place + 4 :]
        + WHO
    )
    assert inside(surplus, beside(surplus, coded(22610)))


def test_lzw_streams_may_lack_their_end_or_hold_three_bytes_more() -> None:
    what = coded(5)
    assert beside(LZW[:-1], what) == []
    assert beside(LZW + b"abc", what) == []
    assert inside(LZW + b"Jane", beside(LZW + b"Jane", what), b"Jane")
    assert inside(LZW[:-1] + b"Jane", beside(LZW[:-1] + b"Jane", what), b"Jane")
    assert beside(LZW[:-4], what) is None
    old = old_lzw(RAW)
    assert beside(old, what) == []
    assert inside(old + WHO, beside(old + WHO, what))


def old_lzw(raw: bytes) -> bytes:
    """Return clear codes and literals in the old order of bits: no string is ever referred to."""
    value = place = 0
    for i, byte in enumerate(raw):
        for code in (256, byte) if i % 200 == 0 else (byte,):
            value |= code << place
            place += 9
    return (value | 257 << place).to_bytes((place + 16) // 8, "little")


def test_deflate_gives_exactly_the_picture() -> None:
    for what, more in ((coded(8), RAW + b"x"), (coded(8), RAW[:-1])):
        assert beside(zlib.compress(more), what) is None
    assert beside(bz2.compress(RAW), coded(8)) is None
    twelve = np.zeros(SIDE * ((SIDE * 12 + 7) // 8), np.uint8).tobytes()
    assert beside(zlib.compress(twelve), coded(8, samples=1, bits=12)) == []


def test_frames_of_zstandard_that_are_skipped_are_beside() -> None:
    frame = imagecodecs.zstd_encode(RAW)
    skipped = b"\x5a\x2a\x4d\x18" + len(WHO).to_bytes(4, "little") + WHO
    for stream in (skipped + frame, frame + skipped, frame + frame, frame + imagecodecs.zstd_encode(WHO)):
        ranges = beside(stream, coded(50000))
        assert ranges == [(0, len(skipped))] if stream.startswith(skipped) else ranges == [(len(frame), len(stream))]
    halves = imagecodecs.zstd_encode(RAW[:1000]) + imagecodecs.zstd_encode(RAW[1000:])
    assert beside(halves, coded(50000)) == []


def test_packbits_that_say_nothing_and_runs_that_go_on() -> None:
    packed = imagecodecs.packbits_encode(SPREAD)
    assert beside(b"\x80" * 5 + packed, coded(32773)) == []
    literals = b"".join(bytes((127,)) + RAW[i : i + 128] for i in range(0, len(RAW), 128))
    assert beside(literals, coded(32773)) == []
    longer = literals[:-129] + bytes((127 - len(WHO),)) + RAW[len(WHO) - 128 :] + bytes((2 * len(WHO) - 1,)) + WHO * 2
    ranges = beside(longer, coded(32773))
    assert ranges == [(len(longer) - len(WHO), len(longer))]  # the last run goes on for as much as it should have


BOMB = 1 << 24
BOMBS: dict[str, Callable[[], tuple[bytes, int]]] = {
    "deflate": lambda: (zlib.compress(bytes(BOMB)), 8),
    "zstd": lambda: (imagecodecs.zstd_encode(bytes(BOMB)), 50000),
    "lzma": lambda: (lzma.compress(bytes(BOMB), preset=0), 34925),
    "png": lambda: (PNG[:33] + chunk(b"IDAT", zlib.compress(bytes(BOMB))) + PNG[-12:], 34933),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_no_more_is_unpacked_than_the_picture_has(kind: str) -> None:
    import tracemalloc

    stream, compression = BOMBS[kind]()
    tracemalloc.start()
    try:
        assert beside(stream, coded(compression)) is None
        assert tracemalloc.get_traced_memory()[1] < BOMB // 8
    finally:
        tracemalloc.stop()


HOSTILE: dict[str, tuple[bytes, int]] = {
    "codestream of segments": (behind_size(b"\xff\x64\0\2" * 50_000), 33005),
    "codestream of tile-parts": (J2K[:-2] + b"\xff\x90\0\x0a\0\0\0\0\0\x0e\0\1\xff\x93" * 15_000, 33005),
    "lengths of packets": (in_part(marker(0x58, b"\0" + b"\xff" * 65_000)), 33005),
    "boxes": (JP2[:32] + box(b"xml ", b"") * 25_000 + JP2[32:], 34712),
    "boxes of nothing": (JP2[:32] + bytes(16) + JP2[32:], 34712),
    "box that lies": (JP2[:32] + b"\0\0\0\1xml \xff\xff\xff\xff\xff\xff\xff\xff" + JP2[32:], 34712),
    "chunks": (PNG[:33] + chunk(b"tEXt", b"") * 15_000 + PNG[33:], 34933),
    "chunks of pixels": (PNG[:33] + chunk(b"IDAT", b"") * 15_000 + PNG[33:], 34933),
    "webp chunks": (
        WEBP[:4] + (len(WEBP) + 8 * 20_000 - 8).to_bytes(4, "little") + WEBP[8:] + b"NOTE\0\0\0\0" * 20_000,
        50001,
    ),
    "runs of nothing": (b"\x80" * 200_000, 32773),
    "frames of nothing": ((b"\x50\x2a\x4d\x18" + bytes(4)) * 20_000, 50000),
    "lzw of clear codes": (b"\x80\x40\x20\x10\x08\x04\x02\x01\x00" * 20_000, 5),
    "directory": (b"II\xbc\1\x08\0\0\0\xff\xff" + JXR[34:46] * 65_535, 22610),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_streams_end(kind: str) -> None:
    stream, compression = HOSTILE[kind]
    ranges = beside(stream, coded(compression))
    assert ranges is None or all(a < b <= len(stream) for a, b in ranges)


def test_work_on_a_hostile_codestream_grows_with_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(count: int) -> int:
        seen: list[int] = []
        real = jp2k_walk._Walk._segment
        monkeypatch.setattr(jp2k_walk._Walk, "_segment", lambda *a: seen.append(1) or real(*a))
        beside(behind_size(marker(0x64, b"\0\1" + WHO) * count), coded(33005))
        monkeypatch.setattr(jp2k_walk._Walk, "_segment", real)
        return len(seen)

    assert steps(2_000) - steps(1_000) == 1_000
