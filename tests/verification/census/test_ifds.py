"""Every directory of a TIFF is found once, with the place of each entry and value."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import pytest
import tifffile

from blankslide.samples.kit.tiff_values import Value, ascii
from blankslide.source import MemorySource
from blankslide.testing.built import build_hamamatsu
from blankslide.verification.census.ifds import Broken, Walk

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {"size": (128, 96), "factors": (1,), "macro_size": None, "map_page": False}


def entry(code: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", code, kind, count) + value.ljust(4, b"\0")


def tiff(*pages: list[bytes], tail: bytes = b"", chain: bool = True) -> bytes:
    """A classic TIFF of directories that follow each other."""
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    for i, entries in enumerate(pages):
        after = len(out) + 2 + 12 * len(entries) + 4
        out += struct.pack("<H", len(entries)) + b"".join(entries)
        out += struct.pack("<I", after if chain and i + 1 < len(pages) else 0)
    return bytes(out) + tail


def test_sees_what_tifffile_sees(shared: Path) -> None:
    paths = [p for p in shared.rglob("*") if p.suffix in (".svs", ".tif", ".tiff", ".qptiff", ".ndpi")]
    assert paths
    for path in paths:
        walk = Walk(MemorySource(path.read_bytes()))
        with tifffile.TiffFile(path) as library:
            seen = {page.offset for page in library.pages}
            values = {(t.code, t.valueoffset) for page in library.pages for t in page.tags if t.count * 4 > 8}
        assert seen <= {d.at for d in walk.directories}
        ours = {(e.code, e.start) for d in walk.directories for e in d.entries}
        assert {code for code, at in values if (code, at) not in ours} <= {330, 34665, 34853}


def test_big_tiff_and_subifds() -> None:
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=True) as writer:
        import numpy as np

        writer.write(np.zeros((64, 64), "u1"), subifds=2, metadata=None)
        writer.write(np.zeros((32, 32), "u1"), metadata=None)
        writer.write(np.zeros((16, 16), "u1"), metadata=None)
    walk = Walk(MemorySource(file.getvalue()))
    assert [d.where for d in walk.directories] == ["page 0", "page 0, SubIFD 0", "page 0, SubIFD 1"]
    assert walk.big


def test_both_of_two_equal_tags_and_the_unused_bytes_are_there() -> None:
    data = tiff([entry(270, 2, 2, b"a\0XY"), entry(270, 2, 2, b"b\0")])
    (page,) = Walk(MemorySource(data)).directories
    assert [e.code for e in page.entries] == [270, 270]
    first = page.entries[0]
    assert data[first.end : first.at + 12] == b"XY"


@pytest.mark.parametrize("text", ["", "a", "AB", "Kim"])
def test_short_text_of_an_ndpi_stands_out_of_line_and_inline_where_it_leads_to_none(tmp_path: Path, text: str) -> None:
    planted = build_hamamatsu(tmp_path / "s.ndpi", tags={"level0": {65427: ascii(text)}}, **SMALL)
    assert planted.layout is not None
    walk = Walk(MemorySource((tmp_path / "s.ndpi").read_bytes()))
    entry = walk.directories[0].first(65427)
    assert entry is not None
    assert (entry.start, entry.inline) == (planted.layout.pages[0].entries[65427].value_at, False)
    assert walk.bytes_of(entry) == text.encode() + b"\0"
    build_hamamatsu(tmp_path / "s.ndpi", tags={"level0": {65427: Value(2, b"Ki\xfc\0", outline=True)}}, **SMALL)
    walk = Walk(MemorySource((tmp_path / "s.ndpi").read_bytes()))
    entry = walk.directories[0].first(65427)
    assert entry is not None
    assert entry.inline
    assert walk.bytes_of(entry) == b"Ki\xfc\0"


@pytest.mark.parametrize("text", [b"\0", b"A\0", b"AB\0"])
def test_short_texts_of_an_ndpi_stand_in_their_entries_where_others_do(tmp_path: Path, text: bytes) -> None:
    """An offset of nothing leads to the file's own mark, and a letter may lead to text."""
    path, inline = tmp_path / "s.ndpi", {65427: Value(2, text, outline=True), 65459: Value(2, b"\0", outline=True)}
    build_hamamatsu(path, tags={"level0": inline}, **SMALL)
    data = bytearray(path.read_bytes())
    page = Walk(MemorySource(bytes(data))).directories[0]
    for code, value in ((65427, text), (65459, b"\0")):
        entry = page.first(code)
        assert entry is not None
        assert entry.inline
        assert bytes(data[entry.start : entry.end]) == value


def test_children_of_children() -> None:
    gps = tiff([entry(1, 2, 2, b"N\0")])[8:]
    parent = tiff([entry(34665, 4, 1, struct.pack("<I", 26))])
    exif = struct.pack("<H", 1) + entry(34853, 4, 1, struct.pack("<I", 26 + 18)) + b"\0\0\0\0"
    assert len(parent) == 26
    walk = Walk(MemorySource(parent + exif + gps))
    assert [d.where for d in walk.directories] == ["page 0", "page 0, EXIF", "page 0, EXIF, GPS"]


def test_a_ring_ends() -> None:
    data = bytearray(tiff([entry(256, 3, 1, b"\1\0")]))
    data[-4:] = struct.pack("<I", 8)
    assert len(Walk(MemorySource(bytes(data))).directories) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"II*\0" + struct.pack("<I", 4000),
        tiff([entry(270, 2, 5000, struct.pack("<I", 8))]),
        b"II*\0" + struct.pack("<IH", 8, 65535),
    ],
)
def test_what_leads_outside_is_said(data: bytes) -> None:
    with pytest.raises(Broken):
        Walk(MemorySource(data))
