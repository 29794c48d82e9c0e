"""The hostile slides of four kinds end as their own answer key says.

They are: Adobe segments (5), values of two tags (6), texts and directories that take long (19),
identifiers that keep things apart (42). The kinds live beside the real slides; without them the
tests are skipped, and those with slides of our own builders remain.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from blankslide.cli import main
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import SMALL
from blankslide.testing.own.hostile_runs import builders

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture(scope="module")
def kinds(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module that builds hostile slides, with one DICOM sample to start from."""
    folder = shared.parent / "hostile"
    if not (folder / "build.py").is_file():
        pytest.skip("no hostile slides here")
    samples = tmp_path_factory.mktemp("samples")
    build_dicom(samples / "dicom-wsi.dcm", **{**SMALL, "factors": (1, 2, 4)})
    with builders(folder, samples) as build:
        yield build


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def pixels(path: Path) -> str:
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        return hashlib.sha256(tiff.pages[0].asarray().tobytes()).hexdigest()


def ends_right(case: Any, folder: Path) -> None:
    """Hold one slide against its answer key."""
    path = case.write(folder)
    before, tiff = contents(folder), case.family == "tiff"
    seen = pixels(path) if tiff else ""
    began = time.process_time()  # other tests may run beside this one
    run = CliRunner().invoke(main, ["anonymize", str(path), "--in-place", "--profile", case.profile, *case.options])
    took = time.process_time() - began
    after = contents(folder)
    everything = b"".join(after.values())
    assert run.exit_code in case.codes, run.output
    assert run.exit_code != 3 or after == before
    assert run.exit_code != 0 or not [v for v in case.planted if v in everything]
    assert run.exit_code == 3 or all(v in everything for v in case.science)
    assert not tiff or pixels(path) == seen
    assert case.expect != "fast" or took < 2
    if hasattr(case, "merged"):
        assert case.merged(folder) == ""
        again = CliRunner().invoke(main, ["anonymize", str(path), "--in-place"])
        assert (again.exit_code, contents(folder)) == (run.exit_code, after)


@pytest.mark.parametrize("kind", ["5", "6", "19", "42"])
def test_every_case_ends_as_its_answer_key_says(kinds: Any, kind: str, tmp_path: Path, home: Path) -> None:
    for seed in (1, 2):
        for number, (_, case) in enumerate(kinds.cases(kind, seed)):
            ends_right(case, tmp_path / f"{seed}-{number}")
