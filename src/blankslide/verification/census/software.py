"""UIDs that makers give to their software: the same in all slides that it wrote, so they tell nothing of one.

They begin with an arc that a registry gave to a maker, or to many small makers (Medical Connections, OFFIS), and go
on with few short numbers: product and version. A record's number is longer than these, and a person's UID is not put
where software names itself.

Source: DICOM PS3.5 section 9 and annex B, PS3.7 D.3.3.2; the arcs of ISO 3166 members, ANSI and IANA.
"""

from __future__ import annotations

import re

_ARC = re.compile(
    r"(?:1\.2\.840\.(?:10008|11\d{4})|1\.2\.826\.0\.1\.3680043|1\.2\.276\.0\.(?:7230010|\d{1,3})|1\.2\.(?:392|410)\.200\d{3}"
    r"|1\.2\.(?:40|124|156|203|246|250|276|380|528|578|616|752|756|826)\.\d{1,5}"
    r"|1\.3\.(?:12\.2\.1107|46\.670589|51\.0|6\.1\.4\.1)|2\.16\.(?:124|840|756))(?P<rest>(?:\.\d{1,5}){1,12})"
)


def is_software(uid: str) -> bool:
    """Whether a UID is one that software gives to itself: of a registered arc, with a short tail."""
    found = _ARC.fullmatch(uid.strip("\0 "))
    return found is not None and len(found["rest"]) <= 32
