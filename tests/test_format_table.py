"""The table of all formats: one command, and it cannot be lied to."""

from __future__ import annotations

import re
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from blankslide.samples import Kept, Planted, Removed
from blankslide.testing.built import build_huron

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "format-table"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_each_sample_of_a_format_is_a_row(script: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert script["main"](["huron", "trestle"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["format", "sample", "removed", "kept", "size", "readers", "time"]
    assert [row.split("  ")[0] for row in rows] == ["Huron TIFF", "Trestle TIFF"]
    for row in rows:
        counts = re.findall(r"(\d+) of (\d+)", row)
        assert len(counts) == 2
        assert all(done == wanted != "0" for done, wanted in counts)
        assert re.search(r"[\d,]{6,}  +OpenSlide, tifffile  +\d+ ms  +clean$", row)


def liar(planted: Removed | None = None, kept: Kept | None = None) -> Any:
    """Return a builder whose answer key promises something that does not happen."""

    def build(path: Path) -> Planted:
        key = build_huron(path, size=(300, 256), factors=(1, 2), label_size=(40, 48), macro_size=(96, 32))
        more = replace(key, removed=(*key.removed, planted)) if planted else key
        return replace(more, kept=(*more.kept, kept)) if kept else more

    return build


@pytest.mark.parametrize(
    ("builder", "words"),
    [
        (liar(Removed("x", "TissueScope", "latin-1", ())), "something planted is left"),
        (liar(Removed("picture.thumbnail", "", "picture", ((8, 100),))), "something planted is left"),
        (liar(kept=Kept("huron.Barcode", "anything")), "something kept is lost"),
        (liar(kept=Kept("nobody.knows", "stands nowhere")), "something kept is lost"),
    ],
)
def test_what_an_answer_key_promises_is_looked_for(
    script: dict[str, Any], capsys: pytest.CaptureFixture[str], builder: Any, words: str
) -> None:
    assert script["main"](["huron"], {"huron.tif": builder}) == 1
    assert capsys.readouterr().out.rstrip().endswith(words)


def test_a_format_without_a_sample_is_a_failure(script: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert script["main"](["huron"], {}) == 1
    assert "without a sample: Huron TIFF" in capsys.readouterr().err


def test_an_unknown_format_is_an_error(script: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert script["main"](["huron", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err
