"""Nothing is written, and nothing is called clean, unless the second account balances with the plan's."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from blankslide.cli import main
from blankslide.errors import ContradictorySlide, NotEditable
from blankslide.model import Action
from blankslide.pipeline import Options, anonymize_copy, anonymize_in_place, balancing, readable, verify
from blankslide.pipeline.balancing import MOST, _pictures_left, accounts, balance, is_census
from blankslide.pipeline.opening import inspected, opened
from blankslide.pipeline.told import Told
from blankslide.planner import make_plan
from blankslide.samples.aperio import slide as maker
from blankslide.samples.kit.drawing import label
from blankslide.testing.own.forgetful import forget, idle, oblivious
from blankslide.verification.census.account import Account, Picture
from blankslide.verification.census.grammar import Kept
from blankslide.verification.census.memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from blankslide.model import Inspection, Outcome, Plan

Build = Callable[..., "Path"]
LEFT = "aperio.description.user"


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Return a function that builds a small slide in which one page shows another picture than it is called by."""

    def make(**shows: Callable[[Any], Image]) -> Path:
        class Kitchen(maker._Kitchen):
            def _thumbnail(self) -> Any:
                if "thumbnail" not in shows:
                    return super()._thumbnail()
                picture = shows["thumbnail"](self)
                width, height = self.plan.size
                self._describe("thumbnail", f"\n{width}x{height} -> {picture.width}x{picture.height} - ")
                return self._jpeg_page("thumbnail", picture, 0)

            def _label(self) -> Any:
                return self._jpeg_page("label", shows["label"](self), 1) if "label" in shows else super()._label()

        path = tmp_path / "archive" / "slide.svs"
        path.parent.mkdir(exist_ok=True)
        with monkeypatch.context() as patch:
            patch.setattr(maker, "_Kitchen", Kitchen)
            maker.build_aperio(path, size=(512, 384), factors=(1, 2), macro_size=(400, 140))
        return path

    return make


def a_label(kitchen: Any) -> Image:
    return label(kitchen.plan.patient, (256, 192), 3)


def the_slide(kitchen: Any) -> Image:
    picture: Image = kitchen.field.reduce(2)
    return picture


def action(outcome: Outcome, name: str) -> Action:
    return next(d.action for d in outcome.decisions if d.id == name)


# -- pictures ----------------------------------------------------------------------------


def test_a_thumbnail_that_looks_like_the_slide_stays(build: Build, options: Options) -> None:
    outcome = anonymize_in_place(build(), options)
    assert (outcome.content, action(outcome, "picture.thumbnail")) == ("clean", Action.KEEP)


@pytest.mark.parametrize("copy", [False, True], ids=["in place", "copy"])
def test_what_is_kept_by_a_name_that_its_pixels_deny_is_added_to_the_plan(
    build: Build, options: Options, copy: bool
) -> None:
    path = build(thumbnail=a_label)
    before = path.read_bytes()
    outcome = anonymize_copy(path, path.parent / "out", options) if copy else anonymize_in_place(path, options)
    assert (outcome.content, outcome.residue, action(outcome, "picture.thumbnail")) == ("clean", (), Action.REMOVE)
    after = (path.parent / "out" / outcome.target if copy else path).read_bytes()
    assert len(after) == len(before)
    start = before.index(b"\xff\xd8")  # of the first tile, which stays
    assert after[start : start + 64] == before[start : start + 64]
    assert before.count(b"\xff\xd8") - after.count(b"\xff\xd8") >= 12, "the strips of the false thumbnail are there"


@pytest.mark.parametrize("profile", ["research", "strict"])
@pytest.mark.parametrize("copy", [False, True], ids=["in place", "copy"])
def test_what_shows_the_slide_is_never_blanked(build: Build, options: Options, profile: str, copy: bool) -> None:
    path = build(label=the_slide)
    before, then = path.read_bytes(), path.stat().st_mtime_ns
    options.profile = profile
    run = (
        (lambda: anonymize_copy(path, path.parent / "out", options))
        if copy
        else lambda: anonymize_in_place(path, options)
    )
    with pytest.raises(ContradictorySlide, match="the label on page 3 shows the slide itself") as refused:
        run()
    assert (refused.value.exit_code, refused.value.changed) == (3, "no")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, then)
    assert [p.name for p in path.parent.iterdir()] == ["slide.svs"]


def test_a_picture_that_a_person_keeps_is_told_once(build: Build) -> None:
    outcome = anonymize_in_place(build(), Options(key=bytes(range(32)), keep=("macro",)))
    assert outcome.residue == ("kept: macro shows the label",)


def test_a_picture_that_is_kept_against_its_pixels_on_request_is_not_clean(build: Build) -> None:
    path = build(thumbnail=a_label)
    outcome = anonymize_in_place(path, Options(key=bytes(range(32)), keep=("thumbnail",)))
    assert (outcome.content, action(outcome, "picture.thumbnail")) == ("residue", Action.KEEP)
    assert any(is_census(told) and "no tissue and not blank" in told for told in outcome.residue)


# -- texts -------------------------------------------------------------------------------


def test_strict_refuses_what_would_be_left_before_anything_is_written(
    build: Build, options: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    path = build()
    before, then = path.read_bytes(), path.stat().st_mtime_ns
    options.profile = "strict"
    with oblivious("aperio", forget(LEFT)):
        with pytest.raises(NotEditable, match="characters that nothing explains, and would still be there"):
            anonymize_in_place(path, options)
        with pytest.raises(SystemExit) as ended:
            main(["anonymize", "--in-place", "--profile", "strict", str(path)])
    assert ended.value.code == 3
    told = capsys.readouterr().err
    assert "nothing was changed" in told
    assert "inspect --readable" in told
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, then)
    assert [p.name for p in path.parent.iterdir()] == ["slide.svs"]


def test_research_writes_and_says_what_is_left_and_again(
    build: Build, options: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    path = build()
    with oblivious("aperio", forget(LEFT)):
        with pytest.raises(SystemExit) as ended:
            main(["anonymize", "--in-place", str(path)])
        assert ended.value.code == 1
        assert "NOT clean" in (told := capsys.readouterr().out)
        assert "census: page 0, tag 270: 8 characters that nothing explains" in told
        written = path.read_bytes()
        for outcome in (anonymize_in_place(path, options), verify(path, options)):
            assert (outcome.content, outcome.exit_code, outcome.writes) == ("residue", 1, 0)
            assert outcome.residue
            assert all(is_census(told) for told in outcome.residue)
        assert path.read_bytes() == written


def test_in_a_copy_research_keeps_what_is_left_and_strict_discards_it(build: Build, options: Options) -> None:
    path, out = build(), build().parent / "out"
    with oblivious("aperio", forget(LEFT)):
        outcome = anonymize_copy(path, out, options)
        assert (outcome.exit_code, outcome.target) == (1, "slide.svs")
        assert (out / "slide.svs").exists()
        (out / "slide.svs").unlink()
        options.profile = "strict"
        outcome = anonymize_copy(path, out, options)
    assert (outcome.exit_code, outcome.target) == (1, "")
    assert list(out.iterdir()) == []


def test_what_is_told_names_places_and_never_values(build: Build, options: Options) -> None:
    path = build()
    names = {value for _, value in ((line.place, line.text) for line in readable(path, options)) if "Thimble" in value}
    with oblivious("aperio", forget("aperio.*"), idle("picture.*")):
        outcome = anonymize_in_place(path, options)
    assert names, "there was no name to be told"
    assert len([told for told in outcome.residue if is_census(told)]) <= MOST + 1
    assert not any("Thimble" in told for told in outcome.residue)
    assert not any("Thimble" in sentence for sentence in accounts(path, options).told())


def test_everything_that_can_be_read_is_listed_and_what_nothing_explains_first(build: Build, options: Options) -> None:
    path = build()
    before = readable(path, options)
    assert [line.explained for line in before] == sorted(line.explained for line in before)
    assert any("Thimblewick" in line.text and not line.explained for line in before)
    anonymize_in_place(path, options)
    after = readable(path, options)
    assert after, "the format's own words are there"
    assert all(line.explained for line in after)
    assert not any("Thimble" in line.text for line in after)


# -- the only picture --------------------------------------------------------------------

INSPECTION = cast("Inspection", SimpleNamespace(associated=()))
PLAN = cast("Plan", SimpleNamespace(decisions=()))


def _left(*pictures: Picture) -> int:
    return len(_pictures_left(Account(pictures=list(pictures)), INSPECTION, PLAN, Told(Kept(()), (), frozenset())))


@pytest.mark.parametrize("proven", ["unclear", "other"])
def test_a_picture_found_by_content_is_told_even_if_it_is_the_only_one(proven: str) -> None:
    assert _left(Picture(0, "in base64", 200, 240, proven, 100, 900)) == 1


def test_the_only_page_is_the_slide_though_nothing_proves_it() -> None:
    page = Picture(0, "page 0", 2000, 2400, "unclear", 8, 8)

    assert _left(page) == 0
    assert _left(page, page._replace(where="page 1", start=90, end=90)) == 2
    assert _left(page._replace(proven="other")) == 1


def test_texts_are_explained_once_for_the_same_question_and_again_for_any_other(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide, asked = build(), list[int]()
    whole = balancing._texts_left
    monkeypatch.setattr(
        balancing, "_texts_left", lambda account, *more: asked.append(len(account.texts)) or whole(account, *more)
    )
    with opened(slide) as files:
        inspection = inspected(files, None)
        planned = make_plan(inspection, Options().resolved(), files.views(), None)
        memory = Memory()

        def told(inspection: Inspection = inspection, planned: Plan = planned) -> tuple[str, ...]:
            return balance(inspection, planned, files.views(), Options(), slide, memory).left

        first = told()
        assert first
        assert told() == first
        assert len(asked) == 1
        stays = planned._replace(decisions=tuple(d._replace(action=Action.KEEP) for d in planned.decisions))
        told(planned=stays)
        assert len(asked) == 2
