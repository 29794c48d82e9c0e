"""Identifiers that tell optical paths, containers and specimens apart do so afterwards, under other names."""

from __future__ import annotations

import copy
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from blankslide import pipeline
from blankslide.pipeline import Options
from blankslide.policy.pseudonyms import is_token
from blankslide.testing.built import build_dicom
from blankslide.testing.own.dicoms import KEY, SMALL, read

if TYPE_CHECKING:
    from pathlib import Path

OTHER = bytes(range(1, 33))
DYES = ["Hoechst33342", "CD8-AF647-4711", "PanCK"]
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def build(folder: Path, ids: list[str], container: str = "AB-24-3311-A1") -> Path:
    """A slide whose instances have these optical paths, named by groups of frames too."""
    path = folder / "w.dcm"
    build_dicom(path, **SMALL)
    for file in folder.glob("*.dcm"):
        data = read(file)
        data.ContainerIdentifier = container
        data.SpecimenDescriptionSequence[0].SpecimenIdentifier = f"{container}-1"
        first = data.OpticalPathSequence[0]
        data.OpticalPathSequence = Sequence(with_id(first, each) for each in ids)
        data.NumberOfOpticalPaths = len(ids)
        data.PerFrameFunctionalGroupsSequence = Sequence(group(each) for each in ids)
        data.save_as(file)
    return path


def with_id(item: Any, value: str) -> Any:
    out = copy.deepcopy(item)
    out.OpticalPathIdentifier = value
    return out


def group(value: str) -> Dataset:
    out, item = Dataset(), Dataset()
    item.OpticalPathIdentifier = value
    out.OpticalPathIdentificationSequence = Sequence([item])
    return out


def clean(path: Path, **options: Any) -> None:
    outcome = pipeline.anonymize_in_place(path, Options(**options))
    assert (outcome.content, outcome.residue) == ("clean", ())


def paths(folder: Path) -> dict[str, list[str]]:
    """Optical paths of each file; groups of frames must name the same, in the same order."""
    out = {}
    for file in sorted(folder.glob("*.dcm")):
        data = read(file)
        out[file.name] = [item.OpticalPathIdentifier for item in data.OpticalPathSequence]
        groups = data.PerFrameFunctionalGroupsSequence
        assert out[file.name] == [g.OpticalPathIdentificationSequence[0].OpticalPathIdentifier for g in groups]
    return out


def everything(folder: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(folder.glob("*.dcm")))


@pytest.mark.parametrize("key", [KEY, None])
def test_optical_paths_stay_apart_in_all_frames_and_files(tmp_path: Path, key: bytes | None) -> None:
    path = build(tmp_path, DYES)
    clean(path, key=key)
    named = paths(tmp_path)
    assert len(named) > 2
    (ids,) = {tuple(v) for v in named.values()}
    assert len(set(ids)) == len(DYES)
    assert all(is_token(i) and len(i) <= 16 for i in ids)
    assert not any(dye.encode() in everything(tmp_path) for dye in DYES)


def test_harmless_identifiers_stay(tmp_path: Path) -> None:
    path = build(tmp_path, ["0", "1", "DAPI", "Hoechst33342"])
    clean(path, key=KEY)
    for ids in paths(tmp_path).values():
        assert ids[:3] == ["0", "1", "DAPI"]
        assert is_token(ids[3])


@pytest.mark.parametrize("later", [KEY, OTHER, None])
def test_a_second_run_replaces_nothing_whatever_its_key(tmp_path: Path, later: bytes | None) -> None:
    path = build(tmp_path, DYES)
    clean(path, key=KEY)
    before = paths(tmp_path), read(path).ContainerIdentifier
    ids = {f.id for f in pipeline.plan(path, Options(key=later))[0].findings}
    assert not ids & {"dicom.optical-path-identifier", "dicom.container-identifier", "dicom.specimen-identifier"}
    pipeline.anonymize_in_place(path, Options(key=later))
    assert (paths(tmp_path), read(path).ContainerIdentifier) == before


def test_slides_of_a_study_keep_containers_and_specimens_apart(tmp_path: Path) -> None:
    found = set()
    for block in ("A1", "B1", "A1"):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        path = build(folder, ["1"], f"AB-24-3311-{block}")
        clean(path, key=KEY)
        data = [read(file) for file in sorted(folder.glob("*.dcm"))]
        found |= {(d.ContainerIdentifier, d.SpecimenDescriptionSequence[0].SpecimenIdentifier) for d in data}
        assert b"AB-24-3311" not in everything(folder)
    assert len(found) == 2
    assert len({value for pair in found for value in pair}) == 4


def test_a_copy_and_an_edited_slide_have_the_same_names(tmp_path: Path) -> None:
    first, second, out = (tmp_path / name for name in ("a", "b", "out"))
    first.mkdir()
    path = build(first, DYES)
    shutil.copytree(first, second)
    out.mkdir()
    clean(path, key=KEY)
    pipeline.anonymize_copy(second / "w.dcm", out, Options(key=KEY))
    copied = next(p for p in out.rglob("*.dcm")).parent
    assert next(iter(paths(first).values())) == next(iter(paths(copied).values()))
