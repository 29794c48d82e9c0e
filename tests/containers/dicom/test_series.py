"""Which series a DICOM slide belongs to: in every encoding, and never an error for anything else."""

from __future__ import annotations

import random
import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from blankslide.containers.dicom.series import SLIDE
from blankslide.pipeline.series import series_of

if TYPE_CHECKING:
    from pathlib import Path

LITTLE, IMPLICIT, DEFLATED, BIG = (
    "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
)  # fmt: skip
UNDEFINED = 0xFFFFFFFF
SERIES, OTHER = "1.2.3.4.5.6.7", "9.8.7.6.5.4.3"


def element(
    tag: tuple[int, int], vr: str, value: bytes, order: str = "<", implicit: bool = False, length: int = -1
) -> bytes:
    value += b"\0" * (len(value) % 2)
    size = len(value) if length < 0 else length
    head = struct.pack(order + "HH", *tag)
    if implicit or tag[0] == 0xFFFE:
        return head + struct.pack(order + "I", size) + value
    if vr in ("SQ", "OB", "UN"):
        return head + vr.encode() + struct.pack(order + "HI", 0, size) + value
    return head + vr.encode() + struct.pack(order + "H", size) + value


def nested(order: str, implicit: bool) -> bytes:
    """A sequence of undefined length that names another series."""
    inner = element((0x20, 0xE), "UI", OTHER.encode(), order, implicit)
    item = element((0xFFFE, 0xE000), "", inner, order, length=UNDEFINED) + element((0xFFFE, 0xE00D), "", b"", order)
    end = element((0xFFFE, 0xE0DD), "", b"", order)
    return element((0x8, 0x1115), "SQ", item, order, implicit, UNDEFINED) + end


def made(path: Path, syntax: str = LITTLE, kind: str = SLIDE, before: bytes = b"", series: str = SERIES) -> Path:
    order, implicit = (">" if syntax == BIG else "<"), syntax == IMPLICIT
    meta = element((2, 2), "UI", kind.encode()) + element((2, 0x10), "UI", syntax.encode())
    body = element((8, 0x16), "UI", kind.encode(), order, implicit) + nested(order, implicit) + before
    body += element((0x10, 0x10), "PN", b"Jane^Doe", order, implicit)
    body += element((0x20, 0xE), "UI", series.encode(), order, implicit)
    if syntax == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(body) + packer.flush()
    path.write_bytes(bytes(128) + b"DICM" + meta + body)
    return path


@pytest.mark.parametrize("syntax", [LITTLE, IMPLICIT, DEFLATED, BIG])
def test_its_own_series_not_one_that_it_refers_to(tmp_path: Path, syntax: str) -> None:
    assert series_of(str(made(tmp_path / "a", syntax))) == SERIES


@pytest.mark.parametrize("syntax", [LITTLE, DEFLATED])
def test_behind_much_else(tmp_path: Path, syntax: str) -> None:
    much = element((9, 0x1010), "OB", random.Random(1).randbytes(300_000))
    assert series_of(str(made(tmp_path / "a", syntax, before=much))) == SERIES


def test_real_slides(shared: Path) -> None:
    found = {series_of(str(p)) for p in (shared / "dicom" / "CMU-1-Small-Region").glob("*.dcm")}
    assert len(found) == 1
    assert found != {None}


def test_what_is_no_slide_has_none(tmp_path: Path) -> None:
    assert series_of(str(made(tmp_path / "a", kind="1.2.840.10008.5.1.4.1.1.88.11"))) is None
    assert series_of(str(tmp_path / "missing")) is None
    assert series_of(str(tmp_path)) is None
    for number, data in enumerate((b"", b"DICM", bytes(128) + b"DICM", bytes(5000))):
        path = tmp_path / str(number)
        path.write_bytes(data)
        assert series_of(str(path)) is None


def test_damage_is_never_an_error(tmp_path: Path) -> None:
    data, rng = made(tmp_path / "a").read_bytes(), random.Random(7)
    for cut in range(132, len(data), 3):
        (tmp_path / "b").write_bytes(data[:cut])
        assert series_of(str(tmp_path / "b")) is None
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(4):
            broken[rng.randrange(132, len(data))] = rng.randrange(256)
        (tmp_path / "b").write_bytes(broken)
        series_of(str(tmp_path / "b"))


def test_ten_thousand_deep_and_endless_are_walked_through(tmp_path: Path) -> None:
    opens = element((8, 0x1115), "SQ", b"", length=UNDEFINED) + element((0xFFFE, 0xE000), "", b"", length=UNDEFINED)
    assert series_of(str(made(tmp_path / "a", before=opens * 10_000))) is None
    assert series_of(str(made(tmp_path / "b", DEFLATED, before=bytes(50 << 20)))) is None
