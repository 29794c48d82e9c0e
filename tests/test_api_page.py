"""docs/api.md is the reference of the Python API: nothing is missing in it, and its examples are true."""

from __future__ import annotations

import doctest
import inspect
import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

import blankslide
from blankslide.testing import built

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api.md"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "api-page"))


@pytest.fixture
def slides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder, which is the present one, with the slides that the page speaks of."""
    built.aperio(tmp_path / "slide.svs", size=(512, 384), factors=(1, 2), macro_size=(400, 140))
    (tmp_path / "ARCHIVE").mkdir()
    for name in ("one.svs", "two.svs"):
        shutil.copyfile(tmp_path / "slide.svs", tmp_path / "ARCHIVE" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_is_up_to_date(script: dict[str, Any], tmp_path: Path) -> None:
    """Red? Run `make generated`."""
    assert script["main"](["--check"]) == 0
    (tmp_path / "api.md").write_text(PAGE.read_text("utf-8") + "x", encoding="utf-8")
    assert script["main"](["--check", str(tmp_path / "api.md")]) == 1


@pytest.mark.parametrize("name", sorted(blankslide.__all__))
def test_every_name_of_the_root_is_told(name: str) -> None:
    text = PAGE.read_text("utf-8")
    assert re.search(rf"^### {name}$|^`blankslide\.{name}`", text, re.M)
    thing = getattr(blankslide, name)
    if inspect.isfunction(thing):
        said = text.split(f"\n### {name}\n")[1].split("\n### ")[0]
        for parameter in inspect.signature(thing).parameters:
            assert re.search(rf"^    \*?{parameter}: ", said, re.M)
            assert re.search(
                rf"^- `[^`]*\b{parameter}\b[^`]*`:|\b{parameter}\b.*\n+```python|`{parameter}`", said, re.M
            ) or (parameter in ("path", "folders", "noun", "outcomes")), parameter


def test_the_examples_are_true(slides: Path) -> None:
    parsed = doctest.DocTestParser().get_doctest(
        PAGE.read_text("utf-8").replace("```", ""), {"blankslide": blankslide}, "api", None, 0
    )
    assert len(parsed.examples) >= 15
    told: list[str] = []
    doctest.DocTestRunner().run(parsed, out=told.append)
    assert "".join(told) == ""


def test_every_function_has_an_example() -> None:
    functions = [name for name in blankslide.__all__ if inspect.isfunction(getattr(blankslide, name))]
    assert len(functions) == 10
    for name in functions:
        assert ">>> " in (getattr(blankslide, name).__doc__ or ""), name
