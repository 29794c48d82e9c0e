"""Key files: every value where it stands, and nothing that stands nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.containers.ini import BOM, parse
from blankslide.errors import DamagedSlide

TEXT = b"[GENERAL]\r\nSLIDE_NAME = a=b [c]; d \r\n\r\n; by N. Nobody\r\nEMPTY=\r\n[Second one]\nKey(1,0)=x y\nno pair"


@pytest.mark.parametrize("bom", [b"", BOM])
def test_spans_are_offsets_into_the_file(bom: bytes) -> None:
    data = bom + TEXT
    ini = parse(data)
    assert [(p.section, p.key, p.value) for p in ini.pairs] == [
        ("GENERAL", "SLIDE_NAME", "a=b [c]; d"),
        ("GENERAL", "EMPTY", ""),
        ("Second one", "Key(1,0)", "x y"),
    ]
    for pair in ini.pairs:
        assert data[pair.value_start : pair.value_end].decode() == pair.value
        assert data[pair.start : pair.end].startswith(pair.key.encode())
        assert data[pair.end : pair.end + 1] in (b"\r", b"\n")
    assert [s.name for s in ini.sections] == ["GENERAL", "Second one"]


def test_comments_and_other_lines_are_not_lost() -> None:
    data = TEXT + b"\n# a = b\n   \n\0\0\n"
    assert [s.text for s in parse(data).strays] == ["; by N. Nobody", "no pair", "# a = b"]


def test_line_endings_of_all_kinds() -> None:
    for end in (b"\r\n", b"\n", b"\r"):
        ini = parse(end.join([b"[A]", b"k=1", b"", b"l=2"]))
        assert [(p.key, p.value) for p in ini.pairs] == [("k", "1"), ("l", "2")]


def test_the_last_of_two_equal_keys_counts_and_both_are_listed() -> None:
    ini = parse(b"[A]\nK=1\n[B]\nK=3\n[a]\nk=2\n")
    found = ini.find("A", "k")
    assert found is not None
    assert found.value == "2"
    assert len(ini.pairs) == 3
    assert ini.find("C", "k") is None


def test_text_is_utf_8_or_latin_1() -> None:
    assert [p.value for p in parse("[A]\nk=Müller\n".encode()).pairs] == ["Müller"]
    assert [p.value for p in parse("[A]\nk=Müller\n".encode("latin-1")).pairs] == ["Müller"]


def test_keys_before_any_section_have_none() -> None:
    assert [(p.section, p.key) for p in parse(b"k=1\n").pairs] == [("", "k")]


@pytest.mark.parametrize("data", ["[A]\nk=1".encode("utf-16"), bytes((4 << 20) + 1)])
def test_what_is_no_key_file_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedSlide):
        parse(data)


@given(st.binary(max_size=300))
def test_every_printable_byte_belongs_to_something(data: bytes) -> None:
    try:
        ini = parse(data)
    except DamagedSlide:
        return
    left = bytearray(data[3:] if data.startswith(BOM) else data)
    shift = len(data) - len(left)
    for item in (*ini.sections, *ini.pairs, *ini.strays):
        left[item.start - shift : item.end - shift] = bytes(item.end - item.start)
    assert not bytes(left).strip(b" \t\0\x0b\x0c\r\n")
