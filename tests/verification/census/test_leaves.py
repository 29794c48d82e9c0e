"""Texts come apart by the place of each value, and nothing falls between."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blankslide.verification.census.leaves import Leaf, leaves, most_leaves

if TYPE_CHECKING:
    from pathlib import Path

APERIO = (
    "Aperio Image Library v11.2.1 \r\n46000x32914 [42673,5576 2220x2967] (240x240) JPEG/RGB Q=30;"
    "Aperio Image Library v10.0.51\r\n46920x33014 [0,100 46000x32914] (256x256) JPEG/RGB Q=30|"
    "AppMag = 20|StripeWidth = 2040|Filename = CMU-1|Date = 12/29/09|User ="
)
OME = (
    '\ufeff<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE x [<!ENTITY who "roe">]><!-- made -->'
    '<OME xmlns="http://ome/2016" '
    "xmlns:q='urn:q'><Image Name=\"A&amp;B\" q:ID='I:0'><Pixels><Channel Color=\"-1\"/>"
    "<Channel Color='2'/><BinOnly/></Pixels>"
    "<Description>t &who; &#252;<![CDATA[ <x> ]]></Description></Image><v:y>1</v:y></OME>\0\0"
)
JSON = '{"a": {"empty": {}, "b": [1, "x\\u00fcy", null, {"c": "d"}]}, "z": [], "k\\u00fc": -1.5e3}'
INI = "\ufeff[HIERARCHICAL]\r\nHIER_0_COUNT = 3\r\n; a remark\r\nNAME = a|b;c\r\n[EMPTY]\r\n[LAST]\r\nkey=1\r\n"
TRESTLE = "Background Color=0;White Balance=1;Objective Power=10;OverlapsXY: 96 64\0"
NDPI = "NDP.S/N=abc\r\nObjective.Lens.Magnificant=20\r\nImageFile(0,1)=x.jpg\r\n"
FREE = "JANE ROE born at 12:30, see http://x.org/a"
WHOLE = [
    APERIO,
    OME,
    JSON,
    INI,
    TRESTLE,
    NDPI,
    FREE,
    "ImageJ=1.53t\nimages=3\n",
    "no pairs | at all",
    "[1, 2]",
    '{"a"',
    "<a b=c d>e</f>",
]


def table(text: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for leaf in leaves(text):
        out.setdefault(leaf.path, []).append(leaf.value)
    return out


def everything(text: str) -> str:
    return "\n".join(f"{leaf.path}\n{leaf.value}" for leaf in leaves(text))


def test_aperio() -> None:
    found = table(APERIO)
    assert found.pop("") == [
        "Aperio Image Library v11.2.1",
        "46000x32914 [42673,5576 2220x2967] (240x240) JPEG/RGB Q=30",
        "Aperio Image Library v10.0.51",
        "46920x33014 [0,100 46000x32914] (256x256) JPEG/RGB Q=30",
    ]
    assert found == {
        "AppMag": ["20"],
        "StripeWidth": ["2040"],
        "Filename": ["CMU-1"],
        "Date": ["12/29/09"],
        "User": [""],
    }


def test_xml() -> None:
    assert table(OME) == {
        "?xml": ['version="1.0" encoding="UTF-8"'],
        "!DOCTYPE": ['x [<!ENTITY who "roe">'],
        "#comment": ["made"],
        "OME/@xmlns": ["http://ome/2016"],
        "OME/@xmlns:q": ["urn:q"],
        "OME/Image/@Name": ["A&B"],
        "OME/Image/@ID": ["I:0"],
        "OME/Image/Pixels/Channel/@Color": ["-1", "2"],
        "OME/Image/Pixels/BinOnly": [""],
        "OME/Image/Description": ["t &who; ü", "<x>"],
        "OME/v:y": ["1"],
    }


def test_json() -> None:
    assert table(JSON) == {"a/empty": [""], "a/b": ["1", "xüy", "null"], "a/b/c": ["d"], "z": [""], "kü": ["-1.5e3"]}


def test_ini() -> None:
    assert table(INI) == {
        "[HIERARCHICAL]/HIER_0_COUNT": ["3"],
        "[HIERARCHICAL]": ["; a remark"],
        "[HIERARCHICAL]/NAME": ["a|b;c"],
        "[EMPTY]": [""],
        "[LAST]/key": ["1"],
    }


def test_pairs() -> None:
    assert table(TRESTLE) == {
        "Background Color": ["0"],
        "White Balance": ["1"],
        "Objective Power": ["10"],
        "OverlapsXY": ["96 64"],
    }
    assert table(NDPI) == {"NDP.S/N": ["abc"], "Objective.Lens.Magnificant": ["20"], "ImageFile(0,1)": ["x.jpg"]}
    assert table("AHEX[0].ploidy=0F0F\r\nzFine[12]=1,2\r\n") == {"AHEX[0].ploidy": ["0F0F"], "zFine[12]": ["1,2"]}
    assert leaves(FREE) == [Leaf("", FREE, 0, len(FREE))]
    assert leaves(" \r\n\0") == []


@pytest.mark.parametrize("text", WHOLE)
def test_spans_hold_the_values(text: str) -> None:
    for leaf in leaves(text):
        part = text[leaf.start : leaf.end]
        assert leaf.value == part or "&" in part or "\\" in part


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(WHOLE), st.floats(0, 1), st.floats(0, 1))
def test_a_word_anywhere_is_found(text: str, where: float, cut: float) -> None:
    """Whole texts, and texts that end somewhere."""
    text = text[: len(text) - int(cut * 30)]
    at = int(where * len(text))
    if "\\" in text[max(0, at - 6) : at] or "&" in text[max(0, at - 6) : at]:
        return  # an escape would be broken, or made longer
    assert "ZQXJV" in everything(text[:at] + "ZQXJV" + text[at:])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            "< > </ /> <! <!-- --> <![CDATA[ ]]> <? ?> & ; = : | \" ' [ ] { } , \n a b JANE1 JANE2 \\ \0 x:y".split(" ")
        ),
        max_size=40,
    )
)
def test_nothing_falls_between_in_rubbish(parts: list[str]) -> None:
    text = " ".join(parts)
    found = everything(text)
    for word in re.findall(r"JANE\d|\b[abxy]\b", text):
        assert word in found


@pytest.mark.parametrize(
    "text",
    [
        "<a>" * 100_000,
        "<x>" + "<" * 1_000_000,
        "<a>" + "<a<" * 100_000,
        "|" * 1_000_000,
        "<!--" * 250_000,
        "<a " * 100_000,
        "<a>" * 3000 + "</b>" * 30_000 + "</a>" * 3000,
        '{"a":' * 100_000,
        "[" * 1_000_000,
        "a=b|" * 60_000,
        '<a "' * 100_000,
        "<" + "a" * 1_000_000 + ">",
        "<a " + "b " * 100_000 + ">",
        "=\n" * 100_000,
        "<![CDATA[" * 100_000,
        "<?" * 500_000,
        "<!DOCTYPE [" * 90_000,
        '"' * 1_000_000,
        "a:" * 500_000,
        "<!a[" + "]" * 1_000_000,
        "a" * 1_000_000 + "=",
        "{" * 300_000,
        "<" + "<".join(f"{'n' * 190}{i}>" for i in range(3000)),
        ";" * 1_000_000,
        "<a>&" + "#" * 1_000_000,
    ],
)
def test_hostile_texts_take_no_time_and_no_room(text: str) -> None:
    began = time.process_time()
    found = leaves(text)
    assert time.process_time() - began < 3  # linear ones take a fifth; quadratic ones take minutes
    assert sum(len(leaf.path) for leaf in found) < 450 * len(text)
    assert max((len(leaf.path) for leaf in found), default=0) < 700


def test_entities_are_never_expanded() -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 30))
    text = f'<!DOCTYPE l [<!ENTITY l0 "ha">{laughs}]><l>&l29;</l>'
    assert table(text)["l"] == ["&l29;"]
    assert sum(len(leaf.value) for leaf in leaves(text)) < len(text)


def test_names_in_the_deep_are_found() -> None:
    deep = "".join(f"<e{i}>" for i in range(2000)) + "<JANE><x>1</x></JANE>"
    found = everything(deep)
    assert "JANE" in found
    assert all(f"e{i}" in found for i in range(2000))
    assert "q" * 300 in everything("<" + "q" * 300 + "/>")
    assert "q" * 300 in everything(json.dumps({"q" * 300: {}}))


def test_real_texts(shared: Path) -> None:
    keys = {
        "metadata/bif/os1_iscan.xml": "/@",
        "metadata/leica/Leica-1.xml": "scn/collection/",
        "metadata/itk-OS-1.ndpi-properties.txt": "",
        "metadata/nvimagecodec/JP2K-33003-1.svs.ifd0.txt": "AppMag",
        "metadata/nvimagecodec/Philips-1.tiff.ifd0.txt": "DataObject/",
    }
    for name, key in keys.items():
        text = (shared / name).read_bytes().decode("utf-8", "replace")
        found = leaves(text)
        assert len(found) > 5, name
        assert any(key in leaf.path for leaf in found), name
        said = "\n".join(f"{leaf.path}\n{leaf.value}" for leaf in found)
        missing = [
            word
            for word in set(re.findall(r"\w{3,}", text))
            if word not in said and word not in ("amp", "quot", "lt", "gt")
        ]
        assert not missing, (name, missing[:5])


@pytest.mark.parametrize("text", ["<a>", "<a/>", "a=b;", "a: b\n", '{"a":', "[1,", "<!-- -->", "[S]\na = b\n"])
def test_of_more_leaves_than_any_text_has_the_rest_is_one(text: str) -> None:
    """A megabyte of three characters each took a minute: each leaf was asked for by itself."""
    whole = text * 40_000 + "Thimblewick"
    found = leaves(whole)
    assert len(found) <= most_leaves(len(whole)) + 1
    assert found[-1].path.endswith("<rest>") or "Thimblewick" in "".join(leaf.value for leaf in found)
    assert "Thimblewick" in found[-1].value
