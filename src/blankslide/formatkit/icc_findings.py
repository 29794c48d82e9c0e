"""Findings of a colour profile in a TIFF: its curves are science and stay; what it says besides does not always.

Words that makers of profiles use, and the date of the profile's making, are weak: they go under ``strict``. Any other
text, private tags, unknown signatures, reserved bytes and gaps go under every profile of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blankslide.formatkit.findings import DEVICE, QUASI, UNKNOWN
from blankslide.formatkit.profile_words import is_profile_text
from blankslide.model import Fill, Place
from blankslide.source import any_data

if TYPE_CHECKING:
    from blankslide.formatkit.findings import FindingCollector
    from blankslide.source import ByteSource

__all__ = ["profile_findings"]


def profile_findings(found: FindingCollector, source: ByteSource, start: int, end: int, where: str) -> bool:
    """Report what the profile in ``[start, end)`` of the main file says; return False if it is none."""
    from blankslide.containers import icc  # most slides of some makers have no profile

    spans = icc.spans(source, start, end)
    if spans is None:
        return False
    length = int.from_bytes(source.read(start, 4), "big")
    if 0 < length < end - start and any_data(source, start + length, end):
        behind = Place(0, where, start + length, end)
        edit = (Fill(0, behind.start, behind.end),)
        found.add("tiff.icc-profile.remainder", "Data behind the ICC profile", UNKNOWN, behind, edit, None)
    if any(source.read(spans.date[0], spans.date[1] - spans.date[0])):
        edits = (Fill(0, *spans.date), Fill(0, *spans.id))
        found.add("tiff.icc-profile.date", "ICC date", QUASI, Place(0, where, *spans.date), edits, None, weak=True)
    for low, high, text in spans.words:
        edit, place = (Fill(0, low, high),), Place(0, where, low, high)
        if is_profile_text(text):
            found.add("tiff.icc-profile.text", "ICC text", DEVICE, place, edit, None, weak=True)
        else:
            found.add("tiff.icc-profile.unknown-text", "Unknown text in the ICC profile", UNKNOWN, place, edit, text)
    for low, high in spans.foreign:
        edit, place = (Fill(0, low, high),), Place(0, where, low, high)
        found.add("tiff.icc-profile.foreign", "Unknown data in the ICC profile", UNKNOWN, place, edit, None)
    return True
