"""Philips iSyntax files that are damaged, hostile or contradictory: a documented error, and untouched."""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide, SlideError
from blankslide.testing.built import build_philips_isyntax

if TYPE_CHECKING:
    from pathlib import Path


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.isyntax"
    build_philips_isyntax(path, levels=2, label_size=(48, 40), macro_size=(96, 40), **overrides)
    return path


def header_of(data: bytes) -> bytes:
    return data.partition(b"\4")[0]


def refused(path: Path, data: bytes, kind: type[SlideError], words: str) -> None:
    path.write_bytes(data)
    with pytest.raises(kind, match=words):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == data
    assert [p.name for p in path.parent.iterdir()] == [path.name]


ROOT = b'<?xml version="1.0"?>\n<DataObject ObjectType="DPUfsImport">'
BOMB = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 99 + b'"><!ENTITY c "' + b"&b;" * 999 + b'">]>'


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (ROOT + b"</DataObject>" + BOMB, "document type|well formed"),
        (ROOT + b"<DataObject>" * 10_000, "nested deeper"),
        (ROOT + b"<a/>" * (1 << 20), "more elements"),
        (ROOT + b"&b;</DataObject>", "well formed"),
        (ROOT, "well formed"),
    ],
)
def test_hostile_headers_are_refused(tmp_path: Path, head: bytes, words: str) -> None:
    refused(tmp_path / "s.isyntax", head + b"\r\n\4", DamagedSlide, words)


def test_an_entity_bomb_in_front_is_no_isyntax_and_untouched(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = path.read_bytes().replace(b" ?>\n", b" ?>\n" + BOMB, 1)
    refused(path, data, SlideError, "not a slide")


def test_a_header_without_its_end_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    refused(path, path.read_bytes().replace(b"\4", b" "), DamagedSlide, "does not end")
    refused(path, ROOT + b" " * (65 << 20), DamagedSlide, "does not end")


@pytest.mark.parametrize("count", [0, 2])
def test_other_than_one_scan_of_tissue_is_a_contradiction(tmp_path: Path, count: int) -> None:
    path = built(tmp_path)
    old, new = (b">WSI<", b">   <") if count == 0 else (b">MACROIMAGE<", b">WSI       <")
    refused(path, path.read_bytes().replace(old, new), ContradictorySlide, f"describes {count} scans")


@pytest.mark.parametrize("number", [1 << 63, (1 << 64) - 1, 1 << 40, 17])
@pytest.mark.parametrize("field", [16, 32])
def test_wrong_places_and_lengths_in_the_seek_table_are_refused(tmp_path: Path, number: int, field: int) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    at = len(header_of(data)) + 1 + 8 + field
    if field == 32 and number == 17:
        number = len(data)
    struct.pack_into("<Q", data, at, number)
    refused(path, bytes(data), SlideError, "points outside|overlap|disagree")


@pytest.mark.parametrize("size", [0xFFFFFFFE, 39, 1 << 30])
def test_a_seek_table_of_another_length_is_refused(tmp_path: Path, size: int) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, len(header_of(data)) + 1 + 4, size)
    refused(path, bytes(data), DamagedSlide, "seek table|ends before")


def test_a_seek_table_without_a_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    whole = pipeline.inspect(path).maps[0].tissue()
    struct.pack_into("<I", data, len(header_of(data)) + 1 + 4, 0xFFFFFFFF)
    path.write_bytes(data)
    assert pipeline.inspect(path).maps[0].tissue() == whole


def with_table(path: Path, change: Any) -> bytes:
    """Change the header's table of blocks or clusters; it keeps its length."""
    data = path.read_bytes()
    found = re.search(rb'HEADER_TABLE"[^>]*>([^<]*)<', data)
    assert found
    table = bytearray(b64decode(found[1]))
    change(table)
    return data[: found.start(1)] + b64encode(bytes(table)) + data[found.end(1) :]


@pytest.mark.parametrize("version", ["5.0", "100.5"])
@pytest.mark.parametrize("at", [0, 4, 8])
def test_wrong_lengths_in_the_header_tables_are_refused(tmp_path: Path, version: str, at: int) -> None:
    path = built(tmp_path, version=version)
    data = with_table(path, lambda table: struct.pack_into("<I", table, at, 0x7FFFFFF1))
    refused(path, data, DamagedSlide, "table of")


def test_clusters_that_point_outside_are_refused(tmp_path: Path) -> None:
    path = built(tmp_path, version="100.5")
    # offset of the first cluster: behind length, item, corner (8 + 12), template (8 + 4) and its own tag
    for number in (1 << 63, 1 << 40):
        data = with_table(path, lambda table, n=number: struct.pack_into("<Q", table, 4 + 8 + 20 + 12 + 8, n))
        refused(path, data, DamagedSlide, "points outside")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b">0 1 1<", b">0 0 1<"),
        (b">0 1 1<", b">0 1 99<"),
        (b" 1 1151<", b" 1 0641<"),
        (b">0 1 127<", b">0 1 900000<"),
        (b"UFS_IMAGE_GENERAL_HEADERS", b"UFS_IMAGE_GENERAL_HEADERZ"),
    ],
)
def test_dimensions_that_cannot_be_are_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = built(tmp_path)
    data = path.read_bytes()
    assert old in data
    refused(path, data.replace(old, new), DamagedSlide, "does not say|in no steps|points outside")


def test_a_pictures_announced_size_costs_no_memory(tmp_path: Path) -> None:
    """A JPEG that claims 65,535 by 65,535 pixels gets no picture, but white space."""
    path = built(tmp_path)
    data = path.read_bytes()
    found = re.search(rb"LABELIMAGE.*?IMAGE_DATA[^>]*>([^<]*)<", data, re.S)
    assert found
    jpeg = bytearray(b64decode(found[1]))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff" * 4
    path.write_bytes(data[: found.start(1)] + b64encode(bytes(jpeg)) + data[found.end(1) :])
    pipeline.anonymize_copy(path, tmp_path / "out", pipeline.Options())  # nobody decodes it, so in place it is refused
    path = tmp_path / "out" / path.name
    assert path.read_bytes()[found.start(1) : found.end(1)].strip() == b""


@pytest.mark.usefixtures("fresh_readers")
def test_a_table_of_blocks_that_stands_elsewhere_goes(tmp_path: Path) -> None:
    """Only the table of the tissue's own object is science."""
    path = built(tmp_path, blocks=False)
    more = b'<Attribute Name="UFS_IMAGE_%s_HEADER_TABLE" PMSVR="IString">Whimsley 4711</Attribute>'
    data = path.read_bytes().replace(b"<!--", more % b"BLOCK" + more % b"CLUSTER" + b"<!--")
    path.write_bytes(data)
    outcome = pipeline.anonymize_in_place(path)
    assert outcome.content == "clean", outcome.residue
    assert b"Whimsley" not in path.read_bytes()


def test_two_kinds_of_tables_are_a_contradiction(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = (
        path.read_bytes()
        .replace(b'"DP_SHARPNESS_GAIN_RGB24"', b'"UFS_IMAGE_CLUSTER_HEADER_TABLE"')
        .replace(b'>3</Attribute>\n<Attribute Name="DP_WAV', b'>QUJD</Attribute>\n<Attribute Name="DP_WAV')
    )
    refused(path, data, ContradictorySlide, "a table of blocks and one of clusters")


def test_blocks_that_are_listed_twice_are_one(tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    at = len(header_of(data)) + 1 + 8
    whole = pipeline.inspect(path).maps[0]
    data[at + 40 : at + 80] = data[at : at + 40]
    path.write_bytes(data)
    assert sum(e - s for s, e in pipeline.inspect(path).maps[0].tissue()) < sum(e - s for s, e in whole.tissue())


# -- headers that cost much ----------------------------------------------------------------


def with_parts(tmp_path: Path, parts: bytes) -> Path:
    """A slide with parts of a header in place of its comment."""
    path = built(tmp_path, values={"note": "x" * len(parts)})
    data = path.read_bytes()
    start, end = data.index(b"<!--"), data.index(b"-->") + 3
    path.write_bytes(data[:start] + parts.ljust(end - start) + data[end:])
    return path


ROOM = b" " * 120  # a file may have one place to remove for each 128 bytes


@pytest.mark.parametrize(
    ("parts", "finding", "places"),
    [
        ((b"<a>v</a>" + ROOM) * 30_000, "isyntax.header.a.text", 30_000),
        ((b"<!--x-->" + ROOM) * 30_000, "isyntax.header.comment", 30_000),
        (
            b"<DataObject>%s</DataObject>" % (b'<Attribute Name="PIM_DP_IMAGE_DATA">AAAA</Attribute>' * 8_000),
            "picture.unknown",
            8_000,
        ),
    ],
)
def test_a_header_with_very_many_parts_of_one_kind_costs_its_share(
    tmp_path: Path, parts: bytes, finding: str, places: int
) -> None:
    """Once each of them was compared with all others, which took longer than anybody waits."""
    path = with_parts(tmp_path, parts)
    begun = process_time()
    found = {f.id: f for f in pipeline.inspect(path).findings}
    assert len(found[finding].places) == places
    assert process_time() - begun < 20


def test_more_parts_to_remove_than_a_file_of_its_size_has_are_refused(tmp_path: Path) -> None:
    path = with_parts(tmp_path, b"<a>v</a>" * 60_000)
    refused(path, path.read_bytes(), DamagedSlide, "more to remove than any scanner writes")


@pytest.mark.parametrize("piece", [b'"v"<b/>', b"v<!---->"])
def test_a_text_in_very_many_pieces_is_refused(tmp_path: Path, piece: bytes) -> None:
    path = with_parts(tmp_path, b'<Attribute Name="x">%s</Attribute>' % (piece * 2000))
    refused(path, path.read_bytes(), DamagedSlide, "more pieces")
