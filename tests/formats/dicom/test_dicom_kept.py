"""What the format keeps by its rules, the census explains: a slide of legal values alone ends clean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset

from blankslide import pipeline
from blankslide.formats.dicom import legal_values, terms
from blankslide.formats.dicom.ps315_table import Row, rows
from blankslide.pipeline import Options
from blankslide.samples.dicom import build_dicom
from blankslide.testing.own.dicoms import KEY, read
from blankslide.testing.own.ps315 import SMALL

if TYPE_CHECKING:
    from pathlib import Path

_TEXTS = {
    0x00480107: "Brightfield, DAPI channel 1", 0x00080115: "SNOMED CT", 0x00201040: "SLIDE_CORNER",
    0x00209421: "Row tile index", 0x00080112: "HL7", 0x00480106: "1",
}  # fmt: skip
_VALUES: dict[str, Any] = {"DS": "1.5", "IS": "2", "FD": 1.5, "FL": 1.5, "UI": "1.2.840.10008.5.1.4.1.1.77.1.6"}
_SHAPE = frozenset(
    "Rows Columns SamplesPerPixel PlanarConfiguration NumberOfFrames BitsAllocated BitsStored HighBit "
    "NumberOfOpticalPaths PixelRepresentation TotalPixelMatrixColumns TotalPixelMatrixRows TotalPixelMatrixFocalPlanes "
    "SOPClassUID ImageType FrameType Modality PhotometricInterpretation SpecificCharacterSet SpecimenLabelInImage "
    "BurnedInAnnotation DimensionOrganizationType PatientIdentityRemoved "
    "LongitudinalTemporalInformationModified".split()
)


def legal(tag: int, row: Row) -> Any:
    """Return a legal value, or None if there is none to be found so simply."""
    if row.keyword in _SHAPE or tag in legal_values.CODES | legal_values.TABLES:
        return None
    if tag in _TEXTS:
        return _TEXTS[tag]
    if row.vr in ("US", "UL", "SS", "SL", "UV", "SV"):
        return 3
    if row.vr == "CS":
        return next((term for term in _TERMS if terms.is_term(tag, term)), None)
    return _VALUES.get(row.vr)


_TERMS = (
    "YES NO ENHANCED DCMR DOC SAFE X LO VOLUME TEXT BIPED OWNER NAMED_PROTOCOL BREAST HFS PRODUCT START_RESPIR L "
    "END_SYSTOLE 3D RGB SRGB 01 ISO_10918_1 URI PI CODE AUTO GLASS AO SHA256 IDENTITY 7050".split()
)


@pytest.mark.parametrize("profile", ["research", "strict"])
def test_legal_values_stay_in_a_clean_slide(tmp_path: Path, profile: str) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    data, planted = read(tmp_path / "s.dcm"), []
    for tag, row in rows().items():
        value = None if row.action != "-" or not 7 < tag >> 16 < 0x7F00 else legal(tag, row)
        if value is None:
            continue
        data.SpecimenDescriptionSequence[0].add_new(tag, row.vr, value)
        if row.root != "-":
            data.add_new(tag, row.vr, value)
            planted.append(tag)
    assert len(planted) > 50
    data.save_as(tmp_path / "s.dcm", enforce_file_format=True)
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY, profile=profile))
    assert outcome.residue == ()
    after = read(tmp_path / "s.dcm")
    assert [rows()[tag].keyword for tag in planted if tag not in after] == []
    assert terms.is_light(after.SpecimenDescriptionSequence[0].OpticalPathDescription)


@pytest.mark.parametrize("name", ["CD8 (Opal 520)", "Ki-67", "mCherry", "H&E", "Masson's Trichrome"])
@pytest.mark.parametrize("place", ["path", "step"])
def test_dyes_and_markers_stay(tmp_path: Path, name: str, place: str) -> None:
    assert name in told(tmp_path, place, name, "Kovacs^Anna")


@pytest.mark.parametrize("name", ["CD8 Kovacs", "Anna Green", "Green", "Ki-67 1951-03-02", "S19-1234"])
@pytest.mark.parametrize("place", ["path", "step"])
def test_people_and_their_numbers_go_from_the_places_of_dyes(tmp_path: Path, name: str, place: str) -> None:
    """A dye called like somebody in the header is taken for the person."""
    assert name not in told(tmp_path, place, name, "Green^Anna")


def told(folder: Path, place: str, text: str, patient: str) -> str:
    """Put a text in an optical path or a step of preparation, clean the slide, and return what it says."""
    build_dicom(folder / "s.dcm", **SMALL)
    data = read(folder / "s.dcm")
    data.PatientName = patient
    if place == "path":
        data.OpticalPathSequence[0].OpticalPathDescription = text
    else:
        item, step = Dataset(), Dataset()
        item.ValueType, item.TextValue = "TEXT", text
        item.ConceptNameCodeSequence = [Dataset()]
        concept = item.ConceptNameCodeSequence[0]
        concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = "424361007", "SCT", "Using substance"
        step.SpecimenPreparationStepContentItemSequence = [item]
        data.SpecimenDescriptionSequence[0].SpecimenPreparationSequence.append(step)
    data.save_as(folder / "s.dcm", enforce_file_format=True)
    assert pipeline.anonymize_in_place(folder / "s.dcm", Options(key=KEY)).residue == ()
    return (folder / "s.dcm").read_bytes().decode("latin-1")
