"""Objects of DICOM that are no slides are named as what they are, and left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import SMALL, read
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("number", "word"),
    [("2", ": CT ·"), ("2.1", ": CT ·"), ("4", ": MR ·"), ("88.33", ": SR ·"), ("88.59", ": KO ·"),
     ("77.1.2", ": GM ·"), ("999", "image ·")],
)  # fmt: skip
def test_an_object_that_is_no_slide_is_named(tmp_path: Path, number: str, word: str) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    data = read(tmp_path / "s.dcm")
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = f"1.2.840.10008.5.1.4.1.1.{number}"
    path = tmp_path / "other" / "image.dcm"
    path.parent.mkdir()
    data.save_as(path, enforce_file_format=True)
    before = path.read_bytes()
    run = run_cli("anonymize", "--in-place", path)
    assert (run.code, path.read_bytes()) == (3, before)
    assert "DICOM, but not a whole-slide image" in run.err
    assert word in run.err
