"""ImageDescription of Aperio slides: header, ``|key = value`` pairs, and older headers.

The text is composed and the place of each value noted in the same step, so the answer key
never has to search. Re-saved slides carry the header of the file they came from after a
``;``, with pairs of its own: another user, another date, the same keys once more.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from blankslide.samples.aperio.recipe import Recipe
    from blankslide.samples.kit.patients import Patient

SCIENCE = frozenset(
    {"AppMag", "MPP", "StripeWidth", "Left", "Top", "LineCameraSkew", "LineAreaXOffset", "LineAreaYOffset"}
    | {"Focus Offset", "Exposure Time", "Exposure Scale", "DisplayColor", "OriginalWidth", "OriginalHeight"}
    | {"Originalheight", "Gamma"}
)
"""Keys whose value must survive."""

EITHER = frozenset({"Parmset", "Filtered", "ICC Profile"})
"""Keys that a policy may keep or remove; in no answer key."""

UNKNOWN = ("Cabinet", "Referring Ward", "zz_note")
"""Keys that no published list names."""


class Spot(NamedTuple):
    """One value inside a description: its key, itself, and its first byte."""

    key: str
    value: str
    start: int


@dataclass(frozen=True, slots=True)
class Description:
    """A composed text and the places of its values."""

    data: bytes
    spots: tuple[Spot, ...]


Fields = dict[str, str]


def compose(header: str, pairs: Fields, older: tuple[str, Fields] | None, encoding: str = "latin-1") -> Description:
    """Put header and pairs together, then the older header and its pairs."""
    data = bytearray(header.encode(encoding))
    spots: list[Spot] = []
    _append(data, spots, pairs, encoding)
    if older:
        data += (";" + older[0]).encode(encoding)
        _append(data, spots, older[1], encoding)
    return Description(bytes(data), tuple(spots))


def _append(data: bytearray, spots: list[Spot], pairs: Fields, encoding: str) -> None:
    for key, value in pairs.items():
        data += f"|{key} = ".encode(encoding)
        spots.append(Spot(key, value, len(data)))
        data += value.encode(encoding)


def _number(patient: Patient, what: str) -> str:
    digest = hashlib.sha256(f"{patient.mrn}/{what}".encode()).digest()
    return str(1_000_000 + int.from_bytes(digest[:4], "big") % 8_999_999)


def science(mpp: str, magnification: str, size: tuple[int, int]) -> Fields:
    """Return the pairs that make the picture usable."""
    return {
        "AppMag": magnification,
        "StripeWidth": "2040",
        "MPP": mpp,
        "Left": "25.691574",
        "Top": "23.449873",
        "LineCameraSkew": "-0.000424",
        "LineAreaXOffset": "0.019265",
        "LineAreaYOffset": "-0.000313",
        "Focus Offset": "0.000000",
        "Parmset": "USM Filter",
        "Filtered": "5",
        "OriginalWidth": str(size[0]),
        "OriginalHeight": str(size[1]),
    }


def scan_fields(patient: Patient) -> Fields:
    """Return the pairs that ScanScope software writes about slide, user and time."""
    return {
        "ScanScope ID": patient.scanner,
        "Filename": patient.case,
        "Title": f"{patient.name} {patient.specimen}",
        "Date": f"{patient.scanned:%m/%d/%y}",
        "Time": f"{patient.scanned:%H:%M:%S}",
        "User": patient.token,
        "ImageID": _number(patient, "image"),
        "Barcode": patient.accession,
        "DSR ID": patient.host,
    }


def custom_fields(patient: Patient) -> Fields:
    """Return pairs that laboratories and other de-identifiers add, three of them unheard of."""
    return {
        "Patient": patient.name,
        "Accession": patient.accession,
        "CustomField.First_Name": patient.given,
        "CustomField.Last_Name": patient.family,
        "CustomField.Date_of_Birth_mmddyyyy": f"{patient.birth_date:%m%d%Y}",
        "CustomField.PatientID": patient.mrn,
        "CustomField.SurgPathNum": patient.case,
        UNKNOWN[0]: f"shelf {patient.block}/{patient.accession}",
        UNKNOWN[1]: patient.institution,
        UNKNOWN[2]: f"call {patient.physician} about {patient.family}",
    }


def rack_fields(patient: Patient) -> Fields:
    """Return the pairs of a GT450."""
    return {
        "Date": f"{patient.scanned:%m/%d/%Y}",
        "Time": f"{patient.scanned:%H:%M:%S}",
        "Time Zone": "GMT-0400",
        "Rack": "10",
        "Slide": "27",
        "ScanScope ID": patient.scanner,
        "Barcode": patient.accession,
        "User": patient.login,
        "ImageID": _number(patient, "image"),
        "Exposure Scale": "0.000001",
        "Exposure Time": "8",
        "Gamma": "2.2",
    }


def older_fields(patient: Patient, shared: Fields) -> Fields:
    """Return the pairs of the file that this slide was saved from: two days before, another login."""
    before = patient.scanned - timedelta(days=2, seconds=4711)
    return {
        "AppMag": shared["AppMag"],
        "ScanScope ID": patient.scanner,
        "Filename": _number(patient, "older file"),
        "Date": f"{before:%m/%d/%y}",
        "Time": f"{before:%H:%M:%S}",
        "User": patient.login,
        "MPP": shared["MPP"],
        "ImageID": _number(patient, "older image"),
        "OriginalWidth": shared["OriginalWidth"],
        "OriginalHeight": shared["OriginalHeight"],
    }


def pairs_of(plan: Recipe) -> tuple[Fields, tuple[str, Fields] | None]:
    """Return the pairs of a recipe's newest header, and the older header with its own."""
    base = science(plan.mpp, plan.magnification, plan.size)
    older = older_fields(plan.patient, base) if plan.older else None
    if plan.base_fields == "scanscope":
        ends = {key: base.pop(key) for key in ("OriginalWidth", "OriginalHeight")}
        pairs = base | scan_fields(plan.patient) | custom_fields(plan.patient) | ends
    else:
        pairs = dict(sorted((base | rack_fields(plan.patient)).items()))
    kept = {key: value for key, value in {**pairs, **plan.fields}.items() if value is not None}
    return kept, (_older_header(plan.size), older) if older else None


def _older_header(size: tuple[int, int]) -> str:
    width, height = size
    area = f"{width + 920}x{height + 100} [0,100 {width}x{height}]"
    return f"Aperio Image Library v10.0.51\r\n{area} (256x256) JPEG/RGB Q=70"
