"""Markup that says something: instructions, declarations, names, prefixes, namespaces, CDATA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.containers.xml import parse
from blankslide.errors import DamagedSlide
from blankslide.formatkit.findings import FindingCollector
from blankslide.formatkit.vocabulary import NUMBER
from blankslide.formatkit.xml_fields import XmlReader, science
from blankslide.formatkit.xml_names import NAMESPACE, is_plain_name
from blankslide.model import Fill
from blankslide.samples.argos import build_argos
from blankslide.samples.generic_tiff import build_generic
from blankslide.samples.leica import build_leica
from blankslide.samples.ome_tiff import build_ome
from blankslide.samples.philips.tiff import build_philips
from blankslide.samples.qptiff import build_qptiff
from blankslide.testing.own.tiffplant import Plant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blankslide.model import Finding

NAME = "Kovacs_Ann_1950"
OPEN, CLOSE = '<Scan Res="1"><Size>12</Size>', "</Scan>"


def read(text: str) -> tuple[dict[str, Finding], bytes]:
    """Return what is found, and the document without what can go."""
    data = text.encode()
    found = FindingCollector()
    XmlReader(found, [], "x", science(NUMBER, "Scan@Res Size")).read(data, 0, "page 0")
    findings = {f.id: f for f in found.finish()}
    out = bytearray(data)
    for finding in findings.values():
        for edit in finding.edits:
            assert isinstance(edit, Fill)
            out[edit.start : edit.end] = bytes([edit.byte]) * (edit.end - edit.start)
    return findings, bytes(out)


@pytest.mark.parametrize(
    "text",
    [
        f"<?{NAME}?>{OPEN}{CLOSE}",
        f"{OPEN}<?{NAME} of a ward?>{CLOSE}",
        f"<?xml-stylesheet href='{NAME}.xsl'?>{OPEN}{CLOSE}",
        f"{OPEN}<{NAME}/>{CLOSE}",
        f"{OPEN}<{NAME}><Ward Bed='7'>x</Ward></{NAME} >{CLOSE}",
        f"{OPEN}<Ward {NAME}='7'/>{CLOSE}",
        f"{OPEN}<Ward {NAME}=''/>{CLOSE}",
        f"{OPEN}<Ward xmlns:a='http://www.w3.org/Kovacs/Ann/{NAME}'/>{CLOSE}",
        f"{OPEN}<Ward xmlns='http://www.openmicroscopy.org/{NAME}'/>{CLOSE}",
        f"{OPEN}<Ward><![CDATA[&Mr; {NAME}]]></Ward>{CLOSE}",
        f"{OPEN}<Ward><![CDATA[& {NAME}]]> and <![CDATA[&amp; {NAME}]]></Ward>{CLOSE}",
        f"{OPEN}<!-- {NAME} -->{CLOSE}",
        f"<?xml version='1.0.{NAME}'?>{OPEN}{CLOSE}",
    ],
)
def test_every_byte_of_markup_is_read(text: str) -> None:
    findings, after = read(text)
    assert NAME.encode() not in after
    assert len(after) == len(text.encode())
    root = parse(after)
    assert root.find("Size") is not None
    assert [id_ for id_ in findings if "kovacs" in id_.lower()] == []
    assert read(after.decode())[0] == {}


@pytest.mark.parametrize(
    "text",
    [
        f"{OPEN}<Ward xmlns:{NAME}='http://www.w3.org/2001/XMLSchema'/>{CLOSE}",
        f"<{NAME}><Scan Res='1'/></{NAME}>",
        f"{OPEN}<{NAME}><Size>3</Size></{NAME}>{CLOSE}",
    ],
)
def test_a_name_that_cannot_go_is_told_of(text: str) -> None:
    findings, _ = read(text)
    assert [f.id for f in findings.values() if not f.edits and f.id in ("x.prefix", "x.element")]


@pytest.mark.parametrize(
    "text",
    [
        f"<?xml version='1.0' encoding='utf-8'?>{OPEN}<StageLabel/><ObjectiveSettings/>{CLOSE}",
        f"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?>{OPEN}{CLOSE}<?xpacket end='w'?>",
        f"{OPEN}<o:Ward xmlns:o='http://www.openmicroscopy.org/Schemas/OME/2016-06'/>{CLOSE}",
    ],
)
def test_usual_markup_stays(text: str) -> None:
    assert read(text) == ({}, text.encode())


def test_namespaces_and_names_are_known_as_a_whole() -> None:
    assert NAMESPACE.fullmatch("http://www.w3.org/2001/XMLSchema-instance")
    assert not NAMESPACE.fullmatch("http://www.w3.org/Kovacs")
    assert is_plain_name("ScanEntireCoverslipRegion")
    assert not any(map(is_plain_name, ("Kovacs", "ScanKovacs", "Scan4711", "Größe", "")))


def test_a_declared_encoding_that_only_begins_like_utf_16_is_damage() -> None:
    with pytest.raises(DamagedSlide):
        parse(f"<?xml version='1.0' encoding='utf-16-{NAME}'?><a/>".encode())


#: Builder, file name, and the tag that holds the format's XML.
XML_FORMATS: dict[str, tuple[Callable[..., Any], str, int]] = {
    "argos": (build_argos, "s.avs", 65000),
    "generic_tiff": (lambda path: build_generic(path, "vips"), "s.tif", 270),
    "leica": (build_leica, "s.scn", 270),
    "ome_tiff": (build_ome, "s.ome.tif", 270),
    "philips_tiff": (build_philips, "s.tiff", 270),
    "qptiff": (build_qptiff, "s.qptiff", 270),
}


@pytest.mark.parametrize("name", XML_FORMATS)
def test_an_instruction_in_front_of_the_root_hides_no_format_and_goes(tmp_path: Path, name: str) -> None:
    build, file, tag = XML_FORMATS[name]
    path = tmp_path / file
    build(path)
    plant = Plant(path.read_bytes())
    text = next(e[3] for e in plant.entries(0) if e[0] == tag)
    at = text.index(b"?>") + 2 if text.lstrip().startswith(b"<?xml") else 0
    kind = next(e[1] for e in plant.entries(0) if e[0] == tag)
    plant.put(0, tag, kind, text[:at] + b"<?Nivola 1951-03-02?><!-- a > b --><?more?>" + text[at:])
    path.write_bytes(bytes(plant))
    assert pipeline.inspect(path).format == name
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert b"Nivola" not in path.read_bytes()
