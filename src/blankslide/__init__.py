"""Blankslide takes the patient out of whole-slide images, in place, and lets you see that it did.

    >>> import blankslide
    >>> inspection = blankslide.inspect("slide.svs")            # what is in it
    >>> plan = blankslide.plan("slide.svs")                     # what would happen
    >>> outcome = blankslide.anonymize("slide.svs", in_place=True)
    >>> outcome.content                                         # what happened
    'clean'
    >>> blankslide.verify("slide.svs").content                  # prove it
    'clean'
    >>> outcomes = blankslide.anonymize_many("ARCHIVE", out="CLEAN")   # thousands of them
    >>> all(outcomes)
    True

Importing this module is cheap: readers, numpy and user interfaces load when first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blankslide.version import __version__

if TYPE_CHECKING:
    from blankslide.api import (
        Action,
        BlankslideError,
        Cancelled,
        EnvironmentProblem,
        Inspection,
        Outcome,
        PhiClass,
        Plan,
        Profile,
        SlideError,
        SlidePending,
        UsageError,
        anonymize,
        anonymize_many,
        inspect,
        plan,
        recover,
        rows,
        slides,
        table,
        verify,
    )
    from blankslide.model.found import Found
    from blankslide.pipeline.pictures import look_at_pictures

__all__ = [
    "Action",
    "BlankslideError",
    "Cancelled",
    "EnvironmentProblem",
    "Found",
    "Inspection",
    "Outcome",
    "PhiClass",
    "Plan",
    "Profile",
    "SlideError",
    "SlidePending",
    "UsageError",
    "__version__",
    "anonymize",
    "anonymize_many",
    "inspect",
    "look_at_pictures",
    "plan",
    "recover",
    "rows",
    "slides",
    "table",
    "verify",
]


_ELSEWHERE = {"Found": "blankslide.model.found", "look_at_pictures": "blankslide.pipeline.pictures"}


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Load the functions of the API on first use."""
    if name in _ELSEWHERE:
        from importlib import import_module

        return getattr(import_module(_ELSEWHERE[name]), name)
    if name in __all__:
        from blankslide import api

        return getattr(api, name)
    raise AttributeError(f"module 'blankslide' has no attribute {name!r}")
