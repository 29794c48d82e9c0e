"""DICOM attributes that usually hold a term, a number or a public code, and hold a name for once."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset

from blankslide import pipeline
from blankslide.errors import DamagedSlide
from blankslide.pipeline import Options
from blankslide.policy.pseudonyms import is_standard
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, read

if TYPE_CHECKING:
    from pathlib import Path

NAME, NUMBER = "QUILLFEATHER", "471100815"
HEAD = b"\xe0\x7f\x10\x00OB\0\0"
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def item(**values: Any) -> Dataset:
    out = Dataset()
    for keyword, value in values.items():
        setattr(out, keyword, value)
    return out


def illumination(value: str, scheme: str, meaning: str) -> Callable[[Any], None]:
    def plant(data: Any) -> None:
        code = item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)
        data.OpticalPathSequence[0].IlluminationTypeCodeSequence = [code]

    return plant


def element(tag: int, vr: str, value: Any) -> Callable[[Any], None]:
    return lambda data: data.add_new(tag, vr, value)


def meta(keyword: str, value: Any) -> Callable[[Any], None]:
    return lambda data: setattr(data.file_meta, keyword, value)


def optical(keyword: str, value: str) -> Callable[[Any], None]:
    return lambda data: setattr(data.OpticalPathSequence[0], keyword, value)


HIDDEN: dict[str, Callable[[Any], None]] = {
    "modality": element(0x00080060, "CS", NAME),
    "body part": element(0x00180015, "CS", NAME),
    "colour space": element(0x00282002, "CS", NAME),
    "fourth word of the image type": lambda d: setattr(d, "ImageType", [*d.ImageType[:3], NAME]),
    "series number": element(0x00200011, "IS", NUMBER),
    "acquisition number": element(0x00200012, "IS", NUMBER),
    "decimal without a point": element(0x00181050, "DS", NUMBER),
    "code of a public scheme": illumination(NAME, "SCT", "x"),
    "record number as a SNOMED code": illumination(NUMBER, "SCT", "x"),
    "meaning of a public code": illumination("111744", "DCM", NAME.title()),
    "person as a meaning": illumination("111744", "DCM", "Quillfeather^Ott"),
    "optical path": optical("OpticalPathIdentifier", NAME),
    "scheme": lambda d: setattr(
        d, "CodingSchemeIdentificationSequence", [item(CodingSchemeDesignator=NAME, CodingSchemeName=f"DICOM {NAME}")]
    ),
    "standard root before a name": element(0x0008001A, "UI", f"1.2.840.10008.{NAME}"),
    "standard root before a number": element(0x0020000D, "UI", f"1.2.840.10008.{NUMBER}"),
    "maker's root before a number": meta("ImplementationClassUID", f"1.2.{NUMBER}.3"),
    "version of the meta information": meta("FileMetaInformationVersion", NAME.encode()),
    "small integers": element(0x00280106, "US", list(struct.unpack("<6H", NAME.encode()))),
    "large integers": element(0x00209157, "UL", list(struct.unpack("<3I", NAME.encode()))),
    "numbers beyond measure": element(0x00189073, "FD", list(struct.unpack("<2d", f"{NAME}JONE".encode()))),
    "colour table": element(0x00281201, "OW", NAME.encode()),
    "alphabet": lambda d: setattr(d, "SpecificCharacterSet", ["ISO 2022 IR 6", NAME]),
    "role": element(0x00102298, "CS", NAME),
    "behind our own method": element(0x00120063, "LO", ["Blankslide: PS3.15 Basic Profile", NAME]),
}


@pytest.mark.parametrize("where", HIDDEN)
def test_a_name_goes_from_wherever_it_hides(tmp_path: Path, where: str) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s_1.dcm"
    data = read(path)
    HIDDEN[where](data)
    data.save_as(path, enforce_file_format=True)
    before = path.read_bytes()
    words = [w.encode() for w in (NAME, NAME.title(), NUMBER)]
    assert any(word in before for word in words)
    pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    after = path.read_bytes()
    assert not any(word in after for word in words)
    assert len(after) == len(before)
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY)).writes == 0


def test_ordinary_values_stay(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s.dcm"
    data = read(path)
    data.BodyPartExamined, data.PresentationLUTShape = "PROSTATE", "IDENTITY"
    data.OpticalPathSequence[0].OpticalPathDescription = "Brightfield"
    data.add_new(0x00480015, "US", [0xFFFF, 0x8080, 0x8080])
    data.save_as(path, enforce_file_format=True)
    pipeline.anonymize_in_place(path, Options(key=KEY))
    kept = read(path)
    words = "ImageType BodyPartExamined PresentationLUTShape SpecificCharacterSet LossyImageCompressionMethod " \
        "PhotometricInterpretation DimensionOrganizationType ContainerTypeCodeSequence InstanceNumber " \
        "RecommendedAbsentPixelCIELabValue ImageOrientationSlide"  # fmt: skip
    assert [w for w in words.split() if kept[w].value != data[w].value] == []
    words = "IlluminationTypeCodeSequence OpticalPathIdentifier ObjectiveLensPower OpticalPathDescription"
    old, new = data.OpticalPathSequence[0], kept.OpticalPathSequence[0]
    assert [w for w in words.split() if new[w].value != old[w].value] == []


def test_every_uid_of_the_standard_is_known_by_its_shape() -> None:
    from pydicom.uid import UID_dictionary

    assert all(map(is_standard, UID_dictionary))


# -- in front of, between and behind frames ------------------------------------------------


def in_front(data: bytes, tag: bytes, vr: bytes, value: bytes) -> bytes:
    return data.replace(HEAD, b"\xe0\x7f" + tag + vr + b"\0\0" + struct.pack("<I", len(value)) + value + HEAD, 1)


def with_table(data: bytes) -> bytes:
    at = data.index(HEAD) + 12
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    return data[: at + 4] + struct.pack("<I", 12) + NAME.encode() + data[at + 8 + length :]


FRAGMENT = b"\xfe\xff\x00\xe0\x0c\0\0\0" + NAME.encode()
REFUSED: dict[str, Callable[[bytes], bytes]] = {
    "unknown element": lambda d: in_front(d, b"\x05\0", b"OB", NAME.encode()),
    "extended table": lambda d: in_front(d, b"\x01\0", b"OV", NAME.encode() + bytes(4)),
    "basic table": with_table,
    "fragment of no frame": lambda d: d[:-8] + FRAGMENT + d[-8:],
    "length of the end": lambda d: d[:-4] + b"QUIL",
}


@pytest.mark.parametrize("what", REFUSED)
def test_words_between_the_frames_are_refused(tmp_path: Path, what: str) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    path = tmp_path / "s_1.dcm"
    path.write_bytes(REFUSED[what](path.read_bytes()))
    before = {f: f.read_bytes() for f in tmp_path.iterdir()}
    with pytest.raises(DamagedSlide):
        pipeline.anonymize_in_place(tmp_path / "s.dcm")
    assert {f: f.read_bytes() for f in tmp_path.iterdir()} == before


def longer(data: bytes) -> bytes:
    """Native pixels with a word behind the last frame."""
    at = data.index(HEAD) + 8
    length = int.from_bytes(data[at : at + 4], "little")
    return data[:at] + struct.pack("<I", length + 12) + data[at + 4 :] + NAME.encode()


def behind_the_end(data: bytes) -> bytes:
    """A coded picture with a word behind its end, in its own fragment."""
    at = data.index(b"\xff\xd8\xff\xe0")
    length = int.from_bytes(data[at - 4 : at], "little")
    return (
        data[: at - 4] + struct.pack("<I", length + 12) + data[at : at + length] + NAME.encode() + data[at + length :]
    )


@pytest.mark.parametrize(
    ("file", "native", "change"),
    [
        ("s_1.dcm", True, longer),
        ("s_thumbnail.dcm", True, longer),
        ("s_thumbnail.dcm", False, behind_the_end),
        ("s_thumbnail.dcm", False, lambda d: d[:-8] + FRAGMENT + d[-8:]),
    ],
)
@pytest.mark.parametrize("profile", ["research", "strict"])
def test_words_behind_the_last_frame_go(
    tmp_path: Path, file: str, native: bool, change: Callable[[bytes], bytes], profile: str
) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL, native=native)
    path = tmp_path / file
    path.write_bytes(change(path.read_bytes()))
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY, profile=profile))
    assert outcome.content == "clean", outcome.residue
    assert NAME.encode() not in path.read_bytes()
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY, profile=profile)).writes == 0


@pytest.mark.parametrize("keyword", ["SpecimenLabelInImage", "BurnedInAnnotation"])
def test_a_level_that_shows_the_label_by_its_own_words_is_not_called_clean(tmp_path: Path, keyword: str) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    data = read(tmp_path / "s.dcm")
    setattr(data, keyword, "YES")
    data.save_as(tmp_path / "s.dcm", enforce_file_format=True)
    outcome = pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY))
    assert (outcome.content, len(outcome.residue)) == ("residue", 1)
    assert "label-in-tissue" in outcome.residue[0]


def test_a_thumbnail_that_shows_the_label_by_its_own_words_is_blanked(tmp_path: Path) -> None:
    build_dicom(tmp_path / "s.dcm", **SMALL)
    data = read(tmp_path / "s_thumbnail.dcm")
    data.SpecimenLabelInImage = "YES"
    data.save_as(tmp_path / "s_thumbnail.dcm", enforce_file_format=True)
    assert pipeline.anonymize_in_place(tmp_path / "s.dcm", Options(key=KEY)).content == "clean"
    pixels = read(tmp_path / "s_thumbnail.dcm").pixel_array
    assert (pixels == pixels[0, 0]).all()
