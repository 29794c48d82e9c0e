"""A DICOM set killed at writing calls: `recover` ends with all files clean or all untouched.

As in `test_killed`, but for a slide of five files and with few, well-spread points: the first,
the last and some between of each kind of call that changes a disk.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from blankslide.testing.built import build_dicom
from blankslide.testing.own.killing import Mortal, spread

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Mortal:
    def build(path: Path) -> None:
        small: dict[str, Any] = {
            "size": (128, 96),
            "tile": 64,
            "factors": (1, 2),
            "label_size": (60, 72),
            "macro_size": (96, 40),
        }
        build_dicom(path, **small, thumbnail=False)

    return Mortal(tmp_path_factory.mktemp("killed"), "s.dcm", build)


@pytest.mark.slow
def test_killed_at_spread_calls_the_set_is_all_clean_or_all_untouched(mortal: Mortal) -> None:
    assert mortal.counts["pwrite64"] >= 5, "five headers are written"
    points = [(call, n) for call, most in (("pwrite64", 3), ("fsync", 2)) for n in spread(mortal.counts[call], most)]
    ends = Counter(mortal.killed(*point) for point in [*points, ("rename", 1)])
    assert ends["pending"] + ends["clean"] >= 2
    assert ends["untouched"] >= 1
