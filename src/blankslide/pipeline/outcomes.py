"""The outcome as it stands before anything has happened, and the values that must be gone afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blankslide.model import Action, Decision, Inspection, Outcome, Plan

if TYPE_CHECKING:
    from blankslide.policy.profiles import Profile
    from blankslide.storage.slide_files import SlideFilesOnDisk


def starting_outcome(
    inspection: Inspection, planned: Plan, profile: Profile, slide: SlideFilesOnDisk, key: bytes | None = None
) -> Outcome:
    """Return the outcome as it stands before anything happened."""
    from blankslide.pipeline.result_names import verdict
    from blankslide.pipeline.sidecars import left_beside

    removed = removed_values(inspection, planned.decisions)
    return Outcome(
        content="untouched",
        format=inspection.format,
        title=inspection.title,
        profile=profile.name,
        decisions=planned.decisions,
        name=verdict(slide, inspection, removed, key),
        residue=planned.left,
        notes=inspection.notes + planned.notes,
        strict_name=profile.names,
        sidecars=left_beside(slide, inspection),
    )


def removed_values(inspection: Inspection, decisions: Sequence[Decision]) -> dict[str, list[str]]:
    """Return the values that have to go, in clear, by finding id: for the search only."""
    gone = {d.id for d in decisions if d.action is not Action.KEEP}
    return {
        f.id: [piece for v in (f.value, *f.values) for piece in _pieces(v.reveal())]
        for f in inspection.findings
        if f.id in gone and f.value is not None
    }


_PIECE, _MOST = 256, 64


def _pieces(value: str) -> list[str]:
    """A very long value is looked for in pieces: what is left of it shows in one of them."""
    if len(value) <= 2 * _PIECE:
        return [value]
    step = max(_PIECE, len(value) // _MOST)
    return [value[i : i + _PIECE] for i in range(0, len(value), step) if len(value) - i >= 5]
