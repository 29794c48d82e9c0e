"""The hostile DICOM slides of the shared folder, run as a person runs them, and what is right for each."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from blankslide.testing.built import build_dicom
from blankslide.testing.own.hostile_runs import builders

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("22", "40", "41", "49")


@pytest.fixture
def hostile(shared: Path) -> Path:
    """Return the folder of hostile slides, which stands beside that of the real ones."""
    folder = shared.parent / "hostile"
    if not folder.is_dir():
        pytest.skip("no hostile slides beside the real ones")
    return folder


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS", "ignore:Implicitly cleaning up:ResourceWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_every_case_of_a_kind_ends_as_expected(
    hostile: Path, tmp_path: Path, kind: str, record_property: Callable[[str, object], None]
) -> None:
    (tmp_path / "samples").mkdir()
    build_dicom(tmp_path / "samples" / "dicom-wsi.dcm")
    with builders(hostile, tmp_path / "samples") as build:
        cases = [case for _, case in build.cases(kind, seed=5)]
        gc.collect()  # pydicom leaves temporary folders of file sets to the collector
        problems = {}
        for number, case in enumerate(cases):
            folder = tmp_path / f"{number:02}"
            folder.mkdir()
            found = list(complaints(case, folder))
            if found:
                problems[case.name] = found
    assert cases
    record_property("hostile", [int(kind), "dicom", not problems])
    assert problems == {}


def complaints(case: Any, folder: Path) -> Iterator[str]:
    from blankslide.cli import main

    path = case.write(folder)
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file() and not f.is_symlink()}
    ended = CliRunner().invoke(main, ["anonymize", "--in-place", "--profile", case.profile, str(path)])
    after = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file() and not f.is_symlink()}
    everything = b"\0".join(after.values())
    if ended.exit_code not in case.codes or (ended.exception and not isinstance(ended.exception, SystemExit)):
        yield f"ends with {ended.exit_code}: {ended.exception!r}"
    if ended.exit_code == 3:
        yield from ("has changed something" for _ in (1,) if before != after)
        return
    if ended.exit_code == 0 and any(planted in everything for planted in case.planted):
        yield "is called clean with a planted value in it"
    if any(piece not in everything for piece in case.science):
        yield "has lost tissue"
    for name in case.beside:
        file = folder / name
        if after.get(file) == before[file] and file.name not in ended.output:
            yield f"does not name {file.name}"
