"""What a DICOM file is that is no whole-slide image, in a word of the standard."""

from __future__ import annotations

from blankslide.containers.dicom.header import leading
from blankslide.errors import SlideError

__all__ = ["kind_of"]

_CLASS = 0x00020002
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_DIRECTORY = "1.2.840.10008.1.3.10"
#: The standard's number of a storage class, or how it begins -> modality.
_KINDS = {
    "1": "CR", "1.1": "DX", "1.2": "MG", "1.3": "IO", "2": "CT", "3.1": "US", "4": "MR", "6.1": "US", "6.2": "US",
    "7": "SC", "9": "waveform", "11": "PR", "12.1": "XA", "12.2": "RF", "13.1": "DX", "20": "NM", "66": "RAW",
    "66.4": "SEG", "66.7": "SEG", "77.1.1": "ES", "77.1.2": "GM", "77.1.3": "SM, but one field of view", "77.1.4": "XC",
    "77.1.5": "OP", "88": "SR", "88.59": "KO", "91.1": "ANN", "104": "DOC", "128": "PT", "481": "RT",
}  # fmt: skip


def kind_of(head: bytes) -> str:
    """Say what an object of DICOM is: ``CT``, ``SR``, ``DICOMDIR``; an empty text if nobody knows.

    Parameters
    ----------
    head
        The first bytes of the file, its meta information at least.
    """
    try:
        found = (leading(head, frozenset((_CLASS,)), lambda tag: "") or {}).get(_CLASS, "")
    except SlideError:
        return ""
    if found == _DIRECTORY:
        return "DICOMDIR"
    if not found.startswith(_STORAGE):
        return ""
    parts = found.removeprefix(_STORAGE).split(".")
    return next((_KINDS[n] for n in (".".join(parts[:i]) for i in range(len(parts), 0, -1)) if n in _KINDS), "")
