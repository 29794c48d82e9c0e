"""Zeiss CZI: values in places where nobody looks, and ordinary values that look like residue."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any
from uuid import UUID

import imagecodecs
import pytest
from PIL import Image

from blankslide import pipeline
from blankslide.containers.czi import Czi
from blankslide.containers.xml import parse
from blankslide.errors import DamagedSlide, NotEditable
from blankslide.formats.zeiss import image_information as image
from blankslide.formats.zeiss.format import FORMAT
from blankslide.samples.kit.czi_writer import AttachmentPart, TilePart, write_czi
from blankslide.samples.zeiss.slide import JPEG, JPEG_XR, ZSTD0, build_zeiss, coded
from blankslide.source import MemorySource
from blankslide.testing.memory import MemorySlide
from blankslide.testing.memory import inspected as looked_at
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blankslide.containers.czi import Attachment
    from blankslide.model import Outcome

SMALL: dict[str, Any] = {
    "size": (128, 96), "tile": 64, "factors": (1, 2), "label_size": (80, 96), "macro_size": (120, 48),
    "thumbnail_size": (64, 48),
}  # fmt: skip
KEY = bytes(range(32))
NAME = "Quillfeather"
XML = (
    b"<ImageDocument><Metadata><Information><Image><SizeX>64</SizeX><SizeY>64</SizeY><SizeS>1</SizeS><SizeC>1</SizeC>"
    b"<PixelType>Bgr24</PixelType></Image></Information></Metadata></ImageDocument>"
)
PIXELS = bytes(range(192)) * 64


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.czi"
    build_zeiss(path, **{**SMALL, **overrides})
    return path


def one_tile(tmp_path: Path, *parts: TilePart, **fields: Any) -> Path:
    """Write a slide of one tile, or of those given."""
    path = tmp_path / "s.czi"
    tile = {"data": PIXELS, "text": b"<METADATA/>", **fields}
    path.write_bytes(write_czi(UUID(int=5), parts or [TilePart((0, 0, 64, 64), (64, 64), **tile)], XML).data)
    return path


def opened(path: Path) -> Czi:
    return Czi(MemorySource(path.read_bytes()))


def put(path: Path, at: int, data: bytes) -> Path:
    raw = bytearray(path.read_bytes())
    raw[at : at + len(data)] = data
    path.write_bytes(raw)
    return path


def anonymized(path: Path, **options: Any) -> Outcome:
    return pipeline.anonymize_in_place(path, pipeline.Options(key=KEY, **options))


def gone(path: Path, word: str = NAME, **options: Any) -> None:
    """A word that is there goes, everything else holds, and a second run has nothing to do."""
    before = path.read_bytes()
    assert places_of(word, before)
    outcome = anonymized(path, **options)
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert not places_of(word, path.read_bytes())
    assert len(path.read_bytes()) == len(before)
    assert anonymized(path, **options).writes == 0


# -- headers, entries --------------------------------------------------------------------


def test_bytes_of_an_entry_that_mean_nothing_go_in_both_its_places(tmp_path: Path) -> None:
    path = built(tmp_path)
    czi = opened(path)
    assert czi.directory is not None
    put(path, czi.directory.body + 128 + 23, b"Smith")
    put(path, czi.entries[-1].at + 48 + 23, b"Smith")
    gone(path, "Smith")


def test_versions_and_axes_that_are_words_are_damage(tmp_path: Path) -> None:
    path = put(built(tmp_path), 32, b"Smithers")
    with pytest.raises(DamagedSlide, match="file header"):
        anonymized(path)
    path = built(tmp_path)
    put(path, opened(path).entries[0].at + 48 + 32 + 80, b"SMIT")
    with pytest.raises(DamagedSlide, match="no known kind"):
        anonymized(path)


@pytest.mark.parametrize(
    ("entry", "at", "word"),
    [(1, 48, NAME), (1, 40, "Smithers"), (1, 12, "Smithers"), (0, 40, "Smithers"), (1, 0, "Qu")],
)
def test_an_attachment_says_the_same_in_both_its_entries(entry: int, at: int, word: str, tmp_path: Path) -> None:
    path = built(tmp_path)
    where = opened(path).attachments[2].entries[entry] + at
    put(path, where, word.encode())
    assert anonymized(path).content == "clean"
    new = path.read_bytes()
    assert new[where : where + len(word)] != word.encode()
    (one,) = [a for a in opened(path).attachments if a.entries[entry] + at == where]
    assert new[one.entries[0] + 40 : one.entries[0] + 128] == new[one.entries[1] + 40 : one.entries[1] + 128]
    assert anonymized(path).writes == 0


def test_pictures_that_nobody_knows_go_with_their_names(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 10, 10)).save(out, "JPEG")
    inner = write_czi(UUID(int=5), [TilePart((0, 0, 4, 4), (4, 4), bytes(48))], b"<ImageDocument/>")
    more = (
        AttachmentPart(f"Photo of {NAME}", "JPG", out.getvalue(), UUID(int=7)),
        AttachmentPart(f"{NAME}2", "CZI", inner.data, UUID(int=8)),
    )
    path = built(tmp_path, more=more)
    gone(path)
    assert [a.name for a in opened(path).attachments][-2:] == ["Removed", "Removed"]


# -- other attachments -------------------------------------------------------------------


def tables(*parts: tuple[str, bytes]) -> bytes:
    body = b"".join(struct.pack("<i80s", 80 + len(c), n.encode()) + c for n, c in parts)
    return struct.pack("<ii", 8 + len(body), len(parts)) + body


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("FocusPositions", "CZFOC", struct.pack("<ii", 24, 2) + NAME.encode() + b"ABCD"),
        ("FocusPositions", "CZFOC", struct.pack("<iid", 16, 1, 2.5) + NAME.encode()),
        ("LookupTables", "CZLUT", tables((NAME, struct.pack("<4ih", 1, 10, 0, 1, 7)))),
        ("LookupTables", "CZLUT", tables(("LsmDetectorPalette_0_0", struct.pack("<i", 1) + NAME.encode() * 2))),
    ],
)
def test_words_in_tables_of_numbers_go(name: str, kind: str, data: bytes, tmp_path: Path) -> None:
    gone(built(tmp_path, more=(AttachmentPart(name, kind, data, UUID(int=7)),)))


def test_digits_taken_for_a_time_are_no_time_since_the_scan_began(tmp_path: Path) -> None:
    data = struct.pack("<ii", 24, 2) + b"1234567890123456"
    gone(built(tmp_path, more=(AttachmentPart("TimeStamps", "CZTIMS", data, UUID(int=7)),)), "1234567890123456")


def test_focus_positions_stay(tmp_path: Path) -> None:
    data = struct.pack("<iidd", 24, 2, -1204.25, 0)
    path = built(tmp_path, more=(AttachmentPart("FocusPositions", "CZFOC", data, UUID(int=7)),))
    assert anonymized(path).content == "clean"
    assert data in path.read_bytes()


# -- XML ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'<Information><User Id="{NAME}"/></Information>',
        f'<Information><User Id="{NAME}:1"/></Information>',
        f"<Information><Document><SubType>{NAME}</SubType></Document></Information>",
        f"<Information><BinaryList><AttachmentName>{NAME}</AttachmentName></BinaryList></Information>",
        f"<AttachmentInfos><Barcode><Type>{NAME}</Type></Barcode></AttachmentInfos>",
        f"<?{NAME}?>",
        f"<?note {NAME}?><Information><!-- <?x y?> --><Title><![CDATA[<?{NAME}?>]]></Title></Information>",
    ],
)
def test_words_where_a_number_or_a_known_word_should_be_go(text: str, tmp_path: Path) -> None:
    gone(built(tmp_path, xml=text))


def test_an_id_of_many_zeros_is_ours_only_if_it_is_small(tmp_path: Path) -> None:
    gone(built(tmp_path, xml='<Information><User Id="0000123456"/></Information>'), "0000123456")


def test_known_ids_and_words_stay(tmp_path: Path) -> None:
    xml = (
        "<Information><Barcode><Type>Code 128</Type></Barcode><BinaryList><AttachmentName>TimeStamps</AttachmentName>"
        '</BinaryList><Document><SubType>Image</SubType></Document><A Id="Barcode:2"/></Information>'
    )
    path = built(tmp_path, xml=xml)
    assert anonymized(path).content == "clean"
    assert xml.encode() in path.read_bytes()


def test_names_of_unknown_parts_are_not_told_to_others(tmp_path: Path) -> None:
    path = built(tmp_path, xml=f'<{NAME}><A>b c d</A></{NAME}><Information><{NAME} Odd="e f"/></Information>')
    ids = [d.public_id for d in anonymized(path).decisions]
    assert "zeiss.xml.unknown" in ids
    assert not [i for i in ids if NAME.lower() in i]


# -- tiles -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<?xml version='1.0' patient='Quillfeather'?><METADATA/>",
        "<?xml version='1.0' encoding='Quillfeather'?><METADATA/>",
        "<?xml version='1.0'?>Quillfeather<METADATA/>",
        "<METADATA></METADATA name='Quillfeather'>",
        "<?xml-Quillfeather?><METADATA/>",
        "<METADATA/>\0Quillfeather",
    ],
)
def test_words_around_a_tiles_document_go(text: str, tmp_path: Path) -> None:
    gone(one_tile(tmp_path, text=text.encode()))


def test_a_declared_document_keeps_its_numbers(tmp_path: Path) -> None:
    text = (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'
        b"<METADATA><Tags><StageXPosition>1.25</StageXPosition></Tags></METADATA>"
    )
    path = one_tile(tmp_path, text=text)
    assert anonymized(path).content == "clean"
    assert text in path.read_bytes()


def mask(data: bytes = b"\xff" * 8, extra: bytes = b"") -> bytes:
    guid = UUID("cbe3ea67-5bfc-492b-a16a-ece378031448").bytes_le
    body = struct.pack("<4I", 8, 8, 0, 1) + data
    return guid + struct.pack("<I", len(body)) + body + extra


@pytest.mark.parametrize(
    "attachment",
    [
        NAME.encode() * 3,
        bytes(16) + struct.pack("<I", 12) + NAME.encode(),
        mask(extra=NAME.encode()),
        mask(extra=f"{NAME:16}".encode() + struct.pack("<I", 12) + NAME.encode() + mask()),
        mask(data=b"\xff" * 8 + NAME.encode()),
    ],
)
def test_only_masks_stay_of_what_is_attached_to_a_tile(attachment: bytes, tmp_path: Path) -> None:
    path = one_tile(tmp_path, mask=attachment)
    count = attachment.count(mask())
    gone(path, thorough=True)
    assert path.read_bytes().count(mask()) == count


def test_bytes_behind_raw_pixels_go(tmp_path: Path) -> None:
    path = one_tile(tmp_path, data=PIXELS + NAME.encode())
    gone(path, thorough=True)
    assert PIXELS in path.read_bytes()


def test_skippable_frames_of_a_tile_are_emptied(tmp_path: Path) -> None:
    frame = bytes(imagecodecs.zstd_encode(PIXELS))
    said = b"\x50\x2a\x4d\x18" + struct.pack("<I", 12) + NAME.encode()
    path = one_tile(tmp_path, data=said + frame + said, compression=ZSTD0)
    gone(path, thorough=True)
    assert path.read_bytes().count(frame) == 1


def talking_xr() -> bytes:
    """Give a JPEG XR a second directory, with a title."""
    stream = coded(Image.new("RGB", (64, 64), (90, 30, 60)), JPEG_XR)
    (at,) = struct.unpack_from("<I", stream, 4)
    (count,) = struct.unpack_from("<H", stream, at)
    end = len(stream) + 6 + 12 * (count + 1)
    title = struct.pack("<HHII", 0x010E, 2, len(NAME), end)
    entries = struct.pack("<H", count + 1) + title + stream[at + 2 : at + 2 + 12 * count] + bytes(4)
    return stream[:4] + struct.pack("<I", len(stream)) + stream[8:] + entries + NAME.encode()


def talking_jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 30, 60)).save(out, "JPEG", comment=NAME.encode())
    return out.getvalue()


def test_text_in_a_jpeg_xr_tile_goes_and_its_pixels_stay(tmp_path: Path) -> None:
    pytest.importorskip("pylibCZIrw", reason="OpenSlide refuses JPEG XR")
    stream = talking_xr()
    path = one_tile(tmp_path, data=stream, compression=JPEG_XR)
    gone(path, thorough=True)
    (tile,) = opened(path).tiles()
    new = path.read_bytes()[slice(*tile.data)]
    assert (imagecodecs.jpegxr_decode(new) == imagecodecs.jpegxr_decode(stream)).all()


@pytest.mark.parametrize(
    ("silent", "seen"), [((), {0, 1, 2, 3, 4, 5}), ((0,), {4, 5}), ((4,), {0, 1, 2, 3}), ((1,), {0, 2, 3, 4, 5})]
)
@pytest.mark.parametrize(("codec", "make"), [(JPEG, talking_jpeg), (JPEG_XR, talking_xr)])
def test_the_first_tile_of_each_level_is_looked_at_and_all_if_it_says_something_or_if_asked(
    codec: int, make: Callable[[], bytes], silent: tuple[int, ...], seen: set[int], tmp_path: Path
) -> None:
    data, quiet = make(), coded(Image.new("RGB", (64, 64), (90, 30, 60)), codec)
    boxes = [((64 * i, 0, 64, 64), (64, 64)) for i in range(4)] + [((128 * i, 0, 128, 128), (64, 64)) for i in range(2)]
    datas = [quiet if i in silent else data for i in range(len(boxes))]
    parts = [TilePart(box, stored, datas[i], codec, number=i) for i, (box, stored) in enumerate(boxes)]
    path = one_tile(tmp_path, *parts)
    names = {path.name: path.read_bytes()}
    found = looked_at(MemorySlide(names, path.name), (FORMAT,))
    places = {p for f in found.findings if f.id.endswith("tile-text") for p in f.places}
    first = [t.data for t in opened(path).tiles()]
    assert {i for i, (a, b) in enumerate(first) if any(a <= p.start < b for p in places)} == seen
    if codec == JPEG:  # nobody here decodes it, so it is changed in a copy only
        pipeline.anonymize_copy(path, tmp_path / "out", pipeline.Options(key=KEY, thorough=True))
        path = tmp_path / "out" / path.name
    else:
        anonymized(path, thorough=True)
    assert not places_of(NAME, path.read_bytes())


# -- no false alarms, no false refusals --------------------------------------------------


@pytest.mark.parametrize("title", ["SlidePreview", "Thumbnail", "Label", "TimeStamps"])
def test_a_title_that_is_an_attachments_name_is_no_residue(title: str, tmp_path: Path) -> None:
    path = built(tmp_path, xml=f"<Information><Document><Title>{title}</Title></Document></Information>")
    assert anonymized(path).content == "clean"


def test_digits_of_a_serial_number_in_a_tiles_position_are_a_coincidence(tmp_path: Path) -> None:
    path = built(tmp_path, xml="<Information><SerialNumber>41399</SerialNumber></Information>")
    outcome = anonymized(path)
    assert outcome.content == "clean", outcome.residue
    assert "zeiss.xml.serialnumber" in outcome.coincidences


def test_an_attribute_that_goes_does_not_change_the_pixel_size_that_is_seen(tmp_path: Path) -> None:
    more = "<Scaling><Items><Distance Id='X' Foo='barbarian'><Value>3e-7</Value></Distance></Items></Scaling>"
    path = built(tmp_path, xml=more)
    outcome = anonymized(path)
    assert outcome.content == "clean", outcome.residue


def test_a_preview_coded_as_jpeg_is_shown_and_then_blank(tmp_path: Path) -> None:
    import numpy as np

    from blankslide.viewing import open_pyramid

    path = built(tmp_path, picture_codec=JPEG, codec=JPEG_XR)
    with open_pyramid(path) as slide:
        assert np.asarray(slide.pictures["label"]).std() > 20
    anonymized(path)
    with open_pyramid(path) as slide:
        assert (np.asarray(slide.pictures["label"]) >= 250).all()


@pytest.mark.parametrize("codec", [ZSTD0, JPEG_XR])
def test_a_picture_too_short_for_a_blank_one_goes_and_the_slide_is_not_refused(codec: int, tmp_path: Path) -> None:
    tile = TilePart((0, 0, 64, 64), (64, 64), b"too short", codec)
    inner = write_czi(UUID(int=5), [tile], b"<ImageDocument/>")
    path = built(tmp_path, label_size=None, more=(AttachmentPart("Label", "CZI", inner.data, UUID(int=7)),))
    assert "left: picture.label" not in anonymized(path).residue
    assert opened(path).attachments[-1].name == "Removed"
    assert anonymized(path).writes == 0


def test_a_long_and_thin_slide_has_levels_of_one_row(tmp_path: Path) -> None:
    parts = TilePart((0, 0, 640, 6), (640, 6), bytes(640 * 18)), TilePart((0, 0, 640, 6), (40, 1), bytes(120))
    path = one_tile(tmp_path, *parts)
    assert [(v.width, v.height) for v in image.levels(opened(path).entries)] == [(640, 6), (40, 1)]


@pytest.mark.parametrize("word", ["NaN", "inf"])
def test_a_number_that_is_none_is_no_magnification(word: str) -> None:
    root = parse(f"<a><Objective><NominalMagnification>{word}</NominalMagnification></Objective></a>".encode())
    assert image.objective(root) is None


# -- bounds ------------------------------------------------------------------------------


class Holes:
    """A file of any size that holds little."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size, self.most = data, size, 0

    def read(self, offset: int, length: int) -> bytes:
        self.most = max(self.most, length)
        assert length < 1 << 27, "too much at once"
        if offset + length > self.size:
            raise DamagedSlide("outside")
        return self.data[offset : offset + length].ljust(length, b"\0")

    def data_ranges(self, start: int, end: int) -> Any:
        yield start, min(end, len(self.data))


@pytest.mark.parametrize("name", [b"ZISRAWDIRECTORY", b"ZISRAWMETADATA"])
def test_a_segment_as_long_as_a_disk_is_not_read_at_once(name: bytes, tmp_path: Path) -> None:
    layout = write_czi(UUID(int=5), [TilePart((0, 0, 4, 4), (4, 4), bytes(48))], XML)
    data = bytearray(layout.data)
    (at,) = [at for n, at in layout.segments if n.encode() == name]
    size = 1 << 42
    struct.pack_into("<qq", data, at + 16, size - at - 32, size - at - 32)
    struct.pack_into("<i", data, at + 32, 0x7FFFFFFF)
    with pytest.raises((DamagedSlide, NotEditable)):
        _all_of(Czi(Holes(bytes(data), size)))


def _all_of(czi: Czi) -> list[Attachment]:
    assert czi.entries
    assert czi.xml
    return czi.attachments


def test_a_picture_with_room_for_a_film_goes_whole(tmp_path: Path) -> None:
    from blankslide.formats.zeiss.pictures import blank_jpeg

    assert blank_jpeg(Holes(talking_jpeg(), 1 << 40), (0, 1 << 39), "label") is None
    assert blank_jpeg(Holes(talking_jpeg(), 1 << 40), (0, 1 << 20), "label") is not None
