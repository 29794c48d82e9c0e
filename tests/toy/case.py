"""Toyscope passes the conformance suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blankslide.formats.toyscope import FORMAT
from blankslide.samples.toyscope import build_toy

from blankslide.testing.conformance import FormatConformance

if TYPE_CHECKING:
    from pathlib import Path

    from blankslide.samples.kit.answer_key import Planted


class TestToyscope(FormatConformance):
    format = FORMAT
    suffix = ".toy"
    gone = frozenset({"label"})
    blanked = frozenset({"macro"})
    expected = frozenset({"picture.label", "picture.macro", "tiff.xp-author", "toyscope.description.operator"})

    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_toy(path, **overrides)
