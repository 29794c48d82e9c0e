"""`--seal` keeps what goes, where nobody without the key can see it; `seal` opens it again."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import numpy as np
import pytest
import tifffile
from PIL import Image

from blankslide.home import load_key
from blankslide.records.sealed import in_folder, open_original
from blankslide.storage import journal
from blankslide.testing.process import Ended
from blankslide.viewing.picture import open_pictures

if TYPE_CHECKING:
    from blankslide.samples.kit.answer_key import Planted

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schema.json"
Make = Callable[..., tuple[Path, "Planted"]]
Run = Callable[..., Ended]


def seen(path: Path) -> dict[str, np.ndarray]:
    import blankslide

    with open_pictures(path, blankslide.inspect(path)) as opened:
        return {role: np.array(picture[...]) for role, picture in opened.pictures.items()}


def pixels(png: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(png)))


@pytest.mark.parametrize("mode", ["--in-place", "--out"])
def test_label_and_macro_are_sealed_as_they_were_and_opened_again(
    make: Make, home: Path, tmp_path: Path, run_here: Run, mode: str
) -> None:
    path = make("lab/Mustermann.svs")[0]
    was, kept, look = seen(path), tmp_path / "kept", tmp_path / "look"
    where = ("--in-place",) if mode == "--in-place" else ("--out", tmp_path / "out")
    assert run_here("anonymize", *where, "--seal", kept, "--name", "ONE", path).code == 0
    (file,) = in_folder(kept)
    original = open_original(file, load_key())
    assert (original.old, original.new) == ("Mustermann.svs", "ONE.svs")
    assert sorted(original.pictures) == ["label", "macro"]
    assert all(np.array_equal(pixels(png), was[role]) for role, png in original.pictures.items())
    written = b"".join(
        os.fsencode(p.name) + p.read_bytes() for p in [*kept.rglob("*"), *home.rglob("*")] if p.is_file()
    )
    assert b"Mustermann" not in written
    # a PNG's first bytes, plain and in base64: three letters alone stand in one sealed file of dozens by chance
    assert b"\x89PNG" not in written
    assert b"iVBORw0KGg" not in written
    listed = run_here("seal", "list", kept)
    assert "Mustermann.svs \u2192 ONE.svs" in listed.out
    opened = run_here("seal", "open", kept, "--slide", "ONE", "--out", look, "--json")
    told = json.loads(opened.out)
    jsonschema.validate(told, json.loads(SCHEMA.read_text()))
    (row,) = told["originals"]
    assert sorted(map(str, look.iterdir())) == sorted(row["files"])
    if mode == "--in-place":
        again = path.with_name("ONE.svs")
        assert run_here("anonymize", "--in-place", "--seal", kept, again).code == 0
    assert in_folder(kept) == [file]


def test_a_batch_seals_in_its_own_processes(make: Make, home: Path, tmp_path: Path, run_here: Run) -> None:
    for number in range(3):
        make(f"archive/case/{number}.svs")
    run = ("batch", "--jobs", "2", "--in-place", "--seal", tmp_path / "kept", tmp_path / "archive")
    assert run_here(*run).code == 0
    found = [open_original(file, load_key()) for file in in_folder(tmp_path / "kept")]
    assert sorted(each.old for each in found) == [f"case/{number}.svs" for number in range(3)]


def test_a_picture_that_cannot_be_decoded_cannot_be_sealed_and_stays(
    make: Make, home: Path, tmp_path: Path, run_here: Run
) -> None:
    path = make("lab/a.svs")[0]
    with tifffile.TiffFile(path) as file:
        page = next(page for page in file.pages if page.compression.name == "LZW")
        start, length = page.dataoffsets[0], page.databytecounts[0]
    data = bytearray(path.read_bytes())
    data[start : start + length] = b"\xff" * length
    path.write_bytes(data)
    refused = run_here("anonymize", "--in-place", "--seal", tmp_path / "kept", path)
    assert (refused.code, "the label cannot be decoded, so it cannot be sealed" in refused.err) == (3, True)
    assert path.read_bytes() == data
    assert run_here("anonymize", "--in-place", path).code == 0


def test_a_folder_that_cannot_be_used_is_refused_and_the_slide_stays(
    make: Make, home: Path, tmp_path: Path, run_here: Run
) -> None:
    path = make("lab/a.svs")[0]
    before = path.read_bytes()
    (tmp_path / "a file").touch()
    cases = {
        tmp_path / "a file": (2, "sealed originals need a folder"),
        tmp_path / "lab" / "kept": (2, "among the slides"),
        tmp_path / "a file" / "kept": (4, "the folder of sealed originals"),
    }
    for folder, (code, words) in cases.items():
        told = run_here("anonymize", "--in-place", "--seal", folder, path)
        assert (told.code, words in told.err + told.out) == (code, True), folder.name
    assert path.read_bytes() == before
    assert journal.find(path) is None
