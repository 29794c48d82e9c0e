"""Names of stains, dyes and markers stay in every format that has them; names of people go from the same fields."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blankslide.formatkit.findings import DIRECT, FindingCollector
from blankslide.formatkit.markers import is_marker
from blankslide.formats.hamamatsu.ndpi_tags import WORDS, is_dye
from blankslide.formats.mirax.slidedat import may_name_dyes
from blankslide.formats.ome.format_qptiff import TABLE as QPTIFF
from blankslide.formats.ome.vocabulary import OmeXml
from blankslide.formats.zeiss.metadata_xml import TABLE as ZEISS
from blankslide.model import Fill, Place

if TYPE_CHECKING:
    from collections.abc import Callable

MARKERS = [
    "DAPI", "FITC", "TRITC", "Texas Red", "TxRed", "Cy3", "Cy5.5", "GFP", "EGFP", "mCherry", "mRFP1", "Hoechst 33342",
    "Alexa Fluor 488", "AF488", "AF568", "A594", "Opal 520", "Opal Polaris 480", "SpGreen", "SpAqua", "SpectrumGreen",
    "SYTO 13", "SYTOX Green", "BV421", "Atto647N", "Propidium Iodide", "DRAQ5", "PE-Cy7", "aSMA", "\u03b1-SMA", "CD8",
    "CD3e", "CD45RO", "CD8 (Opal 520)", "CD8-Opal520", "CD20 / Opal 690", "FoxP3 (Opal 570)", "PDL1", "PD-L1", "PanCK",
    "Pan-CK", "CK5/6", "AE1/AE3", "Ki67", "Ki-67", "MUC-1/EMA", "HER2", "HER2/neu", "ER", "PR", "p53", "SOX10", "S100",
    "Melan-A", "HMB45", "Vimentin", "E-cadherin", "\u03b2-catenin", "Collagen IV", "Granzyme B", "HLA-DR", "F4/80",
    "GFAP", "TTF-1", "Bcl6", "H&E", "HE", "Hematoxylin", "Eosin", "DAB", "PAS", "Giemsa", "Congo Red", "Channel 1",
    "Ch1-T2", "TL Brightfield", "Autofluorescence", "Red",
]  # fmt: skip
PEOPLE = [
    "Bodelira", "Zubegido Maf", "KOVACS ANNA", "Maria Schmidt", "Dr. Kovacs", "J. Brown", "Anna Berger", "Peter Green",
    "Rosa Klein", "A. B. Cohen", "M\u00fcller", "Smith", "Ann Lee", "Max Gold", "Jan de Vries", "Eva", "Ida Red", "Bob",
    "Dr Grey", "Mr Black", "Mary", "Mark", "O'Brien", "Kim Il", "Ali Khan", "Tina T", "Ben 7", "CD Miller",
    "Opal Jones", "Kit Carson", "Ernst Mach", "Pat Er", "Cy Young", "Schmidt CD8", "Ki Chen", "DAPI Okafor",
    "Channel of Ruiz", "\u9ad8\u6a4b\u82b1\u5b50", "Red Smith", "p53 Jones",
]  # fmt: skip


def _mirax(text: str) -> bool:
    return may_name_dyes("FILTER_NAME") and is_marker(text)


def _ndpi(text: str) -> bool:
    return WORDS[65434].legal.fullmatch(text) is not None and is_dye("Name", text)


def _xml(table: object, key: str) -> Callable[[str], bool]:
    legal = table[key].legal  # type: ignore[index]
    return lambda text: legal.fullmatch(text) is not None


FIELDS: dict[str, Callable[[str], bool]] = {
    "OME": lambda text: _ome([text]) == {text},
    "QPTIFF": _xml(QPTIFF, "Biomarker"),
    "NDPI": _ndpi,
    "CZI": _xml(ZEISS, "Channel@Name"),
    "MRXS": _mirax,
}


def _ome(names: list[str], user: str = "") -> set[str]:
    """Return the channel names that stay in an OME-XML, all of it read as for a slide."""
    channels = "".join(f'<Channel ID="Channel:0:{i}" Name="{escape(n)}"/>' for i, n in enumerate(names))
    person = f'<Experimenter ID="Experimenter:0" UserName="{user}"/>' if user else ""
    data = f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{person}{channels}</OME>'.encode()
    found = FindingCollector()
    OmeXml(found, []).read(data, 0, "page 0")
    out = bytearray(data)
    for finding in found.finish():
        for edit in finding.edits:
            assert isinstance(edit, Fill)
            out[edit.start : edit.end] = bytes([edit.byte]) * (edit.end - edit.start)
    return {name for name in names if f'Name="{escape(name)}"'.encode() in out}


LISTS = Path(__file__).parent


def test_names_of_many_laboratories_stay_and_those_of_people_go() -> None:
    """The lists beside this file: dyes, stains, clones, genes; people of many cultures, and words like both."""
    markers = (LISTS / "names_of_markers.txt").read_text("utf-8").splitlines()
    people = (LISTS / "names_of_people.txt").read_text("utf-8").splitlines()
    assert len(markers) > 1000
    assert len(people) > 300
    assert [name for name in markers if not is_marker(name)] == []
    assert [name for name in people if is_marker(name)] == []


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("person", ["Adams", "Okafor", "Li", "Na", "Jo", "Hu", "Chan", "White", "Gold", "Pan"])
def test_a_person_beside_a_marker_goes(field: str, person: str) -> None:
    stays = FIELDS[field]
    forms = ("p53 {}", "CD8 {}", "{} DAPI", "DAPI-{}", "H&E {}", "Ki-67 ({})", "IL6 {}", "488 {}", "Rhodamine {}")
    assert [said for form in forms if stays(said := form.format(person))] == []


@pytest.mark.parametrize("text", ["Kit", "Ret", "Ros", "Ema", "Opal", "Ki", "Cy", "He", "S. Green", "Tim 3", "Violet"])
def test_what_is_written_as_a_name_is_one(text: str) -> None:
    assert not is_marker(text)


def test_there_are_as_many_as_were_asked_for() -> None:
    assert len(set(MARKERS)) == 78
    assert len(set(PEOPLE)) == 40


@pytest.mark.parametrize("field", FIELDS)
def test_markers_stay_and_people_go(field: str) -> None:
    stays = FIELDS[field]
    assert [name for name in MARKERS if not stays(name)] == []
    assert [name for name in PEOPLE if stays(name)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Channel 4711",
        "CD8 1950-05-12",
        "DAPI 12 05 50",
        "488 05 12",
        "12.05.1950",
        "",
        "A B",
        "S19-345",
        "C20-512",
        "SP12-345",
        "T1912",
        "CD8 12/05",
        "p53 1950",
        "12/05/50",
        "123/456/789",
    ],
)
def test_numbers_beside_a_name_are_few(text: str) -> None:
    assert not is_marker(text)


def test_a_marker_called_like_a_person_of_the_slide_goes() -> None:
    assert _ome(["DAPI", "Green", "SYTOX Green"], user="green") == {"DAPI", "SYTOX Green"}
    assert _ome(["DAPI", "Green"], user="kovacs") == {"DAPI", "Green"}


def test_only_names_of_persons_count() -> None:
    found = FindingCollector()
    place = Place(0, "page 0", 0, 5)
    found.name("x.channel", "Channel", place, (), "Green")
    found.add("x.image.name", "Image", DIRECT, place, (), "Green")
    assert [f.id for f in found.finish()] == ["x.image.name"]
