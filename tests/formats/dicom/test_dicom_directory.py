"""A DICOMDIR beside a DICOM slide: it follows the slide, or the slide is refused."""

from __future__ import annotations

import gc
import random
import re
import shutil
import subprocess
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.containers.dicom import header as dicom_header
from blankslide.errors import NotEditable, SlideError
from blankslide.formats.dicom import ps315_table as table
from blankslide.pipeline import Options
from blankslide.policy.pseudonyms import is_ours, mapped_uid
from blankslide.samples.kit.patients import invent
from blankslide.source import MemorySource
from blankslide.testing.built import build_dicom
from blankslide.testing.memory import MemorySlide, applied, inspected, planned
from blankslide.testing.own.dicoms import KEY, SMALL, read, with_directory, write_directory
from blankslide.testing.process import run_cli
from blankslide.testing.sampled import sampled
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path


def contents(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()}


def agrees(folder: Path) -> int:
    """Hold the records against the files, as pydicom finds both; return how many files are listed."""
    from pydicom.fileset import FileSet

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves a temporary folder to the collector
        fileset: Any = FileSet(folder / "DICOMDIR")  # follows the offsets
        fileset._stage["t"].cleanup()
        listed = list(fileset)
        gc.collect()
    for record in listed:
        header: Any = record.load()
        assert record.SOPInstanceUID == header.SOPInstanceUID
        assert record.SeriesInstanceUID == header.SeriesInstanceUID
        assert record.StudyInstanceUID == header.StudyInstanceUID
        assert record.ReferencedTransferSyntaxUIDInFile == header.file_meta.TransferSyntaxUID
    return len(listed)


def errors(path: Path) -> set[str]:
    ended = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
    lines = (ended.stdout + ended.stderr).splitlines()
    return {re.sub(r"<[^>]*>$", "", m) for m in lines if m.startswith(("Error", "Warning"))}


# -- it follows --------------------------------------------------------------------------


def test_a_dicomdir_follows_its_slide(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    data, old = read(main), (tmp_path / "DICOMDIR").read_bytes()
    assert agrees(tmp_path) == 5
    outcome = pipeline.anonymize_in_place(main, Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
    assert agrees(tmp_path) == 5
    new = (tmp_path / "DICOMDIR").read_bytes()
    assert len(new) == len(old)
    values = (data.PatientName, data.PatientID, data.AccessionNumber, data.SOPInstanceUID, data.StudyInstanceUID)
    for value in (*map(str, values), "Quillfeather", data.PatientBirthDate, data.StudyDate, data.InstitutionName):
        assert places_of(value, old)
        assert not places_of(value, new)
    directory = read(tmp_path / "DICOMDIR")
    assert is_ours(directory.file_meta.MediaStorageSOPInstanceUID, KEY)
    assert [r.ReferencedFileID for r in directory.DirectoryRecordSequence[3:]] == [f"IM{i}" for i in range(5)]
    assert pipeline.anonymize_in_place(tmp_path / "IM2", Options(key=KEY)).writes == 0
    assert (tmp_path / "DICOMDIR").read_bytes() == new


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy is not installed (Debian: dicom3tools)")
@pytest.mark.parametrize("profile", ["research", "strict"])
def test_dciodvfy_has_no_new_message_of_a_dicomdir(tmp_path: Path, profile: str) -> None:
    main = with_directory(tmp_path)
    before = errors(tmp_path / "DICOMDIR")
    pipeline.anonymize_in_place(main, Options(key=KEY, profile=profile))
    assert errors(tmp_path / "DICOMDIR") - before == set()


def test_what_is_kept_is_kept_in_both(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    data = read(main)
    pipeline.anonymize_in_place(main, Options(key=KEY, keep=["dicom.patient-id", "dicom.sop-instance-uid"]))
    records = read(tmp_path / "DICOMDIR").DirectoryRecordSequence
    assert (records[0].PatientID, records[0].PatientName) == (data.PatientID, "")
    assert records[3].ReferencedSOPInstanceUIDInFile == data.SOPInstanceUID
    assert agrees(tmp_path) == 5


def test_the_name_of_a_file_set_goes_unless_it_is_a_term(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    path = tmp_path / "DICOMDIR"
    data = path.read_bytes()
    at = data.find(b"\x04\x00\x30\x11CS")
    path.write_bytes(data[:at] + b"\x04\x00\x30\x11CS\x04\x00OTTO" + data[at + 12 :])
    assert pipeline.anonymize_in_place(main, Options(key=KEY)).content == "clean"
    assert read(path).FileSetID in ("", None)
    assert agrees(tmp_path) == 5


def test_names_in_utf_8_go(tmp_path: Path) -> None:
    main = with_directory(tmp_path, SpecificCharacterSet="ISO_IR 192", PatientName="Käthe^Thimblewick")
    seen = pipeline.inspect(main)
    values = [v.reveal() for f in seen.findings if f.id == "dicom.patient-name" for v in (f.value, *f.values) if v]
    assert "Käthe^Thimblewick" in values
    assert pipeline.anonymize_in_place(main, Options(key=KEY)).content == "clean"
    assert "Käthe".encode() not in (tmp_path / "DICOMDIR").read_bytes()


@pytest.fixture(scope="module")
def clean_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the main file of a set that is clean, to be copied with its folder."""
    main = with_directory(tmp_path_factory.mktemp("clean"))
    assert pipeline.anonymize_in_place(main, Options(key=KEY)).content == "clean"
    return main


@pytest.mark.parametrize("more", sampled([*range(0, 70, 2), 500], 10, "room in a DICOMDIR"))
def test_a_dicomdir_is_composed_at_any_length(clean_set: Path, tmp_path: Path, more: int) -> None:
    shutil.copytree(clean_set.parent, tmp_path, dirs_exist_ok=True)
    main = tmp_path / clean_set.name
    # all is clean now, but for a comment: nothing else gives room
    path = write_directory(tmp_path, icon=False, PatientID="X", PatientComments="t" * more)
    size = path.stat().st_size
    outcome = pipeline.anonymize_in_place(main, Options(key=KEY))
    assert (outcome.content, path.stat().st_size, agrees(tmp_path)) == ("clean", size, 5)
    assert read(path).DirectoryRecordSequence[0].PatientID == "X"
    assert not more or "PatientComments" not in read(path).DirectoryRecordSequence[0]
    assert pipeline.anonymize_in_place(main, Options(key=KEY)).writes == 0


@pytest.mark.parametrize("more", [{"uid": "1.2"}, {"PatientID": "X", "PatientName": None, "PatientComments": "t"}])
def test_a_dicomdir_without_room_is_refused_in_place_and_grows_in_a_copy(tmp_path: Path, more: dict[str, Any]) -> None:
    source = tmp_path / "in"
    source.mkdir()
    main = with_directory(source)
    pipeline.anonymize_in_place(main, Options(key=KEY))
    write_directory(source, icon=False, **more)
    if "PatientID" in more:  # no text may give room either
        data = (source / "DICOMDIR").read_bytes()
        data = data.replace(b"\x10\0\x20\0LO", b"\x10\0\x20\0ST").replace(b"\x20\0\x10\0SH", b"\x20\0\x10\0CS")
        (source / "DICOMDIR").write_bytes(data)
    before = contents(source)
    with pytest.raises(NotEditable, match="no room") as refusal:
        pipeline.anonymize_in_place(main, Options(key=KEY))
    assert "--out DIR" in refusal.value.hint
    assert contents(source) == before
    outcome = pipeline.anonymize_copy(main, tmp_path / "out", Options(key=KEY))
    assert outcome.content == "clean"
    (copy,) = (tmp_path / "out").rglob("DICOMDIR")
    assert agrees(copy.parent) == 5


def test_a_copy_has_the_dicomdir_and_the_names_in_it(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    main = with_directory(tmp_path / "in")
    before = contents(main.parent)
    assert pipeline.anonymize_copy(main, tmp_path / "out", Options(key=KEY)).content == "clean"
    (copy,) = (tmp_path / "out").rglob("DICOMDIR")
    assert sorted(contents(copy.parent)) == sorted(before)
    assert agrees(copy.parent) == 5
    assert contents(main.parent) == before
    assert not places_of(str(read(main).PatientName), copy.read_bytes())


def test_a_slide_with_a_dicomdir_keeps_its_names(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    main = with_directory(source)
    before = contents(source)
    for target in (("--in-place",), ("--out", tmp_path / "out")):
        refused = run_cli("anonymize", *target, "--name", "case", main)
        assert refused.code == 3
        assert "DICOMDIR" in refused.err
    assert contents(source) == before


def test_other_readers_show_a_slide_with_a_dicomdir(tmp_path: Path) -> None:
    pytest.importorskip("wsidicom", reason="wsidicom is not installed")
    from blankslide.viewing.areas import wsidicom

    main = with_directory(tmp_path)
    areas = wsidicom.DicomAreas(wsidicom._files(main, pipeline.inspect(main)))
    assert areas.read(0, slice(0, 64), slice(0, 64)).shape == (64, 64, 3)
    areas.close()


def test_a_dicomdir_one_folder_above_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "SLIDE"
    folder.mkdir()
    main = with_directory(folder)
    (folder / "DICOMDIR").rename(tmp_path / "DICOMDIR")
    before = (tmp_path / "DICOMDIR").read_bytes()
    outcome = pipeline.anonymize_in_place(main, Options(key=KEY))
    assert any("DICOMDIR one folder above" in note for note in outcome.notes)
    assert (tmp_path / "DICOMDIR").read_bytes() == before


def test_a_damaged_dicomdir_is_never_half_cleaned(tmp_path: Path) -> None:
    main = with_directory(tmp_path, recipe={"factors": (1,), "thumbnail": False})  # all of it is read 300 times
    files = contents(tmp_path)
    rest = {n: d for n, d in files.items() if n != "DICOMDIR"}
    draw, refused = random.Random(7), 0
    for _ in range(300):
        data = bytearray(files["DICOMDIR"])
        data[draw.randrange(132, len(data))] = draw.randrange(256)
        slide = MemorySlide({**rest, "DICOMDIR": bytes(data)}, main.name)
        try:
            inspection = inspected(slide, (pipeline_format(),))
            plan = planned(inspection, slide.opened)
        except SlideError:
            refused += 1
            continue
        after = applied([s.read(0, s.size) for s in slide.opened], plan.patches)
        for file, image in zip(slide.opened, after, strict=True):
            assert len(image) == file.size
    assert refused


def pipeline_format() -> Any:
    from blankslide.formats.dicom.format import FORMAT

    return FORMAT


def test_a_long_icon_at_the_very_end_is_read_whole(tmp_path: Path) -> None:
    with_directory(tmp_path)
    path = tmp_path / "DICOMDIR"
    directory = read(path)
    directory.DirectoryRecordSequence[-1].IconImageSequence[0].PixelData = bytes(range(250)) * 1000
    directory.save_as(path, enforce_file_format=True)
    header = dicom_header.read_header(MemorySource(path.read_bytes()), table.vr_of)
    assert header.value(list(dicom_header.walk(header.elements))[-1]) == bytes(range(250)) * 1000
    assert pipeline.anonymize_in_place(tmp_path / "IM0", Options(key=KEY)).content == "clean"
    assert bytes(range(250)) not in path.read_bytes()
    assert agrees(tmp_path) == 5


# -- it cannot follow --------------------------------------------------------------------


def refused(folder: Path, main: Path, words: str) -> None:
    before = contents(folder)
    with pytest.raises(NotEditable, match=words) as refusal:
        pipeline.anonymize_in_place(main, Options(key=KEY))
    assert "remove the DICOMDIR" in refusal.value.hint
    assert contents(folder) == before
    assert any(re.search(words, note) for note in pipeline.inspect(main).notes)


def test_a_dicomdir_of_two_slides_is_refused(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    build_dicom(tmp_path / "other.dcm", **SMALL, patient=invent(3))
    for number, file in enumerate(tmp_path.glob("other*")):
        file.rename(tmp_path / f"OTHER{number}")
    write_directory(tmp_path)
    refused(tmp_path, main, "lists other files too")


def test_a_dicomdir_of_another_series_is_refused(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    path = tmp_path / "DICOMDIR"
    series = read(main).SeriesInstanceUID.encode()
    path.write_bytes(path.read_bytes().replace(series, series[:-3] + b"123"))
    refused(tmp_path, main, "lists other files too")


def test_a_dicomdir_with_another_kind_of_record_is_refused(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    path = tmp_path / "DICOMDIR"
    data = path.read_bytes()
    at = data.rfind(b"IMAGE ")
    path.write_bytes(data[:at] + b"WAVEFM" + data[at + 6 :])
    refused(tmp_path, main, "lists other files too")


@pytest.mark.parametrize("kind", ["offset", "no patient", "behind", "big endian"])
def test_a_damaged_or_strange_dicomdir_is_refused(tmp_path: Path, kind: str) -> None:
    main = with_directory(tmp_path)
    path = tmp_path / "DICOMDIR"
    data = path.read_bytes()
    if kind == "offset":
        at = data.find(b"\x04\x00\x00\x14UL\x04\x00", data.find(b"IMAGE ") - 100) + 8
        assert at > 8
        data = data[:at] + b"\x02" + data[at + 1 :]
    elif kind == "no patient":
        data = data.replace(b"PATIENT ", b"STUDY   ", 1)
    elif kind == "behind":
        data += b"\xfc\xff\xfc\xffOB\0\0\x0c\0\0\0Quillfeather"
    else:
        data = data.replace(b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x14\x001.2.840.10008.1.2.2\0", 1)
    path.write_bytes(data)
    refused(tmp_path, main, "damaged or of an unknown kind")


def test_one_of_two_directories_that_cannot_follow_refuses_the_slide(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    pipeline.anonymize_in_place(main, Options(key=KEY))
    # only the first has anything left to be removed
    path = write_directory(tmp_path, uid=mapped_uid("1.2.3.4.5", KEY), PatientComments="Quillfeather")
    shutil.copyfile(path, tmp_path / "LIST")
    refused(tmp_path, main, "none that can be cleaned with it")


def test_a_directory_under_another_name_is_refused(tmp_path: Path) -> None:
    main = with_directory(tmp_path)
    (tmp_path / "DICOMDIR").rename(tmp_path / "LIST")
    refused(tmp_path, main, "none that can be cleaned with it")


def test_a_dicomdir_of_deflated_files_is_refused(tmp_path: Path) -> None:
    from blankslide.testing.own.dicoms import deflated

    for number, file in enumerate(sorted(deflated(tmp_path).parent.iterdir())):
        file.rename(tmp_path / f"IM{number}")
    main = tmp_path / "IM0"
    write_directory(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(NotEditable, match="says that it is deflated"):
        pipeline.anonymize_copy(main, tmp_path / "out", Options(key=KEY))
    assert contents(tmp_path) == before


# -- pictures in headers -----------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["IconImageSequence", "OpticalPathSequence"])
def test_pixels_inside_a_header_go(tmp_path: Path, keyword: str) -> None:
    from pydicom.dataset import Dataset

    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s_1.dcm"
    data = read(path)
    item = Dataset() if keyword not in data else data[keyword].value[0]
    item.add_new(0x7FE00010, "OB", bytes(range(100, 200)) * 2000)
    setattr(data, keyword, [item])
    data.save_as(path, enforce_file_format=True)
    assert bytes(range(100, 200)) in path.read_bytes()
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert outcome.content == "clean", outcome.residue
    assert bytes(range(100, 200)) not in path.read_bytes()
    assert (keyword == "OpticalPathSequence") == (keyword in read(path))


def test_a_container_named_by_the_directory_is_named_as_in_the_slide(tmp_path: Path) -> None:
    path = with_directory(tmp_path, ContainerIdentifier="AB-24-3311-A1")
    for file in path.parent.glob("IM*"):
        data = read(file)
        data.ContainerIdentifier = "AB-24-3311-A1"
        data.save_as(file)
    pipeline.anonymize_in_place(path, Options(key=KEY))
    names = [r.get("ContainerIdentifier") for r in read(path.parent / "DICOMDIR").DirectoryRecordSequence]
    assert set(names) - {None} == {read(path).ContainerIdentifier}
