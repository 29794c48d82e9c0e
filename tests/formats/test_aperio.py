"""Aperio."""
from pathlib import Path
from typing import Any
from blankslide.formats.aperio import FORMAT
from blankslide.samples.aperio import build_aperio
from blankslide.samples.planted import Planted
from blankslide.testing.conformance import FormatConformance

class Aperio(FormatConformance):
    format = FORMAT
    flavour = "classic"
    small = {"size": (512, 384), "label_size": (96, 64), "macro_size": (160, 56)}
    expected = frozenset({"picture.label", "picture.macro", "picture.thumbnail"})
    def build(self, path: Path, **overrides: Any) -> Planted:
        return build_aperio(path, self.flavour, **{"size": (700, 500), **overrides})

class TestClassic(Aperio): pass
class TestBig(Aperio): flavour="big"
class TestGt450(Aperio): flavour="gt450"
