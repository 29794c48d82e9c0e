"""The scanned part of a slide is shown small and grey by whichever reader can, and by none where none can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from blankslide.testing import built
from blankslide.verification.small import slide_grey

if TYPE_CHECKING:
    from pathlib import Path


def is_a_scan(grey: np.ndarray | None) -> bool:
    """Whether a picture has glass and tissue."""
    assert grey is not None
    return bool(grey.dtype == np.uint8 and grey.ndim == 2 and grey.max() > 225 and grey.min() < 200)


def test_openslide_shows_what_was_scanned(tmp_path: Path) -> None:
    built.aperio(tmp_path / "a.svs", size=(1024, 768), factors=(1, 2))
    grey = slide_grey(tmp_path / "a.svs")
    assert is_a_scan(grey)
    assert grey is not None
    assert grey.shape == (384, 512), "the smallest level that has enough pixels"


def test_of_a_large_canvas_only_the_scanned_part_is_shown_on_white(tmp_path: Path) -> None:
    from openslide import OpenSlide

    path = tmp_path / "l.scn"
    built.build_leica(path)
    with OpenSlide(path) as slide:
        width, height = (int(slide.properties[f"openslide.bounds-{side}"]) for side in ("width", "height"))
        assert (width, height) != slide.dimensions
    grey = slide_grey(path)
    assert is_a_scan(grey)
    assert grey is not None
    assert abs(grey.shape[1] / grey.shape[0] - width / height) < 0.02


def test_czi_is_shown_by_its_own_reader(tmp_path: Path) -> None:
    pytest.importorskip("pylibCZIrw", reason="pylibCZIrw is not installed")
    built.build_zeiss(tmp_path / "z.czi")
    assert is_a_scan(slide_grey(tmp_path / "z.czi"))


def test_isyntax_is_shown_by_a_process_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("isyntax", reason="pyisyntax is not installed")
    built.build_philips_isyntax(tmp_path / "i.isyntax")
    assert is_a_scan(slide_grey(tmp_path / "i.isyntax"))


def test_what_no_reader_shows_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.svs").write_bytes(b"II*\0 no slide")
    assert slide_grey(tmp_path / "a.svs") is None
