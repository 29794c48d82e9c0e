"""XML findings: every value is judged, edits keep length and form, and a second look finds nothing."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.containers.xml import parse
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.vocabulary import NUMBER
from blankslide.formatkit.xml_fields import Rule, XmlReader, rules, science
from blankslide.model import Fill, PhiClass

if TYPE_CHECKING:
    from blankslide.model import Finding, Place

TABLE = {
    **science(NUMBER, "Scan@Res Scan/Deep@Res Size"),
    **rules(PhiClass.DIRECT, "Scan@User"),
    **rules(PhiClass.QUASI, "Scan@Rack", b"0"),
    **rules(PhiClass.LINK, "Scan@Id"),
    "Scan@Build": Rule("build", PhiClass.DEVICE, re.compile(r"\d\.\d"), weak=True),
    "Note": Rule("note", PhiClass.PATH, re.compile("[a-z]+"), inside=re.compile(rb"file=&quot;(.*)&quot;")),
}


def _read(data: bytes) -> tuple[dict[str, Finding], list[Place]]:
    found, kept = FindingCollector(), []
    XmlReader(found, kept, "x", TABLE).read(data, 0, "page 0")
    return {f.id: f for f in found.finish()}, kept


def _zeros(raw: bytes) -> bytes:
    """What the planner writes in place of a link, without a key."""
    return "".join("0" if c.isalnum() else c for c in raw.decode("latin-1")).encode("latin-1")


def _cleaned(data: bytes) -> bytes:
    out = bytearray(data)
    for finding in _read(data)[0].values():
        if finding.weak:
            continue
        if finding.cls is PhiClass.LINK:
            for place in finding.places:
                out[place.start : place.end] = _zeros(bytes(out[place.start : place.end]))
            continue
        for edit in finding.edits:
            assert isinstance(edit, Fill)
            out[edit.start : edit.end] = bytes([edit.byte]) * (edit.end - edit.start)
    return bytes(out)


def test_classes_and_ids() -> None:
    found, kept = _read(
        b"<Scan Res='0.25000' User=\"jf\" Rack='7' Id='ab-1' Build='3.1' Ward='x y'><Size>12</Size></Scan>\0old stuff"
    )
    assert {i: (f.cls.value, f.weak) for i, f in found.items()} == {
        "x.remainder": ("?", False),
        "x.user": ("D", False),
        "x.rack": ("Q", False),
        "x.id": ("K", False),
        "x.build": ("V", True),
        "x.scan.ward": ("?", False),
    }
    assert [(p.start, p.end) for p in kept] == [(11, 18), (78, 80)], "the census asks for short values, too"


def test_a_science_key_with_another_value_is_unknown() -> None:
    found, _ = _read(b"<Scan Res='0.25 by Nobody'/>")
    assert found["x.res"].cls is PhiClass.UNKNOWN


def test_comments_instructions_and_character_data() -> None:
    data = b"<?xml version='1.0'?><!-- Nobody --><Scan><?note by Nobody?><![CDATA[Nobody <!-- Nobody -->]]></Scan>"
    clean = _cleaned(data)
    assert b"Nobody" not in clean
    assert len(clean) == len(data)
    assert parse(clean).name == "Scan"
    assert _read(clean)[0] == {}


def test_only_the_part_inside_goes() -> None:
    clean = _cleaned(b"<Note>file=&quot;a &amp; b.ndpi&quot;</Note>")
    assert re.fullmatch(rb"<Note>file=&quot; {14}&quot;</Note>", clean)
    assert _read(clean)[0] == {}


def test_entities_in_a_link_are_never_replaced_character_by_character() -> None:
    found, _ = _read(b"<Scan Id='a&amp;b'/>")
    assert found["x.id"].cls is PhiClass.DIRECT
    assert parse(_cleaned(b"<Scan Id='a&amp;b'/>")).value("Id").strip() == ""


def test_known_namespaces_stay_and_others_go() -> None:
    known = b'<Scan xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" xmlns:n="http://nobody.example/ward7"/>'
    found, _ = _read(known)
    assert [f.value.reveal() for f in found.values() if f.value] == ["http://nobody.example/ward7"]
    assert _read(_cleaned(known))[0] == {}


def test_quoted_items_are_searched_one_by_one() -> None:
    found, _ = _read(b'<Scan User=\'"first" "second"\'/>')
    finding = found["x.user"]
    assert finding.value is not None
    assert [v.reveal() for v in (finding.value, *finding.values)] == ["first", "second"]


_NAMES = st.sampled_from("Res User Rack Id Build Ward Other".split())
_VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=("Cs", "Cc")), max_size=24)


@given(st.dictionaries(_NAMES, _VALUES, max_size=5), st.lists(_VALUES, max_size=3), st.sampled_from("'\""))
def test_any_document_comes_out_clean_of_the_same_length(
    attributes: dict[str, str], texts: list[str], quote: str
) -> None:
    pairs = "".join(f" {name}={quote}{escape(value)}{quote}" for name, value in attributes.items())
    inner = "".join(f"<{name}>{escape(t)}</{name}>" for name, t in zip(("Size", "Note", "Ward"), texts, strict=False))
    data = f"<Scan{pairs}>{inner}</Scan>".encode()
    clean = _cleaned(data)
    assert len(clean) == len(data)
    assert [e.path for e in parse(clean).walk()] == [e.path for e in parse(data).walk()]
    assert all(f.weak for f in _read(clean)[0].values())


WHOLE = {
    **rules(PhiClass.QUASI, "Scan/Date Scan@When"),
    **rules(PhiClass.LINK, "Scan@Id"),
    "Mode": Rule("mode", PhiClass.SCIENCE, re.compile("fast|slow")),
}


def _whole(data: bytes) -> tuple[dict[str, Finding], bytes]:
    found, out = FindingCollector(), bytearray(data)
    XmlReader(found, [], "x", WHOLE, whole=("date", "when", "mode")).read(data, 0, "page 0")
    findings = {f.id: f for f in found.finish()}
    for finding in findings.values():
        for edit in finding.edits:
            assert isinstance(edit, Fill)
            if finding.cls is not PhiClass.LINK:
                out[edit.start : edit.end] = bytes([edit.byte]) * (edit.end - edit.start)
    return findings, bytes(out)


def test_a_field_that_may_be_absent_but_not_blank_goes_whole() -> None:
    data = b"<Scan When='2026-01-02' a=''><Date>2026-01-02</Date><Mode>fast</Mode></Scan>"
    found, clean = _whole(data)
    assert clean == data.replace(b"When='2026-01-02'", b" " * 17).replace(b"<Date>2026-01-02</Date>", b" " * 23)
    assert sorted(found) == ["x.date", "x.when"]
    assert _whole(clean) == ({}, clean)


def test_a_blank_value_of_such_a_field_is_not_legal() -> None:
    found, clean = _whole(b"<Scan When=' '><Date> </Date><Mode>other</Mode></Scan>")
    assert clean == b"<Scan         >" + b" " * len("<Date> </Date><Mode>other</Mode>") + b"</Scan>"
    assert found["x.mode"].title == "Mode"


def test_an_element_with_children_keeps_them() -> None:
    _, clean = _whole(b"<Scan><Date>x<Mode>fast</Mode></Date></Scan>")
    assert clean == b"<Scan><Date> <Mode>fast</Mode></Date></Scan>"


@pytest.mark.parametrize(
    ("value", "link"), [("urn:uuid:12ab", "12ab"), ("12ab", "12ab"), ("urn:oid:1.2", "urn:oid:1.2")]
)
def test_only_the_id_of_a_urn_is_replaced(value: str, link: str) -> None:
    data = f"<Scan Id='{value}'/>".encode()
    (place,) = _whole(data)[0]["x.id"].places
    assert data[place.start : place.end].decode() == link


def test_a_urn_that_is_written_with_entities_goes_as_a_text() -> None:
    found, _ = _whole(b"<Scan Id='urn&#58;uuid:12ab'/>")
    assert found["x.id"].cls is PhiClass.DIRECT
    assert found["x.id"].places[0].start == 10
