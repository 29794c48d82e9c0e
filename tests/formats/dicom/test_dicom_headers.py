"""DICOM headers of constant length: honest marking, tight ones, and copies in which they may grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.containers.dicom import header as dicom_header
from blankslide.containers.dicom import pixels
from blankslide.formats.dicom import ps315_table as table
from blankslide.pipeline import Options
from blankslide.source import MemorySource
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, minimal, read
from blankslide.testing.sampled import sampled

if TYPE_CHECKING:
    from pathlib import Path


# -- honest marking ----------------------------------------------------------------------


def test_what_is_kept_is_not_called_removed(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY, keep=["dicom.patient-id", "label"]))
    volume, label = read(tmp_path / "s.dcm"), read(tmp_path / "s_label.dcm")
    assert volume.PatientIdentityRemoved == label.PatientIdentityRemoved == "NO"
    assert "DeidentificationMethodCodeSequence" not in volume
    assert label.BurnedInAnnotation == "YES"


def test_strict_after_research_keeps_the_marks(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY, profile="strict"))
    assert (outcome.content, outcome.residue) == ("clean", ())
    for file in tmp_path.iterdir():
        header = read(file)
        assert header.PatientIdentityRemoved == "YES"
        assert header.Manufacturer == "X"
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY, profile="strict")).writes == 0


# -- tight headers -----------------------------------------------------------------------


def test_a_level_that_is_too_tight_gives_up_its_offset_table(tmp_path: Path) -> None:
    path = minimal(tmp_path, tile=16, OperatorsName="Ottoline Quillfeather")
    before = read(path)
    header = dicom_header.read_header(MemorySource(path.read_bytes()), table.vr_of)
    found = pixels.read_pixels(MemorySource(path.read_bytes()), header.end, False, True)
    assert len(found.offsets) > 1
    size = path.stat().st_size
    outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
    assert outcome.content == "clean", outcome.residue
    data = path.read_bytes()
    header = dicom_header.read_header(MemorySource(data), table.vr_of)
    later = pixels.read_pixels(MemorySource(data), header.end, False, True)
    assert len(data) == size
    assert (later.fragments, later.offsets) == (found.fragments, ())
    assert (read(path).pixel_array == before.pixel_array).all()
    assert pipeline.anonymize_in_place(path, Options(key=KEY)).writes == 0


def test_a_label_that_is_too_tight_gives_room_of_its_picture(tmp_path: Path) -> None:
    path = minimal(tmp_path, "LABEL", OperatorsName="Ottoline Quillfeather")
    (tmp_path / "v").mkdir()
    tissue = read(
        minimal(tmp_path / "v", tile=16, OperatorsName="Ottoline Quillfeather")
    )  # a label alone nobody can judge
    tissue.SOPInstanceUID = tissue.file_meta.MediaStorageSOPInstanceUID = "2.25.6"
    tissue.save_as(tmp_path / "zz.dcm", enforce_file_format=True)
    size = path.stat().st_size
    pipeline.anonymize_in_place(path, Options(key=KEY))
    data = read(path)
    assert path.stat().st_size == size
    assert data.PatientIdentityRemoved == "YES"
    assert [c.CodeValue for c in data.DeidentificationMethodCodeSequence] == ["113100", "113101"]
    assert (data.pixel_array == data.pixel_array[0, 0]).all()
    assert pipeline.anonymize_in_place(path, Options(key=KEY)).writes == 0


@pytest.mark.parametrize("room", [*sampled(range(0, 200, 2), 24, "room in a header"), 1000, 70_000])
def test_a_header_is_composed_at_any_length(tmp_path: Path, room: int) -> None:
    path = minimal(tmp_path)
    data = read(path)
    data.add_new(0x00091001, "UN", bytes(200 + room))
    data.save_as(path, enforce_file_format=True)
    size = path.stat().st_size
    outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
    assert outcome.content == "clean", outcome.residue
    assert path.stat().st_size == size
    assert 0x00091001 not in read(path)
    assert pipeline.anonymize_in_place(path, Options(key=KEY)).writes == 0
