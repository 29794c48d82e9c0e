"""DICOM copies: headers that may grow there, and deflated files that become plain ones."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.containers.dicom import deflated as dicom_deflated
from blankslide.containers.dicom import header
from blankslide.errors import DamagedSlide, NotEditable
from blankslide.pipeline import Options
from blankslide.source import MemorySource
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, deflated, minimal, read, tight_native
from blankslide.testing.process import run_cli
from blankslide.testing.spellings import places_of

if TYPE_CHECKING:
    from pathlib import Path

EXPLICIT, DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"


def test_a_tight_header_is_refused_in_place_and_grows_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tight_native(tmp_path / "in")
    before, old = path.read_bytes(), read(path)
    refused = run_cli("anonymize", "--in-place", path)
    assert (refused.code, path.read_bytes()) == (3, before)
    assert "no room" in refused.err
    assert "--out DIR" in refused.err
    copied = run_cli("anonymize", "--out", tmp_path / "out", path)
    assert (copied.code, copied.err) == (0, "")
    assert "clean – checked by OpenSlide and pydicom, tissue unchanged" in copied.out
    copy = tmp_path / "out" / path.name
    new = read(copy)
    assert copy.stat().st_size > len(before)
    assert (new.PatientIdentityRemoved, new.PixelData) == ("YES", old.PixelData)
    assert [c.CodeValue for c in new.DeidentificationMethodCodeSequence] == ["113100"]
    assert path.read_bytes() == before
    assert run_cli("verify", copy).code == 0


def test_a_copy_with_coded_frames_keeps_its_offset_table(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = minimal(tmp_path / "in", tile=16, OperatorsName="Ottoline Quillfeather")
    assert pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY)).content == "clean"
    assert read(tmp_path / "out" / path.name).PixelData == read(path).PixelData


# -- deflated ----------------------------------------------------------------------------


def test_deflated_files_are_refused_in_place_and_become_plain_ones_in_a_copy(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = deflated(tmp_path / "in")
    before = {f.name: f.read_bytes() for f in path.parent.iterdir()}
    refused = run_cli("anonymize", "--in-place", path)
    assert refused.code == 3
    assert "--out DIR" in refused.err
    assert run_cli("anonymize", "--out", tmp_path / "out", path).code == 0
    assert {f.name: f.read_bytes() for f in path.parent.iterdir()} == before
    copies = sorted((tmp_path / "out").rglob("*.dcm"))
    assert [f.name for f in copies] == sorted(before)
    for copy in copies:
        old, new = read(path.with_name(copy.name)), read(copy)
        assert (new.file_meta.TransferSyntaxUID, new.PatientIdentityRemoved) == (EXPLICIT, "YES")
        if new.ImageType[2] in ("LABEL", "OVERVIEW"):
            assert (new.pixel_array == 255).all()
        else:
            assert new.PixelData == old.PixelData
        assert not places_of(str(old.PatientName), copy.read_bytes())
    again = pipeline.anonymize_in_place(next(f for f in copies if f.name == path.name), Options(key=KEY))
    assert (again.content, again.residue) == ("clean", ())


def test_one_deflated_file_in_a_set_of_plain_ones(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "s.dcm"
    build_dicom(path, **SMALL, native=True)
    label = read(path.with_name("s_label.dcm"))
    label.file_meta.TransferSyntaxUID = DEFLATED
    label.save_as(path.with_name("s_label.dcm"), enforce_file_format=True)
    assert len(pipeline.inspect(path).files) == 5
    outcome = pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
    (copy,) = (tmp_path / "out").rglob("s_label.dcm")
    assert (read(copy).pixel_array == 255).all()


def bodies(data: bytes) -> tuple[bytes, bytes]:
    """Meta information of a deflated file, and its inflated data set."""
    _, at = header.read_meta(data, len(data))
    return data[:at], zlib.decompressobj(-15).decompress(data[at:])


def packed(body: bytes) -> bytes:
    coder = zlib.compressobj(9, wbits=-15)
    return coder.compress(body) + coder.flush()


def test_nothing_behind_the_pixels_or_the_stream_is_copied(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = deflated(tmp_path / "in")
    head, body = bodies(path.read_bytes())
    padding = b"\xfc\xff\xfc\xffOB\0\0\x0c\0\0\0Quillfeather"
    path.write_bytes(head + packed(body + padding) + b"Thimblewick")
    assert pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY)).content == "clean"
    for copy in (tmp_path / "out").rglob("*.dcm"):
        assert b"Quillfeather" not in copy.read_bytes()
        assert b"Thimblewick" not in copy.read_bytes()


def test_a_stream_that_inflates_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicom_deflated, "MOST_INFLATED", 4 << 20)
    path = deflated(tmp_path)
    head, body = bodies(path.read_bytes())
    path.write_bytes(head + packed(body + bytes(8 << 20)))
    with pytest.raises(NotEditable, match="1 GiB") as refusal:
        pipeline.anonymize_copy(path, tmp_path / "out")
    assert refusal.value.hint == ""


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_stream_that_ends_early_is_damaged(tmp_path: Path, share: float) -> None:
    data = deflated(tmp_path).read_bytes()
    head, _ = bodies(data)
    cut = data[: len(head) + 1 + int((len(data) - len(head) - 2) * share)]
    with pytest.raises(DamagedSlide):
        dicom_deflated.plain(MemorySource(cut))


def test_big_endian_is_refused_with_the_reason_and_without_a_way_that_does_not_help(tmp_path: Path) -> None:
    path = tmp_path / "s.dcm"
    build_dicom(path, **SMALL, native=True)
    data = path.read_bytes()
    old = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00"
    assert old in data
    path.write_bytes(data.replace(old, old[:-1] + b"\0").replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.2\0", 1))
    before = path.read_bytes()
    for act in (lambda: pipeline.anonymize_in_place(path), lambda: pipeline.anonymize_copy(path, tmp_path / "out")):
        with pytest.raises(NotEditable, match="big endian") as refusal:
            act()
        assert "--out" not in refusal.value.hint
    assert path.read_bytes() == before


def test_a_copy_of_a_blank_label_that_got_a_name_again_is_clean(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "s.dcm"
    build_dicom(path, **SMALL)
    pipeline.anonymize_in_place(path, Options(key=KEY))
    label = path.with_name("s_label.dcm")
    data = read(label)
    data.PatientName = "Quillfeather^Ottoline"
    data.save_as(label, enforce_file_format=True)
    outcome = pipeline.anonymize_copy(path, tmp_path / "out", Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
