"""Bytes become texts with a place, whatever they are wrapped in, and are never torn into letters."""

from __future__ import annotations

import base64
import zlib

import pytest

from blankslide.verification.census.account import Account
from blankslide.verification.census.texts import decoded, speak

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
