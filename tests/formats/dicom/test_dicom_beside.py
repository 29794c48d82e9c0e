"""What stands beside, around and behind the instances of a DICOM slide, and what is refused."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.errors import DamagedSlide, NotASlide, NotEditable, SlideError
from blankslide.formats.dicom.format import FORMAT
from blankslide.pipeline import Options
from blankslide.testing.built import build_dicom
from blankslide.testing.memory import MemorySlide
from blankslide.testing.own.dicoms import KEY, SMALL, read

if TYPE_CHECKING:
    from pathlib import Path


# -- what stands beside and around -------------------------------------------------------


def test_another_slide_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    from blankslide.samples.kit.patients import invent

    build_dicom(tmp_path / "a.dcm", **SMALL)
    build_dicom(tmp_path / "b.dcm", **SMALL, patient=invent(3))
    before = {f: f.read_bytes() for f in tmp_path.glob("b*")}
    (tmp_path / "notes.txt").write_text("nothing")
    assert len(pipeline.inspect(tmp_path / "a.dcm").files) == 5
    pipeline.anonymize_in_place(tmp_path / "a.dcm", Options(key=KEY))
    assert {f: f.read_bytes() for f in before} == before


def test_other_objects_of_the_study_are_reported_and_unchanged(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    other = read(tmp_path / "s.dcm")
    del other.PixelData
    other.SOPClassUID = other.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    other.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    before = (tmp_path / "report.dcm").read_bytes()
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert any("same study" in note for note in outcome.notes)
    assert (tmp_path / "report.dcm").read_bytes() == before
    with pytest.raises(NotASlide):
        pipeline.inspect(tmp_path / "report.dcm")
    assert "not a whole-slide image" in str(FORMAT.detect(probe_of(tmp_path / "report.dcm")))


def probe_of(path: Path) -> Any:
    from blankslide.formatkit.protocol import Probe

    return Probe(MemorySlide({path.name: path.read_bytes()}, path.name))


def test_a_dicomdir_that_lists_the_slide_refuses_it(tmp_path: Path) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset

    source = tmp_path / "source"
    source.mkdir()
    build_dicom(source / "s.dcm", **SMALL)
    listed, directory = Dataset(), Dataset()
    listed.DirectoryRecordType = "IMAGE"
    listed.ReferencedSOPInstanceUIDInFile = read(source / "s_label.dcm").SOPInstanceUID
    directory.file_meta = FileMetaDataset()
    directory.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.file_meta.MediaStorageSOPInstanceUID = "2.25.5"
    directory.FileSetID, directory.DirectoryRecordSequence = "DISK", [listed]
    directory.save_as(source / "DICOMDIR", enforce_file_format=True)
    before = {f: f.read_bytes() for f in source.iterdir()}
    assert pipeline.inspect(source / "s.dcm").findings
    with pytest.raises(NotEditable, match="DICOMDIR"):
        pipeline.anonymize_in_place(source / "s.dcm", Options(key=KEY))
    assert {f: f.read_bytes() for f in source.iterdir()} == before


def tiff_half(mark: bytes) -> bytes:
    """One directory with one tag, in either byte order, classic or BigTIFF."""
    order = "<" if mark[:1] == b"I" else ">"
    if mark.strip(b"\0")[-1:] == b"+":
        return mark + struct.pack(order + "HHQQHHQQQ", 8, 0, 16, 1, 256, 3, 1, 64, 0)
    return mark + struct.pack(order + "IHHHIII", 8, 1, 256, 3, 1, 64, 0)


@pytest.mark.parametrize("mark", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_a_file_that_is_a_tiff_too_is_refused(tmp_path: Path, mark: bytes) -> None:
    source = tmp_path / "in"
    source.mkdir()
    build_dicom(source / "s.dcm", **SMALL)
    for name in ("s.dcm", "s_label.dcm"):
        file = source / name
        data = file.read_bytes()
        directory = tiff_half(mark)
        file.write_bytes(directory + data[len(directory) :])
        for act in (
            lambda: pipeline.anonymize_in_place(source / "s.dcm"),
            lambda: pipeline.anonymize_copy(source / "s.dcm", tmp_path / "out"),
        ):
            with pytest.raises(NotEditable, match="TIFF and a DICOM") as refusal:
                act()
            assert "fill its first 128 bytes with zeros" in refusal.value.hint
        file.write_bytes(data)


def test_zeros_for_the_tiff_half_make_a_file_whose_tiff_directories_go(tmp_path: Path) -> None:
    """What the refusal advises: directories stand behind the pixels, and nothing leads to them any more."""
    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s.dcm"
    text = b"Quillfeather"
    directory = struct.pack("<HHHII", 1, 270, 2, len(text), path.stat().st_size + 12 + 18) + bytes(4) + text
    with path.open("ab") as file:
        file.write(b"\xfc\xff\xfc\xffOB\0\0" + len(directory).to_bytes(4, "little") + directory)
    assert pipeline.anonymize_in_place(path, Options(key=KEY)).content == "clean"
    assert text not in path.read_bytes()


def with_pages(path: Path, text: bytes) -> None:
    """Let a TIFF directory behind the pixels lead to the frames, as writers of files with two halves do."""
    data, frames, raw = read(path), frames_of(path), bytearray(path.read_bytes())
    at, count = len(raw) + 12, len(frames)
    small = {256: data.TotalPixelMatrixColumns, 257: data.TotalPixelMatrixRows, 258: 8, 259: 7, 262: 6, 277: 3}
    tags = {tag: (4, 1, value) for tag, value in {**small, 322: data.Columns, 323: data.Rows}.items()}
    end = at + 2 + 12 * (len(tags) + 3) + 4
    tags[270] = (2, len(text), end)
    tags[324], tags[325] = (4, count, end + len(text)), (4, count, end + len(text) + 4 * count)
    directory = struct.pack("<H", len(tags))
    directory += b"".join(struct.pack("<HHII", tag, *tags[tag]) for tag in sorted(tags)) + bytes(4) + text
    directory += b"".join(struct.pack("<I", number) for column in zip(*frames, strict=True) for number in column)
    raw += b"\xfc\xff\xfc\xffOB\0\0" + len(directory).to_bytes(4, "little") + directory
    raw[:8] = b"II*\0" + at.to_bytes(4, "little")
    path.write_bytes(raw)


def frames_of(path: Path) -> list[tuple[int, int]]:
    """Offset and length of each fragment."""
    raw = path.read_bytes()
    at, out = raw.index(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff") + 12, []
    while raw[at : at + 4] == b"\xfe\xff\0\xe0":
        out.append((at + 8, int.from_bytes(raw[at + 4 : at + 8], "little")))
        at = sum(out[-1])
    return out[1:]


@pytest.mark.parametrize("copied", [False, True])
def test_the_tiff_half_goes_if_a_person_gives_it_up(tmp_path: Path, copied: bool) -> None:
    from tifffile import TiffFile

    path = tmp_path / "in" / "s.dcm"
    path.parent.mkdir()
    build_dicom(path, **SMALL)
    frames = [path.read_bytes()[at : at + size] for at, size in frames_of(path)]
    for file in (path, path.with_name("s_label.dcm")):
        with_pages(file, b"Quillfeather 1931\0")
    with TiffFile(path) as tiff:
        assert tiff.pages[0].asarray().std() > 5, "the other half shows nothing"
    before = path.read_bytes()
    with pytest.raises(NotEditable, match="TIFF and a DICOM") as refusal:
        pipeline.anonymize_in_place(path, Options(key=KEY))
    assert "dicom.tiff-half" in refusal.value.hint
    assert path.read_bytes() == before
    options = Options(key=KEY, remove=("dicom.tiff-half",))
    if copied:
        outcome = pipeline.anonymize_copy(path, tmp_path / "out", options)
        path = next((tmp_path / "out").rglob("s.dcm"))
    else:
        outcome = pipeline.anonymize_in_place(path, options)
    assert (outcome.content, outcome.residue) == ("clean", ())
    for file in path.parent.iterdir():
        assert not any(file.read_bytes()[:128])
        assert b"Quillfeather" not in file.read_bytes()
    assert [path.read_bytes()[at : at + size] for at, size in frames_of(path)] == frames
    assert pipeline.verify(path, Options(key=KEY)).content == "clean"


def test_words_in_the_preamble_go(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    data = (tmp_path / "s.dcm").read_bytes()
    (tmp_path / "s.dcm").write_bytes(b"Quillfeather".ljust(128, b"\0") + data[128:])
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY)).content == "clean"
    assert (tmp_path / "s.dcm").read_bytes()[:128] == bytes(128)


def test_signatures_behind_the_pixels_become_padding(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    signature = b"\xfa\xff\xfa\xffSQ\0\0\x12\0\0\0\xfe\xff\x00\xe0\x0a\0\0\0Thimblewick"[:30]
    with (tmp_path / "s.dcm").open("ab") as file:
        file.write(signature)
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY)).content == "clean"
    assert read(tmp_path / "s.dcm")[0xFFFCFFFC].value == bytes(18)


def test_text_in_a_tile_goes(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s.dcm"
    data = path.read_bytes()
    at = data.find(b"\xff\xe0\0\x10JFIF", data.find(b"\xe0\x7f\x10\x00"))
    path.write_bytes(data[:at] + b"\xff\xfe\0\x10Quillfeather  " + data[at + 18 :])
    assert pipeline.anonymize_in_place(path, Options(key=KEY)).content == "clean"
    assert b"Quillfeather" not in path.read_bytes()


@pytest.mark.parametrize("kind", ["overlay", "icon", "unknown", "private sequence", "nested"])
def test_elements_that_slides_do_not_usually_have_go(tmp_path: Path, kind: str) -> None:
    from pydicom.dataset import Dataset

    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s_1.dcm"
    data, inner = read(path), Dataset()
    inner.PatientName = "Thimblewick^Percivus"
    if kind == "overlay":
        data.add_new(0x60000022, "LO", "Thimblewick^Percivus")
        data.add_new(0x60003000, "OW", b"Thimblewick^Percivus")
    elif kind == "icon":
        inner.PixelData = b"Thimblewick^Percivus"
        inner["PixelData"].VR = "OB"
        del inner.PixelData
        data.IconImageSequence = [inner]
    elif kind == "unknown":
        data.add_new(0x00540400, "SH", "Thimblewick")
        data.add_new(0x00181400, "LO", "Thimblewick^Percivus")
    elif kind == "private sequence":
        data.add_new(0x000B0010, "LO", "Thimblewick^Percivus")
        data.add_new(0x000B1001, "SQ", [inner])
    else:
        data.OpticalPathSequence[0].IlluminationTypeCodeSequence[0].PatientName = "Thimblewick^Percivus"
    data.save_as(path, enforce_file_format=True)
    assert b"Thimblewick" in path.read_bytes()
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert outcome.content == "clean", outcome.residue
    assert b"Thimblewick" not in path.read_bytes()


# -- refusals ----------------------------------------------------------------------------


def test_a_label_in_dicoms_own_run_length_code_is_drawn_over(tmp_path: Path) -> None:
    from pydicom.uid import RLELossless

    build_dicom(tmp_path / "s.dcm", **SMALL, native=True)
    label = read(tmp_path / "s_label.dcm")
    label.compress(RLELossless, generate_instance_uid=False)
    label.save_as(tmp_path / "s_label.dcm", enforce_file_format=True)
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert outcome.content == "clean", outcome.residue
    pixels = read(tmp_path / "s_label.dcm").pixel_array
    assert (pixels == 255).all()
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY)).writes == 0


def test_a_picture_that_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    label = tmp_path / "s_label.dcm"
    label.write_bytes(label.read_bytes().replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.80"))
    with pytest.raises(NotEditable):
        pipeline.anonymize_in_place(tmp_path / "s.dcm")


def test_a_damaged_member_refuses_the_set(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    label = tmp_path / "s_label.dcm"
    label.write_bytes(label.read_bytes()[:-100])
    before = {f: f.read_bytes() for f in tmp_path.iterdir()}
    with pytest.raises(DamagedSlide):
        pipeline.anonymize_in_place(tmp_path / "s.dcm")
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == before


def test_a_member_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    build_dicom(tmp_path / "s.dcm", **SMALL)
    os.rename(tmp_path / "s_label.dcm", tmp_path / "elsewhere" / "label.dcm")
    (tmp_path / "s_label.dcm").symlink_to("elsewhere/label.dcm")
    before = (tmp_path / "elsewhere" / "label.dcm").read_bytes()
    with pytest.raises(NotEditable, match="of its series"):
        pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert pipeline.anonymize_copy(tmp_path / "s.dcm", tmp_path / "out", Options(key=KEY)).exit_code == 1
    assert (tmp_path / "elsewhere" / "label.dcm").read_bytes() == before


def nested(depth: int, undefined: bool) -> bytes:
    """A private-free sequence inside itself, ``depth`` times."""
    head = b"\x48\x00\x05\x01SQ\0\0"
    if undefined:
        return (head + b"\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff") * depth
    body = b""
    for _ in range(depth):
        item = b"\xfe\xff\x00\xe0" + len(body).to_bytes(4, "little") + body
        body = head + len(item).to_bytes(4, "little") + item
    return body


@pytest.mark.parametrize("undefined", [False, True])
def test_a_sequence_10_000_deep_is_refused(tmp_path: Path, undefined: bool) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s.dcm"
    data = path.read_bytes()
    at = data.find(b"\x48\x00\x05\x01SQ")
    path.write_bytes(data[:at] + nested(10_000, undefined) + data[at:])
    with pytest.raises(SlideError):
        pipeline.anonymize_in_place(path)
