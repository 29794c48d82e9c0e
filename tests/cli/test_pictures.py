"""Text in a picture that stays: found by the command line in a process without network, told, and never repeated."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import ImageDraw, ImageFont

from blankslide.found.asking import is_installed
from blankslide.samples.kit import drawing

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not is_installed(), reason="the extra ocr is not installed")
SURNAME, GIVEN = "Quillfeather", "Ignatia"


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a slide on whose glass somebody has written a name: it is in the tissue, and so in the thumbnail."""
    tissue = drawing.tissue

    def with_name(width: int, height: int, seed: int = 1):  # type: ignore[no-untyped-def]
        scene = tissue(width, height, seed)
        font = ImageFont.load_default(64)
        ImageDraw.Draw(scene).text((20, height - 90), f"{SURNAME}, {GIVEN}", fill=(20, 20, 40), font=font)
        return scene

    monkeypatch.setattr(drawing, "tissue", with_name)
    from blankslide.samples.aperio.slide import build_aperio

    path = tmp_path / "STUDY-1.svs"
    build_aperio(path, size=(1024, 768), factors=(1, 2), macro_size=(400, 140))
    return path


def _without_network() -> list[str]:
    """Return what starts a program in a network of its own; nothing where that is not allowed."""
    for start in (["unshare", "-n"], ["unshare", "-rn"]):
        if (
            shutil.which("unshare")
            and subprocess.run([*start, "true"], capture_output=True, check=False).returncode == 0
        ):
            return start
    return []


def test_a_name_on_the_glass_is_found_without_a_network_told_and_never_repeated(written: Path) -> None:
    folder, key = written.parent, written.parent / "site.key"
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(folder), "TMPDIR": str(folder)}
    run = [*_without_network(), sys.executable, "-m", "blankslide", "anonymize", "--in-place", "--pictures", "--json"]
    run += ["--key", str(key), "--ledger", str(folder / "runs.jsonl"), "--report", str(folder / "report.json")]
    ended = subprocess.run([*run, str(written)], capture_output=True, text=True, env=env, check=False)

    assert ended.returncode == 1, ended.stderr
    (slide,) = json.loads(ended.stdout)["slides"]
    assert slide["content"] == "residue"
    assert "kept: text in the thumbnail (1 place)" in slide["error"]
    assert "kept: text in the edges of the lowest level (1 place)" in slide["error"]
    found = {row["id"]: (row["action"], row["count"]) for row in slide["findings"] if row["id"].startswith("found.")}
    assert found == {"found.thumbnail.text": ("K", 1), "found.level.text": ("K", 1)}
    (told,) = json.loads((folder / "report.json").read_text())["slides"]
    assert told["pictures"] == "looked at for text, barcodes and ink: 2 places in those that stay"

    said = [ended.stdout, ended.stderr]
    said += [p.read_text("latin-1") for p in folder.rglob("*") if p.is_file() and p != written]
    assert not any(name.casefold() in text.casefold() for text in said for name in (SURNAME, GIVEN))
