"""Huron: the conformance suite, and what the suite cannot know of Huron."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from openslide import OpenSlide

from blankslide import pipeline
from blankslide.errors import ContradictorySlide
from blankslide.formats.huron import FORMAT
from blankslide.samples.kit import tiff_pages
from blankslide.samples.kit.drawing import tissue
from blankslide.samples.kit.patients import invent
from blankslide.samples.kit.tiff_values import LONG, SHORT, long
from blankslide.samples.kit.tiff_values import ascii as text
from blankslide.testing.built import build_huron
from blankslide.testing.conformance import FormatConformance
from blankslide.viewing.pyramid import open_pyramid

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {
    "size": (300, 256), "factors": (1, 2), "tile": 128, "label_size": (40, 48), "macro_size": (96, 32),
}  # fmt: skip


class TestHuron(FormatConformance):
    format = FORMAT
    suffix = ".tif"
    small: ClassVar[dict[str, Any]] = SMALL
    expected = frozenset(
        {
            "picture.label", "picture.macro", "picture.thumbnail", "huron.description.barcode", "tiff.date-time",
            "huron.description.deviceid", "huron.description.scan-started", "huron.description.ward-note",
        }
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_huron(path, **overrides)


class TestBigWithJpegPictures(TestHuron):
    whole = False
    recipe: ClassVar[dict[str, Any]] = {"big": True, "codec": "jpeg", "types": {273: LONG, 279: SHORT}}

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_huron(path, **{**self.recipe, **overrides})


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(**overrides: Any) -> Path:
        path = tmp_path / "slide.tif"
        build_huron(path, **{**SMALL, **overrides})
        return path

    return build


def ids(path: Path) -> set[str]:
    return {f.id for f in pipeline.inspect(path).findings}


def properties(path: Path) -> dict[str, str]:
    with OpenSlide(path) as opened:
        return dict(opened.properties)


def test_a_bar_code_in_base64_is_searched_for_as_plain_text_too(slide: Callable[..., Path]) -> None:
    found = next(f for f in pipeline.inspect(slide()).findings if f.id == "huron.description.barcode")
    assert found.value is not None
    assert {v.reveal() for v in found.values} == {invent(41).accession}


def test_text_with_the_word_macro_chooses_no_page(slide: Callable[..., Path]) -> None:
    """peer-failures A1.2, 4: a free text that holds the word must not make a page the macro."""
    path = slide(text="Resolution = 0.5 um\nTitle = CD68 macrophage\nNote = label image 7", macro_size=None)
    assert {a.role for a in pipeline.inspect(path).associated} == {"thumbnail", "label"}
    assert pipeline.anonymize_in_place(path).content == "clean"
    with OpenSlide(path) as opened:
        assert opened.level_count == 2
        assert set(opened.associated_images) == {"thumbnail"}


def test_short_values_are_not_replaced_elsewhere(slide: Callable[..., Path]) -> None:
    """peer-failures 17: search and replace of a short value changed the pixel size."""
    path = slide(text="Slide = 5\nResolution = 0.5 um\nImage Dimensions = 300 x 256\nRack = 20\nObjective = 20")
    assert pipeline.anonymize_in_place(path).content == "clean"
    known = properties(path)
    assert known["huron.Resolution"] == "0.5 um"
    assert known["huron.Image Dimensions"] == "300 x 256"
    assert known["huron.Objective"] == "20"
    assert not {"huron.Slide", "huron.Rack"} & known.keys()


def test_a_description_of_which_nothing_stays_still_opens(slide: Callable[..., Path]) -> None:
    path = slide(text="Operator = somebody\r\nBarcode = c29tZWJvZHk=\r\njust words")
    outcome = pipeline.anonymize_in_place(path)
    assert (outcome.content, outcome.readers) == ("clean", ("OpenSlide", "tifffile"))


def test_only_the_beginning_of_make_stays(slide: Callable[..., Path]) -> None:
    path = slide(tags={0: {271: text("Huron TissueScope, Utopia South ward 7")}})
    assert "huron.make" in ids(path)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert properties(path)["tiff.Make"] == "Huron TissueScope"
    assert pipeline.anonymize_in_place(path).writes == 0


@pytest.mark.parametrize("make", ["HuronUtopia", "Huron\0Utopia South"])
def test_make_without_a_border_is_cut_behind_the_name(slide: Callable[..., Path], make: str) -> None:
    path = slide(tags={1: {271: text(make)}})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Utopia" not in path.read_bytes()


def test_science_with_text_behind_it_loses_the_text_only(slide: Callable[..., Path]) -> None:
    path = slide(text="Resolution = 0.5 um for Dr. Nonesuch\nObjective = 20")
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert properties(path)["huron.Resolution"] == "0.5 um"


def test_text_behind_the_description_goes(slide: Callable[..., Path]) -> None:
    path = slide(tags={0: {270: text("Resolution = 0.5 um\0Nonesuch was here\0")}})
    assert "huron.description.remainder" in ids(path)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Nonesuch" not in path.read_bytes()


def test_a_page_of_the_slides_shape_is_left_for_review(slide: Callable[..., Path]) -> None:
    """What may be tissue is not touched, and the slide is not called clean, on every run."""
    recipe = tiff_pages.recipe(41, None, SMALL)
    extra = tiff_pages.stripped(tissue(150, 128, 5), 0, recipe)
    path = slide(extra=(extra,))
    for _ in range(2):
        outcome = pipeline.anonymize_in_place(path)
        assert outcome.content == "residue"
        assert any("picture.unknown" in sentence for sentence in outcome.residue)
    assert bytes(extra.strips[0]) in path.read_bytes()  # type: ignore[arg-type]


def test_a_strange_picture_of_another_shape_goes(slide: Callable[..., Path]) -> None:
    recipe = tiff_pages.recipe(41, None, SMALL)
    path = slide(extra=(tiff_pages.stripped(tissue(60, 200, 5), 0, recipe),))
    assert pipeline.anonymize_in_place(path).content == "clean"
    with OpenSlide(path) as opened:
        assert set(opened.associated_images) == {"thumbnail"}


@pytest.mark.parametrize("tags", [{254: long(9)}, {257: long(90)}])
def test_a_tiled_page_that_is_no_level_is_refused(slide: Callable[..., Path], tags: dict[int, Any]) -> None:
    path = slide(tags={2: tags})
    before = path.read_bytes()
    with pytest.raises(ContradictorySlide):
        pipeline.anonymize_in_place(path)
    assert path.read_bytes() == before


def test_a_model_stays_unless_it_holds_the_number_of_one_scanner(slide: Callable[..., Path]) -> None:
    path = slide()
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert properties(path)["tiff.Model"] == "TissueScope LE"
    path = slide(tags={0: {272: text("TissueScope LE-1476")}})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"LE-1476" not in path.read_bytes()


def test_levels_and_pictures_can_be_viewed(slide: Callable[..., Path]) -> None:
    with open_pyramid(slide()) as pyramid:
        assert [level.shape[:2] for level in pyramid.levels] == [(256, 300), (128, 150)]
        assert pyramid.mpp == (0.5, 0.5)
        assert pyramid.pictures["label"].shape[:2] == (48, 40)
