"""DICOM sets for tests: small ones, ones without room in their headers, and deflated ones.

pydicom reads and writes them, as strictly as it can, so the tests stand on somebody else's
understanding of the format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blankslide.samples.dicom import build_dicom

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))
SMALL: dict[str, Any] = {
    "size": (160, 120),
    "tile": 64,
    "factors": (1, 2),
    "label_size": (60, 72),
    "macro_size": (96, 40),
}
_NEEDED = """
    Rows Columns SamplesPerPixel PlanarConfiguration PhotometricInterpretation NumberOfFrames BitsAllocated BitsStored
    HighBit PixelRepresentation TotalPixelMatrixColumns TotalPixelMatrixRows ImageType SOPClassUID PixelData
    DimensionOrganizationType OpticalPathSequence SharedFunctionalGroupsSequence
"""


def read(path: Path, **options: Any) -> Any:
    """Read as strictly as pydicom can, and touch every value."""
    from pydicom import config, dcmread

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.RAISE
    try:
        data = dcmread(path, **options)
        str(data)
        return data
    finally:
        config.settings.reading_validation_mode = before


def flavour(path: Path) -> str:
    """Third value of Image Type."""
    return str(read(path, stop_before_pixels=True).ImageType[2])


def minimal(folder: Path, kind: str = "VOLUME", tile: int = 64, **more: Any) -> Path:
    """Write a header in which nothing gives room: short UIDs, no patient, explicit lengths."""
    build_dicom(folder / "w.dcm", **{**SMALL, "tile": tile})
    source = read(folder / ("w.dcm" if kind == "VOLUME" else "w_label.dcm"))
    for file in folder.iterdir():
        file.unlink()
    for element in list(source):
        if element.keyword not in _NEEDED.split():
            del source[element.tag]
    source.SOPInstanceUID = source.file_meta.MediaStorageSOPInstanceUID = "2.25.7"
    source.SeriesInstanceUID, source.StudyInstanceUID = "2.25.8", "2.25.9"
    for name in ("ImplementationVersionName", "SourceApplicationEntityTitle"):
        delattr(source.file_meta, name)
    source.update(more)
    path = folder / "tight.dcm"
    source.save_as(path, enforce_file_format=True)
    return path


def tight_native(folder: Path) -> Path:
    """Write a header without room in front of native frames, where nothing else can give any."""
    path = minimal(folder, OperatorsName="Ott")
    data = read(path)
    data.decompress()
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "2.25.7"
    data.save_as(path, enforce_file_format=True)
    return path


def deflated(folder: Path, **overrides: Any) -> Path:
    """Write a set with deflated data sets."""
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    path = folder / "s.dcm"
    build_dicom(path, **{**SMALL, "native": True, **overrides})
    for file in folder.iterdir():
        data = read(file)
        data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        data.save_as(file, enforce_file_format=True)
    return path
