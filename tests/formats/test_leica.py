"""Leica SCN: both schemas, the macro at every resolution, and what contradicts itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from openslide import OpenSlide

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.formats.leica import FORMAT
from blankslide.samples.kit.spots import Spot
from blankslide.samples.kit.tiff_values import ascii as text
from blankslide.testing.built import build_leica
from blankslide.testing.own.linked import LinkedConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

KEY = b"k" * 32
SMALL: dict[str, Any] = {
    "size": (256, 192),
    "factors": (1, 2),
    "macro_size": (80, 232),
    "macro_factors": (1, 2),
    "tile": 128,
}
SMALL_WITH_LABEL = {**SMALL, "label_size": (96, 96)}


class TestScn400(LinkedConformance):
    format = FORMAT
    suffix = ".scn"
    vendor = "leica"
    flavour = "scn400"
    pictures = frozenset({0, 1})
    small = SMALL
    expected = frozenset(
        {
            "picture.macro", "leica.collection.barcode", "leica.collection.name", "leica.collection.uuid",
            "leica.image.name", "leica.image.uuid", "leica.image.creation-date", "leica.device.version",
            "leica.scn.uuid", "leica.comment", "tiff.date-time",
        }
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_leica(path, self.flavour, **overrides)


class TestVersa(TestScn400):
    whole = False
    flavour = "versa"
    pictures = frozenset({0, 1, 4})
    expected = TestScn400.expected | {"picture.label"}
    small = SMALL_WITH_LABEL


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(flavour: str = "scn400", **overrides: Any) -> Path:
        path = tmp_path / "slide.scn"
        build_leica(path, flavour, **{**SMALL, **overrides})
        return path

    return build


def xml_of(path: Path) -> str:
    found = re.search(rb"<\?xml.*?</scn>", path.read_bytes(), re.S)
    assert found
    return found[0].decode()


def patched(path: Path, old: str, new: str) -> Path:
    """Replace text of equal length in the file."""
    assert len(old) == len(new)
    data = path.read_bytes()
    assert old.encode() in data
    path.write_bytes(data.replace(old.encode(), new.encode()))
    return path


def test_barcode_is_removed_in_base64_too(slide: Callable[..., Path]) -> None:
    path = slide()
    assert "leica.collection.barcode" in {f.id for f in pipeline.inspect(path).findings}
    assert pipeline.anonymize_in_place(path).content == "clean"
    with OpenSlide(path) as after:
        assert not after.properties.get("leica.barcode", "").strip()


def test_ids_stay_ids_and_equal_ones_stay_equal(slide: Callable[..., Path]) -> None:
    path = slide()
    options = pipeline.Options(key=KEY)
    assert pipeline.anonymize_in_place(path, options).content == "clean"
    assert len(re.findall(r'uuid="urn:uuid:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"', xml_of(path))) == 4
    assert pipeline.anonymize_in_place(path, options).writes == 0


def test_every_resolution_of_the_macro_is_blanked(slide: Callable[..., Path]) -> None:
    from tifffile import TiffFile

    path = slide(macro_factors=(1, 2, 4))
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        assert [len({tuple(p) for p in tiff.pages[i].asarray().reshape(-1, 3).tolist()}) for i in range(3)] == [1, 1, 1]


def test_pages_keep_their_numbers(slide: Callable[..., Path]) -> None:
    """peer-failures 3, 11, 13: unlinking pages damaged the chain; here the XML counts them."""
    from tifffile import TiffFile

    path = slide("versa", label_size=(96, 96))
    with TiffFile(path) as tiff:
        before = [p.offset for p in tiff.pages]
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        assert [p.offset for p in tiff.pages] == before
        assert tiff.is_scn


def test_short_values_are_not_replaced_elsewhere(slide: Callable[..., Path]) -> None:
    """peer-failures 17: search and replace of a short value changed sizes and pixel size."""
    path = slide(spots={"case": Spot("leica.collection.name", "20"), "note": Spot("x", "0.4")})
    before = re.findall(r'(?:size|offset|ifd|r)\w*="(\d+)"|<objective>(.*?)<', xml_of(path))
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert re.findall(r'(?:size|offset|ifd|r)\w*="(\d+)"|<objective>(.*?)<', xml_of(path)) == before


def test_a_macro_with_a_scanning_objective_is_refused(slide: Callable[..., Path]) -> None:
    path = patched(slide(), "0.60833", "40.0000")
    with pytest.raises(ContradictorySlide, match="objective"):
        pipeline.anonymize_in_place(path)


def test_tissue_with_the_objective_of_a_macro_is_refused(slide: Callable[..., Path]) -> None:
    path = patched(slide(), "<objective>20<", "<objective>.6<")
    with pytest.raises((ContradictorySlide, DamagedSlide)):
        pipeline.anonymize_in_place(patched(path, "<objective>.6<", "<objective>01<"))


def test_a_page_of_another_size_than_announced_is_refused(slide: Callable[..., Path]) -> None:
    path = patched(slide(), 'sizeX="80" sizeY="232" r="0"', 'sizeX="81" sizeY="232" r="0"')
    with pytest.raises(ContradictorySlide, match="another size"):
        pipeline.anonymize_in_place(path)


def test_a_page_that_the_xml_gives_twice_is_refused(slide: Callable[..., Path]) -> None:
    path = patched(slide(), 'ifd="1"', 'ifd="2"')
    with pytest.raises(ContradictorySlide):
        pipeline.anonymize_in_place(path)


def test_a_name_that_says_label_chooses_no_page(slide: Callable[..., Path]) -> None:
    """peer-failures 4: a free text that holds the word must not make a page the label."""
    path = slide(spots={"image-name": Spot("leica.image.name", "label macro 7")})
    assert {a.role for a in pipeline.inspect(path).associated} == {"macro"}
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_texts_of_further_pages_go(slide: Callable[..., Path]) -> None:
    path = slide(tags={2: {270: text("call Dr. Nonesuch"), 315: text("A. Nother")}})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Nonesuch" not in path.read_bytes()
    assert b"Nother" not in path.read_bytes()


def test_real_xml_keeps_its_science(shared: Path, slide: Callable[..., Path]) -> None:
    """The real XML of Leica-1 around small pages of its own numbers; the lowest level is no smaller than real ones."""
    real = (shared / "metadata" / "leica" / "Leica-1.xml").read_bytes().decode()

    sizes = {
        "macro_size": (101, 291),
        "macro_factors": (1, 4, 16),
        "size": (1151, 1201),
        "factors": (1, 2, 4, 8, 16),
    }
    built = [(101 // f, 291 // f) for f in (1, 4, 16)] + [(1151 // f, 1201 // f) for f in sizes["factors"]]

    def scaled(match: re.Match[str]) -> str:
        width, height = built[int(match[2])]
        return f'sizeX="{width}" sizeY="{height}" r="{match[1]}" ifd="{match[2]}"'

    small = re.sub(r'sizeX="\d+" sizeY="\d+" r="(\d)" ifd="(\d)"', scaled, real)
    path = slide(xml=small, **sizes)
    science = re.compile(
        r'(?:size|offset|spacing)\w="\d+"|\w="\d+" ifd="\d+"|<(?:objective|numer|illuminationSource).*?/'
    )
    assert pipeline.anonymize_in_place(path).content == "clean"
    after = xml_of(path)
    assert science.findall(after) == science.findall(small)
    for value in ("MDQwNTA2MjlD", "0000000128", "2011-05-31", "2011/03/30", "2b930baa"):
        assert value not in after
    with OpenSlide(path) as opened:
        assert opened.properties["leica.device-model"] == "Leica SCN400;Leica SCN"
        assert opened.properties["leica.objective"] == "20"


def test_several_regions_are_all_tissue_and_the_largest_is_shown(slide: Callable[..., Path]) -> None:
    xml = xml_of(slide())
    main = re.findall(r"<image .*?</image>", xml, re.S)[1]
    whole, half = re.findall(r"<dimension[^>]*/>", main)
    small = half.replace('r="1"', 'r="0"')
    second = main.replace(whole, "").replace(half, small).replace('offsetX="1200000"', 'offsetX="300000"')
    second = second.replace('<view sizeX="128000" sizeY="96000"', '<view sizeX="64000" sizeY="48000"')
    path = slide(xml=xml.replace(main, main.replace(half, "") + second))
    found = pipeline.inspect(path)
    assert [(v.width, v.page) for v in found.levels] == [(256, 2)]
    assert any("2 regions" in n for n in found.notes)
    with OpenSlide(path) as before:
        pixels = before.read_region((0, 0), 0, before.dimensions).tobytes()
        properties = {k: v for k, v in before.properties.items() if "region" in k or "mpp" in k}
    assert pipeline.anonymize_in_place(path).content == "clean"
    with OpenSlide(path) as after:
        assert after.read_region((0, 0), 0, after.dimensions).tobytes() == pixels
        assert {k: after.properties.get(k) for k in properties} == properties
    assert properties["openslide.mpp-x"]


@pytest.mark.parametrize("flavour", ["scn400", "versa"])
def test_a_reader_of_unrelated_code_sees_the_same_tissue(slide: Callable[..., Path], flavour: str) -> None:
    slideio = pytest.importorskip("slideio", reason="slideio is not installed: it judges SCN beside OpenSlide")
    path = slide(flavour)

    def seen() -> tuple[float, tuple[Any, ...]]:
        opened = slideio.open_slide(str(path), "SCN")
        scene = opened.get_scene(0)
        pixels = scene.read_block(size=(128, 0)).tobytes()
        macro = opened.get_aux_image("Macro").read_block(size=(64, 0))
        return float(macro.std()), (opened.num_scenes, scene.size, scene.magnification, scene.resolution, pixels)

    contrast, before = seen()
    assert contrast
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert seen() == (0.0, before)
