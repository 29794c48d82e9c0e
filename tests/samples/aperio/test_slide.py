"""Aperio samples, judged by OpenSlide, tifffile and the answer key itself."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
from PIL import Image

from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.aperio.text import UNKNOWN
from blankslide.samples.kit.answer_key import Planted, slug, tiles_digest
from blankslide.samples.kit.patients import invent
from blankslide.samples.kit.tiff_values import LONG, LONG8, SHORT, ascii

FLAVOURS = ("classic", "big", "gt450")
Made = tuple[Path, Planted]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """Return one slide of each flavour with its key."""
    folder = tmp_path_factory.mktemp("aperio")
    paths = {name: folder / f"aperio-{name}.svs" for name in FLAVOURS}
    return {name: (path, build_aperio(path, name)) for name, path in paths.items()}


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Made]:
    """Return a builder of small slides."""

    def small(flavour: str = "classic", **overrides: object) -> Made:
        path = tmp_path / "slide.svs"
        return path, build_aperio(path, flavour, **{"size": (512, 384), "factors": (1, 2, 4), **overrides})

    return small


def both_read(path: Path) -> tuple[list[tuple[int, int]], set[str]]:
    """Decode everything with both readers; return levels and associated images."""
    with openslide.OpenSlide(path) as slide:
        assert openslide.OpenSlide.detect_format(path) == "aperio"
        levels = list(slide.level_dimensions)
        for level, size in enumerate(levels):
            slide.read_region((0, 0), level, size)
        pictures = {name: picture.convert("RGB") for name, picture in slide.associated_images.items()}
    with tifffile.TiffFile(path) as tif:
        assert tif.is_svs
        tiled = [page for page in tif.pages if page.is_tiled]
        assert [(page.imagewidth, page.imagelength) for page in tiled] == levels
        for page in tif.pages:
            page.asarray()
    return levels, set(pictures)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_two_readers_agree(made: dict[str, Made], flavour: str) -> None:
    path, key = made[flavour]
    levels, pictures = both_read(path)
    assert len(levels) >= 3
    assert levels[0] == (2048, 1536)
    assert pictures == {"label", "macro", "thumbnail"}
    assert path.stat().st_size < 3_000_000
    with openslide.OpenSlide(path) as slide:
        for picture in key.pictures:
            assert slide.associated_images[picture.role].size == (picture.width, picture.height)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_kept_values_are_what_openslide_shows(made: dict[str, Made], flavour: str) -> None:
    path, key = made[flavour]
    with openslide.OpenSlide(path) as slide:
        shown = dict(slide.properties)
    kept = {k.key: k.value for k in key.kept}
    compared = {name: value for name, value in kept.items() if name in shown}
    assert {"aperio.MPP", "aperio.AppMag", "aperio.Left", "aperio.Top", "openslide.icc-size"} <= compared.keys()
    assert compared == {name: shown[name] for name in compared}
    assert float(shown["openslide.mpp-x"]) == float(kept["aperio.MPP"])


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_removed_value_stands_where_the_key_says(made: dict[str, Made], flavour: str) -> None:
    path, key = made[flavour]
    data = path.read_bytes()
    fields = [r for r in key.removed if r.encoding != "picture"]
    assert sum(len(r.places) for r in fields) >= 40
    for field in fields:
        coded = field.value.encode(field.encoding)
        assert field.places
        assert all(data[at : at + length] == coded for at, length in field.places), field.id


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_no_copy_of_a_removed_value_is_missing_from_the_key(made: dict[str, Made], flavour: str) -> None:
    path, key = made[flavour]
    fields = [r for r in key.removed if r.encoding != "picture"]
    told = {(at, at + length) for r in fields for at, length in r.places}
    data = path.read_bytes()
    for field in fields:
        coded = field.value.encode(field.encoding)
        at = data.find(coded) if len(coded) >= 5 else -1
        while at >= 0:
            assert any(low <= at and at + len(coded) <= high for low, high in told), field.id
            at = data.find(coded, at + 1)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_strips_and_tiles_of_the_key_are_those_of_the_file(made: dict[str, Made], flavour: str) -> None:
    path, key = made[flavour]
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tif:
        for picture in key.pictures:
            page = tif.pages[picture.page]
            assert list(picture.strips) == list(zip(page.dataoffsets, page.databytecounts, strict=True))
        levels = [page for page in tif.pages if page.is_tiled]
        spans = [list(zip(page.dataoffsets, page.databytecounts, strict=True)) for page in levels]
    assert [tiles_digest(data[at : at + n] for at, n in level) for level in spans] == list(key.tiles)


def test_key_names_every_kind_of_finding(made: dict[str, Made]) -> None:
    ids = {flavour: {r.id for r in key.removed} for flavour, (_, key) in made.items()}
    wanted = "user filename title barcode date time scanscope-id imageid customfield-first-name customfield-patientid"
    for name in [*wanted.split(), *map(slug, UNKNOWN)]:
        assert f"aperio.description.{name}" in ids["classic"]
    assert {"tiff.date-time", "aperio.tag.scanscope-id", "aperio.tag.scan-date"} <= ids["classic"] & ids["big"]
    assert {"aperio.description.rack", "aperio.description.slide", "aperio.description.time-zone"} <= ids["gt450"]
    assert all({"picture.label", "picture.macro"} <= found for found in ids.values())


def test_classic_is_built_like_the_real_one(made: dict[str, Made]) -> None:
    with tifffile.TiffFile(made["classic"][0]) as tif:
        assert not tif.is_bigtiff
        assert tif.byteorder == "<"
        kinds = [(int(p.subfiletype), int(p.compression), p.is_tiled) for p in tif.pages]
        assert kinds == [(0, 7, True), (0, 7, False), (0, 7, True), (0, 7, True), (1, 5, False), (9, 7, False)]
        assert len({p.tags[306].value for p in tif.pages}) == 1
        label, macro = tif.pages[4], tif.pages[5]
        assert (label.predictor, len(label.dataoffsets), label.description.splitlines()[1]) == (2, 67, "label 387x463")
        assert len(macro.dataoffsets) == 27
        assert macro.jpegtables
        base = tif.pages[0].description
        assert base.count(";Aperio Image Library v10.0.51\r\n") == 1
        assert base.count("|User = ") == 2
        assert all(code in tif.pages[0].tags for code in (34675, 55000, 55001, 55002, 55003, 55004))


def test_classic_tiles_are_abbreviated_and_decode_alike(made: dict[str, Made]) -> None:
    path, _ = made["classic"]
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        tables = page.jpegtables
        data = path.read_bytes()
        for at, length in zip(page.dataoffsets, page.databytecounts, strict=True):
            stream = data[at : at + length]
            head = stream[: stream.index(b"\xff\xda")]
            assert stream[:2] == b"\xff\xd8"
            assert b"\xff\xdb" not in head
            assert b"\xff\xc4" not in head
        pixels = page.asarray()
    assert tables is not None
    with openslide.OpenSlide(path) as slide:
        seen = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"), int)
    assert np.abs(seen - pixels.astype(int)).max() <= 2


def test_big_mixes_integer_types_and_has_complete_tiles(made: dict[str, Made]) -> None:
    path, key = made["big"]
    assert key.layout is not None
    kinds = {
        spot.entries[code].type for spot in key.layout.pages for code in (273, 279, 324, 325) if code in spot.entries
    }
    assert kinds == {LONG, LONG8}
    with tifffile.TiffFile(path) as tif:
        assert tif.is_bigtiff
        page = tif.pages[0]
        tile = path.read_bytes()[page.dataoffsets[0] :][: page.databytecounts[0]]
        assert Image.open(io.BytesIO(tile)).size == (256, 256)
        assert (int(page.photometric), page.jpegtables) == (6, None)
        assert int(tif.pages[4].compression) == 7


def test_gt450_names_its_pictures_only_by_subfiletype(made: dict[str, Made]) -> None:
    with tifffile.TiffFile(made["gt450"][0]) as tif:
        assert tif.pages[0].description.startswith("Aperio Leica Biosystems GT450 v1.0.1")
        kinds = {int(p.subfiletype): p for p in tif.pages if not p.is_tiled}
        assert set(kinds) == {0, 1, 9}
        assert 270 not in kinds[1].tags
        assert 270 not in kinds[9].tags
        assert len({p.tags[34675].valueoffset for p in tif.pages if 34675 in p.tags}) == 5


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_building_twice_gives_the_same_bytes(made: dict[str, Made], tmp_path: Path, flavour: str) -> None:
    path, key = made[flavour]
    again = tmp_path / path.name
    assert build_aperio(again, flavour) == key
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "overrides",
    [
        {"big": True, "byteorder": ">"},
        {"label_codec": "jpeg"},
        {"abbreviated": False},
        {"filler": b"nobody's bytes"},
        {"share": True, "share_tiles": True, "size": (4096, 3072)},
        {"by": "part", "order": ("ifd", "values", "strips")},
        {"disk_order": (5, 4, 3, 2, 1, 0)},
        {"types": {"all": {279: SHORT}}},
        {"page_order": ("level0", "thumbnail", "label", "level1", "macro", "level2")},
        {"level0_at": 20 << 30, "big": True},
        {"older": False, "private": False, "date_time": False, "icc_roles": ()},
        {"size": (500, 333), "tile": 240},
    ],
    ids=lambda overrides: "+".join(overrides),
)
def test_variants_are_still_slides(build: Callable[..., Made], overrides: dict[str, object]) -> None:
    path, key = build(**overrides)
    _, pictures = both_read(path)
    assert pictures == {"label", "macro", "thumbnail"}
    with path.open("rb") as file:
        for field in key.removed:
            for at, length in field.places if field.value else ():
                file.seek(at)
                assert file.read(length).decode(field.encoding) == field.value


def test_fields_and_tags_are_replaced_added_and_left_out(build: Callable[..., Made]) -> None:
    fields = {"User": "somebody else", "MPP": None, "Brand New": "secret word"}
    tags = {"all": {306: None}, "level0": {315: ascii("An Artist")}, "label": {270: ascii("no word about it")}}
    path, key = build(fields=fields, tags=tags, older=False)
    planted = {(r.id, r.value): r for r in key.removed}
    assert len(planted["aperio.description.user", "somebody else"].places) == 4
    assert ("aperio.description.brand-new", "secret word") in planted
    assert ("tiff.artist", "An Artist") in planted
    assert "tiff.date-time" not in {r.id for r in key.removed}
    with tifffile.TiffFile(path) as tif:
        assert "MPP" not in tif.pages[0].description
        assert tif.pages[4].description == "no word about it"


def test_description_in_another_encoding(build: Callable[..., Made]) -> None:
    path, key = build(fields={"Title": "Ødegård"}, encoding="utf-8", older=False)
    field = next(r for r in key.removed if r.id == "aperio.description.title")
    data = path.read_bytes()
    assert {data[at : at + length] for at, length in field.places} == {"Ødegård".encode()}


def test_classic_big_endian_has_the_same_pixels(build: Callable[..., Made]) -> None:
    # OpenSlide 4.0.1 opens no classic big-endian TIFF at all, whoever wrote it; so tifffile judges alone.
    seen = []
    for order in "<>":
        path, _ = build(byteorder=order)
        with tifffile.TiffFile(path) as tif:
            assert tif.is_svs
            assert tif.byteorder == order
            seen.append([page.asarray().tobytes() for page in tif.pages] + [tif.pages[0].description])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("role", ["label", "macro"])
def test_a_picture_can_be_missing(build: Callable[..., Made], role: str) -> None:
    path, key = build(**{role: False})
    assert role not in both_read(path)[1]
    assert role not in {p.role for p in key.pictures}
    assert f"picture.{role}" not in {r.id for r in key.removed}


def test_macro_without_label_end_prints_nothing(build: Callable[..., Made]) -> None:
    _, key = build(macro_shows_label=False, patient=invent(9))
    printed = {p.role: p.printed for p in key.pictures}
    assert invent(9).name in printed["label"]
    assert printed["macro"] == printed["thumbnail"] == ()


def test_unknown_flavour_and_override_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="flavours are"):
        build_aperio(tmp_path / "x.svs", "other")
    with pytest.raises(TypeError, match="colour_of_hat"):
        build_aperio(tmp_path / "x.svs", colour_of_hat="red")
    assert not list(tmp_path.iterdir())


def test_slide_for_viewers_is_quick_and_large(tmp_path: Path) -> None:
    path = tmp_path / "viewer.svs"
    build_aperio(path, size=(20480, 15360), factors=(1, 4, 16, 64))
    with openslide.OpenSlide(path) as slide:
        assert slide.level_dimensions == ((20480, 15360), (5120, 3840), (1280, 960), (320, 240))
        here = slide.read_region((600, 500), 0, (64, 64)).tobytes()
        assert slide.read_region((600 + 9 * 2048, 500 + 9 * 1536), 0, (64, 64)).tobytes() == here
    with tifffile.TiffFile(path) as tif:
        assert len(set(tif.pages[0].dataoffsets)) == 80 * 60


def test_layout_lets_a_test_damage_one_thing(build: Callable[..., Made]) -> None:
    path, key = build()
    assert key.layout is not None
    last, entry = key.layout.pages[-1], key.layout.pages[0].entries[259]
    with path.open("r+b") as file:
        file.seek(last.next_at)
        file.write(struct.pack("<L", key.layout.pages[0].at))
        file.seek(entry.value_at)
        file.write(struct.pack("<H", 60000))
    with pytest.raises(openslide.OpenSlideError):
        openslide.OpenSlide(path)
