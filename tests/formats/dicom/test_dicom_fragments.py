"""Frames in several fragments, with a table of their places and without: all of it is legal, and pydicom reads it."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom import Dataset

from blankslide import pipeline
from blankslide.errors import ContradictorySlide, DamagedSlide
from blankslide.pipeline import Options
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, read
from blankslide.verification.judges import openslide

if TYPE_CHECKING:
    from pathlib import Path

COMMENT = b"\xff\xfe\0\x05Doe"
"""Too short for the census: if inspection leaves it, nobody tells."""


def item(data: bytes) -> bytes:
    data += bytes(len(data) % 2)
    return b"\xfe\xff\0\xe0" + struct.pack("<I", len(data)) + data


def split(data: Any, parts: int, table: str, comment: bytes = b"") -> list[bytes]:
    """Write a picture's frames in so many fragments each; the table is full, empty, or of zeros."""
    from pydicom.encaps import generate_frames

    frames = list(generate_frames(data.PixelData, number_of_frames=int(data.get("NumberOfFrames") or 1)))
    frames = [frame[:2] + comment + frame[2:] for frame in frames]
    body, offsets = b"", []
    for frame in frames:
        offsets.append(len(body))
        size = -(-len(frame) // parts) // 2 * 2 + 2
        body += b"".join(item(frame[at : at + size]) for at in range(0, len(frame), size))
    numbers = {"full": offsets, "empty": [], "zeros": [0] * len(offsets)}[table]
    data.PixelData = item(struct.pack(f"<{len(numbers)}I", *numbers)) + body
    data["PixelData"].is_undefined_length = True
    return frames


def built(folder: Path, parts: int, table: str, comment: bytes = b"") -> Path:
    build_dicom(folder / "s.dcm", **SMALL)
    for path in folder.iterdir():
        data = read(path)
        split(data, parts, table, comment)
        data.save_as(path)
    return folder / "s.dcm"


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize("table", ["full", "empty"])
@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_comment_goes_from_all_frames_of_several_fragments_too(
    tmp_path: Path, parts: int, table: str, thorough: bool
) -> None:
    path = built(tmp_path, parts, table, COMMENT)
    pixels = read(path).pixel_array
    assert COMMENT in path.read_bytes()
    assert pipeline.anonymize_in_place(path, Options(key=KEY, thorough=thorough)).content == "clean"
    assert COMMENT not in path.read_bytes()
    assert np.array_equal(read(path).pixel_array, pixels)


@pytest.mark.parametrize("table", ["full", "empty"])
@pytest.mark.parametrize("parts", [1, 2])
def test_a_frame_that_the_header_does_not_announce_refuses_the_slide(tmp_path: Path, parts: int, table: str) -> None:
    path = built(tmp_path, parts, table)
    data = read(path)
    at = data.PixelData.index(b"\xff\xd8", 8)
    one = data.PixelData[at - 8 : data.PixelData.index(b"\xfe\xff\0\xe0", at)]
    data.PixelData += one
    data["PixelData"].is_undefined_length = True
    data.save_as(path)
    before = path.read_bytes()
    for thorough in (False, True):
        with pytest.raises((ContradictorySlide, DamagedSlide)):
            pipeline.anonymize_in_place(path, Options(key=KEY, thorough=thorough))
    assert path.read_bytes() == before


@pytest.mark.parametrize("icon", [False, True])
def test_a_table_of_zeros_ends_no_process(tmp_path: Path, icon: bool) -> None:
    """OpenSlide 4 takes the differences of its numbers for lengths, and ends the process that asks it."""
    path = built(tmp_path, 1, "zeros")
    if icon:  # its pixels stand in front of the slide's, under the same tag
        data = read(path)
        small = Dataset()
        small.Rows, small.Columns, small.SamplesPerPixel, small.PhotometricInterpretation = 8, 8, 1, "MONOCHROME2"
        small.BitsAllocated, small.BitsStored, small.HighBit, small.PixelRepresentation = 8, 8, 7, 0
        small.PixelData = bytes(64)
        data.IconImageSequence = [small]
        data.save_as(path)
    assert openslide._leads_nowhere(path)
    run = subprocess.run(
        [sys.executable, "-m", "blankslide", "anonymize", "--in-place", str(path)], capture_output=True, check=False
    )
    assert (run.returncode, b"checked by pydicom" in run.stdout) == (0, True)
