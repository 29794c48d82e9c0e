"""Zeiss CZI: names of elements are text, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.samples.zeiss.slide import build_zeiss
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {
    "size": (128, 96), "tile": 64, "factors": (1, 2), "label_size": (80, 96), "macro_size": (120, 48),
    "thumbnail_size": (64, 48),
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "<ScalingComponent><Vogts_Thordis>1</Vogts_Thordis></ScalingComponent>",
        "<ScalingComponent><Vogts_Thordis/></ScalingComponent>",
        '<Vogts_Thordis Version="1.0"><Value>2</Value></Vogts_Thordis>',
    ],
)
def test_an_element_called_like_somebody_goes_whole(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.czi"
    xml = f"<ImageScaling>{text}</ImageScaling>" if text[1] == "S" else text
    build_zeiss(path, **SMALL, xml=xml)
    assert places_of("Vogts_Thordis", path.read_bytes())
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=bytes(32)))
    assert outcome.content == "clean"
    assert not places_of("Vogts_Thordis", path.read_bytes())


def test_elements_called_by_technical_words_stay(tmp_path: Path) -> None:
    path = tmp_path / "s.czi"
    words = "<LightEmittingDiode/><OCRs/><ApotomeMode/><TotalClipLimit/>"
    build_zeiss(path, **SMALL, xml=f"<ImageScaling>{words}</ImageScaling>")
    pipeline.anonymize_in_place(path, pipeline.Options(key=bytes(32)))
    assert words.encode() in path.read_bytes()


@pytest.mark.parametrize(
    "attribute", ['xmlns:q="Vogts_Thordis"', 'Id="123456789012"', 'Id="{0f8fad5b-d9cb-469f-a165-70867728950e}"']
)
def test_attributes_of_an_element_that_goes_whole_go_with_it(attribute: str, tmp_path: Path) -> None:
    path = tmp_path / "s.czi"
    xml = f"<AttachmentInfos><Barcode><Content {attribute}>4711 0815</Content></Barcode></AttachmentInfos>"
    build_zeiss(path, **SMALL, xml=xml)
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=bytes(32)))
    assert outcome.content == "clean"
    assert attribute.encode() not in path.read_bytes()
