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


@pytest.mark.parametrize(
    "head", [b"II*\0\xf0\xff\xff\x7f", b"MM\0*\0\0\0\0", b"II*\0\x54\x18\x08\0", b"II+\0\x08\0\0\0"]
)
@pytest.mark.parametrize("comment", ["", "Aperio Image Library v11.2.1 <OME "])
def test_what_only_begins_like_a_tiff_is_judged_as_what_it_is(tmp_path: Path, head: bytes, comment: str) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    data = read(tmp_path / "s.dcm")
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data.ImageComments = comment
    path = tmp_path / "other" / "image.svs"
    path.parent.mkdir()
    data.save_as(path, enforce_file_format=True)
    raw = head + path.read_bytes()[len(head) :]
    path.write_bytes(raw)
    run = run_cli("anonymize", "--in-place", path)
    assert (run.code, path.read_bytes()) == (3, raw)
    assert "DICOM, but not a whole-slide image: CT ·" in run.err


def test_a_slide_that_only_begins_like_a_tiff_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "s.dcm"
    build_dicom(path, **SMALL)
    path.write_bytes(b"II*\0\xf0\xff\xff\x7f" + path.read_bytes()[8:])
    run = run_cli("inspect", path)
    assert run.code == 3
    assert "fill its first 128 bytes with zeros" in run.err
