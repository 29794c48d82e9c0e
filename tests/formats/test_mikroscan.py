"""Mikroscan: the conformance suite, and what the suite cannot know of Mikroscan."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.errors import ContradictorySlide
from blankslide.formats.mikroscan import FORMAT
from blankslide.samples.kit.tiff_values import ascii as text
from blankslide.samples.kit.tiff_values import long
from blankslide.testing.built import build_mikroscan
from blankslide.testing.conformance import FormatConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {
    "size": (300, 256), "factors": (1, 2), "tile": 128, "label_size": (40, 48), "macro_size": (96, 32),
}  # fmt: skip
#: The one description that is public, in a comment of opentile.
REAL = (
    "Mikroscan Image Structure\n26880x42240 [0, 0 26880x42240] (256x256) JPEG / RGB Q = 30|AppMag = 20|"
    "SL5 SERIAL # = 1053|Date = 09/26/19|Time = 09:57:06|MPP = 0.453023"
)


class TestMikroscan(FormatConformance):
    format = FORMAT
    suffix = ".tif"
    small: ClassVar[dict[str, Any]] = SMALL
    expected = frozenset(
        {
            "picture.label", "picture.macro", "picture.thumbnail", "mikroscan.description.barcode", "tiff.date-time",
            "mikroscan.description.serial", "mikroscan.description.date", "mikroscan.description.asked-by",
        }
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_mikroscan(path, **overrides)


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(**overrides: Any) -> Path:
        path = tmp_path / "slide.tif"
        build_mikroscan(path, **{**SMALL, **overrides})
        return path

    return build


def description(path: Path) -> str:
    with TiffFile(path) as tiff:
        return str(tiff.pages[0].description)


def test_the_public_description_keeps_its_science(slide: Callable[..., Path]) -> None:
    path = slide(text=REAL)
    assert pipeline.inspect(path).mpp == (0.453023, 0.453023)
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert description(path) == REAL.replace("|SL5 SERIAL # = 1053|Date = 09/26/19|Time = 09:57:06", "")


def test_short_values_are_not_replaced_elsewhere(slide: Callable[..., Path]) -> None:
    """peer-failures 17: search and replace of a short value changed sizes and pixel size."""
    path = slide(text=REAL.replace("1053", "4") + "|Slide = 2")
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert description(path).endswith("Q = 30|AppMag = 20|MPP = 0.453023")


def test_a_sensitive_field_may_be_the_last_one(slide: Callable[..., Path]) -> None:
    """peer-failures 35: a crash when a sensitive field had no closing bar."""
    path = slide(text=REAL + "|Barcode = S21-4711")
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"4711" not in path.read_bytes()


def test_words_in_the_header_that_are_no_sizes_go(slide: Callable[..., Path]) -> None:
    path = slide(text=REAL.replace("JPEG / RGB", "JPEG / RGB Nonesuch 0815-4711"))
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Nonesuch" not in path.read_bytes()
    assert b"0815" not in path.read_bytes()
    assert "[0, 0 26880x42240] (256x256) JPEG / RGB" in description(path)


def test_a_title_with_the_word_macro_chooses_no_page(slide: Callable[..., Path]) -> None:
    """peer-failures A1.2, A2.2, 4: a title with the word made a page the macro."""
    path = slide(text=REAL + "|Title = label CD68 macrophage 100x100", macro_size=None)
    assert [a.role for a in pipeline.inspect(path).associated] == ["thumbnail", "label"]
    assert pipeline.anonymize_in_place(path).content == "clean"


def test_a_picture_without_description_is_known_by_its_type(slide: Callable[..., Path]) -> None:
    """peer-failures A1.1, A2.1: label and macro pages without a description were kept."""
    bare = {3: {270: text(""), 254: long(1)}, 4: {270: text(""), 254: long(9)}}
    path = slide(tags=bare)
    assert [a.role for a in pipeline.inspect(path).associated] == ["thumbnail", "label", "macro"]
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        assert len(tiff.pages) == 3


def test_a_label_that_is_typed_as_a_macro_goes(slide: Callable[..., Path]) -> None:
    path = slide(tags={3: {254: long(9)}})
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert {a.role for a in pipeline.inspect(path).associated} <= {"thumbnail"}


def test_a_level_described_as_label_is_refused(slide: Callable[..., Path]) -> None:
    path = slide(tags={2: {270: text("Mikroscan Image Structure\nlabel 150x128")}})
    with pytest.raises(ContradictorySlide, match="tiled"):
        pipeline.anonymize_in_place(path)


def test_the_label_in_the_thumbnails_place_is_no_thumbnail(slide: Callable[..., Path]) -> None:
    path = slide(tags={3: {270: text("Mikroscan Image Structure\n300x256 -> 40x48 - ")}})
    assert "picture.unknown" in {f.id for f in pipeline.inspect(path).findings}
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        assert len(tiff.pages) == 3
