"""Narrowed texts lead back to where they stand."""

from __future__ import annotations

import pytest

from blankslide.containers.wide_text import Units

TEXT = "[A]\r\nName = Jürgen 名\r\n"


@pytest.mark.parametrize(
    ("mark", "codec"), [(b"", "utf-16-le"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"", "utf-16-be")]
)
def test_two_byte_text_is_narrowed_and_led_back(mark: bytes, codec: str) -> None:
    data = mark + TEXT.encode(codec)
    units = Units(data)
    assert units.codec == codec
    assert len(units.narrow) == len(TEXT)
    at = units.narrow.index(b"J")
    start, end = units.span(at, at + 8)
    assert data[start:end].decode(codec) == units.text(at, at + 8) == "Jürgen 名"
    assert units.filled(at, at + 8).decode(codec) == " " * 8
    assert len(units.filled(at, at + 8)) == end - start


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_one_byte_text_stays_as_it_is(mark: bytes) -> None:
    units = Units(mark + TEXT.encode())
    assert units.narrow == TEXT.encode()
    assert units.span(0, 3) == (len(mark), len(mark) + 3)
    assert units.text(0, len(units.narrow)) == TEXT


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xfe", b"\xff\xfea", b"\xef\xbb\xbf", b"\0\0\0\0", b"a\xff\xfe"])
def test_anything_can_be_narrowed(data: bytes) -> None:
    units = Units(data)
    assert units.text(0, len(units.narrow)) is not None
