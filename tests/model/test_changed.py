"""Copies of records with other values in some fields, and what a look does without for them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.model.changed import changed
from blankslide.pipeline.options import Options
from blankslide.samples.aperio.slide import build_aperio

if TYPE_CHECKING:
    from pathlib import Path


def test_a_copy_differs_in_what_was_named_only() -> None:
    first = Options("strict", keep="macro", key=b"k", about={"requester": "x"})
    second = changed(first, thorough=True, keep=())
    assert (second.thorough, second.keep, first.thorough, first.keep) == (True, (), False, "macro")
    others = [name for name in Options.__slots__ if name not in ("thorough", "keep")]
    assert len(others) > 10
    assert all(getattr(first, name) is getattr(second, name) for name in others)


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="nothing_such"):
        changed(Options(), nothing_such=1)


def test_a_look_loads_nothing_that_reads_programs(tmp_path: Path) -> None:
    path = tmp_path / "slide.svs"
    build_aperio(path)
    code = (
        "import sys; before = {*sys.modules}; import blankslide; "
        f"plan = blankslide.plan({str(path)!r}); print(len(plan.patches), *({{*sys.modules}} - before))"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert int(out[0]) > 0
    assert "blankslide.formats.aperio" in out
    assert not {"ast", "dataclasses", "dis", "inspect"} & {*out}
