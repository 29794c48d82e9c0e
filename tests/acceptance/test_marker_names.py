"""A few names of markers and of people in the fields of five formats, through the whole command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide.cli import main
from blankslide.samples import builders
from blankslide.testing.own.marker_runs import FORMATS, marker_runs, table

if TYPE_CHECKING:
    from pathlib import Path

MARKERS = ["DAPI", "CD8 (Opal 520)", "\u03b1-SMA", "H&E", "MUC-1/EMA", "Ki67", "22C3", "Masson's trichrome", "PAS-D"]
PEOPLE = ["Kit", "Opal Jones", "Max Gold", "Ki Tanaka", "Rose", "p53 Jones", "Mar\u00eda Jos\u00e9", "12.05.1950"]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    for name in ("mirax.mrxs", "zeiss-axioscan.czi"):
        builders()[name](folder / name)
    return folder


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("stays", [True, False])
def test_names_in_fields_of_markers(shared: Path, samples: Path, kind: str, stays: bool) -> None:
    folder = shared.parent / "hostile"
    if not folder.is_dir():
        pytest.skip("no hostile slides beside the real ones")
    names = MARKERS if stays else PEOPLE
    ended = list(marker_runs(main, folder, samples, names, (kind,)))
    print(*table(ended, stays), sep="\n")
    for one in ended:
        assert one.code == 0, one.said
        assert set(one.stayed) == (set(one.names) if stays else set())
