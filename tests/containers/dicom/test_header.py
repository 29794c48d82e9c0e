"""The DICOM walker and writer: spans are exact, lengths are not believed, nothing is unbounded."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.containers.dicom import header as dicom_header
from blankslide.containers.dicom import write
from blankslide.containers.dicom.pixels import Pixels, frames_of, padding, read_pixels
from blankslide.errors import DamagedSlide, SlideError
from blankslide.formats.dicom import ps315_table as table
from blankslide.source import MemorySource
from blankslide.testing.built import build_dicom

EXPLICIT = "1.2.840.10008.1.2.1"


def part10(body: bytes, syntax: str = EXPLICIT) -> bytes:
    """A file with the least meta information, pixels included."""
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    meta = b"\x02\x00\x10\x00UI" + struct.pack("<H", len(uid)) + uid
    group = b"\x02\x00\x00\x00UL\x04\x00" + struct.pack("<I", len(meta))
    pixels = (
        b"\xe0\x7f\x10\x00" + (b"OW\0\0" if syntax != dicom_header.IMPLICIT else b"") + struct.pack("<I", 2) + b"px"
    )
    return bytes(128) + b"DICM" + group + meta + body + pixels


def header(body: bytes, syntax: str = EXPLICIT) -> dicom_header.Header:
    return dicom_header.read_header(MemorySource(part10(body, syntax)), table.vr_of)


def element(tag: int, vr: str, value: bytes) -> bytes:
    return write.encode(tag, vr, value)


def test_every_element_knows_where_it_stands() -> None:
    found = header(element(0x00100010, "PN", b"Doe^Jane") + element(0x00480105, "SQ", write.item(b"")))
    name, sequence = found.elements
    assert found.value(name) == b"Doe^Jane"
    assert found.data[name.at : name.end] == element(0x00100010, "PN", b"Doe^Jane")
    assert sequence.items is not None
    assert len(sequence.items) == 1
    assert found.text(0x00100010) == "Doe^Jane"


def test_a_header_that_is_longer_than_the_first_read_is_read_whole() -> None:
    found = header(element(0x00100010, "PN", b"Doe^Jane") + element(0x00282000, "OB", bytes(300_000)))
    assert [e.end - e.at for e in found.elements] == [16, 300_012]


def test_unknown_of_undefined_length_holds_implicit_items() -> None:
    inner = b"\x10\x00\x10\x00" + struct.pack("<I", 4) + b"Doe "
    items = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + inner + b"\xfe\xff\x0d\xe0" + bytes(4)
    found = header(b"\x09\x00\x01\x10UN\0\0\xff\xff\xff\xff" + items + b"\xfe\xff\xdd\xe0" + bytes(4))
    _, name = dicom_header.walk(found.elements)
    assert (name.tag, name.vr, found.value(name)) == (0x00100010, "PN", b"Doe ")


def test_an_implicit_sequence_is_known_by_its_tag() -> None:
    name = b"\x10\x00\x10\x00" + struct.pack("<I", 4) + b"Doe "
    item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(name)) + name
    found = header(b"\x40\x00\x60\x05" + struct.pack("<I", len(item)) + item, dicom_header.IMPLICIT)
    assert [e.tag for e in dicom_header.walk(found.elements)] == [0x00400560, 0x00100010]


@pytest.mark.parametrize("firm", [False, True])
@pytest.mark.parametrize("undefined", [False, True])
def test_rebuilding_without_a_change_gives_the_same_elements(undefined: bool, firm: bool) -> None:
    name = element(0x00100010, "PN", b"Doe^Jane")
    if undefined:
        item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + name + b"\xfe\xff\x0d\xe0" + bytes(4)
        body = b"\x48\x00\x05\x01SQ\0\0\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0" + bytes(4)
    else:
        body = element(0x00480105, "SQ", write.item(name))
    found = header(body)
    again = write.rebuild(found.data, found.elements, {}, {}, False, firm)
    assert again == (element(0x00480105, "SQ", write.item(name)) if firm else body)
    inner = list(dicom_header.walk(found.elements))[1]
    changed = write.rebuild(found.data, found.elements, {inner.at: b"X"}, {}, False, firm)
    assert len(again) - len(changed) == 6
    assert [e.tag for e in dicom_header.walk(header(changed).elements)] == [0x00480105, 0x00100010]


def test_added_elements_stand_in_order_and_replace_old_ones() -> None:
    old = {0x00080060: b"SM", 0x00280301: b"YES", 0x00480010: b"NO"}
    found = header(b"".join(element(tag, "CS", value) for tag, value in old.items()))
    added = {0x00280301: ("CS", b"NO"), 0x00120062: ("CS", b"YES")}
    again = header(write.rebuild(found.data, found.elements, {}, added, False))
    assert [(e.tag, again.value(e).strip()) for e in again.elements] == [
        (0x00080060, b"SM"),
        (0x00120062, b"YES"),
        (0x00280301, b"NO"),
        (0x00480010, b"NO"),
    ]


@pytest.mark.parametrize("room", range(0, 66, 2))
def test_a_method_takes_any_small_room_and_no_value_is_too_long(room: int) -> None:
    for method in (b"Blankslide E.1", b"BS"):
        text = write.stretched(method, room)
        assert len(text) == len(method) + room
        assert max(map(len, text.split(b"\\"))) <= 64


@pytest.mark.parametrize("room", [66, 68, 1000, 70_000])
def test_private_information_takes_any_larger_room(room: int) -> None:
    assert len(write.CREATOR) == 44
    written = b"".join(write.encode(t, *v) for t, v in write.meta_filler(room).items())
    assert len(written) == room
    assert write.SMALLEST_FILLER == 66


# -- pixels ------------------------------------------------------------------------------


def encapsulated(frames: list[bytes], table: bool) -> bytes:
    offsets = (
        b"".join(struct.pack("<I", sum(8 + len(f) for f in frames[:i])) for i in range(len(frames))) if table else b""
    )
    items = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(f)) + f for f in (offsets, *frames))
    return b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + items + b"\xfe\xff\xdd\xe0" + bytes(4)


@pytest.mark.parametrize("table", [False, True])
def test_fragments_and_the_end_of_the_pixels(table: bool) -> None:
    frames = [bytes([i]) * (10 + 2 * i) for i in range(9)]
    data = encapsulated(frames, table)
    found = read_pixels(MemorySource(data + b"trailer!"), 0, False, True)
    assert [data[a:b] for a, b in found.fragments] == frames
    assert found.end == len(data)
    short = read_pixels(MemorySource(data), 0, False, False)
    assert short.end == found.end
    assert len(short.fragments) == (2 if table else 9)
    assert [len(f) for f in frames_of(found, 9)] == [1] * 9


def test_frames_of_several_fragments_are_told_by_the_table() -> None:
    fragments = ((108, 120), (128, 140), (148, 160))
    pixels = Pixels(0, 100, 200, True, (90, 100), (0, 40), fragments)
    assert frames_of(pixels, 2) == [fragments[:2], fragments[2:]]
    assert frames_of(pixels._replace(offsets=()), 1) == [fragments]
    for count, offsets in ((2, ()), (2, (0, 44)), (4, (0, 40))):
        with pytest.raises(DamagedSlide):
            frames_of(pixels._replace(offsets=offsets), count)


def test_padding_is_exact_or_impossible() -> None:
    assert padding(30, False) == b"\xfc\xff\xfc\xffOB\0\0\x12\0\0\0" + bytes(18)
    assert padding(8, True) == b"\xfc\xff\xfc\xff\0\0\0\0"
    assert padding(10, False) is padding(31, False) is None


# -- lengths that are not true -----------------------------------------------------------


BROKEN = {
    "longer than the file": b"\x10\x00\x10\x00PN\xf0\xff",
    "a long value of 2^32 - 2 bytes": b"\x28\x00\x00\x20OB\0\0\xfe\xff\xff\xff",
    "text without a length": b"\x22\x00\x02\x00UT\0\0\xff\xff\xff\xff",
    "an item longer than its sequence": element(0x00480105, "SQ", b"\xfe\xff\x00\xe0\xff\0\0\0"),
    "an item of no sequence": element(0x00480105, "SQ", b"\x10\x00\x10\x00\0\0\0\0"),
    "a representation that is none": b"\x10\x00\x10\x00??\x04\x00Doe ",
    "elements that go backwards": element(0x00100020, "LO", b"1") + element(0x00100010, "PN", b"Doe "),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_header_is_damaged(what: str) -> None:
    with pytest.raises(DamagedSlide):
        header(BROKEN[what])


@pytest.mark.parametrize("undefined", [False, True])
def test_depth_is_bounded(undefined: bool) -> None:
    body = b""
    for _ in range(3000):
        if undefined:
            body = b"\x48\x00\x05\x01SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" + body
        else:
            body = element(0x00480105, "SQ", write.item(body))
    with pytest.raises(DamagedSlide, match="deep"):
        header(body)


def test_the_number_of_elements_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_header, "_MOST_PARTS", 1000)
    for body in (write.item(b"") * 1000, write.item(element(0x00080005, "CS", b"") * 1000)):
        with pytest.raises(DamagedSlide, match="more elements"):
            header(element(0x00480105, "SQ", body))


@given(st.binary(max_size=200), st.sampled_from([EXPLICIT, dicom_header.IMPLICIT]))
def test_any_bytes_are_read_or_refused(body: bytes, syntax: str) -> None:
    try:
        found = header(body, syntax)
        read_pixels(MemorySource(part10(body, syntax)), found.end, found.implicit, True)
    except SlideError:
        pass


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("dicom") / "s.dcm"
    build_dicom(path, size=(64, 48), tile=32, factors=(1, 2), label_size=(60, 72), macro_size=(96, 40))
    return path.read_bytes()


@given(st.integers(0, 6000), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(sample: bytes, at: int, new: int) -> None:
    data = bytearray(sample)
    data[at % len(data)] = new
    source = MemorySource(bytes(data))
    try:
        found = dicom_header.read_header(source, table.vr_of)
        read_pixels(source, found.end, found.implicit, True)
        write.rebuild(found.data, found.elements, {}, {}, found.implicit, True)
    except SlideError:
        pass


def test_the_walker_agrees_with_pydicom(sample: bytes) -> None:
    from pydicom import dcmread

    found = dicom_header.read_header(MemorySource(sample), table.vr_of)
    other = dcmread(io.BytesIO(sample))
    assert [e.tag for e in dicom_header.walk(found.elements)] == [
        int(e.tag) for e in other.iterall() if e.tag < 0x7FE00000
    ]


@pytest.mark.parametrize(
    ("value", "number"), [(b"12", 12), (b"12\0\0", 12), (b" 7 ", 7), (b"x2", 0), (b"", 0), (b"\0\0", 0)]
)
def test_a_number_of_frames_is_read_however_it_is_padded(value: bytes, number: int) -> None:
    assert header(element(0x00280008, "IS", value)).number(0x00280008) == number
