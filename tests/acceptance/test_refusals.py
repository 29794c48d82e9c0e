"""Issue 13, Must show 5: refusals as a person reads them: one true sentence, that nothing was changed, what to do."""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.samples.aperio.slide import build_aperio
from blankslide.samples.dicom import build_dicom
from blankslide.samples.hamamatsu.vms import build_hamamatsu_vms
from blankslide.samples.sakura import build_sakura
from blankslide.testing.own.dicoms import SMALL, read
from blankslide.testing.own.tiffpatch import ASCII, Patcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOTHING = "nothing was changed"


def _aperio(path: Path, change: Callable[[bytes], bytes]) -> None:
    build_aperio(path, size=(256, 192))
    path.write_bytes(change(path.read_bytes()))


def _loop(data: bytes) -> bytes:
    """Let the first directory lead to itself."""
    patch = Patcher(data)
    return data[: (at := patch.pointers()[1])] + struct.pack("<L", patch.page(0)) + data[at + 4 :]


def _shared(data: bytes) -> bytes:
    """Let a document's name be the description."""
    patch = Patcher(data)
    entries = patch.entries(patch.page(0))
    field = next(e for e in entries if e[0] == 270)
    patch.replace_page(0, [*entries, (269, ASCII, field[2], field[3])])
    return bytes(patch)


def _dicom(path: Path, tomography: bool) -> None:
    build_dicom(path, **SMALL)
    if tomography:
        data = read(path)
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        data.save_as(path, enforce_file_format=True)
    path.write_bytes(b"II*\0\xf0\xff\xff\x7f" + path.read_bytes()[8:])


def _lonely(path: Path) -> None:
    build_hamamatsu_vms(path, cell=(128, 96), columns=1)
    (path.parent / "s.jpg").unlink()


def _cut(path: Path) -> None:
    build_hamamatsu_vms(path, cell=(128, 96), columns=1)
    image = path.parent / "s.jpg"
    image.write_bytes(image.read_bytes()[:-400])


def _logged(path: Path) -> None:
    build_sakura(path)
    (path.parent / f"{path.name}-wal").write_bytes(b"x" * 100)


def _linked(path: Path) -> None:
    build_aperio(path, size=(256, 192))
    os.link(path, path.parent / "other.svs")


def _bytes(data: bytes) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(data)


AGAIN = "copy it again from where it came from"
#: File name -> what makes it, exit code, what is wrong, and what can be done.
REFUSALS: dict[str, tuple[Callable[[Path], Any], int, str, str]] = {
    "notes.svs": (
        _bytes(b"no slide\n" * 20),
        3,
        "not a slide I know: text file",
        "`blankslide formats` lists what can be edited",
    ),
    "empty.svs": (_bytes(b""), 3, "the file is empty", AGAIN),
    "s.vsi": (
        _bytes(b"II*\0" + bytes(600)),
        3,
        "Olympus VSI: known, not supported yet",
        "export it as DICOM or OME-TIFF, and edit that",
    ),
    "ct.dcm": (
        lambda path: _dicom(path, True),
        3,
        "DICOM, but not a whole-slide image: CT",
        "`blankslide formats` lists what can be edited",
    ),
    "dual.dcm": (
        lambda path: _dicom(path, False),
        3,
        "a file is a TIFF and a DICOM file at the same time, and only one half would be cleaned",
        'to give its TIFF half up, remove "dicom.tiff-half" (a line of a profile), or make a plain DICOM file of it '
        "first: fill its first 128 bytes with zeros",
    ),
    "cut.svs": (
        lambda path: _aperio(path, lambda data: data[: len(data) // 3]),
        3,
        "page 4 lies outside the file",
        f"{AGAIN}: nothing is done to a damaged slide",
    ),
    "loop.svs": (
        lambda path: _aperio(path, _loop),
        3,
        "the directory chain loops at page 1",
        f"{AGAIN}: nothing is done to a damaged slide",
    ),
    "shared.svs": (
        lambda path: _aperio(path, _shared),
        3,
        "two tags share their value at #, and only one of them may lose it",
        "write it anew with a program that gives each tag a value of its own, such as tifffile",
    ),
    "s.vms": (
        _lonely,
        3,
        "a file that the slide refers to is missing",
        "put all files of the slide beside it, under the names they had",
    ),
    "cut.vms": (
        _cut,
        3,
        "an image file of the slide ends too early",
        f"{AGAIN}: nothing is done to a damaged slide",
    ),
    "s.svslide": (
        _logged,
        3,
        "a log or journal of the database stands beside the slide, and holds copies of what is in it",
        "close the program that has the slide open, or open and close it once with SQLite",
    ),
    "linked.svs": (
        _linked,
        4,
        "the file has 2 names (hard links), and all of them would change",
        "make it a file of its own, or make a clean copy with --out DIR",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_true_and_says_what_to_do(tmp_path: Path, run_here: Any, name: str) -> None:
    make, code, cause, step = REFUSALS[name]
    path = tmp_path / ("s.vms" if name == "cut.vms" else name)
    make(path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    run = run_here("anonymize", "--in-place", path)
    assert (run.code, run.out) == (code, "")
    (line,) = run.err.splitlines()
    told = line.split(" · ")
    assert told[0] == path.name
    assert "".join("#" if part.isdigit() and len(part) > 3 else part for part in _words(told[1])) == cause
    assert told[2:] == [NOTHING, step]
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def _words(text: str) -> list[str]:
    return re.split(r"(\d+)", text)


def test_there_are_ten_at_least_and_no_two_alike() -> None:
    assert len({cause for _, _, cause, _ in REFUSALS.values()}) >= 10
    assert len({step for *_, step in REFUSALS.values()}) >= 8
