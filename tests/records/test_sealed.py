"""Sealed originals: the key opens them, and nothing else does."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.errors import EnvironmentProblem, NoPermission, UsageError
from blankslide.records.sealed import Original, SealedFolder, in_folder, open_original, put_out

if TYPE_CHECKING:
    from pathlib import Path

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
PICTURES = {"label": b"\x89PNG Mustermann", "macro 2": b"\x89PNG macro"}


def original(number: int = 1) -> Original:
    return Original(f"case/Muster-{number}.svs", f"A-{number}.svs", f"slide-{number:024x}", "cafe" * 8, PICTURES)


@pytest.fixture
def folder(tmp_path: Path) -> SealedFolder:
    return SealedFolder(tmp_path / "originals", lambda path, found, roles: {})


def test_what_is_sealed_is_opened_and_stands_nowhere_in_clear(folder: SealedFolder) -> None:
    file = folder.keep(original(), KEY)
    found = open_original(file, KEY)
    assert found._replace(time="") == original()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.time)
    data = os.fsencode(file.name) + file.read_bytes()
    assert not [word for word in (b"Muster", b"PNG", b"A-1", b"label", b"cafecafecafecafecafe") if word in data]
    assert "Muster" not in repr(found)
    assert in_folder(folder.path) == [file]


def test_two_runs_of_a_slide_are_two_files_and_one_run_is_one(folder: SealedFolder) -> None:
    first = folder.keep(original(), KEY)
    before = first.read_bytes()
    folder.keep(original()._replace(pictures={}), KEY)
    assert first.read_bytes() == before
    folder.keep(original()._replace(transaction="beef" * 8), KEY)
    assert len(in_folder(folder.path)) == 2


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_only_its_owner_can_read_it_or_what_is_put_out(folder: SealedFolder, tmp_path: Path) -> None:
    file = folder.keep(original(), KEY)
    shown = put_out(open_original(file, KEY), tmp_path / "shown")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file, *shown)] == [0o600] * 3
    assert [stat.S_IMODE(each.parent.stat().st_mode) for each in (file, *shown)] == [0o700] * 3
    assert sorted(each.read_bytes() for each in shown) == sorted(PICTURES.values())
    with pytest.raises(UsageError, match="stands in that folder already"):
        put_out(open_original(file, KEY), tmp_path / "shown")
    file.chmod(0o640)
    with pytest.raises(NoPermission, match="others can read the sealed original"):
        open_original(file, KEY)


def test_another_key_an_edited_file_and_something_else_are_told_apart(folder: SealedFolder, tmp_path: Path) -> None:
    file = folder.keep(original(), KEY)
    with pytest.raises(EnvironmentProblem, match="made under another key"):
        open_original(file, OTHER)
    data = bytearray(file.read_bytes())
    for at in (len(data) - 1, 150):
        bad = tmp_path / f"bad-{at}.sealed"
        bad.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        bad.chmod(0o600)
        with pytest.raises(EnvironmentProblem, match="not whole, or was edited"):
            open_original(bad, KEY)
    swapped = tmp_path / "swapped.sealed"
    other = folder.keep(original(2), KEY).read_bytes()
    swapped.write_bytes(other[: other.index(b"\n") + 1] + bytes(data[data.index(b"\n") + 1 :]))
    swapped.chmod(0o600)
    with pytest.raises(EnvironmentProblem, match="not whole"):
        open_original(swapped, KEY)
    (tmp_path / "x.sealed").write_bytes(b"something")
    (tmp_path / "x.sealed").chmod(0o600)
    with pytest.raises(EnvironmentProblem, match="no sealed original"):
        open_original(tmp_path / "x.sealed", KEY)


def test_it_lies_apart_from_slides_and_copies(folder: SealedFolder, tmp_path: Path) -> None:
    (tmp_path / "slides").mkdir()
    (tmp_path / "slides" / "a.svs").touch()
    inside = SealedFolder(tmp_path / "slides" / "originals", folder.pictures)
    with pytest.raises(UsageError, match="among the slides"):
        inside.keep_apart([tmp_path / "slides"])
    with pytest.raises(UsageError, match="among the slides"):
        inside.keep_apart([tmp_path / "slides" / "a.svs"])
    with pytest.raises(UsageError, match="among the copies"):
        inside.keep_apart([tmp_path / "other"], tmp_path / "slides")
    folder.keep_apart([tmp_path / "slides"], tmp_path / "copies")


def test_the_page_opens_one_without_us(folder: SealedFolder, tmp_path: Path) -> None:
    from pathlib import Path

    page = Path(__file__).parents[2] / "docs" / "sealed-originals.md"
    code = re.findall(r"^    (.*)$", page.read_text().split("## Open one without Blankslide")[1], re.M)
    (tmp_path / "key").write_bytes(KEY)
    file = folder.keep(original(), KEY)
    run = [sys.executable, "-c", "\n".join(code), str(file), str(tmp_path / "key")]
    said = subprocess.run(run, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert "case/Muster-1.svs" in said
    assert (tmp_path / "label.png").read_bytes() == PICTURES["label"]
