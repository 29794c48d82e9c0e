"""What belongs to the study of a DICOM slide and is no part of it: refused for, or named, and never passed over."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.containers.dicom.beside import beside
from blankslide.errors import NotEditable
from blankslide.pipeline import Options
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, read, with_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.2"


def saved(path: Path, change: Callable[[Any], None]) -> None:
    data = read(path)
    change(data)
    data.save_as(path, enforce_file_format=True)


def other_class(path: Path) -> None:
    def change(data: Any) -> None:
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = PHOTOGRAPH

    saved(path, change)


def no_preamble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[132:])


def other_mark(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"DICM", b"DICN", 1))


def bare(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[data.index(b"\x08\0\x05\0CS") :])


def bare_implicit(path: Path) -> None:
    from pydicom.uid import ImplicitVRLittleEndian

    data = read(path)
    data.decompress()
    data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    data.save_as(path, enforce_file_format=True, implicit_vr=True, little_endian=True)
    raw = path.read_bytes()
    path.write_bytes(raw[raw.index(b"\x08\0\x05\0\x0a\0\0\0") :])


def bad_vr(path: Path) -> None:
    data = path.read_bytes()
    at = data.index(b"\x08\x00\x16\x00UI")
    path.write_bytes(data[:at] + b"\x08\x00\x14\x00??\x04\x00abcd" + data[at:])


def big_private(path: Path) -> None:
    def change(data: Any) -> None:
        data.private_block(0x0009, "VENDOR 1", create=True).add_new(0x10, "OB", bytes(20 << 20))

    saved(path, change)


def moved_below(path: Path) -> None:
    (path.parent / "label").mkdir()
    path.rename(path.parent / "label" / path.name)


def linked(path: Path) -> None:
    store = path.parent.parent / "store"
    store.mkdir()
    path.rename(store / path.name)
    path.symlink_to(store / path.name)


def folder_linked(path: Path) -> None:
    store = path.parent.parent / "store"
    store.mkdir()
    path.rename(store / path.name)
    (path.parent / "pictures").symlink_to(store)


TORN = [
    other_class, no_preamble, other_mark, bare, bare_implicit, bad_vr, big_private, moved_below, linked,
    folder_linked,
]  # fmt: skip


def slide(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "s.dcm"
    build_dicom(path, **SMALL)
    return path


@pytest.mark.parametrize("spoil", TORN, ids=lambda f: f.__name__)
def test_a_member_that_cannot_be_taken_along_refuses_the_slide_and_is_named(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    path = slide(tmp_path)
    spoil(path.with_name("s_label.dcm"))
    before = {f: f.read_bytes() for f in tmp_path.rglob("*") if f.is_file()}
    if spoil is other_mark:  # nobody can tell its series from its study
        assert pipeline.anonymize_in_place(path, Options(key=KEY)).exit_code == 1
        return
    with pytest.raises(NotEditable, match="of its series"):
        pipeline.anonymize_in_place(path, Options(key=KEY))
    found, planned = pipeline.plan(path, Options(key=KEY))
    assert [name.rpartition("/")[2] for name in found.beside] == ["s_label.dcm"]
    assert any("series" in line for line in planned.left)
    copied = pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY))
    assert (copied.exit_code, copied.sidecars) == (1, found.beside)
    assert {f: f.read_bytes() for f in before} == before


def test_a_slide_in_a_store_of_links_names_its_label(tmp_path: Path) -> None:
    path = slide(tmp_path)
    for name in ("s.dcm", "s_label.dcm"):
        home = path.parent / ".annex" / name
        home.mkdir(parents=True)
        path.with_name(name).rename(home / name)
        path.with_name(name).symlink_to(f".annex/{name}/{name}")
    for name in ("s_1.dcm", "s_overview.dcm", "s_thumbnail.dcm"):
        path.with_name(name).unlink()
    assert any(name.endswith("s_label.dcm") for name in pipeline.inspect(path).beside)
    with pytest.raises(NotEditable):
        pipeline.anonymize_in_place(path, Options(key=KEY))


def another_slide(data: Any) -> None:
    """Make an instance one of another slide of the study."""
    data.SeriesInstanceUID, data.FrameOfReferenceUID = "2.25.81", "2.25.82"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID[:-2] + ".7"


def report(path: Path, study: str) -> None:
    data = read(path)
    del data.PixelData
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "2.25.77"
    data.SeriesInstanceUID, data.StudyInstanceUID = "2.25.78", study
    data.save_as(path.with_name("report.dcm"), enforce_file_format=True)


@pytest.mark.parametrize("place", [".", "reports", ".."])
def test_a_report_of_the_study_is_named_and_the_slide_not_called_clean(tmp_path: Path, place: str) -> None:
    path = slide(tmp_path)
    report(path, read(path).StudyInstanceUID)
    (path.parent / place).mkdir(exist_ok=True)
    shutil.move(path.with_name("report.dcm"), path.parent / place / "moved.dcm")
    for act in (pipeline.anonymize_in_place, pipeline.anonymize_in_place, pipeline.verify):
        outcome = act(path, Options(key=KEY))
        assert outcome.exit_code == 1
        assert [name.rpartition("/")[2] for name in outcome.sidecars] == ["moved.dcm"]
        assert "moved" not in " ".join(outcome.residue)


@pytest.mark.parametrize("aside", ["notes", "notes/2024"])
def test_a_report_in_a_folder_beside_that_of_the_slide_is_named(tmp_path: Path, aside: str) -> None:
    path = slide(tmp_path)
    (tmp_path / "slides").mkdir()
    home = path.parent.rename(tmp_path / "slides" / "one")
    path = home / path.name
    report(path, read(path).StudyInstanceUID)
    (home.parent / aside).mkdir(parents=True)
    shutil.move(home / "report.dcm", home.parent / aside / "moved.dcm")
    for _ in range(2):  # the second run finds other UIDs in the slide
        outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
        assert (outcome.exit_code, outcome.sidecars) == (1, (f"../{aside}/moved.dcm",))


def test_a_label_in_a_folder_beside_that_of_the_slide_is_named(tmp_path: Path) -> None:
    path = slide(tmp_path)
    shutil.copytree(path.parent, tmp_path / "kept as it was")  # with a label of its own, as copies have
    label = next(p for p in path.parent.iterdir() if "LABEL" in str(read(p).ImageType))
    (tmp_path / "labels").mkdir()
    shutil.move(label, tmp_path / "labels" / "moved.dcm")
    for _ in range(2):
        outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
        assert (outcome.exit_code, outcome.sidecars) == (1, ("../labels/moved.dcm",))


def test_slides_side_by_side_are_clean_and_a_report_beside_another_slide_is_told_with_that(tmp_path: Path) -> None:
    first = slide(tmp_path)
    shutil.copytree(first.parent, tmp_path / "kept as it was")
    report(tmp_path / "kept as it was" / first.name, read(first).StudyInstanceUID)
    shutil.copytree(first.parent, tmp_path / "second")
    for file in (tmp_path / "second").iterdir():
        saved(file, another_slide)
    for folder in ("in", "second"):
        assert pipeline.anonymize_in_place(tmp_path / folder / first.name, Options(key=KEY)).exit_code == 0
    kept = pipeline.anonymize_in_place(tmp_path / "kept as it was" / first.name, Options(key=KEY))
    assert (kept.exit_code, kept.sidecars) == (1, ("report.dcm",))


def test_a_report_of_another_study_is_nobodys_business(tmp_path: Path) -> None:
    path = slide(tmp_path)
    report(path, "2.25.99")
    assert pipeline.anonymize_in_place(path, Options(key=KEY)).exit_code == 0


def test_a_level_torn_off_into_another_series_is_named_and_another_slide_of_the_study_is_not(tmp_path: Path) -> None:
    path = slide(tmp_path)

    def change(data: Any) -> None:
        data.SeriesInstanceUID = "2.25.78"

    saved(path.with_name("s_1.dcm"), change)
    assert pipeline.inspect(path).beside == ("s_1.dcm",)

    def apart(data: Any) -> None:
        data.FrameOfReferenceUID = "2.25.79"

    saved(path.with_name("s_1.dcm"), apart)
    assert pipeline.inspect(path).beside == ()
    assert pipeline.anonymize_in_place(path, Options(key=KEY)).exit_code == 0


@pytest.mark.parametrize("data", [b"", bytes(200), b"\x08\0" * 400, bytes(128) + b"DICM", b"Quillfeather" * 50])
def test_files_that_say_nothing(tmp_path: Path, data: bytes) -> None:
    path = slide(tmp_path)
    path.with_name("other.bin").write_bytes(data)
    outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
    assert outcome.exit_code == (1 if data.endswith(b"DICM") else 0)


@pytest.mark.parametrize("up", [1, 3, 7])
def test_a_list_of_files_some_folders_above_is_named(tmp_path: Path, up: int) -> None:
    folder = tmp_path.joinpath("medium", *"abcdefg"[:up])
    folder.mkdir(parents=True)
    path = with_directory(folder)
    (folder / "DICOMDIR").rename(tmp_path / "medium" / "DICOMDIR")
    for _ in range(2):  # the second run finds other UIDs in the slide
        outcome = pipeline.anonymize_in_place(path, Options(key=KEY))
        assert outcome.exit_code == 1
        assert [name.rpartition("/")[2] for name in outcome.sidecars] == ["DICOMDIR"]


def test_any_bytes_get_an_answer(tmp_path: Path) -> None:
    from random import Random

    build_dicom(tmp_path / "s.dcm", **SMALL)
    whole, draw = (tmp_path / "s_label.dcm").read_bytes(), Random(11)
    for _ in range(400):
        data = bytearray(whole[: draw.choice((200, 900, 4000, 20_000))])
        for _ in range(draw.randrange(4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        beside("s.dcm", len(data), lambda at, n, data=data: bytes(data[at : at + n]))  # type: ignore[misc]
