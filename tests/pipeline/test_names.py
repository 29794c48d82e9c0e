"""What the package hands out stays what it is, whatever is imported meanwhile."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from blankslide.testing.built import build_aperio
from blankslide.testing.process import run_cli

if TYPE_CHECKING:
    from pathlib import Path

_IMPORT_ALL = """
import blankslide.pipeline as package, importlib, pkgutil, types
for turn in range(2):
    turned = [name for name in package.__all__ if isinstance(getattr(package, name), types.ModuleType)]
    assert not turned, turned
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"blankslide.pipeline.{module.name}")
"""


def test_no_function_becomes_a_module() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORT_ALL], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-400:]


def test_the_second_slide_is_inspected_like_the_first(tmp_path: Path) -> None:
    paths = [tmp_path / "one.svs", tmp_path / "two.svs"]
    for path in paths:
        build_aperio(path, size=(512, 384), factors=(1, 2))
    ended = run_cli("inspect", *paths)
    assert (ended.code, ended.err) == (0, "")
    assert "two.svs · Aperio SVS" in ended.out
