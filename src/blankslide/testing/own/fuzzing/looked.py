"""One look at a slide in memory: detected, inspected and planned as `blankslide.plan` does, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from blankslide.formatkit.protocol import Probe
from blankslide.formats import detect
from blankslide.pipeline.opening import examined
from blankslide.planner import make_plan
from blankslide.policy.profiles import PROFILES

if TYPE_CHECKING:
    from blankslide.model import Inspection, Plan
    from blankslide.source import SlideFiles
    from blankslide.testing.own.fuzzing.memory_slide import MemorySlide

KEY = bytes(range(32))


class Look(NamedTuple):
    """What was found, and what would be done about it."""

    inspection: Inspection
    plan: Plan


def look(slide: MemorySlide, profile: str = "research") -> Look:
    """Inspect a slide and plan.

    Raises
    ------
    BlankslideError
        If the slide is refused.
    """
    probe = Probe(cast("SlideFiles", slide), False, slide.window())
    accepted = detect(probe)
    slide.views()
    inspection = examined(probe, accepted, slide.files, KEY)
    return Look(inspection, make_plan(inspection, PROFILES[profile], slide.views(), KEY))
