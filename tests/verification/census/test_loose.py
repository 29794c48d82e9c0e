"""What nothing explains is read: words, and pictures, which explain their own bytes and no more."""

from __future__ import annotations

from blankslide.samples.kit.codecs import jpeg
from blankslide.samples.kit.drawing import label
from blankslide.samples.kit.patients import invent
from blankslide.source import MemorySource
from blankslide.verification.census.account import Account
from blankslide.verification.census.data import CHUNK
from blankslide.verification.census.loose import speak_loose
from blankslide.verification.census.pictures import picture_in, pictures_in, value_picture

PICTURE = jpeg(label(invent(1), (160, 120), 1), 80)


def read(data: bytes, *spans: tuple[int, int]) -> Account:
    account = Account()
    speak_loose(account, 0, MemorySource(data), spans or [(0, len(data))], "loose", "bytes that nothing needs")
    return account


def test_words_are_read_only_in_the_spans_that_are_loose() -> None:
    data = bytes(64) + b"Thimblewick" + bytes(64) + b"Sprocketon" + bytes(64)
    assert [t.value for t in read(data).texts] == ["Thimblewick", "Sprocketon"]
    assert [t.value for t in read(data, (100, len(data))).texts] == ["Sprocketon"]
    assert [(t.path, t.start) for t in read(data, (0, 100)).texts] == [("loose", 64)]


def test_a_picture_between_other_bytes_is_found_and_explains_itself_alone() -> None:
    data = b"\x01\x02" * 20 + PICTURE + b"Thimblewick" + bytes(40)
    account = read(data)
    (picture,) = account.pictures
    assert (picture.width, picture.height, picture.proven, picture.start) == (160, 120, "stream", 40)
    assert picture.look is not None
    assert ["Thimblewick" in t.value for t in account.texts] == [True]


def test_words_hidden_behind_the_end_of_a_picture_are_not_its_own() -> None:
    found = picture_in(PICTURE + b"Thimblewick", 0, 100, "page 0")
    assert found is not None
    assert found.core[-1][1] == len(PICTURE)
    account = Account()
    rest = value_picture(account, 0, PICTURE + b"Thimblewick", 100, 100 + len(PICTURE) + 11, "page 0")
    assert rest == [(len(PICTURE), len(PICTURE) + 11)]
    assert account.pictures[0].end == 100 + len(PICTURE) + 11


def test_what_merely_begins_like_a_picture_explains_nothing() -> None:
    data = PICTURE[:2] + b"Thimblewick was here, and no picture" + bytes(20)
    account = Account()
    assert pictures_in(account, 0, MemorySource(data), [(0, len(data))], "x") == []
    assert picture_in(b"no picture at all", 0, 0, "x") is None
    assert any("Thimblewick" in t.value for t in read(data).texts)


def test_a_picture_of_one_colour_is_blank() -> None:
    from PIL import Image

    account = read(jpeg(Image.new("RGB", (64, 48), "white"), 80))
    assert [p.proven for p in account.pictures] == ["blank"]


def test_a_large_document_is_read_in_one_piece_and_what_follows_as_well() -> None:
    blank = b" " * (CHUNK - 10)
    document = b"<?xml version='1.0'?><a><b>first</b>" + blank + b"<b>second one</b>" + blank + b"<c>third</c></a>"
    account, data = Account(), document + b"\0\1\2\0Thimblewick\0" * 9
    speak_loose(account, 0, MemorySource(data), [(0, len(data))], "*.isyntax", "a file")
    said = {(text.path, text.value) for text in account.texts}
    assert {("*.isyntax/a/b", "first"), ("*.isyntax/a/b", "second one"), ("*.isyntax/a/c", "third")} <= said
    assert {path for path, value in said if "Thimblewick" in value} == {"*.isyntax"}
    assert not [path for path, _ in said if "<" in path]
