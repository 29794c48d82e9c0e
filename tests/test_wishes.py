"""What is wanted beside the profile: in place or copy, names, labels; and a session that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blankslide import api
from blankslide.pipeline import Options
from blankslide.policy.profiles import RESEARCH
from blankslide.session import Session
from blankslide.testing.built import build_aperio
from blankslide.wishes import COPY, Wish, offered

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    path = tmp_path / "S19-12345.svs"
    build_aperio(path, size=(512, 384), factors=(1, 2))
    return path


def session_of(path: Path, home: Path, **wish: object) -> Session:
    session = Session(path, api.options(ledger="none"))
    session.load()
    session.ask(Wish(**wish))
    return session


def test_a_wish_that_makes_no_sense_is_told_in_a_sentence() -> None:
    assert Wish().problem(RESEARCH) is None
    wrong = [
        Wish("elsewhere"),
        Wish(COPY),
        Wish(name="{nonsense}"),
        Wish(name="a/b"),
        Wish(label="{nonsense}"),
        Wish(label="\u00e9"),
    ]
    problems = [wish.problem(RESEARCH) for wish in wrong]
    assert all(problem is not None and problem.exit_code == 2 for problem in problems)
    assert len({str(problem) for problem in problems}) == 6


def test_parts_of_pictures_are_asked_for_as_rectangles() -> None:
    assert offered() == ("mask_macro", "keep_label")
    for name in offered():
        assert Wish(**{name: "0,0,10,10"}).problem(RESEARCH) is None
        assert Wish(**{name: "0,0,10"}).problem(RESEARCH) is not None
    assert Wish(mask_macro="auto").options(Options()).mask == "auto"
    assert Wish(mask_macro="auto").problem(RESEARCH.keeping("macro")) is not None
    assert Wish(keep_label="1,2,10,20").profile(RESEARCH).label_part == (1, 2, 11, 22)


def test_names_are_made_by_the_pattern(slide: Path, home: Path) -> None:
    options = api.options(ledger="none")
    options.key = bytes(32)
    assert Wish().name_for(slide, options) is None
    assert Wish(name="STUDY-{n:03}").name_for(slide, options) == "STUDY-001"
    assert str(Wish(name="{pseudonym}").name_for(slide, options)).startswith("slide-")


def test_a_copy_leaves_the_slide_and_what_was_found_in_it(slide: Path, home: Path, tmp_path: Path) -> None:
    before = slide.read_bytes()
    session = session_of(slide, home, mode=COPY, folder=tmp_path / "out", name="STUDY-7")
    session.dry_run = False
    session.apply()
    assert session.outcome is not None
    assert (session.outcome.content, session.outcome.target) == ("clean", "STUDY-7.svs")
    assert slide.read_bytes() == before
    assert session.path == slide
    assert session.plan is not None
    assert session.plan.patches
    assert session.result == tmp_path / "out" / "STUDY-7.svs"
    session.verify()
    assert session.verdict
    assert session.result.read_bytes() != before


def test_a_slide_that_gets_another_name_is_followed(slide: Path, home: Path) -> None:
    session = session_of(slide, home, name="{pseudonym}")
    session.dry_run = False
    session.apply()
    assert session.error is None
    assert session.outcome is not None
    assert session.outcome.content == "clean"
    assert not slide.exists()
    assert session.path is not None
    assert session.path.is_file()
    assert session.path.name == session.outcome.target
    assert not session.stale
    session.verify()
    assert session.verdict


def test_a_label_is_planned_as_soon_as_it_is_asked_for(slide: Path, home: Path) -> None:
    session = session_of(slide, home, label="{pseudonym}|STUDY")
    assert session.plan is not None
    assert session.plan.labels
    session.ask(Wish(label="{wrong"))
    assert session.wrong is not None
    assert session.plan is not None
    assert not session.plan.labels
    session.ask(Wish(label="{name}", name="STUDY-7"))
    assert session.error is None
    assert session.plan is not None
    assert session.plan.labels


def test_options_are_asked_for_what_a_wish_says() -> None:
    assert Wish(label="x").options(Options()).label == "x"
    assert Wish().options(Options(label="y")).label is None
