"""Plants in the headers of DICOM sets: whatever an element, a sequence or a table can hold.

pydicom reads and writes; values are put in as bytes, so that text may be spelled in any way under any value
representation, as careless software does it. Frames and files beside them are in `dicom_frames`.
"""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from blankslide.testing.planting.sets import Found, Members, Secret, secret, sets

if TYPE_CHECKING:
    from random import Random

_TEXT = ("LO", "SH", "PN", "ST", "LT", "UT", "UC", "UR", "AE", "CS", "AS", "DA", "DT", "TM", "DS", "IS", "UI")
_BINARY = ("OB", "OW", "UN", "OF", "OD", "OL")
_SHAPES = frozenset((0x0002, 0x0028, 0x7FE0, 0xFFFA, 0xFFFC, 0xFFFE))
_ORDINARY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientAddress", "PatientComments", "OtherPatientIDs"),
    *("AccessionNumber", "ReferringPhysicianName", "OperatorsName", "InstitutionName", "InstitutionAddress"),
    *("StationName", "StudyDescription", "SeriesDescription", "ImageComments", "ProtocolName", "StudyID"),
    *("PerformingPhysicianName", "RequestingPhysician", "AdmissionID", "DeviceSerialNumber", "ContainerIdentifier"),
    *("BarcodeValue", "LabelText", "SpecimenIdentifier", "SpecimenDetailedDescription", "RequestedProcedureID"),
    *("PatientBirthName", "MedicalRecordLocator", "Occupation", "AdditionalPatientHistory", "DerivationDescription"),
    *("ContentCreatorName", "PerformedProcedureStepDescription", "ContainerDescription", "ClinicalTrialSubjectID"),
)


def _read(data: bytes) -> Any:
    import pydicom

    return pydicom.dcmread(io.BytesIO(data), force=True)


def _written(data: Any) -> bytes:
    out = io.BytesIO()
    data.save_as(out)
    return out.getvalue()


class Instance:
    """One file of a set under alteration."""

    def __init__(self, members: Members, rng: Random) -> None:
        self.members = members
        self.name = rng.choice(sorted(name for name in members.files if name.endswith(".dcm")))
        self.data: Any = None
        self.read()

    def read(self) -> None:
        """Read the file of its name."""
        self.data = _read(self.members.files[self.name])
        self.part = self.name.removesuffix(".dcm").rpartition("_")[2]

    def done(self) -> None:
        """Write the file."""
        self.members.files[self.name] = _written(self.data)


def put(data: Any, tag: int, vr: str, value: bytes) -> None:
    """Put an element into a data set, its bytes as they are, padded to an even length."""
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    value += (b"\0" if vr in (*_BINARY, "UI") else b" ") * (len(value) % 2)
    implicit, little = data.original_encoding if data.original_encoding[0] is not None else (False, True)
    raw = RawDataElement(Tag(tag), vr, len(value), value, 0, bool(implicit), bool(little))
    data._dict[Tag(tag)] = raw


def levels(data: Any, path: str = "") -> list[tuple[str, Any]]:
    """All data sets in a data set: itself, and the items of its sequences."""
    out = [(path, data)]
    for element in data:
        if element.VR == "SQ":
            for item in element.value:
                out += levels(item, f"{path}{element.keyword or element.tag}/")
    return out


@lru_cache(maxsize=1)
def _dictionary() -> tuple[dict[int, tuple[str, str]], list[int], list[int]]:
    """Tag -> VR and keyword; tags of texts; tags of sequences."""
    from pydicom._dicom_dict import DicomDictionary

    known = {
        tag: (row[0], row[4]) for tag, row in DicomDictionary.items() if tag >> 16 not in _SHAPES and tag >> 16 > 7
    }
    texts = [tag for tag, (vr, _) in known.items() if vr in _TEXT]
    return known, texts, [tag for tag, (vr, _) in known.items() if vr == "SQ"]


def _ordinary_tags() -> list[int]:
    from pydicom.datadict import tag_for_keyword

    return [tag for word in _ORDINARY if (tag := tag_for_keyword(word)) is not None]


def place(data: Any, rng: Random) -> tuple[str, Any]:
    """Choose a data set: the instance, an item that is there, or a new item of some sequence."""
    from pydicom.dataset import Dataset

    if rng.random() < 0.45:
        return "", data
    path, level = rng.choice(levels(data))
    if rng.random() < 0.4:
        known, _, sequences = _dictionary()
        tag = rng.choice([t for t in sequences if t not in level] or sequences)
        item = Dataset()
        level.add_new(tag, "SQ", [item])
        return f"{path}{known[tag][1]}/", item
    return path, level


def _fitting(vr: str, hidden: Secret) -> bytes:
    """Bytes as they stand under a value representation: numbers and UIDs of an odd length need none."""
    return hidden.raw.replace(b"\\", b"/") if vr in _TEXT else hidden.raw


@sets("dicom", times=3)
def plant_attribute(members: Members, rng: Random) -> Found | None:
    """Any attribute of the dictionary, in any data set."""
    one = Instance(members, rng)
    known, texts, _ = _dictionary()
    ordinary = rng.random() < 0.4
    path, level = ("", one.data) if ordinary else place(one.data, rng)
    tag = rng.choice(_ordinary_tags() if ordinary else texts)
    vr, keyword = known[tag]
    if not ordinary and tag in level and rng.random() < 0.8:
        return None
    hidden = secret(rng, plain=ordinary)
    put(level, tag, vr, _fitting(vr, hidden))
    one.done()
    return Found(
        "attribute" if not path else "attribute in an item",
        f"{hidden.encoding}, {one.part} {path}{keyword} {vr}",
        ordinary,
        (_fitting(vr, hidden), *hidden.needles),
    )


@sets("dicom")
def plant_private(members: Members, rng: Random) -> Found | None:
    """A private element, with its creator or without, of any representation; or its creator is the text."""
    one, hidden = Instance(members, rng), secret(rng)
    path, level = place(one.data, rng)
    group, block = (
        rng.choice((0x0009, 0x0011, 0x0029, 0x00E1, 0x0EFF, 0x2001, 0x6009, 0x7FDF, 0x7FE1)),
        rng.randrange(0x10, 0xFF),
    )
    how = rng.choice(("with a creator", "without a creator", "creator"))
    if how == "creator":
        put(level, group << 16 | block, "LO", hidden.raw)
        vr = "LO"
    else:
        if how == "with a creator":
            put(level, group << 16 | block, "LO", b"ACME 1.0")
        vr = rng.choice((*_TEXT, *_BINARY, "UN", "UN"))
        put(level, group << 16 | block << 8 | rng.randrange(256), vr, hidden.raw)
    one.done()
    return Found(
        f"private, {how}",
        f"{hidden.encoding}, {one.part} {path} {vr}",
        how == "with a creator" and not path,
        hidden.needles,
    )


@sets("dicom")
def plant_unknown(members: Members, rng: Random) -> Found | None:
    """An element of an even group that no dictionary has, or a known one of another representation."""
    one, hidden = Instance(members, rng), secret(rng)
    known, texts, _ = _dictionary()
    path, level = place(one.data, rng)
    vr = rng.choice((*_BINARY, *_TEXT))
    if rng.random() < 0.5:
        tag = rng.choice(texts)
        while tag in level:
            tag = rng.choice(texts)
    else:
        tag = rng.choice((0x0008, 0x0010, 0x0018, 0x0040, 0x0048, 0x2200, 0x4010, 0x7000)) << 16 | rng.randrange(
            1, 0xFFFF
        )
        if tag in known:
            return None
    put(level, tag, vr, hidden.raw)
    one.done()
    return Found(
        "unknown attribute" if tag not in known else "wrong VR",
        f"{hidden.encoding}, {one.part} {path}({tag >> 16:04X},{tag & 0xFFFF:04X}) {vr}",
        False,
        hidden.needles,
    )


@sets("dicom")
def plant_code(members: Members, rng: Random) -> Found | None:
    """A code's meaning, value, long value, scheme or version, in a sequence of codes that is there or new."""
    from pydicom.dataset import Dataset

    one, hidden = Instance(members, rng), secret(rng, plain=True)
    codes = [(path, level) for path, level in levels(one.data) if "CodeMeaning" in level]
    if rng.random() < 0.5 or not codes:
        known, _, sequences = _dictionary()
        path, level = place(one.data, rng)
        tag = rng.choice([t for t in sequences if known[t][1].endswith("CodeSequence")])
        item = Dataset()
        for keyword, value in (
            ("CodeValue", "111744"),
            ("CodingSchemeDesignator", "DCM"),
            ("CodeMeaning", "Brightfield"),
        ):
            setattr(item, keyword, value)
        level.add_new(tag, "SQ", [item])
        path, level = f"{path}{known[tag][1]}/", item
    else:
        path, level = rng.choice(codes)
    words = {"CodeMeaning": (0x00080104, "LO"), "CodeValue": (0x00080100, "SH"), "LongCodeValue": (0x00080119, "UC")}
    words |= {"CodingSchemeDesignator": (0x00080102, "SH"), "CodingSchemeVersion": (0x00080103, "SH")}
    words |= {
        "URNCodeValue": (0x00080120, "UR"),
        "ContextIdentifier": (0x0008010F, "CS"),
        "MappingResource": (0x00080105, "CS"),
    }
    word = rng.choice((*words, "CodeMeaning", "CodeValue"))
    put(level, *words[word], hidden.raw)
    one.done()
    return Found(f"code: {word}", f"{hidden.encoding}, {one.part} {path}", word == "CodeMeaning", hidden.needles)


@sets("dicom")
def plant_overlay(members: Members, rng: Random) -> Found | None:
    """A plane of an overlay, its texts, or a curve."""
    one, hidden = Instance(members, rng), secret(rng)
    group = rng.randrange(0, 0x20, 2)
    rows = {
        "overlay's plane": (0x60003000, "OW", hidden.raw * 20),
        "overlay's label": (0x60001500, "LO", hidden.raw),
        "overlay's description": (0x60000022, "LO", hidden.raw),
        "overlay's comments": (0x60004000, "LT", hidden.raw),
        "curve": (0x50003000, "OW", hidden.raw * 5),
        "curve's description": (0x50000022, "LO", hidden.raw),
        "curve's units": (0x50000030, "SH", hidden.raw),
        "audio": (0x5000200C, "OW", hidden.raw * 9),
    }
    what = rng.choice(sorted(rows))
    tag, vr, value = rows[what]
    if what == "overlay's plane":
        put(one.data, 0x60000010 + (group << 16), "US", struct.pack("<H", 64))
        put(one.data, 0x60000011 + (group << 16), "US", struct.pack("<H", 64))
        put(one.data, 0x60000040 + (group << 16), "CS", b"G ")
    put(one.data, tag + (group << 16), vr, value)
    one.done()
    return Found(what, f"{hidden.encoding}, {one.part}", "overlay" in what, hidden.needles)


@sets("dicom")
def plant_meta(members: Members, rng: Random) -> Found | None:
    """The file meta group, and the preamble in front of it."""
    one, hidden = Instance(members, rng), secret(rng)
    if rng.random() < 0.4:
        data = members.files[one.name]
        at = rng.randrange(0, 128 - min(len(hidden.raw), 120))
        text = hidden.raw[:120]
        members.files[one.name] = data[:at] + text + data[at + len(text) :]
        return Found("preamble", f"{hidden.encoding}, {one.part}", False, tuple(n for n in hidden.needles if n in text))
    tags = {
        "SourceApplicationEntityTitle": (0x00020016, "AE"),
        "SendingApplicationEntityTitle": (0x00020017, "AE"),
        "ImplementationVersionName": (0x00020013, "SH"),
        "ImplementationClassUID": (0x00020012, "UI"),
        "PrivateInformation": (0x00020102, "OB"),
        "SourcePresentationAddress": (0x00020026, "UR"),
        "an unknown element": (0x00020200, "LO"),
        "another unknown element": (0x00020FFF, "OB"),
    }
    word = rng.choice(sorted(tags))
    if word == "PrivateInformation":
        put(one.data.file_meta, 0x00020100, "UI", b"1.2.826.0.1.3680043.10.1496")
    put(one.data.file_meta, *tags[word], hidden.raw)
    one.done()
    return Found(
        "file meta", f"{hidden.encoding}, {one.part} {word}", word == "SourceApplicationEntityTitle", hidden.needles
    )


@sets("dicom")
def plant_number(members: Members, rng: Random) -> Found | None:
    """A record's number or a day as a binary number, under any numeric attribute that is not there yet."""
    one = Instance(members, rng)
    known, _, _ = _dictionary()
    kinds = {"FD": "<d", "FL": "<f", "UL": "<I", "SL": "<i", "UV": "<Q", "SV": "<q"}
    path, level = place(one.data, rng)
    tag = rng.choice([t for t, (vr, _) in known.items() if vr in kinds and t not in level])
    vr, keyword = known[tag]
    number = (
        rng.randrange(1_000_000_000, 2_000_000_000) if rng.random() < 0.6 else int(rng.choice(("19570513", "20231109")))
    )
    raw = struct.pack(kinds[vr], number) * rng.choice((1, 1, 3))
    put(level, tag, vr, raw)
    one.done()
    return Found("number", f"{number}, {one.part} {path}{keyword} {vr}", False, (raw,))


@sets("dicom")
def plant_uid(members: Members, rng: Random) -> Found | None:
    """A UID whose arcs are a person's numbers, where UIDs stand, and where other UIDs do not."""
    one = Instance(members, rng)
    known, texts, _ = _dictionary()
    path, level = place(one.data, rng)
    tags = [t for t in texts if known[t][0] == "UI" and t not in level]
    arc = f"{rng.randrange(10**9, 10**10)}"
    uid = f"1.2.276.0.7230010.3.{rng.randrange(1, 99)}.19570513.{arc}"
    tag = rng.choice(tags)
    put(level, tag, "UI", uid.encode())
    one.done()
    return Found("UID", f"{one.part} {path}{known[tag][1]}", False, (f"19570513.{arc}".encode(),))
