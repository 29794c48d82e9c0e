"""What people get wrong: each mistake ends with its exit code and one sentence that names it and says what to do.

`scripts/wrong-usages` prints the sentences.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from blankslide.testing.own.wrong_usages import WRONG, Said, Wrong, furnish, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong")
    furnish(folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_there_are_enough_of_all_kinds() -> None:
    assert len(WRONG) >= 50
    assert {wrong.code for wrong in WRONG} == {0, 2, 3, 4}
    assert {wrong.typed.split()[0] for wrong in WRONG} >= {
        "inspect",
        "anonymize",
        "batch",
        "verify",
        "recover",
        "profile",
    }


@pytest.mark.parametrize("wrong", WRONG, ids=[wrong.typed for wrong in WRONG])
def test_a_mistake_is_told_in_one_sentence_that_helps(
    here: Path, wrong: Wrong, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(here)
    said = run(wrong, here, lambda module: monkeypatch.setitem(sys.modules, module, None))
    assert said.code == wrong.code, said
    assert "Traceback" not in said.out + said.err
    assert said.out == ""
    assert wrong.names in said.sentence
    assert wrong.helps in said.sentence
    assert len(said.sentence) < 240
    assert contents(here) == before, "a mistake changes nothing"
    assert wrong.code == 0 or len(told(said)) == 1, said.err
    assert not [*home.rglob("*.jsonl")], "nothing was recorded"


def told(said: Said) -> list[str]:
    """Return the lines of a run, without click's reminder of the usage and of --help, and without how far it is."""
    lines = said.err.splitlines()
    return [line for line in lines if line and not line.startswith(("Usage: ", "Try '", "    ", "planning: "))]


@pytest.mark.skipif(not hasattr(os, "link"), reason="no hard links here")
def test_the_folder_is_furnished_with_what_the_mistakes_name(here: Path) -> None:
    assert (here / "linked.svs").stat().st_nlink == 2
    assert (here / "set" / "mirax").is_dir()
