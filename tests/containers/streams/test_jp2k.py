"""JPEG 2000: what stands beside a picture, and an empty one of the same shape that a decoder takes."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from blankslide.containers.streams import jp2k

imagecodecs = pytest.importorskip("imagecodecs")
TEXT = b"Thimblewick, Nora"


def drawn(shape: tuple[int, ...] = (40, 56, 3)) -> np.ndarray:
    return (np.indices(shape).sum(axis=0) * 5 % 251).astype(np.uint8)


def stream(**options: object) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(drawn(), codecformat="j2k", level=80, **options))


def boxed(kind: bytes, body: bytes, wide: bool = False) -> bytes:
    size = struct.pack(">I4sQ", 1, kind, 16 + len(body)) if wide else struct.pack(">I4s", 8 + len(body), kind)
    return size + body


def jp2(extra: bytes = b"", wide: bool = False) -> bytes:
    """Return a JP2 file with another box before its codestream."""
    whole = bytes(imagecodecs.jpeg2k_encode(drawn(), codecformat="jp2", level=80))
    at = whole.index(b"jp2c") - 4
    return whole[:at] + extra + boxed(b"jp2c", whole[at + 8 :], wide)


def comment(text: bytes) -> bytes:
    return b"\xff\x64" + struct.pack(">HH", 4 + len(text), 1) + text


def in_header(data: bytes, segment: bytes) -> bytes:
    """Return a stream with one more segment behind its SIZ."""
    at = 4 + struct.unpack_from(">H", data, 4)[0]
    return data[:at] + segment + data[at:]


def found(data: bytes) -> list[bytes]:
    return [data[a:b] for a, b in jp2k.beside(data)]


# -- what stands beside ------------------------------------------------------------------


def test_text_of_persons_is_found_wherever_it_stands_and_encoders_are_not() -> None:
    plain = stream()
    assert found(plain) == [], "OpenJPEG names itself"
    assert found(in_header(plain, comment(TEXT))) == [TEXT]
    part = plain.index(b"\xff\x93", plain.index(b"\xff\x90"))  # the end of the first tile part's header
    length = plain.index(b"\xff\x90") + 6
    grown = plain[:length] + struct.pack(">I", struct.unpack_from(">I", plain, length)[0] + len(comment(TEXT)))
    grown += plain[length + 4 : part] + comment(TEXT) + plain[part:]
    assert found(grown) == [TEXT]
    assert found(plain + TEXT) == [TEXT]
    assert found(plain + bytes(9)) == []


def test_a_last_part_that_says_no_length_ends_at_the_end_of_the_picture() -> None:
    plain = stream()
    at = plain.index(b"\xff\x90") + 6
    assert found(plain[:at] + bytes(4) + plain[at + 4 :] + TEXT) == [TEXT]


@pytest.mark.parametrize("wide", [False, True])
def test_boxes_that_decoding_does_not_need_are_found(wide: bool) -> None:
    assert found(jp2(wide=wide)) == []
    assert found(jp2(boxed(b"xml ", TEXT, wide))) == [TEXT]
    assert found(jp2() + TEXT) == [TEXT]
    assert found(jp2(boxed(b"xml ", TEXT)) + b"\0\0\0\2oddBox") == [TEXT, b"\0\0\0\2oddBox"]


def test_a_part_that_leads_outside_ends_the_search_with_what_was_found() -> None:
    data = in_header(stream(), comment(TEXT))
    at = data.index(b"\xff\x90") + 6
    assert found(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]) == [TEXT]
    assert found(b"no picture" * 9) == []
    assert found(data[:2] + b"\xff\x64\0\1" + data[6:]) == []


# -- the empty picture -------------------------------------------------------------------


@pytest.mark.parametrize("levels", [1, 4])
@pytest.mark.parametrize("mct", [False, True])
def test_an_empty_picture_has_the_shape_of_the_old_one(levels: int, mct: bool) -> None:
    old = stream(resolutions=levels, mct=mct)
    new = jp2k.blank(old)
    assert new is not None
    assert len(new) <= len(old)
    pixels = imagecodecs.jpeg2k_decode(new)
    assert pixels.shape == drawn().shape
    assert np.ptp(pixels.reshape(-1, 3), axis=0).tolist() == [0, 0, 0]
    assert TEXT not in (jp2k.blank(in_header(old, comment(TEXT))) or TEXT)


@pytest.mark.parametrize("wide", [False, True])
def test_a_boxed_picture_stays_boxed_and_loses_the_other_boxes(wide: bool) -> None:
    old = jp2(boxed(b"uuid", TEXT, wide), wide)
    new = jp2k.blank(old)
    assert new is not None
    assert TEXT not in new
    pixels = imagecodecs.jpeg2k_decode(new.ljust(len(old), b"\0"))
    assert np.ptp(pixels.reshape(-1, 3), axis=0).tolist() == [0, 0, 0]


def changed(data: bytes, marker: int, at: int, value: bytes) -> bytes:
    start = data.index(bytes((0xFF, marker))) + 4 + at
    return data[:start] + value + data[start + len(value) :]


@pytest.mark.parametrize(
    ("marker", "at", "value"),
    [
        (0x51, 2, bytes(4)),  # no width
        (0x51, 18, bytes(4)),  # tiles of no width
        (0x51, 34, b"\0\7"),  # more components than are described
        (0x51, 37, b"\0"),  # a component without a step
        (0x51, 2, b"\x7f\xff\xff\xff"),  # tiles without end
        (0x52, 5, b"\x21"),  # 33 levels
        (0x52, 2, b"\xff\xff"),  # more packets than any slide's picture
    ],
)
def test_a_header_that_makes_no_sense_gets_no_empty_picture(marker: int, at: int, value: bytes) -> None:
    old = stream() if at != 2 or marker == 0x51 else stream(resolutions=6)
    data = changed(old, marker, at, value)
    if (marker, at) == (0x52, 2):
        data = changed(changed(data, 0x51, 2, struct.pack(">II", 4096, 4096)), 0x51, 18, struct.pack(">II", 512, 512))
    assert jp2k.blank(data) is None


def test_a_component_with_a_style_of_its_own_counts_by_that() -> None:
    old = stream(resolutions=1)
    more = jp2k.blank(in_header_behind_cod(old, b"\xff\x53" + struct.pack(">H", 9) + b"\1\0\3\4\4\0\1"))
    less = jp2k.blank(old)
    assert more is not None
    assert less is not None
    assert len(more) == len(less) + 11 + 3  # the segment, and three more resolutions of one component
    assert jp2k.blank(in_header_behind_cod(old, b"\xff\x53" + struct.pack(">H", 9) + b"\1\0\x28\4\4\0\1")) is None


def in_header_behind_cod(data: bytes, segment: bytes) -> bytes:
    start = data.index(b"\xff\x52")
    at = start + 2 + struct.unpack_from(">H", data, start + 2)[0]
    return data[:at] + segment + data[at:]


def test_no_end_and_no_byte_of_damage_makes_it_fail() -> None:
    for whole in (in_header(stream(), comment(TEXT)), jp2(boxed(b"xml ", TEXT))):
        for end in range(0, min(len(whole), 260), 7):
            jp2k.blank(whole[:end])
            jp2k.beside(whole[:end])
            jp2k.blank(whole[:end] + b"\xff" + whole[end + 1 :])
            jp2k.beside(whole[:end] + b"\xff" + whole[end + 1 :])
