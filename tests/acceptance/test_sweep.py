"""Issue 13, Must show 2: public files of all kinds are answered, and what is refused is as it was.

Here a part of them, those with a beginning like a TIFF's always; `make trust` runs all.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from blankslide.cli import main
from blankslide.testing.own.sweeps import PACKAGES, public_files, sweep

if TYPE_CHECKING:
    from pathlib import Path

EACH = 6
LARGEST = 20_000
SLIDES = (".svs", ".dcm", ".tiff")


@pytest.mark.filterwarnings("ignore")
def test_files_of_installed_packages_are_answered() -> None:
    files = list(public_files())
    some = [p for n, p in enumerate(files) if n % EACH == 0 or p.read_bytes()[:2] in (b"II", b"MM")]
    swept = [sweep(main, path) for path in some]
    assert [(s.name, s.wrong) for s in swept if s.wrong] == []
    counted = Counter(s.code for s in swept)
    assert counted[3] > 30, counted
    assert {s.said.split(" · ")[1] for s in swept if s.name == "CT_small.dcm"} <= {
        "DICOM, but not a whole-slide image: CT"
    }
    assert "pydicom" in PACKAGES


@pytest.mark.filterwarnings("ignore")
def test_small_files_of_the_real_slides_are_answered(shared: Path) -> None:
    small = [p for p in public_files(shared) if shared in p.parents and p.stat().st_size < LARGEST]
    swept = [sweep(main, path) for n, path in enumerate(small) if n % EACH == 0 or path.suffix in SLIDES]
    assert [(s.name, s.wrong) for s in swept if s.wrong] == []
    assert {0, 3} <= {s.code for s in swept}
