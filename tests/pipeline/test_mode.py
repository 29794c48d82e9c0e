"""In place, into a copy, or only a plan: asked for once, and checked in one place for all faces."""

from __future__ import annotations

from pathlib import Path

import pytest

import blankslide
from blankslide.errors import UsageError
from blankslide.pipeline import Mode, Spelling, mode_of
from blankslide.testing.process import run_cli

SOURCE = Path(__file__).parents[2] / "src" / "blankslide"


@pytest.mark.parametrize(
    ("asked", "mode"),
    [
        ((True, None, False), Mode(None, False)),
        ((False, "out", False), Mode("out", False)),
        ((False, None, True), Mode(None, True)),
        ((True, None, True), Mode(None, True)),
        ((False, "out", True), Mode("out", True)),
    ],
)
def test_what_can_be_asked_for(asked: tuple[bool, str | None, bool], mode: Mode) -> None:
    assert mode_of(*asked) == mode


@pytest.mark.parametrize("asked", [(False, None, False), (True, "out", False), (True, "out", True)])
def test_nothing_and_two_things_are_refused_in_the_words_of_the_face(asked: tuple[bool, str | None, bool]) -> None:
    with pytest.raises(UsageError, match=r"in_place=True.*out=FOLDER"):
        mode_of(*asked)
    with pytest.raises(UsageError, match=r"^(say )?-i.*-o"):
        mode_of(*asked, Spelling("-i", "-o", "-d"))


def test_both_faces_say_the_same(slide: Path) -> None:
    before = slide.read_bytes()
    ended = run_cli("anonymize", slide)
    assert ended.code == 2
    with pytest.raises(UsageError) as refused:
        blankslide.anonymize(slide)
    said = refused.value.message
    for python, line in zip(Spelling(), ("--in-place", "--out DIR", "--dry-run"), strict=True):
        said = said.replace(python, line)
    assert said in ended.err
    assert slide.read_bytes() == before


def test_the_check_stands_in_one_place() -> None:
    found = [p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py") if "exclude each other" in p.read_text()]
    assert found == ["pipeline/mode.py"]
