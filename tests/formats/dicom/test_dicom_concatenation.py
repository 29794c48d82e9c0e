"""A level in several files stays one level: each part is cleaned, and the parts are judged as one picture."""

from __future__ import annotations

import warnings
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.encaps import encapsulate, generate_frames

from blankslide import pipeline
from blankslide.pipeline import Options
from blankslide.samples.dicom import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, read

if TYPE_CHECKING:
    from pathlib import Path


def frames_of(data: Any) -> list[bytes]:
    return list(generate_frames(data.PixelData, number_of_frames=data.NumberOfFrames))


def concatenated(folder: Path, shown: bytes = b"", moved: int = 0) -> list[Path]:
    """Write the largest level as two files; the second may show other frames, and claim other places."""
    build_dicom(folder / "s.dcm", **SMALL)
    whole = read(folder / "s.dcm")
    frames, source = frames_of(whole), whole.SOPInstanceUID
    half = len(frames) // 2
    out = []
    for number, own in enumerate((frames[:half], frames[half:])):
        part = deepcopy(whole)
        part.NumberOfFrames = len(own)
        part.PixelData = encapsulate([shown] * len(own) if shown and number else own)
        part["PixelData"].is_undefined_length = True
        part.ConcatenationUID = "1.2.826.0.1.3680043.8.498.99.1"
        part.SOPInstanceUIDOfConcatenationSource = source
        part.InConcatenationNumber, part.InConcatenationTotalNumber = number + 1, 2
        part.ConcatenationFrameOffsetNumber = half * number - moved * number
        part.SOPInstanceUID = part.file_meta.MediaStorageSOPInstanceUID = f"{source[:-3]}.{number + 1}"
        out.append(folder / f"s_part{number}.dcm")
        part.save_as(out[-1], enforce_file_format=True)
    (folder / "s.dcm").unlink()
    return out


def test_the_parts_stay_one_level_for_wsidicom(tmp_path: Path) -> None:
    wsidicom = pytest.importorskip("wsidicom", reason="wsidicom is not installed")

    def seen() -> Any:
        with warnings.catch_warnings(), wsidicom.WsiDicom.open(tmp_path) as slide:
            warnings.simplefilter("ignore")
            return [(v.size.width, v.size.height) for v in slide.levels], np.asarray(
                slide.read_region((0, 0), 0, (160, 120))
            ).tobytes()

    parts = concatenated(tmp_path)
    before, coded = seen(), [frames_of(read(part)) for part in parts]
    outcome = pipeline.anonymize_in_place(parts[0], Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert seen() == before
    after = [read(part) for part in parts]
    assert [frames_of(data) for data in after] == coded
    assert len({data.ConcatenationUID for data in after}) == 1
    assert len({data.SOPInstanceUIDOfConcatenationSource for data in after}) == 1
    assert all(data.ConcatenationUID.startswith("2.25.") for data in after)
    assert pipeline.verify(parts[1], Options(key=KEY)).content == "clean"


@pytest.mark.parametrize("moved", [0, 2])
def test_a_part_that_shows_something_else_is_told(tmp_path: Path, moved: int) -> None:
    import io

    from PIL import Image

    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[8:50:3, 6:58:2] = 0
    label = io.BytesIO()
    Image.fromarray(pixels).save(label, "JPEG")
    parts = concatenated(tmp_path, label.getvalue(), moved)
    outcome = pipeline.anonymize_in_place(parts[0], Options(key=KEY))
    assert outcome.content == "residue"
