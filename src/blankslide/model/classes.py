"""What a finding can reveal, and what happens to it.

Letters of the format map, and action codes of DICOM PS3.15 Annex E.
"""

from __future__ import annotations

from enum import Enum


class PhiClass(str, Enum):
    """What a finding can reveal; letters of the format map."""

    DIRECT = "D"
    QUASI = "Q"
    DEVICE = "V"
    LINK = "K"
    PATH = "P"
    IMAGE = "I"
    SCIENCE = "S"
    UNKNOWN = "?"


class Action(str, Enum):
    """What happens to a finding: DICOM PS3.15 Annex E codes."""

    KEEP = "K"
    REMOVE = "X"
    ZERO = "Z"
    DUMMY = "D"
    CLEAN = "C"
    UID = "U"
