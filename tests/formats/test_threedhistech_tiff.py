"""3DHISTECH TIFF: the conformance suite, and by what such a slide is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from tifffile import TiffFile

from blankslide import pipeline
from blankslide.formats.threedhistech_tiff import FORMAT
from blankslide.testing.built import build_threedhistech
from blankslide.testing.conformance import FormatConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted

SMALL: dict[str, Any] = {"size": (300, 256), "factors": (1, 2), "tile": 128}
#: The one description that is public, in a comment of opentile.
REAL = (
    "68608x95232 (256x256) JPEG/RGB Q=80|Date = 29/12/2009|Time = 12:43:52|MPP = 0.2325|3dh_PixelSizeX = 0.2325|"
    "3dh_PixelSizeY = 0.2325|3dh_Filter = Default|3dh_Profile = Current Profile"
)


class TestThreeDHistech(FormatConformance):
    whole = False
    format = FORMAT
    suffix = ".tif"
    small: ClassVar[dict[str, Any]] = SMALL
    expected = frozenset(f"3dhistech.description.{k}" for k in ("date", "time", "3dh-profile", "3dh-station"))

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_threedhistech(path, **overrides)


class TestWithPictures(TestThreeDHistech):
    whole = True
    more: ClassVar[dict[str, Any]] = {"label_size": (64, 80), "macro_size": (160, 54), "thumbnail": 4, "codec": "jpeg"}
    expected = TestThreeDHistech.expected | {"picture.label", "picture.macro"}

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_threedhistech(path, **{**self.more, **overrides})


@pytest.fixture
def slide(tmp_path: Path) -> Callable[..., Path]:
    def build(**overrides: Any) -> Path:
        path = tmp_path / "slide.tif"
        build_threedhistech(path, **{**SMALL, **overrides})
        return path

    return build


def test_the_public_description_keeps_its_science(slide: Callable[..., Path]) -> None:
    path = slide(text=REAL)
    assert pipeline.inspect(path).mpp == (0.2325, 0.2325)
    assert pipeline.anonymize_in_place(path).content == "clean"
    with TiffFile(path) as tiff:
        left = tiff.pages[0].description
    assert left == REAL.replace("|Date = 29/12/2009|Time = 12:43:52", "").removesuffix("|3dh_Profile = Current Profile")


@pytest.mark.parametrize(
    "words",
    [
        "a note on 3dh_PixelSizeX = 0.2325",
        "300x256 JPEG|Title = about 3dh_PixelSizeX = 0.2325|MPP = 0.2",
        "300x256 JPEG|3dh_PixelSizeX = secret",
        "Scan 300x256|3dh_PixelSizeX = 0.25",
    ],
)
def test_the_key_inside_a_text_makes_no_3dhistech_slide(slide: Callable[..., Path], words: str) -> None:
    assert pipeline.inspect(slide(text=words)).format == "generic_tiff"


def test_a_filter_that_somebody_named_goes(slide: Callable[..., Path]) -> None:
    path = slide(text=REAL.replace("Default", "Dr. Nonesuch"))
    assert "3dhistech.description.3dh-filter" in {f.id for f in pipeline.inspect(path).findings}
    assert pipeline.anonymize_in_place(path).content == "clean"
    assert b"Nonesuch" not in path.read_bytes()
