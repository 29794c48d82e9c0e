"""What the notebook tests share: a built slide, the helper for browsers, and who may run."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from types import ModuleType

    from blankslide.samples.kit.answer_key import Planted


@dataclass(frozen=True)
class Built:
    """A slide with its answer key."""

    path: Path
    key: Planted

    def values(self) -> list[str]:
        """Everything planted that must be nowhere afterwards, words printed on pictures included."""
        printed = [word for picture in self.key.pictures for word in picture.printed]
        return sorted({r.value for r in self.key.removed if len(r.value) > 4} | {w for w in printed if len(w) > 4})


@pytest.fixture
def built(tmp_path: Path) -> Built:
    """Return a slide in a folder of its own."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Built(folder / "slide.svs", build_aperio(folder / "slide.svs"))


@pytest.fixture(scope="session")
def lab() -> Iterator[ModuleType]:
    """Return the helper that starts JupyterLab and a browser; scripts use the same file."""
    place = Path(__file__).with_name("lab.py")
    spec = spec_from_file_location("blankslide_test_lab", place)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def leaks(text: str, values: list[str]) -> list[str]:
    """Name what a saved notebook gives away: planted values, in clear or escaped, and pictures."""
    found = [v for v in values if v in text or v.encode("unicode_escape").decode("ascii") in text]
    png = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode("ascii")[:10]
    return found + ["a picture"] * (png in text)


@pytest.fixture(name="leaks")
def leaks_fixture() -> object:
    """Return the search, so that each test uses the same one."""
    return leaks
