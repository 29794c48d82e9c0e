"""Invented people, so that a sample slide has something to lose.

Every value is drawn from a hash of the seed: the same seed gives the same person on every
machine and Python. Names are of a kind nobody bears, hospitals say that they do not exist,
and all identifiers have a shape of their own, so that a search which finds one has found a
leak and not a coincidence. Nothing here may be shown as a real case.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_FAMILY = ("Quillfeather", "Thimblewick", "Mossgarden", "Vanterpoole", "Ozymandel", "Brackenholt", "Zweigspitz")
_GIVEN = ("Ottoline", "Percivus", "Marigolda", "Thaddeon", "Wilhelmette", "Ignatia", "Xanthippus")
_DOCTOR = ("Dr. B. Nonesuch", "Dr. F. Imaginario", "Dr. H. Whimsley", "Dr. K. Fictiva", "Dr. P. Madeupp")
_LOGIN = ("jfictus", "mnobody", "tpretend", "ainvento", "kphantom")
_PLACE = ("Nowhere General Hospital", "Institute of Imaginary Pathology", "Clinic of Utopia South")
_SPECIMEN = ("left breast core", "sigmoid colon polyp", "right upper lobe", "prostate apex", "skin of nape")


@dataclass(frozen=True, slots=True)
class Patient:
    """One invented patient, the visit and the scanner.

    Attributes
    ----------
    mrn, accession
        Medical record number and case number.
    block
        Block and section of the case, as printed after the case number.
    login, host, scanner
        Who scanned, on which machine, with which instrument.
    scanned
        When the slide was scanned.
    token
        An opaque link to the source system.
    """

    family: str
    given: str
    sex: str
    birth_date: date
    mrn: str
    accession: str
    block: str
    specimen: str
    physician: str
    institution: str
    login: str
    host: str
    scanner: str
    scanned: datetime
    token: str

    @property
    def name(self) -> str:
        """Family name first, as labels print it."""
        return f"{self.family}, {self.given}"

    @property
    def case(self) -> str:
        """Case number with block: what a slide file is usually called."""
        return f"{self.accession}-{self.block}"


def _draw(seed: int, what: str, below: int) -> int:
    """Return a number below ``below`` that depends only on seed and purpose."""
    digest = hashlib.sha256(f"{seed}/{what}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % below


def _pick(seed: int, what: str, choices: tuple[str, ...]) -> str:
    return choices[_draw(seed, what, len(choices))]


def invent(seed: int = 1) -> Patient:
    """Invent the patient number ``seed``."""
    year = 2019 + _draw(seed, "year", 6)
    scanned = datetime(year, 1, 1) + timedelta(seconds=_draw(seed, "scan", 364 * 86400))
    born = date(1931, 1, 1) + timedelta(days=_draw(seed, "birth", 25000))
    token = hashlib.sha256(f"{seed}/token".encode()).hexdigest()
    return Patient(
        family=_FAMILY[seed % len(_FAMILY)],
        given=_pick(seed, "given", _GIVEN),
        sex=_pick(seed, "sex", ("F", "M")),
        birth_date=born,
        mrn=f"MRN{10_000_000 + _draw(seed, 'mrn', 89_999_999)}",
        accession=f"S{year % 100}-{10_000 + _draw(seed, 'case', 89_999)}",
        block=f"{_pick(seed, 'block', ('A', 'B', 'C'))}{1 + _draw(seed, 'section', 9)}",
        specimen=_pick(seed, "specimen", _SPECIMEN),
        physician=_pick(seed, "doctor", _DOCTOR),
        institution=_pick(seed, "place", _PLACE),
        login=_pick(seed, "login", _LOGIN),
        host=f"SCANPC-{1000 + _draw(seed, 'host', 8999)}",
        scanner=f"SS{70_000 + _draw(seed, 'scanner', 9999)}X",
        scanned=scanned,
        token=f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:32]}",
    )
