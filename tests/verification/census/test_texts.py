"""Bytes become texts with a place, whatever they are wrapped in, and are never torn into letters."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import pytest

from blankslide.verification.census.account import Account
from blankslide.verification.census.texts import _places, decoded, speak, speak_picture

NAME = "Thimblewick"


def said(data: bytes, path: str = "270") -> Account:
    account = Account()
    speak(account, 0, path, data, 1000, "page 0")
    return account


@pytest.mark.parametrize(
    "data",
    [
        f"{NAME}".encode(),
        f"Patient: {NAME}\0".encode(),
        NAME.encode("utf-16-le"),
        b"\xfe\xff" + NAME.encode("utf-16-be"),
        b"\xff\xfe\0\x0d" + NAME.encode(),
        b"01.02" + NAME.encode("utf-16-le") + b"0" * 256,
        b"Name: " + NAME.encode("utf-16-le") + b"\0\0",
        b"Name\0" + NAME.encode("utf-16-be") + b" and a long tail of plain text",
        base64.b64encode(f"Patient: {NAME}, born in Utopia".encode()),
        f"Patient: {NAME}, born in Utopia".encode().hex().encode(),
        zlib.compress(f"Patient: {NAME}".encode() * 3),
        zlib.compress(bytes(range(128, 256)) * 3 + f"\0Patient: {NAME}\0".encode() + bytes(range(128, 256))),
        b"\x93\x01\xfe\x88" * 20 + b"\0" + NAME.encode() + b"\0" + b"\xfb\x02\x99" * 20,
        f'<Case name="{NAME}"/>'.encode(),
        f'{{"case": {{"name": "{NAME}"}}}}'.encode(),
    ],
    ids=(
        "plain pair utf16 utf16-mark jpeg-comment torn-version torn-key torn-big "
        "base64 hex zlib zlib-binary binary xml json"
    ).split(),
)
def test_a_name_is_found_whole(data: bytes) -> None:
    assert any(NAME[:-1] in text.value for text in said(data).texts)  # zeros at the end of a value are cut off


def test_the_place_is_the_path_through_a_document_and_the_span_is_that_of_the_value() -> None:
    data = f'<Slide><Case name="{NAME}"/></Slide>'.encode()
    (text,) = [t for t in said(data).texts if t.value == NAME]
    assert text.path == "270/Slide/Case/@name"
    assert data[text.start - 1000 : text.end - 1000] == NAME.encode()
    assert NAME not in repr(text)


def test_what_stands_in_a_wrapping_has_the_span_of_the_wrapping() -> None:
    packed = zlib.compress(f"Patient: {NAME}".encode() * 3)
    data = b"\0\0" + packed
    (text, *_) = [t for t in said(data, "65000").texts if NAME in t.value]
    assert text.path.startswith("65000/(zlib)")
    assert text.start == 1002
    assert text.end <= 1000 + len(data)


def test_zeros_and_noise_say_nothing() -> None:
    assert said(bytes(4096)).texts == []
    assert not [t for t in said(bytes(range(128, 160)) * 50).texts if len(t.value) > 4]


def test_letters_between_zeros_are_no_text_of_one_byte() -> None:
    assert decoded(b"01.02" + NAME.encode("utf-16-le") + b"tail of text") == ("", "")
    assert decoded(b"one\0two\0") == ("one\0two\0", "utf-8")
    assert decoded(NAME.encode("utf-16-le")) == (NAME, "utf-16-le")


def test_an_emptied_comment_of_a_jpeg_is_no_letter_of_utf_16() -> None:
    assert said(b"\xff\xfe\0\x20" + bytes(30)).texts == []


@pytest.mark.parametrize("length", [30, 300, 9000])
def test_an_emptied_comment_of_any_length_says_nothing_and_what_follows_it_does(length: int) -> None:
    emptied = b"\xff\xfe" + struct.pack(">H", length + 2) + bytes(length)
    assert said(emptied).texts == []
    assert [t.value for t in said(emptied + NAME.encode()).texts] == [NAME]
    short = b"\xff\xfe" + struct.pack(">H", length + 2) + bytes(length // 2)
    assert [t.value for t in said(short + NAME.encode()).texts] == [NAME]


def test_a_letter_of_utf_16_is_no_length_of_a_comment() -> None:
    assert [t.value for t in said("\ufeff\u738b".encode("utf-16-le") + bytes(30)).texts if t.value.strip("\ufeff")]


def jpeg_with(*profile: bytes) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(out, "JPEG")
    plain = out.getvalue()
    chunks = [b"ICC_PROFILE\0" + bytes((i + 1, len(profile))) + part for i, part in enumerate(profile)]
    return plain[:2] + b"".join(b"\xff\xe2" + struct.pack(">H", len(c) + 2) + c for c in chunks) + plain[2:]


def profile_saying(text: bytes) -> bytes:
    told = b"text\0\0\0\0" + text
    head = bytearray(128)
    head[36:44] = b"acspAPPL"
    return bytes(head) + struct.pack(">I4sII", 1, b"cprt", 144, len(told)) + told


def test_a_colour_profile_in_a_jpeg_is_read_tag_by_tag() -> None:
    account = Account()
    data = jpeg_with(profile_saying(NAME.encode()))
    assert speak_picture(account, 0, data, (0, 0), "a table")
    assert {(t.path, t.value) for t in account.texts} == {
        ("beside/icc/cprt", NAME),
        ("beside/icc/header/platform", "APPL"),
    }
    (told,) = (t for t in account.texts if t.value == NAME)
    assert data[told.start : told.end].strip(b"\0") == NAME.encode()


def test_what_stands_before_or_behind_a_profile_or_divides_it_is_read_too() -> None:
    for data in (
        jpeg_with(profile_saying(b"\0" * 8) + b"by " + NAME.encode()),
        jpeg_with(profile_saying(NAME.encode())[:150], profile_saying(NAME.encode())[150:]),
        jpeg_with(b"of " + NAME.encode()),
    ):
        account = Account()
        speak_picture(account, 0, data, (0, 0), "a table")
        assert any(NAME[2:] in t.value for t in account.texts)


def test_a_short_comment_of_a_jpeg_is_no_utf_16() -> None:
    """Its marker is the mark of UTF-16; its length tells it from that."""
    account = Account()
    speak(account, 0, "coded", b"\xff\xfe\0\x07annie", 100, "page 0")
    speak(account, 0, "coded", b"\xff\xfe\0\x07percy\xff\xdb\0\x04\1\2", 200, "page 0")
    speak(account, 0, "coded", "\ufeffannie".encode("utf-16-le"), 300, "page 0")
    assert [(t.value, t.start) for t in account.texts] == [("annie", 104), ("percy", 204), ("annie", 302)]


@pytest.mark.parametrize("around", [b"", b"\x93\x01\xfe\x88" * 20])
def test_entities_of_xml_are_read_in_their_place_and_not_once_more(around: bytes) -> None:
    data = b'<OME><Channel ID="Channel:0" Name="H&amp;E" Fluor="Hematoxylin &#38; Eosin"/></OME>'
    found = {text.path: text.value for text in said(around + data + around).texts}
    assert found["270/OME/Channel/@Fluor"] == "Hematoxylin & Eosin"
    assert not any("(html)" in path or path.endswith("</>") for path in found)


@pytest.mark.parametrize(
    "data", [b"<a>M&uuml;nchner Thimblewick</a>", b"Name &#84;himblewick", b"x<!&#84;himblewick&#33; &amp; co"]
)
def test_entities_that_no_markup_reads_are_read(data: bytes) -> None:
    assert any(NAME in text.value for text in said(data).texts)


def test_bytes_before_a_leaf_are_counted_in_steps() -> None:
    """For each leaf all characters before it were encoded: a megabyte in other scripts took an hour."""
    data = "".join(f"Ort{i}: Köln {i} 東京\n" for i in range(500)).encode()
    for text in said(data).texts:
        assert data[text.start - 1000 : text.end - 1000].decode() == text.value


def test_what_stands_before_a_character_is_not_encoded_again() -> None:
    counted = []

    class Heard(str):
        def __getitem__(self, key: object) -> str:
            assert isinstance(key, slice)
            counted.append(len(range(*key.indices(len(self)))))
            return str.__getitem__(self, key)

    place_of = _places(Heard("é" * 100_000), "utf-8")
    assert [place_of(at) for at in range(0, 100_000, 500)] == list(range(0, 200_000, 1000))
    assert sum(counted) <= 100_000 + 200 * 256
