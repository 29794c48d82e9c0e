"""Codes stay as pairs of the table, tables and numbers for their form, and stains among the steps of preparation."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from blankslide import pipeline
from blankslide.formats.dicom import codes, palettes, terms
from blankslide.formats.dicom.codes import Code, Standing
from blankslide.pipeline import Options
from blankslide.policy.pseudonyms import is_token
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, read

if TYPE_CHECKING:
    from pathlib import Path

ONE = {"size": (96, 64), "tile": 64, "factors": (1,), "label_size": (60, 72), "macro_size": (96, 40)}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def code(value: str, scheme: str, meaning: str) -> Dataset:
    out = Dataset()
    out.CodeValue, out.CodingSchemeDesignator, out.CodeMeaning = value, scheme, meaning
    return out


def anatomy(*items: Dataset) -> Any:
    return lambda d: setattr(d.SpecimenDescriptionSequence[0], "PrimaryAnatomicStructureSequence", Sequence(items))


def cleaned(folder: Path, change: Any, **options: Any) -> Any:
    """Build a level, change it, anonymize it; looking again finds nothing."""
    path = folder / "s.dcm"
    build_dicom(path, **ONE)
    for other in folder.glob("s_*.dcm"):
        other.unlink()
    data = read(path)
    change(data)
    data.save_as(path, enforce_file_format=True)
    outcome = pipeline.anonymize_in_place(path, Options(key=KEY, **options))
    assert (outcome.content, outcome.residue) == ("clean", ())
    _, plan = pipeline.plan(path, Options(key=KEY, **options))
    assert not plan.patches
    return read(path)


# -- codes -------------------------------------------------------------------------------


def test_a_meaning_stays_only_with_its_own_value(tmp_path: Path) -> None:
    items = code("119376003", "SCT", "Rose Brown"), code("433466003", "SCT", "Microscope Slide"), \
        code("471100815", "SCT", "Brain"), code("255587006", "SCT", "S19-471-815 B")  # fmt: skip
    got = cleaned(tmp_path, anatomy(*items)).SpecimenDescriptionSequence[0].PrimaryAnatomicStructureSequence
    said = [(i.CodeValue, i.CodeMeaning) for i in got]
    assert said[:3] == [("119376003", "tissue specimen"), ("433466003", "Microscope Slide"), ("X", "X")]
    assert said[3][1] == "X"
    assert b"Rose" not in (tmp_path / "s.dcm").read_bytes()


@pytest.mark.parametrize(("profile", "left"), [("research", "7"), ("strict", "X")])
def test_a_value_that_its_scheme_would_have_stays_under_research(tmp_path: Path, profile: str, left: str) -> None:
    value = next(v for v in (f"{n}00{c}" for n in range(734521, 734999) for c in range(10)) if fitting("SCT", v))
    got = cleaned(tmp_path, anatomy(code(value, "SCT", "Rose Brown")), profile=profile)
    item = got.SpecimenDescriptionSequence[0].PrimaryAnatomicStructureSequence[0]
    assert (item.CodeValue, item.CodeMeaning) == (value if left != "X" else "X", "X")


def fitting(scheme: str, value: str) -> bool:
    return Code(scheme, value, "").standing is Standing.FITTING


def test_the_standards_own_codes_are_known() -> None:
    from pydicom.sr._concepts_dict import concepts

    for scheme in ("DCM", "SCT", "UCUM"):
        rows = [(v, m) for entry in concepts[scheme].values() for v, (m, _) in entry.items()][::40]
        assert [row for row in rows if not Code(scheme, *row).is_pair] == []


@pytest.mark.parametrize(
    ("scheme", "value"),
    [("SCT", "471100815"), ("SCT", "123456"), ("DCM", "Rose"), ("DCM", "471100"), ("UCUM", "{Rose}"), ("UCUM", "Rose"),
     ("99LOCAL", "119376003"), ("LN", "4711-8"), ("SRT", "S-19471"), ("SCT", "119376003\t"), ("", "")],
)  # fmt: skip
def test_what_looks_like_a_code_is_none(scheme: str, value: str) -> None:
    assert Code(scheme, value, "").standing is Standing.UNKNOWN


@pytest.mark.parametrize("unit", ["um", "mm/s", "mmol/L", "kg/m2", "nm", "cm-1"])
def test_units_are_known_by_their_syntax(unit: str) -> None:
    assert Code("UCUM", unit, "").standing


def test_older_numbers_of_snomed_are_known() -> None:
    assert "hematoxylin stain" in {m.casefold() for m in codes.meanings("SRT", "C-22968")}
    assert codes.meanings("SNM3", "C-22968") == codes.meanings("SRT", "C-22968")


# -- words and numbers ---------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Rose Brown", "Green", "Kim 12", "S19-123-456 B", "Field", "Brightfield 19480312"])
def test_a_description_is_no_name(text: str) -> None:
    assert not terms.is_light(text)


@pytest.mark.parametrize("text", ["Brightfield", "Bright field illumination", "DAPI channel 1", "Alexa Fluor 488"])
def test_a_description_of_light_stays(text: str) -> None:
    assert terms.is_light(text)


PERSONAL = {
    "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "BAUER"], "BodyPartExamined": "ROSE BROWN", "Modality": "KIM",
    "FocusMethod": "ROSE", "Laterality": "BROWN", "LongitudinalTemporalOffsetFromEvent": 25567.5,
    "LongitudinalTemporalEventType": "BIRTH", "PatientBodyMassIndex": "31.42", "MeasuredAPDimension": "31.42",
    "AcquisitionDuration": 19480312.0, "PatientAlternativeCalendar": "HEBREW",
}  # fmt: skip


@pytest.mark.parametrize("profile", ["research", "strict"])
def test_terms_and_numbers_of_a_person_go(tmp_path: Path, profile: str) -> None:
    def change(data: Any) -> None:
        for keyword, value in PERSONAL.items():
            setattr(data, keyword, value)

    got = cleaned(tmp_path, change, profile=profile)
    assert [k for k, v in PERSONAL.items() if k in got and got[k].value == v] == []
    assert (list(got.ImageType), got.Modality) == (["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], "SM")


def test_a_patient_stays_one_patient(tmp_path: Path) -> None:
    ids = set()
    for number in ("PAT-4711", "PAT-4711", "PAT-4712"):
        path = tmp_path / str(len(list(tmp_path.iterdir()))) / "s.dcm"
        path.parent.mkdir()
        build_dicom(path, **ONE)
        data = read(path)
        data.PatientID = number
        data.save_as(path, enforce_file_format=True)
        pipeline.anonymize_in_place(path, Options(key=KEY))
        ids.add(read(path).PatientID)
    assert len(ids) == 2
    assert all(map(is_token, ids))


# -- tables ------------------------------------------------------------------------------

RED = 0x00281201
RAMP8 = bytes(range(256))
RAMP16 = struct.pack("<256H", *(i * 257 for i in range(256)))
STEEP16 = struct.pack("<256H", *(min(i * 311, 65535) for i in range(256)))


@pytest.mark.parametrize(
    ("raw", "descriptor"),
    [(RAMP8, (256, 0, 8)), (RAMP16, (256, 0, 16)), (STEEP16, (256, 0, 16)), (RAMP16, (256, 0, 8)),
     (bytes(512), (256, 0, 16)), (RAMP8[::-1], (256, 0, 8)), (RAMP8[:3] + b"\0", (3, 0, 8))],
)  # fmt: skip
def test_tables_of_colours_stay(raw: bytes, descriptor: tuple[int, int, int]) -> None:
    assert palettes.is_table(RED, raw, struct.pack("<3H", *descriptor))


def with_words(raw: bytes, words: bytes) -> bytes:
    return raw[:100] + words + raw[100 + len(words) :]


@pytest.mark.parametrize(
    ("raw", "descriptor"),
    [(with_words(RAMP16, b"Rose Brown 1948"), (256, 0, 16)), (with_words(RAMP8, b"ROSE^BROWN"), (256, 0, 8)),
     (with_words(RAMP16, "Rose Brown 1948".encode("utf-16-le")), (256, 0, 16)), (RAMP16[:-2], (256, 0, 16)),
     (with_words(RAMP16, "Rose Brown 1948".encode("utf-16-be")), (256, 0, 16)), (RAMP8 + b"RB", (256, 0, 8))],
)  # fmt: skip
def test_tables_that_speak_or_have_another_length_go(raw: bytes, descriptor: tuple[int, int, int]) -> None:
    assert not palettes.is_table(RED, raw, struct.pack("<3H", *descriptor))
    assert not palettes.is_table(RED, raw, b"")


def test_segments_fill_their_table_exactly() -> None:
    fine = struct.pack("<8H", 0, 2, 0, 500, 1, 254, 65535, 0)[:14]
    descriptor = struct.pack("<3H", 256, 0, 16)
    assert palettes.is_table(0x00281221, fine, descriptor)
    assert not palettes.is_table(0x00281221, fine + b"RB", descriptor)


# -- preparation -------------------------------------------------------------------------


def content(kind: str, concept: Dataset, **more: Any) -> Dataset:
    out = Dataset()
    out.ValueType, out.ConceptNameCodeSequence = kind, Sequence([concept])
    for keyword, value in more.items():
        setattr(out, keyword, value)
    return out


USING, PROCESS = code("424361007", "SCT", "Using substance"), code("111701", "DCM", "Processing type")
STAINING, EOSIN = code("127790008", "SCT", "Staining"), code("36879007", "SCT", "water soluble eosin stain")
IDENTIFIER, WHO = code("121041", "DCM", "Specimen Identifier"), code("121008", "DCM", "Person Observer Name")


def step(*items: Dataset) -> Dataset:
    out = Dataset()
    out.SpecimenPreparationStepContentItemSequence = Sequence(items)
    return out


def test_stains_stay_and_persons_dates_and_free_texts_go(tmp_path: Path) -> None:
    def change(data: Any) -> None:
        specimen = data.SpecimenDescriptionSequence[0]
        specimen.SpecimenIdentifier = "AB-24-3311-A1"
        specimen.SpecimenPreparationSequence = Sequence([
            step(content("TEXT", IDENTIFIER, TextValue="AB-24-3311-A1"),
                 content("CODE", PROCESS, ConceptCodeSequence=[STAINING]),
                 content("CODE", USING, ConceptCodeSequence=[EOSIN]), content("TEXT", USING, TextValue="giemsa stain"),
                 content("PNAME", WHO, PersonName="Quillfeather"), content("TEXT", USING, TextValue="Rose Brown"),
                 content("DATETIME", code("111702", "DCM", "DateTime of processing"), DateTime="20190304")),
            step(content("TEXT", IDENTIFIER, TextValue="AB-24-3311-A1"), content("PNAME", WHO, PersonName="Ott")),
        ])  # fmt: skip

    got = cleaned(tmp_path, change)
    specimen = got.SpecimenDescriptionSequence[0]
    (kept,) = specimen.SpecimenPreparationSequence
    items = kept.SpecimenPreparationStepContentItemSequence
    assert [i.ValueType for i in items] == ["TEXT", "CODE", "CODE", "TEXT"]
    assert items[0].TextValue == specimen.SpecimenIdentifier
    assert is_token(items[0].TextValue)
    assert [items[n].ConceptCodeSequence[0].CodeMeaning for n in (1, 2)] == ["Staining", "water soluble eosin stain"]
    assert items[3].TextValue == "giemsa stain"
    assert "113104" in {i.CodeValue for i in got.DeidentificationMethodCodeSequence}


def test_a_preparation_that_tells_no_method_is_emptied(tmp_path: Path) -> None:
    def change(data: Any) -> None:
        steps = Sequence([step(content("PNAME", WHO, PersonName="Quillfeather"))])
        data.SpecimenDescriptionSequence[0].SpecimenPreparationSequence = steps

    assert len(cleaned(tmp_path, change).SpecimenDescriptionSequence[0].SpecimenPreparationSequence) == 0
