"""Issues 13 and 14, Must show 1: hostile kinds x formats. Here a part of the slides, in turn; `make trust` runs all.

The table is printed at the end of the run by `conftest.pytest_terminal_summary`, from what the tests of hostile slides
recorded.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blankslide.cli import main
from blankslide.samples import builders
from blankslide.testing.own.hostile_own import trials, tried
from blankslide.testing.own.hostile_table import CANNOT, FORMATS, cell, empty, format_of, kinds, lines

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
EVERY = 11
#: Kinds for which the shared folder alone has slides, and the formats of these.
SHARED = {
    14: "hamamatsu", 21: "aperio", 22: "dicom", 23: "ome_tiff", 24: "aperio", 26: "mirax dicom", 27: "dicom",
    30: "ome_tiff qptiff hamamatsu", 31: "generic_tiff", 32: "generic_tiff", 33: "aperio", 34: "mirax", 40: "dicom",
    41: "dicom", 42: "dicom", 43: "mirax", 44: "zeiss", 45: "dicom", 46: "dicom", 47: "zeiss mirax dicom", 48: "dicom",
    49: "dicom", 50: "dicom", 52: "dicom", 53: "sakura",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format", FORMATS)
def test_a_kind_ends_as_it_must_in_every_format(
    tmp_path: Path, format: str, record_property: Callable[[str, object], None]
) -> None:
    mine = [trial for trial in trials() if trial.format == format]
    sample = mine[0].sample
    builders()[sample](tmp_path / sample)
    turn = list(FORMATS).index(format)
    numbers = sorted({trial.kind for trial in mine})
    some = [t for t in mine if t.sample == sample and (numbers.index(t.kind) + turn) % EVERY == 0]
    ended = [tried(main, tmp_path, trial, seed=13) for trial in some]
    done = [end for end in ended if not end.cannot]
    for end in done:
        record_property("hostile", [end.trial.kind, format, not end.wrong])
    assert [(end.trial.kind, end.trial.plant, end.wrong) for end in done if end.wrong] == []


def test_no_cell_is_left_out() -> None:
    built = {(trial.kind, trial.format): [True] for trial in trials()}
    built |= {(number, name): [True] for number, names in SHARED.items() for name in names.split()}
    assert empty(built) == []


def test_no_slide_is_built_where_a_kind_cannot_occur() -> None:
    can = {kind.number: kind.formats for kind in kinds()}
    assert {(t.kind, t.format) for t in trials() if t.kind not in can} == set()


def test_tests_that_cover_a_cell_are_there() -> None:
    for test in {test for kind in kinds() for test in kind.tests.values()}:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree)), test


def test_a_kind_that_cannot_occur_says_why() -> None:
    for kind in kinds():
        if len(kind.formats) < len(FORMATS):
            assert kind.reason.strip("— "), kind.name
    assert len(kinds()) == 49


def test_the_table_shows_what_was_tried() -> None:
    first = kinds()[0]
    assert cell(first, "aperio", {(1, "aperio"): [True, True]}) == "ok"
    assert cell(first, "aperio", {(1, "aperio"): [True, False]}) == "WRONG"
    assert cell(first, "dicom", {}) == CANNOT
    printed = list(lines({(1, "aperio"): [False]}))
    assert len(printed) > 49
    assert "WRONG" in printed[1]
    assert "1 wrong" in next(line for line in printed if "cannot occur" in line)


@pytest.mark.parametrize(
    ("kind", "name", "format"),
    [(1, "a.svs", "aperio"), (33, "one_row.tif", "aperio"), (9, "huron.tif", "huron"), (2, "x.ome.tif", "ome_tiff"),
     (41, "other_class/dicom-wsi.dcm", "dicom"), (27, "set/PT0", "dicom"), (29, "vms/slide.vms", "hamamatsu_vms")],
)  # fmt: skip
def test_the_format_of_a_shared_slide(kind: int, name: str, format: str) -> None:
    assert format_of(kind, name) == format
