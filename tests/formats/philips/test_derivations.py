"""What Philips says of how a picture came to be: the settings stay, the file's name goes, and the slide ends clean."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tifffile import imwrite

from blankslide import pipeline
from blankslide.samples.kit.drawing import tissue

if TYPE_CHECKING:
    from pathlib import Path

NAME = "KOVACS T14-03469"
ENCODER = "PHILIPS UFS V1.6.6186 | Quality=2 | DWT=1 | Compressor=16"
EXPORT = "tiff-useBigTIFF=1-useRgb=0-levels=10003,10002,10000,10001-processing=0-q80"
GAIN = "tiff-useBigTIFF=1-clip=2-gain=10-useRgb=0-levels=10003,10002,10000,10001-q75"
OF_A_PART = "PHILIPS UFS V1.5.4315 | Quality=2 | DWT=1 | Compressor=KOVACS | original=1.3.46.670589.45.1.1.12"


def xml(derivation: str) -> str:
    """Describe one scan of tissue."""
    told = {"PIM_DP_IMAGE_TYPE": "WSI", "DICOM_DERIVATION_DESCRIPTION": escape(derivation)}
    scan = "".join(
        f'<Attribute Name="{name}" Group="0x301D" Element="0x1004" PMSVR="IString">{value}</Attribute>'
        for name, value in told.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">'
        '<Attribute Name="PIM_DP_SCANNED_IMAGES" Group="0x301D" Element="0x1003" PMSVR="IDataObjectArray"><Array>'
        f'<DataObject ObjectType="DPScannedImage">{scan}</DataObject></Array></Attribute></DataObject>'
    )


@pytest.mark.parametrize("profile", ["research", "strict"])
@pytest.mark.parametrize(
    ("derivation", "kept"),
    [
        (f'{EXPORT}-sourceFilename="{NAME}.isyntax";{ENCODER}', f"&quot;;{ENCODER}"),
        (f'{EXPORT}-sourceFilename="{NAME} "a".isyntax";{ENCODER}', f"&quot;;{ENCODER}"),
        (f'{EXPORT}-sourceFilename="{NAME}.ndpi"', EXPORT),
        (f"{GAIN};{ENCODER}", f"{GAIN};{ENCODER}"),
        (EXPORT, EXPORT),
        (OF_A_PART, ""),
    ],
)
def test_the_settings_stay_and_the_name_goes(tmp_path: Path, derivation: str, kept: str, profile: str) -> None:
    path, pixels = tmp_path / "slide.tiff", np.asarray(tissue(640, 480, 7).resize((256, 192)))
    imwrite(
        path,
        pixels,
        tile=(64, 64),
        photometric="rgb",
        metadata=None,
        description=xml(derivation),
        software="Philips DP v1.0",
    )
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(profile=profile))
    assert (outcome.content, outcome.residue) == ("clean", ())
    data = path.read_bytes()
    assert kept.encode() in data
    assert b"KOVACS" not in data
    assert b"670589" not in data


def test_what_is_no_setting_of_an_encoder_goes(tmp_path: Path) -> None:
    path = tmp_path / "slide.tiff"
    text = xml(f"{EXPORT};PHILIPS UFS V1.6.6186 | Quality=2 | Patient=KOVACS")
    imwrite(
        path,
        np.zeros((192, 256, 3), np.uint8),
        tile=(64, 64),
        photometric="rgb",
        metadata=None,
        description=text,
        software="Philips DP",
    )
    pipeline.anonymize_in_place(path)
    assert b"KOVACS" not in path.read_bytes()
