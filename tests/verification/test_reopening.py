"""OpenSlide is opened again after an error only if there is another question: that can take a quarter of a second."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tifffile import TiffFile

from blankslide.testing.built import build_aperio
from blankslide.testing.own.plain_svs import poke
from blankslide.verification.judges import openslide
from blankslide.verification.views import FAILS

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType


def test_a_broken_level_costs_no_more_handles_than_questions(tmp_path: Path) -> None:
    path = tmp_path / "s.svs"
    build_aperio(path, size=(512, 384), factors=(1,), label=False, macro=False, thumbnail=False)
    with TiffFile(path) as tiff:
        segments = list(zip(tiff.pages[0].dataoffsets, tiff.pages[0].databytecounts, strict=True))
    for start, length in segments:
        poke(path, start, b"\1" * length)
    opened = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal opened
        opened += event == "call" and frame.f_code.co_qualname == "OpenSlide.__init__"

    sys.setprofile(count)
    try:
        view = openslide.look(path)
    finally:
        sys.setprofile(None)
    samples = view.levels[0].samples
    assert set(samples) == {FAILS}
    assert len(samples) > 1
    assert view.colour in ("absent", "builds")
    assert view.pictures == ()
    assert opened == len(samples)
