"""Real sets in the eyes of unrelated readers: pyramids, optical paths, channels, stains and pixels are as before.

``scripts/sets-table`` prints the same as a table, and takes further sets. The real MIRAX slide has a test of its own
(``tests/formats/mirax/test_mirax_real.py``).
"""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blankslide import pipeline
from blankslide.testing.own import real_sets
from blankslide.testing.own.dicoms import KEY, read

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "sets-table"
SETS = {
    "CMU-1-Small-Region": {"OpenSlide", "wsidicom", "highdicom"},
    "highdicom-sm_image": {"OpenSlide", "highdicom"},
    "openslide-python-boxes": {"OpenSlide", "wsidicom", "highdicom"},
    "aicspylibczi-RGB-multichannel": {"libCZI"},
    "aicspylibczi-tiles": {"libCZI"},
}
MODULES = {"OpenSlide": "openslide", "libCZI": "pylibCZIrw"}


@pytest.fixture
def put(shared: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies a real set."""

    def copied(name: str) -> Path:
        known = {one.name: one for one in real_sets.real_sets(shared)}
        if name not in known:
            pytest.skip(f"the real set {name} is not in the shared folder")
        return known[name].put(tmp_path)

    return copied


@pytest.mark.parametrize("name", SETS)
def test_readers_see_a_real_set_as_before(put: Callable[[str], Path], name: str) -> None:
    path = put(name)
    validates = shutil.which("dciodvfy") is not None
    before, said = real_sets.seen(path), real_sets.complaints(path) if validates else {}
    missing = [reader for reader in SETS[name] if reader not in before]
    for reader in missing:
        pytest.importorskip(MODULES.get(reader, reader), reason=f"{reader} is not installed")
    assert missing == [], "a reader cannot read the set"
    outcome = pipeline.anonymize_in_place(path, pipeline.Options(key=KEY))
    assert (outcome.content, outcome.residue) == ("clean", ())
    after = real_sets.seen(path)
    assert {r: {k: after[r].get(k) for k in facts} for r, facts in before.items()} == before
    if validates:
        says = real_sets.complaints(path)
        assert {file: says[file] - messages for file, messages in said.items()} == {file: set() for file in said}


def test_stains_and_optical_paths_are_as_before_in_highdicom_and_wsidicom(put: Callable[[str], Path]) -> None:
    highdicom = pytest.importorskip("highdicom", reason="highdicom is not installed")
    pytest.importorskip("wsidicom", reason="wsidicom is not installed")
    from pydicom.sr.codedict import codes

    path = put("CMU-1-Small-Region")
    stains = highdicom.SpecimenStaining([codes.SCT.HematoxylinStain, codes.SCT.WaterSolubleEosinStain])
    for file in sorted(path.parent.iterdir()):
        data = read(file)
        specimen = data.SpecimenDescriptionSequence[0]
        specimen.SpecimenIdentifier = "AB-24-3311-A1-1"
        specimen.SpecimenPreparationSequence = [
            highdicom.SpecimenPreparationStep(specimen.SpecimenIdentifier, processing_procedure=stains)
        ]
        _two_paths(data)
        data.save_as(file, enforce_file_format=True)
    before = real_sets.seen(path)
    assert any("hematoxylin" in stain for stain in before["wsidicom"]["stains"])
    assert before["highdicom"]["stains 0"] == ["hematoxylin stain", "water soluble eosin stain"]
    assert len(before["wsidicom"]["optical paths"]) == 2
    assert pipeline.anonymize_in_place(path, pipeline.Options(key=KEY)).content == "clean"
    assert real_sets.seen(path) == before
    assert not any(b"AB-24-3311" in file.read_bytes() for file in path.parent.iterdir())


def _two_paths(data: Any) -> None:
    """Give a slide a second optical path, with a filter and a description that are public terms."""
    from copy import deepcopy

    first = data.OpticalPathSequence[0]
    second = deepcopy(first)
    second.OpticalPathIdentifier = "1"
    second.OpticalPathDescription = "Brightfield"
    data.OpticalPathSequence.append(second)


def test_a_study_of_three_slides_stays_one_study_with_three_containers(
    put: Callable[[str], Path], tmp_path: Path
) -> None:
    path = put("CMU-1-Small-Region")
    study = tmp_path / "study"
    for number in range(3):
        folder = study / str(number)
        folder.mkdir(parents=True)
        for file in sorted(path.parent.glob("*.dcm")):
            data = read(file)
            data.ContainerIdentifier = f"AB-24-3311-{number}"
            data.PatientID = "MRN-471108"
            for keyword in ("SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
                setattr(data, keyword, f"{data[keyword].value[:50]}.{number}")
            data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
            data.save_as(folder / file.name, enforce_file_format=True)
    found = []
    for folder in sorted(study.iterdir()):
        assert pipeline.anonymize_in_place(min(folder.iterdir()), pipeline.Options(key=KEY)).exit_code == 0
        found += [read(file, stop_before_pixels=True) for file in sorted(folder.iterdir())]
    assert len(found) == 12
    counts = {
        keyword: len({str(data[keyword].value) for data in found})
        for keyword in ("StudyInstanceUID", "PatientID", "ContainerIdentifier", "SeriesInstanceUID", "SOPInstanceUID")
    }
    assert list(counts.values()) == [1, 1, 3, 3, 12], counts
    assert not any(b"3311" in f.read_bytes() or b"471108" in f.read_bytes() for f in study.rglob("*.dcm"))


def test_the_table_tells_what_differs(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script calls a picture that was lost by its name, and fails."""
    script = runpy.run_path(str(SCRIPT))
    monkeypatch.setenv("BLANKSLIDE_SHARED", str(tmp_path))
    small = str(shared / "dicom" / "openslide-python-boxes")
    if not Path(small).is_dir():
        pytest.skip("the real set openslide-python-boxes is not in the shared folder")
    assert script["main"]([small]) == 0
    assert "no difference" in capsys.readouterr().out
    spoiled = iter(({"reader": {"pyramid": 1}}, {"reader": {"pyramid": 2}}))
    monkeypatch.setattr(real_sets, "seen", lambda path: next(spoiled))
    assert script["main"]([small]) == 1
    assert "DIFFERS: 2" in capsys.readouterr().out
