"""CZI: what the container must say, and what a damaged or foreign one is refused for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from blankslide import pipeline
from blankslide.blanks import zstd
from blankslide.containers.czi import Czi, part_of
from blankslide.errors import ContradictorySlide, DamagedSlide, NotEditable, SlideError
from blankslide.samples.kit.czi_writer import AttachmentPart, TilePart, write_czi
from blankslide.source import MemorySource
from blankslide.testing.built import build_zeiss

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {
    "size": (128, 96), "tile": 64, "factors": (1, 2), "label_size": (80, 96), "macro_size": (120, 48),
    "thumbnail_size": (64, 48),
}  # fmt: skip


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.czi"
    build_zeiss(path, **{**SMALL, **overrides})
    return path


def patched(path: Path, at: int, data: bytes) -> Path:
    raw = bytearray(path.read_bytes())
    raw[at : at + len(data)] = data
    path.write_bytes(raw)
    return path


def segment(path: Path, name: bytes) -> int:
    return path.read_bytes().index(name.ljust(16, b"\0"), 1)


def refused(path: Path, error: type[SlideError], words: str) -> None:
    before = path.read_bytes()
    with pytest.raises(error, match=words):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


# -- reading -----------------------------------------------------------------------------


def simple(start: int = 0) -> tuple[Czi, Any]:
    parts = [TilePart((0, 0, 8, 4), (4, 2), b"t" * 24, text=b"<M/>", mask=b"mask"), TilePart((8, 0, 4, 2), (4, 2), b"")]
    note = AttachmentPart("Note", "TXT", b"hello", UUID(int=3))
    layout = write_czi(UUID(int=1), parts, b"<a/>", (note,), (b"old",))
    return Czi(MemorySource(bytes(start) + layout.data), start), layout


@pytest.mark.parametrize("start", [0, 100])
def test_everything_is_found_where_it_was_written(start: int) -> None:
    czi, layout = simple(start)
    first, second = czi.tiles()
    assert first.data == (start + layout.tiles[0][0], start + layout.tiles[0][0] + 24)
    assert first.aside[1] - first.aside[0] == 4
    assert (first.raw, second.raw) == (b"<M/>", b"")
    assert (first.entry.width, first.entry.stored) == (8, (4, 2))
    assert czi.xml == (start + layout.xml, start + layout.xml + 4, start + layout.xml + 4)
    (note,) = czi.attachments
    assert (note.name, note.kind) == ("Note", "TXT")
    assert note.data == (start + layout.attachments[0][0], start + layout.attachments[0][0] + 5)
    assert [s.name.decode() for s in czi.segments.values()] == [n for n, _ in layout.segments]


def test_a_row_that_ends_early_is_seen_by_what_it_lacks() -> None:
    _, layout = simple()
    data = bytearray(layout.data)
    data[layout.segments[2][1]] = 0x20
    with pytest.raises(DamagedSlide, match="no segment of its kind"):
        Czi(MemorySource(bytes(data)))


@pytest.mark.parametrize("room", [13, 14, 15, 16, 17, 21, 22, 23, 700, 899, 1000, 1500])
def test_a_blank_zstd_frame_has_exactly_the_length_that_is_wanted(room: int) -> None:
    import imagecodecs

    frame = zstd.encode(b"\xff" * 90, 10, room)
    assert frame is not None
    assert len(frame) == room
    assert imagecodecs.zstd_decode(frame) == b"\xff" * 900


def test_what_no_zstd_frame_can_be() -> None:
    assert zstd.encode(b"\xff" * 90, 10, 12) is None
    assert zstd.encode(b"\xff\0", 10, 100) is None
    assert zstd.encode(b"", 10, 100) is None


# -- what is refused ---------------------------------------------------------------------


def test_parts_and_unfinished_updates_are_refused(tmp_path: Path) -> None:
    refused(patched(built(tmp_path), 80, b"\1"), NotEditable, "one part")
    refused(patched(built(tmp_path), 100, b"\1"), NotEditable, "not finished")


def test_tiles_and_attachments_in_other_files_are_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    at = path.read_bytes().rindex(b"ZISRAWDIRECTORY\0") + 160
    refused(patched(path, at + 14, b"\1"), NotEditable, "other CZI files")
    path = built(tmp_path)
    at = path.read_bytes().rindex(b"ZISRAWATTDIR\0") + 288
    refused(patched(path, at + 20, b"\1"), NotEditable, "other CZI files")


def test_a_further_part_beside_the_slide_is_seen(tmp_path: Path) -> None:
    path = built(tmp_path)
    other = tmp_path / "s(1).czi"
    other.write_bytes(path.read_bytes())
    assert pipeline.inspect(path).format == "zeiss"  # a browser calls a second copy like that
    assert pipeline.inspect(other).format == "zeiss"
    patched(other, 80, b"\1")
    refused(path, NotEditable, "further CZI files")
    refused(other, NotEditable, "one part of a slide")


def test_an_entity_bomb_and_deep_nesting_are_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    czi = Czi(MemorySource(path.read_bytes()))
    room = czi.xml[1] - czi.xml[0]
    bomb = b'<!DOCTYPE a [<!ENTITY b "cccccccc"><!ENTITY d "&b;&b;&b;">]><a>&d;</a>'.ljust(room)
    refused(patched(path, czi.xml[0], bomb), DamagedSlide, "document type")
    refused(patched(path, czi.xml[0], (b"<a>" * 10_000)[:room]), DamagedSlide, "XML")


@pytest.mark.parametrize(
    ("name", "at", "data"),
    [
        (b"ZISRAWDIRECTORY", 32, struct.pack("<i", 0x7FFFFFFF)),
        (b"ZISRAWDIRECTORY", 32, struct.pack("<i", -1)),
        (b"ZISRAWATTDIR", 32, struct.pack("<i", 0x7FFFFFFF)),
        (b"ZISRAWMETADATA", 32, struct.pack("<i", 0x7FFFFFFF)),
        (b"ZISRAWMETADATA", 16, struct.pack("<q", 1 << 62)),
        (b"ZISRAWMETADATA", 16, struct.pack("<q", -(1 << 62))),
        (b"ZISRAWSUBBLOCK", 40, struct.pack("<q", (1 << 63) - 1)),
        (b"ZISRAWSUBBLOCK", 32, struct.pack("<i", 0x7FFFFFFF)),
        (b"ZISRAWSUBBLOCK", 76, struct.pack("<i", 0x7FFFFFFF)),
        (b"ZISRAWATTACH", 32, struct.pack("<q", (1 << 63) - 1)),
        (b"ZISRAWDIRECTORY", 160 + 6, struct.pack("<q", (1 << 63) - 1)),
        (b"ZISRAWDIRECTORY", 160 + 6, struct.pack("<q", 0)),
    ],
)
def test_wrong_lengths_and_counts_are_damage(name: bytes, at: int, data: bytes, tmp_path: Path) -> None:
    path = built(tmp_path, label_size=None, macro_size=None)
    patched(path, segment(path, name) + at, data)
    before = path.read_bytes()
    with pytest.raises((DamagedSlide, ContradictorySlide)):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def test_a_tile_that_contradicts_its_entry_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    refused(patched(path, segment(path, b"ZISRAWSUBBLOCK") + 48 + 18, b"\0"), ContradictorySlide, "directory says")


@pytest.mark.parametrize("name", [b"ZISRAWSUBBLOCK", b"ZISRAWDIRECTORY", b"ZISRAWMETADATA", b"ZISRAWATTACH"])
def test_a_segment_that_does_not_say_how_much_of_it_is_used_is_used_whole(name: bytes, tmp_path: Path) -> None:
    """libCZI reads such files, whatever the length says."""
    path = built(tmp_path)
    at, raw, wanted = -1, path.read_bytes(), name.ljust(16, b"\0")
    while (at := raw.find(wanted, at + 1)) >= 0:
        patched(path, at + 24, bytes(8))
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.residue) == ("clean", ())


def test_a_tile_that_ends_early_in_such_a_segment_is_refused_all_the_same(tmp_path: Path) -> None:
    path = built(tmp_path)
    at = segment(path, b"ZISRAWSUBBLOCK")
    patched(path, at + 24, bytes(8))
    (size,) = struct.unpack("<q", path.read_bytes()[at + 40 : at + 48])
    patched(path, at + 40, struct.pack("<q", size // 2))
    refused(path, ContradictorySlide, "ends elsewhere")


def test_two_entries_for_one_tile_or_attachment_are_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    at = path.read_bytes().rindex(b"ZISRAWDIRECTORY\0") + 160
    size = 32 + 20 * 5
    again = path.read_bytes()[at : at + size]
    refused(patched(path, at + size, again), ContradictorySlide, "lead to one tile")
    path = built(tmp_path)
    at = path.read_bytes().rindex(b"ZISRAWATTDIR\0") + 288
    again = path.read_bytes()[at : at + 128]
    refused(patched(path, at + 128, again), ContradictorySlide, "lead to one attachment")


def test_a_kind_of_segment_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = built(tmp_path)
    path.write_bytes(path.read_bytes() + struct.pack("<16sqq", b"ZISRAWNEW", 32, 0) + bytes(32))
    refused(path, NotEditable, "kind that is not known")


# -- what the structure itself gives away ----------------------------------------------------


def place(layout: Any, name: str) -> int:
    return next(at for known, at in layout.segments if known == name)


def everything(data: bytes) -> object:
    czi = Czi(MemorySource(bytes(data)))
    return czi.xml, list(czi.tiles()), czi.attachments


@pytest.mark.parametrize(
    ("segment", "at", "value", "words"),
    [
        ("ZISRAWFILE", 32, struct.pack("<i", -1), "file header"),
        ("ZISRAWDIRECTORY", 32, struct.pack("<i", 999), "more entries than it holds"),
        ("ZISRAWDIRECTORY", 160 + 32, b"?", "no known kind"),
        ("ZISRAWDIRECTORY", 160 + 40, struct.pack("<i", 0), "has no size"),
        ("ZISRAWDIRECTORY", 160, b"XX", "no known kind"),
        ("ZISRAWATTDIR", 32 + 256, b"XX", "attachments is of no known kind"),
        ("ZISRAWATTACH", 32, struct.pack("<q", 99_999), "attachment of the CZI ends outside"),
        ("ZISRAWSUBBLOCK", 32, struct.pack("<i", -1), "tile of the CZI ends outside"),
    ],
)
def test_each_lie_of_a_container_is_named(segment: str, at: int, value: bytes, words: str) -> None:
    _, layout = simple()
    data = bytearray(layout.data)
    start = place(layout, segment) + at
    data[start : start + len(value)] = value
    with pytest.raises(SlideError, match=words):
        everything(data)


def test_what_a_container_does_not_have_is_empty() -> None:
    _, layout = simple()
    data = bytearray(layout.data)
    for pointer in (84, 92, 104):  # tiles, metadata, attachments
        data[pointer : pointer + 8] = bytes(8)
    czi = Czi(MemorySource(bytes(data)))
    assert (czi.xml, list(czi.tiles()), czi.entries, czi.loose, czi.attachments) == ((0, 0, 0), [], [], [], [])


def test_a_file_too_short_for_a_header_is_no_part_of_anything() -> None:
    assert part_of(b"ZISRAWFILE".ljust(60, b"\0")) is None
    assert part_of(b"ZISRAWDIRECTORY".ljust(600, b"\0")) is None
