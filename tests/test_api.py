"""The Python API: the same verbs as the command line, with the same words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import blankslide
from blankslide.errors import EnvironmentProblem, NotASlide, UsageError
from blankslide.testing.built import build_aperio, build_dicom

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


def test_an_empty_name_is_not_the_folder_that_a_person_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_dicom(tmp_path / "level.dcm")  # a folder of one series is a slide
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.chdir(tmp_path)
    for run in (
        lambda: blankslide.anonymize("", in_place=True),
        lambda: blankslide.anonymize_many("", in_place=True, jobs=0),
        lambda: blankslide.anonymize_many(["level.dcm", ""], in_place=True, jobs=0),
        lambda: blankslide.anonymize("level.dcm", out=""),
    ):
        with pytest.raises(UsageError, match="empty"):
            run()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


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


# -- what people type ----------------------------------------------------------------------------


def test_tab_offers_what_the_root_exports() -> None:
    assert dir(blankslide) == sorted(blankslide.__all__)
    for name in blankslide.__all__:
        assert getattr(blankslide, name) is not None
    assert issubclass(UsageError, blankslide.BlankslideError)


def test_an_error_says_what_to_do_when_it_is_printed(tmp_path: Path) -> None:
    (tmp_path / "notes.svs").write_text("hello")
    with pytest.raises(NotASlide) as caught:
        blankslide.inspect(tmp_path / "notes.svs")
    said = str(caught.value)
    assert said == caught.value.sentence()
    assert said.endswith("nothing was changed \u00b7 `blankslide formats` lists what can be edited")


def test_paths_may_be_paths_everywhere(slide: Path, tmp_path: Path) -> None:
    profile = tmp_path / "site.toml"
    profile.write_text('base = "strict"\n')
    said = {"profile": profile, "key": tmp_path / "k.key", "ledger": tmp_path / "l.jsonl", "link_table": "none"}
    outcome = blankslide.anonymize(slide, out=tmp_path / "out", name="a", report=tmp_path / "r.html", **said)
    assert (outcome.content, outcome.profile) == ("clean", "site")
    assert blankslide.plan(slide, profile).profile == "site"
    copy = tmp_path / "out" / "a.svs"
    assert blankslide.verify(copy, profile, key=tmp_path / "k.key", ledger=tmp_path / "l.jsonl")
    assert blankslide.recover(copy, key=tmp_path / "k.key", ledger=tmp_path / "l.jsonl").path == copy
    (same,) = blankslide.anonymize_many([copy], in_place=True, **said)
    assert same.path == copy


def test_an_outcome_is_true_only_if_clean_and_knows_its_path(slide: Path) -> None:
    planned = blankslide.anonymize(slide, dry_run=True)
    assert not planned
    assert not blankslide.verify(slide)
    kept = blankslide.anonymize(slide, in_place=True, keep="macro")
    assert not kept
    assert kept.reason == "kept: macro shows the label"
    done = blankslide.anonymize(slide, in_place=True)
    assert done
    assert {planned.path, kept.path, done.path} == {slide}
    assert {"picture.label", "aperio.description.user"} <= set(planned.removed)


def test_outcomes_are_ready_for_json_and_tables(slide: Path) -> None:
    outcome = blankslide.anonymize(slide, in_place=True, remove="thumbnail", thorough=True)
    assert json.loads(outcome.to_json()) == outcome.as_dict() == outcome.as_json()
    assert outcome.as_dict()["path"] == str(slide)
    (row,) = blankslide.table([outcome])
    assert (row["slide"], row["clean"], row["exit_code"], row["format"]) == (str(slide), True, 0, "Aperio SVS")
    assert "picture.thumbnail" in row["removed"].split()
    assert all(isinstance(value, str | int | float) for value in row.values())


def test_rows_hold_no_value_and_no_name_of_an_unknown_field(slide: Path) -> None:
    found, plan = blankslide.inspect(slide, thorough=True), blankslide.plan(slide, thorough=True)
    keys = ["id", "what", "class", "places", "where"]
    assert [list(row) for row in blankslide.rows(found)] == [keys] * len(found.findings)
    rows = blankslide.rows(plan)
    assert [list(row) for row in rows] == [[*keys, "action", "identifies"]] * len(plan.decisions)
    text = json.dumps([blankslide.rows(found), rows])
    values = [f.value.reveal() for f in found.findings if f.value is not None]
    secret = [v for v in values if len(v) > 6]
    assert len(secret) > 5
    assert [v for v in secret if v in text] == []
    unknown = [f for f in found.findings if f.cls is blankslide.PhiClass.UNKNOWN]
    assert unknown
    assert [f.title for f in unknown if f.title in text] == []


def test_a_report_about_one_slide_is_checked_first(slide: Path, tmp_path: Path) -> None:
    before = slide.read_bytes()
    for wrong, error in ((tmp_path / "r.txt", UsageError), (tmp_path / "none" / "r.html", EnvironmentProblem)):
        with pytest.raises(error):
            blankslide.anonymize(slide, in_place=True, report=wrong)
    assert slide.read_bytes() == before


@pytest.mark.parametrize("verb", ["inspect", "plan", "verify", "recover"])
def test_several_slides_are_not_one(slide: Path, verb: str) -> None:
    with pytest.raises(UsageError, match="anonymize_many takes several"):
        getattr(blankslide, verb)([slide, slide])
    with pytest.raises(UsageError, match="anonymize_many takes several"):
        blankslide.anonymize([slide], in_place=True)  # type: ignore[arg-type]
