"""Zeiss CZI: documents inside documents, pictures that are slides themselves, and old segments."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import pytest

from blankslide import pipeline
from blankslide.containers.czi import Czi
from blankslide.containers.xml import parse
from blankslide.errors import NotEditable, SlideError
from blankslide.formats.zeiss.format import FORMAT
from blankslide.formats.zeiss.tile_xml import TileTexts
from blankslide.policy.pseudonyms import is_ours
from blankslide.samples.kit.czi_writer import AttachmentPart
from blankslide.samples.zeiss.slide import JPEG, JPEG_XR, RAW, ZSTD0, build_zeiss
from blankslide.source import MemorySource
from blankslide.testing.conformance import FormatConformance
from blankslide.testing.judge import has_piece
from blankslide.testing.memory import MemorySlide
from blankslide.testing.memory import inspected as looked_at
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from blankslide.model import Outcome
    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {
    "size": (128, 96), "tile": 64, "factors": (1, 2), "label_size": (80, 96), "macro_size": (120, 48),
    "thumbnail_size": (64, 48),
}  # fmt: skip
KEY = bytes(range(32))
REAL = Path(__file__).parents[4] / "shared/slides/czi"
Offsets = list[tuple[int, int, int]]


def looks(path: Path) -> dict[str, Any]:
    """What OpenSlide sees: properties, pixels of all levels, pictures."""
    from openslide import OpenSlide

    with OpenSlide(path) as slide:
        pixels = [slide.read_region((0, 0), i, size).tobytes() for i, size in enumerate(slide.level_dimensions)]
        pictures = {name: (image.size, image.getextrema()) for name, image in slide.associated_images.items()}
        return {"known": dict(slide.properties), "pixels": pixels, "pictures": pictures}


class Czis(FormatConformance):
    format = FORMAT
    suffix = ".czi"
    small: ClassVar[dict[str, Any]] = SMALL
    recipe: ClassVar[dict[str, Any]] = {}
    borders: ClassVar[int] = 90
    expected = frozenset(
        {"picture.label", "picture.macro", "picture.thumbnail", "zeiss.guid.file", "zeiss.xml.barcode",
         "zeiss.deleted-segment", "zeiss.tile.acquisitiontime", "zeiss.time-stamps"}
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_zeiss(path, **{**self.recipe, **overrides})

    def tissue(self, before: Mapping[str, bytes], name: str) -> Offsets:
        """All coded tiles of the outer file, found by a walk of its own."""
        return list(tiles(before[name]))

    def complaints(self, before: Mapping[str, bytes], planted: Planted, path: Path) -> list[str]:
        return list(complaints(before[path.name], planted, path))


def tiles(data: bytes) -> Iterator[tuple[int, int, int]]:
    pos = 0
    while pos + 32 <= len(data):
        name, room, _ = struct.unpack_from("<16sqq", data, pos)
        if name.rstrip(b"\0") == b"ZISRAWSUBBLOCK":
            text, _, size = struct.unpack_from("<iiq", data, pos + 32)
            axes = struct.unpack_from("<i", data, pos + 76)[0]
            yield 0, pos + 32 + max(256, 48 + 20 * axes) + text, size
        pos += 32 + room


def complaints(old: bytes, planted: Planted, path: Path) -> Iterator[str]:
    """Hold a slide against its past, as OpenSlide and libCZI see both."""
    from blankslide.verification.observe import observe

    copy = path.with_name("before.czi")
    copy.write_bytes(old)
    was, now, seen = looks(copy), looks(path), (observe(copy), observe(path))
    copy.unlink()
    if was["pixels"] != now["pixels"]:
        yield "OpenSlide sees other tissue"
    if {n: p[0] for n, p in was["pictures"].items()} != {n: p[0] for n, p in now["pictures"].items()}:
        yield "OpenSlide lists other pictures"
    if any(low != high for _, picture in now["pictures"].values() for low, high in picture):
        yield "a picture shows something"
    for kept in planted.kept:
        if not now["known"].get(kept.key) == was["known"].get(kept.key) == kept.value:
            yield f"OpenSlide sees another {kept.key}"
    if "openslide.barcode" in now["known"]:
        yield "OpenSlide still tells a barcode"
    ours = [[v for v in views if v.reader == "pylibCZIrw" and v.opened] for views in seen]
    if ours[0] and (not ours[1] or ours[0][0].levels != ours[1][0].levels or ours[0][0].mpp != ours[1][0].mpp):
        yield "libCZI sees another slide"
    yield from left(old, path.read_bytes(), planted)


def left(old: bytes, new: bytes, planted: Planted) -> Iterator[str]:
    rest = bytearray(new)
    for _, at, size in tiles(old):
        rest[at : at + size] = bytes(size)
    for picture in planted.pictures:
        for at, size in picture.strips:
            coded = old[at : at + size]
            if has_piece(coded[max(0, coded.find(b"\xff\xda")) :], bytes(rest)):
                yield f"a piece of the old {picture.role} is left"
    for removed in planted.removed:
        if removed.value and places_of(removed.value, new):
            yield f"a value of {removed.id} is left"
        if removed.id.startswith("zeiss.guid") and UUID(removed.value).bytes_le in new:
            yield f"{removed.id} is left"


class TestZstd(Czis):
    pass


class TestUncompressed(Czis):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"codec": ZSTD0, "picture_codec": RAW, "size": (512, 384)}


class TestJpegLabel(Czis):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"jpeg_label": True, "picture_codec": ZSTD0, "codec": RAW, "size": (256, 192)}


# -- helpers -----------------------------------------------------------------------------


def built(tmp_path: Path, **overrides: Any) -> Path:
    path = tmp_path / "s.czi"
    build_zeiss(path, **{**SMALL, **overrides})
    return path


def anonymized(path: Path, profile: str = "research") -> Outcome:
    return pipeline.anonymize_in_place(path, pipeline.Options(profile=profile, key=KEY))


def patched(path: Path, at: int, data: bytes) -> Path:
    raw = bytearray(path.read_bytes())
    raw[at : at + len(data)] = data
    path.write_bytes(raw)
    return path


def refused(path: Path, error: type[SlideError], words: str) -> None:
    before = path.read_bytes()
    with pytest.raises(error, match=words):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def segment(path: Path, name: bytes) -> int:
    return path.read_bytes().index(name.ljust(16, b"\0"), 1)


def xml_of(path: Path) -> str:
    czi = Czi(MemorySource(path.read_bytes()))
    return path.read_bytes()[czi.xml[0] : czi.xml[1]].decode()


# -- real slides -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("RGB-multichannel", ("Musta", "2019-12-08", "czspf", "Users")),
        ("tiles", ("LSM User", "2020-12-15", "2x2 tiles")),
    ],
)
@pytest.mark.parametrize("profile", ["research", "strict"])
def test_real_slides_lose_their_people_and_keep_their_science(
    name: str, people: tuple[str, ...], profile: str, tmp_path: Path
) -> None:
    source = REAL / f"aicspylibczi-{name}.czi"
    if not source.exists():
        pytest.skip("the real CZI files are not here")
    pytest.importorskip("pylibCZIrw", reason="OpenSlide refuses these files")
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    was = pipeline.inspect(path)
    outcome = anonymized(path, profile)
    assert (outcome.content, outcome.readers[:1]) == ("clean", ("pylibCZIrw",)), outcome.residue
    data = path.read_bytes()
    assert not [p for p in people if places_of(p, data)]
    now = pipeline.inspect(path)
    assert (now.levels, now.mpp, now.objective) == (was.levels, was.mpp, was.objective)
    for offset in tiles(source.read_bytes()):
        assert data[offset[1] : sum(offset[1:])] == source.read_bytes()[offset[1] : sum(offset[1:])]
    assert anonymized(path, profile).writes == 0


def test_channels_of_a_real_slide_still_find_their_display_settings(tmp_path: Path) -> None:
    source = REAL / "aicspylibczi-tiles.czi"
    if not source.exists():
        pytest.skip("the real CZI files are not here")
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    pipeline.anonymize_in_place(path)
    channels = [e for e in parse(xml_of(path).encode()).walk() if e.name == "Channel" and e.get("Id")]
    image, display = (
        [c.value("Id") for c in channels if f"/{where}/" in c.path] for where in ("Information", "DisplaySetting")
    )
    assert image == display
    assert len(set(image)) == 2


# -- what the metadata says --------------------------------------------------------------


def test_levels_and_pixel_size(tmp_path: Path) -> None:
    inspection = pipeline.inspect(built(tmp_path, size=(256, 192), factors=(1, 2, 4)))
    assert [(v.width, v.height) for v in inspection.levels] == [(256, 192), (128, 96), (64, 48)]
    assert inspection.mpp == pytest.approx((0.22, 0.22))
    assert inspection.objective == 20
    assert {a.role: (a.width, a.height) for a in inspection.associated}["label"] == SMALL["label_size"]


def test_parts_about_the_microscope_are_emptied_as_a_whole_comments_and_all(tmp_path: Path) -> None:
    extra = "<Whatever><!-- Thimblewick --><A B='Ozymandel'><![CDATA[Mossgarden]]></A></Whatever>"
    path = built(tmp_path, xml=extra)
    assert anonymized(path).content == "clean"
    text = xml_of(path)
    for name in ("Thimblewick", "Ozymandel", "Mossgarden"):
        assert name not in text
    assert "<Whatever>" not in text  # nobody knows the part, so its name may be somebody's
    assert "<NominalMagnification>20<" in text


def test_guids_are_replaced_alike_in_text_and_binary_and_known_again(tmp_path: Path) -> None:
    path = built(tmp_path)
    assert anonymized(path).content == "clean"
    czi = Czi(MemorySource(path.read_bytes()))
    assert czi.primary == czi.own
    assert is_ours(str(UUID(bytes_le=czi.own)), KEY)
    guids = [a.guid for a in czi.attachments]
    assert len(set(guids)) == len(guids)
    assert all(is_ours(str(UUID(bytes_le=g)), KEY) for g in guids)
    assert anonymized(path).writes == 0


def test_relative_times_stay_and_go_under_strict(tmp_path: Path) -> None:
    path = built(tmp_path)
    where = segment(path, b"ZISRAWATTACH")
    data = path.read_bytes()
    at = data.index(b"CZTIMS", where) - 40 - 16 + 256 + 8
    patched(path, at, struct.pack("<d", 12.5))
    anonymized(path)
    assert struct.unpack_from("<d", path.read_bytes(), at) == (12.5,)
    anonymized(path, "strict")
    assert struct.unpack_from("<d", path.read_bytes(), at) == (0.0,)


def test_an_unknown_attachment_loses_name_type_and_content(tmp_path: Path) -> None:
    more = AttachmentPart("Quillfeather letter", "DOCX", b"PK dear Quillfeather", UUID(int=7))
    path = built(tmp_path, more=(more,))
    assert anonymized(path).content == "clean"
    assert not places_of("Quillfeather", path.read_bytes())
    names = [(a.name, a.kind) for a in Czi(MemorySource(path.read_bytes())).attachments]
    assert names[-1] == ("Removed", "")
    assert ("Label", "CZI") in names


def test_text_behind_the_end_of_an_attachments_name_goes(tmp_path: Path) -> None:
    path = built(tmp_path)
    at = path.read_bytes().index(b"Thumbnail\0") + 20
    patched(path, at, b"of Quillfeather")
    assert anonymized(path).content == "clean"
    assert not places_of("Quillfeather", path.read_bytes())


def test_colour_tables_stay_but_for_names_that_somebody_wrote(tmp_path: Path) -> None:
    colours = struct.pack("<4i", 1, 8 + 64, 0, 32) + bytes(range(64))
    table = struct.pack("<i80s", 80 + len(colours), b"Thimblewick's blue 3") + colours
    good = struct.pack("<i80s", 80 + len(colours), b"LsmDetectorPalette_0_0") + colours
    lut = struct.pack("<ii", 8 + len(table + good), 2) + table + good
    path = built(tmp_path, more=(AttachmentPart("LookupTables", "CZLUT", lut, UUID(int=9)),))
    assert anonymized(path).content == "clean"
    data = path.read_bytes()
    assert not places_of("Thimblewick", data)
    assert b"LsmDetectorPalette_0_0" in data
    assert data.count(bytes(range(64))) == 2


def test_a_segment_that_nothing_points_to_is_emptied(tmp_path: Path) -> None:
    path = built(tmp_path)
    body = b"left by an older version: Vanterpoole".ljust(64, b"\0")
    lost = struct.pack("<16sqq", b"ZISRAWMETADATA", len(body), len(body)) + body
    path.write_bytes(path.read_bytes() + lost)
    assert anonymized(path).content == "clean"
    assert path.read_bytes()[-96:] == b"DELETED".ljust(16, b"\0") + lost[16:32] + bytes(64)


def test_reserved_bytes_of_headers_and_directories_are_looked_at(tmp_path: Path) -> None:
    for number, name in enumerate((b"ZISRAWATTDIR", b"ZISRAWDIRECTORY", b"ZISRAWMETADATA", b"ZISRAWATTACH")):
        (tmp_path / str(number)).mkdir()
        path = built(tmp_path / str(number))
        at = segment(path, name) + 32 + (8 if name != b"ZISRAWATTACH" else 160)
        patched(path, at, b"Brackenholt")
        assert anonymized(path).content == "clean", name
        assert not places_of("Brackenholt", path.read_bytes()), name


# -- pictures ----------------------------------------------------------------------------


def test_a_jpeg_xr_label_gets_a_blank_one_of_its_codec(tmp_path: Path) -> None:
    import imagecodecs

    pytest.importorskip("pylibCZIrw", reason="OpenSlide refuses JPEG XR")
    path = built(tmp_path, picture_codec=JPEG_XR, codec=JPEG_XR, label_size=(160, 192))
    assert "picture.label" in {f.id for f in pipeline.inspect(path).findings}
    outcome = anonymized(path)
    assert (outcome.content, outcome.readers[:1]) == ("clean", ("pylibCZIrw",)), outcome.residue
    data = path.read_bytes()
    outer = Czi(MemorySource(data))
    inner = Czi(MemorySource(data), *outer.attachments[0].data)
    (tile,) = inner.tiles()
    pixels = imagecodecs.jpegxr_decode(data[slice(*tile.data)])
    assert pixels.shape == (192, 160, 3)
    assert (pixels == 255).all()
    assert anonymized(path).writes == 0
    from pylibCZIrw import czi

    (tmp_path / "label.czi").write_bytes(data[inner.start : inner.end])
    with czi.open_czi(str(tmp_path / "label.czi")) as label:
        assert (label.read() == 255).all()


@pytest.mark.parametrize("codec", [2, 77])
def test_a_picture_of_a_codec_that_cannot_be_drawn_goes_with_its_name(codec: int, tmp_path: Path) -> None:
    path = built(tmp_path)
    data = bytearray(path.read_bytes())
    czi = Czi(MemorySource(bytes(data)))
    start, end = czi.attachments[0].data
    entry = struct.pack("<i", 6)
    for at in (data.index(b"DV", start), data.index(b"DV", data.index(b"ZISRAWDIRECTORY", start))):
        assert data[at + 18 : at + 22] == entry
        data[at + 18 : at + 22] = struct.pack("<i", codec)
    path.write_bytes(data)
    inspection = looked_at(MemorySlide({"s.czi": bytes(data)}, "s.czi"), (FORMAT,))
    assert "picture.label" in {f.id for f in inspection.findings}
    anonymized(path)
    new = path.read_bytes()
    assert not any(new[start:end])
    assert set(looks(path)["pictures"]) == {"macro", "thumbnail"}


def test_a_jpeg_tile_loses_its_comment_and_nothing_else(tmp_path: Path) -> None:
    path = built(tmp_path, codec=JPEG, size=(64, 48), factors=(1,))
    data = path.read_bytes()
    _, at, size = next(tiles(data))
    head = data[at : at + size]
    jfif = head.index(b"JFIF\0") - 4
    # the JFIF segment becomes a comment of the same length
    patched(path, at + jfif, b"\xff\xfe\x00\x10Quillfeather A")
    judged = find_spec("fastslide") is not None  # OpenSlide and libCZI want the JFIF segment
    if not judged:
        with pytest.raises(NotEditable, match="nobody could judge"):
            anonymized(path)
    outcome = pipeline.anonymize_copy(path, tmp_path / "out", pipeline.Options(key=KEY), name="new.czi")
    assert outcome.readers == (("fastslide",) if judged else ())
    assert outcome.residue == (() if judged else ("no independent reader could open it",))
    new = (tmp_path / "out" / "new.czi").read_bytes()
    assert not places_of("Quillfeather", new)
    assert new[at + jfif + 18 : at + size] == head[jfif + 18 :]


def test_a_comment_that_stands_in_every_tile_goes_from_every_tile(tmp_path: Path) -> None:
    path = built(tmp_path, codec=JPEG, size=(192, 128), factors=(1, 2), jpeg_label=False)
    jfif, comment = b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\xff\xd8\xff\xfe\0\x10Doe\0\0\0\0\0\0\0\0\0\0\0"
    data, count = path.read_bytes(), 0
    for _, at, _ in tiles(data):
        if data.startswith(jfif, at):
            patched(path, at, comment)
            count += 1
    assert path.read_bytes().count(comment) == count > 4
    (found,) = [f for f in pipeline.inspect(path).findings if f.id == "jpeg.tile-text"]
    assert (len(found.places), len(found.edits)) == (count, count), "too short for the census, so nobody else tells"


def test_pictures_inside_pictures_end_somewhere(tmp_path: Path) -> None:
    from blankslide.samples.kit.czi_writer import TilePart, write_czi

    tile = TilePart((0, 0, 4, 4), (4, 4), bytes(48))
    data = b""
    for depth in range(6):
        inner = (AttachmentPart("Label", "CZI", data, UUID(int=depth)),) if data else ()
        data = write_czi(UUID(int=100 + depth), [tile], b"<ImageDocument/>", inner).data
    path = tmp_path / "s.czi"
    path.write_bytes(data)
    refused(path, NotEditable, "inside each other")


def test_slides_that_openslide_refuses_are_shown_by_the_makers_library(tmp_path: Path) -> None:
    import numpy as np

    pytest.importorskip("pylibCZIrw", reason="OpenSlide refuses JPEG XR")
    from blankslide.viewing import open_pyramid

    plain, coded = tmp_path / "plain.czi", tmp_path / "coded.czi"
    build_zeiss(plain, size=(256, 192), codec=RAW)
    build_zeiss(coded, size=(256, 192), codec=JPEG_XR, picture_codec=JPEG_XR)
    with open_pyramid(plain) as a, open_pyramid(coded) as b:
        for level, other in zip(a.levels, b.levels, strict=True):
            assert level.shape == other.shape
            assert np.abs(np.asarray(level, dtype=float) - np.asarray(other, dtype=float)).mean() < 4
        for role in ("label", "macro", "thumbnail"):
            one, two = (np.asarray(p.pictures[role], dtype=float) for p in (a, b))
            assert np.abs(one - two).mean() < 2, role
    assert anonymized(coded).content == "clean"
    with open_pyramid(coded) as b:
        assert all((np.asarray(b.pictures[role]) >= 250).all() for role in ("label", "macro", "thumbnail"))


# -- tiles -------------------------------------------------------------------------------


def values(raw: bytes) -> dict[str, str]:
    texts = TileTexts()
    texts.read(raw, 0)
    return {f.id: f.value.reveal() if f.value else "" for f in texts.findings()}


def test_what_a_tile_may_say() -> None:
    assert values(b"<METADATA><A x='5.0' Name=\"Bob B\"/><FocusPosition>4.5</FocusPosition></METADATA>") == {
        "zeiss.tile.a-x": "5.0",
        "zeiss.tile.a-name": "Bob B",
    }
    assert values(b"<AttachmentSchema><DataFormat>CHUNKCONTAINER</DataFormat></AttachmentSchema>") == {}
    assert values(b"<StageXPosition>Quillfeather</StageXPosition>") == {"zeiss.tile.stagexposition": "Quillfeather"}
    assert values(b"<M><a>1</a> Bob <b/>Eve</M>") == {"zeiss.tile.a": "1", "zeiss.tile.text": "Bob"}


@pytest.mark.parametrize(
    "raw",
    [b"<M><!-- Bob --></M>", b"<M>&lt;Bob</M>", b"<M><![CDATA[Bob]]></M>", b"<M Bob>", "<M>Bob</M>".encode("utf-16")],
)
def test_a_tiles_document_that_is_not_flat_goes_whole(raw: bytes) -> None:
    assert list(values(raw)) == ["zeiss.tile.document"]


def test_a_telling_value_is_remembered_behind_any_number_of_harmless_ones() -> None:
    texts = TileTexts()
    for i in range(1000):
        texts.read(b"<M><n>%d</n></M>" % i, i * 100)
    texts.read(b"<M><n>Quillfeather</n></M>", 1 << 20)
    (finding,) = texts.findings()
    assert len(finding.places) == 1001
    assert "Quillfeather" in {v.reveal() for v in finding.values}
    assert len(finding.values) < 300


def test_reading_costs_what_the_metadata_cost(tmp_path: Path) -> None:
    """Twice the pixels of a tile must not be twice the bytes read."""

    class Counting(MemorySource):
        count = 0

        def read(self, offset: int, length: int) -> bytes:
            self.count += length
            return super().read(offset, length)

    read = []
    for size in ((256, 256), (1024, 1024)):
        path = built(tmp_path, size=size, tile=size[0], factors=(1,), codec=RAW)
        slide = MemorySlide({"s.czi": path.read_bytes()}, "s.czi")
        source = Counting(path.read_bytes())
        slide._sources["s.czi"] = source
        slide.opened[0] = source
        looked_at(slide, (FORMAT,))
        read.append(source.count)
    assert read[1] < read[0] + 4096
