"""Tags of numbers of an NDPI: they stay in their own form, and go where they hold a text or a person's number."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import api
from blankslide.formats.hamamatsu.ndpi_tags import WORDS
from blankslide.samples.kit.tiff_values import BYTE, DOUBLE, FLOAT, LONG, SHORT, SLONG, Value, ascii, long
from blankslide.testing.built import build_hamamatsu

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {"size": (128, 96), "factors": (1,), "macro_size": None, "map_page": False}
NAME = b"OKAFOR MILDRED 1950-05-12"
WIDE = "Mildred MRN 4711".encode("utf-16-le")
AS_SHORTS = Value(SHORT, struct.unpack(f"<{len(WIDE) // 2}H", WIDE))
AS_LONGS = Value(SLONG, struct.unpack(f"<{len(WIDE) // 4}i", WIDE))


def left(path: Path, tags: dict[int, Value], lines: str = "") -> bytes:
    """Build, anonymize and return the slide's bytes; it must be clean."""
    more: dict[int, Value] = {65449: ascii(lines)} if lines else {}
    build_hamamatsu(path, tags={"level0": {**tags, **more}}, **SMALL)
    outcome = api.anonymize(path, in_place=True)
    assert outcome.content == "clean", outcome.residue
    return path.read_bytes()


def test_texts_and_record_numbers_go(tmp_path: Path) -> None:
    tags = {
        65324: Value(BYTE, b"\1" + NAME),
        65425: Value(DOUBLE, struct.unpack("<d", b"OKAFOR M")),
        65429: Value(FLOAT, (19500512.0,)),
        65436: Value(FLOAT, struct.unpack("<f", b"Mild")),
        65439: AS_LONGS,
        65440: Value(LONG, tuple(b"Mildred Okafor")),
        65443: long(80477113),
        65451: AS_SHORTS,
        65459: Value(SHORT, (47, 11)),
    }
    data = left(tmp_path / "s.ndpi", tags)
    for value in (
        NAME,
        WIDE,
        b"OKAFOR M",
        b"Mild",
        struct.pack("<14I", *b"Mildred Okafor"),
        struct.pack("<2H", 47, 11),
    ):
        assert value not in data
    assert struct.pack("<I", 80477113) not in data
    assert struct.pack("<f", 19500512.0) not in data


def test_science_in_its_own_form_stays(tmp_path: Path) -> None:
    points = tuple(v for i in range(30) for v in (1000 * i - 298494, 478654 - i, 118000 + i))
    tags = {
        65439: Value(SLONG, points),
        65451: long(650),
        65456: long(184321),
        65435: Value(FLOAT, (1.25,)),
        65434: ascii("TxRed"),
    }
    data = left(tmp_path / "s.ndpi", tags)
    for kept in (struct.pack("<90i", *points), struct.pack("<f", 1.25), struct.pack("<I", 184321), b"TxRed\0"):
        assert kept in data


@pytest.mark.parametrize("model", ["C16300-21MDEU", "C13220-01", "NanoZoomer S360MD", "NanoZoomer-XR"])
def test_models_stay(model: str) -> None:
    assert WORDS[272].legal.fullmatch(model)


def test_property_lines_keep_measures_and_lose_persons(tmp_path: Path) -> None:
    gone = ["PSHV=20190512,12345678", "MRN=4711", "Case=17.12345", "Birth.Year=1950", "Age=67", ";Operator=Bodelira"]
    gone += [";SerialNumber=S1234567", ";Date=2019/05/12", "AHEX[1]=" + b"OKAFOR MILDRED".hex(), ";Name=Bodelira"]
    kept = ["ccd.width=9302", "focalplane.lefttop=198494,388654,118025", "AHEX[0]=" + "0F" * 24]
    kept += [";NDP Shading Data", ";Name=TxRed", ";EmissionWaveLength=650", "XOffsetFromSlideCentre=12644827"]
    data = left(tmp_path / "s.ndpi", {}, "".join(f"{line}\r\n" for line in (*gone, *kept)))
    assert [line for line in gone if line.encode() in data] == []
    assert [line for line in kept if line.encode() not in data] == []


def test_a_channel_called_like_the_operator_goes(tmp_path: Path) -> None:
    data = left(tmp_path / "s.ndpi", {65434: ascii("Green")}, "Operator=Green Peter\r\n;Name=Green\r\n;Name=FITC\r\n")
    assert b"Green" not in data
    assert b";Name=FITC" in data
