"""A planted residue must be found: no error found means that the checker is broken."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.source import MemorySource
from blankslide.verification.blank import not_blank
from blankslide.verification.search import CHUNK, Spelled, encodings, search
from blankslide.verification.search import search as search_function

VALUE = "Doe & Müller/1950"
NOISE = random.Random(7).randbytes(4096)

SPELLED = {
    "utf-8": VALUE.encode(),
    "latin-1": VALUE.encode("latin-1"),
    "utf-16-le": VALUE.encode("utf-16-le"),
    "utf-16-be": VALUE.encode("utf-16-be"),
    "percent": quote(VALUE, safe="").encode(),
    "percent lower": quote(VALUE, safe="").lower().replace("doe", "Doe").replace("m%", "M%").encode(),
    "percent all": "".join(f"%{b:02X}" for b in VALUE.encode()).encode(),
    "percent all lower": "".join(f"%{b:02x}" for b in VALUE.encode()).encode(),
    "plus": b"Doe+%26+M%C3%BCller%2F1950",
    "xml": b"Doe &amp; M\xc3\xbcller/1950",
    **{f"base64+{k}": base64.b64encode(b"xyz"[:k] + VALUE.encode() + b"tail") for k in range(3)},
    **{f"base64 utf-16+{k}": base64.b64encode(b"xyz"[:k] + VALUE.encode("utf-16-le") + b"tail") for k in range(3)},
}


def residue(data: bytes, *values: str) -> list[str]:
    return [hit.id for hit in search(MemorySource(data), (), {"f": values or (VALUE,)}, ()).residue]


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
@pytest.mark.parametrize("shift", range(4))
def test_each_spelling_is_found_at_each_alignment(spelled: bytes, shift: int) -> None:
    data = NOISE[:shift] + NOISE + spelled + NOISE
    assert residue(data), "no error found, checker is broken"


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
@pytest.mark.parametrize("inside", [0, 1, 7, 12, 16, 17, 30])
def test_each_spelling_is_found_across_a_chunk_boundary(spelled: bytes, inside: int) -> None:
    data = bytes(CHUNK - inside) + spelled + bytes(100)
    assert residue(data), "no error found, checker is broken"


@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
def test_each_spelling_is_found_at_both_ends_of_the_file(spelled: bytes) -> None:
    assert residue(spelled + NOISE)
    assert residue(NOISE + spelled)
    assert residue(spelled)


@given(
    value=st.text(min_size=5, max_size=40).filter(lambda v: v.strip("\0")),
    before=st.binary(max_size=9),
    after=st.binary(max_size=9),
)
def test_whatever_the_value_holds_it_is_found(value: str, before: bytes, after: bytes) -> None:
    raw = value.encode("utf-8", "surrogatepass")
    for data in (raw, value.encode("utf-16-le", "surrogatepass"), value.encode("utf-16-be", "surrogatepass")):
        assert residue(before + data + after, value)
    assert residue(base64.b64encode(before + raw + after), value)


def test_noise_holds_nothing() -> None:
    assert residue(NOISE * 40) == []


def test_places_and_encodings_are_told() -> None:
    hits = search(MemorySource(b"...." + b"Secret-Name" + b"...."), (), {"a.b": ["Secret-Name"]}, ())
    assert [(h.id, h.encoding, h.start, h.end) for h in hits.residue] == [("a.b", "utf-8", 4, 15)]
    assert not hits.coincidences


def test_no_hit_holds_a_value() -> None:
    assert "Secret-Name" not in repr(search(MemorySource(b"Secret-Name"), (), {"a": ["Secret-Name"]}, ()))


def test_values_can_be_spelled_once_for_several_files() -> None:
    values = {"a.b": ["Secret-Name"], "c": ["Other-Name"]}
    spelled = Spelled(values)
    assert "Name" not in repr(spelled)
    for data in (b"Secret-Name", b"nothing", "Other-Name".encode("utf-16-le")):
        assert search(MemorySource(data), (), spelled) == search(MemorySource(data), (), values)


def test_tissue_is_not_searched_but_both_sides_of_it_are() -> None:
    data = b"Secret-Name" * 3
    hits = search(MemorySource(data), [(11, 22)], {"a": ["Secret-Name"]}, ())
    assert hits.searched == 22
    assert hits.residue[0].start == 0
    assert search(MemorySource(data), [(0, 22)], {"a": ["Secret-Name"]}, ()).residue[0].start == 22
    assert not search(MemorySource(data), [(0, 33)], {"a": ["Secret-Name"]}, ()).residue


def test_two_pieces_side_by_side_in_memory_are_not_one() -> None:
    data = b"....Secret" + b"T" * 50 + b"-Name...."
    assert not search(MemorySource(data), [(10, 60)], {"a": ["Secret-Name"]}, ()).residue


def test_a_hit_inside_a_kept_field_is_a_coincidence_and_one_beside_it_is_not() -> None:
    data = b"MPP = 0.49901 and 0.49901"
    hits = search(MemorySource(data), (), {"a": ["0.49901"]}, [(6, 13, "aperio.mpp")])
    assert [(h.start, h.field) for h in hits.coincidences] == [(6, "aperio.mpp")]
    assert [h.start for h in hits.residue] == [18]


def test_a_hit_that_only_begins_in_a_kept_field_is_residue() -> None:
    hits = search(MemorySource(b"0.49901"), (), {"a": ["0.49901"]}, [(0, 6, "aperio.mpp")])
    assert hits.residue
    assert not hits.coincidences


def test_many_coincidences_hide_no_residue() -> None:
    data = b"20200101" * 1000 + b"20200101"
    hits = search(MemorySource(data), (), {"a": ["20200101"]}, [(0, 8000, "kept")])
    assert [h.start for h in hits.residue] == [8000]


def test_short_values_are_left_to_the_caller() -> None:
    assert search(MemorySource(b"1234"), (), {"a": ["1234", ""]}, ()) == ((), (), 0)


class Holey(MemorySource):
    """A file with a hole; reading in it fails the test."""

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        yield 0, 100
        yield 900, 1000

    def read(self, offset: int, length: int) -> bytes:
        assert offset + length <= 100 or offset >= 900
        return super().read(offset, length)


def test_holes_are_not_read() -> None:
    data = bytes(950) + b"Secret-Name" + bytes(39)
    hits = search(Holey(data), (), {"a": ["Secret-Name"]}, ())
    assert hits.residue[0].start == 950


def test_encodings_repeat_nothing_and_leave_nothing_empty() -> None:
    for value in ("ASCII-1", VALUE, "日本語の名前", "\udc80\udcffabc", "\ud800abcd"):
        forms = [form for group in encodings(value).values() for form in group]
        assert len(forms) == len(set(forms))
        assert all(len(form) >= 5 for form in forms)


@pytest.mark.parametrize("left", [b"", b"q", b"qr"])
@pytest.mark.parametrize("right", [b"", b"s", b"st"])
def test_base64_forms_do_not_depend_on_neighbours(left: bytes, right: bytes) -> None:
    text = base64.b64encode(left + b"Secret" + right)
    assert any(form in text for form in encodings("Secret")["base64"])


def test_many_gaps_cost_one_pass_each() -> None:
    data = bytearray(NOISE * 50)
    data[100_003:100_011] = b"20200101"
    tissue = [(i, i + 10) for i in range(0, len(data), 20)]
    hits = search_function(MemorySource(bytes(data)), tissue, {"a": ["20200101"]}, ())
    assert not hits.residue
    assert search(MemorySource(bytes(data)), [t for t in tissue if t[0] != 100_000], {"a": ["20200101"]}, ()).residue


def test_places_are_right_in_every_batch_of_pieces() -> None:
    data = bytearray(b"\1" * (3 * CHUNK))
    expected = list(range(5003, len(data), CHUNK // 2 + 7))
    names = [f"Name-{n}" for n in range(len(expected))]
    for start, name in zip(expected, names, strict=True):
        data[start : start + len(name)] = name.encode()
    tissue = [(start - 3, start - 1) for start in expected]
    hits = search(MemorySource(bytes(data)), tissue, {name: [name] for name in names}, ())
    assert [(h.id, h.start) for h in hits.residue] == list(zip(names, expected, strict=True))


def test_not_blank_names_the_range_that_is_not() -> None:
    source = MemorySource(bytes(10) + b"\xff" * 10 + b"\0\0x\0\0")
    assert not_blank(source, [(0, 10, 0), (10, 20, 255), (20, 22, 0)]) == []
    assert not_blank(source, [(0, 11, 0), (10, 20, 0), (20, 25, 0), (5, 5, 7)]) == [(0, 11), (10, 20), (20, 25)]
