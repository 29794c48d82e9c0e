"""The Python API: the same verbs as the command line, with the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import blankslide
from blankslide.errors import NotASlide, UsageError
from blankslide.testing.built import build_aperio

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "slide.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return path


def test_the_verbs_in_their_order(slide: Path) -> None:
    assert blankslide.inspect(slide).format == "aperio"
    before = slide.read_bytes()
    assert blankslide.plan(slide).patches
    assert blankslide.anonymize(slide, dry_run=True).content == "untouched"
    assert slide.read_bytes() == before
    outcome = blankslide.anonymize(slide, in_place=True)
    assert (outcome.content, outcome.exit_code) == ("clean", 0)
    # the function, although a package of readers was imported meanwhile
    assert blankslide.verify(slide).content == "clean"
    assert blankslide.recover(slide).content == "untouched"
    assert blankslide.plan(slide).patches == ()


def test_overwriting_must_be_said(slide: Path) -> None:
    before = slide.read_bytes()
    with pytest.raises(UsageError, match="in_place=True"):
        blankslide.anonymize(slide)
    assert slide.read_bytes() == before


def test_looking_makes_no_key_and_no_ledger(slide: Path, home: Path) -> None:
    blankslide.inspect(slide)
    blankslide.plan(slide)
    blankslide.verify(slide)
    assert not list(home.rglob("*"))
    blankslide.anonymize(slide, in_place=True)
    assert {p.name for p in home.rglob("*") if p.is_file()} == {"site.key", "ledger.jsonl"}


def test_refusals_are_of_one_tree(tmp_path: Path) -> None:
    path = tmp_path / "notes.svs"
    path.write_text("hello")
    for verb in (blankslide.inspect, blankslide.plan, blankslide.verify):
        with pytest.raises(NotASlide, match="text file"):
            verb(path)
    with pytest.raises(AttributeError):
        _ = blankslide.no_such_verb


def test_progress_goes_from_stage_to_stage(slide: Path) -> None:
    seen: list[float] = []
    blankslide.anonymize(slide, in_place=True, progress=lambda stage, part: seen.append(part))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
