"""DICOM sets for tests: small ones, ones without room in their headers, and deflated ones.

pydicom reads and writes them, as strictly as it can, so the tests stand on somebody else's
understanding of the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from blankslide.testing.built import build_dicom

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


_DIRECTORY = "1.2.826.0.1.3680043.10.1496.51"


def with_directory(folder: Path, recipe: Mapping[str, Any] | None = None, **more: Any) -> Path:
    """Write a set under names that a DICOMDIR may hold, and the DICOMDIR; return the set's main file.

    Parameters
    ----------
    recipe
        What the set has other than small ones have.
    more
        Further attributes of the patient's record, of which some may be None: left out.
    """
    build_dicom(folder / "A.DCM", **{**SMALL, **(recipe or {})})
    for number, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / f"IM{number}")
    write_directory(folder, **more)
    return folder / "IM0"


def write_directory(folder: Path, icon: bool = True, uid: str = _DIRECTORY, **more: Any) -> Path:
    """Write a DICOMDIR of all files of a folder, with icons; its patients are told apart by their ids."""
    from pydicom.dataset import Dataset, FileMetaDataset

    directory: Any = Dataset()
    directory.file_meta = FileMetaDataset()
    directory.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.file_meta.MediaStorageSOPInstanceUID = uid
    directory.FileSetID, directory.FileSetConsistencyFlag = "DISK", 0
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    records, below = _records([f for f in sorted(folder.iterdir()) if f.is_file() and f.name != "DICOMDIR"])
    for record in () if icon else records:
        record.pop("IconImageSequence", None)
    for name, value in more.items():
        if value is None:
            del records[0][name]
        else:
            setattr(records[0], name, value)
    directory.DirectoryRecordSequence = records
    path = folder / "DICOMDIR"
    directory.save_as(path, enforce_file_format=True)
    _point(directory, below, [item.seq_item_tell for item in read(path).DirectoryRecordSequence])
    directory.save_as(path, enforce_file_format=True)
    return path


_KEYS = {
    "PATIENT": ("PatientID", "PatientName PatientID PatientBirthDate"),
    "STUDY": ("StudyInstanceUID", "StudyDate StudyTime StudyDescription StudyInstanceUID StudyID AccessionNumber"),
    "SERIES": ("SeriesInstanceUID", "Modality SeriesInstanceUID SeriesNumber InstitutionName"),
    "IMAGE": ("SOPInstanceUID", "InstanceNumber ImageComments ImageType"),
}


def _records(files: list[Path]) -> tuple[list[Any], dict[int, list[int]]]:
    """Return the records of files, and which stand below which; -1 is the root."""
    from pydicom.dataset import Dataset

    records: list[Any] = []
    below: dict[int, list[int]] = {-1: []}
    known: dict[str, int] = {}
    for file in files:
        data, above = read(file), -1
        for kind, (unique, keys) in _KEYS.items():
            uid = kind + str(data[unique].value)
            if uid not in known:
                known[uid] = len(records)
                below[above].append(len(records))
                below[len(records)] = []
                record: Any = Dataset()
                record.DirectoryRecordType, record.RecordInUseFlag = kind, 0xFFFF
                record.OffsetOfTheNextDirectoryRecord = record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
                record.update({k: data[k].value for k in keys.split() if k in data})
                if kind == "IMAGE":
                    _point_to(record, data, file.name)
                records.append(record)
            above = known[uid]
    return records, below


def _point_to(record: Any, data: Any, name: str) -> None:
    from pydicom.dataset import Dataset

    record.ReferencedFileID, record.ReferencedSOPClassUIDInFile = name, data.SOPClassUID
    record.ReferencedSOPInstanceUIDInFile = data.SOPInstanceUID
    record.ReferencedTransferSyntaxUIDInFile = data.file_meta.TransferSyntaxUID
    icon: Any = Dataset()
    icon.SamplesPerPixel, icon.PhotometricInterpretation, icon.Rows, icon.Columns = 1, "MONOCHROME2", 4, 8
    icon.BitsAllocated, icon.BitsStored, icon.HighBit, icon.PixelRepresentation = 8, 8, 7, 0
    icon.add_new(0x7FE00010, "OB", b"a label of Quillfeather's slide")
    record.IconImageSequence = [icon]


def _point(directory: Any, below: dict[int, list[int]], places: list[int]) -> None:
    """Write the offsets of all records."""
    records = directory.DirectoryRecordSequence
    for above, numbers in below.items():
        for number, later in pairwise(numbers):
            records[number].OffsetOfTheNextDirectoryRecord = places[later]
        if above >= 0 and numbers:
            records[above].OffsetOfReferencedLowerLevelDirectoryEntity = places[numbers[0]]
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = places[below[-1][0]]
    directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = places[below[-1][-1]]
