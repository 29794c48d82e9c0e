"""Readable text is found whatever its encoding, its place and what stands around it; noise and tables are not."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from blankslide.verification.census.runs import runs

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "JANE ROE",
    "Müller",
    "田中太郎",
    "1957-03-12",
    "Иванова",
    "Παπαδόπουλος",
    "שרה כהן",
    "김민준입니다",
    "S17-12345",
)
CODECS = ("utf-8", "utf-16-le", "utf-16-be")
NOISE = random.Random(7).randbytes(1 << 16)


def entropy(size: int, seed: int) -> bytes:
    """Bytes as a JPEG's scan has them: 255 is followed by zero."""
    return random.Random(seed).randbytes(size).replace(b"\xff", b"\xff\0")[:size]


def said(data: bytes, **how: int) -> str:
    return "\n".join(run.text for run in runs(data, **how))


def cost(data: bytes) -> float:
    """Seconds of this process's own time, the best of three."""

    def once() -> float:
        began = time.process_time()
        runs(data)
        return time.process_time() - began

    return min(once() for _ in range(3))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_in_noise_at_every_alignment(name: str, codec: str) -> None:
    for at in range(0, 400, 7):
        data = NOISE[at : at + 900 + at % 5] + name.encode(codec) + NOISE[at + 2000 : at + 2900]
        assert name in said(data), (at, codec)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fill", [b"\0", b"\xff", b" ", b"\x80", b"\x01\x02"])
def test_a_name_is_found_in_fills_at_every_alignment(name: str, codec: str, fill: bytes) -> None:
    for at in (0, 1, 2, 3, 62, 63, 64, 65, 66, 500, 501):
        coded = name.encode(codec)
        data = (fill * at)[:at] + coded + (fill * 300)[: 300 + at]
        found = [run for run in runs(data, base=1000) if name in run.text]
        assert found, (at, codec, fill, runs(data))
        run = found[0]
        assert data[run.start - 1000 : run.end - 1000].decode(run.encoding) == run.text


@pytest.mark.parametrize("name", ["Müller", "Jürgen", "Käthe Weiß", "MÜLLER"])
def test_a_name_in_latin_1_is_found(name: str) -> None:
    coded = name.encode("latin-1")
    for before, behind in ((b"Patient: ", b"\r\n"), (b"\0\0", b"\0"), (b"\x01", b"\x02"), (b"a=", b";b=1")):
        assert name in said(NOISE[:64] + before + coded + behind + NOISE[64:128])


@pytest.mark.parametrize(
    "name", ["Li Wu", "J. Roe", "Roe, J", "ROE^JANE", "McRoe", "12:30", "3.3.57", "roe@x.org", "A12345"]
)
def test_short_names_and_numbers_are_found(name: str) -> None:
    for at in range(0, 200, 9):
        data = entropy(100 + at, at) + b"\x81" + name.encode() + b"\x82" + entropy(100, at + 1)
        assert name in said(data)


def test_whatever_stands_beside_a_zero_is_found_without_a_look() -> None:
    assert "x#7-T" in said(b"\x81\x90\0x#7-T\x90")
    assert "q}8~K" in said(b"\x81\x90q}8~K\0")
    assert "q}8~K" not in said(b"\x01\x02\x81\x90q}8~K\x90\x81\x02\x01")


def test_a_shorter_run_is_found_if_asked_for() -> None:
    assert "Roe" in said(b"\0\0\1Roe\0\0", shortest=3)
    assert "Roe" not in said(b"\0\0\1Roe\0\0")


def test_a_text_in_utf_16_is_one_run() -> None:
    text = "<Patient>田中</Patient>\r\n<Name>Müller, Käthe</Name>"
    for codec in ("utf-16-le", "utf-16-be"):
        (run,) = runs(b"\x01" + text.encode(codec) + b"\0\0\0")
        assert (run.text, run.encoding, run.start) == (text, codec, 1)


def test_tables_are_no_text() -> None:
    ramp = bytes(range(256))
    huffman = bytes.fromhex(
        "25262728292a3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485"
    )
    curve = b"".join(i.to_bytes(2, "big") for i in range(0, 65536, 64))
    offsets = b"".join(i.to_bytes(4, "little") for i in range(40_000, 4_000_000, 7919))
    wide_offsets = b"".join(i.to_bytes(8, "little") for i in range(40_000, 400_000_000, 791_900))
    pixels = b"\x55\x61\x7a" * 400
    for data in (ramp, ramp[::-1], huffman, curve, b"w" * 500, pixels, b"-" * 40, offsets, wide_offsets):
        assert runs(data) == [], data[:20]


@pytest.mark.parametrize(
    "text", ["0000000000012345", "1111111111111111", "--------------12345678", "123456789", "ABCDEFG"]
)
def test_what_only_rises_may_still_be_a_number_or_a_name(text: str) -> None:
    assert text in said(b"\1" + text.encode() + b"\0")


def test_noise_holds_few_runs() -> None:
    found = runs(entropy(1 << 18, 3))
    assert len(found) < 260  # 160 of 260 thousand bytes
    assert sum(len(run.text) for run in found) < 2600


@pytest.mark.parametrize(
    "data",
    [
        bytes(1 << 20),
        b"\xff" * (1 << 20),
        b" " * (1 << 20),
        b"\xe9" * (1 << 20),
        (b"JANE ROE" + bytes(70)) * 3000,
        "Müller, Käthe; ".encode("latin-1") * 20_000,
        "Müller; 田中太郎 ".encode() * 12_000,
        b"a\xc3" * 120_000,
        "Müller; 田中太郎 ".encode("utf-16-be") * 6_000,
        bytes(range(256)) * 800,
        b"\x4e" * (1 << 18),
        b"\0a" * 120_000,
        b"\xc3\xa4" * 120_000,
        b"\xe7\x94\xb0" * 80_000,
        b"abc\xc3" * 60_000,
        b"\x30\x75\x2d\x4e" * 60_000,
    ],
)
def test_nothing_takes_long(data: bytes) -> None:
    assert cost(data) < 2.5  # a tenth of it on an idle machine; what is quadratic takes minutes


def test_zeros_cost_next_to_nothing() -> None:
    assert cost(bytes(1 << 20)) < 2 * cost(NOISE)  # sixteen times as much


def test_offsets_name_the_bytes_of_a_real_slide(shared: Path) -> None:
    data = (shared / "aperio" / "openslide-python-small.svs").read_bytes()[-20_000:]
    found = runs(data, base=5)
    assert any("Aperio" in run.text for run in found) or b"Aperio" not in data
    for run in found:
        codec = "cp1252" if run.encoding == "latin-1" else run.encoding
        assert data[run.start - 5 : run.end - 5].decode(codec) == run.text
