"""A new name for a slide edited in place: the journal's last record, and what is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from blankslide import pipeline
from blankslide.errors import EnvironmentProblem, SlideLinked, SlidePending, UsageError
from blankslide.pipeline import Options, anonymize_in_place
from blankslide.pipeline.result_names import chosen_name, name_of_copy
from blankslide.storage.transaction import Transaction
from blankslide.testing.judge import judge

if TYPE_CHECKING:
    from pathlib import Path

    from copies.conftest import Slide


def test_the_slide_is_clean_under_its_new_name_alone(slide: Slide, options: Options) -> None:
    outcome = anonymize_in_place(slide.path, options, name="fresh")
    assert (outcome.content, outcome.target, outcome.copied) == ("clean", "fresh.svs", False)
    assert os.listdir(slide.path.parent) == ["fresh.svs"]
    assert judge(slide.before, slide.path.with_name("fresh.svs")) == []


def test_a_clean_slide_can_still_be_renamed_and_nothing_else_changes(slide: Slide, options: Options) -> None:
    anonymize_in_place(slide.path, options)
    data = slide.path.read_bytes()
    outcome = anonymize_in_place(slide.path, options, name="fresh.svs")
    assert (outcome.content, outcome.writes) == ("clean", 0)
    assert slide.path.with_name("fresh.svs").read_bytes() == data
    assert os.listdir(slide.path.parent) == ["fresh.svs"]


def test_the_same_name_is_no_renaming(slide: Slide, options: Options) -> None:
    outcome = anonymize_in_place(slide.path, options, name="slide")
    assert (outcome.content, outcome.target) == ("clean", "")
    assert os.listdir(slide.path.parent) == ["slide.svs"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_taken_name_is_refused_before_anything_changes(slide: Slide, options: Options, dry_run: bool) -> None:
    other = slide.path.with_name("other.svs")
    other.write_bytes(b"somebody's")
    with pytest.raises(EnvironmentProblem, match="already has the new name"):
        anonymize_in_place(slide.path, options, name="other.svs", dry_run=dry_run)
    assert slide.is_untouched()
    assert other.read_bytes() == b"somebody's"


def test_a_bad_name_is_refused_before_anything_changes(slide: Slide, options: Options) -> None:
    with pytest.raises(UsageError):
        anonymize_in_place(slide.path, options, name="../up")
    assert slide.is_untouched()


def test_a_symbolic_link_would_lead_nowhere(slide: Slide, options: Options, tmp_path: Path) -> None:
    link = tmp_path / "link.svs"
    link.symlink_to(slide.path)
    with pytest.raises(SlideLinked):
        anonymize_in_place(link, options, name="fresh")
    assert slide.is_untouched()


def test_the_verdict_is_about_the_new_name(slide: Slide, options: Options) -> None:
    assert anonymize_in_place(slide.path, options, name="S19-12345").name == "identifying"


@pytest.mark.parametrize("through", ["recover", "anonymize"])
def test_an_interrupted_run_gives_the_name_when_it_is_finished(
    slide: Slide, options: Options, monkeypatch: pytest.MonkeyPatch, through: str
) -> None:
    def dies(self: Transaction) -> None:
        raise SlidePending("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "finish", dies)
        with pytest.raises(SlidePending):
            anonymize_in_place(slide.path, options, name="fresh")
    assert slide.path.exists()
    outcome = pipeline.recover(slide.path, options) if through == "recover" else anonymize_in_place(slide.path, options)
    assert (outcome.content, outcome.target) == ("clean", "fresh.svs")
    assert os.listdir(slide.path.parent) == ["fresh.svs"]
    assert judge(slide.before, slide.path.with_name("fresh.svs")) == []


# -- suffixes of two parts ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "present", "format", "result"),
    [
        ("R1", "a.ome.tif", "ome_tiff", "R1.ome.tif"),
        ("R1", "a.OME.TIFF", "ome_tiff", "R1.OME.TIFF"),
        ("R1", "a.tif", "ome_tiff", "R1.tif"),
        ("R1.tif", "a.ome.tif", "ome_tiff", "R1.tif"),
        ("R1", "a.svs", "aperio", "R1.svs"),
        ("R1", "a.dat", "aperio", "R1.svs"),
    ],
)
def test_a_chosen_name_gets_the_suffix_of_the_slide(wanted: str, present: str, format: str, result: str) -> None:
    assert chosen_name(wanted, present, format) == result


def test_a_pseudonym_gets_it_too() -> None:
    name = name_of_copy("S24-1112.ome.tif", "identifying", bytes(32), "ome_tiff")
    assert name.startswith("slide-")
    assert name.endswith(".ome.tif")
