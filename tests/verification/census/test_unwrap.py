"""What is wrapped is unwrapped, some levels deep, and never without bounds."""

from __future__ import annotations

import base64
import gzip
import random
import time
import zlib
from collections.abc import Callable

import pytest

from blankslide.verification.census.unwrap import MOST, unwrapped

NAMES = ("JANE ROE", "Müller, Käthe", "1957-03-12", "田中太郎")
NOISE = random.Random(5).randbytes(1 << 16)
WRAPS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "base64 of URLs": base64.urlsafe_b64encode,
    "base64 unpadded": lambda data: base64.b64encode(data).rstrip(b"="),
    "base64 in lines": lambda data: base64.encodebytes(b"x" * 60 + data + b"y" * 60).replace(b"\n", b"\r\n").rstrip(),
    "base64 in UTF-16": lambda data: base64.b64encode(data).decode().encode("utf-16-le"),
    "hex": lambda data: data.hex().encode(),
    "HEX apart": lambda data: data.hex(" ").upper().encode(),
    "hex in a program": lambda data: b"".join(b"\\x%02x" % b for b in data),
    "hex in a list": lambda data: b", ".join(b"0x%02X" % b for b in data),
    "zlib": zlib.compress,
    "zlib stored": lambda data: zlib.compress(data, 0),
    "zlib of a small window": lambda data: (c := zlib.compressobj(9, zlib.DEFLATED, 10)).compress(data) + c.flush(),
    "gzip": gzip.compress,
    "percent": lambda data: b"".join(b"%%%02X" % b for b in data),
    "html": lambda data: "".join(f"&#{ord(c)};" for c in data.decode()).encode(),
}


def held(data: bytes, name: str, **how: int) -> list[tuple[int, int]]:
    return [
        (w.start, w.end)
        for w in unwrapped(data, **how)
        if name.encode() in w.data or name.encode("utf-16-le") in w.data
    ]


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_in_every_wrap(name: str, wrap: str) -> None:
    coded = WRAPS[wrap](name.encode())
    for before, behind in (
        (b"", b""),
        (b"<v>", b"</v>"),
        (bytes(100), bytes(100)),
        (NOISE[:50] + b"\0", b"\0" + NOISE[:50]),
    ):
        found = held(before + coded + behind, name, base=100)
        assert found, (before, wrap)
        first, last = 100 + len(before), 100 + len(before + coded)
        assert all(start <= first + 2 < end <= last + 1 for start, end in found)  # 0x may be left out


def test_words_that_look_like_base64_are_left_alone() -> None:
    words = b"StripOffsetsTable MagnificationFactor ObjectiveLensPower 00000000000000000000 abcdefghijkl 20091229095915"
    assert unwrapped(words) == []


def test_wraps_in_wraps_keep_the_outermost_offsets() -> None:
    inner = base64.b64encode(zlib.compress(base64.b64encode(b"JANE ROE, born 1957")))
    data = b"<a>" + inner + b"</a>"
    found = unwrapped(data, base=7)
    assert [w.how for w in found] == ["base64", "zlib", "base64"]
    assert {(w.start, w.end) for w in found} == {(10, 10 + len(inner))}
    assert found[-1].data == b"JANE ROE, born 1957"
    assert len(unwrapped(data, deepest=2)) == 2


def test_pictures_are_unwrapped_and_padding_tells_where_base64_begins() -> None:
    jpeg = b"\xff\xd8\xff\xe0" + NOISE[:3000] + b"\xff\xd9"
    assert unwrapped(b"<p>" + base64.b64encode(jpeg) + b"</p>")[0].data == jpeg
    assert held(b"id" + base64.b64encode(b"JANE ROE"), "JANE ROE")
    assert held(b"a/" + base64.b64encode(b"JANE ROE 1"), "JANE ROE 1")


def test_a_stream_without_its_end_is_read_as_far_as_it_goes() -> None:
    coded = zlib.compress(b"Patient JANE ROE, accession S17-12345, born 1957-03-12 in Springfield")
    assert held(b"\1\2" + coded[:-9], "JANE ROE")


def test_bombs_are_cut() -> None:
    bomb = zlib.compress(bytes(1 << 27), 9)
    (found,) = unwrapped(bomb)
    assert len(found.data) <= MOST
    assert len(found.data) <= 200 * len(bomb) + (1 << 18)
    nested = zlib.compress(zlib.compress(zlib.compress(bytes(1 << 24))))
    assert sum(len(w.data) for w in unwrapped(nested)) < 1 << 25


@pytest.mark.parametrize(
    "data",
    [
        NOISE * 16,
        bytes(1 << 20),
        b"x\x9c" * (1 << 19),
        b"\x1f\x8b\x08\0" * (1 << 17),
        b"%41" * 100_000,
        b"&amp;" * 60_000,
        b"A" * (1 << 20),
        b"ab " * 100_000,
        b"A" * 11 + b"\nA" * 300_000,
        b"&" * (1 << 20),
        b"%" * (1 << 20),
        b"/AAAAAAAAAAA" * 30_000,
        b"0x4a, " * 60_000,
        b"A\0" * 300_000,
        b"&#65" * 100_000,
        b"x\x9c\x4b" * 100_000,
    ],
)
def test_nothing_takes_long(data: bytes) -> None:
    began = time.process_time()
    unwrapped(data)
    assert time.process_time() - began < 4  # a tenth of it on an idle machine; what is quadratic takes minutes


def test_noise_unwraps_to_nothing_much() -> None:
    assert len(unwrapped(NOISE * 4)) < 3


def test_the_end_of_a_uuid_is_no_text_though_its_digits_spell_some() -> None:
    uuid = b"b6cb0d74-b9d9-8924-a4fd-" + b"Ward 7".hex().encode()

    assert not list(unwrapped(uuid, 0))
    assert [found.data for found in unwrapped(uuid.replace(b"-", b" "), 0)] == [b"Ward 7"]


def test_of_very_many_wrapped_words_only_some_are_unwrapped() -> None:
    """A megabyte of names in base64 took minutes; as they stand, they are texts that nothing explains."""
    words = b" ".join(base64.b64encode(b"Jane Roe %6d" % i) for i in range(40_000))
    assert 1000 < len(unwrapped(words)) < 5000
