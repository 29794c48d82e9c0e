"""XML spans: what the parser says stands where it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blankslide.containers.xml import parse
from blankslide.errors import DamagedSlide

DOC = (
    b'<?xml version="1.0"?>\r\n<a:iScan  Name = "J &amp; K" Unit=\'5>6\'>\r\n'
    b"  <Item x='1'/>text &lt;here&gt; \xc3\xa9<![CDATA[raw]]>\n<Deep><Er>v</Er></Deep></a:iScan>\0\0 "
)


def test_attributes_and_their_spans() -> None:
    root = parse(DOC)
    assert root.name == "iScan"
    name = root.get("Name")
    assert name is not None
    assert name.value == "J & K"
    assert DOC[name.value_start : name.value_end] == b"J &amp; K"
    assert DOC[name.start : name.end] == b'  Name = "J &amp; K"'
    assert root.value("Unit") == "5>6"
    assert root.value("none", "x") == "x"


def test_elements_texts_and_paths() -> None:
    root = parse(DOC)
    assert DOC[root.start : root.end].startswith(b"<a:iScan")
    assert DOC[root.start : root.end].endswith(b"</a:iScan>")
    assert "text <here> é" in root.text
    joined = b"".join(DOC[t.start : t.end] for t in root.texts)
    assert b"text &lt;here&gt; \xc3\xa9" in joined
    er = root.find("Er")
    assert er is not None
    assert (er.path, er.text) == ("iScan/Deep/Er", "v")
    assert [DOC[t.start : t.end] for t in er.texts] == [b"v"]
    item = root.find("Item")
    assert item is not None
    assert DOC[item.start : item.end] == b"<Item x='1'/>"
    assert [e.name for e in root.walk()] == ["iScan", "Item", "Deep", "Er"]


def test_utf16_declared_but_bytes_are_not() -> None:
    assert parse(b'<?xml version="1.0" encoding="utf-16"?><a>x</a>').text == "x"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not well formed"),
        (b"<a>", "not well formed"),
        (b"<a></b>", "not well formed"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document type"),
        (b"<a>" * 100 + b"</a>" * 100, "deeper"),
    ],
)
def test_bad_text_is_damage(data: bytes, says: str) -> None:
    with pytest.raises(DamagedSlide, match=says):
        parse(data)


@given(
    st.lists(
        st.tuples(st.sampled_from(["k", "Key", "x1"]), st.text(alphabet="ab<>&'é \n\t", max_size=8)),
        max_size=3,
        unique_by=lambda p: p[0],
    ),
    st.text(alphabet="ab>&é\r\n ", max_size=12),
)
def test_spans_always_hold_the_value(attributes: list[tuple[str, str]], text: str) -> None:
    from xml.sax.saxutils import escape, quoteattr

    tag = "".join(f" {k}={quoteattr(v)}" for k, v in attributes)
    data = f"<r{tag}>{escape(text)}<z/></r>".encode()
    root = parse(data)
    for (name, value), found in zip(attributes, root.attributes, strict=True):
        assert found.name == name
        assert found.value.replace("\n", " ").replace("\t", " ") == value.replace("\n", " ").replace("\t", " ")
    raw = b"".join(data[t.start : t.end] for t in root.texts)
    assert raw == escape(text).encode()
