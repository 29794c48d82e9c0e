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
