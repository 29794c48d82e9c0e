"""Argos: the conformance suite, focal planes, and pages that are counted from the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from openslide import OpenSlide
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formats.argos import FORMAT
from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.drawing import tissue
from blankslide.samples.kit.tiff_values import long
from blankslide.testing.built import build_argos
from blankslide.testing.own.linked import LinkedConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (300, 256), "factors": (1, 2), "tile": 128, "macro_size": (240, 80)}


class TestOnePlane(LinkedConformance):
    format = FORMAT
    suffix = ".avs"
    vendor = "argos"
    pictures = frozenset({3, 4})
    planes: ClassVar[int] = 1
    small: ClassVar[dict[str, Any]] = {**SMALL, "factors": (1, 2, 4)}
    expected = frozenset(
        {
            "picture.macro", "picture.thumbnail", "argos.barcode", "argos.acquisitiondate", "argos.acquisitiontime",
            "argos.scanner", "argos.operator.login", "argos.comment", "tiff.date-time",
        }
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_argos(path, planes=self.planes, **overrides)


class TestThreePlanes(TestOnePlane):
    whole = False
    planes = 3
    pictures = frozenset({9, 10})

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_argos(path, planes=3, **{"size": (600, 450), **overrides})


class TestUncompressedPictures(TestOnePlane):
    whole = False

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_argos(path, codec="raw", **overrides)


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(**overrides: Any) -> Path:
        path = tmp_path / "slide.avs"
        build_argos(path, **{**SMALL, **overrides})
        return path

    return build


def pictures(path: Path) -> dict[str, Any]:
    with OpenSlide(path) as opened:
        return {name: picture.convert("RGB") for name, picture in opened.associated_images.items()}


def test_the_macro_stays_in_its_place_so_that_the_map_is_not_taken_for_it(slide: Callable[..., Path]) -> None:
    """peer-failures A3: by position, a second run ate the thumbnail."""
    path = slide()
    before = pictures(path)["thumbnail"]
    for _ in range(2):
        assert pipeline.anonymize_in_place(path).content == "clean"
        after = pictures(path)
        assert after["thumbnail"] == before
        assert all(low == high for low, high in after["macro"].getextrema())


def test_the_middle_plane_is_the_one_that_openslide_shows(slide: Callable[..., Path]) -> None:
    path = slide(planes=3)
    inspection = pipeline.inspect(path)
    assert [level.page for level in inspection.levels] == [2, 3]
    assert inspection.notes == ("3 focal planes; the middle one is shown",)
    with TiffFile(path) as tiff, OpenSlide(path) as opened:
        shown = opened.read_region((128, 0), 0, (32, 32)).convert("RGB")
        assert shown.tobytes() == tiff.pages[2].asarray()[:32, 128:160].tobytes()


def test_values_are_gone_from_what_readers_say(slide: Callable[..., Path]) -> None:
    path = slide()
    assert pipeline.anonymize_in_place(path).content == "clean"
    with OpenSlide(path) as opened:
        known = dict(opened.properties)
    assert known["argos.ObjectiveName"] == "Olympus UPlanXApo 20x"
    assert (known["argos.MinZ"], known["argos.MaxZ"], known["argos.ZRange"]) == ("0", "0", "0")
    assert not known["openslide.barcode"].strip()
    assert not known["argos.AcquisitionDate"].strip()
    with TiffFile(path) as tiff:
        assert tiff.is_avs


@pytest.mark.parametrize("name", ["Olympus UPlanXApo 20x of Dr. Nonesuch", "S21-4711", "UPlanXApo 4711"])
def test_an_objective_of_another_name_goes(slide: Callable[..., Path], name: str) -> None:
    xml = (
        f"<Argos.Scan.Metadata><MinZ>0</MinZ><MaxZ>0</MaxZ><ObjectiveName>{name}</ObjectiveName></Argos.Scan.Metadata>"
    )
    path = slide(text=xml)
    assert "argos.objectivename" in {f.id for f in pipeline.inspect(path).findings}
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert name.encode() not in path.read_bytes()


def test_a_map_of_another_shape_is_blanked_too(slide: Callable[..., Path]) -> None:
    path = slide()
    patched(path, 2, 257, 40)
    assert {a.role for a in pipeline.inspect(path).associated} == {"unknown", "macro"}
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert all(low == high for picture in pictures(path).values() for low, high in picture.getextrema())


def patched(path: Path, page: int, tag: int, value: int) -> None:
    """Give a page another number of one value."""
    with TiffFile(path, mode="r+b") as tiff:
        tiff.pages[page].tags[tag].overwrite(value)


def test_a_third_picture_of_the_slides_shape_is_left(slide: Callable[..., Path]) -> None:
    recipe = tiff_pages.recipe(45, None, {**SMALL, "codec": "jpeg"})
    extra = tiff_pages.stripped(tissue(150, 128, 5), 0, recipe)
    path = slide(extra=(extra,))
    assert pipeline.anonymize_in_place(path).content == "residue"
    assert bytes(extra.strips[0]) in path.read_bytes()  # type: ignore[arg-type]


@pytest.mark.parametrize("tags", [{254: long(9)}, {257: long(90)}])
def test_a_tiled_page_that_is_no_level_is_refused(slide: Callable[..., Path], tags: dict[int, Any]) -> None:
    path = slide(tags={1: tags})
    with pytest.raises(ContradictorySlide):
        pipeline.anonymize_in_place(path)


def test_broken_xml_is_damage_and_not_another_format(slide: Callable[..., Path]) -> None:
    path = slide(text="<Argos.Scan.Metadata><Barcode>S21-4711</Argos.Scan.Metadata>")
    before = path.read_bytes()
    with pytest.raises(DamagedSlide, match="not well formed"):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def test_a_map_with_words_in_its_streams_is_blanked(slide: Callable[..., Path]) -> None:
    path = slide()
    with TiffFile(path) as tiff:
        at = tiff.pages[2].dataoffsets[0]
    data = bytearray(path.read_bytes())
    assert data[at + 2 : at + 4] == b"\xff\xe0"
    data[at + 3], data[at + 6 : at + 20] = 0xFE, b"Nonesuch 47114"
    path.write_bytes(data)
    assert "jpeg.picture-text" in {f.id for f in pipeline.inspect(path).findings}
    for profile in ("research", "strict"):
        assert pipeline.anonymize_in_place(path, pipeline.Options(profile=profile)).content == "clean"
        assert b"Nonesuch" not in path.read_bytes()
    assert all(low == high for picture in pictures(path).values() for low, high in picture.getextrema())
