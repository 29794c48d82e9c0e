"""Motic: the conformance suite, what belongs to Aperio instead, and what is left for review."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.formats.motic import FORMAT
from blankslide.testing.built import build_motic
from blankslide.testing.conformance import FormatConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {
    "size": (300, 256), "factors": (1, 2), "tile": 128, "label_size": (40, 48), "macro_size": (96, 32),
}  # fmt: skip
FORM = "Motic EasyScan\n300x256 [0,0 300x256] [128x128] JPEG/RGB Q = 75|AppMag = 40|MPP = 0.25"


class TestMotic(FormatConformance):
    format = FORMAT
    suffix = ".tif"
    small: ClassVar[dict[str, Any]] = SMALL
    expected = frozenset(
        {
            "picture.label", "picture.macro", "picture.thumbnail", "motic.description.barcode", "tiff.date-time",
            "motic.description.scanner", "motic.description.date", "motic.description.sent-for",
        }
    )  # fmt: skip

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_motic(path, **overrides)


class TestWithJpegPictures(TestMotic):
    whole = False

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_motic(path, codec="jpeg", big=True, **overrides)


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(**overrides: Any) -> Path:
        path = tmp_path / "slide.tif"
        build_motic(path, **{**SMALL, **overrides})
        return path

    return build


def test_slides_of_aperios_kind_are_aperios(slide: Callable[..., Path]) -> None:
    assert pipeline.inspect(slide(text=FORM.replace("EasyScan", "V1.0.0"))).format == "aperio"
    assert pipeline.inspect(slide(text=FORM)).format == "motic"


@pytest.mark.parametrize("words", ["Motic scan of Dr. Nonesuch", "Motic EasyScan\nby Nonesuch|MPP = 0.25", "Motic"])
def test_a_description_of_another_form_is_left_and_needs_review(slide: Callable[..., Path], words: str) -> None:
    path = slide(text=words)
    for _ in range(2):
        outcome = pipeline.anonymize_in_place(path)
        assert outcome.content == "residue"
        assert outcome.exit_code == 1
        assert any(sentence.startswith("motic.description:") for sentence in outcome.residue)
        assert "Nonesuch" not in " ".join(outcome.residue)
    with TiffFile(path) as tiff:
        assert tiff.pages[0].description == words
        assert len(tiff.pages) == 3


def test_keys_stay_as_they_were_written(slide: Callable[..., Path]) -> None:
    """peer-failures A2.6: numbers were written anew, and repeated keys collapsed."""
    path = slide(text=FORM + "|MPP = 0.2500|Barcode = S-4711|Left = 0.000000")
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        assert tiff.pages[0].description == FORM + "|MPP = 0.2500|Left = 0.000000"


def test_a_value_with_an_equals_sign_in_it_goes_whole(slide: Callable[..., Path]) -> None:
    """peer-failures A2.3: an equals sign inside a value was an unexpected error."""
    path = slide(text=FORM + "|Note = bed=7 ward=Utopia|Ward Bell=")
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        assert tiff.pages[0].description == FORM
