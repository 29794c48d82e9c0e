"""ICC profiles: date, id and texts are located; curves are never read."""

from __future__ import annotations

import struct
from datetime import datetime

import pytest

from blankslide.containers import icc
from blankslide.samples.kit.icc import profile
from blankslide.source import MemorySource


def test_date_id_and_texts_of_a_built_profile() -> None:
    data = b"pad" + profile(datetime(2020, 1, 2))
    spans = icc.spans(MemorySource(data), 3, len(data))
    assert spans is not None
    assert spans.date == (27, 39)
    assert spans.id == (87, 103)
    assert spans.texts
    for start, end in spans.texts:
        assert 3 + 132 < start < end <= len(data)


def _made(kind: bytes, body: bytes) -> bytes:
    tag = kind + bytes(4) + body
    head = bytearray(128)
    head[36:40] = b"acsp"
    return bytes(head) + struct.pack(">I4sII", 1, b"desc", 144, len(tag)) + tag


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        (b"text", b"hello\0", b"hello\0"),
        (b"desc", struct.pack(">I", 6) + b"hello\0" + bytes(20), b"hello\0"),
        (
            b"mluc",
            struct.pack(">II2s2sII", 1, 12, b"en", b"US", 4, 28) + "hi".encode("utf-16-be"),
            "hi".encode("utf-16-be"),
        ),
        (b"zzzz", b"blob!", b"blob!"),
    ],
)
def test_every_kind_of_text(kind: bytes, body: bytes, text: bytes) -> None:
    data = _made(kind, body)
    spans = icc.spans(MemorySource(data), 0, len(data))
    assert spans is not None
    assert [data[s:e] for s, e in spans.texts] == [text]


def test_what_is_no_profile_is_left_alone() -> None:
    assert icc.spans(MemorySource(bytes(500)), 0, 500) is None
    assert icc.spans(MemorySource(bytes(50)), 0, 50) is None


def test_damaged_tables_are_bounded() -> None:
    data = bytearray(_made(b"text", b"hello\0"))
    data[128:132] = b"\xff" * 4
    spans = icc.spans(MemorySource(bytes(data)), 0, len(data))
    assert spans is not None
    assert spans.texts == ()


def _tagged(*tags: tuple[bytes, bytes], gap: bytes = b"", head: bytes = b"") -> bytes:
    """A profile of these tags, with data behind the last one, and other header fields than usual."""
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for name, value in tags:
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    size = start + len(body) + len(gap)
    fields = bytearray(struct.pack(">I4sI", size, b"lcms", 0x02100000).ljust(128, b"\0"))
    fields[36:40] = b"acsp"
    fields[40 : 40 + len(head)] = head
    return bytes(fields) + struct.pack(">I", len(tags)) + table + body + gap


NAME = b"OKAFOR MILDRED"
XYZ = b"XYZ " + bytes(4) + struct.pack(">3i", 1, 2, 3)


@pytest.mark.parametrize(
    ("data", "foreign"),
    [
        (_tagged((b"rXYZ", XYZ)), b""),
        (_tagged((b"rTRC", b"curv" + bytes(7) + b"\1\2\x33"), (b"A2B0", b"mft2" + bytes(4) + NAME)), b""),
        (_tagged((b"rXYZ", XYZ), gap=NAME), NAME),
        (_tagged((b"rXYZ", XYZ), head=bytes(60) + NAME), NAME),
        (_tagged((b"rXYZ", XYZ), head=bytes(8) + b"OKAF"), b"OKAF"),
        (_tagged((b"rXYZ", XYZ + NAME)), NAME),
        (_tagged((b"rXYZ", b"XYZ OKAF" + XYZ[8:])), b"OKAF"),
        (_tagged((b"rXYZ", b"text" + bytes(4) + NAME)), b"text" + bytes(4) + NAME),
        (_tagged((b"SCNR", b"text" + bytes(4) + NAME)), b"text" + bytes(4) + NAME),
        (_tagged((b"mmod", b"mmod" + bytes(4) + NAME)), b"mmod" + bytes(4) + NAME),
        (_tagged((b"MS00", b"MS10" + bytes(4) + NAME.decode().encode("utf-16-le"))), b"MS10"),
        (_tagged((b"rTRC", b"curv" + bytes(7) + b"\1\2\x33" + NAME)), NAME),
    ],
)
def test_what_is_neither_number_nor_text_is_foreign(data: bytes, foreign: bytes) -> None:
    found = icc.spans(MemorySource(data), 0, len(data))
    assert found is not None
    pieces = [data[a:b] for a, b in found.foreign]
    assert (foreign in b"".join(pieces)) if foreign else not pieces
    blank = bytearray(data)
    for a, b in found.foreign:
        blank[a:b] = bytes(b - a)
    again = icc.spans(MemorySource(bytes(blank)), 0, len(blank))
    assert again is not None
    assert again.foreign == ()


def test_every_copy_of_a_text_is_read() -> None:
    wide = NAME.decode().encode("utf-16-be")
    old = b"desc" + bytes(4) + struct.pack(">I", 5) + b"sRGB\0" + struct.pack(">II", 0, len(wide) // 2) + wide
    old += struct.pack(">HB", 0, len(NAME)) + NAME.ljust(67, b"\0")
    new = b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(wide), 28) + wide
    data = _tagged((b"desc", old), (b"dscm", new), (b"cprt", b"text" + bytes(4) + NAME))
    found = icc.spans(MemorySource(data), 0, len(data))
    assert found is not None
    assert [w.text for w in found.words] == ["sRGB", *[NAME.decode()] * 4]
    assert found.foreign == ()
